"""The metrics, each with the closed form of its scalar curvature. Plain SymPy, so that every system can read them."""

from __future__ import annotations

from dataclasses import dataclass

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
}


@dataclass(frozen=True)
class Case:
    """A metric in a chart and its scalar curvature."""

    title: str
    coordinates: tuple[sp.Symbol, ...]
    matrix: sp.Matrix
    scalar_curvature: sp.Expr


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
    "shallow-exp": lambda: shallow("exp"),
    "shallow-one": lambda: shallow("one"),
    "shallow-opaque": lambda: shallow("opaque"),
}


def at_a_point(expression: sp.Expr, coordinates: tuple[sp.Symbol, ...]) -> sp.Expr:
    """The value to 40 digits at a fixed rational point, opaque functions replaced by concrete ones."""
    for name, body in CONCRETE.items():
        expression = expression.replace(
            lambda e, name=name: isinstance(e, sp.Function) and type(e).__name__ == name,
            lambda e, body=body: body.subs(z, e.args[0]),
        )
    expression = expression.doit()
    # by name: a system may hand back symbols without their assumptions
    symbols = expression.free_symbols | set(coordinates)
    names = sorted({symbol.name for symbol in symbols})
    values = {name: sp.Rational(2 * i + 3, 3 * i + 11) for i, name in enumerate(names)}
    return sp.N(expression.subs({symbol: values[symbol.name] for symbol in symbols}), 40)
