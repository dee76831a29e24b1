r"""Tensors in a chart: arrays of components that know their index positions and show what is not zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import sympy as sp


class Tensor(sp.ImmutableDenseNDimArray):
    r"""An array of components with index positions, shown in a notebook by its nonzero independent components.

    >>> r, t = sp.symbols("r theta", positive=True)
    >>> Tensor.of([0, 0, 0, -r], (2, 2), "T", "dd", (r, t)).latex()
    '\\begin{aligned}T{}_{\\theta}{}_{\\theta} &= - r\\end{aligned}'
    """

    name: str = "T"
    positions: str = ""
    coordinates: tuple[sp.Symbol, ...] = ()

    @classmethod
    def of(
        cls,
        values: Iterable[Any],
        shape: tuple[int, ...],
        name: str,
        positions: str,
        coordinates: tuple[sp.Symbol, ...],
    ) -> Tensor:
        """Return the tensor with the given components (row-major), LaTeX name and index positions ("udd", say)."""
        tensor = cls(values, shape)
        tensor.name, tensor.positions, tensor.coordinates = name, positions, coordinates
        return tensor

    def applyfunc(self, f: Callable[[sp.Expr], sp.Expr]) -> Tensor:
        """Return the tensor with `f` applied to each component."""
        return Tensor.of([f(value) for value in sp.flatten(self.tolist())], self.shape, *self._heading())

    def _heading(self) -> tuple[str, str, tuple[sp.Symbol, ...]]:
        return self.name, self.positions, self.coordinates

    def independent(self) -> dict[tuple[int, ...], sp.Expr]:
        """Return the nonzero components, one of each set that are equal up to sign by exchanging two indices."""
        shown: dict[tuple[int, ...], sp.Expr] = {}
        for index in product(*(range(n) for n in self.shape)):
            value = self[index]
            if value != 0 and not any(self._related(index, value, other, shown) for other in self._exchanges(index)):
                shown[index] = value
        return shown

    def _exchanges(self, index: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Indices reached by swaps of two slots of the same position, and by the exchange of two pairs."""
        reached, frontier = {index}, [index]
        while frontier:
            current = frontier.pop()
            swaps = [(i, j) for i in range(len(index)) for j in range(i) if self.positions[i] == self.positions[j]]
            moved = []
            for i, j in swaps:
                other = list(current)
                other[i], other[j] = other[j], other[i]
                moved.append(tuple(other))
            for other in moved:
                if other not in reached:
                    reached.add(other)
                    frontier.append(other)
        return [other for other in reached if other != index]

    def _related(
        self, index: tuple[int, ...], value: sp.Expr, other: tuple[int, ...], shown: dict[tuple[int, ...], sp.Expr]
    ) -> bool:
        return other in shown and (shown[other] == value or shown[other] == -value)

    def latex(self) -> str:
        """Return the nonzero independent components as an `aligned` environment, or name = 0."""
        shown = self.independent()
        if not shown:
            return f"{self.name} = 0"
        lines = [f"{self.name}{self._indices(index)} &= {sp.latex(value)}" for index, value in shown.items()]
        return r"\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}"

    def _indices(self, index: tuple[int, ...]) -> str:
        marks = {"u": "^", "d": "_"}
        return "".join(
            f"{{}}{marks[position]}{{{sp.latex(self.coordinates[i])}}}"
            for position, i in zip(self.positions, index, strict=True)
        )

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$" if self.positions else super()._repr_latex_()
