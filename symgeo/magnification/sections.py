r"""The plane through three inputs, in coordinates that keep lengths and angles near: the triangle is equilateral.

With the corners p_1, p_2, p_3 and their mean o, the plane's point with coordinates (a, b) is o + a u + b v, where u, v
are chosen so that the corners lie at r (cos t_k, sin t_k), t_k = 90, 210 and 330 degrees, and r is the mean distance of
the corners from o: a unit of the plotted coordinates is a unit of the inputs, on average over the corners.

The triangle holds the mixtures of the three inputs, weights w_k >= 0 that sum to one; beyond it one input is taken
away from the others, and a prediction there is about no image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.magnification.measure import entropy
from symgeo.pullback import Pullback

_MARGIN = 1.3  # how far the maps go beyond the corners
_CHUNK = 256  # inputs evaluated at once


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

    def inside(self, coordinates: Float[Tensor, "*points 2"]) -> Bool[Tensor, "*points"]:
        """Whether coordinates lie in the triangle: w_k = (1 + 2 c_k . p / r^2) / 3 >= 0 at every corner c_k."""
        corners = coordinates.new_tensor(self.corners)
        return (coordinates @ corners.T * 2 / self.radius**2 >= -1).all(-1)


@dataclass(frozen=True)
class LineSection:
    """A network on the line between two corners, t from 0 to 1.

    Attributes:
        t: places on the line.
        length: |d Phi(u)| there, u the unit vector along it: how much a small step is stretched.
        classes: the prediction there.
    """

    t: Float[np.ndarray, " steps"]
    length: Float[np.ndarray, " steps"]
    classes: Int64[np.ndarray, " steps"]


@dataclass(frozen=True)
class Section:
    """A network on a plane and on lines between its corners; row i of a field lies at the i-th height, rising.

    Attributes:
        lines: between corners.
        classes: the prediction.
        log10_entropy: of the prediction, the entropy in nats.
        log10_volume: of the plane, sqrt det g of the features.
        inside: whether the point is a mixture of the corners.
    """

    lines: tuple[LineSection, ...]
    classes: Int64[np.ndarray, "side side"]
    log10_entropy: Float[np.ndarray, "side side"]
    log10_volume: Float[np.ndarray, "side side"]
    inside: Bool[np.ndarray, "side side"]


def section(
    model: nn.Module, plane: Plane, side: int, *, ends: Sequence[tuple[int, int]] = ((0, 1),), steps: int = 121
) -> Section:
    """What a network does to a plane and to lines between its corners.

    Args:
        model: with a part `features`, whose volume it is, in the dtype of the plane.
        plane: through three inputs.
        side: side x side points over its extent.
        ends: the corners that each line goes from and to.
        steps: points on a line, its ends included.
    """
    grid = plane.grid(side)
    outputs = outputs_at(model, plane.inputs(grid.reshape(-1, 2)))
    geo = Pullback(model.features).on_plane(plane.origin, plane.u, plane.v)
    return Section(
        tuple(_line(model, plane.vertex(start), plane.vertex(end), steps) for start, end in ends),
        outputs.argmax(1).reshape(side, side).numpy(),
        entropy(outputs).log10().reshape(side, side).numpy(),
        (geo.log_volume(grid) / math.log(10)).numpy(),
        plane.inside(grid).numpy(),
    )


def _line(model: nn.Module, start: Float[Tensor, " d"], end: Float[Tensor, " d"], steps: int) -> LineSection:
    t = torch.linspace(0, 1, steps, dtype=start.dtype)
    length = torch.linalg.vector_norm(end - start)
    along = Pullback(model.features).on_line(start, (end - start) / length)
    classes = outputs_at(model, start + t[:, None] * (end - start)).argmax(1)
    return LineSection(t.numpy(), along.log_volume(length * t[:, None]).exp().numpy(), classes.numpy())


def stage_volumes(
    features: nn.Module, plane: Plane, side: int, stages: Sequence[str]
) -> dict[str, Float[np.ndarray, "side side"]]:
    """log10 sqrt det g that each of some parts of the features pulls back to the plane, from one pass.

    Args:
        features: a module.
        plane: through three inputs, in the dtype of the module.
        side: side x side points over its extent.
        stages: names of its parts.
    """
    layers = Pullback(features).on_plane(plane.origin, plane.u, plane.v).layers()
    found = layers.evaluate(plane.grid(side), "log_volume")
    return {stage: (found[stage]["log_volume"] / math.log(10)).numpy() for stage in stages}


@torch.no_grad()
def outputs_at(model: nn.Module, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch classes"]:
    """The outputs, some points at a time."""
    return torch.cat([model(part) for part in x.split(_CHUNK)])


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
