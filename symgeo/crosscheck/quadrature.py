r"""The geometry of the wide network from one-dimensional integrals at 30 digits, and the definition of curvature.

With z = w.x + b, v = Var z and h = phi'^2: g = E[h w w], dg = E[h' w w w], ddg = E[h'' w w w w]. Given z, w is Gaussian
of mean alpha z, alpha = sigma^2 x/v, and covariance C = sigma^2 1 - v alpha alpha^T, so that, over z alone,

    g   = alpha alpha E[h z^2] + C E[h]
    dg  = alpha alpha alpha E[h' z^3] + (3 terms alpha C) E[h' z]
    ddg = alpha alpha alpha alpha E[h'' z^4] + (6 terms alpha alpha C) E[h'' z^2] + (3 terms C C) E[h''].

The derivatives of h are taken over by the density, E[h' p] = E[h (z p/v - p')], so that kinks of phi do no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp
from jaxtyping import Float

from symgeo.activations import Activation
from symgeo.crosscheck.definition import christoffel_and_curvature
from symgeo.gaussian import expectation

Real = Any  # an mpmath number: its class has no static type

_AAC = ("ab,c,d", "ac,b,d", "ad,b,c", "bc,a,d", "bd,a,c", "cd,a,b")
_CC = ("ab,cd", "ac,bd", "ad,bc")


def by_quadrature(
    phi: Activation, points: Float[np.ndarray, "points d"], sigma: float, zeta: float
) -> dict[str, Float[np.ndarray, "points ..."]]:
    """Metric, log volume element, Christoffel symbols and scalar curvature, by name, rounded to floats at the end."""
    with mp.workdps(40):
        each = [_at(phi, x, mp.mpf(sigma), mp.mpf(zeta)) for x in points]
    return {quantity: np.array([of[quantity] for of in each], dtype=float) for quantity in each[0]}


def _at(phi: Activation, point: np.ndarray, sigma: Real, zeta: Real) -> dict[str, object]:
    x = np.array([mp.mpf(t) for t in point])
    v = sigma**2 * (x @ x) + zeta**2
    E = _moments(phi, v)
    a = sigma**2 * x / v
    C = sigma**2 * np.array(mp.eye(len(x)).tolist()) - v * np.outer(a, a)
    g = np.outer(a, a) * E(0, 2) + C * E(0, 0)
    first = np.einsum("a,b,c->abc", a, a, a) * E(1, 3)
    first = first + sum(np.einsum(f"{to}->abc", C, a) for to in ("ab,c", "ac,b", "bc,a")) * E(1, 1)
    second = np.einsum("a,b,c,d->abcd", a, a, a, a) * E(2, 4)
    second = second + sum(np.einsum(f"{to}->abcd", C, a, a) for to in _AAC) * E(2, 2)
    second = second + sum(np.einsum(f"{to}->abcd", C, C) for to in _CC) * E(2, 0)
    matrix = mp.matrix(g.tolist())
    gamma, curvature = christoffel_and_curvature(np.array((matrix**-1).tolist()), first, second)
    return {
        "matrix": g,
        "log_volume_element": mp.log(mp.det(matrix)) / 2,
        "christoffel": gamma,
        "scalar_curvature": curvature,
    }


def _moments(phi: Activation, v: Real) -> Callable[[int, int], Real]:
    # E(n, k) is E[h^(n)(z) z^k].
    z = sp.Symbol("z", real=True)
    # All powers are integrated at the same nodes.
    h = cache(sp.lambdify(z, phi.derivative(z) ** 2, [{"Heaviside": lambda t, *_: mp.mpf(t > 0)}, "mpmath"]))

    @cache
    def E(order: int, power: int) -> Real:
        if order == 0:
            return expectation(lambda t: h(t) * t**power, v).value
        by_parts = E(order - 1, power + 1) / v
        return by_parts - power * E(order - 1, power - 1) if power else by_parts

    return E
