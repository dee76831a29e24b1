"""What the letters of a proof for every d are taken to obey, each rule an equation that can itself be checked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from symgeo.derivation.components import COORDINATES
from symgeo.derivation.compound import UnitSum
from symgeo.derivation.language import DELTA, Entry, Index, Partial, Tensor, Term
from symgeo.errors import InputError

LawKind: TypeAlias = Literal["symmetric", "derivative", "constant", "inverse", "gram"]

_A, _B, _C, _J = Index("a"), Index("b"), Index("c"), Index("j", "unit")


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
        symmetric: those of them that are symmetric in their input slots, and in their unit slots.
        derivatives: for a letter t, ((a, slots...), term): d_a t_slots = term. x and delta need none.
        constants: letters whose derivative is zero.
        inverses: pairs (upper, lower) of symmetric letters inverse to one another.
        grams: pairs (J, g) of letters with sum_j J_ja J_jb = g_ab.
        along: the vector that derivatives are taken by; itself it has the derivative delta.

    Raises:
        InputError: a letter of `inverses` or `grams` is not among the symmetric.
    """

    letters: frozenset[Tensor] = frozenset()
    symmetric: frozenset[Tensor] = frozenset()
    derivatives: Mapping[Tensor, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    constants: frozenset[Tensor] = frozenset()
    inverses: tuple[tuple[Tensor, Tensor], ...] = ()
    grams: tuple[tuple[Tensor, Tensor], ...] = ()
    along: Tensor = COORDINATES

    def __post_init__(self) -> None:
        for pair in self.inverses:
            for tensor in pair:
                if tensor not in self.symmetric & self.letters:
                    raise InputError(
                        f"`inverses` must be pairs of symmetric letters, {tensor.name} is not among `letters` and "
                        "`symmetric`; put it there"
                    )
        for pair in self.grams:
            if [t.positions for t in pair] != ["jd", "dd"] or pair[0] not in self.letters:
                raise InputError(
                    f"`grams` must be pairs of a letter with a unit and an input slot and one with two input slots, "
                    f"got {pair[0].name}, {pair[1].name}"
                )

    def __or__(self, other: Rules) -> Rules:
        """What both say, of the letters of both.

        Raises:
            InputError: they are about derivatives along different vectors, or differ in the derivative of a letter.
        """
        if self.along != other.along:
            raise InputError(
                f"`rules` that are joined must be about derivatives along one vector, got {self.along.name} and "
                f"{other.along.name}"
            )
        for tensor, rule in self.derivatives.items():
            if other.derivatives.get(tensor, rule) != rule:
                raise InputError(f"`rules` that are joined must agree, got two derivatives of {tensor.name}; drop one")
        constants, derivatives = self.constants | other.constants, {**self.derivatives, **other.derivatives}
        for tensor in sorted(constants & derivatives.keys(), key=str):
            raise InputError(
                f"`rules` that are joined must agree, got {tensor.name} as a constant and with a derivative; drop one"
            )
        return Rules(
            self.letters | other.letters,
            self.symmetric | other.symmetric,
            derivatives,
            constants,
            tuple(dict.fromkeys(self.inverses + other.inverses)),
            tuple(dict.fromkeys(self.grams + other.grams)),
            self.along,
        )

    def laws(self) -> tuple[Law, ...]:
        """Every rule as an equation."""
        vector = None if self.along == COORDINATES else self.along
        laws: list[Law] = []
        for tensor in sorted(self.symmetric, key=str):
            indices = _indices(tensor)
            for one, other in itertools.pairwise(sorted(range(len(indices)), key=lambda place: indices[place].kind)):
                if indices[one].kind == indices[other].kind:
                    swapped = list(indices)
                    swapped[one], swapped[other] = indices[other], indices[one]
                    laws.append(Law("symmetric", tensor, tensor[indices], tensor[tuple(swapped)]))
        for tensor, (slots, slope) in self.derivatives.items():
            laws.append(Law("derivative", tensor, Partial(slots[0], Entry(tensor, slots[1:]), vector), slope))
        for tensor in sorted(self.constants, key=str):
            slope = Partial(_A, tensor[_indices(tensor)], vector)
            laws.append(Law("constant", tensor, slope, 0 * slope))
        for upper, lower in self.inverses:
            laws.append(Law("inverse", upper, upper[_A, _C] * lower[_C, _B], DELTA[_A, _B]))
        for slopes, metric in self.grams:
            laws.append(Law("gram", metric, UnitSum((_J,), slopes[_J, _A] * slopes[_J, _B]), metric[_A, _B]))
        return tuple(laws)


def _indices(tensor: Tensor) -> tuple[Index, ...]:
    count = itertools.count(1)
    return tuple(Index(f"i{next(count)}", "unit" if position == "j" else "input") for position in tensor.positions)
