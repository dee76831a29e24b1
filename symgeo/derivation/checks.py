"""What every check is and shares: its errors, both sides in components, and what does not count as a check.

A check has `run(claim) -> Evidence` and raises CheckFailed with both sides' values where the claim does not hold.
An equation between sides that all vanish says nothing, unless zero is written in it: it is refused as vacuous.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, TypeAlias

import mpmath
import sympy as sp

from symgeo.derivation.components import Frame, Meanings
from symgeo.derivation.evidence import Claim, Evidence, Side
from symgeo.derivation.functions import Expectation
from symgeo.derivation.language import INPUTS, UNITS, Index, Scalar, Term, Times, term
from symgeo.derivation.points import DIGITS, Multiprecision, distinct, normal_jets, random_point, shown, value_at
from symgeo.derivation.traversal import scalar
from symgeo.errors import CheckFailed, InputError, NumericalError

Sizes: TypeAlias = tuple[tuple[int, int], ...]
Verdict: TypeAlias = Literal["equal", "different", "undecided"]

TINY = mpmath.mpf(10) ** (-60)
"""Below it a number may be what is left of a cancellation at 80 digits: two such are not compared."""

_UNDONE = (sp.Derivative, sp.Integral, sp.Limit, sp.Subs, Expectation)

ATTEMPTS = 5
"""Seeds that are tried for a point at which an expression has a finite real value."""


class Check(Protocol):
    """A way to find out whether a claim holds."""

    def run(self, claim: Claim) -> Evidence:
        """Evidence that it does, or CheckFailed."""
        ...


def fail(claim: Claim, how: str, left: object, right: object, where: str) -> CheckFailed:
    """The error of a wrong step: which, how it was checked, both sides' values and where."""
    return CheckFailed(f"{claim.name} does not hold ({how}): left side = {left}, right side = {right} at {where}")


def undecided(claim: Claim, how: str, where: str) -> CheckFailed:
    """The error of an equation whose sides are too small to be compared."""
    return CheckFailed(
        f"{claim.name} is not decided ({how}): both sides are below what rounding leaves at {where}; check it exactly"
    )


def verdict(left: Multiprecision, right: Multiprecision, digits: int = DIGITS) -> Verdict:
    """Whether two numbers agree to `digits` digits, relative to the larger one."""
    size = max(abs(left), abs(right))
    if size < TINY:
        return "undecided"
    return "equal" if abs(left - right) <= mpmath.mpf(10) ** (-digits) * size else "different"


def plain(side: Side, meanings: Meanings) -> sp.Expr:
    """A SymPy side with definitions put in and its operations done."""
    side = scalar(side) if isinstance(side, Term) else side
    return meanings.expanded(side).doit()


def compare(claim: Claim, left: sp.Expr, right: sp.Expr, how: str, place: str) -> None:
    """Raise CheckFailed with both sides' values at a random point: an exact check could not prove equality."""
    left, right = normal_jets(left), normal_jets(right)
    for seed in range(1, 1 + ATTEMPTS):
        try:
            point = random_point([left, right], seed)
            values = value_at(left, point), value_at(right, point)
        except NumericalError:
            continue
        if verdict(*values) == "different":
            raise fail(claim, how, mpmath.nstr(values[0], 15), mpmath.nstr(values[1], 15), f"{place}{shown(point)}")
        raise CheckFailed(
            f"{claim.name} agrees at a random point but is not proven ({how}); check it with Digits, or "
            "write it so that it can be decided"
        )
    raise fail(claim, how, sp.sstr(left)[:200], sp.sstr(right)[:200], f"{place}every point")


def with_zero(claim: Claim) -> bool:
    """Whether zero is written as one of the sides."""
    return any(is_nothing(term(side)) for side in claim.sides)


def is_nothing(side: Term) -> bool:
    """Whether a side is written as zero."""
    if isinstance(side, Times):
        return any(is_nothing(factor) for factor in side.factors)
    return isinstance(side, Scalar) and side.value == 0


def done(expression: sp.Expr) -> sp.Expr:
    """The expression with its operations done, where there are any: a walk, where `doit` would build it anew."""
    return expression.doit() if any(isinstance(part, _UNDONE) for part in distinct(expression)) else expression


def somewhere_nonzero(pairs: Iterable[tuple[sp.Expr, sp.Expr]]) -> bool:
    """Whether one of the pairs, of expressions known to be equal, has a value other than zero at a random point."""
    shorter = [(_size(a), a) if _size(a) < _size(b) else (_size(b), b) for a, b in pairs]
    for _, expression in sorted(shorter, key=lambda sized: sized[0]):
        if expression == 0:
            continue
        expression = normal_jets(done(expression))
        for seed in range(1, 1 + ATTEMPTS):
            try:
                value = value_at(expression, random_point([expression], seed))
            except NumericalError:
                continue
            if abs(value) > TINY:
                return True
            break
    return False


def _size(expression: sp.Expr) -> int:
    """The number of different subexpressions."""
    return sum(1 for _ in distinct(expression))


def vacuous(claim: Claim, where: str) -> InputError:
    """The error of an equation both sides of which vanish, although neither is written as zero."""
    return InputError(
        f"`sizes` must leave something to compare in {claim.name}, but both sides vanish identically ({where}); "
        "choose other sizes, or write the equation with zero"
    )


def required(sizes: Sizes, check: str) -> None:
    """Raise InputError where there are no sizes, or one is not positive."""
    if not sizes or any(d < 1 or n < 1 for d, n in sizes):
        raise InputError(f"`sizes` of {check} must be pairs (d, n) of positive integers, at least one, got {sizes}")


def fits(claim: Claim, d: int, n: int) -> None:
    """Raise InputError where (d, n) does not obey the condition of the claim."""
    if claim.condition is not None and not bool(claim.condition.subs({INPUTS: d, UNITS: n})):
        raise InputError(
            f"`sizes` must obey {claim.condition} under which {claim.name} is stated, got d = {d}, n = {n}"
        )


def indices_of(left: Term, right: Term) -> tuple[Index, ...]:
    """The free indices of two sides, in order."""
    return tuple(sorted(left.free | right.free))


def in_components(claim: Claim, d: int, n: int) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    """Every component of every pair of sides: where, left, right."""
    fits(claim, d, n)
    frame = Frame(d, n, claim.meanings)
    for left, right in claim.pairs():
        left, right = term(left), term(right)
        indices = indices_of(left, right)
        for (values, a), (_, b) in zip(frame.components(left, indices), frame.components(right, indices), strict=True):
            where = f"d = {d}, n = {n}" + "".join(f", {i.name} = {v}" for i, v in zip(indices, values, strict=True))
            yield where, a, b


def counted(points: int) -> str:
    """A number of random points in words."""
    return "a random point" if points == 1 else f"{points} random points"


def spoken(sizes: Sizes, units: bool) -> str:
    """The (d, n), or without units the d, in words."""
    if units:
        return ", ".join(f"(d, n) = ({d}, {n})" if place == 0 else f"({d}, {n})" for place, (d, n) in enumerate(sizes))
    return "d = " + ", ".join(str(d) for d, _ in sizes)
