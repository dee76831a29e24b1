r"""Index notation as data: what is printed is what is expanded and checked.

A `Term` is an expression in tensors with indices. It is written in Python as it is read on paper,

    riemann_uddd[a, b, m, n] == Partial(m, gamma_udd[a, n, b]) - ... + gamma_udd[a, m, l] * gamma_udd[l, n, b] - ...

keeps the order in which it was written, and has three readings: LaTeX (`printer`), components for given numbers d and
n (`components`), and a normal form that holds for every d and n (`contraction`).

Summation: an input index (Greek in print) that occurs in two factors of a product, or twice in one tensor, is
summed from 1 to d; occurring three times is an error. A unit index is summed only by `UnitSum`. The free input
indices of the terms of a sum must agree. These laws are enforced where a term is built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, TypeAlias

import sympy as sp

from symgeo.errors import InputError

if TYPE_CHECKING:
    from symgeo.derivation.unary import Unary

INPUTS = sp.Symbol("d", integer=True, positive=True)
UNITS = sp.Symbol("n", integer=True, positive=True)


@dataclass(frozen=True, order=True)
class Index:
    """An index: its LaTeX, and whether it runs over inputs (1..d) or over units (1..n)."""

    name: str
    kind: Literal["input", "unit"] = "input"


Slot: TypeAlias = Index | int


def inputs(names: str) -> tuple[Index, ...]:
    r"""Input indices from their LaTeX names, separated by blanks: inputs(r"\mu \nu")."""
    return tuple(Index(name, "input") for name in names.split())


def units(names: str) -> tuple[Index, ...]:
    """Unit indices from their names, separated by blanks."""
    return tuple(Index(name, "unit") for name in names.split())


class Term:
    """An expression in index notation; see the module. Frozen dataclasses below are its forms."""

    free: frozenset[Index]

    def __add__(self, other: TermLike) -> Term:
        return Plus(_flat(Plus, self) + _flat(Plus, term(other)))

    def __radd__(self, other: TermLike) -> Term:
        return term(other) + self

    def __sub__(self, other: TermLike) -> Term:
        return self + (-term(other))

    def __rsub__(self, other: TermLike) -> Term:
        return term(other) + (-self)

    def __neg__(self) -> Term:
        if isinstance(self, Plus):
            return Plus(tuple(-part for part in self.terms))
        factors: list[Term] = [*_flat(Times, self)]
        first = factors[0]
        rest = factors[1:]
        # A leading number changes its sign; a leading sum such as d - 1 keeps the order in which it was written.
        if isinstance(first, Scalar) and first.value.is_Number:
            if first.value == -1 and rest:
                return Times(tuple(rest)) if len(rest) > 1 else rest[0]
            return Times((Scalar(-first.value), *rest)) if rest else Scalar(-first.value)
        return Times((Scalar(sp.S.NegativeOne), first, *rest))

    def __mul__(self, other: TermLike) -> Term:
        return Times(_flat(Times, self) + _flat(Times, term(other)))

    def __rmul__(self, other: TermLike) -> Term:
        return term(other) * self

    def __truediv__(self, other: TermLike) -> Term:
        return Over(self, term(other))

    def __rtruediv__(self, other: TermLike) -> Term:
        return Over(term(other), self)

    def __pow__(self, exponent: int) -> Term:
        return Scalar(self.value**exponent) if isinstance(self, Scalar) else Power(self, exponent)


TermLike: TypeAlias = Term | sp.Expr | int


def term(value: TermLike) -> Term:
    """`value` itself, or a SymPy expression or integer as a `Scalar`."""
    return value if isinstance(value, Term) else Scalar(sp.sympify(value))


def _flat(kind: type[Plus] | type[Times], value: Term) -> tuple[Term, ...]:
    if isinstance(value, Plus) and kind is Plus:
        return value.terms
    if isinstance(value, Times) and kind is Times:
        return value.factors
    return (value,)


def _contracted(groups: Iterator[frozenset[Index]] | list[frozenset[Index]], where: str) -> frozenset[Index]:
    """The input indices that occur in two of the groups; in three is an error."""
    counts = Counter(index for group in groups for index in group if index.kind == "input")
    for index, count in counts.items():
        if count > 2:
            raise InputError(
                f"`{index.name}` may occur once (free) or twice (summed) in a product, found {count} times in "
                f"{where}; rename it"
            )
    return frozenset(index for index, count in counts.items() if count == 2)


@dataclass(frozen=True)
class Tensor:
    """A name with index slots: `positions` holds one of d (down), u (up) or j (a unit, down) for each slot.

    Only print distinguishes up from down: an upper-index tensor is a tensor of its own, with its own definition.
    """

    name: str
    positions: str

    def __post_init__(self) -> None:
        if set(self.positions) - set("duj"):
            raise InputError(f"`positions` must be made of d, u and j, got {self.positions!r} for {self.name}")

    def __getitem__(self, indices: Slot | tuple[Slot, ...]) -> Entry:
        return Entry(self, indices if isinstance(indices, tuple) else (indices,))


DELTA = Tensor(r"\delta", "dd")
"""Kronecker's delta over inputs."""

DELTA_UNITS = Tensor(r"\delta", "jj")
"""Kronecker's delta over units."""


@dataclass(frozen=True)
class Scalar(Term):
    """A SymPy expression: a number, or a function of d, n, s and other plain symbols."""

    value: sp.Expr

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """No indices."""
        return frozenset()


@dataclass(frozen=True)
class Entry(Term):
    """A tensor with its indices; an integer (from 1) is a fixed component."""

    tensor: Tensor
    indices: tuple[Slot, ...]

    def __post_init__(self) -> None:
        if len(self.indices) != len(self.tensor.positions):
            raise InputError(
                f"`{self.tensor.name}` has {len(self.tensor.positions)} index slots, got {len(self.indices)} "
                "indices; write one for each"
            )
        for position, index in zip(self.tensor.positions, self.indices, strict=True):
            if isinstance(index, Index) and (position == "j") != (index.kind == "unit"):
                raise InputError(
                    f"`{index.name}` is an index over {index.kind}s and stands in a slot of {self.tensor.name} "
                    "for the other kind"
                )
        _contracted([frozenset({i}) for i in self.indices if isinstance(i, Index)], self.tensor.name)

    @property
    def summed(self) -> frozenset[Index]:
        """Indices that occur twice in it."""
        return _contracted([frozenset({i}) for i in self.indices if isinstance(i, Index)], self.tensor.name)

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Its indices, less those summed."""
        return frozenset(i for i in self.indices if isinstance(i, Index)) - self.summed


@dataclass(frozen=True)
class Times(Term):
    """A product; repeated input indices are summed."""

    factors: tuple[Term, ...]

    def __post_init__(self) -> None:
        _ = self.summed
        for place, factor in enumerate(self.factors):
            others = frozenset().union(*(other.free for at, other in enumerate(self.factors) if at != place))
            if clash := bound(factor) & others:
                raise InputError(
                    f"`{min(clash).name}` is summed in one factor and found 3 times in the product; rename it"
                )

    @property
    def summed(self) -> frozenset[Index]:
        """Input indices that two factors share."""
        return _contracted([factor.free for factor in self.factors], "a product")

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The free indices of the factors, less those summed."""
        return frozenset().union(*(factor.free for factor in self.factors)) - self.summed


@dataclass(frozen=True)
class Plus(Term):
    """A sum of terms with the same free indices."""

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        first = _inputs(self.terms[0])
        for part in self.terms[1:]:
            if _inputs(part) != first:
                raise InputError(
                    f"`terms` of a sum must have the same free indices, got {_names(first)} and "
                    f"{_names(_inputs(part))}; check the indices"
                )

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The free indices of its terms."""
        return frozenset().union(*(part.free for part in self.terms))


@dataclass(frozen=True)
class Over(Term):
    """A fraction; the denominator has no free input indices."""

    numerator: Term
    denominator: Term

    def __post_init__(self) -> None:
        if _inputs(self.denominator):
            raise InputError(f"`denominator` must have no free input index, got {_names(_inputs(self.denominator))}")

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The free indices of both."""
        return self.numerator.free | self.denominator.free


@dataclass(frozen=True)
class Power(Term):
    """A whole power of something without free input indices."""

    base: Term
    exponent: int

    def __post_init__(self) -> None:
        if _inputs(self.base):
            raise InputError(
                f"`base` of a power must have no free input index, got {_names(_inputs(self.base))}; write the "
                "product with new indices"
            )

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The free (unit) indices of the base."""
        return self.base.free


@dataclass(frozen=True)
class Call(Term):
    r"""A function of something without free input indices, such as \phi'(z_j)."""

    function: Unary
    argument: Term

    def __post_init__(self) -> None:
        if _inputs(self.argument):
            raise InputError(
                f"`argument` of a function must have no free input index, got {_names(_inputs(self.argument))}"
            )

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The free (unit) indices of the argument."""
        return self.argument.free


@dataclass(frozen=True)
class Partial(Term):
    r"""The derivative of `body` by component `index` of x (printed \partial_\mu), or of the vector `along`."""

    index: Slot
    body: Term
    along: Tensor | None = None

    def __post_init__(self) -> None:
        _ = self.summed

    @property
    def own(self) -> frozenset[Index]:
        """The index of differentiation, if it is no number."""
        return frozenset({self.index}) if isinstance(self.index, Index) else frozenset()

    @property
    def summed(self) -> frozenset[Index]:
        """The index, where the body has it too: a divergence."""
        return _contracted([self.own, self.body.free], "a derivative")

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the body and its own."""
        return (self.own | self.body.free) - self.summed


def bound(value: Term) -> frozenset[Index]:
    """The input indices that are summed somewhere in `value`."""
    own = value.summed if isinstance(value, Entry | Times | Partial) else frozenset()
    return own.union(*(bound(part) for part in parts(value)))


def parts(value: Term) -> Iterator[Term]:
    """The terms that `value` is made of, one level down."""
    for entry in fields(value):  # pyright: ignore[reportArgumentType]
        stack = [getattr(value, entry.name)]
        while stack:
            item = stack.pop(0)
            if isinstance(item, Term):
                yield item
            elif isinstance(item, tuple):
                stack[:0] = item


def _inputs(value: Term) -> frozenset[Index]:
    return frozenset(index for index in value.free if index.kind == "input")


def _names(indices: frozenset[Index]) -> str:
    return "{" + ", ".join(sorted(index.name for index in indices)) + "}"
