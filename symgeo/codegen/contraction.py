"""Sums over products of arrays as code; the points are the last axis of those that differ from point to point.

Factors that do not depend on the point are multiplied once; where one batched factor is left and the sum runs over all
of its indices, the whole sum is a single matrix product. Everything else is an einsum over the points, or for a library
whose einsum makes small matrices of them, an aligned product and its sum.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgeo.codegen.backend import Backend

_LETTERS = "abcdefghijklmnopqrstuvwxy"  # z counts the points

Factor = tuple[str, list[sp.Basic], bool]
"""The code of a component, its indices, and whether it has an axis of points, the last."""


def contraction_code(
    factors: list[Factor],
    bound: list[sp.Basic],
    out: tuple[sp.Basic, ...],
    size: Callable[[sp.Basic], str],
    backend: Backend,
) -> tuple[str, str | None]:
    """The code of the sum over `bound` of the product, axes `out`; and what is computed once and put for {0} in it."""
    moving, fixed = [f for f in factors if f[2]], [f for f in factors if not f[2]]
    if not moving:
        return _einsum(fixed, out, backend.einsum), None
    if len(moving) == 1 and fixed:
        product = _matrix_product(moving[0], fixed, bound, out, size, backend)
        if product is not None:
            return product
    if backend.contract is not None:
        return _einsum([*moving, *fixed], out, backend.contract), None
    return _aligned([*moving, *fixed], bound, out), None


def _matrix_product(
    moving: Factor,
    fixed: list[Factor],
    bound: list[sp.Basic],
    out: tuple[sp.Basic, ...],
    size: Callable[[sp.Basic], str],
    backend: Backend,
) -> tuple[str, str | None] | None:
    """`matrix @ moving`, where the sum is over all indices of `moving`, each once."""
    name, indices, _ = moving
    if not indices or len(set(indices)) < len(indices) or not set(indices) <= set(bound):
        return None
    if not all(any(i in f[1] for f in fixed) for i in (*indices, *out)):
        return None
    columns = f"{name}.reshape(-1, {name}.shape[-1])" if len(indices) > 1 else name
    if len(fixed) == 1 and len(indices) == 1 and len(out) <= 1:
        if fixed[0][1] == [*out, *indices]:
            return f"{fixed[0][0]} @ {columns}", None
        if fixed[0][1] == [*indices, *out]:
            return f"{fixed[0][0]}.T @ {columns}", None
    matrix = _einsum(fixed, (*out, *indices), backend.einsum)
    if len(out) <= 1:
        rows = f"{size(out[0])}, -1" if out else "-1"
        return f"{{0}} @ {columns}", f"{matrix}.reshape({rows})" if len(indices) > 1 else matrix
    shape = ", ".join(size(i) for i in out)
    rows = "*".join(size(i) for i in out)
    return f"({{0}} @ {columns}).reshape({shape}, -1)", f"{matrix}.reshape({rows}, -1)"


def _einsum(factors: list[Factor], out: tuple[sp.Basic, ...], einsum: str) -> str:
    letters: dict[sp.Basic, str] = {}
    terms = []
    for _, indices, batched in factors:
        labels = "".join(letters.setdefault(i, _LETTERS[len(letters)]) for i in indices)
        terms.append(labels + ("z" if batched else ""))
    goal = "".join(letters[i] for i in out) + ("z" if any(f[2] for f in factors) else "")
    return einsum.format(",".join(terms) + "->" + goal, ", ".join(f[0] for f in factors))


def _aligned(factors: list[Factor], bound: list[sp.Basic], out: tuple[sp.Basic, ...]) -> str:
    """The product of the factors, axes (bound, out, points), summed over the first."""
    axes = [*bound, *out]
    terms = []
    for name, indices, batched in factors:
        order = [i for i in axes if i in indices]
        if order != indices:
            name += (
                f".permute({', '.join(str(indices.index(i)) for i in order)}{f', {len(indices)}' if batched else ''})"
            )
        if len(indices) < len(axes) or not batched:
            views = [":" if i in indices else "None" for i in axes] + ["None"] * (not batched)
            name += f"[{', '.join(views)}]"
        terms.append(name)
    product = "*".join(terms) if len(set(terms)) > 1 or len(terms) != 2 else f"{terms[0]}**2"
    summed = "0" if len(bound) == 1 else f"({', '.join(map(str, range(len(bound))))})"
    return f"({product}).sum({summed})"
