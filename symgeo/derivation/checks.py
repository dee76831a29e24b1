r"""Checks that settle an equation exactly, or to 50 digits.

    Identity      two SymPy expressions: their difference is zero in its field of functions (or simplifies to zero)
    ForAll        two terms have the same normal form: equal for every d and n
    Components    two terms, for given (d, n): every component's difference is zero in its field of functions
    Digits        either, at random points, to 50 digits
    Against       a term, for given (d, n), equals what an independent computation answers

Each has `run(claim) -> Evidence` and raises CheckFailed with both sides' values where it does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import mpmath
import sympy as sp

from symgeo.derivation.components import Frame, Meanings
from symgeo.derivation.contraction import Algebra, Rules
from symgeo.derivation.evidence import Claim, Evidence, Side
from symgeo.derivation.functions import Expectation
from symgeo.derivation.language import INPUTS, UNITS, Index, Term, term
from symgeo.derivation.points import DIGITS, Multiprecision, normal_jets, random_point, recorded, shown, value_at
from symgeo.derivation.traversal import replaced, scalar
from symgeo.derivation.zero import is_zero
from symgeo.errors import CheckFailed, InputError, NumericalError

Sizes = tuple[tuple[int, int], ...]


class Check(Protocol):
    """A way to find out whether a claim holds."""

    def run(self, claim: Claim) -> Evidence:
        """Evidence that it does, or CheckFailed."""
        ...


def fail(claim: Claim, how: str, left: object, right: object, where: str) -> CheckFailed:
    """The error of a wrong step: which, how it was checked, both sides' values and where."""
    return CheckFailed(f"{claim.name} does not hold ({how}): left side = {left}, right side = {right} at {where}")


def plain(side: Side, meanings: Meanings) -> sp.Expr:
    """A SymPy side with definitions put in and its operations done."""
    side = scalar(side) if isinstance(side, Term) else side
    return meanings.expanded(side).doit()


def compare(claim: Claim, left: sp.Expr, right: sp.Expr, how: str, place: str, seed: int = 1) -> None:
    """Raise CheckFailed with both sides' values at a random point: an exact check could not prove equality."""
    left, right = normal_jets(left), normal_jets(right)
    for attempt in range(seed, seed + 5):
        try:
            point = random_point([left, right], attempt)
            values = value_at(left, point), value_at(right, point)
        except NumericalError:
            continue
        if _gap(*values) > mpmath.mpf(10) ** (-DIGITS):
            raise fail(claim, how, mpmath.nstr(values[0], 15), mpmath.nstr(values[1], 15), f"{place}{shown(point)}")
        raise CheckFailed(
            f"{claim.name} agrees at a random point but is not proven ({how}); check it with Digits, or "
            "write it so that it can be decided"
        )
    raise fail(claim, how, sp.sstr(left)[:200], sp.sstr(right)[:200], f"{place}every point")


def _gap(left: Multiprecision, right: Multiprecision) -> Multiprecision:
    return abs(left - right) / max(1, abs(left), abs(right))


def _indices(left: Term, right: Term) -> tuple[Index, ...]:
    return tuple(sorted(left.free | right.free))


def _components(claim: Claim, d: int, n: int) -> Iterator[tuple[str, sp.Expr, sp.Expr]]:
    if claim.condition is not None and not bool(claim.condition.subs({INPUTS: d, UNITS: n})):
        raise InputError(
            f"`sizes` must obey {claim.condition} under which {claim.name} is stated, got d = {d}, n = {n}"
        )
    frame = Frame(d, n, claim.meanings)
    for left, right in claim.pairs():
        left, right = term(left), term(right)
        indices = _indices(left, right)
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


def _same_logarithm(a: sp.Expr, b: sp.Expr) -> bool:
    """Whether two positive expressions, powers with symbolic exponents among them, have the same logarithm."""
    a, b = (sp.factor(side, deep=True) for side in (a, b))
    if not (a.is_positive and b.is_positive):
        return False
    return is_zero(sp.expand_log(sp.log(a), force=True) - sp.expand_log(sp.log(b), force=True))


@dataclass(frozen=True)
class Identity:
    """The sides are equal as SymPy expressions: derivatives, integrals and limits done, the difference zero."""

    note: str = "exact"

    def run(self, claim: Claim) -> Evidence:
        """Decide in the field of functions, and where that does not see it, by simplification."""
        for left, right in claim.pairs():
            a, b = plain(left, claim.meanings), plain(right, claim.meanings)
            unfinished = (a - b).atoms(Expectation, sp.Integral, sp.Limit, sp.Derivative)
            if unfinished:
                raise CheckFailed(
                    f"{claim.name} holds {sorted(map(str, unfinished))[0]}, which SymPy cannot do; check it by "
                    "quadrature"
                )
            if not is_zero(a - b) and not _same_logarithm(a, b) and sp.simplify(a - b) != 0:
                compare(claim, a, b, self.note, "")
        return Evidence("exact", self.note)


@dataclass(frozen=True)
class ForAll:
    """The sides have the same normal form under `rules`: they are equal for every d (and n).

    `using` names earlier steps: wherever the first side of one stands, its last side is put.
    """

    rules: Rules = field(default_factory=Rules)
    note: str = "exact, every d"
    using: tuple[str, ...] = ()

    def run(self, claim: Claim) -> Evidence:
        """Compare normal forms; a failure is shown in components, where both sides have values."""
        algebra = Algebra(claim.meanings, self.rules)
        for left, right in claim.pairs():
            left, right = term(left), term(right)
            for label in self.using:
                if label not in claim.earlier:
                    raise InputError(
                        f"`using` must name steps before {claim.name}, got {label!r}; those are "
                        f"{', '.join(sorted(claim.earlier))}"
                    )
                old, new = term(claim.earlier[label][0]), term(claim.earlier[label][-1])
                left, right = replaced(left, old, new), replaced(right, old, new)
            rest = algebra.difference(left, right)
            if rest:
                shown_sides = replace(claim, sides=(left, right), condition=None)
                for place, a, b in _components(shown_sides, 2, 3):
                    if not is_zero(a - b):
                        compare(claim, a, b, self.note, f"{place}, ")
                key, coefficient = min(rest.items(), key=str)
                raise CheckFailed(
                    f"{claim.name} does not hold ({self.note}): its difference has the monomial {key} with "
                    f"coefficient {coefficient}"
                )
        return Evidence("exact", self.note)


@dataclass(frozen=True)
class Components:
    """The sides are equal in every component, for each (d, n) of `sizes`, as functions."""

    sizes: Sizes
    units: bool = True

    def run(self, claim: Claim) -> Evidence:
        """Decide every component's difference."""
        note = f"exact, {spoken(self.sizes, self.units)}"
        for d, n in self.sizes:
            for place, a, b in _components(claim, d, n):
                if not is_zero(a.doit() - b.doit()):
                    compare(claim, a, b, note, f"{place}, ")
        return Evidence("exact", note, sizes=self.sizes)


@dataclass(frozen=True)
class Digits:
    """The sides agree to 50 digits at random points: in components for each (d, n) of `sizes`, or as they are."""

    seed: int
    sizes: Sizes = ()
    points: int = 2
    units: bool = True

    def run(self, claim: Claim) -> Evidence:
        """Evaluate both sides with 80 digits and compare 50 of them, relative to the larger of 1 and the sides."""
        cases: list[list[tuple[str, sp.Expr, sp.Expr]]] = [list(_components(claim, d, n)) for d, n in self.sizes]
        if not self.sizes:
            cases = [[("", plain(a, claim.meanings), plain(b, claim.meanings)) for a, b in claim.pairs()]]
        used: list[tuple[tuple[str, str], ...]] = []
        for case in cases:
            rows = [(place, normal_jets(a.doit()), normal_jets(b.doit())) for place, a, b in case]
            for seed in range(self.seed, self.seed + self.points):
                point = random_point([side for _, *sides in rows for side in sides], seed)
                used.append(recorded(point))
                for place, a, b in rows:
                    left, right = value_at(a, point), value_at(b, point)
                    if _gap(left, right) > mpmath.mpf(10) ** (-DIGITS):
                        raise fail(
                            claim,
                            "50 digits",
                            mpmath.nstr(left, 15),
                            mpmath.nstr(right, 15),
                            f"{place}, {shown(point)}".lstrip(", "),
                        )
        where = f"{spoken(self.sizes, self.units)}, " if self.sizes else ""
        note = f"50 digits, {where}{counted(self.points)}"
        return Evidence("50 digits", note, "< 1e-50", self.sizes, self.seed, tuple(used))


@dataclass(frozen=True)
class Against:
    """Every side without indices equals what `witness` answers for each (d, n): a computation of another make.

    Args:
        name: what the witness is, for the margin.
        witness: the value in a frame, in the frame's symbols.
        sizes: the (d, n).
        seed: of the random points; None decides exactly.
    """

    name: str
    witness: Callable[[Frame], sp.Expr]
    sizes: Sizes
    seed: int | None = None
    units: bool = True

    def run(self, claim: Claim) -> Evidence:
        """Compare each side with the witness."""
        points: list[tuple[tuple[str, str], ...]] = []
        for d, n in self.sizes:
            frame = Frame(d, n, claim.meanings)
            truth = normal_jets(self.witness(frame))
            for side in claim.sides:
                value = normal_jets(frame.evaluate(term(side), {}).doit())
                if self.seed is None:
                    if not is_zero(value - truth):
                        compare(claim, value, truth, self.name, f"d = {d}, n = {n}, ")
                    continue
                point = random_point([value, truth], self.seed)
                left, right = value_at(value, point), value_at(truth, point)
                points.append(recorded(point))
                if _gap(left, right) > mpmath.mpf(10) ** (-DIGITS):
                    raise fail(
                        claim,
                        self.name,
                        mpmath.nstr(left, 15),
                        mpmath.nstr(right, 15),
                        f"d = {d}, n = {n}, {shown(point)}",
                    )
        kind, residual = ("exact", "0") if self.seed is None else ("50 digits", "< 1e-50")
        note = f"{kind} against {self.name}, {spoken(self.sizes, self.units)}"
        return Evidence(kind, note, residual, self.sizes, self.seed, tuple(dict.fromkeys(points)))
