"""One comparison, and the table of all of them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from symgeo.storing import store

Measure = Literal["relative error", "z-score"]

# What a deviation may be before a row fails, each with its reason.
LIMITS: dict[str, tuple[Measure, float]] = {
    # Float64 formulas of some hundred operations at well-conditioned points: 1e4 units in the last place.
    "quadrature": ("relative error", 1e-12),
    # The rows take the largest of 333 components in all, counting symmetric ones once. Student's t with 99 degrees of
    # freedom (100 networks) lies beyond 5.0 with probability 2.5e-6: of the tables whose closed forms all hold, one
    # in 1/(333 * 2.5e-6) = 1200 fails, or fewer (Bonferroni).
    "Monte Carlo": ("z-score", 5.0),
    # The reference inverts g: eps cond(g)^2 with cond(g) up to 8e2 at these points is 1e-10, and sums grow it.
    "autodiff": ("relative error", 1e-9),
    # Both sides orthogonalise; cond(g) is about 30 on the trained networks' planes: eps cond(g)^2 = 2e-13.
    "trained network": ("relative error", 1e-10),
}


@dataclass(frozen=True)
class Row:
    """A closed form held against another method.

    Attributes:
        subject: the network.
        quantity: what of it.
        method: a key of LIMITS.
        against: how the other value was had, in words.
        deviation: the largest over points and components, in the method's measure.
        points: how many points were compared.
    """

    subject: str
    quantity: str
    method: str
    against: str
    deviation: float
    points: int

    @property
    def measure(self) -> Measure:
        """What the deviation is: a relative error, or a z-score."""
        return LIMITS[self.method][0]

    @property
    def limit(self) -> float:
        """The deviation from which on the row fails."""
        return LIMITS[self.method][1]

    @property
    def passed(self) -> bool:
        """Whether the deviation is a number below the limit."""
        return math.isfinite(self.deviation) and self.deviation <= self.limit


def failures(rows: Iterable[Row]) -> list[Row]:
    """The rows that do not hold."""
    return [row for row in rows if not row.passed]


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text, one line each, and a last line that counts them."""
    head = ("", "network", "quantity", "held against", "points", "deviation", "limit")
    body = [
        (
            "ok" if row.passed else "FAIL",
            row.subject,
            row.quantity,
            row.against,
            str(row.points),
            f"{row.deviation:.1e}" if row.measure == "relative error" else f"|z| {row.deviation:.1f}",
            f"{row.limit:.0e}" if row.measure == "relative error" else f"{row.limit}",
        )
        for row in rows
    ]
    widths = [max(len(line[k]) for line in (head, *body)) for k in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in (head, *body)]
    bad = len(failures(rows))
    verdict = f"{len(rows)} comparisons, all hold" if not bad else f"{len(rows)} comparisons, {bad} do not hold"
    return "\n".join([*(line.rstrip() for line in lines), verdict])


def write_json(rows: Sequence[Row], path: str | os.PathLike[str]) -> Path:
    """The rows with their limits and verdicts as JSON, written whole or not at all.

    Raises:
        InputError: where the file cannot be written.
    """
    records = [asdict(row) | {"measure": row.measure, "limit": row.limit, "passed": row.passed} for row in rows]
    return store(path, json.dumps(records, indent=1) + "\n")
