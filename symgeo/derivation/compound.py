r"""Terms that stand for a whole computation: sums over units, determinants, sums of minors, means over weights."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgeo.derivation.language import Index, Tensor, Term
from symgeo.errors import InputError


@dataclass(frozen=True)
class UnitSum(Term):
    """The sum of `body` over the units, for each of `indices`."""

    indices: tuple[Index, ...]
    body: Term

    def __post_init__(self) -> None:
        for index in self.indices:
            if index.kind != "unit" or index not in self.body.free:
                raise InputError(
                    f"`indices` of a sum over units must be free unit indices of its body, {index.name} is not"
                )

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the body, less the units summed."""
        return self.body.free - frozenset(self.indices)


@dataclass(frozen=True)
class Determinant(Term):
    """det of a tensor with two input slots."""

    tensor: Tensor

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None."""
        return frozenset()


@dataclass(frozen=True)
class Array(Term):
    """The determinant of a written-out square array of terms without free indices."""

    rows: tuple[tuple[Term, ...], ...]

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Free unit indices of the entries."""
        return frozenset().union(*(entry.free for row in self.rows for entry in row))


@dataclass(frozen=True)
class MinorSum(Term):
    r"""A sum over families of d units of a squared minor times a product of weights.

        sum_{j_1 < ... < j_d} det[w_{j_1} ... w_{j_d}]^2 prod_k weight(j_k)        (increasing)
        sum_{j_1, ..., j_d}   the same                                            (otherwise)

    The sum is empty, hence zero, when it is increasing and n < d.
    """

    rows: Tensor
    unit: Index
    weight: Term
    increasing: bool = True

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """None: the units are summed."""
        return self.weight.free - {self.unit}


@dataclass(frozen=True)
class Mean(Term):
    r"""E[body] over a weight w ~ N(0, sigma^2 I_d) and a bias b ~ N(0, zeta^2), independent.

    Args:
        body: what is averaged.
        weight: w, a letter with one input slot.
        bias: b, a letter without slots.
        deviations: (sigma, zeta).
    """

    body: Term
    weight: Tensor
    bias: Tensor
    deviations: tuple[sp.Symbol, sp.Symbol]

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the body."""
        return self.body.free
