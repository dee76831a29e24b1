r"""Index notation read in components: for given numbers of inputs d and units n, every entry a SymPy expression.

Letters stand for themselves: x has entries x_1, ..., x_d, a tensor w with a unit slot entries w_1_1 (unit, input).
A defined tensor has the entries of its definition, an inverse those of the inverse matrix, Kronecker's delta 0 and 1.
In scalars, s becomes x_1^2 + ... + x_d^2, and d and n their numbers; then derivatives are taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import sympy as sp

from symgeo.derivation.compound import Array, At, Determinant, Mean, MinorSum, UnitSum
from symgeo.derivation.functions import RADIUS, Jet
from symgeo.derivation.language import (
    DELTA,
    DELTA_UNITS,
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
    Slot,
    Tensor,
    Term,
    Times,
)
from symgeo.derivation.slope import Slope
from symgeo.derivation.smooth import MultiJet
from symgeo.errors import InputError

if TYPE_CHECKING:
    from symgeo.derivation.evidence import Evidence
    from symgeo.derivation.rules import Law

COORDINATES = Tensor("x", "d")
"""x, the input: what the derivative without further word is taken by."""


Entries: TypeAlias = dict[tuple[Tensor, tuple[int, ...]], sp.Expr]
"""Components of tensors."""


@dataclass(frozen=True)
class Meanings:
    """What the symbols met so far stand for: letters, definitions of tensors and of scalars, inverses.

    `maps` holds the smooth maps of which nothing is known, each with the vector that it is a function of.
    `laws` holds the rules of letters that were found to hold, each with what says so. `entries` remembers components
    by (d, n): definitions are only ever added, so that they stay right until a function gets another meaning.
    """

    letters: frozenset[Tensor] = frozenset({COORDINATES})
    tensors: Mapping[Tensor, tuple[tuple[Index, ...], Term]] = field(default_factory=dict)
    scalars: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    inverses: Mapping[Tensor, Tensor] = field(default_factory=dict)
    maps: Mapping[Tensor, Tensor] = field(default_factory=dict)
    functions: Mapping[str, tuple[sp.Symbol, sp.Expr]] = field(default_factory=dict)
    laws: Mapping[Law, Evidence] = field(default_factory=dict)
    entries: dict[tuple[int, int], Entries] = field(default_factory=dict, compare=False, repr=False)

    def letting(self, functions: Mapping[str, tuple[sp.Symbol, sp.Expr]]) -> Meanings:
        """These meanings with other definitions of functions."""
        return replace(self, functions=functions, entries={})

    def expanded(self, expression: sp.Expr) -> sp.Expr:
        """A SymPy expression with every defined scalar and function replaced by its definition."""
        while True:
            table: dict[sp.Basic, sp.Expr] = {
                symbol: self.scalars[symbol] for symbol in expression.free_symbols & set(self.scalars)
            }
            for jet in expression.atoms(Jet):
                name, order, argument = jet.args
                if str(name) in self.functions:
                    variable, value = self.functions[str(name)]
                    table[jet] = sp.diff(value, variable, int(order)).subs(variable, argument)
            if not table:
                return expression
            changed = expression.subs(table)
            # `subs` leaves what depends on a variable of integration alone.
            expression = changed if changed != expression else expression.xreplace(table)

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor was introduced: as a letter, by a definition, or as an inverse."""
        return (
            tensor in (DELTA, DELTA_UNITS)
            or tensor in self.letters
            or tensor in self.tensors
            or tensor in self.inverses
            or tensor in self.maps
        )


@dataclass(frozen=True)
class Frame:
    """Given numbers of inputs and units, in which terms have components."""

    d: int
    n: int
    meanings: Meanings

    def coordinates(self, along: Tensor = COORDINATES) -> tuple[sp.Symbol, ...]:
        """The components of x, or of another letter with one input slot."""
        return tuple(sp.Symbol(f"{along.name}_{i}", real=True) for i in range(1, self.d + 1))

    def components(self, value: Term, indices: tuple[Index, ...]) -> Iterator[tuple[tuple[int, ...], sp.Expr]]:
        """Every component of `value`: the values of `indices`, and the entry there."""
        for values in itertools.product(*(self._range(index) for index in indices)):
            yield values, self.evaluate(value, dict(zip(indices, values, strict=True)))

    def _range(self, index: Index) -> range:
        return range(1, (self.d if index.kind == "input" else self.n) + 1)

    def _sum(
        self, indices: frozenset[Index] | tuple[Index, ...], at: Mapping[Index, int]
    ) -> Iterator[dict[Index, int]]:
        ordered = sorted(indices)
        for values in itertools.product(*(self._range(index) for index in ordered)):
            yield {**at, **dict(zip(ordered, values, strict=True))}

    def scalar(self, expression: sp.Expr) -> sp.Expr:
        """A SymPy expression in d, n, s and defined scalars, in this frame."""
        radius = sum((x**2 for x in self.coordinates()), sp.S.Zero)
        return self.meanings.expanded(expression).subs({INPUTS: self.d, UNITS: self.n}).subs(RADIUS, radius)

    def evaluate(self, value: Term, at: Mapping[Index, int]) -> sp.Expr:
        """The component of `value` where its free indices have the values `at`."""
        match value:
            case Scalar(expression):
                return self.scalar(expression)
            case Entry(tensor, indices):
                return sp.Add(
                    *(
                        self._entry(tensor, tuple(_number(i, here) for i in indices))
                        for here in self._sum(value.summed, at)
                    )
                )
            case Plus(terms):
                return sp.Add(*(self.evaluate(part, at) for part in terms))
            case Times(factors):
                return sp.Add(*(self._product(factors, here) for here in self._sum(value.summed, at)))
            case Over(numerator, denominator):
                return self.evaluate(numerator, at) / self.evaluate(denominator, at)
            case Power(base, exponent):
                return self.evaluate(base, at) ** exponent
            case Call(function, argument):
                return self.meanings.expanded(function.at(self.evaluate(argument, at)))
            case Partial(index, body, along):
                x = self.coordinates(along or COORDINATES)
                return sp.Add(
                    *(
                        sp.diff(self.evaluate(body, here), x[_number(index, here) - 1])
                        for here in self._sum(value.summed, at)
                    )
                )
            case Slope(body, by):
                value.required(self.meanings)
                return sp.Add(*(self._slope(body, by, here) for here in self._sum(value.summed, at)))
            case At(body, point, vector):
                moves = zip(
                    self.coordinates(vector or COORDINATES),
                    (self._entry(point, (i,)) for i in range(1, self.d + 1)),
                    strict=True,
                )
                return self.evaluate(body, at).subs(list(moves), simultaneous=True)
            case UnitSum(indices, body):
                return sp.Add(*(self.evaluate(body, here) for here in self._sum(indices, at)))
            case Determinant(tensor):
                matrix = self.matrix(tensor)
                if matrix.rows != matrix.cols:
                    raise InputError(
                        f"`{tensor.name}` must be square to have a determinant, got {matrix.rows} by {matrix.cols}; "
                        "give the step the condition under which it is"
                    )
                return determinant(matrix)
            case Array(rows):
                return determinant(sp.Matrix([[self.evaluate(entry, at) for entry in row] for row in rows]))
            case MinorSum():
                return self._minors(value, at)
            case Mean():
                raise InputError(
                    "`Mean` has no components before it is integrated; check it by parts or by Monte Carlo"
                )
        raise InputError(f"`value` must be a term of the index language, got {type(value).__name__}")

    def _slope(self, body: Term, by: Entry, at: Mapping[Index, int]) -> sp.Expr:
        letter = self._entry(by.tensor, tuple(_number(i, at) for i in by.indices))
        return sp.diff(self.evaluate(body, at), letter)

    def _product(self, factors: tuple[Term, ...], at: Mapping[Index, int]) -> sp.Expr:
        result = sp.S.One
        for factor in factors:
            result = result * self.evaluate(factor, at)
            if result == 0:
                break
        return result

    def matrix(self, tensor: Tensor) -> sp.Matrix:
        """A tensor with two slots as a matrix: d or n rows and columns, as its slots are of inputs or of units."""
        rows, columns = (self.n if position == "j" else self.d for position in tensor.positions)
        return sp.Matrix(rows, columns, lambda i, j: self._entry(tensor, (i + 1, j + 1)))

    def _entry(self, tensor: Tensor, indices: tuple[int, ...]) -> sp.Expr:
        entries = self.meanings.entries.setdefault((self.d, self.n), {})
        if (tensor, indices) not in entries:
            entries[tensor, indices] = self._fresh(tensor, indices)
        return entries[tensor, indices]

    def _fresh(self, tensor: Tensor, indices: tuple[int, ...]) -> sp.Expr:
        if tensor in (DELTA, DELTA_UNITS):
            return sp.Integer(int(indices[0] == indices[1]))
        if tensor in self.meanings.tensors:
            names, body = self.meanings.tensors[tensor]
            return self.evaluate(body, dict(zip(names, indices, strict=True)))
        if tensor in self.meanings.inverses:
            matrix = self.matrix(self.meanings.inverses[tensor])
            i, j = indices
            return (-1) ** (i + j) * determinant(matrix.minor_submatrix(j - 1, i - 1)) / determinant(matrix)
        if tensor in self.meanings.maps:
            arguments = tuple(self._entry(self.meanings.maps[tensor], (i,)) for i in range(1, self.d + 1))
            return MultiJet.of("_".join([tensor.name, *map(str, indices)]), arguments)
        if tensor in self.meanings.letters:
            return sp.Symbol("_".join([tensor.name, *map(str, indices)]), real=True)
        raise InputError(
            f"`{tensor.name}` is used before it is defined; define it in an earlier step or list it among the letters"
        )

    def _minors(self, value: MinorSum, at: Mapping[Index, int]) -> sp.Expr:
        units = range(1, self.n + 1)
        families = (
            itertools.combinations(units, self.d) if value.increasing else itertools.product(units, repeat=self.d)
        )
        total = sp.S.Zero
        for family in families:
            minor = sp.Matrix(
                self.d, self.d, lambda row, column, family=family: self._entry(value.rows, (family[column], row + 1))
            )
            weights = (self.evaluate(value.weight, {**at, value.unit: j}) for j in family)
            total += determinant(minor) ** 2 * sp.Mul(*weights)
        return total


def _number(index: Slot, at: Mapping[Index, int]) -> int:
    return index if isinstance(index, int) else at[index]


def determinant(matrix: sp.Matrix) -> sp.Expr:
    """The determinant by expansion along rows, its products left as they are: SymPy's own multiplies them out."""
    size = matrix.rows

    @cache
    def minor(row: int, columns: tuple[int, ...]) -> sp.Expr:
        if not columns:
            return sp.S.One
        return sp.Add(
            *(
                (-1) ** place * matrix[row, column] * minor(row + 1, columns[:place] + columns[place + 1 :])
                for place, column in enumerate(columns)
                if matrix[row, column] != 0
            )
        )

    return minor(0, tuple(range(size)))
