"""The differential field of a chart and a set of expressions: what the tensor tower computes in by default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from symgeo.geometry.field.algebra import Algebra, Fraction, Poly, dot
from symgeo.geometry.field.builder import Builder
from symgeo.geometry.field.kernels import Generator, OrderExhausted, Restart
from symgeo.geometry.field.readable import Readable
from symgeo.geometry.ring import DifferentialRing

_CAPACITY = 24


class DifferentialField(DifferentialRing[Fraction]):
    """The smallest field that holds given expressions and, to some order, their derivatives by the coordinates."""

    def __init__(self, coordinates: tuple[sp.Symbol, ...], expressions: Iterable[sp.Expr], order: int = 2) -> None:
        """Adjoin what `expressions` need.

        Args:
            coordinates: what to differentiate with respect to.
            expressions: exact SymPy expressions.
            order: how many derivatives of undefined functions to hold.

        Raises:
            InputError: naming the kernel that cannot be held.
        """
        self.coordinates = coordinates
        self.order = order
        self._builder = _built(coordinates, list(expressions), order)
        self._count = len(self._builder.generators)
        generators = _ordered(self._builder)
        self.generators = generators
        self.algebra = Algebra([self._name(generator) for generator in generators], canonical=False)
        place = {generator.index: position for position, generator in enumerate(generators)}
        for relation in reversed(self._builder.algebra.relations):
            self.algebra.relate(place[relation.index], relation.degree, self._moved(relation.radicand))
        self._rates = [self._derivation(k) for k in range(len(coordinates))]
        self._readable = Readable(self.algebra, [generator.meaning for generator in generators])

    def element(self, expression: sp.Expr) -> Fraction:
        """Return the element of an expression in the kernels that the field was built from."""
        element = self._builder.element(expression)
        if len(self._builder.generators) != self._count:
            raise ValueError(f"{expression} has kernels that this field was not built from")
        return self.algebra.fraction(self._moved(element.num), self._moved(element.den))

    def expression(self, element: Fraction) -> sp.Expr:
        """Return `element` factored, in the user's own functions and symbols."""
        return self._readable.expression(element)

    def rational(self, numerator: int, denominator: int = 1) -> Fraction:
        """Return the constant numerator/denominator."""
        return self.algebra.rational(numerator, denominator)

    def vanishes(self, element: Fraction) -> bool:
        """Decide whether `element` is zero."""
        return not element

    def decide_zero(self, element: Fraction) -> bool:
        """Decide whether `element` is zero."""
        return not element

    def key(self, element: Fraction) -> Any:
        """Return what tells the element's parts from others'."""
        return element.key()

    def dot(self, pairs: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
        """Return the sum of products."""
        return dot(self.algebra, pairs)

    def derivative(self, element: Fraction, k: int) -> Fraction:
        """Return d element / d x^k by the chain rule over the generators.

        With d = den / gcd(den, d den), so that less is left to cancel: (n/den)' = (n' d - n den'/gcd) / (den d).
        """
        num, den, common = element.num, element.den, self._rates[k].denominator
        d_num = self._rate(num, k)
        if den.is_constant():
            return self.algebra.settled(d_num, den * common, cancelled=False)
        d_den = self._rate(den, k)
        if not len(d_den):
            return self.algebra.settled(d_num, den * common, cancelled=False)
        shared = den.gcd(d_den)
        rest = den // shared
        top = d_num * rest - num * (d_den // shared)
        return self.algebra.settled(top, den * rest * common, cancelled=False)

    def _rate(self, poly: Poly, k: int) -> Poly:
        """Return d poly / d x^k times the common denominator of the generators' rates."""
        rates, total = self._rates[k], self.algebra.zero_poly
        if not len(poly):
            return total
        degrees = poly.degrees()
        for index in rates.exhausted:
            if degrees[index]:
                raise OrderExhausted
        for index, rate in rates.rates:
            if degrees[index]:
                total += poly.derivative(index) * rate
        return self.algebra.reduce(total)

    def _derivation(self, k: int) -> _Derivation:
        rates = [generator.derivatives[k] for generator in self.generators]
        denominator = self.algebra.one_poly
        moved = [None if r is None else (self._moved(r.num), self._moved(r.den)) for r in rates]
        for rate in moved:
            if rate is not None and len(rate[0]):
                denominator = denominator * (rate[1] // denominator.gcd(rate[1]))
        return _Derivation(
            denominator,
            [(i, rate[0] * (denominator // rate[1])) for i, rate in enumerate(moved) if rate and len(rate[0])],
            [i for i, rate in enumerate(moved) if rate is None],
        )

    def _name(self, generator: Generator) -> str:
        return str(self._builder.algebra.variables[generator.index])

    def _moved(self, poly: Poly) -> Poly:
        return poly.project_to_context(self.algebra.context)


def is_zero(expression: sp.Expr) -> bool:
    """Decide whether an expression is zero in the smallest field that holds it.

    Raises:
        InputError: naming a kernel that no field can hold.

    >>> s = sp.Symbol("s", positive=True)
    >>> is_zero(sp.sqrt(2 + 2 * s) - sp.sqrt(2) * sp.sqrt(1 + s)), is_zero(sp.sin(2 * s) - sp.sin(s))
    (True, False)
    """
    if expression == 0:
        return True
    return not DifferentialField((), [expression], order=0).element(expression)


class _Derivation:
    """d/dx^k on generators: polynomial rates over one denominator, and the generators it cannot differentiate."""

    def __init__(self, denominator: Poly, rates: list[tuple[int, Poly]], exhausted: list[int]) -> None:
        self.denominator = denominator
        self.rates = rates
        self.exhausted = exhausted


def _ordered(builder: Builder) -> list[Generator]:
    """Roots first, outermost first; then kernels; then symbols: the lexicographic order of the polynomials."""
    roots = sorted((g for g in builder.generators if g.index < builder.capacity), key=lambda g: g.index)
    others = [g for g in builder.generators if g.index >= builder.capacity]
    return [*roots, *(g for g in others if g.chain), *(g for g in others if not g.chain)]


def _built(coordinates: tuple[sp.Symbol, ...], expressions: Sequence[sp.Expr], order: int) -> Builder:
    """Build until the generators are fine enough: a restart divides an exponent, an angle or a root."""
    hints: list[sp.Expr] = []
    capacity, hyperbolic_as_exp = _CAPACITY, False
    while True:
        builder = Builder(coordinates, order, capacity, hyperbolic_as_exp)
        try:
            for expression in [*hints, *expressions]:
                builder.element(expression)
            builder.close()
            builder.certify()
        except Restart as restart:
            hints = [*restart.hints, *hints]
            capacity = max(capacity, restart.capacity)
            hyperbolic_as_exp = hyperbolic_as_exp or restart.hyperbolic_as_exp
        else:
            return builder
