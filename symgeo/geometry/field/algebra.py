r"""Fractions of polynomials over Z, modulo a tower of roots: the arithmetic of the field.

An algebra is Z[v_1, ..., v_k, t_1, ..., t_m] with relations v_i^n_i = q_i, where q_i is a polynomial in the variables
after v_i. An element is kept as num/den in the one form that has

    - num of degree below n_i in each v_i (division by the monic relations, outermost root first),
    - den likewise, and no v_i a factor of it,
    - num and den without common factor, den with positive leading coefficient,

so that an element is zero exactly if num is the zero polynomial. That holds as long as each relation is irreducible
over what comes before, which `symgeo.geometry.field.radicals` certifies. A canonical algebra also frees den of every
v_i, by the cofactor of its norm, so that equal elements have equal parts; where roots are many that is long-winded. The
polynomials are FLINT's (Bini et al.; Monagan and Pearce's sparse arithmetic), through python-flint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx

Poly = fmpz_mpoly


@dataclass(frozen=True)
class Relation:
    """v^degree = radicand, v the variable at `index`."""

    index: int
    degree: int
    radicand: Poly
    polynomial: Poly


def terms(poly: Poly) -> tuple[tuple[tuple[int, ...], Any], ...]:
    """Return the terms in order: what tells polynomials apart where a key is needed, since FLINT's have no hash."""
    return tuple(poly.terms())


class Algebra:
    """The polynomials in `names`, and the relations among them."""

    def __init__(self, names: Sequence[str], *, canonical: bool) -> None:
        self.canonical = canonical
        self.context = fmpz_mpoly_ctx.get(list(names), Ordering.lex)
        self.variables: tuple[Poly, ...] = self.context.gens()
        self.one_poly: Poly = self.context.constant(1)
        self.zero_poly: Poly = self.context.constant(0)
        self.relations: list[Relation] = []
        self.zero = Fraction(self, self.zero_poly, self.one_poly)
        self.one = Fraction(self, self.one_poly, self.one_poly)

    def relate(self, index: int, degree: int, radicand: Poly) -> None:
        """Impose v^degree = radicand; roots are adjoined from high index to low, innermost first."""
        relation = Relation(index, degree, radicand, self.variables[index] ** degree - radicand)
        self.relations.insert(0, relation)

    def variable(self, index: int) -> Fraction:
        """Return the variable at `index` as an element."""
        return Fraction(self, self.variables[index], self.one_poly)

    def rational(self, numerator: int, denominator: int = 1) -> Fraction:
        """Return the constant numerator/denominator."""
        return self.fraction(self.context.constant(numerator), self.context.constant(denominator))

    def reduce(self, poly: Poly) -> Poly:
        """Return `poly` with the degree of each root below its relation's."""
        if self.relations and len(poly):
            degrees = poly.degrees()
            for relation in self.relations:
                if degrees[relation.index] >= relation.degree:
                    poly = poly % relation.polynomial
                    degrees = poly.degrees()
        return poly

    def fraction(self, num: Poly, den: Poly) -> Fraction:
        """Return num/den in normal form; den is not zero in the algebra."""
        num, den = self.reduce(num), self.reduce(den)
        if not len(num):
            return self.zero
        for relation in self.relations:
            if den.degrees()[relation.index]:
                multiplier = self.cofactor(den, relation) if self.canonical else self._complement(den, relation)
                if multiplier is not None:
                    num, den = self.reduce(num * multiplier), self.reduce(den * multiplier)
        return lowest(self, num, den)

    def _complement(self, poly: Poly, relation: Relation) -> Poly | None:
        """Return the power of the root that makes a whole power of the root which divides `poly`, None if none does."""
        power = min(monomial[relation.index] for monomial in poly.monoms())
        return self.variables[relation.index] ** (relation.degree - power) if power else None

    def settled(self, num: Poly, den: Poly, cancelled: bool) -> Fraction:
        """Return num/den in normal form, knowing whether the two are without common factor before reduction."""
        if not self.relations:
            return Fraction(self, num, den) if cancelled else lowest(self, num, den)
        degrees = den.degrees()
        if any(degrees[relation.index] for relation in self.relations):
            return self.fraction(num, den)
        reduced = self.reduce(num)
        return Fraction(self, num, den) if cancelled and reduced is num else lowest(self, reduced, den)

    def cofactor(self, poly: Poly, relation: Relation) -> Poly:
        """Return c with poly * c = norm of poly over the root of `relation`: the first column of the adjugate."""
        coefficients = self.coefficients(poly, relation)
        n = relation.degree
        if n == 2:
            return coefficients[0] - coefficients[1] * self.variables[relation.index]
        # row i, column j: the coefficient of v^i in poly * v^j
        rows = [
            [coefficients[i - j] if i >= j else coefficients[n + i - j] * relation.radicand for j in range(n)]
            for i in range(n)
        ]
        powers = [self.variables[relation.index] ** j for j in range(n)]
        total = self.zero_poly
        for j in range(n):
            minor = [row[:j] + row[j + 1 :] for row in rows[1:]]
            total += (-1) ** j * self._determinant(minor) * powers[j]
        return self.reduce(total)

    def coefficients(self, poly: Poly, relation: Relation) -> list[Poly]:
        """Return the coefficients of 1, v, ..., v^(n-1) in `poly`."""
        parts: list[dict[tuple[int, ...], Any]] = [{} for _ in range(relation.degree)]
        for exponents, value in poly.to_dict().items():
            rest = (*exponents[: relation.index], 0, *exponents[relation.index + 1 :])
            parts[exponents[relation.index]][rest] = value
        return [self.context.from_dict(part) for part in parts]

    def _determinant(self, rows: list[list[Poly]]) -> Poly:
        if not rows:
            return self.one_poly
        total = self.zero_poly
        for j, entry in enumerate(rows[0]):
            if len(entry):
                total += (-1) ** j * entry * self._determinant([row[:j] + row[j + 1 :] for row in rows[1:]])
        return self.reduce(total)


def lowest(algebra: Algebra, num: Poly, den: Poly) -> Fraction:
    """Return num/den, cancelled; num reduced and den free of roots."""
    if not len(num):
        return algebra.zero
    if not den.is_one():
        common = num.gcd(den)
        if not common.is_one():
            num, den = num // common, den // common
        if den.leading_coefficient() < 0:
            num, den = -num, -den
    return Fraction(algebra, num, den)


class Fraction:
    """An element num/den of an algebra, in normal form."""

    __slots__ = ("algebra", "den", "num")

    def __init__(self, algebra: Algebra, num: Poly, den: Poly) -> None:
        self.algebra = algebra
        self.num = num
        self.den = den

    def __bool__(self) -> bool:
        return bool(len(self.num))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fraction):
            return False
        if self.den == other.den:
            return self.num == other.num
        return not self.algebra.canonical and not self - other

    __hash__ = None  # type: ignore[assignment]

    def key(self) -> tuple[Any, Any]:
        """Return what tells its parts apart: equal elements of a canonical algebra have equal keys."""
        return terms(self.num), terms(self.den)

    def __neg__(self) -> Fraction:
        return Fraction(self.algebra, -self.num, self.den)

    def __add__(self, other: Fraction) -> Fraction:
        n1, d1, n2, d2 = self.num, self.den, other.num, other.den
        if not len(n1):
            return other
        if not len(n2):
            return self
        if d1 == d2:
            return Fraction(self.algebra, n1 + n2, d1) if d1.is_one() else lowest(self.algebra, n1 + n2, d1)
        # Henrici: what cancels divides the common part of the denominators (Knuth, TAOCP 2, section 4.5.1)
        common = d1.gcd(d2)
        if common.is_one():
            return self.algebra.settled(n1 * d2 + n2 * d1, d1 * d2, cancelled=True)
        d1, d2 = d1 // common, d2 // common
        num = n1 * d2 + n2 * d1
        if not len(num):
            return self.algebra.zero
        factor = num.gcd(common)
        if not factor.is_one():
            num, common = num // factor, common // factor
        return self.algebra.settled(num, d1 * d2 * common, cancelled=True)

    def __sub__(self, other: Fraction) -> Fraction:
        return self + (-other)

    def __mul__(self, other: Fraction) -> Fraction:
        n1, d1, n2, d2 = self.num, self.den, other.num, other.den
        algebra = self.algebra
        if not (len(n1) and len(n2)):
            return algebra.zero
        if not d2.is_one():
            common = n1.gcd(d2)
            if not common.is_one():
                n1, d2 = n1 // common, d2 // common
        if not d1.is_one():
            common = n2.gcd(d1)
            if not common.is_one():
                n2, d1 = n2 // common, d1 // common
        return algebra.settled(n1 * n2, d1 * d2, cancelled=True)

    def inverse(self) -> Fraction:
        """Return 1/self.

        Raises:
            ZeroDivisionError: if it is zero.
        """
        if not len(self.num):
            raise ZeroDivisionError("inverse of zero")
        num = self.num
        degrees = num.degrees()
        if any(degrees[relation.index] for relation in self.algebra.relations):
            return self.algebra.fraction(self.den, num)
        negative = num.leading_coefficient() < 0
        return Fraction(self.algebra, -self.den, -num) if negative else Fraction(self.algebra, self.den, num)

    def __truediv__(self, other: Fraction) -> Fraction:
        return self * other.inverse()

    def __pow__(self, exponent: int) -> Fraction:
        if exponent < 0:
            return self.inverse() ** (-exponent)
        algebra = self.algebra
        if not algebra.relations:
            return Fraction(algebra, self.num**exponent, self.den**exponent)
        result, base = algebra.one, self
        while exponent:
            if exponent & 1:
                result = result * base
            exponent >>= 1
            if exponent:
                base = base * base
        return result


def dot(algebra: Algebra, pairs: Iterable[tuple[Fraction, Fraction]]) -> Fraction:
    """Return the sum of products."""
    total = algebra.zero
    for left, right in pairs:
        if len(left.num) and len(right.num):
            total = total + left * right
    return total
