"""The metrics, each with the closed form of its scalar curvature. Plain SymPy, so that every system can read them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import mpmath
import sympy as sp


def _opaque(name: str, following: type[sp.Function] | None = None) -> type[sp.Function]:
    """A function known by its derivative alone."""
    body = {} if following is None else {"fdiff": lambda self, argindex=1: following(self.args[0])}
    return type(name, (sp.Function,), body)  # type: ignore[return-value]


W4 = _opaque("W4")
W3 = _opaque("W3", W4)
W2 = _opaque("W2", W3)
W1 = _opaque("W1", W2)
W0 = _opaque("W0", W1)
H2 = _opaque("H2")
H1 = _opaque("H1", H2)
H0 = _opaque("H0", H1)


class Sig(sp.Function):
    """The logistic function as one generator, Sig' = Sig (1 - Sig)."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Sig (1 - Sig)."""
        return self * (1 - self)


z = sp.Symbol("z")
_W = z / 7 + z**2 / 5
_H = (sp.exp(-z) / (1 + sp.exp(-z)) ** 2) ** 2
# What stands for each opaque function when an answer is evaluated.
CONCRETE: dict[str, sp.Expr] = {
    **{f"W{k}": sp.diff(_W, z, k) for k in range(5)},
    **{f"H{k}": sp.diff(_H, z, k) for k in range(3)},
    "Sig": 1 / (1 + sp.exp(-z)),
    "A": z**2 + 1,
    **{f"E{k}": k + z**k + z / 7 for k in range(1, 5)},
    **{f"F{k}": sp.Rational(1, 3) - z**2 / k for k in range(1, 3)},
}


@dataclass(frozen=True)
class Case:
    """A metric in a chart and its scalar curvature, None where no formula is short enough."""

    title: str
    coordinates: tuple[sp.Symbol, ...]
    matrix: sp.Matrix
    scalar_curvature: sp.Expr | None
    network: tuple[int, int] | None = None  # inputs and units of the shallow network that has this metric

    def point(self) -> dict[str, sp.Rational]:
        """A rational point, by name: a system may hand back symbols without their assumptions."""
        names = sorted({symbol.name for symbol in self.matrix.free_symbols | set(self.coordinates)})
        return {name: sp.Rational(2 * i + 3, 3 * i + 11) for i, name in enumerate(names)}


def schwarzschild() -> Case:
    """A vacuum."""
    t, r, theta, phi, M = sp.symbols("t r theta phi M", positive=True)
    f = 1 - 2 * M / r
    g = sp.diag(-f, 1 / f, r**2, r**2 * sp.sin(theta) ** 2)
    return Case("Schwarzschild", (t, r, theta, phi), g, sp.S.Zero)


def kerr() -> Case:
    """A rotating vacuum, Boyer-Lindquist."""
    t, r, theta, phi, M, a = sp.symbols("t r theta phi M a", positive=True)
    sigma, delta, s2 = r**2 + a**2 * sp.cos(theta) ** 2, r**2 - 2 * M * r + a**2, sp.sin(theta) ** 2
    g = sp.diag(-(1 - 2 * M * r / sigma), sigma / delta, sigma, (r**2 + a**2 + 2 * M * a**2 * r * s2 / sigma) * s2)
    g[0, 3] = g[3, 0] = -2 * M * a * r * s2 / sigma
    return Case("Kerr (Boyer-Lindquist)", (t, r, theta, phi), g, sp.S.Zero)


def flrw() -> Case:
    """An expanding universe, scale factor undefined."""
    t, r, theta, phi, k = sp.symbols("t r theta phi k", positive=True)
    A = sp.Function("A")(t)
    g = sp.diag(-1, A**2 / (1 - k * r**2), A**2 * r**2, A**2 * r**2 * sp.sin(theta) ** 2)
    return Case("FLRW", (t, r, theta, phi), g, 6 * (A.diff(t, 2) / A + A.diff(t) ** 2 / A**2 + k / A**2))


def sphere(n: int) -> Case:
    """The unit sphere in angles."""
    angles = sp.symbols(f"theta1:{n + 1}", positive=True)
    g = sp.diag(*[sp.Mul(*[sp.sin(angle) ** 2 for angle in angles[:k]]) for k in range(n)])
    return Case(f"S^{n} in angles", angles, g, sp.Integer(n * (n - 1)))


def _wide_curvature(d: int, rho: sp.Expr, w0: sp.Expr, w1: sp.Expr, w2: sp.Expr) -> sp.Expr:
    A = 1 + 2 * rho * w1
    return -(d - 1) * sp.exp(-w0) * rho * w1 / A**2 * (4 * (w1 + rho * w2) + (d - 2) * w1 * A)


def wide(d: int) -> Case:
    """g = exp(W) (delta + 2 W' x x^T), W undefined."""
    x = sp.symbols(f"x1:{d + 1}", real=True)
    rho = sp.Add(*[v**2 for v in x])
    g = sp.Matrix(d, d, lambda i, j: sp.exp(W0(rho)) * (int(i == j) + 2 * W1(rho) * x[i] * x[j]))
    return Case(f"wide network, W undefined, d = {d}", x, g, _wide_curvature(d, rho, W0(rho), W1(rho), W2(rho)))


def wide_erf(d: int) -> Case:
    """The same for erf(z/sqrt 2)."""
    x = sp.symbols(f"x1:{d + 1}", real=True)
    s, sigma, zeta = sp.symbols("s sigma zeta", positive=True)
    W = sp.log(2 * sigma**2 / sp.pi) - sp.log(1 + 2 * (sigma**2 * s + zeta**2)) / 2
    rho = sp.Add(*[v**2 for v in x])
    w0, w1, w2 = (sp.diff(W, s, k).subs(s, rho) for k in range(3))
    g = sp.Matrix(d, d, lambda i, j: sp.exp(w0) * (int(i == j) + 2 * w1 * x[i] * x[j]))
    return Case(f"wide erf network, d = {d}", x, g, _wide_curvature(d, rho, w0, w1, w2))


def shallow(kind: str) -> Case:
    """Three units of symbolic weights, two inputs: the logistic by exp, as one generator, or phi opaque."""
    x, n = sp.symbols("x y", real=True), 3
    w = [sp.symbols(f"w{i}1 w{i}2 b{i}", real=True) for i in range(1, n + 1)]
    pre = [a * x[0] + b * x[1] + c for a, b, c in w]
    if kind == "exp":
        h = [(sp.exp(-q) / (1 + sp.exp(-q)) ** 2) ** 2 for q in pre]
    elif kind == "one":
        h = [(Sig(q) * (1 - Sig(q))) ** 2 for q in pre]
    else:
        h = [H0(q) for q in pre]
    slopes = [H1(q) if kind == "opaque" else sp.diff(_H, z).subs(z, q) for q in pre]
    values = [H0(q) if kind == "opaque" else _H.subs(z, q) for q in pre]
    g = sp.Matrix(2, 2, lambda a, b: sp.Add(*[h[i] * w[i][a] * w[i][b] for i in range(n)]) / n)
    G = [sp.Add(*[v * u[0] ** (2 - m) * u[1] ** m for v, u in zip(values, w, strict=True)]) / n for m in range(3)]
    T = [sp.Add(*[v * u[0] ** (3 - m) * u[1] ** m for v, u in zip(slopes, w, strict=True)]) / n for m in range(4)]
    det = G[0] * G[2] - G[1] ** 2
    minors = G[0] * (T[1] * T[3] - T[2] ** 2) - G[1] * (T[0] * T[3] - T[1] * T[2]) + G[2] * (T[0] * T[2] - T[1] ** 2)
    title = {"exp": "sigmoid by exp", "one": "sigmoid as one generator", "opaque": "phi opaque"}[kind]
    return Case(f"shallow network, 3 units, {title}", x, g, -minors / (2 * det**2))


def kerr_newman_de_sitter() -> Case:
    """A rotating charged black hole with a cosmological constant."""
    t, r, theta, phi, M, a, Q, L = sp.symbols("t r theta phi M a Q L", positive=True)
    sigma, scale, s2 = r**2 + a**2 * sp.cos(theta) ** 2, 1 + L * a**2 / 3, sp.sin(theta) ** 2
    delta_r = (r**2 + a**2) * (1 - L * r**2 / 3) - 2 * M * r + Q**2
    delta_t = 1 + L * a**2 * sp.cos(theta) ** 2 / 3
    first, second = sp.Matrix([1, 0, 0, -a * s2]), sp.Matrix([a, 0, 0, -(r**2 + a**2)])
    g = (second * second.T * delta_t * s2 - first * first.T * delta_r) / (scale**2 * sigma)
    g += sp.diag(0, sigma / delta_r, sigma / delta_t, 0)
    return Case("Kerr-Newman-de Sitter", (t, r, theta, phi), g, 4 * L)


def myers_perry() -> Case:
    """A vacuum in five dimensions with two spins."""
    t, r, theta, phi, psi, M, a, b = sp.symbols("t r theta phi psi M a b", positive=True)
    c2, s2 = sp.cos(theta) ** 2, sp.sin(theta) ** 2
    sigma = r**2 + a**2 * c2 + b**2 * s2
    delta = (r**2 + a**2) * (r**2 + b**2) - M * r**2
    form = sp.Matrix([1, 0, 0, -a * s2, -b * c2])
    g = sp.diag(-1, r**2 * sigma / delta, sigma, (r**2 + a**2) * s2, (r**2 + b**2) * c2) + M / sigma * form * form.T
    return Case("Myers-Perry, 5 dimensions", (t, r, theta, phi, psi), g, sp.S.Zero)


def generic() -> Case:
    """Six undefined functions of all four coordinates, in two blocks."""
    x = sp.symbols("x1:5", real=True)
    E1, E2, E3, E4, F1, F2 = (sp.Function(name)(*x) for name in ("E1", "E2", "E3", "E4", "F1", "F2"))
    g = sp.diag(sp.Matrix([[E1, F1], [F1, E2]]), sp.Matrix([[E3, F2], [F2, E4]]))
    return Case("4 x 4, six undefined functions of four coordinates", x, g, None)


def large_shallow(d: int, n: int) -> Case:
    """Symbolic weights. Our row starts from the network with the sigmoid put in; the others get phi opaque."""
    x, preactivations, w = _network(d, n)
    g = sp.Matrix(d, d, lambda i, j: sp.Add(*[H0(q) * u[i] * u[j] for q, u in zip(preactivations, w, strict=True)]) / n)
    return Case(f"shallow network, {d} inputs, {n} units, sigmoid", x, g, None, network=(d, n))


def _network(d: int, n: int) -> tuple[Any, list[sp.Expr], list[Any]]:
    x, b = sp.symbols(f"x_1:{d + 1}", real=True), sp.symbols(f"b_1:{n + 1}", real=True)
    w = [sp.symbols(f"W_{j}_1:{d + 1}", real=True) for j in range(1, n + 1)]
    return x, [sp.Add(*map(sp.Mul, u, x), c) for u, c in zip(w, b, strict=True)], w


CASES = {
    "schwarzschild": schwarzschild,
    "kerr": kerr,
    "flrw": flrw,
    "wide2": lambda: wide(2),
    "wide3": lambda: wide(3),
    "wide4": lambda: wide(4),
    "erf2": lambda: wide_erf(2),
    "erf3": lambda: wide_erf(3),
    "sphere5": lambda: sphere(5),
    "shallow-opaque": lambda: shallow("opaque"),
    "shallow-one": lambda: shallow("one"),
    "shallow-exp": lambda: shallow("exp"),
    "kerr-newman-de-sitter": kerr_newman_de_sitter,
    "myers-perry": myers_perry,
    "sphere8": lambda: sphere(8),
    "generic": generic,
    "wide6": lambda: wide(6),
    "shallow-large": lambda: large_shallow(4, 6),
}

# A system that did not end on the second is not asked for the first.
HARDER_THAN = {
    "kerr-newman-de-sitter": "kerr",
    "myers-perry": "kerr",
    "wide3": "wide2",
    "wide4": "wide3",
    "wide6": "wide4",
    "erf3": "erf2",
    "sphere8": "sphere5",
    "shallow-one": "shallow-opaque",
    "shallow-exp": "shallow-one",
    "shallow-large": "shallow-opaque",
}


def concrete(opaque: sp.Expr) -> sp.Expr:
    """What stands for an opaque function of these arguments when an answer is evaluated."""
    several = len(opaque.args) > 1
    inner = sp.Add(*[k * a**2 for k, a in enumerate(opaque.args, 1)]) / 20 if several else opaque.args[0]
    return CONCRETE[type(opaque).__name__].subs(z, inner)


def at_a_point(expression: sp.Expr, case: Case) -> sp.Expr:
    """The value to 100 digits at the case's point, opaque functions replaced by concrete ones."""
    opaque = {f for f in expression.atoms(sp.Function) if type(f).__name__ in CONCRETE}
    expression = expression.subs({f: concrete(f) for f in opaque}).doit()
    expression = expression.xreplace({symbol: sp.Symbol(symbol.name) for symbol in expression.free_symbols})
    values, symbols = case.point(), sorted(expression.free_symbols, key=str)
    if expression.atoms(sp.Function, sp.Derivative) - expression.atoms(sp.exp, sp.sin, sp.cos, sp.log):
        return sp.N(expression.subs({symbol: values[symbol.name] for symbol in symbols}), 100)
    with mpmath.workdps(150):  # evalf would visit a shared subexpression as often as it occurs
        numbers = [mpmath.mpf(values[symbol.name].p) / values[symbol.name].q for symbol in symbols]
        return sp.Float(sp.lambdify(symbols, expression, "mpmath", cse=True)(*numbers), 100)


def truth(case: Case) -> sp.Expr:
    """The right value at the case's point: by its formula, or from the metric's first and second derivatives there."""
    if case.scalar_curvature is not None:
        return at_a_point(case.scalar_curvature, case)
    g, x, size = case.matrix, case.coordinates, range(len(case.coordinates))

    def here(matrix: sp.Matrix) -> sp.Matrix:
        return matrix.applyfunc(lambda entry: at_a_point(entry, case))

    inverse, dg = here(g).inv(), [here(g.diff(v)) for v in x]
    ddg = [[here(g.diff(v, u)) for u in x] for v in x]
    first = {(c, a, b): (dg[a][c, b] + dg[b][c, a] - dg[c][a, b]) / 2 for c, a, b in product(size, repeat=3)}
    second = {(c, a, b): sum(inverse[c, e] * first[e, a, b] for e in size) for c, a, b in product(size, repeat=3)}
    total = sp.S.Zero
    for a, b, c, d in product(size, repeat=4):
        linear = (ddg[b][c][a, d] + ddg[a][d][b, c] - ddg[a][c][b, d] - ddg[b][d][a, c]) / 2
        square = sum(first[e, b, c] * second[e, a, d] - first[e, b, d] * second[e, a, c] for e in size)
        total += inverse[a, c] * inverse[b, d] * (linear + square)
    return total


def agree(value: sp.Expr, right: sp.Expr) -> bool | None:
    """Whether two values agree to 25 digits; None if the first is not a number."""
    if not value.is_number:
        return None
    return bool(abs(value - right) < sp.Float(10, 40) ** -25 * max(1, abs(right)))
