r"""A program: what a kernel computes, as a list of definitions between inputs and one output.

Written in SymPy itself. An array is an `IndexedBase`; `g[a, b]` is a component with symbolic indices;
`Sum(..., (j, 0, n - 1))` is a contraction; `KroneckerDelta(a, b)` is the identity; whatever else is elementwise. So the
scalar curvature of a shallow network of any width n and dimension d reads

    z[j]    = Sum(W[j, a] * x[a], a) + b[j]
    c[j]    = 2 phi'(z[j]) phi''(z[j]) / n
    T[a, b, c] = Sum(c[j] * W[j, a] * W[j, b] * W[j, c], j)

followed by two steps of linear algebra and two contractions. A program knows nothing of metrics or networks; rooms that
know them write programs, `symgeo.codegen` turns programs into source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from symgeo.errors import InputError

Domain = Literal["real", "positive", "nonnegative"]


@dataclass(frozen=True)
class Input:
    """An argument of the kernel.

    `symbol` is a Symbol (a number) or an IndexedBase (an array of `shape`, whose sizes are symbols or integers).
    A `batched` input has any leading shape of points before `shape`; `domains` are those of its components, where some
    are not the whole line (a radius, an angle), with the names that an error gives them.
    """

    symbol: sp.Symbol | sp.IndexedBase
    meaning: str
    shape: tuple[sp.Expr, ...] = ()
    batched: bool = False
    domain: Domain = "real"
    domains: tuple[tuple[str, Domain], ...] = ()

    @property
    def name(self) -> str:
        """The argument's name in the kernel."""
        return str(self.symbol)


@dataclass(frozen=True)
class Let:
    """`target = value`, elementwise over the target's indices, contractions written as sums."""

    target: sp.Symbol | sp.Indexed
    value: sp.Expr


@dataclass(frozen=True)
class Stack:
    """`target` is the array of `shape` with these explicit components in C order, many of them zero perhaps."""

    target: sp.IndexedBase
    components: tuple[sp.Expr, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class OrthogonalColumns:
    """`target` Q and `triangle` R with `matrix` = Q R, Q^T Q = I, R upper triangular with a positive diagonal.

    A matrix whose columns are linearly dependent to working precision is an error; `dependent` is what it says.
    """

    target: sp.IndexedBase
    triangle: sp.IndexedBase
    matrix: sp.IndexedBase
    dependent: str


@dataclass(frozen=True)
class TriangularInverse:
    """`target` is the inverse of an upper triangular `matrix`."""

    target: sp.IndexedBase
    matrix: sp.IndexedBase


@dataclass(frozen=True)
class InverseCholesky:
    """`target` = E = L^-1 for `matrix` = L L^T, so that E g E^T = I: the rows of E are a g-orthonormal coframe.

    A matrix that is not positive definite is an error that names the first such point.
    """

    target: sp.IndexedBase
    matrix: sp.IndexedBase


@dataclass(frozen=True)
class LogDiagonal:
    """`target` = sum of log of the diagonal of `matrix`; of L^-1 it is -1/2 log det g."""

    target: sp.Symbol
    matrix: sp.IndexedBase


Step = Let | Stack | OrthogonalColumns | TriangularInverse | InverseCholesky | LogDiagonal


@dataclass(frozen=True)
class Program:
    """One kernel: inputs, steps, and the array or number that it returns.

    `sizes` are the symbols that stand for array sizes; each is read off an input's shape. `requires` are conditions
    between sizes with the sentence to raise when they fail, such as (n >= d, "the metric is singular ..."). `special`
    may know a shorter program for given sizes, of the same arguments.
    """

    name: str
    title: str
    formula: str
    source: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    output: sp.Symbol | sp.IndexedBase
    output_shape: tuple[sp.Expr, ...]
    sizes: tuple[sp.Symbol, ...] = ()
    requires: tuple[tuple[sp.Expr, str], ...] = ()
    special: Callable[[Mapping[str, int]], Program | None] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        names = [i.name for i in self.inputs] + [str(size) for size in self.sizes]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise InputError(f"`{self.name}`: two inputs, or an input and a size, are called {twice[0]!r}; rename one")
        known: set[sp.Basic] = {i.symbol for i in self.inputs} | set(self.sizes)
        for step in self.steps:
            free = reads(step) - known
            if free:
                require_numeric(step)
                lacking = ", ".join(sorted(map(str, free)))
                raise InputError(
                    f"`{self.name}` depends on {lacking}, not among its inputs {', '.join(names)}; "
                    "declare it as an input or substitute a value"
                )
            known.add(step.target.base if isinstance(step.target, sp.Indexed) else step.target)
            if isinstance(step, OrthogonalColumns):
                known.add(step.triangle)
        if self.output not in known:
            raise InputError(f"`{self.name}` returns {self.output}, which no step defines")


_NOT_NUMERIC = (sp.Derivative, sp.Integral, sp.Subs, sp.Limit, sp.Piecewise, sp.Product)


def require_numeric(step: Step) -> None:
    """Refuse what no backend writes; its bound symbols are no inputs that lack.

    Raises:
        InputError: naming it.
    """
    for expression in _expressions(step):
        for node in sp.preorder_traversal(expression):
            endless = isinstance(node, sp.Sum) and not all(isinstance(limit[0], sp.Idx) for limit in node.limits)
            if endless or isinstance(node, _NOT_NUMERIC):
                raise InputError(
                    f"`quantity` holds {node}, which has no numeric form; substitute an expression or a value for it"
                )


def _expressions(step: Step) -> tuple[sp.Expr, ...]:
    if isinstance(step, Stack):
        return step.components
    return (sp.sympify(step.value),) if isinstance(step, Let) else ()


def reads(step: Step) -> set[sp.Basic]:
    """Names that a step reads."""
    if not isinstance(step, Let | Stack):
        return {step.matrix}
    names: set[sp.Basic] = set()
    labels: set[sp.Basic] = set()
    for expression in _expressions(step):
        for node in sp.preorder_traversal(expression):
            if isinstance(node, sp.IndexedBase):
                names.add(node)
                labels.add(node.label)
            elif isinstance(node, sp.Idx):
                labels.add(node.label)
            elif isinstance(node, sp.Symbol):
                names.add(node)
    return names - labels
