r"""The coordinates that points come in: the inputs themselves, or a plane through them.

A `Chart` sends coordinates t to inputs: x = t for the inputs themselves, x = origin + t_1 u + t_2 v + ... for a flat
section. Either way the coordinate vectors are the same at every point, so k of them are pushed through a network where
the inputs may have thousands of coordinates. Images keep their shape on the way in and are counted as flat coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError

# How many matrices `Chart.absorbed` remembers: a network has one first layer, or one for each of a few branches.
REMEMBERED = 4


@dataclass(frozen=True)
class Chart:
    """Coordinates on inputs of shape `input_shape`; `origin` and `directions` are None for the inputs themselves."""

    input_shape: tuple[int, ...]
    origin: Float[Tensor, "*shape"] | None = None
    directions: Float[Tensor, " k *shape"] | None = None

    _absorbed: list[tuple[Tensor, int, Tensor, Tensor]] = field(default_factory=list, compare=False, repr=False)

    def forgetful(self) -> Chart:
        """The same chart, with no matrix remembered: for one call, during which parameters stay as they are."""
        return replace(self, _absorbed=[])

    def absorbed(self, matrix: Float[Tensor, "inputs n"]) -> tuple[Float[Tensor, "k n"], Float[Tensor, " n"]]:
        """The directions and the origin of a section of vectors, times a matrix; remembered for the last few matrices.

        A remembered matrix is held, so that its memory cannot become another's, and known by where it lies and by its
        version, which counts the times it was written to.
        """
        assert self.origin is not None
        assert self.directions is not None
        remembered = not matrix.is_inference()  # such tensors count no writes
        for held, version, directions, origin in self._absorbed if remembered else ():
            same = held.data_ptr() == matrix.data_ptr() and held.stride() == matrix.stride()
            if same and held.shape == matrix.shape and held.dtype == matrix.dtype and version == matrix._version:
                return directions, origin
        found = (self.directions.to(matrix) @ matrix, self.origin.to(matrix) @ matrix)
        if remembered:
            self._absorbed.append((matrix, matrix._version, *found))
            del self._absorbed[:-REMEMBERED]
        return found

    @property
    def dimension(self) -> int:
        """How many coordinates a point has."""
        return math.prod(self.input_shape) if self.directions is None else len(self.directions)

    def inputs(self, coordinates: Float[Tensor, "batch d"]) -> Float[Tensor, " batch *shape"]:
        """The inputs at these coordinates."""
        if self.directions is None or self.origin is None:
            return coordinates.reshape(-1, *self.input_shape)
        directions = self.directions.to(coordinates).flatten(1)
        return (self.origin.to(coordinates).flatten() + coordinates @ directions).reshape(-1, *self.input_shape)

    def section(self, origin: Float[Tensor, " d"], directions: Float[Tensor, "k d"]) -> Chart:
        """The flat section of this chart through a point of it, along directions of it."""
        pushed = directions @ self.tangents(directions).flatten(1)
        return Chart(self.input_shape, self.inputs(origin[None])[0], pushed.reshape(-1, *self.input_shape))

    def tangents(self, like: Tensor) -> Float[Tensor, " d *shape"]:
        """The coordinate vectors, as directions in the space of inputs."""
        if self.directions is None:
            return torch.eye(self.dimension, dtype=like.dtype, device=like.device).reshape(-1, *self.input_shape)
        return self.directions.to(like)


def point_name(index: int, leading: tuple[int, ...]) -> str:
    """How a message names point `index` of a batch of this leading shape: 3, or (1, 7)."""
    if not leading:
        return "the point"
    position = []
    for size in reversed(leading):
        position.append(index % size)
        index //= size
    return f"point {position[0] if len(position) == 1 else tuple(reversed(position))}"


def flat_points(x: Tensor, input_shape: tuple[int, ...] | None) -> tuple[Float[Tensor, "batch d"], tuple[int, ...]]:
    """The points as rows of coordinates, and the shape that they came in.

    Args:
        x: (..., d), or (..., *input_shape).
        input_shape: what one point looks like to the features; None for a vector of any length.

    Raises:
        InputError: not a float tensor, no points, the wrong number of coordinates, or coordinates that are not finite.
    """
    if not isinstance(x, Tensor):
        raise InputError(
            f"`x` must be a torch tensor, not {type(x).__name__}: torch.as_tensor(x, dtype=torch.float64)."
        )
    if x.dtype not in (torch.float64, torch.float32):
        raise InputError(f"`x` must be float64 (or float32, with fewer digits), not {x.dtype}: x.to(torch.float64).")
    if x.ndim == 0:
        raise InputError("`x` must be points of shape (..., d), not a number: x.reshape(1, 1) for one coordinate.")
    shape = (x.shape[-1],) if input_shape is None else input_shape
    if x.shape[x.ndim - len(shape) :] == shape:
        leading = tuple(x.shape[: x.ndim - len(shape)])
    elif x.shape[-1] == math.prod(shape):
        leading = tuple(x.shape[:-1])
    else:
        wanted = "(..., " + ", ".join(map(str, shape)) + ")"
        raise InputError(f"`x` must have the shape {wanted}, not {tuple(x.shape)}: reshape the points.")
    if x.numel() == 0:
        raise InputError(f"`x` has no points or no coordinates: its shape is {tuple(x.shape)}.")
    flat = x.detach().reshape(-1, math.prod(shape))
    bad = ~flat.isfinite().all(-1)
    if bad.any():
        index = int(bad.nonzero()[0])
        values = flat[index][~flat[index].isfinite()]
        raise InputError(
            f"`x` must be finite: {point_name(index, leading)} has a coordinate {values[0]}; drop such points."
        )
    return flat, leading
