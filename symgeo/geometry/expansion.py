r"""Expansions at a point where SymPy's derivatives are 0/0: f(t) = sum_e c_e t^e + O(t^N), t -> 0+, e rational.

The sums, products, powers and functions of an expression are those of truncated series. At a regular point a function
is Taylor's series; at a branch point it is Puiseux's,

    acos(1 - w) = sqrt(2w) (1 + w/12 + 3w^2/160 + ...),   acos(w) + asin(w) = pi/2,   acos(-w) = pi - acos(w),
    atan(w) = sign(w) pi/2 - atan(1/w) far out,           |w| = sign(w) w,

so that square roots of t^2 and angles that vanish with t are terms like others. Coefficients are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.field import is_zero

# What counts as zero among numbers of 40 digits and more.
NOTHING = sp.Float("1e-20")


class NoExpansion(Exception):
    """The expression has no expansion in powers of t with real coefficients; `str` says why."""


@dataclass(frozen=True)
class Expansion:
    """sum_e terms[e] t^e + O(t^order); order is oo where the sum is exact.

    No coefficient is kept that is zero at first sight; `leading` finds those that are zero at second sight.
    """

    terms: Mapping[sp.Rational, sp.Expr]
    order: sp.Expr = sp.oo

    @staticmethod
    def of(terms: Mapping[sp.Rational, sp.Expr], order: sp.Expr) -> Expansion:
        """The expansion without its zeros and without what O(t^order) hides."""
        return Expansion({e: c for e, c in terms.items() if e < order and c != 0}, order)

    def coefficient(self, exponent: int | sp.Rational) -> sp.Expr:
        """The coefficient of t^exponent."""
        return self.terms.get(sp.sympify(exponent), sp.S.Zero)

    def __add__(self, other: Expansion) -> Expansion:
        terms = dict(self.terms)
        for e, c in other.terms.items():
            terms[e] = terms.get(e, sp.S.Zero) + c
        return Expansion.of(terms, sp.Min(self.order, other.order))

    def __mul__(self, other: Expansion) -> Expansion:
        low, other_low = (min(f.terms, default=f.order) for f in (self, other))
        order = sp.Min(self.order + other_low, other.order + low) if self.terms and other.terms else self.order
        if not (self.terms and other.terms):
            order = low + other_low
        terms: dict[sp.Rational, sp.Expr] = {}
        for e, c in self.terms.items():
            for f, d in other.terms.items():
                if e + f < order:
                    terms[e + f] = terms.get(e + f, sp.S.Zero) + c * d
        return Expansion.of(terms, order)

    def scaled(self, factor: sp.Expr, exponent: sp.Expr = sp.S.Zero) -> Expansion:
        """Factor t^exponent times this."""
        return Expansion.of({e + exponent: c * factor for e, c in self.terms.items()}, self.order + exponent)

    def leading(self) -> tuple[sp.Rational, sp.Expr] | None:
        """(e, c) of the lowest term, its coefficient factored; None where only O(t^order) is known.

        Raises:
            InputError: where it cannot be decided whether a coefficient is zero.
        """
        for e in sorted(self.terms):
            if not vanishes(self.terms[e]):
                return e, _tidy(self.terms[e])
        return None

    def trimmed(self) -> Expansion:
        """The same, beginning with its leading term."""
        first = self.leading()
        if first is None:
            return Expansion({}, self.order)
        later = {e: c for e, c in self.terms.items() if e > first[0]}
        return Expansion({first[0]: first[1], **later}, self.order)


class Short(Exception):
    """The working order hides the leading term: take a higher one."""


def expansion(expression: sp.Expr, t: sp.Symbol, order: int, *, most: int = 16, digits: int | None = None) -> Expansion:
    """The expansion of an expression up to t^order, as t -> 0+.

    Args:
        expression: made of t by sums, products, powers and functions.
        t: the small parameter, a positive symbol.
        order: the highest power wanted.
        most: how many orders to carry on the way at most, where leading terms cancel.
        digits: None for exact coefficients; where t is the only symbol, so many digits are faster.

    Raises:
        NoExpansion: for logarithms and exponentials of what grows, and other essential singularities.

    >>> t, a = sp.Symbol("t", positive=True), sp.Symbol("a", positive=True)
    >>> expansion(sp.acos(1 - a * t**2) ** 2, t, 4).terms
    {2: 2*a, 4: a**2/3}
    """
    for working in range(order + 3, order + 3 + most, 3):
        try:
            found = _Expander(t, sp.Integer(working), digits).of(sp.sympify(expression))
        except Short:
            continue
        if found.order > order:
            return Expansion.of({e: c for e, c in found.terms.items() if e <= order}, found.order)
    raise NoExpansion(f"the terms up to order {order} cancel beyond {order + most} orders")


def leading_term(expression: sp.Expr, t: sp.Symbol, *, most: int = 16) -> tuple[sp.Rational, sp.Expr]:
    """(e, c) of the first term c t^e as t -> 0+; (0, 0) for an expression that is zero.

    Raises:
        NoExpansion: as for `expansion`, or where `most` orders cancel.

    >>> t = sp.Symbol("t", positive=True)
    >>> leading_term(sp.tan(t) - sp.sin(t), t)
    (3, 1/2)
    """
    if expression == 0:
        return sp.S.Zero, sp.S.Zero
    for working in range(2, 2 + most, 3):
        try:
            first = _Expander(t, sp.Integer(working), None).of(sp.sympify(expression)).leading()
        except Short:
            continue
        if first is not None:
            return first
    raise NoExpansion(f"{most} orders cancel")


class _Expander:
    def __init__(self, t: sp.Symbol, order: sp.Integer, digits: int | None) -> None:
        self.t, self.order, self.digits = t, order, digits
        self._known: dict[sp.Expr, Expansion] = {}

    def of(self, e: sp.Expr) -> Expansion:
        if e not in self._known:
            found = self._of(e)
            if self.digits is not None:
                found = Expansion.of({k: sp.N(c, self.digits) for k, c in found.terms.items()}, found.order)
            self._known[e] = found
        return self._known[e]

    def _of(self, e: sp.Expr) -> Expansion:
        if not e.has(self.t):
            return Expansion.of({sp.S.Zero: e}, sp.oo)
        if e == self.t:
            return Expansion({sp.S.One: sp.S.One})
        if isinstance(e, sp.Add):
            return reduce(Expansion.__add__, map(self.of, e.args))
        if isinstance(e, sp.Mul):
            return reduce(Expansion.__mul__, map(self.of, e.args))
        if isinstance(e, sp.Pow) and not isinstance(e, sp.exp):
            if e.exp.has(self.t):
                return self.of(sp.exp(e.exp * sp.log(e.base)))
            return self.power(self.of(e.base), e.exp)
        if isinstance(e, sp.Piecewise):
            return self._piecewise(e)
        if isinstance(e, sp.sinc):
            return self.of(sp.sin(e.args[0]) / e.args[0])
        places = [k for k, argument in enumerate(e.args) if argument.has(self.t)]
        if len(places) != 1 or not isinstance(e, sp.Function):
            raise NoExpansion(f"{type(e).__name__} has no expansion here")
        return self._function(e, places[0])

    def power(self, base: Expansion, exponent: sp.Expr) -> Expansion:
        """base^exponent = c^exponent t^(e exponent) (1 + w)^exponent."""
        if exponent.is_Integer and exponent > 0 and base.order is sp.oo:
            return reduce(Expansion.__mul__, [base] * int(exponent))
        base = base.trimmed()
        if not base.terms:
            if exponent.is_Rational and exponent.is_positive:
                return Expansion({}, base.order * exponent)
            if base.order is sp.oo:
                raise NoExpansion("a power of zero")
            raise Short
        e, c = min(base.terms), base.terms[min(base.terms)]
        if not (e == 0 or exponent.is_Rational):
            raise NoExpansion(f"the power {exponent} of what vanishes")
        if e != 0 and not exponent.is_Integer and c.is_negative:
            raise NoExpansion("a root of a negative number")
        w = base.scaled(1 / c, -e) + Expansion({sp.S.Zero: sp.S.NegativeOne})
        w = Expansion.of({f: d for f, d in w.terms.items() if f > 0}, w.order)
        series = self._composed(lambda k: sp.ff(exponent, k) / sp.factorial(k), w)
        return series.scaled(c**exponent, e * exponent)

    def _composed(self, coefficient: Callable[[int], sp.Expr], w: Expansion) -> Expansion:
        """sum_k coefficient(k) w^k for a w that vanishes with t."""
        total, power, k = Expansion({sp.S.Zero: coefficient(0)}), Expansion({sp.S.Zero: sp.S.One}), 0
        total = Expansion.of(total.terms, sp.oo)
        if not w.terms and w.order is sp.oo:
            return total
        while True:
            k += 1
            power = power * w
            low = min(power.terms, default=power.order)
            if low >= self.order or not power.terms:
                return total + Expansion({}, sp.Min(low, self.order))
            total = total + power.scaled(coefficient(k))

    def _function(self, e: sp.Function, place: int) -> Expansion:
        inner = self.of(e.args[place]).trimmed()
        low = min(inner.terms, default=inner.order)
        if isinstance(e, sp.Abs) and not inner.terms:
            return inner
        if isinstance(e, sp.Abs | sp.sign):
            return self._sign(inner) if isinstance(e, sp.sign) else self._sign(inner) * inner
        if isinstance(e, sp.Heaviside):
            half = sp.Rational(1, 2)
            return self._sign(inner).scaled(half) + Expansion({sp.S.Zero: half})
        if low < 0:
            if isinstance(e, sp.atan):
                inverse = self.of(sp.atan(1 / e.args[0]))
                return self._sign(inner).scaled(sp.pi / 2) + inverse.scaled(sp.S.NegativeOne)
            raise NoExpansion(f"{e.func.__name__} of what grows without bound")
        value = inner.coefficient(0)
        value = _tidy(value)
        w = Expansion.of({f: c for f, c in inner.terms.items() if f > 0}, inner.order)
        if isinstance(e, sp.acos | sp.asin) and (value.is_number or _numerically_one(value)):
            for sign in (1, -1):
                if vanishes(value - sign):
                    return self._inverse_cosine(e, sign, w)
        hole = sp.Dummy("u", real=True)
        derivatives = [e.func(*(hole if k == place else argument for k, argument in enumerate(e.args)))]

        def coefficient(k: int) -> sp.Expr:
            while len(derivatives) <= k:
                derivatives.append(derivatives[-1].diff(hole))
            found = derivatives[k].subs(hole, value)
            if found.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
                raise NoExpansion(f"{e.func.__name__} is singular at {value}")
            return found / sp.factorial(k)

        return self._composed(coefficient, w)

    def _inverse_cosine(self, e: sp.Function, sign: int, w: Expansion) -> Expansion:
        """The series of acos and asin at 1 and -1: acos(1 - u) = sqrt(2u) sum_k C(2k, k) (u/8)^k / (2k + 1)."""
        u = w.scaled(sp.Integer(-sign))
        if not u.terms and u.order is sp.oo:
            arc = Expansion({})
        else:
            root = self.power(u.scaled(sp.Integer(2)), sp.Rational(1, 2))
            arc = root * self._composed(lambda k: sp.binomial(2 * k, k) / sp.Integer(8) ** k / (2 * k + 1), u)
        if sign < 0:
            arc = arc.scaled(sp.S.NegativeOne) + Expansion({sp.S.Zero: sp.pi})
        if isinstance(e, sp.asin):
            arc = arc.scaled(sp.S.NegativeOne) + Expansion({sp.S.Zero: sp.pi / 2})
        return arc

    def _sign(self, inner: Expansion) -> Expansion:
        if not inner.terms:
            if inner.order is sp.oo:
                return Expansion({})
            raise Short
        return Expansion({sp.S.Zero: sp.sign(inner.terms[min(inner.terms)])})

    def _piecewise(self, e: sp.Piecewise) -> Expansion:
        """The branch that holds for small t > 0, where the conditions say whether something vanishes."""
        pairs: Any = e.args
        for value, condition in pairs:
            if condition == sp.true:
                return self.of(value)
            if not isinstance(condition, sp.Eq | sp.Ne):
                raise NoExpansion(f"the condition {condition} is not decided")
            if bool(self.of(condition.lhs - condition.rhs).trimmed().terms) == isinstance(condition, sp.Ne):
                return self.of(value)
        raise NoExpansion("no branch holds")


def vanishes(e: sp.Expr) -> bool:
    """Decide whether a coefficient is zero: not, where its value at a point is not; else in the differential field.

    Raises:
        InputError: where neither decides.
    """
    if e.is_zero is not None and not e.has(sp.Float):
        return bool(e.is_zero)
    value = numerical_value(e)
    if value is not None and (abs(value) > NOTHING or e.has(sp.Float)):
        return bool(abs(value) < NOTHING)
    try:
        return is_zero(e)
    except InputError:
        if sp.simplify(e) == 0:
            return True
        raise


def numerical_value(e: sp.Expr, shift: int = 0) -> sp.Expr | None:
    """The value at a point with rational coordinates, 40 digits; None where there is none."""
    point = {
        symbol: sp.Integer(3 + k + shift) if symbol.is_integer else sp.Rational(7 + 4 * k + shift, 11 + 2 * k)
        for k, symbol in enumerate(sorted(e.free_symbols, key=str))
    }
    value = sp.N(e.subs(point), 40)
    return value if value.is_number and not value.has(sp.Function) and value.is_finite else None


def _numerically_one(e: sp.Expr) -> bool:
    value = numerical_value(e)
    return value is not None and bool(abs(abs(value) - 1) < NOTHING)


def _tidy(e: sp.Expr) -> sp.Expr:
    return e if e.is_number else sp.factor(e)
