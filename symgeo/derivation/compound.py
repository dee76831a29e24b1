r"""Terms that stand for a whole computation: sums over units, values elsewhere, determinants, sums of minors, means."""

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
class At(Term):
    """`body` at the point `point`: a tensor with one input slot is put for x, or for the letter `vector`.

    Derivatives in `body` are taken before.
    """

    body: Term
    point: Tensor
    vector: Tensor | None = None

    def __post_init__(self) -> None:
        for tensor in (self.point, self.vector):
            if tensor is not None and tensor.positions not in ("d", "u"):
                raise InputError(f"`point` and `vector` must have one input slot, got {tensor.name}")

    @property
    def free(self) -> frozenset[Index]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the body."""
        return self.body.free


@dataclass(frozen=True)
class Determinant(Term):
    """det of a tensor with two slots, d by d, n by n, or where n = d one of each."""

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
