"""What a training is, in numbers: enough, with the code, to repeat it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import torch
from torch import nn

from symgeo.errors import DataError, InputError
from symgeo.models.mlp import MLP
from symgeo.models.smooth import SmoothNetwork

Network = MLP | SmoothNetwork

CONTROLS = ("none", "shuffled-labels", "frozen-first-layer")
ARCHITECTURES = ("mlp", "smooth-0", "smooth-1", "smooth-2")
DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Config:
    """One training of one network with one seed.

    Attributes:
        experiment: which of `symgeo.models.EXPERIMENTS` it belongs to.
        preset: "quick" or "paper".
        data: the dataset's name.
        hidden: the hidden widths; the data give the outer ones.
        activation: a name from `symgeo.models.ACTIVATIONS`.
        parametrisation: of an MLP, "ntk" or "standard", see `symgeo.models.mlp`.
        optimiser: "sgd", "adam" or "adamw".
        learning_rate: its step.
        momentum: of SGD; Adam keeps its own.
        weight_decay: added to the gradient, times the weight; of AdamW, taken off the weight, times the step.
        batch: points a step.
        epochs: passes over the data.
        saved: the epochs whose state is kept, rising, from 0 (before any training) to `epochs`.
        samples: how many training points are used, the first ones; None uses all.
        dtype: "float64" or "float32".
        seed: of the initial weights, of the order of the batches and of the shuffle.
        architecture: "mlp", or "smooth-0", "smooth-1", "smooth-2": layers as wide as the inputs, one for each of
            `hidden`, see `symgeo.models.smooth`.
        gain: of the initial weights of smooth layers.
        control: "none"; "shuffled-labels", the training labels in random order, so that there is nothing to learn but
            the points themselves; or "frozen-first-layer", whose random features stay as they were drawn.
    """

    experiment: str
    preset: str
    data: str
    hidden: tuple[int, ...]
    activation: str
    parametrisation: str
    optimiser: str
    learning_rate: float
    batch: int
    epochs: int
    saved: tuple[int, ...]
    momentum: float = 0.0
    weight_decay: float = 0.0
    samples: int | None = None
    dtype: str = "float64"
    seed: int = 0
    control: str = "none"
    architecture: str = "mlp"
    gain: float = 1.0

    def __post_init__(self) -> None:
        if (
            not self.saved
            or self.saved[0] != 0
            or self.saved[-1] != self.epochs
            or sorted(set(self.saved)) != list(self.saved)
        ):
            raise InputError(f"`saved` must rise from 0 to `epochs` = {self.epochs}, not {self.saved}")
        if self.dtype not in DTYPES:
            raise InputError(f"`dtype` must be one of {', '.join(DTYPES)}, not {self.dtype!r}")
        if self.architecture not in ARCHITECTURES:
            raise InputError(f"`architecture` must be one of {', '.join(ARCHITECTURES)}, not {self.architecture!r}")
        if self.control not in CONTROLS:
            raise InputError(f"`control` must be one of {', '.join(CONTROLS)}, not {self.control!r}")
        if self.optimiser not in ("sgd", "adam", "adamw"):
            raise InputError(f"`optimiser` must be sgd, adam or adamw, not {self.optimiser!r}")
        if self.batch < 1 or self.epochs < 1:
            raise InputError(f"`batch` and `epochs` must be at least 1, not {self.batch} and {self.epochs}")

    def network(self, inputs: int, classes: int, generator: torch.Generator) -> Network:
        """The network before training, its weights drawn from the generator."""
        dtype = DTYPES[self.dtype]
        if self.architecture == "mlp":
            model = MLP(
                (inputs, *self.hidden, classes),
                self.activation,
                parametrisation=self.parametrisation,
                generator=generator,
                dtype=dtype,
            )
            first = model.features[0]
        else:
            model = SmoothNetwork(
                inputs,
                classes,
                depth=len(self.hidden),
                order=int(self.architecture[-1]),
                activation=self.activation,
                gain=self.gain,
                generator=generator,
                dtype=dtype,
            )
            first = model.features.linear[0]
        if self.control == "frozen-first-layer":
            first.requires_grad_(False)
        return model

    def optimiser_of(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimiser over those of the model's parameters that are not frozen, at its first step."""
        parameters = [p for p in model.parameters() if p.requires_grad]
        if self.optimiser == "sgd":
            return torch.optim.SGD(
                parameters, lr=self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay
            )
        kind = torch.optim.Adam if self.optimiser == "adam" else torch.optim.AdamW
        return kind(parameters, lr=self.learning_rate, weight_decay=self.weight_decay)

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @staticmethod
    def from_dict(record: dict[str, object]) -> Config:
        """The configuration that `to_dict` gave.

        Raises:
            DataError: a field is missing or unknown.
        """
        try:
            return Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in record.items()})
        except TypeError as error:
            raise DataError(f"not a configuration of this version of symgeo: {error}") from None
