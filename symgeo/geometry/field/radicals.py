r"""Roots: b^(1/n) as a variable v with v^n = q, and the certificate that the relations form a field.

The roots are sorted in levels: level 1 has radicands in F = Q(transcendental generators), level L+1 radicands with
roots of level L. By Kummer theory (Lang, Algebra, VI.8; Capelli's theorem VI.9) the field K_L of all roots up to
level L has the full degree over K_(L-1), and a reduced polynomial in it is zero only if it looks so, when for each
prime p no product prod q_i^e_i, 0 <= e_i < p not all zero, over the roots with p | n_i, is a p-th power in K_(L-1);
up to sign where 4 divides an n_i, because of x^4 + 4. Sufficient, and decidable:

    - in F: the factorisation of the product has an exponent that p does not divide;
    - in K_L, for q in K_(L-1): no q prod q_i^e_i, roots of level L, is a p-th power in K_(L-1);
    - in K_L otherwise: the norm of q to K_(L-1) is no p-th power there.

What is not certified is refused. Branches: (b c)^(1/n) is split only where a factor is known to be positive.
"""

from __future__ import annotations

from itertools import product
from math import lcm
from typing import TYPE_CHECKING

import sympy as sp
from flint import fmpz, nmod_mat

from symgeo.geometry.field.algebra import Fraction, Poly, Relation, terms
from symgeo.geometry.field.kernels import Restart, refusal

if TYPE_CHECKING:
    from symgeo.geometry.field.builder import Builder


def power(builder: Builder, base: Fraction, exponent: sp.Rational, kernel: sp.Expr) -> Fraction:
    """Return base^exponent on the principal branch; `kernel` names it in errors."""
    algebra, (p, n) = builder.algebra, (int(exponent.p), int(exponent.q))
    if not base:
        if exponent < 0:
            raise refusal(kernel, "its base is zero")
        return algebra.zero
    whole, p = divmod(p, n)
    result = base**whole
    if not p:
        return result
    if builder.level(base.num):
        return result * _root(builder, base, n, kernel) ** p
    positive, rest = _split(builder, base)
    for factor, multiplicity in positive:
        share = sp.Rational(multiplicity * p, n)
        whole_share, left = divmod(int(share.p), int(share.q))
        element = Fraction(algebra, factor, algebra.one_poly)
        result = result * element**whole_share
        if left:
            result = result * _root(builder, element, int(share.q), kernel) ** left
    if rest != algebra.one:
        result = result * _root(builder, rest, n, kernel) ** p
    return result


def _split(builder: Builder, base: Fraction) -> tuple[list[tuple[Poly, int]], Fraction]:
    """Return the factors of `base` that are positive, with multiplicity, and the product of all others."""
    algebra = builder.algebra
    positive: list[tuple[Poly, int]] = []
    rest = algebra.one
    for poly, sign in ((base.num, 1), (base.den, -1)):
        content, factors = poly.factor()
        for prime, multiplicity in fmpz(abs(content)).factor():
            positive.append((algebra.context.constant(prime), sign * int(multiplicity)))
        if content < 0:
            rest = -rest
        for factor, multiplicity in factors:
            element = Fraction(algebra, factor, algebra.one_poly)
            signed = sign * int(multiplicity)
            if builder.expression(element).is_positive:
                positive.append((factor, signed))
            elif builder.expression(-element).is_positive:
                positive.append((-factor, signed))
                rest = rest if multiplicity % 2 == 0 else -rest
            else:
                rest = rest * element**signed
    return positive, rest


def _root(builder: Builder, base: Fraction, n: int, kernel: sp.Expr) -> Fraction:
    """Return base^(1/n) from the root w = den base^(1/n), w^n = num den^(n-1), which is known or new."""
    algebra = builder.algebra
    den = Fraction(algebra, base.den, algebra.one_poly)
    if base.key() in builder.roots:
        degree, root = builder.roots[base.key()]
        if degree % n:
            raise Restart(sp.Pow(builder.expression(base), sp.Rational(1, lcm(degree, n))))
        return (root / den) ** (degree // n)
    meaning = builder.expression(den) * sp.Pow(builder.expression(base), sp.Rational(1, n))
    root = builder.adjoin_root(n, base.num * base.den ** (n - 1), meaning, kernel)
    builder.roots[base.key()] = (n, root)
    return root / den


class Certificate:
    """The proof, renewed with each new root, that no relation among the roots is overlooked."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.by_level: dict[int, list[Relation]] = {}

    def adjoin(self, relation: Relation, kernel: sp.Expr) -> None:
        """Check the root together with those of its level, and again those of higher levels.

        Raises:
            InputError: if independence is not certified.
        """
        level = 1 + self.builder.level(relation.radicand)
        self.by_level.setdefault(level, []).append(relation)
        for higher in sorted(self.by_level):
            if higher >= level and not self._independent(higher):
                others = [str(self.builder.meaning(r.index)) for r in self.by_level[higher] if r is not relation]
                among = f" of {', '.join(others[:3])}" if others else ""
                raise refusal(
                    kernel,
                    f"as a root it is not certainly independent{among}; write one in terms of the other, "
                    "or declare symbols positive",
                )

    def excludes_i(self) -> bool:
        """Whether the roots certainly do not make sqrt(-1), as sqrt(k) and sqrt(-k) do.

        sqrt(-1) is in the field of one level and not below if, by Kummer theory, minus some product of radicands of
        that level is a square below. Where a degree is divisible by 4, squares were told apart up to sign already.
        """
        minus, signs = -self.builder.algebra.one_poly, self._signs_count
        if not signs:
            return True
        for level in self.by_level:
            roots = self._roots(level, 2)
            if level == 1:
                radicands = [r.radicand for r in roots]
                if self._rank([*radicands, minus], 2) == self._rank(radicands, 2):
                    return False
                continue
            for exponents in product(range(2), repeat=len(roots)):
                if any(exponents) and not self._no_power(minus * self._product(roots, exponents), 2, level - 1):
                    return False
        return True

    def _independent(self, level: int) -> bool:
        primes = {p for relation in self.by_level[level] for p in sp.primefactors(relation.degree)}
        for p in primes:
            roots = self._roots(level, p)
            if level == 1:
                if self._rank([r.radicand for r in roots], p) < len(roots):
                    return False
                continue
            for exponents in product(range(p), repeat=len(roots)):
                if any(exponents) and not self._no_power(self._product(roots, exponents), p, level - 1):
                    return False
        return True

    def _no_power(self, poly: Poly, p: int, level: int) -> bool:
        """Whether `poly` is certainly no p-th power in the field of all roots up to `level`."""
        if level == 0:
            return self._rank([poly], p) == 1
        algebra, degrees = self.builder.algebra, poly.degrees()
        involved = [r for r in self.by_level.get(level, []) if degrees[r.index]]
        others = [r for r in self._roots(level, p) if not degrees[r.index]]
        if level == 1 and not involved:
            return self._rank([*(r.radicand for r in others), poly], p) == len(others) + 1
        for exponents in product(range(p), repeat=len(others)):
            norm = algebra.reduce(poly * self._product(others, exponents))
            for relation in involved:
                norm = algebra.reduce(norm * algebra.cofactor(norm, relation))
            if not self._no_power(norm, p, level - 1):
                return False
        return True

    @property
    def _signs_count(self) -> bool:
        return all(relation.degree % 4 for roots in self.by_level.values() for relation in roots)

    def _roots(self, level: int, p: int) -> list[Relation]:
        return [relation for relation in self.by_level.get(level, []) if relation.degree % p == 0]

    def _product(self, roots: list[Relation], exponents: tuple[int, ...]) -> Poly:
        algebra = self.builder.algebra
        total = algebra.one_poly
        for relation, exponent in zip(roots, exponents, strict=True):
            total = algebra.reduce(total * relation.radicand**exponent)
        return total

    def _rank(self, polys: list[Poly], p: int) -> int:
        """The rank mod p of the exponents of the irreducible factors, primes included."""
        columns: dict[object, int] = {}
        rows: list[dict[int, int]] = []
        for poly in polys:
            content, factors = poly.factor()
            row: dict[int, int] = {}
            if p == 2 and content < 0 and self._signs_count:
                row[columns.setdefault("sign", len(columns))] = 1
            for prime, multiplicity in fmpz(abs(content)).factor():
                row[columns.setdefault(int(prime), len(columns))] = int(multiplicity) % p
            for factor, multiplicity in factors:
                row[columns.setdefault(terms(factor), len(columns))] = int(multiplicity) % p
            rows.append(row)
        if not columns:
            return 0
        return nmod_mat([[row.get(c, 0) for c in range(len(columns))] for row in rows], p).rank()
