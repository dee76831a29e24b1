r"""The plane through three inputs, in coordinates that keep lengths and angles near: the triangle is equilateral.

With the corners p_1, p_2, p_3 and their mean o, the plane's point with coordinates (a, b) is o + a u + b v, where u, v
are chosen so that the corners lie at r (cos t_k, sin t_k), t_k = 90, 210 and 330 degrees, and r is the mean distance of
the corners from o: a unit of the plotted coordinates is a unit of the inputs, on average over the corners.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError

_MARGIN = 1.3  # how far the maps go beyond the corners


@dataclass(frozen=True)
class Plane:
    """A plane through inputs.

    Attributes:
        origin: the mean of the three corners.
        u, v: what a unit of the first and of the second coordinate is in the inputs.
        radius: the distance of each corner from the origin in plotted coordinates.
    """

    origin: Float[Tensor, " d"]
    u: Float[Tensor, " d"]
    v: Float[Tensor, " d"]
    radius: float

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The three corners in plotted coordinates."""
        angles = [math.pi / 2 + 2 * math.pi * k / 3 for k in range(3)]
        return tuple((self.radius * math.cos(t), self.radius * math.sin(t)) for t in angles)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) of a square around the corners."""
        half = _MARGIN * self.radius
        return -half, half, -half, half

    def vertex(self, number: int) -> Float[Tensor, " d"]:
        """The input at a corner."""
        return self.inputs(self.origin.new_tensor([self.corners[number]]))[0]

    def grid(self, side: int) -> Float[Tensor, "side side 2"]:
        """Coordinates over the extent, row by row from the bottom."""
        ticks = torch.linspace(self.extent[0], self.extent[1], side, dtype=self.origin.dtype)
        second, first = torch.meshgrid(ticks, ticks, indexing="ij")
        return torch.stack([first, second], dim=-1)

    def inputs(self, coordinates: Float[Tensor, "batch 2"]) -> Float[Tensor, "batch d"]:
        """The inputs at coordinates."""
        return self.origin + coordinates[:, :1] * self.u + coordinates[:, 1:] * self.v


def plane_through(first: Float[Tensor, " d"], second: Float[Tensor, " d"], third: Float[Tensor, " d"]) -> Plane:
    """The plane through three inputs.

    Raises:
        InputError: inputs of different shapes, or on one line.
    """
    if not first.shape == second.shape == third.shape or first.ndim != 1:
        raise InputError("`first`, `second` and `third` must be inputs of one shape (d,)")
    corners = torch.stack([first, second, third])
    origin = corners.mean(dim=0)
    away = corners - origin
    if int(torch.linalg.matrix_rank(away)) < 2:
        raise InputError("`first`, `second` and `third` lie on one line: no plane goes through them alone")
    radius = float(torch.linalg.vector_norm(away, dim=1).mean())
    # The corners' coordinates c_k are orthogonal as columns, sum_k c_k c_k^T = (3/2) r^2 I: least squares is a product,
    # and exact since both sum to zero.
    angles = [math.pi / 2 + 2 * math.pi * k / 3 for k in range(3)]
    c = radius * away.new_tensor([[math.cos(t), math.sin(t)] for t in angles])
    u, v = (c.T @ away) / (1.5 * radius**2)
    return Plane(origin, u, v, radius)
