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
        """Return the nonzero components, one of each set that a symmetry of the whole tensor makes equal up to sign.

        The symmetries looked for are exchanges of two slots, and of two pairs of slots; of a matrix all are returned.
        """
        shown: dict[tuple[int, ...], sp.Expr] = {}
        symmetries = self._symmetries() if len(self.shape) > 2 else []
        told: set[tuple[int, ...]] = set()
        for index in product(*(range(n) for n in self.shape)):
            if self[index] != 0 and index not in told:
                shown[index] = self[index]
                told |= _orbit(index, symmetries)
        return shown

    def _symmetries(self) -> list[tuple[int, ...]]:
        """The permutations of slots that take the tensor to itself, or to minus itself."""
        rank, positions = len(self.shape), self.positions
        swaps = [((i, j),) for j in range(rank) for i in range(j) if positions[i] == positions[j]]
        swaps += [
            ((i, k), (i + 1, k + 1))
            for i in range(rank - 3)
            for k in range(i + 2, rank - 1)
            if len(set(positions[i : i + 2] + positions[k : k + 2])) == 1
        ]
        found = []
        for swap in swaps:
            order = list(range(rank))
            for i, j in swap:
                order[i], order[j] = order[j], order[i]
            moved = [(self[index], self[_permuted(index, order)]) for index in product(*map(range, self.shape))]
            if all(a == b for a, b in moved) or all(a == -b for a, b in moved):
                found.append(tuple(order))
        return found

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


def _permuted(index: tuple[int, ...], order: Sequence[int]) -> tuple[int, ...]:
    return tuple(index[slot] for slot in order)


def _orbit(index: tuple[int, ...], symmetries: Sequence[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """All indices that the symmetries reach from `index`."""
    reached, frontier = {index}, [index]
    while frontier:
        current = frontier.pop()
        for order in symmetries:
            other = _permuted(current, order)
            if other not in reached:
                reached.add(other)
                frontier.append(other)
    return reached
