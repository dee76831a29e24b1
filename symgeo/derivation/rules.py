"""What the letters of a proof for every d are taken to obey, each rule an equation that can itself be checked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from symgeo.derivation.components import COORDINATES
from symgeo.derivation.language import DELTA, Entry, Index, Partial, Tensor, Term
from symgeo.errors import InputError

LawKind: TypeAlias = Literal["symmetric", "derivative", "constant", "inverse"]

_A, _B, _C = Index("a"), Index("b"), Index("c")


@dataclass(frozen=True)
class Law:
    """One rule about a tensor, as the equation that it says."""

    kind: LawKind
    tensor: Tensor
    left: Term
    right: Term


@dataclass(frozen=True)
class Rules:
    """What the letters of a proof are known to obey; anything else is expanded by its definition.

    Args:
        letters: tensors that stay as they are.
        symmetric: those of them that are totally symmetric.
        derivatives: for a letter t, ((a, slots...), term): d_a t_slots = term. x and delta need none.
        constants: letters whose derivative is zero.
        inverses: pairs (upper, lower) of symmetric letters inverse to one another.
        along: the vector that derivatives are taken by; itself it has the derivative delta.

    Raises:
        InputError: a letter of `inverses` is not among the symmetric.
    """

    letters: frozenset[Tensor] = frozenset()
    symmetric: frozenset[Tensor] = frozenset()
    derivatives: Mapping[Tensor, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    constants: frozenset[Tensor] = frozenset()
    inverses: tuple[tuple[Tensor, Tensor], ...] = ()
    along: Tensor = COORDINATES

    def __post_init__(self) -> None:
        for pair in self.inverses:
            for tensor in pair:
                if tensor not in self.symmetric & self.letters:
                    raise InputError(
                        f"`inverses` must be pairs of symmetric letters, {tensor.name} is not among `letters` and "
                        "`symmetric`; put it there"
                    )

    def laws(self) -> tuple[Law, ...]:
        """Every rule as an equation."""
        vector = None if self.along == COORDINATES else self.along
        laws: list[Law] = []
        for tensor in sorted(self.symmetric, key=str):
            indices = _indices(tensor)
            for place in range(len(indices) - 1):
                swapped = (*indices[:place], indices[place + 1], indices[place], *indices[place + 2 :])
                laws.append(Law("symmetric", tensor, tensor[indices], tensor[swapped]))
        for tensor, (slots, slope) in self.derivatives.items():
            laws.append(Law("derivative", tensor, Partial(slots[0], Entry(tensor, slots[1:]), vector), slope))
        for tensor in sorted(self.constants, key=str):
            slope = Partial(_A, tensor[_indices(tensor)], vector)
            laws.append(Law("constant", tensor, slope, 0 * slope))
        for upper, lower in self.inverses:
            laws.append(Law("inverse", upper, upper[_A, _C] * lower[_C, _B], DELTA[_A, _B]))
        return tuple(laws)


def _indices(tensor: Tensor) -> tuple[Index, ...]:
    count = itertools.count(1)
    return tuple(Index(f"i{next(count)}", "unit" if position == "j" else "input") for position in tensor.positions)
