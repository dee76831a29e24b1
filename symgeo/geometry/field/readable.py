"""The way back: an element as a factored SymPy expression in the user's own functions and symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from symgeo.geometry.field.algebra import Algebra, Fraction, Poly

Key = tuple[tuple[tuple[int, ...], Any], ...]


class Readable:
    """Writes elements of an algebra, whose variables mean `meanings`."""

    def __init__(self, algebra: Algebra, meanings: Sequence[sp.Expr]) -> None:
        self.algebra = algebra
        self.meanings = meanings
        self._sums: dict[Key, sp.Expr] = {}
        self._roots = self._roots_of_products()

    def expression(self, element: Fraction) -> sp.Expr:
        """Return num/den, each factored; (1 - cos)(1 + cos) is written as sin^2, and so for other roots."""
        if not element:
            return sp.S.Zero
        top, bottom = self._factored(element.num), self._factored(element.den)
        number = sp.Rational(top.pop(None), bottom.pop(None))
        for key, exponent in bottom.items():
            top[key] = top.get(key, 0) - exponent
        factors = [number]
        for root, degree, sign, parts in self._roots:
            # written with the root only where every factor of its radicand is there, above or below
            above = min(top.get(part, 0) // multiplicity for part, multiplicity in parts.items())
            below = min(-top.get(part, 0) // multiplicity for part, multiplicity in parts.items())
            times = max(above, 0) - max(below, 0)
            if times:
                for part, multiplicity in parts.items():
                    top[part] -= times * multiplicity
                factors.append(sign ** abs(times) * root ** (degree * times))
        factors += [self._sum(key) ** exponent for key, exponent in top.items() if exponent]
        return sp.Mul(*factors)

    def _factored(self, poly: Poly) -> dict[Any, int]:
        """The irreducible factors by key, their exponents; under None the content."""
        content, factors = poly.factor()
        powers: dict[Any, int] = {None: int(content)}
        for factor, multiplicity in factors:
            powers[self._key(factor)] = int(multiplicity)
        return powers

    def _key(self, poly: Poly) -> Key:
        return tuple(poly.terms())

    def _sum(self, key: Key) -> sp.Expr:
        """The polynomial with these terms."""
        if key not in self._sums:
            summands = []
            for exponents, value in key:
                powers = [self.meanings[i] ** int(m) for i, m in enumerate(exponents) if m]
                summands.append(sp.Mul(sp.Integer(int(value)), *powers))
            self._sums[key] = sp.Add(*summands)
        return self._sums[key]

    def _roots_of_products(self) -> list[tuple[sp.Expr, int, int, dict[Key, int]]]:
        """Roots whose radicand is +- a product of several factors: (root, degree, sign, factors)."""
        found = []
        for relation in self.algebra.relations:
            content, factors = relation.radicand.factor()
            if abs(content) == 1 and len(factors) > 1:
                parts = {self._key(factor): int(multiplicity) for factor, multiplicity in factors}
                found.append((self.meanings[relation.index], relation.degree, int(content), parts))
        return found
