r"""Ricci flow of g = u(r, t) (dx^2 + dy^2) on a disc, with u given on its boundary.

    d(log u)/dt = (1/u) Lap log u,     Lap f = (4 / a^2) (s f_s)_s,   s = (r / a)^2 in [0, 1]

For metrics of the plane, Hamilton's cigar above all: in s a smooth rotationally symmetric function is smooth at the
centre as well. Chebyshev collocation, Radau in time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.integrate import Radau

from symgeo.errors import InputError
from symgeo.flows.chebyshev import Chebyshev
from symgeo.flows.ordinary import follow
from symgeo.flows.trajectory import Progress, Recorder, Trajectory, checked_times

# How far the factor at the start and its value on the boundary may differ, in relative terms.
AGREE = 1e-8


def disc_flow(
    u: Callable[[Float[ndarray, " m"]], Float[ndarray, " m"]],
    boundary: Callable[[float], float],
    times: object,
    *,
    radius: float = 1.0,
    points: int = 33,
    tolerance: float = 1e-10,
    progress: Progress | None = None,
) -> Trajectory:
    """The Ricci flow of a conformal factor that depends on the distance from the centre alone.

    Args:
        u: the factor at the start, of r^2.
        boundary: the factor at the boundary, of t.
        times: where states are wanted.
        radius: a, of the disc, in coordinates.
        points: of the grid.
        tolerance: relative error of a step in u.
        progress: called at every state that is kept.

    Returns:
        The state "u" at the constants "r"; the measures "area" and "centre_curvature" (R).

    Raises:
        InputError: a factor that is not positive, or a boundary that does not fit it.
    """
    wanted = checked_times(times)
    grid = Chebyshev(points)
    s = (1 + grid.x) / 2
    d = 2 * grid.derivative
    laplacian = 4 / radius**2 * (s[:, None] * (d @ d) + d)
    start = np.asarray(u(radius**2 * s), dtype=float)
    if start.shape != s.shape or not (np.isfinite(start) & (start > 0)).all():
        raise InputError("`u` must make positive finite values of r^2, one for each")

    for t in wanted:
        if not boundary(float(t)) > 0:
            raise InputError(f"`boundary` must be positive; at t = {t:.6g} it is {boundary(float(t)):.6g}")
    if abs(boundary(float(wanted[0])) / start[0] - 1) > AGREE:
        raise InputError(f"`boundary` begins at {boundary(float(wanted[0])):.6g}, but `u` ends at {start[0]:.6g}")

    def whole(t: float, inner: ndarray) -> ndarray:
        return np.concatenate([np.full((1, *inner.shape[1:]), np.log(boundary(t))), inner])

    def rate(t: float, inner: ndarray) -> ndarray:
        w = whole(t, inner)
        return np.exp(-w[1:]) * (laplacian[1:] @ w)

    def keep(t: float, inner: ndarray) -> None:
        w = whole(t, inner)
        measures = {
            "area": float(np.pi * radius**2 * grid.integral(np.exp(w)) / 2),
            "centre_curvature": float(-np.exp(-w[-1]) * (laplacian[-1] @ w)),
        }
        recorder.add(t, {"u": np.exp(w)}, measures)

    recorder = Recorder("Ricci flow on a disc", progress)
    end, message = follow(
        lambda t, inner, stop: Radau(rate, t, inner, stop, rtol=tolerance, atol=tolerance, vectorized=True),
        wanted,
        np.log(start[1:]),
        keep,
        recorder,
    )
    return recorder.done(end, message, None, {"r": radius * np.sqrt(s)})
