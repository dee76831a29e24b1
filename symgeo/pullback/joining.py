r"""The geodesic between two points: the boundary-value problem x(0) = a, x(1) = b, by collocation.

The solver asks for the derivatives of x'' = A(x, x') x', A^c_b = -Gamma^c_ab x'^a: along velocities they are 2 A, along
points differences with the step sqrt(eps) of the dtype.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.acceleration import Work, acceleration, connection, place
from symgeo.pullback.batch import Batch
from symgeo.pullback.geodesic import Geodesic

# Collocation may refine the path to this many nodes before it gives up.
NODES = 4000


def join_tolerance(dtype: torch.dtype) -> float:
    """Relative tolerance of the collocation that joins two points: 1e-8, or what the rounding of `dtype` allows."""
    return max(1e-8, 1e3 * torch.finfo(dtype).eps)


def connect(batch: Batch, count: int, work: Work, chunk: int | None = None) -> Geodesic:
    """The geodesic between the two points of a batch, by collocation from the straight segment; (count, d).

    Raises:
        InputError: fewer than two points asked for.
        NumericalError: collocation does not converge, a singular point is met, or more work is needed than allowed.
    """
    from scipy.integrate import solve_bvp

    if count < 2:
        raise InputError(f"`count` must be at least 2, not {count}: the end points are counted.")
    like, d = batch.points, batch.d
    a, b = like.double().cpu().numpy()

    def halves(state: np.ndarray) -> tuple[Tensor, Tensor]:
        points, speeds = torch.from_numpy(state.T.reshape(-1, 2, d)).to(like).unbind(1)
        work.count(len(points), "no path between `a` and `b` yet", "or join nearer points, one by one")
        return points, speeds

    def rate(_time: np.ndarray, state: np.ndarray) -> np.ndarray:
        points, speeds = halves(state)
        turning = _regular(points, *acceleration(batch, points, speeds, chunk))
        return torch.cat([speeds, turning], 1).double().cpu().numpy().T

    def slopes(time: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The derivatives of the rate."""
        nodes, steps = state.shape[1], math.sqrt(torch.finfo(like.dtype).eps) * (1 + np.abs(state[:d]))
        moves = np.zeros((2 * d, d, nodes))
        moves[range(d), range(d)] = steps
        moved = rate(time, (state[:, None] + moves).reshape(2 * d, -1)).reshape(2 * d, d, nodes)
        points, speeds = halves(state)
        rates = _regular(points, *connection(batch, points, speeds, chunk))
        found = np.zeros((2 * d, 2 * d, nodes))
        found[range(d), range(d, 2 * d)] = 1
        found[d:, :d] = ((moved - rate(time, state)[:, None]) / steps)[d:]
        found[d:, d:] = 2 * rates.permute(1, 2, 0).double().cpu().numpy()
        return found

    def ends(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        return np.concatenate([start[:d] - a, stop[:d] - b])

    nodes = np.linspace(0, 1, 17)
    guess = np.concatenate([a[:, None] + nodes * (b - a)[:, None], np.repeat((b - a)[:, None], len(nodes), 1)])
    solution = solve_bvp(rate, ends, nodes, guess, fun_jac=slopes, tol=join_tolerance(like.dtype), max_nodes=NODES)
    if not solution.success:
        raise NumericalError(
            "No geodesic was found between `a` and `b` near the straight segment (residual "
            f"{solution.rms_residuals.max():.1e}, {solution.message.rstrip('.')}): join nearer points, one by one."
        )
    state = torch.from_numpy(solution.sol(np.linspace(0, 1, count)).T.reshape(count, 2, d)).to(like)
    return Geodesic(state[:, 0], state[:, 1])


def _regular(points: Float[Tensor, "batch d"], found: Tensor, regular: Bool[Tensor, " batch"]) -> Tensor:
    """What was found at points, all of which must be regular."""
    if not regular.all():
        raise NumericalError(
            "The path from `a` to `b` meets a singular point of the metric at "
            f"{place(points[int((~regular).nonzero()[0])])}, beyond which it is not determined: join nearer points, "
            "one by one, or start elsewhere."
        )
    return found
