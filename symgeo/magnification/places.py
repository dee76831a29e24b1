r"""Where the volume element is measured: a grid over the domain for two inputs, lines between images for many.

On a line of images x(t) = p + t (q - p) the measured volume is the length element |d Phi(x(t)) u|, u = (q - p)/|q - p|:
how much a small step along the line is stretched, so that lines of different lengths can be pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.data import Part
from symgeo.errors import DataError, InputError
from symgeo.magnification.boundary import CLOSE, Search
from symgeo.pullback import Pullback


class Place(Protocol):
    """Points at which a network is measured."""

    @property
    def name(self) -> str:
        """What a table calls it."""
        ...

    @property
    def x(self) -> Float[Tensor, "batch d"]:
        """The points, as the network takes them."""
        ...

    @property
    def reach(self) -> float:
        """How far from them to look for the boundary."""
        ...

    @property
    def directions(self) -> int:
        """The number of rays besides those down gradients, see `decision_boundary`."""
        ...

    @property
    def search(self) -> Search:
        """How closely to look for it."""
        ...

    def log_volume(self, features: nn.Module) -> Float[Tensor, " batch"]:
        """The log of the volume element that the features pull back, at each point."""
        ...


@dataclass(frozen=True)
class Grid:
    """side x side points over the square [-half, half]^2; the boundary is looked for as far as the diagonal."""

    half: float
    side: int = 21
    directions: int = 24
    search: Search = CLOSE

    @property
    def name(self) -> str:
        """What a table calls it."""
        return "plane"

    @property
    def x(self) -> Float[Tensor, "batch 2"]:
        """The points, row by row."""
        ticks = torch.linspace(-self.half, self.half, self.side, dtype=torch.float64)
        return torch.cartesian_prod(ticks, ticks)

    @property
    def reach(self) -> float:
        """The diagonal."""
        return 2 * self.half * 2**0.5

    def log_volume(self, features: nn.Module) -> Float[Tensor, " batch"]:
        """log sqrt det g."""
        return Pullback(features).log_volume(self.x)


@dataclass(frozen=True)
class Lines:
    """Points evenly spaced on lines between pairs of inputs, their ends included.

    Attributes:
        name: what a table calls it.
        starts, ends: the pairs.
        steps: points on each line.
        directions: none: rays go round a circle in the plane only.
        search: how closely to look for the boundary.
    """

    name: str
    starts: Float[Tensor, "lines d"]
    ends: Float[Tensor, "lines d"]
    steps: int = 11
    directions: int = 0
    search: Search = CLOSE

    @property
    def x(self) -> Float[Tensor, "batch d"]:
        """The points, line by line."""
        t = self._t[None, :, None]
        return (self.starts[:, None] + t * (self.ends - self.starts)[:, None]).flatten(0, 1)

    @property
    def reach(self) -> float:
        """The length of the longest line."""
        return float(torch.linalg.vector_norm(self.ends - self.starts, dim=1).max())

    def log_volume(self, features: nn.Module) -> Float[Tensor, " batch"]:
        """The log of the length element, per unit of input length."""
        geo = Pullback(features)
        pieces = []
        for start, end in zip(self.starts, self.ends, strict=True):
            u = end - start
            pieces.append(geo.on_line(start, u).log_volume(self._t[:, None]) - torch.linalg.vector_norm(u).log())
        return torch.cat(pieces)

    @property
    def _t(self) -> Float[Tensor, " steps"]:
        return torch.linspace(0, 1, self.steps, dtype=self.starts.dtype)


def image_lines(
    part: Part, count: int, *, seed: int = 0, dtype: torch.dtype = torch.float64, search: Search = CLOSE
) -> tuple[Lines, Lines]:
    """Lines between images of different classes, and lines between images of the same class.

    Args:
        part: images to draw the ends from.
        count: how many lines of each kind; no image is an end twice.
        seed: of the draw.
        dtype: of the images, and so of what is measured on them.
        search: how closely to look for the boundary.

    Raises:
        InputError: fewer than one line.
        DataError: too few images for that many lines.
    """
    if count < 1:
        raise InputError(f"`count` must be 1 or more, not {count}")
    left = list(np.random.default_rng(seed).permutation(len(part)))
    pairs: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    while any(len(found) < count for found in pairs.values()):
        if not left:
            raise DataError(f"{len(part)} images are too few for {count} lines between classes and {count} within")
        first = left.pop(0)
        for same, found in pairs.items():
            partner = next((i for i in left if (part.labels[i] == part.labels[first]) == same), None)
            if len(found) < count and partner is not None:
                found.append((first, partner))
                left.remove(partner)
                break
    inputs = torch.from_numpy(np.asarray(part.inputs)).to(dtype)
    between, within = (
        Lines(name, *(inputs[[pair[end] for pair in pairs[same]]] for end in (0, 1)), search=search)
        for name, same in (("between classes", False), ("within a class", True))
    )
    return between, within
