"""Tensors of a shallow network whose number of inputs is open: the general component, in sums over units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import sympy as sp

from symgeo.networks.shallow_symbols import INPUTS, WIDTH
from symgeo.networks.sizes import checked_size
from symgeo.networks.unit_sets import writing


@dataclass(frozen=True)
class UnitTensor:
    """A tensor given by its general component.

    Attributes:
        positions: one letter a slot, "u" (upper) or "d" (lower).
        indices: the symbols of the slots, each running from 1 to d.
        component: an expression in these, in sums over units.
    """

    positions: str
    indices: tuple[sp.Symbol, ...]
    component: sp.Expr

    def components(
        self, inputs: int, width: int | None = None, entries: Mapping[sp.Basic, sp.Expr] | None = None
    ) -> sp.ImmutableDenseNDimArray:
        """The components for so many inputs, and units where the width is open too, written out in W, b and x.

        Args:
            inputs: d.
            width: n, where it is open.
            entries: what to put for array entries such as W[2, 1], numbers perhaps.

        Raises:
            InputError: for sizes below 1.
        """
        known: dict[sp.Symbol, sp.Expr] = {INPUTS: sp.Integer(checked_size(inputs, "inputs"))}
        if width is not None:
            known[WIDTH] = sp.Integer(checked_size(width, "width"))
        general, put = self.component.xreplace(known), writing(entries)
        values = [
            put(general.xreplace(dict(zip(self.indices, map(sp.Integer, place), strict=True))))
            for place in product(range(1, inputs + 1), repeat=len(self.indices))
        ]
        return sp.ImmutableDenseNDimArray(values, (inputs,) * len(self.indices))

    def __repr__(self) -> str:
        return f"{self.component} in slots ({', '.join(map(str, self.indices))}), {self.positions}"

    def latex(self) -> str:
        """The general component as LaTeX."""
        return sp.latex(self.component)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
