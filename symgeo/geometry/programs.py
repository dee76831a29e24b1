"""What a metric's quantities compute at a point, as programs for `symgeo.codegen`.

A metric in a chart becomes its explicit components. A rotation-invariant metric becomes coefficients in s = x.x times
products of x and delta, so that one kernel serves every dimension.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.codegen.program import Domain, Input, Let, Program, Stack, Step
from symgeo.errors import InputError
from symgeo.geometry.radial import RadialMetric
from symgeo.geometry.radial_tensor import RadialTensor

if TYPE_CHECKING:
    from symgeo.geometry.chart import CoordinateMetric
    from symgeo.geometry.metric import Metric

X = sp.IndexedBase("x", real=True)
TITLES = {
    "matrix": "Metric g_ij",
    "inverse": "Inverse metric g^ij",
    "determinant": "Determinant of the metric",
    "volume_element": "Volume element sqrt |det g|",
    "log_volume_element": "Logarithm of the volume element, 1/2 log |det g|",
    "christoffel": "Christoffel symbols Gamma^i_jk",
    "riemann": "Riemann tensor R_ijkl, all indices down",
    "ricci": "Ricci tensor R_ij",
    "scalar_curvature": "Scalar curvature R",
}

OF_CHARTS = {
    "einstein": "Einstein tensor R_ij - R g_ij/2",
    "weyl": "Weyl tensor C_ijkl, all indices down",
    "kretschmann": "Kretschmann scalar R_ijkl R^ijkl",
}
OF_RADIAL = {
    "sectional_curvatures": "Sectional curvatures K_rt of planes through x, and K_tt of planes orthogonal to x,",
    "kretschmann": OF_CHARTS["kretschmann"],
}


def title(quantity: str, of: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """The heading of a kernel: the quantity, and the metric it belongs to; `more` are titles of its kind of metric.

    Raises:
        InputError: for a quantity that no kernel computes; lists those that have one.
    """
    titles = {**TITLES, **more}
    if quantity not in titles:
        raise InputError(f"`quantity` {quantity!r} has no kernel; those that have one are {', '.join(titles)}")
    return f"{titles[quantity]} of {of}."


def program_of(metric: Metric, quantity: str) -> Program:
    """The program of a metric's quantity (the name of its method)."""
    if isinstance(metric, RadialMetric):
        return radial_program(metric, quantity)
    return coordinate_program(metric, quantity)  # type: ignore[arg-type]


def parameters(symbols: Iterable[sp.Symbol]) -> tuple[Input, ...]:
    """Number inputs for the free symbols of a formula, with the domain that their assumptions state."""
    return tuple(Input(s, "parameter", domain=_domain(s)) for s in sorted(symbols, key=str))


def _domain(symbol: sp.Symbol) -> Domain:
    if symbol.is_positive:
        return "positive"
    return "nonnegative" if symbol.is_nonnegative else "real"


def coordinate_program(metric: CoordinateMetric, quantity: str) -> Program:
    """The explicit components of a quantity in the metric's own chart; x holds the coordinates in their order."""
    heading = title(quantity, f"a metric in the coordinates ({', '.join(map(str, metric.coordinates))})", OF_CHARTS)
    value = getattr(metric, quantity)()
    shape = tuple(map(int, getattr(value, "shape", ())))
    flat = sp.flatten(value.tolist()) if shape else [value]
    at = {coordinate: X[i] for i, coordinate in enumerate(metric.coordinates)}
    components = tuple(component.xreplace(at) for component in flat)
    result = sp.IndexedBase("result")
    inputs = (
        Input(
            X,
            f"points, coordinates ({', '.join(map(str, metric.coordinates))})",
            (metric.dimension,),
            batched=True,
            domains=tuple((str(coordinate), _domain(coordinate)) for coordinate in metric.coordinates),
        ),
        *parameters(set(metric.symbols.values()) - set(metric.coordinates)),
    )
    # A large tensor would fill pages of docstring: the metric says which geometry it is.
    formula = f"g = {sp.sstr(metric.matrix().tolist())}"
    if not shape and sp.count_ops(value) < 60:
        formula += f"\n{quantity} = {sp.sstr(value)}"
    return Program(
        quantity,
        heading,
        formula,
        "Conventions: Misner, Thorne and Wheeler; the unit sphere has positive curvature.",
        inputs,
        (Stack(result, components, shape),),
        result,
        tuple(map(sp.Integer, shape)),
    )


def _value(metric: RadialMetric, quantity: str) -> tuple[RadialTensor | sp.Expr | tuple[sp.Expr, ...], list[Let]]:
    """The quantity, and lines that come before it.

    Where a(s) is a sum with exponentials, the quantity is written in a, a' and a'', each of which keeps its digits: in
    s itself it would be a polynomial in exponentials whose terms cancel.
    """
    s, values = metric.s, {}
    expanded = sp.expand(metric.a)
    if isinstance(expanded, sp.Add) and expanded.has(sp.exp):
        a = sp.Function("a")(s)
        jets = [metric.a.diff(s, n) for n in range(3)]
        if sp.expand(metric.b - 2 * jets[1]) == 0:
            names = sp.symbols("a a1 a2", real=True)
            values = {sp.diff(a, s, n): names[n] for n in (2, 1, 0)}
            metric = RadialMetric(a, 2 * sp.diff(a, s), s, metric.dimension)
    value = getattr(metric, quantity)()
    if quantity == "riemann":
        value = _planes(metric, value)
    if not values:
        return value, []
    if isinstance(value, RadialTensor):
        value = replace(value, terms=tuple((c.xreplace(values), factors) for c, factors in value.terms))
        used = set().union(*(c.free_symbols for c, _ in value.terms))
    elif isinstance(value, tuple):
        value = tuple(part.xreplace(values) for part in value)
        used = set().union(*(part.free_symbols for part in value))
    else:
        value = value.xreplace(values)
        used = value.free_symbols
    return value, [Let(name, jets[n]) for n, name in enumerate(names) if name in used]


def _planes(metric: RadialMetric, tensor: RadialTensor) -> RadialTensor:
    """Riemann with the coefficient of delta delta - delta delta that d = 2 leaves: there all planes are radial ones.

    The general P (delta delta - ...) + Q (delta x x - ...) is K_rt a A there by cancellation, however small that is.
    """
    d = metric.dimension
    radial = metric.sectional_curvatures()[0] * metric.determinant() / metric.a ** (d - 2)  # K_rt a A
    more = sp.Max(0, sp.Min(1, d - 2))  # 0 for d = 2, 1 beyond
    terms = []
    for coefficient, factors in tensor.terms:
        if all(len(f) == 2 for f in factors):
            sign = 1 if factors[0] == (0, 2) else -1
            terms.append((more * coefficient + sign * (1 - more) * radial, factors))
        else:
            terms.append((more * coefficient, factors))
    return replace(tensor, terms=tuple(term for term in terms if term[0] != 0))


def radial_program(metric: RadialMetric, quantity: str, of: str | None = None, source: str | None = None) -> Program:
    """A quantity of g = a(s) delta + b(s) x x^T in any dimension d; s = x.x is computed first."""
    heading = title(quantity, of or "a rotation-invariant metric a(s) delta + b(s) x x^T", OF_RADIAL)
    d = metric.dimension
    s = metric.s
    i = sp.Idx("i", d)
    steps: list[Step] = [Let(s, sp.Sum(X[i] * X[i], (i, 0, d - 1)))]
    value, coefficients = _value(metric, quantity)
    steps += coefficients
    if isinstance(value, RadialTensor):
        slots = tuple(sp.Idx(letter, d) for letter in "ijkl"[: len(value.positions)])
        output: sp.Symbol | sp.IndexedBase = sp.IndexedBase("result")
        total = sp.Integer(0)
        named: dict[sp.Expr, sp.Symbol] = {}
        for coefficient, factors in value.terms:
            # Symmetric terms share their coefficient, up to a sign.
            sign = -1 if -coefficient in named else 1
            if sign * coefficient not in named:
                named[coefficient] = sp.Symbol(f"c{len(named) + 1}", real=True)
                steps.append(Let(named[coefficient], coefficient))
            name = sign * named[sign * coefficient]
            total += name * sp.Mul(
                *(X[slots[f[0]]] if len(f) == 1 else sp.KroneckerDelta(slots[f[0]], slots[f[1]]) for f in factors)
            )
        steps.append(Let(output[slots], total))
        shape = (d,) * len(slots)
        formula = f"{sp.sstr(total)} in slots ({', '.join(map(str, slots))}), with\n" + "\n".join(
            f"{step.target} = {sp.sstr(step.value)}" for step in steps[:-1]
        )
    elif isinstance(value, tuple):
        # Named before they are put side by side: whoever reads the lines finds formulas in s there, not here.
        output, shape = sp.IndexedBase("result"), (sp.Integer(len(value)),)
        parts = sp.symbols(f"K1:{len(value) + 1}", real=True)
        steps += [Let(part, expression) for part, expression in zip(parts, value, strict=True)]
        formula = f"{quantity} = ({', '.join(map(sp.sstr, value))}),   s = x.x"
        steps.append(Stack(output, parts, (len(value),)))
    else:
        output, shape = sp.Symbol("result", real=True), ()
        steps.append(Let(output, value))
        formula = f"{quantity} = {sp.sstr(value)},   s = x.x"
    points = Input(X, "points", (d,), batched=True)
    return Program(
        quantity,
        heading,
        formula,
        source or "Source: rotation-invariant metrics, closed form in any dimension d.",
        (points, *parameters(set(metric.symbols.values()) - {s, d})),
        tuple(steps),
        output,
        shape,
        sizes=(d,) if d.is_Symbol else (),
    )
