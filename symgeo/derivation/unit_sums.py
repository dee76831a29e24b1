r"""What a sum over units does to a monomial, once all its factors are there.

sum_j delta_jk t_j = t_k      sum_j 1 = n      sum_j J_ja J_jb = g_ab    for letters declared so
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symgeo.derivation.language import DELTA_UNITS, UNITS, Index, Tensor
from symgeo.derivation.monomial import Letter, Monomial


def summed(monomial: Monomial, unit: Index, grams: Mapping[Tensor, Tensor]) -> Monomial:
    """`monomial` summed over `unit`."""
    coefficient, letters = monomial.coefficient, without_equal_deltas(monomial.letters)
    holders = [letter for letter in letters if unit in letter.indices]
    if not holders:
        return Monomial(coefficient * UNITS, letters)
    for delta in holders:
        if delta.tensor == DELTA_UNITS:
            (other,) = (index for index in delta.indices if index != unit)
            rest = (letter for letter in letters if letter is not delta)
            renamed = tuple(replace(r, indices=tuple(other if i == unit else i for i in r.indices)) for r in rest)
            return Monomial(coefficient, without_equal_deltas(renamed))
    tensor = holders[0].tensor
    if len(holders) == 2 and tensor == holders[1].tensor and tensor in grams and all(h.call is None for h in holders):
        rest = tuple(letter for letter in letters if unit not in letter.indices)
        ends = tuple(index for h in holders for index in h.indices if index != unit)
        return Monomial(coefficient, (*rest, Letter(grams[tensor], ends)))
    return Monomial(coefficient, letters)


def without_equal_deltas(letters: tuple[Letter, ...]) -> tuple[Letter, ...]:
    """The letters less every delta_jj, which is one for each unit."""
    return tuple(t for t in letters if t.tensor != DELTA_UNITS or t.indices[0] != t.indices[1])
