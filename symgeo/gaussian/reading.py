r"""An expression in z read as a sum of terms.

    sin z = (e^{iz} - e^{-iz})/2i,  cosh z = (e^z + e^{-z})/2,  |u| = u sign(u),  H(u) = (1 + sign(u))/2,
    1_{[a, b]}(z) = (sign(z - a) - sign(z - b))/2, hence maximum, minimum and piecewise functions.

Values at single points, such as H(0), do not count: the Gaussian gives them no mass.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import sympy as sp

from symgeo.gaussian.terms import ONE, NoClosedForm, Term, Terms, added, multiplied, powered

_HALF = sp.Rational(1, 2)


def terms_of(e: sp.Expr, z: sp.Symbol) -> Terms:
    """The terms of `e`.

    Raises:
        NoClosedForm: for a function outside the class.
    """
    if not e.has(z):
        if e.has(sp.oo, sp.nan, sp.zoo):
            raise NoClosedForm(f"{e} is not finite")
        return {Term(): e} if e != 0 else {}
    if e == z:
        return {Term(power=1): sp.S.One}
    if isinstance(e, sp.Add):
        return reduce(added, (terms_of(part, z) for part in e.args))
    if isinstance(e, sp.Mul):
        return reduce(multiplied, (terms_of(part, z) for part in e.args))
    if isinstance(e, sp.Pow) and not isinstance(e, sp.exp):
        return _power(e, z)
    if isinstance(e, sp.Piecewise):
        return _piecewise(e, z)
    if isinstance(e, sp.Max | sp.Min):
        return _piecewise(sp.piecewise_fold(e.rewrite(sp.Piecewise)), z)
    if len(e.args) == 1 or isinstance(e, sp.Heaviside):
        return _function(e, z)
    raise NoClosedForm(f"{e} is no sum of terms")


def _power(e: sp.Pow, z: sp.Symbol) -> Terms:
    base, exponent = e.base, e.exp
    if not base.has(z) and base.is_positive:
        return terms_of(sp.exp(sp.log(base) * exponent), z)
    if exponent.is_Integer and exponent > 0:
        return powered(terms_of(base, z), int(exponent))
    raise NoClosedForm(f"{e} is no positive integer power")


def _function(e: sp.Expr, z: sp.Symbol) -> Terms:
    u, head = e.args[0], e.func
    if head is sp.exp:
        return _exponential(u, z)
    if head in (sp.sin, sp.cos):
        up, down = _exponential(sp.I * u, z), _exponential(-sp.I * u, z)
        if head is sp.cos:
            return added(_scaled(up, _HALF), down, _HALF)
        return added(_scaled(up, -sp.I / 2), down, sp.I / 2)
    if head in (sp.sinh, sp.cosh):
        return added(_scaled(_exponential(u, z), _HALF), _exponential(-u, z), _HALF if head is sp.cosh else -_HALF)
    if head is sp.erf:
        return _error(u, z)
    if head is sp.erfc:
        return added(ONE, _error(u, z), sp.S.NegativeOne)
    if head is sp.sign:
        return _sign(u, z)
    if head is sp.Heaviside:
        return added({Term(): _HALF}, _sign(u, z), _HALF)
    if head is sp.Abs:
        return multiplied(terms_of(u, z), _sign(u, z))
    raise NoClosedForm(f"the expectation of {head} is not known")


def _exponential(u: sp.Expr, z: sp.Symbol) -> Terms:
    if not u.is_polynomial(z) or sp.degree(u, z) > 2:
        raise NoClosedForm(f"the exponent {u} is not quadratic")
    p, q, r = (sp.sympify(sp.expand(u).coeff(z, k)) for k in (2, 1, 0))
    return {Term(quadratic=-p, linear=q): sp.exp(r)}


def _error(u: sp.Expr, z: sp.Symbol) -> Terms:
    a, b = _line(u, z)
    if a.could_extract_minus_sign():
        return {Term(errors=((-a, -b),)): sp.S.NegativeOne}
    return {Term(errors=((a, b),)): sp.S.One}


def _sign(u: sp.Expr, z: sp.Symbol) -> Terms:
    a, b = _line(u, z)
    if a.is_positive is None:
        raise NoClosedForm(f"the sign of {a} is not known")
    return {Term(jump=sp.expand(-b / a)): sp.S.One if a.is_positive else sp.S.NegativeOne}


def _line(u: sp.Expr, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """(a, b) of u = a z + b, both real."""
    u = sp.expand(u)
    a, b = sp.sympify(u.coeff(z, 1)), sp.sympify(u.coeff(z, 0))
    if sp.expand(u - a * z - b) != 0 or not (a.is_real and b.is_real):
        raise NoClosedForm(f"{u} is not linear with real coefficients")
    return a, b


def _piecewise(e: sp.Piecewise, z: sp.Symbol) -> Terms:
    total: Terms = {}
    left = ONE  # left: the indicator of where no earlier condition held
    pairs: Any = e.args
    for value, condition in pairs:
        here = multiplied(left, _indicator(condition, z))
        total = added(total, multiplied(terms_of(value, z), here))
        left = added(left, here, sp.S.NegativeOne)
    if left:
        raise NoClosedForm(f"{e} has no value for some z")
    return total


def _indicator(condition: sp.Basic, z: sp.Symbol) -> Terms:
    """1 where the condition holds: a sum over the intervals of its solution."""
    if condition in (sp.true, sp.false):
        return ONE if condition == sp.true else {}
    if condition.free_symbols != {z}:
        raise NoClosedForm(f"{condition} holds a parameter")
    solution = condition.as_set()
    intervals = solution.args if isinstance(solution, sp.Union) else (solution,)
    total: Terms = {}
    for interval in intervals:
        if isinstance(interval, sp.FiniteSet) or interval is sp.S.EmptySet:
            continue
        if not isinstance(interval, sp.Interval):
            raise NoClosedForm(f"{condition} is no union of intervals")
        for end, factor in ((interval.start, _HALF), (interval.end, -_HALF)):
            inside = {Term(jump=end): sp.S.One} if end.is_finite else {Term(): -sp.sign(end)}
            total = added(total, inside, factor)
    return total


def _scaled(terms: Terms, factor: sp.Expr) -> Terms:
    return added({}, terms, factor)
