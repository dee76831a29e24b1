r"""Index notation read for every dimension at once: sums of products of letters, contracted, in a normal form.

A term becomes a sum of monomials, coefficient times letters with indices. The coefficient is a function of
s = |x|^2, d, n. The rules are

    delta_ab t_b = t_a      delta_aa = d      x_a x_a = s      sum_j 1 = n
    g^ab g_bc = delta_ac    for letters declared inverse to one another
    d_a x_b = delta_ab      d_a c(s) = 2 c'(s) x_a      Leibniz; the declared derivatives of other letters

and two monomials are the same when a renaming of the summed indices (and a permutation of the slots of symmetric
letters) turns one into the other. An equation both sides of which have the same normal form holds for every d and n.

The names of summed indices are settled by colour refinement and, within a colour, by trying every order.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import sympy as sp

from symgeo.derivation.components import COORDINATES, Meanings
from symgeo.derivation.functions import RADIUS
from symgeo.derivation.language import (
    DELTA,
    INPUTS,
    UNITS,
    Call,
    Entry,
    Index,
    Over,
    Partial,
    Plus,
    Power,
    Scalar,
    Tensor,
    Term,
    Times,
    UnitSum,
)
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError


@dataclass(frozen=True)
class Letter:
    r"""A factor of a monomial: a tensor, or a function of one such as \phi'(z_j), with its indices."""

    tensor: Tensor
    indices: tuple[Index, ...]
    call: Call | None = None

    @property
    def head(self) -> str:
        """What it is, less its indices."""
        return f"{self.tensor.name}:{self.tensor.positions}" + (f":{self.call.function.latex()}" if self.call else "")


@dataclass(frozen=True)
class Monomial:
    """coefficient times letters."""

    coefficient: sp.Expr
    letters: tuple[Letter, ...] = ()


Key: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Rules:
    """What the letters of a proof are known to obey; anything else is expanded by its definition.

    Args:
        letters: tensors that stay as they are.
        symmetric: those of them that are totally symmetric.
        derivatives: for a letter t, ((a, slots...), term): d_a t_slots = term. x and delta need none.
        constants: letters whose derivative is zero.
        inverses: pairs (upper, lower) of symmetric letters inverse to one another.
    """

    letters: frozenset[Tensor] = frozenset()
    symmetric: frozenset[Tensor] = frozenset()
    derivatives: Mapping[Tensor, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    constants: frozenset[Tensor] = frozenset()
    inverses: tuple[tuple[Tensor, Tensor], ...] = ()


class Algebra:
    """Normal forms under given meanings and rules."""

    def __init__(self, meanings: Meanings, rules: Rules) -> None:
        self.meanings = meanings
        self.rules = rules
        self._fresh = itertools.count()

    def difference(self, left: Term, right: Term) -> dict[Key, sp.Expr]:
        """The monomials of left - right whose coefficient is not zero; none if and only if the normal forms agree."""
        total = self.normal_form(left)
        for key, coefficient in self.normal_form(right).items():
            total[key] = total.get(key, sp.S.Zero) - coefficient
        return {key: coefficient for key, coefficient in total.items() if not is_zero(coefficient)}

    def normal_form(self, value: Term) -> dict[Key, sp.Expr]:
        """The monomials of `value` under their canonical names, with coefficients."""
        total: dict[Key, list[sp.Expr]] = defaultdict(list)
        for monomial in self.monomials(value, {index: index for index in value.free}):
            total[self._canonical(monomial)].append(monomial.coefficient)
        return {key: sp.Add(*parts) for key, parts in total.items()}

    def _new(self, index: Index) -> Index:
        return Index(f"_{next(self._fresh)}", index.kind)

    def _renamed(self, summed: frozenset[Index], names: Mapping[Index, Index]) -> dict[Index, Index]:
        return {**names, **{index: self._new(index) for index in sorted(summed)}}

    def monomials(self, value: Term, names: Mapping[Index, Index]) -> list[Monomial]:
        """The monomials of `value`, its free indices called `names`."""
        match value:
            case Scalar(expression):
                return [Monomial(self.meanings.expanded(expression))]
            case Entry():
                return self._entry(value, self._renamed(value.summed, names))
            case Plus(terms):
                return [m for part in terms for m in self.monomials(part, names)]
            case Times(factors):
                inner = self._renamed(value.summed, names)
                return self._product([self.monomials(factor, inner) for factor in factors])
            case Power(base, exponent) if exponent >= 0:
                return self._product([self.monomials(base, names) for _ in range(exponent)])
            case Power(base, exponent):
                return [Monomial(self._pure(base) ** exponent)]
            case Over(numerator, denominator):
                divisor = self._pure(denominator)
                return [replace(m, coefficient=m.coefficient / divisor) for m in self.monomials(numerator, names)]
            case Call():
                return self._call(value, names)
            case Partial(index, body, None) if isinstance(index, Index):
                inner = self._renamed(value.summed, names)
                return [d for m in self.monomials(body, inner) for d in self._derivative(inner[index], m)]
            case UnitSum(indices, body):
                inner = self._renamed(frozenset(indices), names)
                return [self._counted(m, [inner[j] for j in indices]) for m in self.monomials(body, inner)]
        raise InputError(f"`value` has no normal form for every d, got {type(value).__name__}; check it in components")

    def _pure(self, value: Term) -> sp.Expr:
        parts = self.monomials(value, {index: index for index in value.free})
        if any(m.letters for m in parts):
            raise InputError(
                "`value` in a denominator or function must be free of letters in a proof for every d; check it "
                "in components"
            )
        return sp.Add(*(m.coefficient for m in parts))

    def _counted(self, monomial: Monomial, units: list[Index]) -> Monomial:
        present = {index for letter in monomial.letters for index in letter.indices}
        missing = sum(1 for unit in units if unit not in present)
        return replace(monomial, coefficient=monomial.coefficient * UNITS**missing)

    def _entry(self, value: Entry, names: Mapping[Index, Index]) -> list[Monomial]:
        if not all(isinstance(index, Index) for index in value.indices):
            raise InputError(
                f"`{value.tensor.name}` has a fixed component, which says nothing for every d; check it in components"
            )
        indices = tuple(names[index] for index in value.indices if isinstance(index, Index))
        if value.tensor in {DELTA, COORDINATES} | self.rules.letters:
            return [self._contracted(Monomial(sp.S.One, (Letter(value.tensor, indices),)))]
        if value.tensor not in self.meanings.tensors:
            raise InputError(
                f"`{value.tensor.name}` is neither a letter of this proof nor defined before; define it first"
            )
        slots, body = self.meanings.tensors[value.tensor]
        return self.monomials(body, dict(zip(slots, indices, strict=True)))

    def _call(self, value: Call, names: Mapping[Index, Index]) -> list[Monomial]:
        argument = value.argument
        if isinstance(argument, Entry) and argument.tensor in self.rules.letters:
            indices = tuple(names[index] for index in argument.indices if isinstance(index, Index))
            return [Monomial(sp.S.One, (Letter(argument.tensor, indices, value),))]
        return [Monomial(value.function.at(self._pure(argument)))]

    def _product(self, parts: list[list[Monomial]]) -> list[Monomial]:
        result = [Monomial(sp.S.One)]
        for part in parts:
            result = [
                self._contracted(Monomial(a.coefficient * b.coefficient, a.letters + b.letters))
                for a in result
                for b in part
            ]
        return result

    def _derivative(self, index: Index, monomial: Monomial) -> Iterator[Monomial]:
        slope = sp.diff(monomial.coefficient, RADIUS)
        if slope != 0:
            yield self._contracted(Monomial(2 * slope, (*monomial.letters, Letter(COORDINATES, (index,)))))
        for place, letter in enumerate(monomial.letters):
            rest = monomial.letters[:place] + monomial.letters[place + 1 :]
            for part in self._letter_derivative(index, letter):
                yield self._contracted(Monomial(monomial.coefficient * part.coefficient, rest + part.letters))

    def _letter_derivative(self, index: Index, letter: Letter) -> list[Monomial]:
        if letter.call is not None:
            bare = Letter(letter.tensor, letter.indices)
            slots = tuple(i for i in letter.call.argument.indices if isinstance(i, Index))
            outer = self.monomials(
                letter.call.function.slope(letter.call.argument), dict(zip(slots, letter.indices, strict=True))
            )
            return self._product([outer, self._letter_derivative(index, bare)])
        if letter.tensor == COORDINATES:
            return [Monomial(sp.S.One, (Letter(DELTA, (index, *letter.indices)),))]
        if letter.tensor == DELTA or letter.tensor in self.rules.constants:
            return []
        if letter.tensor not in self.rules.derivatives:
            raise InputError(f"`{letter.tensor.name}` has no derivative among the rules; give one or call it constant")
        slots, body = self.rules.derivatives[letter.tensor]
        return self.monomials(body, dict(zip(slots, (index, *letter.indices), strict=True)))

    def _contracted(self, monomial: Monomial) -> Monomial:
        coefficient, letters = monomial.coefficient, list(monomial.letters)
        while (step := self._contract_once(letters)) is not None:
            factor, letters = step
            coefficient = coefficient * factor
        return Monomial(coefficient, tuple(letters))

    def _contract_once(self, letters: list[Letter]) -> tuple[sp.Expr, list[Letter]] | None:
        for place, letter in enumerate(letters):
            rest = letters[:place] + letters[place + 1 :]
            if letter.tensor == DELTA and letter.call is None:
                a, b = letter.indices
                if a == b:
                    return INPUTS, rest
                for old, new in ((a, b), (b, a)):
                    # Its partner may still be outside, in a factor not multiplied yet.
                    if old.name.startswith("_") and any(old in r.indices for r in rest):
                        return sp.S.One, [
                            replace(r, indices=tuple(new if i == old else i for i in r.indices)) for r in rest
                        ]
            for other in rest:
                if letter.tensor == other.tensor == COORDINATES and letter.indices == other.indices:
                    return RADIUS, [r for r in rest if r is not other]
                for upper, lower in self.rules.inverses:
                    if letter.call is None and (letter.tensor, other.tensor) == (upper, lower):
                        shared = [i for i in letter.indices if i in other.indices and i.name.startswith("_")]
                        if shared:
                            ends = (_other(letter.indices, shared[0]), _other(other.indices, shared[0]))
                            return sp.S.One, [*(r for r in rest if r is not other), Letter(DELTA, ends)]
        return None

    def _canonical(self, monomial: Monomial) -> Key:
        letters = monomial.letters
        bound = sorted({i for letter in letters for i in letter.indices if i.name.startswith("_")})
        classes = self._coloured(letters, bound)
        best: Key | None = None
        for orders in itertools.product(*(itertools.permutations(group) for group in classes)):
            names = {index: f"#{place}" for place, index in enumerate(index for group in orders for index in group)}
            key = tuple(sorted((letter.head, self._slots(letter, names)) for letter in letters))
            best = key if best is None or key < best else best
        assert best is not None
        return best

    def _slots(self, letter: Letter, names: Mapping[Index, str]) -> tuple[str, ...]:
        slots = tuple(names.get(i, i.name) for i in letter.indices)
        return tuple(sorted(slots)) if self._is_symmetric(letter.tensor) else slots

    def _is_symmetric(self, tensor: Tensor) -> bool:
        return tensor == DELTA or tensor in self.rules.symmetric

    def _coloured(self, letters: tuple[Letter, ...], bound: list[Index]) -> list[list[Index]]:
        """The summed indices in classes, by where they stand and what stands beside them, whatever their names."""
        colour: dict[Index, str] = {index: index.kind for index in bound}
        for _ in range(len(bound)):
            seen: dict[Index, list[str]] = {index: [colour[index]] for index in bound}
            for letter in letters:
                symmetric = self._is_symmetric(letter.tensor)
                around = tuple(colour.get(i, i.name) for i in letter.indices)
                for place, index in enumerate(letter.indices):
                    if index in seen:
                        seen[index].append(
                            f"{letter.head}{'' if symmetric else place}{sorted(around) if symmetric else around}"
                        )
            raw = {index: str([seen[index][0], *sorted(seen[index][1:])]) for index in bound}
            ranks = {text: f"{rank:03}" for rank, text in enumerate(sorted(set(raw.values())))}
            colour = {index: ranks[raw[index]] for index in bound}
        groups: dict[str, list[Index]] = defaultdict(list)
        for index in bound:
            groups[colour[index]].append(index)
        return [groups[key] for key in sorted(groups)]


def _other(pair: tuple[Index, ...], index: Index) -> Index:
    return pair[1] if pair[0] == index else pair[0]
