r"""Monomials of the index algebra, coefficient times letters with indices, and the one name that equal ones share.

Two monomials are the same when a renaming of the summed indices, and a permutation of the slots of symmetric letters,
turns one into the other. The names of summed indices are settled by colour refinement and, within a colour, by trying
every order: the least outcome is the name.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import TypeAlias

import sympy as sp

from symgeo.derivation.language import DELTA, DELTA_UNITS, Call, Index, Tensor
from symgeo.derivation.unary import Unary


@dataclass(frozen=True)
class Letter:
    r"""A factor of a monomial: a tensor, or a function of one such as \phi'(z_j), with its indices."""

    tensor: Tensor
    indices: tuple[Index, ...]
    call: Call | None = None


@dataclass(frozen=True)
class Monomial:
    """coefficient times letters."""

    coefficient: sp.Expr
    letters: tuple[Letter, ...] = ()


Key: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


class Naming:
    """Names of monomials; `symmetric` are the letters whose slots may change places."""

    def __init__(self, symmetric: Set[Tensor]) -> None:
        self._symmetric = symmetric
        self._functions: dict[Unary, int] = {}

    def key(self, monomial: Monomial) -> Key:
        """The least of its names."""
        letters = monomial.letters
        bound = sorted({i for letter in letters for i in letter.indices if i.name.startswith("_")})
        classes = self._coloured(letters, bound)
        best: Key | None = None
        for orders in itertools.product(*(itertools.permutations(group) for group in classes)):
            names = {index: f"#{place}" for place, index in enumerate(index for group in orders for index in group)}
            key = tuple(sorted((self._head(letter), self._slots(letter, names)) for letter in letters))
            best = key if best is None or key < best else best
        assert best is not None
        return best

    def _head(self, letter: Letter) -> str:
        """What it is, less its indices; functions that print alike are told apart by number."""
        head = f"{letter.tensor.name}:{letter.tensor.positions}"
        if letter.call is None:
            return head
        function = letter.call.function
        return f"{head}:{function.latex()}:{self._functions.setdefault(function, len(self._functions))}"

    def _slots(self, letter: Letter, names: Mapping[Index, str]) -> tuple[str, ...]:
        if not self._is_symmetric(letter.tensor):
            return tuple(names.get(i, i.name) for i in letter.indices)
        # Slots of one kind change places among themselves.
        kinds = (sorted(names.get(i, i.name) for i in letter.indices if i.kind == kind) for kind in ("unit", "input"))
        return tuple(name for kind in kinds for name in kind)

    def _is_symmetric(self, tensor: Tensor) -> bool:
        return tensor in (DELTA, DELTA_UNITS) or tensor in self._symmetric

    def _coloured(self, letters: tuple[Letter, ...], bound: list[Index]) -> list[list[Index]]:
        """The summed indices in classes, by where they stand and what stands beside them, whatever their names."""
        colour: dict[Index, str] = {index: index.kind for index in bound}
        for _ in range(len(bound)):
            seen: dict[Index, list[str]] = {index: [colour[index]] for index in bound}
            for letter in letters:
                symmetric = self._is_symmetric(letter.tensor)
                around = tuple(colour.get(i, i.name) for i in letter.indices)
                for place, index in enumerate(letter.indices):
                    if index in seen:
                        seen[index].append(
                            f"{self._head(letter)}{'' if symmetric else place}{sorted(around) if symmetric else around}"
                        )
            raw = {index: str([seen[index][0], *sorted(seen[index][1:])]) for index in bound}
            ranks = {text: f"{rank:03}" for rank, text in enumerate(sorted(set(raw.values())))}
            colour = {index: ranks[raw[index]] for index in bound}
        groups: dict[str, list[Index]] = defaultdict(list)
        for index in bound:
            groups[colour[index]].append(index)
        return [groups[key] for key in sorted(groups)]
