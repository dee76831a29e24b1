"""Geodesics, and what is carried and measured along curves: the part of a geometry that is not of single points."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.batch import Batch
from symgeo.pullback.chart import flat_points
from symgeo.pullback.curve import speeds, transported
from symgeo.pullback.geodesic import Geodesic, connect, integrate
from symgeo.pullback.smoothness import check_curved


class Paths(ABC):
    """Paths in the coordinates of a pullback geometry."""

    @abstractmethod
    def _batch(self, x: Tensor) -> Batch:
        """The points as a batch."""

    def exp(self, x: Float[Tensor, "... d"], v: Float[Tensor, "... d"]) -> Float[Tensor, "... d"]:
        """The exponential map: where the geodesic that leaves x with velocity v is after unit time.

        Args:
            x: points.
            v: velocities, of the same shape.

        Raises:
            NumericalError: the geodesic runs into a singular point of the metric.
        """
        return self.geodesic_flow(x, v, torch.ones(1, dtype=torch.float64)).points[..., 0, :]

    def geodesic_flow(
        self, x: Float[Tensor, "... d"], v: Float[Tensor, "... d"], times: Float[Tensor, " t"]
    ) -> Geodesic:
        """The geodesics that leave x with velocity v, at increasing times after 0.

        x'' = -lstsq(J, D^2 Phi[x', x']), by an eighth-order Runge-Kutta method to a relative 1e-10; no Christoffel
        symbol is formed.
        """
        batch = self._batch(x)
        check_curved(batch, "a geodesic")
        velocities, _ = flat_points(v, (batch.d,))
        if v.shape != x.shape:
            raise InputError(f"`v` must have the shape of `x`, {tuple(x.shape)}, not {tuple(v.shape)}.")
        path = integrate(batch, velocities, times)
        return Geodesic(batch.shaped(path.points), batch.shaped(path.velocities))

    def geodesic(self, a: Float[Tensor, " d"], b: Float[Tensor, " d"], count: int = 33) -> Geodesic:
        """The geodesic from a to b, found from the straight segment in coordinates, at `count` even times of [0, 1].

        Raises:
            NumericalError: no geodesic was found near the segment; the message has the residual.
        """
        batch = self._batch(torch.stack([a, b]))
        check_curved(batch, "a geodesic")
        return connect(batch, count)

    def length(self, path: Float[Tensor, "... t d"]) -> Float[Tensor, " ..."]:
        """The length of paths through points, int sqrt(g(c', c')) dt.

        Args:
            path: points, joined by straight segments of the coordinates.

        Raises:
            InputError: fewer than two points.
        """
        batch = self._joined(path)
        values, weights = speeds(batch, len(batch.points) // path.shape[-2], batch.along_points(1))
        return (values @ weights).sum(-1).reshape(path.shape[:-2])

    def energy(self, path: Float[Tensor, "... t d"]) -> Float[Tensor, " ..."]:
        """The energy of paths through points at even times of [0, 1], 1/2 int g(c', c') dt.

        At least half the square of the length, and equal to it where the speed is constant.

        Args:
            path: points, joined by straight segments of the coordinates.

        Raises:
            InputError: fewer than two points.
        """
        batch = self._joined(path)
        values, weights = speeds(batch, len(batch.points) // path.shape[-2], batch.along_points(1))
        return (values.square() @ weights).sum(-1).reshape(path.shape[:-2]) * (path.shape[-2] - 1) / 2

    def transport(self, path: Float[Tensor, "t d"], v: Float[Tensor, "... d"]) -> Float[Tensor, "... t d"]:
        """Vectors at the first point of a path, carried parallel along it; at each of its points.

        Args:
            path: points, joined by straight segments of the coordinates.
            v: vectors.

        Raises:
            InputError: fewer than two points, or vectors of another dimension.
            NumericalError: the path meets a singular point of the metric.
        """
        if path.ndim != 2:
            raise InputError(f"`path` must be one path (t, d), not {tuple(path.shape)}.")
        batch = self._joined(path)
        check_curved(batch, "a parallel vector")
        if v.shape[-1:] != path.shape[-1:] or not v.isfinite().all():
            raise InputError(f"`v` must be finite vectors (..., {batch.d}); its shape is {tuple(v.shape)}.")
        return transported(batch, v.detach().reshape(-1, batch.d)).reshape(*v.shape[:-1], *path.shape)

    def _joined(self, path: Tensor) -> Batch:
        """The points of paths, in vectors of coordinates."""
        if not isinstance(path, Tensor) or path.ndim < 2 or path.shape[-2] < 2:
            got = tuple(path.shape) if isinstance(path, Tensor) else type(path).__name__
            raise InputError(f"`path` must be at least two points (..., t, d), not {got}.")
        batch = self._batch(path)
        if batch.d != path.shape[-1]:
            raise InputError(f"`path` must be points of {batch.d} coordinates, (..., t, {batch.d}): .flatten() images.")
        return batch
