r"""What a training minimises, batch by batch, and what is put in order before its first step and at saved epochs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from symgeo.models.augmentation import augmented
from symgeo.models.barlow import BarlowTwins, redundancy_loss
from symgeo.models.probe import fit_probe


class Objective(Protocol):
    """A loss of a network on a batch."""

    @property
    def smallest(self) -> int:
        """How many points a batch must have; a smaller rest at the end of an epoch is left out."""
        ...

    def loss(
        self, model: nn.Module, x: Float[Tensor, "batch d"], y: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> tuple[Float[Tensor, ""], Int64[Tensor, ""] | None]:
        """The loss, to be differentiated, and how many points are classified rightly; None where none are classified.

        Args:
            model: in training mode.
            x: points.
            y: their classes.
            generator: of random views; on the CPU.
        """
        ...

    def settle(self, model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"]) -> None:
        """Make the network one that decides, before it is stored."""
        ...


@dataclass(frozen=True)
class Classification:
    """The cross-entropy in nats, on random views if any are asked for."""

    views: str = "none"
    smallest: int = 1

    def loss(
        self, model: nn.Module, x: Float[Tensor, "batch d"], y: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> tuple[Float[Tensor, ""], Int64[Tensor, ""] | None]:
        """The cross-entropy and the hits."""
        outputs = model(augmented(x, self.views, generator))
        return cross_entropy(outputs, y), (outputs.detach().argmax(1) == y).sum()

    def settle(self, model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"]) -> None:
        """Nothing: it decides as it is."""


@dataclass(frozen=True)
class Twins:
    """The redundancy loss of `symgeo.models.barlow`, of two random views."""

    views: str
    weight: float
    smallest: int = 2

    def loss(
        self, model: nn.Module, x: Float[Tensor, "batch d"], y: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> tuple[Float[Tensor, ""], Int64[Tensor, ""] | None]:
        """The loss; the labels are not looked at."""
        assert isinstance(model, BarlowTwins)
        first, second = (model.projections(augmented(x, self.views, generator)) for _ in range(2))
        return redundancy_loss(first, second, self.weight), None

    def settle(self, model: nn.Module, inputs: Float[Tensor, "batch d"], labels: Int64[Tensor, " batch"]) -> None:
        """The linear probe of the features as they are now."""
        fit_probe(model, inputs, labels)
