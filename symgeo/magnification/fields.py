"""What a network does to the plane, on a grid: the volume element, the curvature and the decision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from symgeo.errors import InputError
from symgeo.pullback import Pullback

Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class PlaneFields:
    """Fields over a rectangle; row i lies at the i-th height, rising, column j at the j-th abscissa.

    Attributes:
        log10_volume: log10 sqrt det g of the features.
        curvature: their scalar curvature R; None where it was not asked for.
        decision: the second output minus the first.
    """

    log10_volume: Float[np.ndarray, "rows columns"]
    curvature: Float[np.ndarray, "rows columns"] | None
    decision: Float[np.ndarray, "rows columns"]


def plane_fields(model: nn.Module, extent: Extent, side: int, *, curvature: bool = False) -> PlaneFields:
    """The fields of a network of two inputs and two outputs, `model.features` being what is pulled back.

    Args:
        model: with a part `features`, in float64.
        extent: (left, right, bottom, top), the outer points of the grid.
        side: side x side points.
        curvature: compute it, from second derivatives.

    Raises:
        InputError: outputs that are not two.
        NumericalError: the metric is singular at some point.
    """
    grid = plane_grid_points(extent, side)
    quantities = ("log_volume", "scalar_curvature") if curvature else ("log_volume",)
    found = Pullback(model.features).evaluate(grid, *quantities)
    outputs = model(grid.reshape(-1, 2))
    if outputs.shape[1:] != (2,):
        raise InputError(f"`model` must have two outputs, not {tuple(outputs.shape[1:])}")
    below, above = outputs.unbind(1)
    return PlaneFields(
        (found["log_volume"] / math.log(10)).numpy(),
        found["scalar_curvature"].numpy() if curvature else None,
        (above - below).reshape(side, side).numpy(),
    )


def plane_grid_points(extent: Extent, side: int) -> Float[torch.Tensor, "side side 2"]:
    """The points of the grid, row by row from the bottom."""
    left, right, bottom, top = extent
    x1, x2 = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    return torch.from_numpy(np.stack([x1, x2], axis=-1))
