r"""The diffeomorphism that turns Perelman's flow into Ricci flow (arXiv:math/0211159, section 1).

    dg/dt = -2 (Ric + DDf) = -2 Ric - L_{grad f} g,     d phi_t/dt = grad f o phi_t,   phi_0 = id
    =>   d(phi_t^* g)/dt = phi_t^* (dg/dt + L_{grad f} g) = -2 Ric(phi_t^* g)

(phi^* g)_ij(x) = d_i phi^a d_j phi^b g_ab(phi(x)), the metric off the grid by trigonometric interpolation.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import DOP853

from symgeo.errors import NumericalError
from symgeo.flows.ordinary import follow
from symgeo.flows.perelman import bakry_emery, f_functional, potential
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.trajectory import Progress, Recorder, Trajectory, checked_times


def pulled_back(
    grid: PeriodicGrid, g_dd: Float[ndarray, "d d *grid"], shift: Float[ndarray, d * grid]
) -> Float[ndarray, "d d *grid"]:
    """phi^* g for phi(x) = x + shift(x), shift periodic."""
    d = grid.dimension
    places = (grid.points() + shift).reshape(d, -1)
    there = grid.interpolated(g_dd, places).reshape(g_dd.shape)
    jacobian = np.moveaxis(grid.gradient(shift), 0, 1) + np.eye(d).reshape(d, d, *(1,) * d)
    return np.einsum("ai...,bj...,ab...->ij...", jacobian, jacobian, there)


def perelman_to_ricci(
    grid: PeriodicGrid,
    g_dd: Float[ndarray, "d d *grid"],
    times: object,
    *,
    measure: Float[ndarray, " *grid"] | None = None,
    tolerance: float = 1e-9,
    progress: Progress | None = None,
) -> Trajectory:
    """Perelman's flow together with phi_t, and what phi_t makes of it.

    Args:
        grid: points and lengths.
        g_dd: the metric at the start.
        times: where states are wanted.
        measure: m, a density in the coordinates; 1 if not given.
        tolerance: relative error of a step.
        progress: called at every state that is kept.

    Returns:
        The states "g" (Perelman's), "shift" (phi - id) and "ricci" (phi^* g, which solves Ricci flow); the measure "F".

    Raises:
        InputError: a measure that is not positive on the grid.
        NumericalError: a metric that is not positive definite.
    """
    wanted = checked_times(times)
    start = GridMetric(grid, g_dd)
    density = np.ones(grid.shape) if measure is None else np.asarray(measure, dtype=float)
    potential(start, density)
    d, size = grid.dimension, start.g_dd.size
    shapes = (d, d, *grid.shape), (d, *grid.shape)

    def split(y: ndarray) -> tuple[ndarray, ndarray]:
        return y[:size].reshape(shapes[0]), y[size:].reshape(shapes[1])

    def rate(t: float, y: ndarray) -> ndarray:
        g, shift = split(y)
        try:
            at = GridMetric(grid, g)
        except NumericalError:
            return np.full_like(y, np.nan)
        f = potential(at, density)
        climb = np.einsum("ij...,j...->i...", at.g_uu, grid.gradient(f))
        places = (grid.points() + shift).reshape(d, -1)
        moved = grid.interpolated(climb, places)
        return np.concatenate([grid.filtered(-2 * bakry_emery(at, f)).ravel(), moved.ravel()])

    def keep(t: float, y: ndarray) -> None:
        g, shift = split(y)
        at = GridMetric(grid, g)
        state = {"g": g, "shift": shift, "ricci": pulled_back(grid, g, shift)}
        recorder.add(t, state, {"F": f_functional(at, potential(at, density))})

    recorder = Recorder("Perelman's flow and its diffeomorphism to Ricci flow", progress)
    first = np.concatenate([grid.filtered(start.g_dd).ravel(), np.zeros(d * start.g_dd[0, 0].size)])
    end, message = follow(
        lambda t, y, stop: DOP853(rate, t, y, stop, rtol=tolerance, atol=tolerance), wanted, first, keep, recorder
    )
    return recorder.done(end, message, None, {"points": grid.points(), "measure": density})
