r"""Rotation-invariant tensors on R^d: sums of f(s) times products of x and delta, s = x.x, for any d.

    T_{i...} = sum_k f_k(s) prod (x_i or delta_ij),

each slot in exactly one factor. This is closed under all that a rotation-invariant metric asks for, and it never
needs to know d.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.entries import checked_coordinates

Factors = tuple[tuple[int, ...], ...]
SLOT_NAMES = "ijklmnpq"


@dataclass(frozen=True)
class RadialTensor:
    """A tensor sum_k f_k(s) prod (x or delta).

    Attributes:
        positions: one letter a slot, "u" (upper) or "d" (lower).
        terms: (coefficient in s, factors); the factor (i,) is x in slot i, the factor (i, j) is delta in slots i, j.
        s: the symbol of x.x.
    """

    positions: str
    terms: tuple[tuple[sp.Expr, Factors], ...]
    s: sp.Symbol

    def __post_init__(self) -> None:
        slots = list(range(len(self.positions)))
        for _, factors in self.terms:
            if sorted(slot for factor in factors for slot in factor) != slots:
                raise InputError(f"`terms`: the factors {factors} do not fill the slots {slots} once each")

    def __repr__(self) -> str:
        def product_of(factors: Factors) -> str:
            names = ["x_" if len(factor) == 1 else "delta_" for factor in factors]
            slots = ["".join(SLOT_NAMES[slot] for slot in factor) for factor in factors]
            return " ".join(name + slot for name, slot in zip(names, slots, strict=True))

        return " + ".join(f"({value}) {product_of(factors)}" for value, factors in self.terms) or "0"

    def coefficient(self, factors: Factors) -> sp.Expr:
        """Return the coefficient of the product `factors`, zero if it does not appear."""
        return next((value for value, present in self.terms if present == factors), sp.S.Zero)

    def components(self, coordinates: tuple[sp.Symbol, ...]) -> sp.ImmutableDenseNDimArray:
        """Return the components in Cartesian `coordinates`, with s = sum x^2."""
        coordinates = checked_coordinates(coordinates)
        squares = sum(x**2 for x in coordinates)
        terms = [(coefficient.subs(self.s, squares), factors) for coefficient, factors in self.terms]

        def component(index: tuple[int, ...]) -> sp.Expr:
            total = sp.S.Zero
            for coefficient, factors in terms:
                if all(index[f[0]] == index[f[-1]] for f in factors):
                    total += coefficient * sp.Mul(*[coordinates[index[f[0]]] for f in factors if len(f) == 1])
            return total

        shape = (len(coordinates),) * len(self.positions)
        indices = product(range(len(coordinates)), repeat=len(self.positions))
        return sp.ImmutableDenseNDimArray([component(index) for index in indices], shape)

    def latex(self) -> str:
        """Return the tensor as LaTeX, indices i, j, ... in the order of the slots."""
        if not self.terms:
            return "0"
        return sp.latex(sp.Add(*[c * sp.Symbol(self._factors_latex(f)) for c, f in self.terms], evaluate=False))

    def _factors_latex(self, factors: Factors) -> str:
        def factor_latex(factor: tuple[int, ...]) -> str:
            ups = "".join(SLOT_NAMES[i] for i in factor if self.positions[i] == "u")
            downs = "".join(SLOT_NAMES[i] for i in factor if self.positions[i] == "d")
            stem = "x" if len(factor) == 1 else r"\delta"
            return stem + (f"^{{{ups}}}" if ups else "") + (f"_{{{downs}}}" if downs else "")

        return " ".join(factor_latex(factor) for factor in factors)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
