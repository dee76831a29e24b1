r"""Kernels of wide networks: E[phi(u) phi(w)] for centred Gaussians of variances p, r and covariance c.

    erf(z/sqrt 2)   (2/pi) asin(c/sqrt((1 + p)(1 + r)))                                           Williams 1998
    max(0, z)^q     (p r)^(q/2) J_q(theta)/(2 pi),   theta = acos(c/sqrt(p r))                    Cho and Saul 2009
    z^q             sum_k (q!)^2 (p r)^((q-k)/2) c^k / (k! ((q-k)/2)!^2 2^(q-k)),  q - k even     Isserlis 1918
    exp, sin, cos   e^((p+r)/2 + c),  e^(-(p+r)/2) sinh c,  e^(-(p+r)/2) cosh c
    exp(-z^2/2)     1/sqrt(D),   D = (1 + p)(1 + r) - c^2

and GELU's and the Gaussian softplus's from these by Stein's lemma. J_q is the polynomial in sin theta, cos theta and
pi - theta that starts from J_0 = pi - theta; by d/dc E[phi(u) phi(w)] = E[phi'(u) phi'(w)]

    dJ_q/dtheta = - q^2 sin(theta) J_(q-1),    J_q(pi) = 0.

For a network, p = sigma^2 x.x + zeta^2, r = sigma^2 y.y + zeta^2, c = sigma^2 x.y + zeta^2; layers are composed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy as sp

from symgeo.activations import Activation
from symgeo.errors import InputError
from symgeo.geometry import RadialMetric
from symgeo.geometry.kernel_diagonal import RadialKernel

_HALF = sp.Rational(1, 2)


def arc_cosine_kernel(order: int) -> RadialKernel:
    """Cho and Saul's kernel of order q, 2 E[max(0, w.x)^q max(0, w.y)^q] over w ~ N(0, 1): (p r)^(q/2) J_q(theta)/pi.

    Args:
        order: q >= 0; a function of p = x.x, r = y.y, c = x.y is returned.

    Raises:
        InputError: unless the order is an integer of at least 0.

    >>> arc_cosine_kernel(1)(sp.Integer(1), sp.Integer(1), sp.Integer(0))
    1/pi
    """
    q = _order(order, least=0)
    theta = sp.Symbol("theta", real=True)
    angular = _angular(q)

    def kernel(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
        p, r, c = map(sp.sympify, (p, r, c))
        cosine = c / (sp.sqrt(p) * sp.sqrt(r))
        values = {sp.cos(theta): cosine, sp.sin(theta): sp.sqrt(1 - cosine**2), theta: sp.acos(cosine)}
        return (sp.sqrt(p) * sp.sqrt(r)) ** q * angular(theta).xreplace(values) / sp.pi

    return kernel


def arc_cosine_metric(order: int, s: sp.Symbol, dimension: int | sp.Expr | None = None) -> RadialMetric:
    """The metric of the arc-cosine kernel of order q, g = q^2 (2q-3)!! s^(q-1) [delta + 2 (q-1) x x^T/s].

    It is that of WideNetwork("monomial", degree=q) at sigma = 1, zeta = 0, and twice the rectified one's.

    Raises:
        InputError: for order 0, whose kernel is not differentiable where x and y are parallel.

    >>> s = sp.Symbol("s", positive=True)
    >>> arc_cosine_metric(2, s).scalar_curvature()
    -(d - 2)*(d - 1)/(12*s**2)
    """
    if order == 0:
        raise InputError(
            "`order` = 0: the arc-cosine kernel of order 0 is not differentiable where x and y are parallel, so that "
            "it has no metric; take an order of at least 1"
        )
    q = _order(order, least=1)
    a = q**2 * sp.factorial2(2 * q - 3) * s ** (q - 1)
    return RadialMetric(a, a.diff(s) * 2, s, dimension)


def gaussian_kernel(activation: Activation) -> RadialKernel:
    """E[phi(u) phi(w)] as a function of the variances p, r and the covariance c of (u, w).

    Raises:
        InputError: for an activation without a known closed form.

    >>> from symgeo.activations import activation
    >>> gaussian_kernel(activation("erf"))(sp.Integer(1), sp.Integer(1), sp.Integer(1))
    1/3
    """
    name, _, rest = activation.name.partition("(")
    if name in _BY_NAME and not rest:
        return _BY_NAME[name]
    if name in _BY_PARAMETER and rest:
        parameter = sp.Rational(rest.rstrip(")"))
        kernel = _BY_PARAMETER[name](parameter)
        # A normalised power has the name of the plain one; its size at one point tells.
        z = sp.Integer(1)
        plain = 1 if name == "leaky_relu" else _square(activation.phi(z))
        return (lambda p, r, c: plain * kernel(p, r, c)) if plain != 1 else kernel
    raise InputError(
        f"`activation` {activation.name!r} has no kernel in closed form; those that have one are "
        f"{', '.join(sorted([*_BY_NAME, *(f'{family}(...)' for family in _BY_PARAMETER)]))}"
    )


def _square(e: sp.Expr) -> sp.Expr:
    return sp.sympify(e) ** 2


@cache
def _angular(q: int) -> Callable[[sp.Expr], sp.Expr]:
    """J_q(theta) as a polynomial in sin, cos and pi - theta, by Cho and Saul's definition.

    J_q = (-1)^q (sin theta)^(2q+1) ((1/sin theta) d/dtheta)^q ((pi - theta)/sin theta): with
    ((1/sin) d/dtheta)^k (...) = N_k/sin^(2k+1), N_0 = pi - theta, one has N_(k+1) = sin N_k' - (2k+1) cos N_k.
    """
    angle, C, S = sp.symbols("angle C S", real=True)  # pi - theta, cos theta, sin theta
    N: sp.Expr = angle
    for k in range(q):
        slope = -N.diff(angle) - S * N.diff(C) + C * N.diff(S)
        N = sp.expand(sp.expand(S * slope - (2 * k + 1) * C * N).subs(S**2, 1 - C**2))
        N = sp.expand(sp.rem(N, S**2 + C**2 - 1, S)) if N.has(S) else N
    J = sp.expand((-1) ** q * N)
    return lambda theta: J.xreplace({angle: sp.pi - theta, C: sp.cos(theta), S: sp.sin(theta)})


def _order(order: int, least: int) -> int:
    if isinstance(order, bool) or not sp.sympify(order).is_Integer or order < least:
        raise InputError(f"`order` must be an integer of at least {least}, not {order!r}")
    return int(order)


def _arcsine(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
    return sp.asin(c / (sp.sqrt(1 + p) * sp.sqrt(1 + r)))


def _determinant(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
    return sp.expand((1 + p) * (1 + r)) - c**2


def _probit(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
    return sp.Rational(1, 4) + _arcsine(p, r, c) / (2 * sp.pi)


def _gelu(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
    # E[u F(u) w F(w)] = p E[f(u) w F(w)] + c E[F(u) F(w)] + c E[F(u) w f(w)], F the distribution, f its density.
    below = 2 * sp.pi * sp.sqrt(_determinant(p, r, c))
    first = p * (r * (1 + p) - c**2) / ((1 + p) * below)
    return first + c * _probit(p, r, c) + c**2 / ((1 + r) * below)


def _gaussian_softplus(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
    below = 2 * sp.pi * sp.sqrt(_determinant(p, r, c))
    crossed = (p * (1 + r) - c**2) / ((1 + r) * below) + (r * (1 + p) - c**2) / ((1 + p) * below)
    return _gelu(p, r, c) + crossed + 1 / below


def _monomial(q: sp.Rational) -> RadialKernel:
    def kernel(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
        f = sp.factorial
        return sp.Add(
            *(
                f(q) ** 2 * (p * r) ** ((q - k) // 2) * c**k / (f(k) * f((q - k) // 2) ** 2 * 2 ** (q - k))
                for k in range(int(q) % 2, int(q) + 1, 2)
            )
        )

    return kernel


def _rectified(q: sp.Rational) -> RadialKernel:
    whole = arc_cosine_kernel(int(q))
    return lambda p, r, c: whole(p, r, c) / 2


def _leaky(slope: sp.Rational) -> RadialKernel:
    # phi = a z + (1 - a) max(0, z), and E[u max(0, w)] = c/2.
    relu = _rectified(sp.S.One)
    return lambda p, r, c: slope * c + (1 - slope) ** 2 * relu(p, r, c)


_BY_NAME: dict[str, RadialKernel] = {
    "erf": lambda p, r, c: 2 / sp.pi * _arcsine(p, r, c),
    "probit": _probit,
    "relu": _rectified(sp.S.One),
    "gelu": _gelu,
    "gaussian_softplus": _gaussian_softplus,
    "sin": lambda p, r, c: sp.exp(-(p + r) / 2) * sp.sinh(c),
    "cos": lambda p, r, c: sp.exp(-(p + r) / 2) * sp.cosh(c),
    "gaussian": lambda p, r, c: 1 / sp.sqrt(_determinant(p, r, c)),
    "exp": lambda p, r, c: sp.exp((p + r) / 2 + c),
}
_BY_PARAMETER: dict[str, Callable[[sp.Rational], RadialKernel]] = {
    "monomial": _monomial,
    "rectified_monomial": _rectified,
    "leaky_relu": _leaky,
}
