"""What a check leaves behind: how an equation was found to hold, where, and how closely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias, get_args

import sympy as sp

from symgeo.derivation.components import Meanings
from symgeo.derivation.language import Term

Side: TypeAlias = Term | sp.Expr
Kind: TypeAlias = Literal["definition", "exact", "50 digits", "quadrature", "Monte Carlo"]


@dataclass(frozen=True)
class Evidence:
    """One passed check.

    Args:
        kind: in falling order of strength; a definition has nothing to fail but its well-formedness.
        note: the words in the margin.
        residual: size of the difference of the two sides ("0" where it is known to vanish).
        sizes: the (d, n) at which components were compared; empty for a proof that holds for all.
        seed: of the random points or samples.
        points: where the sides were evaluated, symbol to value.
        samples: number of Monte Carlo samples.
        z_score: the largest deviation in units of its standard error.
        rests_on: what was used, equation number or rules, each with how that is known; this is no stronger.
    """

    kind: Kind
    note: str
    residual: str = "0"
    sizes: tuple[tuple[int, int], ...] = ()
    seed: int | None = None
    points: tuple[tuple[tuple[str, str], ...], ...] = ()
    samples: int | None = None
    z_score: str | None = None
    rests_on: tuple[tuple[str, str], ...] = ()

    @property
    def weakness(self) -> tuple[int, bool]:
        """For comparison: the place of the kind, and whether it is only for some (d, n)."""
        return get_args(Kind).index(self.kind), bool(self.sizes)

    def record(self) -> dict[str, object]:
        """The fields that say something, for JSON."""
        fields = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        if self.points:
            fields["points"] = [dict(point) for point in self.points]
        if self.sizes:
            fields["sizes"] = [{"d": d, "n": n} for d, n in self.sizes]
        if self.rests_on:
            fields["rests_on"] = dict(self.rests_on)
        return fields


def strongest(evidence: Iterable[Evidence]) -> Evidence:
    """The one that says most: how well a step is known that has several checks."""
    return min(evidence, key=lambda e: e.weakness)


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """The one that says least: how well is known what needs them all."""
    return max(evidence, key=lambda e: e.weakness)


@dataclass(frozen=True)
class Proven:
    """An equation checked before: what a later proof may use, and under what it was said."""

    number: int
    sides: tuple[Side, ...]
    evidence: tuple[Evidence, ...]
    condition: sp.Basic | None = None
    functions: Mapping[str, tuple[sp.Symbol, sp.Expr]] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """Sides that are said to be equal, what their symbols mean, and under which condition on d and n.

    `earlier` holds the steps checked before, by label: what a proof may use.
    """

    sides: tuple[Side, ...]
    meanings: Meanings
    name: str
    condition: sp.Basic | None = None
    earlier: Mapping[str, Proven] = field(default_factory=dict)

    def pairs(self) -> list[tuple[Side, Side]]:
        """Each side but the first, with its left neighbour."""
        return list(zip(self.sides, self.sides[1:], strict=False))
