r"""Sums over sets of units: what Cauchy and Binet make of det g and of g^-1 when their size d stays a symbol.

With p_j = phi'(z_j)^2 and g = (1/n) sum_j p_j w_j w_j^T,

    det g        = n^-d     sum_{|S| = d}     det[w_S]^2 prod_{j in S} p_j
    u.g^-1 v     = n^(1-d)  sum_{|S| = d - 1} det[u w_S] det[v w_S] prod_{j in S} p_j / det g

for any vectors u, v (Gantmacher, The Theory of Matrices, I.2; the second is Cramer's rule). Both stand as they are
while n or d is a symbol, and `doit` writes them out once both are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations, product

import sympy as sp

from symgeo.networks.shallow_symbols import WEIGHTS


class UnitRow(sp.Function):
    """The weights w_j of unit j, as a vector: UnitRow(j)."""

    nargs = 1


class Axis(sp.Function):
    """The vector e_a of direction a: Axis(a)."""

    nargs = 1


def _entries(vector: sp.Expr, size: int) -> list[sp.Expr]:
    (label,) = vector.args
    if isinstance(vector, UnitRow):
        return [WEIGHTS[label, a] for a in range(1, size + 1)]
    return [sp.KroneckerDelta(label, a) for a in range(1, size + 1)]


class SetSum(sp.Expr):
    """The sum over sets S of `size` of `width` units of det[u w_S] det[v w_S] prod_{j in S} p(j).

    `vectors` is (u, v), or () for det[w_S]^2; `p` a Lambda of the unit.
    """

    is_real = True

    def __new__(cls, p: sp.Lambda, size: sp.Expr, width: sp.Expr, vectors: sp.Tuple = sp.Tuple()) -> SetSum:  # noqa: B008
        """Keep the parts; nothing is computed."""
        return sp.Expr.__new__(cls, p, sp.sympify(size), sp.sympify(width), sp.sympify(vectors))

    def doit(self, **hints: object) -> sp.Expr:
        """The sum written out, where both sizes are numbers."""
        _, size, width, _ = self.args
        return written_out(self) if size.is_Integer and width.is_Integer else self

    def _sympystr(self, printer) -> str:
        p, size, width, vectors = (printer._print(a) for a in self.args)
        return f"SetSum({p}, {size}, {width})" if not self.args[3] else f"SetSum({p}, {size}, {width}, {vectors})"

    def _latex(self, printer) -> str:
        p, size, width, vectors = self.args
        (unit,) = p.variables
        minors = r"\det\left[w_S\right]^{2}"
        if vectors.args:
            minors = "".join(rf"\det\left[{_shown(v, printer)}\, w_S\right]" for v in vectors.args)
        below = rf"S \subset \{{1, \ldots, {printer._print(width)}\}},\ |S| = {printer._print(size)}"
        product = rf"\prod_{{{printer._print(unit)} \in S}} {printer._print(p.expr)}"
        return rf"\sum_{{{below}}} {minors} {product}"


def _shown(vector: sp.Expr, printer) -> str:
    letter = "w" if isinstance(vector, UnitRow) else "e"
    return f"{letter}_{{{printer._print(vector.args[0])}}}"


class InverseProduct(sp.Expr):
    """u.g^-1 v for two vectors; G_jk for units j and k, g^ab for directions, w_j^a for one of each."""

    is_real = True

    def __new__(cls, u: sp.Expr, v: sp.Expr, p: sp.Lambda, width: sp.Expr, inputs: sp.Expr) -> InverseProduct:
        """Keep the parts, the vectors in one order: g is symmetric."""
        u, v = sorted((u, v), key=lambda q: (isinstance(q, UnitRow), sp.default_sort_key(q)))
        return sp.Expr.__new__(cls, u, v, p, sp.sympify(width), sp.sympify(inputs))

    def doit(self, **hints: object) -> sp.Expr:
        """By Cramer's rule in sums over sets of units, written out where the sizes are numbers."""
        above, below = self.quotient()
        return above.doit(**hints) / below.doit(**hints)

    def quotient(self) -> tuple[sp.Expr, sp.Expr]:
        """Numerator and denominator of Cramer's rule."""
        u, v, p, n, d = self.args
        return n * SetSum(p, d - 1, n, sp.Tuple(u, v)), SetSum(p, d, n)

    def _sympystr(self, printer) -> str:
        u, v = (printer._print(vector.args[0]) for vector in self.args[:2])
        if isinstance(self.args[0], UnitRow):
            return f"G({u}, {v})"
        return f"w({v})^{u}" if isinstance(self.args[1], UnitRow) else f"g^({u}, {v})"

    def _latex(self, printer, exp: str | None = None) -> str:
        u, v = (printer._print(vector.args[0]) for vector in self.args[:2])
        if isinstance(self.args[0], UnitRow):
            body = f"G_{{{u} {v}}}"
        else:
            body = f"w_{{{v}}}^{{{u}}}" if isinstance(self.args[1], UnitRow) else f"g^{{{u} {v}}}"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


def written_out(expression: sp.Expr, entries: Mapping[sp.Basic, sp.Expr] | None = None) -> sp.Expr:
    """The expression with every sum written out, where all sizes in it are numbers; equal parts once.

    `doit` does the same, and takes each sum for one that might have a closed form, which these have not.

    Args:
        expression: in sums over units and directions, sums over sets and their quotients.
        entries: what to put for array entries such as W[2, 1], numbers perhaps.
    """
    return writing(entries)(expression)


def writing(entries: Mapping[sp.Basic, sp.Expr] | None = None) -> Callable[[sp.Basic], sp.Expr]:
    """`written_out` for several expressions that share parts."""
    known: dict[sp.Basic, sp.Expr] = dict(entries or {})

    def put(e: sp.Basic) -> sp.Expr:
        if e not in known:
            known[e] = _written(e, put)
        return known[e]

    return put


def _written(e: sp.Basic, put: Callable[[sp.Basic], sp.Expr]) -> sp.Expr:
    if isinstance(e, sp.Sum):
        names = [limit[0] for limit in e.limits]
        places = product(*(range(int(low), int(high) + 1) for _, low, high in e.limits))
        return sp.Add(*(put(e.function.xreplace(dict(zip(names, map(sp.Integer, p), strict=True)))) for p in places))
    if isinstance(e, InverseProduct):
        above, below = e.quotient()
        return put(above) / put(below)
    if isinstance(e, SetSum):
        return _over_sets(e, put)
    return e.func(*map(put, e.args)) if e.args and not isinstance(e, sp.Indexed) else e


def _over_sets(e: SetSum, put: Callable[[sp.Basic], sp.Expr]) -> sp.Expr:
    p, size, width, vectors = e.args
    inputs = int(size) + (1 if vectors.args else 0)
    heads = [[_entries(v, inputs)] for v in vectors.args] or [[], []]
    total = sp.S.Zero
    for chosen in combinations(range(1, int(width) + 1), int(size)):
        rows = [_entries(UnitRow(j), inputs) for j in chosen]
        minors = [put(sp.Matrix([*head, *rows]).det(method="berkowitz")) for head in heads]
        total += sp.Mul(*minors, *(put(p(j)) for j in chosen))
    return total
