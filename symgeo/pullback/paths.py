"""Geodesics, and what is carried and measured along curves: the part of a geometry that is not of single points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.acceleration import Work
from symgeo.pullback.batch import Batch, check_size
from symgeo.pullback.curve import energies, lengths, transported
from symgeo.pullback.geodesic import Geodesic, integrate
from symgeo.pullback.joining import connect
from symgeo.pullback.smoothness import check_curved
from symgeo.pullback.tangents import check_tensor, point_shape, tangent_vectors

# Accelerations before a geodesic is given up (heuristics): along one that leaves a point, where a few hundred are
# usual; and for each coordinate at all nodes of all attempts to join two points, where a few thousand are.
LEAVING, JOINING = 5_000, 20_000


class Paths(ABC):
    """Paths in the coordinates of a pullback geometry."""

    _on_singular: Literal["raise", "mark"]
    _chunk: int | None

    @abstractmethod
    def _batch(self, x: Tensor) -> Batch:
        """The points as a batch."""

    def exp(
        self,
        x: Float[Tensor, "... d"],
        v: Float[Tensor, "... d"],
        *,
        evaluations: int = LEAVING,
        progress: bool = False,
    ) -> Float[Tensor, "... d"]:
        """The exponential map: where the geodesic that leaves x with velocity v is after unit time.

        Args:
            x: points, (..., d) or (..., *input_shape); the result has their shape.
            v: a velocity for each point, in either shape.
            evaluations: accelerations before it is given up, as in `geodesic_flow`.
            progress: whether to show a bar.

        Raises:
            NumericalError: a geodesic runs into a singular point of the metric, or a fold of the map, and such points
                are not marked (then its end is NaN); or `evaluations` do not suffice.
        """
        times = torch.ones(1, dtype=torch.float64)
        path = self._flow(x, v, times, evaluations, progress)
        return path[0].points[..., 0, :].reshape(x.shape)

    def geodesic_flow(
        self,
        x: Float[Tensor, "... d"],
        v: Float[Tensor, "... d"],
        times: Float[Tensor, " t"] | Sequence[float],
        *,
        evaluations: int = LEAVING,
        progress: bool = False,
    ) -> Geodesic:
        """The geodesics that leave x with velocity v, at increasing times after 0.

        x'' = -lstsq(J, D^2 Phi[x', x']), by an eighth-order Runge-Kutta method; no Christoffel symbol is formed. A step
        errs by 1e-10 of |v| times the last time, in float32 by 1e-6, or by the rounding of the point where that is
        more: for each geodesic, whatever others are in its batch. An acceleration costs a QR decomposition of J,
        4 n d^2 operations, and a step of the method twelve: in thousands of coordinates minutes, where a section by
        `on_line` or `on_plane` takes none.

        Args:
            x: points, (..., d) or (..., *input_shape); those of the result have the same shape.
            v: a velocity for each point, in either shape.
            times: finite and increasing.
            evaluations: accelerations along a geodesic before it is given up.
            progress: whether to show a bar.

        Raises:
            NumericalError: a geodesic runs into a singular point of the metric, or a fold of the map, and such points
                are not marked (then it is NaN from there on); or `evaluations` do not suffice.
        """
        path, shape = self._flow(x, v, times, evaluations, progress)
        return Geodesic(*(tensor.unflatten(-1, shape) for tensor in (path.points, path.velocities)))

    def geodesic(
        self,
        a: Float[Tensor, " d"],
        b: Float[Tensor, " d"],
        count: int = 33,
        *,
        evaluations: int | None = None,
        progress: bool = False,
    ) -> Geodesic:
        """The geodesic from a to b, found from the straight segment in coordinates, at `count` even times of [0, 1].

        By collocation to a relative residual of 1e-8, in float64: points in float32 are joined in float64 and rounded
        after, wherever the map takes float64, as a module does (to 6e-8 of the largest coordinate, measured on GELU
        networks). A plain callable that takes float32 alone is held to a residual of 1e-4 (points to 1e-6, velocities
        to 4e-6).

        Args:
            a, b: one point each, (d,) or an input; those of the result have the same shape.
            count: how many, with the ends.
            evaluations: accelerations, at all nodes of all attempts, before it is given up; None for 20 000 d.
            progress: whether to show a bar.

        Raises:
            NumericalError: no geodesic was found near the segment; the message has the residual. Also where singular
                points are marked.
        """
        for name, point in (("a", a), ("b", b)):
            check_tensor(name, point)
        if a.shape != b.shape:
            raise InputError(f"`a` and `b` must have one shape, not {tuple(a.shape)} and {tuple(b.shape)}.")
        ends = torch.stack([a, b])
        batch = self._finest(ends, "a`, `b")
        if batch.leading != (2,):
            raise InputError(
                f"`a` and `b` must be one point each, ({batch.d},) or an input, not of shape {tuple(a.shape)}: join "
                "pairs one by one."
            )
        check_curved(batch, "a geodesic")
        work = Work.of(JOINING * batch.d if evaluations is None else evaluations, progress)
        with work.bar:
            path = connect(batch, count, work, self._chunk)
        return Geodesic(*(tensor.to(ends).reshape(-1, *a.shape) for tensor in (path.points, path.velocities)))

    def length(self, path: Float[Tensor, "... t d"]) -> Float[Tensor, " ..."]:
        """The length of paths through points, int sqrt(g(c', c')) dt.

        Args:
            path: points, (..., t, d) or (..., t, *input_shape), joined by straight segments of the coordinates.

        Raises:
            InputError: fewer than two points.
            NumericalError: the map has no derivative on the path, or the result leaves the range of floats.
        """
        batch = self._joined(path)
        return lengths(batch, self._chunk or batch.along_points(1)).reshape(batch.leading[:-1])

    def energy(self, path: Float[Tensor, "... t d"]) -> Float[Tensor, " ..."]:
        """The energy of paths through points at even times of [0, 1], 1/2 int g(c', c') dt.

        At least half the square of the length, and equal to it where the speed is constant.

        Args:
            path: points, (..., t, d) or (..., t, *input_shape), joined by straight segments of the coordinates.

        Raises:
            InputError: fewer than two points.
            NumericalError: the map has no derivative on the path, or the result leaves the range of floats.
        """
        batch = self._joined(path)
        return energies(batch, self._chunk or batch.along_points(1)).reshape(batch.leading[:-1])

    def transport(self, path: Float[Tensor, "t d"], v: Float[Tensor, "... d"]) -> Float[Tensor, "... t d"]:
        """Vectors at the first point of a path, carried parallel along it; at each of its points.

        To a relative 1e-10 a segment, in float32 1e-6. The d x d matrix that carries vectors along a segment is formed
        for each, from d second derivatives at ten places or more.

        Args:
            path: points, (t, d) or (t, *input_shape), joined by straight segments of the coordinates.
            v: vectors, (..., d) or (..., *input_shape); those of the result have the same shape.

        Raises:
            InputError: fewer than two points, or vectors of another dimension.
            NumericalError: the path meets a singular point of the metric, also where such points are marked.
        """
        batch = self._joined(path)
        if len(batch.leading) != 1:
            raise InputError(f"`path` must be one path (t, d), not {tuple(path.shape)}.")
        check_curved(batch, "a parallel vector")
        check_size(batch, 0, 1, "a parallel vector")
        vectors, shape = tangent_vectors(batch, "v", v)
        carried = transported(batch, vectors.reshape(-1, batch.d), self._chunk)
        return carried.reshape(*vectors.shape[:-1], len(batch.points), *shape)

    def _flow(
        self, x: Tensor, v: Tensor, times: Tensor | Sequence[float], evaluations: int, progress: bool
    ) -> tuple[Geodesic, tuple[int, ...]]:
        """Geodesics in flat coordinates, and the shape that the points came in."""
        batch = self._batch(x)
        check_curved(batch, "a geodesic")
        check_size(batch, 0, 1, "a geodesic")
        velocities, _ = tangent_vectors(batch, "v", v)
        if velocities.shape[:-1] != batch.leading:
            raise InputError(f"`v` must have the shape of `x`, {tuple(x.shape)}, not {tuple(v.shape)}.")
        work = Work.of(evaluations, progress)
        with work.bar:
            path = integrate(batch, velocities.reshape(-1, batch.d), times, self._on_singular, work, self._chunk)
        return Geodesic(batch.shaped(path.points), batch.shaped(path.velocities)), point_shape(batch, x)

    def _joined(self, path: Tensor) -> Batch:
        """The points of paths, in vectors of coordinates."""
        check_tensor("path", path)
        wrong = f"`path` must be at least two points (..., t, d) or (..., t, *input_shape), not {tuple(path.shape)}."
        if path.ndim < 2:
            raise InputError(wrong)
        batch = self._named(path, "path")
        if not batch.leading or batch.leading[-1] < 2:
            raise InputError(wrong)
        return batch

    def _finest(self, x: Tensor, name: str) -> Batch:
        """The points in float64 if the map takes them so, else as they are."""
        batch = self._named(x, name)
        if x.dtype == torch.float64:
            return batch
        try:
            return self._batch(x.double())
        except (InputError, TypeError):  # a callable that takes float32 alone; a device that has no float64
            return batch

    def _named(self, x: Tensor, name: str) -> Batch:
        """The points as a batch; messages call them by the name of the argument."""
        try:
            return self._batch(x)
        except InputError as error:
            raise InputError(str(error).replace("`x`", f"`{name}`")) from error
