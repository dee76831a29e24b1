"""Quadrature as a check: both sides as numbers at random points, integrals by mpmath with its estimate of the error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import mpmath
import sympy as sp

from symgeo.derivation.checks import counted, fail, undecided, verdict
from symgeo.derivation.evidence import Claim, Evidence, Side
from symgeo.derivation.functions import Expectation, Jet, averages
from symgeo.derivation.language import Term
from symgeo.derivation.points import Multiprecision, Point, normal_jets, random_point, recorded, shown, value_at
from symgeo.derivation.traversal import scalar
from symgeo.errors import CheckFailed, InputError

Instances: TypeAlias = Mapping[str, Callable[[sp.Expr], sp.Expr]]
"""Which function stands in for an unspecified one: its LaTeX name to the function."""

GUARD = 15
"""Digits carried beyond those claimed."""


def instantiated(expression: sp.Expr, instances: Instances) -> sp.Expr:
    """The expression with jets replaced by the derivatives of the functions given for them."""
    z = sp.Dummy("z", real=True)
    table = {}
    for jet in expression.atoms(Jet):
        name, order, argument = jet.args
        if str(name) in instances:
            table[jet] = sp.diff(instances[str(name)](z), z, int(order)).subs(z, argument)
    return expression.xreplace(table)


@dataclass(frozen=True)
class Quadrature:
    """Both sides as numbers at random points, unspecified functions by `instances`.

    Args:
        seed: of the points.
        instances: functions for the unspecified ones.
        points: how many.
        digits: agreement asked for, relative to the larger side; what the estimated errors of the integrals do to a
            side must be smaller.
    """

    seed: int
    instances: Instances = field(default_factory=dict)
    points: int = 2
    digits: int = 20

    def __post_init__(self) -> None:
        if self.points < 1 or self.digits < 1:
            raise InputError(
                f"`points` and `digits` of Quadrature must be at least 1, got {self.points} and {self.digits}"
            )

    def run(self, claim: Claim) -> Evidence:
        """Integrate and compare."""
        used: list[tuple[tuple[str, str], ...]] = []
        for pair in claim.pairs():
            sides = [normal_jets(instantiated(_expanded(side, claim), self.instances)) for side in pair]
            for seed in range(self.seed, self.seed + self.points):
                point = random_point(
                    [side.doit() if not side.atoms(Expectation, sp.Integral) else side for side in sides], seed
                )
                used.append(recorded(point))
                with mpmath.workdps(self.digits + GUARD):
                    (a, error_a), (b, error_b) = (self.value(side, point) for side in sides)
                    self._judge(claim, a, b, error_a + error_b, point)
        note = f"quadrature, {self.digits} digits, {counted(self.points)}"
        return Evidence("quadrature", note, f"< 1e-{self.digits}", seed=self.seed, points=tuple(dict.fromkeys(used)))

    def _judge(self, claim: Claim, a: Multiprecision, b: Multiprecision, error: Multiprecision, point: Point) -> None:
        size = max(abs(a), abs(b))
        if error > mpmath.mpf(10) ** (-self.digits) * size:
            raise CheckFailed(
                f"{claim.name} is not decided (quadrature): sides of size {mpmath.nstr(size, 3)} are known to "
                f"{mpmath.nstr(error, 3)} only, at {shown(point)}; ask for fewer digits"
            )
        found = verdict(a, b, self.digits)
        if found == "undecided":
            raise undecided(claim, "quadrature", shown(point))
        if found == "different":
            raise fail(claim, "quadrature", mpmath.nstr(a, 15), mpmath.nstr(b, 15), shown(point))

    def value(self, side: sp.Expr, point: Point) -> tuple[Multiprecision, Multiprecision]:
        """A side's value, and by how much it moves when its integrals move by their errors."""
        integrals: dict[sp.Expr, sp.Integral] = {atom: average.integral for atom, average in averages(side).items()}
        bare = side.xreplace({atom: sp.Dummy() for atom in integrals})
        integrals |= {e: e for e in bare.atoms(sp.Integral)}
        found = {e: self._integral(i, point) for e, i in integrals.items()}
        value = self._with(side, {e: value for e, (value, _) in found.items()}, point)
        moved = mpmath.mpf(0)
        for atom, (_, error) in found.items():
            values = {e: v + (error if e == atom else 0) for e, (v, _) in found.items()}
            moved += abs(self._with(side, values, point) - value)
        return value, moved

    def _with(self, side: sp.Expr, values: Mapping[sp.Expr, Multiprecision], point: Point) -> Multiprecision:
        digits = self.digits + GUARD
        return value_at(side.xreplace({e: sp.Float(v, digits) for e, v in values.items()}), point, digits)

    def _integral(self, integral: sp.Integral, point: Point) -> tuple[Multiprecision, Multiprecision]:
        z, low, high = integral.limits[0].args  # pyright: ignore[reportAttributeAccessIssue]
        function = sp.lambdify(z, integral.function.xreplace(point), modules="mpmath", cse=True)
        ends = [sp.lambdify((), sp.sympify(end).xreplace(point), modules="mpmath")() for end in (low, high)]
        middle = [mpmath.mpf(0)] if ends[0] < 0 < ends[1] else []
        return mpmath.quad(lambda u: mpmath.mpmathify(function(u)), [ends[0], *middle, ends[1]], error=True)


def _expanded(side: Side, claim: Claim) -> sp.Expr:
    return claim.meanings.expanded(scalar(side) if isinstance(side, Term) else side)
