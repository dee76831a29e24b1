r"""Perelman's functionals of a metric on a periodic grid (arXiv:math/0211159, sections 1 to 3).

    F(g, f) = int (R + |grad f|^2) e^{-f} dV
    W(g, f, tau) = int [tau (R + |grad f|^2) + f - n] (4 pi tau)^{-n/2} e^{-f} dV
    lambda(g) = min F over int e^{-f} dV = 1, the lowest eigenvalue of -4 Lap + R, f = -2 log of its eigenfunction

With a fixed measure dm = e^{-f} dV, f = log(sqrt(g)/m) is a function of g, and along dg/dt = -2 (Ric + DDf)

    dF/dt = 2 int |Ric + DDf|^2 dm,        dW/dt = 2 tau int |Ric + DDf - g/(2 tau)|^2 dm,   dtau/dt = -1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.linalg import eigh

from symgeo.errors import InputError
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.trajectory import Trajectory

# The operator is a full matrix up to so many points.
FULL = 2600


@dataclass(frozen=True)
class Ground:
    """lambda(g) and the f of unit measure that attains it."""

    value: float
    potential: Float[ndarray, " *grid"]


def potential(metric: GridMetric, measure: Float[ndarray, " *grid"]) -> Float[ndarray, " *grid"]:
    """f = log(sqrt(g) / m).

    Raises:
        InputError: a measure that is not a positive density on the grid.
    """
    if np.shape(measure) != metric.grid.shape or not (np.isfinite(measure) & (np.asarray(measure) > 0)).all():
        raise InputError(f"`measure` must be a positive density on the grid {metric.grid.shape}")
    return np.log(metric.volume_element / measure)


def bakry_emery(metric: GridMetric, f: ndarray) -> Float[ndarray, "d d *grid"]:
    """Ric + DDf."""
    return metric.ricci_dd + metric.hessian(f)


def f_functional(metric: GridMetric, f: ndarray) -> float:
    """F(g, f)."""
    return metric.integral((metric.scalar_curvature + metric.gradient_squared(f)) * np.exp(-f))


def f_rate(metric: GridMetric, f: ndarray) -> float:
    """dF/dt = 2 int |Ric + DDf|^2 e^{-f} dV."""
    return 2 * metric.integral(metric.squared(bakry_emery(metric, f)) * np.exp(-f))


def w_functional(metric: GridMetric, f: ndarray, tau: float) -> float:
    """W(g, f, tau).

    Raises:
        InputError: tau that is not positive.
    """
    n = metric.grid.dimension
    inner = _positive(tau) * (metric.scalar_curvature + metric.gradient_squared(f)) + f - n
    return metric.integral(inner * np.exp(-f)) / (4 * math.pi * tau) ** (n / 2)


def w_rate(metric: GridMetric, f: ndarray, tau: float) -> float:
    """dW/dt = 2 tau int |Ric + DDf - g/(2 tau)|^2 (4 pi tau)^{-n/2} e^{-f} dV.

    Raises:
        InputError: tau that is not positive.
    """
    n = metric.grid.dimension
    left = bakry_emery(metric, f) - metric.g_dd / (2 * _positive(tau))
    return 2 * tau * metric.integral(metric.squared(left) * np.exp(-f)) / (4 * math.pi * tau) ** (n / 2)


def entropies(flow: Trajectory, grid: PeriodicGrid, tau: float | None = None) -> Trajectory:
    """Perelman's flow with lambda and W measured at each of its states, beside F.

    W has tau - t for its scale, t being the time since the start, which the constants hold.

    Args:
        flow: by `tensor_flow` with gauge="perelman".
        grid: on which it was computed.
        tau: at the start; twice the length of the flow if not given.

    Raises:
        InputError: another flow, a tau that is over before the flow is, or a grid of more than 2,600 points.
    """
    if "F" not in flow.measures or "measure" not in flow.constants:
        raise InputError(f"`flow` must be Perelman's, with the measure F, not {flow.flow!r}")
    since = flow.times - flow.times[0]
    begin = (2 * since[-1] or 1.0) if tau is None else tau
    scale = begin - since
    if not scale[-1] > 0:
        raise InputError(
            f"`tau` must be positive up to the end, which is after {since[-1]:g}, not {tau!r} at the start"
        )
    metrics = [GridMetric(grid, g) for g in flow.states["g"]]
    density = flow.constants["measure"]
    measured = {
        "lambda": np.array([spectrum(metric, 1)[0] for metric in metrics]),
        "W": np.array(
            [
                w_functional(metric, potential(metric, density) - grid.dimension / 2 * math.log(4 * math.pi * s), s)
                for metric, s in zip(metrics, scale, strict=True)
            ]
        ),
    }
    return replace(flow, measures=flow.measures | measured, constants=flow.constants | {"tau": scale})


def spectrum(metric: GridMetric, count: int = 6) -> Float[ndarray, " count"]:
    """The lowest eigenvalues of -4 Lap + R.

    Raises:
        InputError: more of them than the grid has points, or a grid of more than 2,600 points.
    """
    return _eigen(metric, count)[0]


def ground(metric: GridMetric) -> Ground:
    """lambda(g), and its minimiser f, int e^{-f} dV = 1.

    Raises:
        InputError: a grid of more than 2,600 points.
    """
    values, vectors = _eigen(metric, 1)
    state = np.abs(vectors[:, 0].reshape(metric.grid.shape)) / np.sqrt(metric.volume_element)
    state /= math.sqrt(metric.integral(state**2))
    return Ground(float(values[0]), -2 * np.log(state))


def _eigen(metric: GridMetric, count: int) -> tuple[ndarray, ndarray]:
    """Of h^(1/2) (-4 Lap + R) h^(-1/2), symmetric for h = sqrt(g)."""
    grid = metric.grid
    size = math.prod(grid.shape)
    if not 1 <= count <= size:
        raise InputError(f"`count` must be between 1 and the {size} points of the grid, not {count}")
    if size > FULL:
        raise InputError(f"`metric` has {size} points, more than the {FULL} of a full matrix: take a coarser grid")
    root = np.sqrt(metric.volume_element)
    columns = np.eye(size).reshape(size, *grid.shape) / root
    d = grid.gradient(columns)
    flux = np.einsum("ij...,jn...->in...", metric.volume_element * metric.g_uu, d)
    made = (-4 * grid.divergence(flux) / root).reshape(size, size)
    made = (made + made.T) / 2
    made[np.diag_indices(size)] += metric.scalar_curvature.ravel()
    return eigh(made, subset_by_index=(0, count - 1))


def _positive(tau: float) -> float:
    if not (tau > 0 and math.isfinite(tau)):
        raise InputError(f"`tau` must be positive, not {tau!r}")
    return tau
