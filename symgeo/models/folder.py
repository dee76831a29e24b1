"""The folder of a training: what its files are called, how they are read, and what a later call finds there.

    config.json               what is trained, and the versions it started with
    metrics.jsonl             one line an epoch
    epoch-000000.safetensors  the full state at a saved epoch
    latest.safetensors        the full state a few seconds ago

Any training that stores these goes on where it stopped; `symgeo.models` and `symgeo.calabi_yau` do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from torch import nn

from symgeo.errors import DataError, InputError
from symgeo.models import checkpoint
from symgeo.models.checkpoint import Checkpoint

CONFIG = "config.json"
METRICS = "metrics.jsonl"
LATEST = "latest.safetensors"

Record = TypeVar("Record")


def epoch_file(epoch: int) -> str:
    """The name of the file that keeps the state after that many epochs."""
    return f"epoch-{epoch:06d}.safetensors"


def read_records(path: Path, kind: type[Record]) -> list[Record]:
    """The records of a metrics file, one a line; a last line that was cut off is left out.

    Args:
        path: the file; one that is missing has no records.
        kind: the dataclass of a line.

    Raises:
        DataError: a line before the last is damaged.
    """
    records = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(kind(**json.loads(line)))
        except (json.JSONDecodeError, TypeError) as error:
            if number < len(lines):
                raise DataError(f"{path}: line {number} is damaged ({error})") from None
    return records


def newest(folder: Path, epochs: Sequence[int]) -> Checkpoint | None:
    """The furthest state that was stored, or None before the first.

    Args:
        folder: of the training.
        epochs: whose states are at hand, rising.
    """
    names = [*map(epoch_file, epochs[-1:]), LATEST]
    found = [checkpoint.read(folder / name) for name in names if (folder / name).exists()]
    return max(found, key=lambda c: c.epoch, default=None)


def load_weights(network: nn.Module, path: Path) -> None:
    """Give the network the weights that a checkpoint holds.

    Raises:
        DataError: the file is damaged, or holds the weights of another network.
    """
    try:
        network.load_state_dict(checkpoint.read(path).model_tensors())
    except RuntimeError:  # torch's, with a line for each tensor
        raise DataError(f"{path}: not the weights of this run's network: delete the folder, train again") from None


def make_ready(folder: Path, files: Iterable[str], *, resume: bool) -> None:
    """Make the folder if need be, and delete what a kill in the middle of a write has left.

    Args:
        folder: of the training.
        files: the names of the run's files beside those of its epochs.
        resume: False deletes the run that lies there, and nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("*.partial"):
        leftover.unlink()
    if not resume:
        for name in files:
            (folder / name).unlink(missing_ok=True)
        for path in folder.glob("epoch-*.safetensors"):
            path.unlink()


def require_same(folder: Path, asked: Mapping[str, object], there: Mapping[str, object]) -> None:
    """Refuse to go on with a run whose configuration is another.

    Raises:
        InputError: it names the first field that differs.
    """
    for field, value in asked.items():
        if there[field] != value:
            raise InputError(
                f"`folder`: {folder} holds a run with {field} = {there[field]}, not {value}: choose another "
                "folder, or start afresh with resume=False, which deletes it"
            )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A block that writes into the folder; where the system refuses, the user's mistake is said in one line.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise InputError(f"`folder`: {folder} cannot be written ({error.strerror or error}): choose another") from None
