"""What a check leaves behind: how an equation was found to hold, where, and how closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, TypeAlias

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
    """

    kind: Kind
    note: str
    residual: str = "0"
    sizes: tuple[tuple[int, int], ...] = ()
    seed: int | None = None
    points: tuple[tuple[tuple[str, str], ...], ...] = ()
    samples: int | None = None
    z_score: str | None = None

    def record(self) -> dict[str, object]:
        """The fields that say something, for JSON."""
        fields = {key: value for key, value in asdict(self).items() if value not in (None, ())}
        if self.points:
            fields["points"] = [dict(point) for point in self.points]
        if self.sizes:
            fields["sizes"] = [{"d": d, "n": n} for d, n in self.sizes]
        return fields


@dataclass(frozen=True)
class Claim:
    """Sides that are said to be equal, what their symbols mean, and under which condition on d and n.

    `earlier` holds the sides of the steps checked before, by label: what a proof may use.
    """

    sides: tuple[Side, ...]
    meanings: Meanings
    name: str
    condition: sp.Basic | None = None
    earlier: Mapping[str, tuple[Side, ...]] = field(default_factory=dict)

    def pairs(self) -> list[tuple[Side, Side]]:
        """Each side but the first, with its left neighbour."""
        return list(zip(self.sides, self.sides[1:], strict=False))
