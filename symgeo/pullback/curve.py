r"""Length, energy and parallel transport along a curve through points.

The points are joined by straight segments of the coordinates, c(t) with c' = p_{i+1} - p_i on segment i:

    L = int |D Phi[c']| dt,      E = 1/2 int |D Phi[c']|^2 dt,      V' = -argmin_a |D Phi[a] + D^2 Phi[c', V]|.

Along the image the derivative of a transported vector is normal, as a geodesic's acceleration is. Where the points lie
on a smooth curve, what the corners add falls with the square of their distances.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import NumericalError
from symgeo.pullback.batch import Batch
from symgeo.pullback.geodesic import flow_tolerance, tangential

# Gauss-Legendre nodes a segment: exact for polynomials of degree 11.
NODES = 6


def speeds(batch: Batch, paths: int, chunk: int) -> tuple[Float[Tensor, "paths parts nodes"], Float[Tensor, " nodes"]]:
    """|D Phi[c']| at the nodes of each segment, and the weights of the nodes, which add up to one.

    Args:
        batch: the points of all paths, one path after the other.
        paths: how many there are.
        chunk: nodes that go through the map at once.

    Raises:
        NumericalError: the map has no derivative at a node.
    """
    places, weights = (torch.from_numpy(a / 2).to(batch.points) for a in np.polynomial.legendre.leggauss(NODES))
    points = batch.points.view(paths, -1, batch.d)
    steps = points.diff(dim=1)
    nodes = points[:, :-1, None] + (places + 0.5)[:, None] * steps[:, :, None]
    along = steps[:, :, None].expand_as(nodes)
    lengths = []
    for at, direction in zip(
        nodes.reshape(-1, batch.d).split(chunk), along.reshape(-1, batch.d).split(chunk), strict=True
    ):
        lengths.append(batch.jet_along(at, direction[None], 1).first[0].norm(dim=-1))
    found = torch.cat(lengths).view(nodes.shape[:3])
    bad = (~found.isfinite()).any(-1).nonzero()
    if len(bad):
        path, segment = bad[0].tolist()
        raise NumericalError(
            f"The speed is not finite on segment {segment} of path {path}: the map overflows or has no derivative "
            "there; move the path."
        )
    return found, weights


def transported(batch: Batch, vectors: Float[Tensor, "k d"]) -> Float[Tensor, "k t d"]:
    """Vectors at the first point of a batch, carried along its points by an eighth-order Runge-Kutta method.

    Raises:
        NumericalError: the path meets a singular point, or the solver fails.
    """
    from scipy.integrate import solve_ivp

    k, like = len(vectors), batch.points
    carried = [vectors.to(like)]
    for start, stop in zip(batch.points[:-1], batch.points[1:], strict=True):
        step = stop - start

        def rate(time: float, state: np.ndarray, start: Tensor = start, step: Tensor = step) -> np.ndarray:
            at = (start + time * step).expand(k, -1)
            directions = torch.stack([step.expand(k, -1), torch.from_numpy(state.reshape(k, -1)).to(like)])
            bend = batch.jet_along(at, directions).second[1]
            return -tangential(batch, at, bend).double().cpu().numpy().ravel()

        state = carried[-1].double().cpu().numpy().ravel()
        scale, tolerance = float(np.abs(state).max()) or 1.0, flow_tolerance(like.dtype)
        solution = solve_ivp(rate, (0.0, 1.0), state, method="DOP853", rtol=tolerance, atol=tolerance * scale)
        if not solution.success:
            raise NumericalError(f"The vector could not be carried along the path: {solution.message}")
        carried.append(torch.from_numpy(solution.y[:, -1].reshape(k, -1)).to(like))
    return torch.stack(carried, 1)
