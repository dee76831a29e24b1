"""Checks at random points, to 50 digits, and against a computation of another make.

Digits        two sides at random points, relative to the larger of their values
Against       a term, for given (d, n), equals what an independent computation answers
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import sympy as sp

from symgeo.derivation.checks import (
    Sizes,
    compare,
    counted,
    done,
    fail,
    fits,
    in_components,
    plain,
    required,
    somewhere_nonzero,
    spoken,
    undecided,
    vacuous,
    verdict,
    with_zero,
)
from symgeo.derivation.components import Frame
from symgeo.derivation.evidence import Claim, Evidence
from symgeo.derivation.language import term
from symgeo.derivation.points import Point, normal_jets, random_point, recorded, shown, value_at
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError

Recorded = tuple[tuple[str, str], ...]


def _agree(claim: Claim, how: str, left: sp.Expr, right: sp.Expr, point: Point, place: str) -> None:
    """Raise CheckFailed unless both sides agree to 50 digits there, or both are zero as functions."""
    a, b = value_at(left, point), value_at(right, point)
    where = f"{place}, {shown(point)}".lstrip(", ")
    found = verdict(a, b)
    if found == "different":
        raise fail(claim, how, mpmath.nstr(a, 15), mpmath.nstr(b, 15), where)
    if found == "undecided" and not (is_zero(left) and is_zero(right)):
        raise undecided(claim, how, where)


@dataclass(frozen=True)
class Digits:
    """The sides agree to 50 digits at random points: in components for each (d, n) of `sizes`, or as they are."""

    seed: int
    sizes: Sizes = ()
    points: int = 2
    units: bool = True

    def __post_init__(self) -> None:
        if self.points < 1:
            raise InputError(f"`points` of Digits must be at least 1, got {self.points}")
        if self.sizes:
            required(self.sizes, "Digits")

    def run(self, claim: Claim) -> Evidence:
        """Evaluate both sides with 80 digits and compare 50 of them."""
        cases = [(spoken(((d, n),), self.units), list(in_components(claim, d, n))) for d, n in self.sizes]
        if not self.sizes:
            meanings = claim.meanings
            cases = [("at every point", [("", plain(a, meanings), plain(b, meanings)) for a, b in claim.pairs()])]
        used: list[Recorded] = []
        for size, case in cases:
            rows = [(place, normal_jets(done(a)), normal_jets(done(b))) for place, a, b in case]
            for seed in range(self.seed, self.seed + self.points):
                point = random_point([side for _, *sides in rows for side in sides], seed)
                used.append(recorded(point))
                for place, a, b in rows:
                    _agree(claim, "50 digits", a, b, point, place)
            if not with_zero(claim) and not somewhere_nonzero((a, b) for _, a, b in rows):
                raise vacuous(claim, size)
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

    def __post_init__(self) -> None:
        required(self.sizes, "Against")

    def run(self, claim: Claim) -> Evidence:
        """Compare each side with the witness."""
        points: list[Recorded] = []
        for d, n in self.sizes:
            fits(claim, d, n)
            frame = Frame(d, n, claim.meanings)
            truth = normal_jets(self.witness(frame))
            values: list[sp.Expr] = []
            for side in claim.sides:
                value = normal_jets(done(frame.evaluate(term(side), {})))
                values.append(value)
                if self.seed is None:
                    if not is_zero(value - truth):
                        compare(claim, value, truth, self.name, f"d = {d}, n = {n}, ")
                    continue
                point = random_point([value, truth], self.seed)
                points.append(recorded(point))
                _agree(claim, self.name, value, truth, point, f"d = {d}, n = {n}")
            if not with_zero(claim) and not somewhere_nonzero((value, truth) for value in values):
                raise vacuous(claim, spoken(((d, n),), self.units))
        kind, residual = ("exact", "0") if self.seed is None else ("50 digits", "< 1e-50")
        note = f"{kind} against {self.name}, {spoken(self.sizes, self.units)}"
        return Evidence(kind, note, residual, self.sizes, self.seed, tuple(dict.fromkeys(points)))
