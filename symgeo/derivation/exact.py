"""Checks that settle an equation exactly.

Identity      two SymPy expressions: their difference is zero in its field of functions (or simplifies to zero)
ForAll        two terms have the same normal form: equal for every d and n
Components    two terms, for given (d, n): every component's difference is zero in its field of functions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import sympy as sp

from symgeo.derivation.checks import (
    Sizes,
    compare,
    done,
    in_components,
    plain,
    required,
    somewhere_nonzero,
    spoken,
    vacuous,
    with_zero,
)
from symgeo.derivation.contraction import Algebra
from symgeo.derivation.evidence import Claim, Evidence, Proven, strongest, weakest
from symgeo.derivation.functions import Expectation
from symgeo.derivation.language import Term, term
from symgeo.derivation.lawful import law_evidence
from symgeo.derivation.rules import Rules
from symgeo.derivation.traversal import replaced
from symgeo.derivation.zero import is_zero
from symgeo.errors import CheckFailed, InputError


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
            if is_zero(a) and not with_zero(claim):
                raise vacuous(claim, self.note)
        return Evidence("exact", self.note)


@dataclass(frozen=True)
class ForAll:
    """The sides have the same normal form under `rules`: they are equal for every d (and n).

    `using` names earlier steps: wherever the first side of one stands, its last side is put. What follows from them
    and from the rules is known no better than they are, and the evidence says so.
    """

    rules: Rules = field(default_factory=Rules)
    note: str = "exact, every d"
    using: tuple[str, ...] = ()

    def run(self, claim: Claim) -> Evidence:
        """Compare normal forms; a failure is shown in components, where both sides have values."""
        laws = law_evidence(self.rules, claim)
        premises = [(label, self._premise(label, claim)) for label in self.using]
        algebra = Algebra(claim.meanings, self.rules)
        for left, right in claim.pairs():
            left, right = term(left), term(right)
            for _, premise in premises:
                old, new = term(premise.sides[0]), term(premise.sides[-1])
                left, right = replaced(left, old, new), replaced(right, old, new)
            self._compare(claim, algebra, left, right)
        return self._evidence([premise for _, premise in premises], laws)

    def _premise(self, label: str, claim: Claim) -> Proven:
        if label not in claim.earlier:
            raise InputError(
                f"`using` must name steps before {claim.name}, got {label!r}; those are "
                f"{', '.join(sorted(claim.earlier))}"
            )
        premise = claim.earlier[label]
        if premise.condition not in (None, claim.condition):
            raise InputError(
                f"`using` must name steps that hold wherever {claim.name} does, got {label!r}, which is stated for "
                f"{premise.condition}"
            )
        if not _within(premise.functions, claim.meanings.functions):
            raise InputError(
                f"`using` must name steps about the same functions as {claim.name}, got {label!r}, which is stated "
                f"where {', '.join(sorted(premise.functions))} is defined otherwise"
            )
        return premise

    def _compare(self, claim: Claim, algebra: Algebra, left: Term, right: Term) -> None:
        rest = algebra.difference(left, right)
        if rest:
            shown_sides = replace(claim, sides=(left, right), condition=None)
            for place, a, b in in_components(shown_sides, 2, 3):
                if not is_zero(a - b):
                    compare(claim, a, b, self.note, f"{place}, ")
            key, coefficient = min(rest.items(), key=str)
            raise CheckFailed(
                f"{claim.name} does not hold ({self.note}): its difference has the monomial {key} with "
                f"coefficient {coefficient}"
            )
        if not with_zero(claim) and all(is_zero(c) for c in algebra.normal_form(left).values()):
            raise vacuous(claim, self.note)

    def _evidence(self, premises: list[Proven], laws: list[Evidence]) -> Evidence:
        basis = [(f"({premise.number})", strongest(premise.evidence)) for premise in premises]
        if laws:
            basis.append(("the rules of the letters", weakest(laws)))
        own = Evidence("exact", self.note, rests_on=tuple((name, evidence.note) for name, evidence in basis))
        weaker = [(name, evidence) for name, evidence in basis if evidence.weakness > own.weakness]
        if weaker:
            worst = weakest(evidence for _, evidence in weaker)
            sizes = next((evidence.sizes for _, evidence in weaker if evidence.sizes), ())
            known = ", ".join(f"{name} [{e.note}]" if (name, e) in weaker else name for name, e in basis)
            return replace(worst, note=f"follows from {known}", sizes=sizes, rests_on=own.rests_on)
        numbers = ", ".join(f"({premise.number})" for premise in premises)
        return replace(own, note=f"{self.note}, from {numbers}") if numbers else own


def _within(smaller: Mapping[str, object], larger: Mapping[str, object]) -> bool:
    return all(larger.get(name) == value for name, value in smaller.items())


@dataclass(frozen=True)
class Components:
    """The sides are equal in every component, for each (d, n) of `sizes`, as functions."""

    sizes: Sizes
    units: bool = True

    def __post_init__(self) -> None:
        required(self.sizes, "Components")

    def run(self, claim: Claim) -> Evidence:
        """Decide every component's difference."""
        note = f"exact, {spoken(self.sizes, self.units)}"
        for d, n in self.sizes:
            rows = list(in_components(claim, d, n))
            for place, a, b in rows:
                if not is_zero(done(a) - done(b)):
                    compare(claim, a, b, note, f"{place}, ")
            if not with_zero(claim) and not somewhere_nonzero((a, b) for _, a, b in rows):
                raise vacuous(claim, spoken(((d, n),), self.units))
        return Evidence("exact", note, sizes=self.sizes)
