r"""A finite metric network that tracks Ricci flow: the natural gradient of Perelman's functional.

    theta' = argmin int |dg/dtheta . theta' - v|_g^2 dV,     |h|_g^2 = g^ik g^jl h_ij h_kl    (DeWitt's metric)

With v = -2 (Ric + DDf) this is the gradient of F^m in the metric that DeWitt's induces on the parameters. DeTurck's
v = -2 Ric + L_W g, which differs by a diffeomorphism, is well-posed, and what is taken here. What the network cannot
express is measured at every time.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import RK45
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.flows.grid_network import GridNetwork
from symgeo.flows.metric_network import MetricNetwork
from symgeo.flows.ordinary import follow
from symgeo.flows.packing import components, pack, unpack
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.tensor_flow import deturck_vector, lie_derivative
from symgeo.flows.trajectory import Progress, Recorder, Trajectory, checked_times

# Directions of the parameters whose singular value is below this part of the largest do not move.
CUT = 1e-4


def natural_flow(
    network: MetricNetwork,
    grid: PeriodicGrid,
    times: object,
    *,
    cut: float = CUT,
    tolerance: float = 1e-5,
    progress: Progress | None = None,
) -> Trajectory:
    """Ricci flow in DeTurck's gauge, projected on a network at every time; the network itself is left as it was.

    Args:
        network: periodic on the grid.
        grid: where it is sampled; derivatives in space are the grid's.
        times: where states are wanted.
        cut: parameters' directions with a singular value below this part of the largest do not move.
        tolerance: relative error of a step in the parameters (Runge, Kutta, Dormand and Prince, fifth order).
        progress: called at every state that is kept.

    Returns:
        The states "g" and "theta"; the measures "missed" (|dg/dt - v| / |v|, what the network cannot express), "rank"
        (directions that move) and "volume".

    Raises:
        InputError: a network that does not fit the grid, or a cut that is not between 0 and 1.
        NumericalError: the start is no metric somewhere.
    """
    wanted = checked_times(times)
    if not 0 < cut < 1:
        raise InputError(f"`cut` must be between 0 and 1, not {cut!r}")
    made = GridNetwork(network, grid)

    def moved(theta: ndarray) -> tuple[ndarray, float, int]:
        return _projected(made, torch.from_numpy(theta.copy()), cut)

    def rate(t: float, theta: ndarray) -> ndarray:
        try:
            return moved(theta)[0]
        except NumericalError:
            return np.full_like(theta, np.nan)

    def keep(t: float, theta: ndarray) -> None:
        _, missed, rank = moved(theta)
        g = made.metric(torch.from_numpy(theta.copy()))
        volume = GridMetric(grid, g).integral(1.0)
        recorder.add(t, {"g": g, "theta": theta}, {"missed": missed, "rank": rank, "volume": volume})

    recorder = Recorder("natural gradient of a metric network towards Ricci flow", progress)
    end, message = follow(
        lambda t, theta, stop: RK45(rate, t, theta, stop, rtol=tolerance, atol=tolerance),
        wanted,
        made.start.numpy().copy(),
        keep,
        recorder,
    )
    return recorder.done(end, message, None, {"points": grid.points()})


def _projected(made: GridNetwork, theta: Tensor, cut: float) -> tuple[ndarray, float, int]:
    """theta', the part of v that is missed, and how many directions move."""
    metric = GridMetric(made.grid, made.metric(theta))
    velocity = lie_derivative(made.grid, deturck_vector(metric), metric.g_dd) - 2 * metric.ricci_dd
    weigh = _orthonormal(made, metric)
    v = (weigh @ pack(made.on_points(velocity))[..., None]).reshape(-1)
    j = (weigh @ made.jacobian(theta)).flatten(0, 1)
    u, s, vt = torch.linalg.svd(j, full_matrices=False)
    kept = s > cut * s[0]
    along = u[:, kept].T @ v
    rate = vt[kept].T @ (along / s[kept])
    missed = float((v - u[:, kept] @ along).norm() / v.norm().clamp(min=1e-300))
    return rate.numpy(), missed, int(kept.sum())


def _orthonormal(made: GridNetwork, metric: GridMetric) -> Float[Tensor, "N o o"]:
    """Takes packed tensors in coordinates to packed ones in a g-orthonormal frame, times dV^(1/2)."""
    basis = unpack(torch.eye(components(made.grid.dimension), dtype=torch.float64))
    lower = torch.linalg.inv(torch.linalg.cholesky(made.on_points(metric.g_dd)))
    turned = torch.einsum("nij,ajk,nlk->nail", lower, basis, lower)
    root = torch.from_numpy(np.sqrt(metric.volume_element).reshape(-1, 1, 1).copy())
    return root * torch.einsum("bil,nail->nba", basis, turned)
