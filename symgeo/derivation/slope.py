r"""Derivatives by the components of a letter, \partial g_{\mu\nu} / \partial w_{k\lambda}: how a quantity moves with a
parameter, and their normal form for every d and n.

    d w_jm / d w_kl = delta_jk delta_ml      d g^mn = -g^ma g^nb d g_ab      Leibniz, the chain rule, definitions

All other letters, and x, are constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.language import DELTA, DELTA_UNITS, Entry, Index, Term, inputs
from symgeo.derivation.monomial import Letter, Monomial
from symgeo.errors import InputError

if TYPE_CHECKING:
    from symgeo.derivation.components import Meanings
    from symgeo.derivation.contraction import Algebra

_A, _B = inputs("slope_a slope_b")


@dataclass(frozen=True)
class Slope(Term):
    """The derivative of `body` by a component `by` of a letter; an input index of both is summed, a unit is not."""

    body: Term
    by: Entry

    @property
    def summed(self) -> frozenset[Index]:
        """Input indices of both."""
        return frozenset(index for index in self.body.free & self.by.free if index.kind == "input")

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of both, less those summed."""
        return (self.body.free | self.by.free) - self.summed

    def required(self, meanings: Meanings) -> None:
        """Raise InputError where `by` is no letter,."""
        if self.by.tensor not in meanings.letters:
            raise InputError(
                f"`by` must be a component of a letter, got {self.by.tensor.name}; introduce it by Given, or write "
                "the derivative by what it is made of"
            )


def slopes(algebra: Algebra, value: Slope, names: Mapping[Index, Index]) -> list[Monomial]:
    """The monomials of a derivative by a letter."""
    value.required(algebra.meanings)
    found: list[Monomial] = []
    for monomial in algebra.monomials(value.body, names):
        for place, letter in enumerate(monomial.letters):
            rest = monomial.letters[:place] + monomial.letters[place + 1 :]
            by = tuple(names[i] for i in value.by.indices if isinstance(i, Index))
            if len(by) < len(value.by.indices):
                raise InputError(
                    f"`{value.by.tensor.name}` has a fixed component, which says nothing for every d; check it in "
                    "components"
                )
            for part in _letter(algebra, letter, value.by, by):
                product = Monomial(monomial.coefficient * part.coefficient, rest + part.letters)
                # A sum over units that was closed has met a new delta: it is closed once more.
                outer = set(names.values())
                units = (i for t in part.letters if t.tensor == DELTA_UNITS for i in t.indices if i not in outer)
                found.append(algebra.closed(product, dict.fromkeys(units)))
    return found


def _letter(algebra: Algebra, letter: Letter, by: Entry, indices: tuple[Index, ...]) -> Iterator[Monomial]:
    meanings = algebra.meanings
    if letter.call is not None:
        argument = letter.call.argument
        slots = (i for i in argument.indices if isinstance(i, Index))
        outer = algebra.monomials(letter.call.function.slope(argument), dict(zip(slots, letter.indices, strict=True)))
        for inner in _letter(algebra, replace(letter, call=None), by, indices):
            for factor in outer:
                yield Monomial(factor.coefficient * inner.coefficient, factor.letters + inner.letters)
    elif letter.tensor == by.tensor:
        deltas = (
            Letter(DELTA_UNITS if slot.kind == "unit" else DELTA, (slot, index))
            for slot, index in zip(letter.indices, indices, strict=True)
        )
        yield Monomial(sp.S.One, tuple(deltas))
    elif letter.tensor in meanings.maps:
        raise InputError(f"`{letter.tensor.name}` is a map, whose derivative by a letter is checked in components only")
    elif letter.tensor in meanings.tensors or letter.tensor in meanings.inverses:
        if letter.tensor in meanings.tensors:
            slots, body = meanings.tensors[letter.tensor]
        else:
            lower = meanings.inverses[letter.tensor]
            slots = inputs("slope_m slope_n")
            body = lower[_A, _B]
        fresh = tuple(Index(f"slope_{place}", index.kind) for place, index in enumerate(indices))
        names = {**dict(zip(slots, letter.indices, strict=True)), **dict(zip(fresh, indices, strict=True))}
        rise: Term = Slope(body, Entry(by.tensor, fresh))
        if letter.tensor in meanings.inverses:
            rise = -(letter.tensor[slots[0], _A] * letter.tensor[slots[1], _B] * rise)
        yield from algebra.monomials(rise, names)
