r"""The functions that have a closed expectation, as sums of terms.

    f(z) = sum c z^k exp(-p z^2 + q z) erf(a_1 z + b_1) erf(a_2 z + b_2) ... sign(z - t),

with constants c, p, q that may be complex (sine and cosine are exponentials) and real a_i, b_i, t. Sums and products
of such functions are such functions, because the product of two signs is a sum of signs: for t < t',

    sign(z - t) sign(z - t') = 1 + sign(z - t') - sign(z - t).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp


class NoClosedForm(Exception):
    """Raised inside the engine where no rule applies; `closed_expectation` turns it into None."""


@dataclass(frozen=True)
class Term:
    """z^power exp(-quadratic z^2 + linear z) times error functions and at most one sign, without its coefficient.

    Attributes:
        errors: (a, b) for each factor erf(a z + b), sorted.
        jump: t of the factor sign(z - t), or None.
    """

    power: int = 0
    quadratic: sp.Expr = sp.S.Zero
    linear: sp.Expr = sp.S.Zero
    errors: tuple[tuple[sp.Expr, sp.Expr], ...] = ()
    jump: sp.Expr | None = None

    def times(self, other: Term) -> Terms:
        """The product, a sum where two different signs meet."""
        power, errors = self.power + other.power, tuple(sorted((*self.errors, *other.errors), key=_order))
        quadratic, linear = sp.expand(self.quadratic + other.quadratic), sp.expand(self.linear + other.linear)

        def at(jump: sp.Expr | None) -> Term:
            return Term(power, quadratic, linear, errors, jump)

        if self.jump is None or other.jump is None:
            return {at(other.jump if self.jump is None else self.jump): sp.S.One}
        if sp.expand(self.jump - other.jump) == 0:
            return {at(None): sp.S.One}
        first, second = (self.jump, other.jump) if _below(self.jump, other.jump) else (other.jump, self.jump)
        return {at(None): sp.S.One, at(second): sp.S.One, at(first): sp.S.NegativeOne}


Terms = Mapping[Term, sp.Expr]
"""A sum: term -> coefficient."""

ONE: Terms = {Term(): sp.S.One}


def added(first: Terms, second: Terms, factor: sp.Expr = sp.S.One) -> Terms:
    """first + factor * second, like terms gathered."""
    total = dict(first)
    for term, coefficient in second.items():
        total[term] = sp.expand(total.get(term, sp.S.Zero) + factor * coefficient)
    return {term: coefficient for term, coefficient in total.items() if coefficient != 0}


def multiplied(first: Terms, second: Terms) -> Terms:
    """first * second."""
    total: Terms = {}
    for left, a in first.items():
        for right, b in second.items():
            total = added(total, left.times(right), a * b)
    return total


def powered(base: Terms, exponent: int) -> Terms:
    """base ** exponent for an exponent of at least 0."""
    result = ONE
    for _ in range(exponent):
        result = multiplied(result, base)
    return result


def _below(a: sp.Expr, b: sp.Expr) -> bool:
    answer = sp.sympify(a < b)
    if answer in (sp.true, sp.false):
        return bool(answer)
    raise NoClosedForm(f"whether {a} is below {b} is not known")


def _order(pair: tuple[sp.Expr, sp.Expr]) -> tuple:
    return tuple(entry.sort_key() for entry in pair)
