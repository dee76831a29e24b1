r"""What a derivation is made of: prose, introductions and definitions of symbols, and steps that claim an equation.

    Prose(text)                       sentences; $...$ is mathematics, [[label]] an equation, [@key] a reference
    Given(tensors)                    letters: symbols that stand for themselves, or smooth functions of a vector
    Define(entry, body)               entry := body, for a tensor
    Likewise(pairs)                   what was defined for some tensors, for others by the same formulas
    Let(symbol, value)                symbol := value, for a scalar
    LetFunction(function, at, value)  f(at) := value until the end of the section; unspecified before and after
    Inverse(upper, lower)             g^{mu lambda} g_{lambda nu} = delta
    Step(sides, checks)               sides[0] = sides[1] = ..., with the checks that say so

Each is read once, in order, by `admit`, which answers the meanings from there on and what is displayed.
A symbol must be introduced before it is used, and is defined once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import sympy as sp

from symgeo.derivation.checks import Check, Sizes, required
from symgeo.derivation.components import Meanings
from symgeo.derivation.compound import UnitSum
from symgeo.derivation.evidence import Claim, Evidence, Proven, Side
from symgeo.derivation.exact import Components
from symgeo.derivation.functions import Jet
from symgeo.derivation.language import DELTA, DELTA_UNITS, Entry, Index, Tensor, Term, TermLike, term
from symgeo.derivation.lawful import RulesHold
from symgeo.derivation.likewise import Likewise
from symgeo.derivation.printer import latex
from symgeo.derivation.traversal import scalar, scalars, tensors
from symgeo.derivation.unary import Opaque
from symgeo.errors import InputError


@dataclass(frozen=True)
class Prose:
    """Sentences between equations."""

    text: str


@dataclass(frozen=True)
class Given:
    """Letters: tensors that stand for themselves. Nothing is displayed; prose says what they are.

    With `of`, x or another vector, they are smooth functions of it, about which nothing else is known.
    """

    letters: tuple[Tensor, ...]
    of: Tensor | None = None

    def meanings(self, before: Meanings) -> Meanings:
        """The meanings with the letters among them."""
        for letter in self.letters:
            _fresh(letter, before)
        if self.of is not None:
            if not before.knows(self.of) or self.of.positions not in ("d", "u"):
                raise InputError(f"`of` must be a vector introduced before, got {self.of.name}")
            return replace(before, maps={**before.maps, **dict.fromkeys(self.letters, self.of)})
        return replace(before, letters=before.letters | set(self.letters))


@dataclass(frozen=True)
class Display:
    """An equation as it is printed, and the claim that it makes."""

    sides: tuple[Side, ...]
    relations: tuple[str, ...]
    label: str
    condition: sp.Basic | None = None


@dataclass(frozen=True)
class Define:
    """entry := body; the indices of the entry are the free indices of the body."""

    entry: Entry
    body: TermLike
    label: str = ""

    def display(self) -> Display:
        """The definition as an equation."""
        return Display((self.entry, term(self.body)), (":=",), self.label)

    def admit(
        self, before: Meanings, name: str, earlier: Mapping[str, Proven]
    ) -> tuple[Meanings, tuple[Evidence, ...]]:
        """Well-formed, new, and made of known symbols; then the tensor means its body."""
        del earlier
        tensor, body = self.entry.tensor, term(self.body)
        _fresh(tensor, before)
        _known(body, before, name)
        indices = tuple(i for i in self.entry.indices if isinstance(i, Index))
        if len(set(indices)) != len(self.entry.indices) or set(indices) != body.free:
            raise InputError(
                f"`entry` of {name} must carry the free indices of its body, once each, got {latex(self.entry)} "
                f":= {latex(body)}"
            )
        return replace(before, tensors={**before.tensors, tensor: (indices, body)}), (
            Evidence("definition", "definition"),
        )


@dataclass(frozen=True)
class Let:
    """symbol := value, for a scalar."""

    symbol: sp.Symbol
    value: Side
    label: str = ""

    def display(self) -> Display:
        """The definition as an equation."""
        return Display((self.symbol, self.value), (":=",), self.label)

    def admit(
        self, before: Meanings, name: str, earlier: Mapping[str, Proven]
    ) -> tuple[Meanings, tuple[Evidence, ...]]:
        """New, and not in terms of itself; then the symbol means its value."""
        del earlier
        value = scalar(self.value) if isinstance(self.value, Term) else self.value
        used = (part for _, body in before.tensors.values() for part in scalars(body))
        if self.symbol in before.scalars or any(self.symbol in part.free_symbols for part in used):
            raise InputError(f"`symbol` of {name} must be new, got {self.symbol}, which is used already")
        if self.symbol in before.expanded(value).free_symbols:
            raise InputError(f"`symbol` of {name} must not be in its own definition, got {self.symbol}")
        return replace(before, scalars={**before.scalars, self.symbol: value}), (Evidence("definition", "definition"),)


@dataclass(frozen=True)
class LetFunction:
    """f(variable) := value until the end of the section, for a function that is unspecified elsewhere."""

    function: Opaque
    variable: sp.Symbol
    value: sp.Expr
    label: str = ""

    def display(self) -> Display:
        """The definition as an equation."""
        return Display((self.function(self.variable), self.value), (":=",), self.label)

    def admit(
        self, before: Meanings, name: str, earlier: Mapping[str, Proven]
    ) -> tuple[Meanings, tuple[Evidence, ...]]:
        """Not defined in this section yet; then the function means its value."""
        del earlier
        key = self.function.name
        if key in before.functions:
            raise InputError(f"`function` of {name} is defined already in this section, got {key}")
        if any(str(jet.args[0]) == key for jet in before.expanded(self.value).atoms(Jet)):
            raise InputError(f"`function` of {name} must not be in its own definition, got {key}")
        after = before.letting({**before.functions, key: (self.variable, self.value)})
        return after, (Evidence("definition", "definition, in this section"),)


@dataclass(frozen=True)
class Inverse:
    """upper is the inverse of lower: upper_{a c} lower_{c b} = delta_{a b}, which is checked for `sizes`.

    The indices are of inputs, or all three of units; c is summed.
    """

    upper: Tensor
    lower: Tensor
    indices: tuple[Index, Index, Index]
    label: str = ""
    sizes: Sizes = ((1, 1), (2, 2), (3, 3))

    def __post_init__(self) -> None:
        required(self.sizes, "Inverse")

    def display(self) -> Display:
        """The defining equation."""
        a, b, c = self.indices
        product = self.upper[a, c] * self.lower[c, b]
        if c.kind == "unit":
            return Display((UnitSum((c,), product), DELTA_UNITS[a, b]), ("=",), self.label)
        return Display((product, DELTA[a, b]), ("=",), self.label)

    def admit(
        self, before: Meanings, name: str, earlier: Mapping[str, Proven]
    ) -> tuple[Meanings, tuple[Evidence, ...]]:
        """The adjugate over the determinant obeys it."""
        del earlier
        _fresh(self.upper, before)
        after = replace(before, inverses={**before.inverses, self.upper: self.lower})
        proof = Components(self.sizes).run(Claim(self.display().sides, after, name))
        return after, (replace(proof, kind="definition", note="definition of the inverse"),)


@dataclass(frozen=True)
class Step:
    """An equation (or a chain of them) that is claimed, with the checks that say it holds.

    At least one check reads the sides: `RulesHold` does not. What a `RulesHold` finds, the other checks of the step,
    and all later steps, may use.

    Args:
        sides: SymPy expressions, or terms of the index language, all equal.
        checks: how it is known; all of them are run.
        label: by which prose refers to it.
        condition: on d and n, printed behind the equation, such as sp.Lt(UNITS, INPUTS).
    """

    sides: tuple[TermLike, ...]
    checks: tuple[Check, ...]
    label: str = ""
    condition: sp.Basic | None = None

    def __post_init__(self) -> None:
        reading = sum(1 for check in self.checks if not isinstance(check, RulesHold))
        if len(self.sides) < 2 or not reading:
            raise InputError(
                f"`Step` must have two sides and a check that reads them, got {len(self.sides)} sides and {reading} "
                f"such checks ({self.label})"
            )

    def display(self) -> Display:
        """The equation."""
        sides = tuple(side if isinstance(side, Term) else sp.sympify(side) for side in self.sides)
        return Display(sides, ("=",) * (len(sides) - 1), self.label, self.condition)

    def admit(
        self, before: Meanings, name: str, earlier: Mapping[str, Proven]
    ) -> tuple[Meanings, tuple[Evidence, ...]]:
        """Run every check, those of rules first; the rules that hold are known from here on."""
        sides = self.display().sides
        for side in sides:
            if isinstance(side, Term):
                _known(side, before, name)
        after = before
        rules: dict[int, Evidence] = {}
        for check in self.checks:
            if isinstance(check, RulesHold):
                found = check.established(Claim(sides, after, name, self.condition, earlier))
                after = replace(after, laws={**after.laws, **found})
                rules[id(check)] = check.summary(found)
        claim = Claim(sides, after, name, self.condition, earlier)
        return after, tuple(rules.get(id(check)) or check.run(claim) for check in self.checks)


Displayed: TypeAlias = Define | Let | LetFunction | Inverse | Step
Item: TypeAlias = Prose | Given | Likewise | Displayed


def _fresh(tensor: Tensor, meanings: Meanings) -> None:
    if meanings.knows(tensor):
        raise InputError(
            f"`{tensor.name}` with slots {tensor.positions!r} is introduced already; a symbol has one meaning"
        )


def _known(value: Term, meanings: Meanings, name: str) -> None:
    for tensor in tensors(value):
        if not meanings.knows(tensor):
            raise InputError(
                f"`{tensor.name}` with slots {tensor.positions!r} is used in {name} before it is introduced; "
                "define it in an earlier step"
            )
