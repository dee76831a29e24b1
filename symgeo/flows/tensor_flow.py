r"""Ricci flow of any metric on a periodic grid, and Perelman's flow with a fixed measure.

    DeTurck    dg/dt = -2 Ric + L_W g,   W^k = g^ij Gamma^k_ij,        strictly parabolic, g^kl d_k d_l g_ij + ...
    bare       dg/dt = -2 Ric,                                         parabolic up to diffeomorphisms
    Perelman   dg/dt = -2 (Ric + DDf),   f = log(sqrt(g)/m),           anti-parabolic along diffeomorphisms

W is taken against the flat connection of the coordinates (DeTurck 1983). The three differ by diffeomorphisms: those of
Perelman's flow are along grad f, and f, a function of g, obeys the backward heat equation df/dt = -R - Lap f. What is
analytic flows for a while all the same, with its modes limited; the flow stops where the highest ones matter.

DeTurck's flow: ETDRK4 with the flat Laplacian as the linear part. The others: Dormand and Prince, eighth order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import DOP853

from symgeo.errors import InputError, NumericalError
from symgeo.flows.exponential import ExponentialStepper, LostPositivity, StepUnderflow, adaptive
from symgeo.flows.perelman import bakry_emery, f_functional, potential
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.trajectory import End, Progress, Recorder, Trajectory, checked_times

Gauge = Literal["deturck", "bare", "perelman"]

# Coefficients of the highest modes kept above this, relative to the largest, end the flow.
RESOLVED = 1e-3
GROWN = "the highest modes have grown: give more points, or stop earlier"
# The linear part of DeTurck's flow is made anew when its coefficient is off by this factor.
STALE = 1.3


def tensor_flow(
    grid: PeriodicGrid,
    g_dd: Float[ndarray, "d d *grid"],
    times: object,
    *,
    gauge: Gauge = "deturck",
    measure: Float[ndarray, " *grid"] | None = None,
    tolerance: float = 1e-9,
    every_step: bool = False,
    progress: Progress | None = None,
) -> Trajectory:
    """The Ricci flow of a metric on a torus.

    Args:
        grid: points and lengths.
        g_dd: the metric, (d, d, *grid).
        times: where states are wanted, the first that of the start.
        gauge: which of the three flows; see the module.
        measure: for Perelman's flow, m, a density in the coordinates; 1 if not given.
        tolerance: relative error of a step.
        every_step: keep every step as well.
        progress: called at every state that is kept.

    Returns:
        The state "g"; the measures "volume", "total_curvature" (int R dV), "curvature_squared" (int R^2 dV),
        "smallest" (the smallest eigenvalue of g_dd), "tail" and, for Perelman's flow, "F".

    Raises:
        InputError: an unknown gauge, a measure without Perelman's flow, or a metric too rough for the grid.
        NumericalError: a metric that is not positive definite.
    """
    if gauge not in ("deturck", "bare", "perelman"):
        raise InputError(f'`gauge` must be "deturck", "bare" or "perelman", not {gauge!r}')
    if measure is not None and gauge != "perelman":
        raise InputError('`measure` goes with gauge="perelman"')
    wanted = checked_times(times)
    start = GridMetric(grid, g_dd)
    density = np.ones(grid.shape) if measure is None else np.asarray(measure, dtype=float)
    potential(start, density)
    if grid.tail(start.g_dd) > RESOLVED:
        raise InputError(
            f"`g_dd` has modes that the grid {grid.shape} barely holds (the highest kept are {grid.tail(g_dd):.1e} of "
            "the largest): give more points, or a smoother metric"
        )
    recorder = Recorder(f"Ricci flow on a torus, gauge {gauge}", progress)

    def keep(t: float, metric: GridMetric) -> None:
        r = metric.scalar_curvature
        measures = {
            "volume": metric.integral(1.0),
            "total_curvature": metric.integral(r),
            "curvature_squared": metric.integral(r**2),
            "smallest": metric.smallest,
            "tail": grid.tail(metric.g_dd),
        }
        if gauge == "perelman":
            measures["F"] = f_functional(metric, potential(metric, density))
        recorder.add(t, {"g": metric.g_dd}, measures)

    keep(float(wanted[0]), start)
    made = _deturck(grid, start, wanted, tolerance) if gauge == "deturck" else None
    steps = made or _explicit(grid, start, wanted, tolerance, density if gauge == "perelman" else None)
    end, message = End.reached, ""
    try:
        for t, g in steps:
            metric = GridMetric(grid, g)
            if grid.tail(g) > RESOLVED:
                raise NumericalError(GROWN)
            if every_step or t in wanted:
                keep(t, metric)
    except KeyboardInterrupt:
        end, message = End.interrupted, f"stopped at t = {recorder.time:.8g}"
    except (StepUnderflow, NumericalError) as error:
        end, message = End.stalled, f"{error}; the last good state is at t = {recorder.time:.8g}"
    return recorder.done(end, message, None, {"points": grid.points(), "measure": density})


def deturck_vector(metric: GridMetric) -> Float[ndarray, d * grid]:
    """W^k = g^ij Gamma^k_ij, against the flat connection of the coordinates."""
    return np.einsum("ij...,kij...->k...", metric.g_uu, metric.gamma_udd)


def lie_derivative(grid: PeriodicGrid, w: ndarray, g_dd: ndarray) -> Float[ndarray, "d d *grid"]:
    """(L_w g)_ij = w^k d_k g_ij + g_kj d_i w^k + g_ik d_j w^k."""
    turned = np.einsum("kj...,ik...->ij...", g_dd, grid.gradient(w))
    return np.einsum("k...,kij...->ij...", w, grid.gradient(g_dd)) + turned + turned.swapaxes(0, 1)


def _deturck(grid: PeriodicGrid, start: GridMetric, wanted: ndarray, tolerance: float) -> Iterator:
    mask = grid.mask()
    made: list[tuple[float, ExponentialStepper]] = []

    def metric_of(y: ndarray) -> GridMetric:
        try:
            return GridMetric(grid, grid.synthesis(y))
        except NumericalError as error:
            raise LostPositivity(str(error)) from None

    def stepper(y: ndarray) -> ExponentialStepper:
        metric = metric_of(y)
        c = (1 / metric.smallest + 1 / metric.largest) / 2
        if not made or not 1 / STALE < made[0][0] / c < STALE:
            linear = c * grid.eigenvalues

            def remainder(t: float, y: ndarray) -> ndarray:
                at = metric_of(y)
                rate = lie_derivative(grid, deturck_vector(at), at.g_dd) - 2 * at.ricci_dd
                return mask * grid.analysis(rate) - linear * y

            made[:] = [(c, ExponentialStepper(linear, remainder))]
        return made[0][1]

    first = 0.01 * start.smallest / (1 + min(-grid.eigenvalues[grid.eigenvalues < 0], default=1.0))
    size: Callable[[ndarray], float] = np.linalg.norm
    y = mask * grid.analysis(start.g_dd)
    for t, c in adaptive(stepper, size, float(wanted[0]), y, wanted[1:], first, tolerance):
        yield t, grid.synthesis(c)


def _explicit(
    grid: PeriodicGrid, start: GridMetric, wanted: ndarray, tolerance: float, density: ndarray | None
) -> Iterator:
    shape = start.g_dd.shape

    def rate(t: float, y: ndarray) -> ndarray:
        try:
            at = GridMetric(grid, y.reshape(shape))
        except NumericalError:
            return np.full_like(y, np.nan)  # the trial step is made shorter
        made = at.ricci_dd if density is None else bakry_emery(at, potential(at, density))
        return grid.filtered(-2 * made).ravel()

    t, y = float(wanted[0]), grid.filtered(start.g_dd).ravel()
    for stop in wanted[1:]:
        solver = DOP853(rate, t, y, float(stop), rtol=tolerance, atol=tolerance * start.smallest)
        while solver.status == "running":
            complaint = solver.step()
            if solver.status == "failed":
                raise StepUnderflow(f"no step is short enough ({complaint})")
            t, y = float(solver.t), solver.y
            yield t, y.reshape(shape)
