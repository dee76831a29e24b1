r"""Geodesics of a pullback metric, from acceleration alone.

On the image the acceleration of a geodesic is normal: D Phi[x''] + D^2 Phi[x', x'] is orthogonal to every D Phi[e_a],
so

    x'' = - argmin_a |D Phi[a] + D^2 Phi[x', x']|,

a least-squares problem for each point, with one second derivative along x' instead of the d (d + 1)/2 of the
Christoffel symbols. Speed is constant along it: <D Phi[x'], D Phi[x']> is conserved.

What is integrated is the displacement x(t) - x(0), to a tolerance that goes by the velocity of each geodesic: neither
where a point lies nor what else is in its batch takes digits from it, but for the rounding of x(t) itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.acceleration import Work, acceleration, place
from symgeo.pullback.batch import Batch

if TYPE_CHECKING:
    from symgeo.pullback.solver import Solver

# A step this small, relative to the time asked for, is taken for the end of the geodesic (heuristic): before a fold the
# steps shrink with the distance to it, and never reach it.
STALLED = 1e-8
# How a step is cut that met a singular point on its way.
CUT = 0.25


def flow_tolerance(dtype: torch.dtype) -> float:
    """Relative tolerance of the initial-value solver: 1e-10, or what the rounding of `dtype` allows."""
    return max(1e-10, 10 * torch.finfo(dtype).eps)


@dataclass(frozen=True)
class Geodesic:
    """Points along geodesics, and the velocities there; d, or the shape of an input, as the points came in."""

    points: Float[Tensor, "... t d"]
    velocities: Float[Tensor, "... t d"]


class NoAccelerationError(Exception):
    """The solver tried points without acceleration; caught here, and never seen outside."""

    def __init__(self, time: float, rows: np.ndarray) -> None:
        super().__init__()
        self.time, self.rows = time, rows


def integrate(
    batch: Batch,
    velocities: Float[Tensor, "batch d"],
    times: Float[Tensor, " t"],
    on_singular: Literal["raise", "mark"],
    work: Work,
    chunk: int | None = None,
) -> Geodesic:
    """The geodesics that leave the points of a batch, at increasing positive times; (batch, t, d).

    Those that end before a time, at a singular point, are NaN there if such points are marked.

    Raises:
        InputError: times that are not finite, or do not increase from 0.
        NumericalError: a singular point is met, or more work is needed than allowed.
    """
    clock, like = checked_times(times), batch.points
    starts, leaving = (tensor.double().cpu().numpy() for tensor in (like, velocities))
    state = np.stack([np.zeros_like(starts), leaving], 1)  # displacements, and velocities
    path = np.full((len(clock), *state.shape), np.nan)
    path[clock == 0] = state
    alive, time, stop = np.arange(len(state)), 0.0, float(clock[-1])
    tolerances = absolute_tolerances(starts, leaving, stop, like.dtype)

    def rate(time: float, state: np.ndarray) -> np.ndarray:
        moved, speeds = state.reshape(len(alive), 2, -1).swapaxes(0, 1)
        points, speeds = (torch.from_numpy(part).to(like) for part in (starts[alive] + moved, speeds))
        work.count(1, f"time {time:.4g} of {stop:g}", "or shorten the velocities")
        turning, regular = acceleration(batch, points, speeds, chunk)
        if not regular.all():
            raise NoAccelerationError(time, (~regular).nonzero().flatten().cpu().numpy())
        return torch.stack([speeds, turning], 1).double().cpu().numpy().ravel()

    while time < stop and len(alive):
        time, state, ended = _followed(
            rate, time, state, clock, path, alive, flow_tolerance(like.dtype), tolerances[alive]
        )
        if len(ended) and on_singular == "raise":
            row = int(alive[ended[0]])
            raise NumericalError(_end_of(batch, row, starts[row] + state[ended[0], 0], time, stop))
        alive, state = np.delete(alive, ended), np.delete(state, ended, 0)
    path[:, :, 0] += starts
    found = torch.from_numpy(path).to(like).transpose(0, 1)
    return Geodesic(found[:, :, 0], found[:, :, 1])


def absolute_tolerances(starts: np.ndarray, velocities: np.ndarray, stop: float, dtype: torch.dtype) -> np.ndarray:
    """What each geodesic may err by in its displacement and its velocity: the relative tolerance of |v| T, and of |v|.

    Not less than what rounding moves the points by, against which no step is short enough; one that does not move at
    all has nothing to err in, and any positive tolerance.
    """
    reach = np.abs(velocities).max(1) * stop
    rounding = torch.finfo(dtype).eps * np.abs(starts).max(1)
    along = np.where(reach > 0, np.maximum(flow_tolerance(dtype) * reach, rounding), 1.0)
    return np.stack([along, along / (stop or 1.0)], 1)[:, :, None].repeat(starts.shape[1], 2)


def checked_times(times: Float[Tensor, " t"]) -> np.ndarray:
    """The times, in float64.

    Raises:
        InputError: not finite times that increase from 0.
    """
    clock = torch.as_tensor(times, dtype=torch.float64).detach().cpu().numpy()
    if clock.ndim != 1 or len(clock) == 0 or not np.isfinite(clock).all():
        raise InputError(f"`times` must be finite times in one dimension, not {clock.tolist()}.")
    if clock[0] < 0 or (np.diff(clock) <= 0).any():
        raise InputError("`times` must be increasing times of at least 0, in one dimension.")
    return clock


def _followed(
    rate: Callable[[float, np.ndarray], np.ndarray],
    time: float,
    state: np.ndarray,
    clock: np.ndarray,
    path: np.ndarray,
    alive: np.ndarray,
    relative: float,
    absolute: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Geodesics, followed from a time until the first of them ends: that time, the state there, the rows that end.

    Args:
        rate: of the state; it raises `NoAccelerationError`.
        time, state: where to start.
        clock: the times asked for, the last of which is the end.
        path: what is written at those times.
        alive: the rows of `path` that the state is of.
        relative, absolute: tolerances, the second one for each number of the state.
    """
    from symgeo.pullback.solver import Solver  # 40 MB of SciPy that metric and curvature do without

    stop, shape, step = float(clock[-1]), state.shape, None
    while time < stop:
        try:
            solver = Solver(rate, time, state, stop, step, relative, absolute)
            while time < stop:
                solver.step()
                if solver.status == "failed" or (solver.t - time < STALLED * stop and solver.t < stop):
                    return time, state, _sharpest(state, rate(time, state.ravel()).reshape(shape))
                due = ((clock > time) & (clock <= solver.t)).nonzero()[0]
                path[np.ix_(due, alive)] = _states(solver, clock[due]).reshape(-1, *shape)
                time, state, step = solver.t, solver.y.reshape(shape), None
        except NoAccelerationError as found:
            if found.time - time <= STALLED * stop:
                return time, state, found.rows
            step = CUT * (found.time - time)
    return time, state, np.empty(0, dtype=int)


def _states(solver: Solver, times: np.ndarray) -> np.ndarray:
    """The states at times within the last step, whose end needs no interpolation."""
    between = solver.dense_output() if (times < solver.t).any() else None
    return np.array([solver.y if between is None or time == solver.t else between(time) for time in times])


def _sharpest(state: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The row whose velocity changes fastest for its size: the one for which steps have become small."""
    speeds, turning = np.abs(state[:, 1]).max(1), np.abs(rates[:, 1]).max(1)
    return np.argmax(turning / np.where(speeds > 0, speeds, np.inf), keepdims=True)


def _end_of(batch: Batch, row: int, point: np.ndarray, time: float, stop: float) -> str:
    """What is said of a geodesic that ends."""
    where = place(torch.from_numpy(point))
    cure = 'or mark such points by Pullback(..., on_singular="mark")'
    if time == 0:
        return (
            f"The geodesic from {batch.name(row)} starts at a singular point of the metric at {where}: move it, {cure}."
        )
    return (
        f"The geodesic from {batch.name(row)} meets a singular point of the metric at {where}, a fold or an edge of "
        f"the map, at time {time:.6g} of {stop:g}, beyond which it is not determined: shorten `v`, {cure}."
    )
