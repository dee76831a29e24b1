"""The full state of a training as one safetensors file, written whole or not at all.

Tensors: `model.*`, `optimiser.<parameter>.<slot>`, `generator`. The header's metadata holds, as JSON under the one key
"symgeo", what is no tensor: the epoch, the optimiser's settings and the versions that wrote the file. A restored state
goes on bit for bit, and equal states make equal files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from symgeo.errors import DataError
from symgeo.storing import store

_KEY = "symgeo"
_FORMAT = "symgeo checkpoint 1"


@dataclass
class State:
    """All that a training step reads and changes.

    Attributes:
        model: the network.
        optimiser: over its parameters.
        generator: the only source of randomness: it orders the batches.
        epoch: how many epochs are behind it; 0 is before any training.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    epoch: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A copy of a `State` as it is stored."""

    tensors: dict[str, Tensor]
    record: dict[str, Any]  # what json.loads gives

    @property
    def epoch(self) -> int:
        """How many epochs were behind the state."""
        return self.record["epoch"]

    def model_tensors(self) -> dict[str, Tensor]:
        """The network's own state, as `load_state_dict` takes it."""
        return {name.removeprefix("model."): t for name, t in self.tensors.items() if name.startswith("model.")}


def capture(state: State, versions: dict[str, str]) -> Checkpoint:
    """A copy of the state, unaffected by further training."""
    tensors = {f"model.{name}": _copy(t) for name, t in state.model.state_dict().items()}
    optimiser = state.optimiser.state_dict()
    numbers: dict[str, float | None] = {}
    for index, slots in optimiser["state"].items():
        for slot, value in slots.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser.{index}.{slot}"] = _copy(value)
            else:
                numbers[f"{index}.{slot}"] = value
    tensors["generator"] = state.generator.get_state()
    record = {
        "format": _FORMAT,
        "epoch": state.epoch,
        "optimiser_groups": optimiser["param_groups"],
        "optimiser_numbers": numbers,
        "versions": versions,
    }
    return Checkpoint(tensors, json.loads(json.dumps(record)))  # no list is shared with the optimiser


def restore(checkpoint: Checkpoint, state: State) -> None:
    """Put the state back to what the checkpoint holds."""
    state.model.load_state_dict(checkpoint.model_tensors())
    slots: dict[int, dict[str, object]] = {}
    for name, tensor in checkpoint.tensors.items():
        if name.startswith("optimiser."):
            _, index, slot = name.split(".", 2)
            slots.setdefault(int(index), {})[slot] = tensor.clone()
    for name, value in checkpoint.record["optimiser_numbers"].items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value
    groups = [dict(group) for group in checkpoint.record["optimiser_groups"]]
    for group in groups:
        if "betas" in group:  # a pair, which JSON made a list
            group["betas"] = tuple(group["betas"])
    state.optimiser.load_state_dict({"state": slots, "param_groups": groups})
    state.generator.set_state(checkpoint.tensors["generator"])
    state.epoch = checkpoint.epoch


def write(checkpoint: Checkpoint, path: Path) -> None:
    """Store the checkpoint; whoever reads `path`, at any moment, finds the old file or the new one, whole.

    Raises:
        OSError: the file cannot be written.
    """
    store(path, save(checkpoint.tensors, metadata={_KEY: json.dumps(checkpoint.record)}))


def read(path: Path) -> Checkpoint:
    """The checkpoint stored at `path`.

    Raises:
        DataError: the file is missing, damaged, or no checkpoint of symgeo's.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            record = json.loads((stream.metadata() or {}).get(_KEY, "{}"))
            if record.get("format") != _FORMAT:
                raise DataError(f"{path}: a safetensors file, but not {_FORMAT!r}")
            return Checkpoint({name: stream.get_tensor(name) for name in stream.keys()}, record)  # noqa: SIM118
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (SafetensorError, ValueError, AttributeError, OSError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: not a sound safetensors file ({error}): delete it and train again") from None


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()
