r"""Index notation read for every dimension at once: sums of products of letters, contracted, in a normal form.

A term becomes a sum of monomials, coefficient times letters with indices. The coefficient is a function of
s = |x|^2, d, n. The rules are

    delta_ab t_b = t_a      delta_aa = d      x_a x_a = s      sums over units as in `unit_sums`
    g^ab g_bc = delta_ac    for letters declared inverse to one another
    d_a x_b = delta_ab      d_a c(s) = 2 c'(s) x_a      Leibniz; the declared derivatives of other letters

(of derivatives along a vector w other than x, d_a w_b = delta_ab instead, and x and s are constants)

and monomials that differ only in the names of summed indices are added (`monomial` gives them one name). An equation
both sides of which have the same normal form holds for every d and n.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import sympy as sp

from symgeo.derivation.components import COORDINATES, Meanings
from symgeo.derivation.compound import UnitSum
from symgeo.derivation.functions import RADIUS
from symgeo.derivation.language import (
    DELTA,
    DELTA_UNITS,
    INPUTS,
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
)
from symgeo.derivation.monomial import Key, Letter, Monomial, Naming
from symgeo.derivation.rules import Rules
from symgeo.derivation.slope import Slope, slopes
from symgeo.derivation.unit_sums import summed, without_equal_deltas
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError


class Algebra:
    """Normal forms under given meanings and rules."""

    def __init__(self, meanings: Meanings, rules: Rules) -> None:
        self.meanings = meanings
        self.rules = rules
        self._fresh = itertools.count()
        self._naming = Naming(rules.symmetric)
        self._bodies: dict[Tensor, list[Monomial]] = {}

    def difference(self, left: Term, right: Term) -> dict[Key, sp.Expr]:
        """The monomials of left - right whose coefficient is not zero; none if and only if the normal forms agree."""
        total = self.normal_form(left)
        for key, coefficient in self.normal_form(right).items():
            total[key] = total.get(key, sp.S.Zero) - coefficient
        return {key: coefficient for key, coefficient in total.items() if not is_zero(coefficient)}

    def normal_form(self, value: Term) -> dict[Key, sp.Expr]:
        """The monomials of `value` under their canonical names, with coefficients."""
        monomials = self.monomials(value, {index: index for index in value.free})
        return {key: monomial.coefficient for key, monomial in self._collected(monomials).items()}

    def _collected(self, monomials: list[Monomial]) -> dict[Key, Monomial]:
        """Like monomials added."""
        groups: dict[Key, list[Monomial]] = defaultdict(list)
        for monomial in monomials:
            groups[self._naming.key(monomial)].append(monomial)
        return {
            key: Monomial(sp.Add(*(m.coefficient for m in group)), group[0].letters) for key, group in groups.items()
        }

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
            case Partial(index, body, along) if isinstance(index, Index) and self._taken(along):
                inner = self._renamed(value.summed, names)
                return [d for m in self.monomials(body, inner) for d in self._derivative(inner[index], m)]
            case Slope():
                return slopes(self, value, self._renamed(value.summed, names))
            case UnitSum(indices, body):
                inner = self._renamed(frozenset(indices), names)
                return [self.closed(m, [inner[j] for j in indices]) for m in self.monomials(body, inner)]
        raise InputError(f"`value` has no normal form for every d, got {type(value).__name__}; check it in components")

    def _taken(self, along: Tensor | None) -> bool:
        return (along or COORDINATES) == self.rules.along

    def _pure(self, value: Term) -> sp.Expr:
        parts = self.monomials(value, {index: index for index in value.free})
        if any(m.letters for m in parts):
            raise InputError(
                "`value` in a denominator or function must be free of letters in a proof for every d; check it "
                "in components"
            )
        return sp.Add(*(m.coefficient for m in parts))

    def closed(self, monomial: Monomial, units: Iterable[Index]) -> Monomial:
        """The monomial summed over units: over all its factors, so that none is outside any more."""
        for unit in units:
            monomial = summed(monomial, unit, dict(self.rules.grams))
        return self.contracted(monomial)

    def _entry(self, value: Entry, names: Mapping[Index, Index]) -> list[Monomial]:
        indices = self._indices(value, names)
        if value.tensor in {DELTA, DELTA_UNITS, COORDINATES} | self.rules.letters:
            return [self.contracted(Monomial(sp.S.One, (Letter(value.tensor, indices),)))]
        if value.tensor not in self.meanings.tensors:
            raise InputError(
                f"`{value.tensor.name}` is neither a letter of this proof nor defined before; define it first"
            )
        slots, body = self.meanings.tensors[value.tensor]
        if value.tensor not in self._bodies:
            self._bodies[value.tensor] = [*self._collected(self.monomials(body, {i: i for i in slots})).values()]
        return [self._placed(m, dict(zip(slots, indices, strict=True))) for m in self._bodies[value.tensor]]

    def _indices(self, entry: Entry, names: Mapping[Index, Index]) -> tuple[Index, ...]:
        if not all(isinstance(index, Index) for index in entry.indices):
            raise InputError(
                f"`{entry.tensor.name}` has a fixed component, which says nothing for every d; check it in components"
            )
        return tuple(names[index] for index in entry.indices if isinstance(index, Index))

    def _placed(self, monomial: Monomial, names: Mapping[Index, Index]) -> Monomial:
        """A monomial of a definition with other names for its slots, and fresh ones for what is summed in it."""
        table = dict(names)
        letters: list[Letter] = []
        for letter in monomial.letters:
            for index in letter.indices:
                if index not in table:
                    table[index] = self._new(index)
            letters.append(replace(letter, indices=tuple(table[index] for index in letter.indices)))
        return self.contracted(Monomial(monomial.coefficient, tuple(letters)))

    def _call(self, value: Call, names: Mapping[Index, Index]) -> list[Monomial]:
        argument = value.argument
        if isinstance(argument, Entry) and argument.tensor in self.rules.letters:
            return [Monomial(sp.S.One, (Letter(argument.tensor, self._indices(argument, names), value),))]
        return [Monomial(value.function.at(self._pure(argument)))]

    def _product(self, parts: list[list[Monomial]]) -> list[Monomial]:
        result = [Monomial(sp.S.One)]
        for part in parts:
            result = [
                self.contracted(Monomial(a.coefficient * b.coefficient, a.letters + b.letters))
                for a in result
                for b in part
            ]
        return result

    def _derivative(self, index: Index, monomial: Monomial) -> Iterator[Monomial]:
        slope = sp.diff(monomial.coefficient, RADIUS) if self.rules.along == COORDINATES else sp.S.Zero
        if slope != 0:
            yield self.contracted(Monomial(2 * slope, (*monomial.letters, Letter(COORDINATES, (index,)))))
        for place, letter in enumerate(monomial.letters):
            rest = monomial.letters[:place] + monomial.letters[place + 1 :]
            for part in self._letter_derivative(index, letter):
                yield self.contracted(Monomial(monomial.coefficient * part.coefficient, rest + part.letters))

    def _letter_derivative(self, index: Index, letter: Letter) -> list[Monomial]:
        if letter.call is not None:
            bare = Letter(letter.tensor, letter.indices)
            slots = tuple(i for i in letter.call.argument.indices if isinstance(i, Index))
            outer = self.monomials(
                letter.call.function.slope(letter.call.argument), dict(zip(slots, letter.indices, strict=True))
            )
            return self._product([outer, self._letter_derivative(index, bare)])
        if letter.tensor == self.rules.along:
            return [Monomial(sp.S.One, (Letter(DELTA, (index, *letter.indices)),))]
        if letter.tensor in {DELTA, DELTA_UNITS, COORDINATES} | self.rules.constants:
            return []
        if letter.tensor not in self.rules.derivatives:
            raise InputError(f"`{letter.tensor.name}` has no derivative among the rules; give one or call it constant")
        slots, body = self.rules.derivatives[letter.tensor]
        return self.monomials(body, dict(zip(slots, (index, *letter.indices), strict=True)))

    def contracted(self, monomial: Monomial) -> Monomial:
        """The monomial with its deltas, x_a x_a and inverse letters contracted."""
        coefficient, letters = monomial.coefficient, list(without_equal_deltas(monomial.letters))
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


def _other(pair: tuple[Index, ...], index: Index) -> Index:
    return pair[1] if pair[0] == index else pair[0]
