"""Linear relations over Q among elements, and multiplicative ones: what decides whether exp and log are new.

Elements over a common denominator are polynomials in normal form, and their monomials are linearly independent over Q;
so a rational relation among elements is a linear system over Q in the coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Ratio
from typing import Any

from flint import fmpq, fmpq_mat, fmpz

from symgeo.geometry.field.algebra import Fraction, Poly, terms

Term = tuple[tuple[tuple[int, ...], Any], ...]


def rational_combination(target: Fraction, basis: Sequence[Fraction]) -> list[Ratio] | None:
    """Return q with target = sum q_i basis_i, q_i rational, or None if there is none; `basis` is independent."""
    vectors = _coefficient_vectors([*basis, target])
    rows = sorted({monomial for vector in vectors for monomial in vector})
    if not rows:
        return [Ratio(0)] * len(basis)
    matrix = fmpq_mat([[fmpq(vector.get(row, 0)) for vector in vectors] for row in rows])
    reduced, rank = matrix.rref()
    if rank > len(basis):
        return None
    return [Ratio(int(q.p), int(q.q)) for q in (reduced[i, len(basis)] for i in range(len(basis)))]


def _coefficient_vectors(elements: Sequence[Fraction]) -> list[dict[tuple[int, ...], fmpz]]:
    """Return the coefficients of each element's monomials over the least common denominator."""
    common = elements[0].den
    for element in elements[1:]:
        common = common * (element.den // common.gcd(element.den))
    return [(element.num * (common // element.den)).to_dict() for element in elements]


def factor_exponents(poly: Poly, leave_out: frozenset[int]) -> dict[Term, int]:
    """Return the exponents of the irreducible factors that are neither numbers nor variables in `leave_out`."""
    _, factors = poly.factor()
    exponents: dict[Term, int] = {}
    for factor, multiplicity in factors:
        degrees = factor.degrees()
        single = len(factor) == 1 and sum(degrees) == 1
        if not (single and any(degrees[index] for index in leave_out)):
            exponents[terms(factor)] = int(multiplicity)
    return exponents


def multiplicatively_independent(vectors: Sequence[dict[Term, int]]) -> bool:
    """Say whether the exponent vectors are linearly independent over Q."""
    columns = {factor: i for i, factor in enumerate({factor: None for vector in vectors for factor in vector})}
    if len(columns) < len(vectors):
        return False
    by_column = [{columns[factor]: value for factor, value in vector.items()} for vector in vectors]
    matrix = fmpq_mat([[fmpq(vector.get(c, 0)) for c in range(len(columns))] for vector in by_column])
    return matrix.rank() == len(vectors)
