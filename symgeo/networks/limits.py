r"""How the geometry of a wide network begins at the origin and ends far out: leading terms as s -> 0 and s -> infinity.

With b = 2 a', A = a + 2 s a' is g along x, a across it, and (derivations/04)

    K_tt = - s a'^2/(a^2 A),    K_rt = - 2 s a' (a a' + s a a'' - s a'^2)/(a^2 A^2),
    R = 2 (d-1) K_rt + (d-1)(d-2) K_tt,    sqrt det g = a^((d-1)/2) A^(1/2).

Closed forms are expanded (`symgeo.geometry.expansion`), exp(-k s) counting as smaller than every power. Where G(v) has
none, the origin needs only G(zeta^2) and its derivatives, and far out, with F = phi'^2 and F0 = (F(-oo) + F(oo))/2,

    G(v) = F0 + (M_0 - M_2/(2v) + ...)/sqrt(2 pi v),    M_k = int z^k (F - its limit at the sign of z) dz.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.program import Input, Let, Program
from symgeo.errors import InputError
from symgeo.geometry import RadialMetric
from symgeo.geometry.expansion import NoExpansion, leading_term
from symgeo.geometry.programs import X, parameters
from symgeo.networks.wide_metric import SIGMA, ZETA, S, WideMetric
from symgeo.networks.wide_quadrature import Gram, carried

_T = sp.Symbol("t", positive=True)
_E = sp.Symbol("E", positive=True)
# Positive, so that roots of them are split.
_S, _ZETA = sp.Symbol("s", positive=True), sp.Symbol("zeta", positive=True)

# (F0, M_0, M_2) of what has no closed form, from int sech^4 and logistic'^2 = (logistic' - logistic''')/6.
_TAILS: dict[str, tuple[sp.Expr, sp.Expr, sp.Expr]] = {
    "tanh": (sp.S.Zero, sp.Rational(4, 3), sp.pi**2 / 9 - sp.Rational(2, 3)),
    "sigmoid": (sp.S.Zero, sp.Rational(1, 6), sp.pi**2 / 18 - sp.Rational(1, 3)),
    "softplus": (sp.Rational(1, 2), sp.S.NegativeOne, -(sp.pi**2) / 3),
    "silu": (sp.Rational(1, 2), sp.pi**2 / 18 - sp.Rational(1, 3), 7 * sp.pi**4 / 90),
}


@dataclass(frozen=True)
class Leading:
    """Leading terms in s; a quantity that is zero for every s is 0.

    Attributes:
        across: a, the metric across x.
        along: A, the metric along x.
        volume_element: sqrt(det g).
        K_rt: the sectional curvature of planes through x.
        K_tt: that of planes orthogonal to x.
        scalar_curvature: R; where d is open and K_rt and K_tt differ in order, the term of each.
    """

    across: sp.Expr
    along: sp.Expr
    volume_element: sp.Expr
    K_rt: sp.Expr
    K_tt: sp.Expr
    scalar_curvature: sp.Expr
    metric: WideMetric = field(repr=False, compare=False)

    def program(self, quantity: str) -> Program:
        """The program of a leading term, for points of any dimension: `generate(terms.program("K_rt"))`.

        Raises:
            InputError: for a name that is no leading term.
        """
        if quantity not in TITLES:
            raise InputError(f"`quantity` {quantity!r} is no leading term; those are {', '.join(TITLES)}")
        value, d = getattr(self, quantity), self.metric.dimension
        i = sp.Idx("i", d)
        result = sp.Symbol("result", real=True)
        program = Program(
            quantity,
            f"{TITLES[quantity]} of the infinitely wide network with {self.metric.activation.name} units.",
            f"{quantity} = {sp.sstr(value)},   s = x.x",
            "Weights N(0, sigma^2), biases N(0, zeta^2). Derived in derivations/05_activations.",
            (Input(X, "points", (d,), batched=True), *parameters(self._deviations())),
            (Let(S, sp.Sum(X[i] * X[i], (i, 0, d - 1))), Let(result, value)),
            result,
            (),
            sizes=(d,) if d.is_Symbol else (),
        )
        if self.metric.rule is None:
            return program
        return carried(program, self.metric.activation, self.metric.rule, sp.S.Zero, ZETA**2)

    def _deviations(self) -> set[sp.Symbol]:
        """Of sigma and zeta those that any of the terms holds, so that all are called alike."""
        terms = (getattr(self, name) for name in TITLES)
        return {SIGMA, ZETA} & set().union(*(term.free_symbols for term in terms))


TITLES = {
    "across": "Leading term of the metric across x",
    "along": "Leading term of the metric along x",
    "volume_element": "Leading term of the volume element",
    "K_rt": "Leading term of the sectional curvature K_rt of planes through x",
    "K_tt": "Leading term of the sectional curvature K_tt of planes orthogonal to x",
    "scalar_curvature": "Leading term of the scalar curvature",
}


def near_origin(metric: WideMetric, *, bias: bool = True) -> Leading:
    """The leading terms as s -> 0; with `bias` for zeta > 0, else for zeta = 0.

    Raises:
        InputError: where there is no expansion.

    >>> from symgeo.networks import WideNetwork
    >>> near_origin(WideNetwork("erf").metric, bias=False).scalar_curvature
    -pi*s*sigma**2*(d - 1)*(d + 2)/2
    """
    zeta = _ZETA if bias else sp.S.Zero
    a = metric.a.subs({S: _S, ZETA: zeta})
    if a.has(Gram) and not bias:
        # G(v) about v = 0: d/dv E[F] = E[F'']/2. Curvature begins with a''.
        z = sp.Symbol("z", real=True)
        F = metric.activation.derivative(z) ** 2
        taylor = (F.diff(z, 2 * k).subs(z, 0) * (SIGMA**2 * _S) ** k / (2**k * sp.factorial(k)) for k in range(4))
        a = SIGMA**2 * sp.Add(*taylor)
    return _leading(metric, a, outward=False)


def far_out(metric: WideMetric, *, bias: bool = True) -> Leading:
    """The leading terms as s -> infinity; with `bias` for zeta > 0, else for zeta = 0.

    Raises:
        InputError: for an activation without closed form that the table does not hold.

    >>> from symgeo.networks import WideNetwork
    >>> far_out(WideNetwork("gelu").metric).across
    sigma**2/2
    """
    zeta = _ZETA if bias else sp.S.Zero
    a = metric.a.subs({S: _S, ZETA: zeta})
    if a.has(Gram):
        name = metric.activation.name
        if name not in _TAILS:
            raise InputError(
                f"`metric`: the activation {name!r} has no closed form, and its moments are known only for "
                f"{', '.join(_TAILS)}"
            )
        F0, M0, M2 = _TAILS[name]
        v = SIGMA**2 * _S + zeta**2
        a = SIGMA**2 * (F0 + (M0 - M2 / (2 * v)) / sp.sqrt(2 * sp.pi * v))
    return _leading(metric, a, outward=True)


def _leading(metric: WideMetric, a: sp.Expr, *, outward: bool) -> Leading:
    d, s = metric.dimension, _S
    da, dda = a.diff(s), a.diff(s, 2)
    A = a + 2 * s * da
    flat = sp.simplify(da) == 0
    K_rt = sp.S.Zero if flat else -2 * s * da * (a * da + s * a * dda - s * da**2) / (a**2 * A**2)
    K_tt = sp.S.Zero if flat else -s * da**2 / (a**2 * A)
    if K_rt != 0 and RadialMetric(a, 2 * da, s, 2).scalar_curvature() == 0:
        K_rt = sp.S.Zero  # a cone
    try:
        (_, across), (_, along), (e, rt), (f, tt) = (_first(value, outward) for value in (a, A, K_rt, K_tt))
    except NoExpansion as error:
        raise InputError(f"`metric`: no expansion of its curvature ({error})") from None
    R = 2 * (d - 1) * rt + (d - 1) * (d - 2) * tt
    if e != f and rt != 0 and tt != 0 and (d - 2).is_positive:
        # With a number of dimensions above 2 one of the two is smaller.
        lower = (e < f) if not outward else (e > f)
        R = 2 * (d - 1) * rt if lower else (d - 1) * (d - 2) * tt
    elif R == 0 and rt != 0:
        # In this dimension the two cancel.
        R = _first(sp.factor(2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt), outward)[1]
    volume = across ** ((d - 1) / 2) * sp.sqrt(along)
    back = {_S: S, _ZETA: ZETA}
    return Leading(*(sp.factor(value).xreplace(back) for value in (across, along, volume, rt, tt, R)), metric)


def _first(value: sp.Expr, outward: bool) -> tuple[sp.Expr, sp.Expr]:
    """(an order by which terms compare, the leading term) of a function of s."""
    rank, factor = sp.S.Zero, sp.S.One
    if outward and value.atoms(sp.exp):
        rates = {e: sp.expand(e.args[0]).coeff(_S, 1) for e in value.atoms(sp.exp)}
        put = {e: _E ** (-k / SIGMA**2) * sp.exp(sp.expand(e.args[0] - k * _S)) for e, k in rates.items()}
        power, value = leading_term(value.xreplace(put), _E)
        rank, factor = -1000 * power, sp.exp(-power * SIGMA**2 * _S)
    power, coefficient = leading_term(value.subs(_S, 1 / _T if outward else _T), _T)
    power = -power if outward else power
    return rank + power, coefficient * _S**power * factor
