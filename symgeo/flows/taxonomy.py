r"""Perelman's functional under every kind of kernel (arXiv:2310.19870, figure 1), from one initial metric.

    dg_ij(x)/dt = - int Theta_ijkl(x, x') l^kl(x') dx',      l^kl = 2 (Ric + DDf)^kl m,   L = -2 F^m

    network         Theta of a finite network, moving with its parameters
    infinite width  Theta = (delta_ik delta_jl + delta_il delta_jk)/2 Theta(x, x'), fixed
    local           the same with delta(x - x') / m: dg_ij/dt = -2 (Ric + DDf)^ij
    perelman        Theta_ijkl = g_ik g_jl delta(x - x') / m, DeWitt's metric: dg/dt = -2 (Ric + DDf)

Only the last is covariant, and Ricci flow up to the diffeomorphism along grad f: no fixed kernel is, because g lowers
the indices. F^m rises along all four. Kernels are scaled so that int Theta(x, x') dx' is one on average: times compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import DOP853

from symgeo.errors import InputError, NumericalError
from symgeo.flows.grid_network import GridNetwork
from symgeo.flows.metric_network import MetricNetwork
from symgeo.flows.metric_ntk import metric_ntk
from symgeo.flows.ordinary import follow
from symgeo.flows.perelman import bakry_emery, f_functional, potential, spectrum
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.tensor_flow import GROWN, RESOLVED, tensor_flow
from symgeo.flows.trajectory import Progress, Recorder, Trajectory, checked_times

#: int Theta(x, x') l(x') dx' on a grid, for each component on its own.
Smoothing = Callable[[Float[ndarray, "d d *grid"]], Float[ndarray, "d d *grid"]]


@dataclass(frozen=True)
class Ring:
    """One kind of flow, and how far it is from Ricci flow at the end.

    Attributes:
        trajectory: its states "g"; measures "F", "volume", "curvature_squared".
        distance: the largest relative difference from Ricci flow in area, int R^2 and the spectrum of -4 Lap + R.
        conserved: names of what stays the same to a part in 10^6: "volume", "total_curvature".
        rises: whether F^m rises between all states.
    """

    trajectory: Trajectory
    distance: float
    conserved: tuple[str, ...]
    rises: bool


def fixed_kernel_flow(
    grid: PeriodicGrid,
    g_dd: Float[ndarray, "d d *grid"],
    times: object,
    *,
    smoothing: Smoothing | None = None,
    measure: Float[ndarray, " *grid"] | None = None,
    tolerance: float = 1e-8,
    progress: Progress | None = None,
) -> Trajectory:
    """The flow of -2 F^m under a fixed index-diagonal kernel, dg_ij/dt = -2 Theta (Ric + DDf)^ij.

    Args:
        grid: points and lengths.
        g_dd: the metric at the start.
        times: where states are wanted.
        smoothing: the kernel, such as `periodic_gaussian`; the delta kernel if not given.
        measure: m, a density in the coordinates; 1 if not given.
        tolerance: relative error of a step.
        progress: called at every state that is kept.

    Returns:
        The state "g"; the measures "F", "volume", "total_curvature", "curvature_squared".

    Raises:
        InputError: a measure that is not positive.
        NumericalError: a metric that is not positive definite.
    """
    density = np.ones(grid.shape) if measure is None else np.asarray(measure, dtype=float)
    start = GridMetric(grid, g_dd)
    potential(start, density)

    def rate(y: ndarray) -> ndarray:
        at = GridMetric(grid, y.reshape(start.g_dd.shape))
        gradient = _raised_gradient(at, density) / density
        return -grid.filtered(gradient if smoothing is None else smoothing(gradient)).ravel()

    first = grid.filtered(start.g_dd).ravel()
    return _integrated(
        "fixed kernel", grid, density, times, first, rate, lambda y: y.reshape(start.g_dd.shape), tolerance, progress
    )


def descent_flow(
    network: MetricNetwork,
    grid: PeriodicGrid,
    times: object,
    *,
    measure: Float[ndarray, " *grid"] | None = None,
    tolerance: float = 1e-6,
    progress: Progress | None = None,
) -> Trajectory:
    """Gradient descent of -2 F^m on a network's parameters, time scaled by the mean of its kernel at the start.

    Args:
        network: periodic on the grid; left as it was.
        grid: where F^m is computed.
        times: where states are wanted.
        measure: m, a density in the coordinates; 1 if not given.
        tolerance: relative error of a step in the parameters.
        progress: called at every state that is kept.

    Returns:
        The state "g"; the measures of `fixed_kernel_flow`.

    Raises:
        InputError: a network that does not fit the grid, or a measure that is not positive.
        NumericalError: the start is no metric somewhere.
    """
    density = np.ones(grid.shape) if measure is None else np.asarray(measure, dtype=float)
    made = GridNetwork(network, grid)
    potential(GridMetric(grid, made.metric(made.start)), density)
    theta = metric_ntk(network, made.x)
    mass = float(theta.diagonal(dim1=2, dim2=3).mean(2).sum(1).mean())

    def metric_of(y: ndarray) -> ndarray:
        return made.metric(torch.from_numpy(y.copy()))

    def rate(y: ndarray) -> ndarray:
        gradient = _raised_gradient(GridMetric(grid, metric_of(y)), density)
        return -made.pulled_gradient(torch.from_numpy(y.copy()), gradient).numpy() / mass

    return _integrated("network", grid, density, times, made.start.numpy(), rate, metric_of, tolerance, progress)


def periodic_gaussian(grid: PeriodicGrid, length: float) -> Smoothing:
    """Convolution with (2 pi l^2)^(-d/2) exp(-|x|^2 / (2 l^2)) and its periodic images: modes times e^(-l^2 k^2/2).

    Raises:
        InputError: a length that is not positive.
    """
    if not length > 0:
        raise InputError(f"`length` must be positive, not {length!r}; without smoothing the kernel is local")
    factor = np.exp(length**2 * grid.eigenvalues / 2)
    return lambda t: grid.synthesis(factor * grid.analysis(t))


def taxonomy(
    network: MetricNetwork,
    grid: PeriodicGrid,
    times: object,
    *,
    length: float = 0.5,
    measure: Float[ndarray, " *grid"] | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Ring]:
    """All four flows from the metric that the network starts with, beside Ricci flow.

    Args:
        network: periodic on the grid; left as it was.
        grid: points and lengths.
        times: where states are wanted.
        length: of the kernel at infinite width.
        measure: m, a density in the coordinates; 1 if not given.
        progress: called at every state of each.

    Returns:
        Rings "network", "infinite width", "local", "perelman".

    Raises:
        InputError: a network that does not fit the grid.
        NumericalError: the start is no metric somewhere.
    """
    made = GridNetwork(network, grid)
    g = grid.filtered(made.metric(made.start))
    density = np.ones(grid.shape) if measure is None else np.asarray(measure, dtype=float)
    options = {"measure": density, "progress": progress}
    flows = {
        "network": descent_flow(network, grid, times, **options),
        "infinite width": fixed_kernel_flow(grid, g, times, smoothing=periodic_gaussian(grid, length), **options),
        "local": fixed_kernel_flow(grid, g, times, **options),
        "perelman": tensor_flow(grid, g, times, gauge="perelman", **options),
    }
    ricci = tensor_flow(grid, g, times)
    return {name: _ring(grid, flow, ricci) for name, flow in flows.items()}


def _ring(grid: PeriodicGrid, flow: Trajectory, ricci: Trajectory) -> Ring:
    """What a flow keeps, and its invariants beside Ricci flow's at its last time."""
    beside = int(np.searchsorted(ricci.times, flow.times[-1]))
    found, wanted = (_invariants(GridMetric(grid, g)) for g in (flow.states["g"][-1], ricci.states["g"][beside]))
    scale = np.maximum(np.abs(wanted), np.abs(wanted[2:]).max() * 1e-3)
    kept = tuple(
        name
        for name in ("volume", "total_curvature")
        if np.ptp(flow.measures[name]) < 1e-6 * max(1.0, abs(flow.measures[name][0]))
    )
    return Ring(
        flow, float((np.abs(found - wanted) / scale).max()), kept, bool((np.diff(flow.measures["F"]) > 0).all())
    )


def _invariants(metric: GridMetric) -> ndarray:
    r = metric.scalar_curvature
    return np.array([metric.integral(1.0), metric.integral(r**2), *spectrum(metric, 6)])


def _raised_gradient(metric: GridMetric, density: ndarray) -> Float[ndarray, "d d *grid"]:
    """l^ij = 2 (Ric + DDf)^ij m, of L = -2 F^m."""
    tensor = bakry_emery(metric, potential(metric, density))
    return 2 * density * np.einsum("ik...,jl...,kl...->ij...", metric.g_uu, metric.g_uu, tensor)


def _integrated(
    name: str,
    grid: PeriodicGrid,
    density: ndarray,
    times: object,
    y: ndarray,
    rate: Callable[[ndarray], ndarray],
    metric_of: Callable[[ndarray], ndarray],
    tolerance: float,
    progress: Progress | None,
) -> Trajectory:
    wanted = checked_times(times)

    def safe(t: float, y: ndarray) -> ndarray:
        try:
            return rate(y)
        except NumericalError:
            return np.full_like(y, np.nan)  # the trial step is made shorter

    def keep(t: float, y: ndarray) -> None:
        metric = GridMetric(grid, metric_of(y))
        r = metric.scalar_curvature
        measures = {
            "F": f_functional(metric, potential(metric, density)),
            "volume": metric.integral(1.0),
            "total_curvature": metric.integral(r),
            "curvature_squared": metric.integral(r**2),
        }
        recorder.add(t, {"g": metric.g_dd}, measures)

    recorder = Recorder(f"flow of Perelman's F, {name}", progress)
    end, message = follow(
        lambda t, y, stop: DOP853(safe, t, y, stop, rtol=tolerance, atol=tolerance),
        wanted,
        y,
        keep,
        recorder,
        lambda y: GROWN if grid.tail(metric_of(y)) > RESOLVED else "",
    )
    return recorder.done(end, message, None, {"points": grid.points(), "measure": density})
