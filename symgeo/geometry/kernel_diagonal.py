r"""A kernel about its diagonal: the metric that it has there, and whether it has one.

k(x + t u, x + t w) = k + t l(u + w) + t^2 [A(u) + g(u, w) + A(w)] + ... for a symmetric kernel that is twice
differentiable on the diagonal, so that along coordinate directions

    g_ij = A(e_i) + A(e_j) - Q(e_i, -e_j),    Q(u, w) the coefficient of t^2 and A(u) = Q(u, 0).

Where SymPy's derivative has a value on the diagonal it is taken. Where it has none (the arc-cosine kernels, whose angle
acos(x.y/|x||y|) has an infinite slope at x = y; Matern kernels in |x - y|), Q is read off the expansion in t
(`symgeo.geometry.expansion`), in which the angle is a series like others: nothing is divided by zero. Either way the
expansion along unrelated directions, at one point and to 40 digits, decides whether the kernel is differentiable: the
coefficient of t must be linear in u and w, that of t^2 quadratic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.entries import checked_function
from symgeo.geometry.expansion import NOTHING, Expansion, NoExpansion, expansion, numerical_value

Kernel = Callable[[sp.ImmutableDenseMatrix, sp.ImmutableDenseMatrix], sp.Expr]
RadialKernel = Callable[[sp.Expr, sp.Expr, sp.Expr], sp.Expr]

_T = sp.Symbol("t", positive=True)
_DIGITS = 60
SINGULAR = (sp.nan, sp.zoo, sp.oo, -sp.oo, sp.AccumBounds, sp.DiracDelta, sp.Derivative, sp.Subs)


def kernel_matrix(kernel: Kernel, chart: tuple[sp.Symbol, ...]) -> sp.ImmutableDenseMatrix:
    """g in a chart, by derivatives where they have values on the diagonal, else by expansions."""
    size = len(chart)
    x = sp.ImmutableDenseMatrix(chart)
    names = [sp.Dummy(f"{q.name} of y", **q.assumptions0) for q in chart]
    y = sp.ImmutableDenseMatrix(names)
    k = checked_function(_called(kernel, x, y), "`kernel`", chart)
    numbers = _numbers({*k.free_symbols, *chart} - set(names))
    parameters = {q: value for q, value in numbers.items() if q not in chart}
    form = _form(
        lambda u, w: k.xreplace({**parameters, **dict(zip([*chart, *names], [*u, *w], strict=True))}),
        x.xreplace(numbers),
    )
    onto = dict(zip(names, chart, strict=True))
    by_derivative = [[_on_diagonal(k.diff(p).diff(q), onto) for q in names] for p in chart]
    if all(
        value is not None and _agrees(value.subs(numbers), form[i][j])
        for i, row in enumerate(by_derivative)
        for j, value in enumerate(row)
    ):
        return sp.ImmutableDenseMatrix(by_derivative)

    def quadratic(u: Any, w: Any) -> sp.Expr:
        return expanded_along(kernel, x, u, w).coefficient(2)

    zero = sp.zeros(size, 1)
    A = [quadratic(unit(size, i), zero) for i in range(size)]
    rows = [[sp.S.Zero] * size for _ in chart]
    for i in range(size):
        for j in range(i + 1):
            value = sp.factor(A[i] + A[j] - quadratic(unit(size, i), -unit(size, j)))
            rows[i][j] = rows[j][i] = value
    return sp.ImmutableDenseMatrix(rows)


def radial_coefficients(kernel: RadialKernel, s: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """(a, b), by derivatives in p = x.x, r = y.y, c = x.y, or along a direction across x and along x itself."""
    p, r, c = (sp.Dummy(name, positive=True) for name in "prc")
    k = checked_function(_called(kernel, p, r, c), "`kernel`", (s,))
    numbers = _numbers((k.free_symbols | {s}) - {p, r, c})
    root = sp.sqrt(numbers[s] / 3)
    point = sp.Matrix([root, root, -root])
    form = _form(lambda u, w: k.xreplace({**numbers, p: u.dot(u), r: w.dot(w), c: u.dot(w)}), point)
    # At the point x = (q, q, -q), 3 q^2 = s: g_11 = a + b q^2, g_12 = b q^2.
    onto = {p: s, r: s, c: s}
    a = _on_diagonal(k.diff(c), onto)
    b = _on_diagonal(4 * k.diff(p).diff(r) + 2 * k.diff(p).diff(c) + 2 * k.diff(r).diff(c) + k.diff(c, 2), onto)
    if a is not None and b is not None:
        both = (a.subs(numbers), b.subs(numbers) * root**2)
        if _agrees(both[0] + both[1], form[0][0]) and _agrees(both[1], form[0][1]):
            return a, b

    def component(sideways: bool) -> sp.Expr:
        one, none = sp.S.One, sp.S.Zero
        first, second = ((one, none), (one, -one))
        A, Q = (radially_expanded(kernel, s, *pair, sideways=sideways).coefficient(2) for pair in (first, second))
        return sp.factor(2 * A - Q)

    a = component(sideways=True)
    return a, sp.factor((component(sideways=False) / s - a) / s)


def expanded_along(kernel: Kernel, x: Any, u: Any, w: Any, digits: int | None = None) -> Expansion:
    """k(x + t u, x + t w) up to t^2."""
    try:
        value = sp.sympify(kernel(sp.ImmutableDenseMatrix(x + _T * u), sp.ImmutableDenseMatrix(x + _T * w)))
        return expansion(value, _T, 2, digits=digits)
    except NoExpansion as error:
        raise InputError(
            f"`kernel` has no expansion about the diagonal x = y ({error}); give the metric to CoordinateMetric"
        ) from None


def radially_expanded(kernel: RadialKernel, s: sp.Symbol, u: sp.Expr, w: sp.Expr, *, sideways: bool) -> Expansion:
    """The kernel at x + t u n and x + t w n up to t^2, for a unit vector n across x, or for n = x."""
    if sideways:
        p, r, c = s + _T**2 * u**2, s + _T**2 * w**2, s + _T**2 * u * w
    else:
        p, r, c = s * (1 + _T * u) ** 2, s * (1 + _T * w) ** 2, s * (1 + _T * u) * (1 + _T * w)
    try:
        return expansion(sp.sympify(kernel(p, r, c)), _T, 2)
    except NoExpansion as error:
        raise InputError(
            f"`kernel` has no expansion about the diagonal x = y ({error}); give RadialMetric a, b"
        ) from None


def _on_diagonal(derivative: sp.Expr, onto: dict[sp.Symbol, sp.Symbol]) -> sp.Expr | None:
    """The derivative at y = x, None where SymPy finds no value there."""
    value = derivative.subs(onto)
    return None if value.has(*SINGULAR) else value


def _form(kernel: Kernel, x: Any) -> list[list[sp.Expr]]:
    """g_ij at a point of numbers, from expansions; refuses what is no symmetric, differentiable, positive kernel."""
    size = len(x)
    zero = sp.zeros(size, 1)
    u, w = (sp.Matrix([start + (k * step) % 5 for k in range(size)]) for start, step in ((2, 3), (1, 2)))
    there, back = (kernel(sp.ImmutableDenseMatrix(p), sp.ImmutableDenseMatrix(q)) for p, q in ((x + u, x), (x, x + u)))
    if not _agrees(there, back):
        raise InputError(
            f"`kernel` is not symmetric: k(x, y) = {sp.N(there, 5)}, k(y, x) = {sp.N(back, 5)} at x = "
            f"{_shown(x + u)}, y = {_shown(x)}; (k(x, y) + k(y, x))/2 is"
        )
    known: dict[Any, Expansion] = {}

    def along(first: Any, second: Any) -> Expansion:
        key = (tuple(first), tuple(second))
        if key not in known:
            known[key] = expanded_along(kernel, x, first, second, _DIGITS)
        return known[key]

    def form(first: Any, second: Any) -> sp.Expr:
        parts = along(first, zero), along(second, zero), along(first, -second)
        return parts[0].coefficient(2) + parts[1].coefficient(2) - parts[2].coefficient(2)

    units = [unit(size, i) for i in range(size)]
    rows = [[form(p, q) for q in units] for p in units]
    slope = [along(p, zero).coefficient(1) for p in units]
    straight = sum(q * l for q, l in zip(u - w, slope, strict=True))
    bilinear = sum(u[i] * rows[i][j] * w[j] for i in range(size) for j in range(size))
    smooth = (
        all(e in (0, 1, 2) for found in known.values() for e, c in found.terms.items() if abs(c) > NOTHING)
        and all(_agrees(along(p, -q).coefficient(1), l - m) for p, l in zip(units, slope, strict=True)
                for q, m in zip(units, slope, strict=True))
        and _agrees(along(u, -w).coefficient(1), straight)
        and _agrees(form(u, w), bilinear)
    )  # fmt: skip
    if not smooth:
        raise InputError(
            "`kernel` is not twice differentiable on the diagonal x = y, so that it has no metric (as the arc-cosine "
            f"kernel of order 0, or exp(-|x - y|)); found at x = {_shown(x)}"
        )
    minors = [sp.Matrix(rows)[:k, :k].det() for k in range(1, size + 1)]
    if any(minor < -NOTHING for minor in minors):
        raise InputError(
            f"`kernel` is not positive semidefinite: its metric has a negative minor at x = {_shown(x)}; "
            "give the matrix to CoordinateMetric if that is meant"
        )
    return rows


def _called(kernel: Callable[..., Any], *arguments: Any) -> Any:
    try:
        value = kernel(*arguments)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"`kernel` must be a function of {len(arguments)} SymPy arguments, such as lambda x, y: sp.exp(x.dot(y)) "
            f"({reason})"
        ) from None
    if isinstance(value, sp.MatrixBase):
        raise InputError(
            f"`kernel` must be a number, not a {value.rows} x {value.cols} matrix; write x.dot(y) for x^T y"
        )
    if isinstance(value, str):
        raise InputError("`kernel` must be a number, not a str; return a SymPy expression")
    return value


def require_real(chart: Sequence[sp.Symbol]) -> None:
    """Refuse coordinates that may be complex."""
    for q in chart:
        if not q.is_real:
            raise InputError(f"`coordinates`: {q} must be real; make it with sympy.Symbol({q.name!r}, real=True)")


def _numbers(symbols: Iterable[sp.Symbol]) -> dict[sp.Symbol, sp.Rational]:
    """A point: different fractions between 0 and 1, and integers for what must be one."""
    return {
        q: sp.Integer(k + 2) if q.is_integer else sp.Rational(3 + 2 * k, 7 + 3 * k)
        for k, q in enumerate(sorted(symbols, key=str))
    }


def unit(size: int, i: int) -> sp.Matrix:
    """The i-th coordinate direction."""
    return sp.Matrix([int(i == j) for j in range(size)])


def _agrees(first: sp.Expr, second: sp.Expr) -> bool:
    """Whether two numbers are equal to 20 digits."""
    value, size = numerical_value(first - second), numerical_value(sp.Abs(first) + sp.Abs(second))
    return value is not None and size is not None and bool(abs(value) <= NOTHING * (1 + size))


def _shown(x: Iterable[sp.Expr]) -> str:
    return f"({', '.join(str(sp.N(q, 3)) for q in x)})"
