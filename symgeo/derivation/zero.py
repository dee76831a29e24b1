r"""Is an expression zero? A decision in a field of rational functions.

An expression is read as a rational function over Q whose variables are its symbols, its jets phi^(k)(z), the
exponentials exp(u/q), roots u^(1/q), and any other function value as it stands. Sums, products and quotients are
done exactly by FLINT; powers r^q of a root are replaced by its radicand. A zero numerator proves that the expression is
zero. For jets, symbols and exponentials of a symbol, which are algebraically independent, the converse holds too; a
relation between other functions (log(a b) = log a + log b, say) is not known here, and such a zero is not seen.

Source: Davenport, Siret and Tournier, Computer Algebra, section 2.3 (simplification in differential fields).
"""

from __future__ import annotations

from functools import reduce
from math import lcm
from typing import TypeAlias

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from symgeo.errors import NumericalError

Fraction: TypeAlias = tuple[fmpq_mpoly, fmpq_mpoly]


def is_zero(expression: sp.Expr) -> bool:
    """Whether the numerator of `expression` vanishes as a polynomial in its generators.

    Args:
        expression: any SymPy expression without unevaluated operations.

    Returns:
        True proves that it is zero; False says that it is not zero in the field described above.

    Raises:
        NumericalError: its denominator vanishes identically.

    >>> s = sp.Symbol("s", positive=True)
    >>> is_zero(sp.sqrt(s**2 + s) * sp.sqrt(s + s**2) - s * (1 + s)), is_zero(s - 1)
    (True, False)
    """
    if expression == 0:
        return True
    return _Field(expression).vanishes(expression)


def _split_exponent(exponent: sp.Expr) -> list[tuple[sp.Rational, sp.Expr]]:
    return [part.as_coeff_Mul(rational=True) for part in sp.Add.make_args(sp.expand(exponent))]


def _radicands(base: sp.Expr) -> list[sp.Expr]:
    """A radicand multiplied out, its positive rational content apart: equal roots then look alike."""
    content, primitive = sp.expand(base).as_content_primitive()
    return [factor for factor in (content, primitive) if factor != 1]


class _Field:
    """The generators of one expression and its image in their field of fractions."""

    def __init__(self, expression: sp.Expr) -> None:
        self.names: dict[sp.Expr, int] = {}
        self.roots: dict[sp.Expr, int] = {}
        self.exponentials: dict[sp.Expr, int] = {}
        self.cache: dict[sp.Expr, Fraction] = {}
        self._collect(expression, set())
        generators = [*self.names]
        generators += [("root", base) for base in self.roots] + [("exp", u) for u in self.exponentials]
        self.position = {generator: place for place, generator in enumerate(generators)}
        self.context = fmpq_mpoly_ctx.get(
            tuple(f"g{place}" for place in range(max(len(generators), 1))), Ordering.degrevlex
        )
        self.one = self.context.constant(1)

    def _collect(self, e: sp.Expr, seen: set[sp.Expr]) -> None:
        if e in seen or e.is_Rational:
            return
        seen.add(e)
        if isinstance(e, sp.Add | sp.Mul):
            for argument in e.args:
                self._collect(argument, seen)
        elif isinstance(e, sp.Pow) and e.exp.is_Integer:
            self._collect(e.base, seen)
        elif isinstance(e, sp.Pow) and e.exp.is_Rational:
            for base in _radicands(e.base):
                self._collect(base, seen)
                self.roots[base] = lcm(self.roots.get(base, 1), int(e.exp.q))
        elif isinstance(e, sp.exp):
            for rational, u in _split_exponent(e.exp):
                self.exponentials[u] = lcm(self.exponentials.get(u, 1), int(rational.q))
        else:
            self.names.setdefault(self._named(e), len(self.names))

    @staticmethod
    def _named(e: sp.Expr) -> sp.Expr:
        return e.func(*(sp.expand(a) if isinstance(a, sp.Expr) else a for a in e.args)) if e.args else e

    def _generator(self, key: object) -> fmpq_mpoly:
        return self.context.gens()[self.position[key]]

    def _constant(self, value: sp.Rational) -> Fraction:
        return self.context.constant(fmpq(int(value.p), int(value.q))), self.one

    def _power(self, value: Fraction, exponent: int) -> Fraction:
        numerator, denominator = value if exponent >= 0 else (value[1], value[0])
        if denominator == 0:
            raise NumericalError("`expression` divides by something that is identically zero; check its denominators")
        return numerator ** abs(exponent), denominator ** abs(exponent)

    def _reduced(self, numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> Fraction:
        if numerator == 0:
            return numerator, self.one
        common = numerator.gcd(denominator)
        return (numerator, denominator) if common == 1 else (numerator // common, denominator // common)

    def _add(self, a: Fraction, b: Fraction) -> Fraction:
        if a[1] == b[1]:
            return self._reduced(a[0] + b[0], a[1])
        return self._reduced(a[0] * b[1] + b[0] * a[1], a[1] * b[1])

    def _multiply(self, a: Fraction, b: Fraction) -> Fraction:
        left, right = self._reduced(a[0], b[1]), self._reduced(b[0], a[1])
        return left[0] * right[0], left[1] * right[1]

    def image(self, e: sp.Expr) -> Fraction:
        """The expression as numerator and denominator."""
        if e not in self.cache:
            self.cache[e] = self._image(e)
        return self.cache[e]

    def _image(self, e: sp.Expr) -> Fraction:
        if e.is_Rational:
            return self._constant(e)
        if isinstance(e, sp.Add):
            return reduce(self._add, (self.image(a) for a in e.args))
        if isinstance(e, sp.Mul):
            return reduce(self._multiply, (self.image(a) for a in e.args))
        if isinstance(e, sp.Pow) and e.exp.is_Integer:
            return self._power(self.image(e.base), int(e.exp))
        if isinstance(e, sp.Pow) and e.exp.is_Rational:
            value = (self.one, self.one)
            for base in _radicands(e.base):
                root = (self._generator(("root", base)), self.one)
                value = self._multiply(value, self._power(root, int(e.exp * self.roots[base])))
            return value
        if isinstance(e, sp.exp):
            value = (self.one, self.one)
            for rational, u in _split_exponent(e.exp):
                generator = (self._generator(("exp", u)), self.one)
                value = self._multiply(value, self._power(generator, int(rational * self.exponentials[u])))
            return value
        return self._generator(self._named(e)), self.one

    def vanishes(self, e: sp.Expr) -> bool:
        """Whether the numerator is zero once powers of roots are reduced."""
        numerator = self.image(e)[0]
        # The newest roots first: a radicand holds only roots collected before it.
        for base, degree in reversed(self.roots.items()):
            numerator = self._without_powers(numerator, self.position[("root", base)], degree, self.image(base))
        return numerator == 0

    def _without_powers(self, polynomial: fmpq_mpoly, place: int, degree: int, base: Fraction) -> fmpq_mpoly:
        """The polynomial times a power of the radicand's denominator, with root^degree replaced by the radicand."""
        parts: dict[int, fmpq_mpoly] = {}
        for monomial, coefficient in polynomial.terms():
            whole, rest = divmod(int(monomial[place]), degree)
            key = tuple(rest if at == place else int(power) for at, power in enumerate(monomial))
            parts[whole] = parts.get(whole, self.context.constant(0)) + self.context.from_dict({key: coefficient})
        highest = max(parts, default=0)
        total = self.context.constant(0)
        for whole, part in parts.items():
            total += part * base[0] ** whole * base[1] ** (highest - whole)
        return total
