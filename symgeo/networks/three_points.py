r"""E[phi'(z)^2 phi(u) phi(w)] in closed form for centred Gaussians z, u, w: what data does to a wide network's metric.

With p, q, r the variances of z, u, w and a = E[zu], b = E[zw], c = E[uw]:

* phi'^2 a Gaussian (erf): tilting by it takes q to q - 2 a^2/k, r to r - 2 b^2/k, c to c - 2 ab/k, k = 1 + 2p, and
  leaves E[phi phi] of symgeo.networks.kernels;
* exponentials and waves: E[exp(l.y)] = exp(l.C l/2) for y = (z, u, w) of covariance C;
* exp(-z^2/2): E[exp(-y.D y/2)] = det(1 + D C)^(-1/2), and z^2 by the slope in D_zz (minus twice);
* powers: Isserlis' sum over pairings, k of u with w, i of z with u, j of z with w, the rest of each with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import sympy as sp

from symgeo.activations import Activation
from symgeo.errors import InputError

ThreePoints = Callable[[sp.Expr, sp.Expr, sp.Expr, sp.Expr, sp.Expr, sp.Expr], sp.Expr]
"""(p, q, r, a, b, c) -> the expectation."""


def three_point_mean(phi: Activation) -> ThreePoints:
    """E[phi'(z)^2 phi(u) phi(w)] as a function of (p, q, r, a, b, c).

    Raises:
        InputError: for an activation without a closed form.

    >>> from symgeo.activations import activation
    >>> three_point_mean(activation("monomial(1)"))(*sp.symbols("p q r a b c"))
    c
    """
    if phi.name in _BY_NAME:
        return _BY_NAME[phi.name]
    name, _, degree = phi.name.partition("(")
    if name == "monomial":
        q = int(degree.rstrip(")"))
        size = sp.sympify(phi.phi(sp.S.One)) ** 4  # of a normalised power
        return lambda *moments: size * _power(q, *moments)
    raise InputError(
        f"`activation` {phi.name!r} has no closed form for E[phi'^2 phi phi]; those that have one are "
        f"{', '.join(sorted([*_BY_NAME, 'monomial(q)']))}; bayesian_correction integrates the others"
    )


def _erf(p: sp.Expr, q: sp.Expr, r: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
    k = 1 + 2 * p
    tilted = (c - 2 * a * b / k) / (sp.sqrt(1 + q - 2 * a**2 / k) * sp.sqrt(1 + r - 2 * b**2 / k))
    return 4 / sp.pi**2 * sp.asin(tilted) / sp.sqrt(k)


def _probit(p: sp.Expr, *others: sp.Expr) -> sp.Expr:
    # (1 + erf)/2: means of odd functions vanish.
    return (2 / (sp.pi * sp.sqrt(1 + 2 * p)) + _erf(p, *others)) / 16


def _exp(p: sp.Expr, q: sp.Expr, r: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
    return sp.exp(2 * p + (q + r) / 2 + 2 * a + 2 * b + c)


def _waves(sign: int) -> ThreePoints:
    """Sines (1) or cosines (-1): (1 + sign cos 2z)/2 times (cos(u - w) - sign cos(u + w))/2."""

    def mean(p: sp.Expr, q: sp.Expr, r: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
        # The same at every p, then what turns with z.
        still = sp.sinh(c) if sign == 1 else sp.cosh(c)
        turning = sign * sp.exp(c) * sp.cosh(2 * a - 2 * b) - sp.exp(-c) * sp.cosh(2 * a + 2 * b)
        return sp.exp(-(q + r) / 2) * (2 * still + sp.exp(-2 * p) * turning) / 4

    return mean


def _gaussian(p: sp.Expr, q: sp.Expr, r: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
    # det(1 + diag(t, 1, 1) C) = below + t above, at t = 2.
    below = (1 + q) * (1 + r) - c**2
    above = p * below - a**2 * (1 + r) - b**2 * (1 + q) + 2 * a * b * c
    return above * (below + 2 * above) ** -sp.Rational(3, 2)


def _power(n: int, p: sp.Expr, q: sp.Expr, r: sp.Expr, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> sp.Expr:
    f, total = sp.factorial, sp.S.Zero
    first = 2 * n - 2
    for i, j, k in product(range(n + 1), repeat=3):
        rest = (first - i - j, n - i - k, n - j - k)
        if min(rest) < 0 or any(m % 2 for m in rest):
            continue
        halves = [m // 2 for m in rest]
        below = f(i) * f(j) * f(k) * sp.Mul(*(f(h) * 2**h for h in halves))
        powers = p ** halves[0] * q ** halves[1] * r ** halves[2]
        total += f(first) * f(n) ** 2 * a**i * b**j * c**k * powers / below
    return n**2 * total


_BY_NAME: dict[str, ThreePoints] = {
    "erf": _erf,
    "probit": _probit,
    "exp": _exp,
    "sin": _waves(1),
    "cos": _waves(-1),
    "gaussian": _gaussian,
}
