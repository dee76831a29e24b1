r"""Geodesics of a pullback metric, from acceleration alone.

On the image the acceleration of a geodesic is normal: D Phi[x''] + D^2 Phi[x', x'] is orthogonal to every D Phi[e_a],
so

    x'' = - argmin_a |D Phi[a] + D^2 Phi[x', x']|,

a least-squares problem for each point, with one second derivative along x' instead of the d (d + 1)/2 of the
Christoffel symbols. Speed is constant along it: <D Phi[x'], D Phi[x']> is conserved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.batch import Batch
from symgeo.pullback.frame import orthonormal_frame, rank

# Relative tolerance of the collocation that joins two points.
JOIN_TOLERANCE = 1e-8
# Collocation may refine the path to this many nodes before it gives up.
NODES = 4000


def flow_tolerance(dtype: torch.dtype) -> float:
    """Relative tolerance of the initial-value solver: 1e-10, or what the rounding of `dtype` allows."""
    return max(1e-10, 10 * torch.finfo(dtype).eps)


@dataclass(frozen=True)
class Geodesic:
    """Points along geodesics, and the velocities there."""

    points: Float[Tensor, "... t d"]
    velocities: Float[Tensor, "... t d"]


def acceleration(
    batch: Batch, points: Float[Tensor, "batch d"], velocities: Float[Tensor, "batch d"]
) -> Float[Tensor, "batch d"]:
    """x'' of the geodesics through points with these velocities.

    Raises:
        NumericalError: the metric is singular at a point.
    """
    bend = batch.jet_along(points, velocities[None]).second[0]
    return -tangential(batch, points, bend)


def tangential(
    batch: Batch, points: Float[Tensor, "batch d"], vectors: Float[Tensor, "batch n"]
) -> Float[Tensor, "batch d"]:
    """argmin_a |D Phi[a] - w|: the part of a vector of the features that is tangent to the image, in coordinates.

    Raises:
        NumericalError: the metric is singular at a point.
    """
    tangent = batch.jet(points, 1).first.transpose(0, 1)
    frame = orthonormal_frame(tangent)
    singular = (rank(frame.r, batch.n) < batch.d).nonzero()
    if len(singular):
        where = ", ".join(f"{value:.6g}" for value in points[singular[0, 0]][:6])
        raise NumericalError(
            f"The path meets a singular point of the metric at ({where}), beyond which it is not determined: "
            "shorten it, or start elsewhere."
        )
    along = frame.q @ vectors[..., None]
    return torch.linalg.solve_triangular(frame.r, along, upper=True).squeeze(-1)


def integrate(batch: Batch, velocities: Float[Tensor, "batch d"], times: Float[Tensor, " t"]) -> Geodesic:
    """The geodesics that leave the points of a batch, at increasing positive times; (batch, t, d).

    Raises:
        InputError: times that are not finite, or do not increase from 0.
        NumericalError: a singular point is met, or the solver fails.
    """
    from scipy.integrate import solve_ivp  # 40 MB that metric and curvature do without

    clock = times.detach().double().cpu().numpy()
    if clock.ndim != 1 or len(clock) == 0 or not np.isfinite(clock).all():
        raise InputError(f"`times` must be finite times in one dimension, not {times.tolist()}.")
    if clock[0] < 0 or (np.diff(clock) <= 0).any():
        raise InputError("`times` must be increasing times of at least 0, in one dimension.")
    like, shape = batch.points, (2, *batch.points.shape)

    def rate(_time: float, state: np.ndarray) -> np.ndarray:
        points, speeds = torch.from_numpy(state.reshape(shape)).to(like)
        return torch.stack([speeds, acceleration(batch, points, speeds)]).double().cpu().numpy().ravel()

    start = torch.stack([like, velocities.to(like)]).double().cpu().numpy().ravel()
    if clock[-1] == 0:
        return Geodesic(like[:, None], velocities.to(like)[:, None])
    scale, tolerance = float(np.abs(start).max()) or 1.0, flow_tolerance(like.dtype)
    solution = solve_ivp(
        rate, (0.0, clock[-1]), start, method="DOP853", t_eval=clock, rtol=tolerance, atol=tolerance * scale
    )
    if not solution.success:
        raise NumericalError(f"The geodesic could not be followed to time {clock[-1]:g}: {solution.message}")
    path = torch.from_numpy(solution.y.T.reshape(len(clock), *shape)).to(like)
    return Geodesic(path[:, 0].transpose(0, 1), path[:, 1].transpose(0, 1))


def connect(batch: Batch, count: int) -> Geodesic:
    """The geodesic between the two points of a batch, by collocation from the straight segment; (count, d).

    Raises:
        InputError: fewer than two points asked for.
        NumericalError: collocation does not converge, or a singular point is met.
    """
    from scipy.integrate import solve_bvp

    if count < 2:
        raise InputError(f"`count` must be at least 2, not {count}: the end points are counted.")
    like, d = batch.points, batch.d
    a, b = like.double().cpu().numpy()

    def rate(_time: np.ndarray, state: np.ndarray) -> np.ndarray:
        points, speeds = torch.from_numpy(state.T.reshape(-1, 2, d)).to(like).unbind(1)
        return torch.cat([speeds, acceleration(batch, points, speeds)], 1).double().cpu().numpy().T

    def ends(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        return np.concatenate([start[:d] - a, stop[:d] - b])

    nodes = np.linspace(0, 1, 17)
    guess = np.concatenate([a[:, None] + nodes * (b - a)[:, None], np.repeat((b - a)[:, None], len(nodes), 1)])
    solution = solve_bvp(rate, ends, nodes, guess, tol=JOIN_TOLERANCE, max_nodes=NODES)
    if not solution.success:
        raise NumericalError(
            "No geodesic was found between `a` and `b` near the straight segment (residual "
            f"{solution.rms_residuals.max():.1e}, {solution.message.rstrip('.')}): join nearer points, one by one."
        )
    state = torch.from_numpy(solution.sol(np.linspace(0, 1, count)).T.reshape(count, 2, d)).to(like)
    return Geodesic(state[:, 0], state[:, 1])
