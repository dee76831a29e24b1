r"""Exact solutions of Ricci flow dg/dt = -2 Ric, what the solvers are held against.

    Einstein, Ric = lam g_0 at t = 0:  g = (1 - 2 lam t) g_0;  S^n: r^2 = r_0^2 - 2 (n-1) t;  H^n: r_0^2 + 2 (n-1) t
    g = u (dx^2 + dy^2), du/dt = Lap log u:
        torus mode  u = k sinh T / (cosh T + cos p.x),  T = |p|^2 t / k + T_0     (flat as t -> infinity)
        cigar       u = 1 / (e^{4t} + x^2 + y^2)                                  (Hamilton 1988)
        Rosenau     u = sinh(-2t) / (1 + sin^2(theta) sinh^2 t) times the unit sphere's metric, t < 0

The torus mode solves A' = |p|^2 B, A B' = |p|^2 (B^2 - 1) for u = A / (B + cos p.x). The sphere's is Rosenau's (1995)
with lam = 2, lam sinh(-lam t)/(cosh lam x + cosh lam t) times dx^2 + dy^2, where cosh x = 1 / sin(theta).
"""

from __future__ import annotations

import numpy as np
from numpy import ndarray


def sphere_radius_squared(t: ndarray | float, n: int, radius: float = 1.0) -> ndarray | float:
    """r^2 of a shrinking round S^n."""
    return radius**2 - 2 * (n - 1) * t


def hyperbolic_radius_squared(t: ndarray | float, n: int, radius: float = 1.0) -> ndarray | float:
    """r^2 of the expanding hyperbolic space of n dimensions, of curvature -1/r^2."""
    return radius**2 + 2 * (n - 1) * t


def torus_mode(
    phase: ndarray, t: float, *, wavenumber_squared: float = 1.0, flat: float = 1.0, start: float = 1.0
) -> ndarray:
    """The conformal factor that depends on phase = p.x alone.

    Args:
        phase: p.x.
        t: time.
        wavenumber_squared: |p|^2.
        flat: k, the factor that it tends to, and its mean over x.
        start: T_0 > 0; small is far from flat.
    """
    a = wavenumber_squared * t / flat + start
    return flat * np.sinh(a) / (np.cosh(a) + np.cos(phase))


def cigar(squared_distance: ndarray, t: float) -> ndarray:
    """The conformal factor of Hamilton's soliton in the plane, over dx^2 + dy^2."""
    return 1 / (np.exp(4 * t) + squared_distance)


def rosenau(squared_sine: ndarray, t: float) -> ndarray:
    """The conformal factor over the unit sphere, t < 0; vanishes at t = 0 as a round point.

    Args:
        squared_sine: sin^2 of the angle from the axis.
        t: time before extinction, negative.
    """
    return np.sinh(-2 * t) / (1 + squared_sine * np.sinh(t) ** 2)
