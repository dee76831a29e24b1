"""The rules of a proof for every d are claims too: here they are checked against the definitions, in components.

A letter that is symmetric must have symmetric components, its derivative must be what the rules say, constants must
have none, and inverse letters must be inverse. Letters without a definition stand for themselves and are constant.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from symgeo.derivation.checks import Sizes, compare, spoken
from symgeo.derivation.components import Frame
from symgeo.derivation.contraction import Rules
from symgeo.derivation.evidence import Claim, Evidence
from symgeo.derivation.language import DELTA, Entry, Index, Partial, Tensor, Term
from symgeo.derivation.printer import latex
from symgeo.derivation.zero import is_zero

_A, _B, _C = Index("a"), Index("b"), Index("c")


@dataclass(frozen=True)
class RulesHold:
    """The letters of `rules` obey them, in every component for each (d, n) of `sizes`."""

    rules: Rules
    sizes: Sizes

    def run(self, claim: Claim) -> Evidence:
        """Decide every component of every law."""
        note = f"rules of the letters: exact, {spoken(self.sizes, True)}"
        for d, n in self.sizes:
            frame = Frame(d, n, claim.meanings)
            for left, right in self._laws():
                indices = tuple(sorted(left.free | right.free))
                sides = zip(frame.components(left, indices), frame.components(right, indices), strict=True)
                for (values, a), (_, b) in sides:
                    if not is_zero(a - b):
                        where = f"{latex(left)} = {latex(right)}, d = {d}, n = {n}, indices {values}, "
                        compare(claim, a, b, note, where)
        return Evidence("exact", note, sizes=self.sizes)

    def _laws(self) -> Iterator[tuple[Term, Term]]:
        for tensor in sorted(self.rules.symmetric, key=str):
            indices = _indices(tensor)
            for place in range(len(indices) - 1):
                swapped = (*indices[:place], indices[place + 1], indices[place], *indices[place + 2 :])
                yield tensor[indices], tensor[swapped]
        for tensor, (slots, slope) in self.rules.derivatives.items():
            yield Partial(slots[0], Entry(tensor, slots[1:])), slope
        for tensor in sorted(self.rules.constants, key=str):
            slope = Partial(_A, tensor[_indices(tensor)])
            yield slope, 0 * slope
        for upper, lower in self.rules.inverses:
            yield upper[_A, _C] * lower[_C, _B], DELTA[_A, _B]


def _indices(tensor: Tensor) -> tuple[Index, ...]:
    count = itertools.count(1)
    return tuple(Index(f"i{next(count)}", "unit" if position == "j" else "input") for position in tensor.positions)
