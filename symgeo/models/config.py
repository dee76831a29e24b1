"""What a training is, in numbers: enough, with the code, to repeat it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import torch
from torch import nn

from symgeo.errors import DataError, InputError
from symgeo.models.mlp import MLP

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
        parametrisation: "ntk" or "standard", see `symgeo.models.mlp`.
        optimiser: "sgd" or "adam".
        learning_rate: its step.
        momentum: of SGD; Adam keeps its own.
        weight_decay: added to the gradient, times the weight.
        batch: points a step.
        epochs: passes over the data.
        saved: the epochs whose state is kept, rising, from 0 (before any training) to `epochs`.
        samples: how many training points are used, the first ones; None uses all.
        dtype: "float64" or "float32".
        seed: of the initial weights and of the order of the batches.
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
        if self.optimiser not in ("sgd", "adam"):
            raise InputError(f"`optimiser` must be sgd or adam, not {self.optimiser!r}")
        if self.batch < 1 or self.epochs < 1:
            raise InputError(f"`batch` and `epochs` must be at least 1, not {self.batch} and {self.epochs}")

    def network(self, inputs: int, classes: int, generator: torch.Generator) -> MLP:
        """The network before training, its weights drawn from the generator."""
        return MLP(
            (inputs, *self.hidden, classes),
            self.activation,
            parametrisation=self.parametrisation,
            generator=generator,
            dtype=DTYPES[self.dtype],
        )

    def optimiser_of(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimiser over the model's parameters, at its first step."""
        if self.optimiser == "sgd":
            return torch.optim.SGD(
                model.parameters(), lr=self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay
            )
        return torch.optim.Adam(model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)

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
