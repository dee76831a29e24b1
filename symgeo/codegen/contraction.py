"""Sums over products of arrays as code.

Factors that do not depend on the point are multiplied once; where one batched factor is left and the sum runs over one
of its indices, the whole sum is a single matrix product. Everything else is an einsum over the points.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

_LETTERS = "abcdefghijklmnopqrstuvwxy"  # z counts the points

Factor = tuple[str, list[sp.Basic], bool]
"""The code of a component, its indices, and whether it has a leading axis of points."""


def contraction_code(
    factors: list[Factor],
    bound: set[sp.Basic],
    out: tuple[sp.Basic, ...],
    size: Callable[[sp.Basic], str],
    einsum: str,
) -> tuple[str, str | None]:
    """The code of the sum over `bound` of the product, axes `out`; and what is computed once and put for {0} in it."""
    moving, fixed = [f for f in factors if f[2]], [f for f in factors if not f[2]]
    if len(moving) == 1 and fixed:
        product = _matrix_product(moving[0], fixed, bound, out, size, einsum)
        if product is not None:
            return product
    return _einsum([*moving, *fixed], out, einsum), None


def _matrix_product(
    moving: Factor,
    fixed: list[Factor],
    bound: set[sp.Basic],
    out: tuple[sp.Basic, ...],
    size: Callable[[sp.Basic], str],
    einsum: str,
) -> tuple[str, str | None] | None:
    """`moving @ matrix`, where the sum is over the last index of `moving` alone and the axes come out in order."""
    name, indices, _ = moving
    if len(bound) != 1 or not indices or indices[-1] not in bound or len(set(indices)) < len(indices):
        return None
    *kept, index = indices
    outer = [i for i in out if i not in kept]
    if [*kept, *outer] != list(out) or any(set(f[1]) & set(kept) for f in fixed):
        return None
    if not any(index in f[1] for f in fixed):
        return None
    if len(fixed) == 1 and fixed[0][1] == [index, *outer] and len(outer) <= 1:
        return f"{name} @ {fixed[0][0]}", None
    if len(fixed) == 1 and fixed[0][1] == [*outer, index] and len(outer) == 1:
        return f"{name} @ {fixed[0][0]}.T", None
    matrix = _einsum(fixed, (index, *outer), einsum)
    if len(outer) <= 1:
        return f"{name} @ {{0}}", matrix
    shape = ", ".join(size(i) for i in outer)
    return f"({name} @ {{0}}).reshape(*{name}.shape[:-1], {shape})", f"{matrix}.reshape({size(index)}, -1)"


def _einsum(factors: list[Factor], out: tuple[sp.Basic, ...], einsum: str) -> str:
    letters: dict[sp.Basic, str] = {}
    terms = []
    for _, indices, batched in factors:
        labels = "".join(letters.setdefault(i, _LETTERS[len(letters)]) for i in indices)
        terms.append(("z" if batched else "") + labels)
    goal = ("z" if any(f[2] for f in factors) else "") + "".join(letters[i] for i in out)
    return einsum.format(",".join(terms) + "->" + goal, ", ".join(f[0] for f in factors))
