r"""The geometry of infinite width for every activation of the table: G, metric, volume element, curvature, limits.

The rows come from `symgeo.activations`; what is printed of each is checked against integrals, limits and the Riemann
tensor. Source of the general formulas: 04_infinite_width.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.activations import activation
from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    Components,
    Define,
    Derivation,
    Divergence,
    Expectation,
    ForAll,
    Identity,
    Let,
    LetFunction,
    LeviCivita,
    Opaque,
    Prose,
    Quadrature,
    Reference,
    Section,
    Step,
    inputs,
    term,
)

NAME = "05_activations"

mu, nu, la = inputs(r"\mu \nu \lambda")
d, s, x = INPUTS, RADIUS, COORDINATES
sigma, zeta, v = sp.symbols(r"\sigma \zeta v", positive=True)
zz = sp.Symbol("z", real=True)
u = sp.Symbol("u", positive=True)
A, R_, volume = sp.Symbol("A"), sp.Symbol(r"R_\Omega"), sp.Symbol(r"\sqrt{\det g}")

Gf, Om = Opaque("G"), Opaque(r"\Omega")
O, O1, O2 = Om(s), Om(s, 1), Om(s, 2)
variance = sigma**2 * s + zeta**2
half = sp.Rational(1, 2)

geometry = LeviCivita()
g_dd, g_uu, R = geometry.g_dd, geometry.g_uu, geometry.scalar[()]

DENSITY = sp.exp(-(zz**2) / 2) / sp.sqrt(2 * sp.pi)
CDF = sp.erfc(-zz / sp.sqrt(2)) / 2


def gram(name: str) -> sp.Expr:
    """G(v) as the table has it."""
    closed = activation(name).gram
    assert closed is not None
    return closed(v)


def slope_squared(name: str) -> sp.Expr:
    """phi'(z)^2 as the table has it."""
    return activation(name).derivative(zz) ** 2


SHORT = ("erf", "probit", "exp")
"""Rows whose curvature is short enough for one fraction."""


def factors(G: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """The factor before the bracket of R, less -(d-1), and the bracket, at v = sigma^2 s + zeta^2, each simplified."""
    G1, G2 = sp.diff(G, v), sp.diff(G, v, 2)
    p = sigma**2 * s
    front = sp.factor(sp.simplify(p * G1**2 / (G * (G + 2 * p * G1) ** 2)))
    ratio = sp.factor(sp.simplify(2 * p * ((d - 4) * G1 / G + 2 * G2 / G1)))
    return front, d + 2 + ratio


def geometry_items(name: str, G: sp.Expr) -> tuple[Let | LetFunction | Step, ...]:
    """Omega, metric, volume element and R of a row."""
    a, b = sigma**2 * G, sp.factor(sp.simplify(2 * sigma**4 * sp.diff(G, v)))
    front, bracket = factors(G)
    metric = term(a.subs(v, u)) * DELTA[mu, nu] + term(b.subs(v, u)) * x[mu] * x[nu]
    own = sp.Symbol(rf"B_{{\mathrm{{{name}}}}}")
    if name in SHORT:
        stretch = sp.factor(sp.simplify((1 + s * b / a).subs(v, variance)))
        value: tuple[Let | Step, ...] = ()
        closed = term(sp.factor(sp.simplify((-(d - 1) * front * bracket).subs(v, variance))))
    else:
        stretch = sp.factor(sp.simplify(1 + s * b / a)).subs(v, u)
        value = (Let(own, bracket.subs(v, u), f"bracket-{name}"),)
        closed = -(term(d - 1) * term(front.subs(v, u)) * own)
    # The general chain once more, with the functions put in, where that is quick.
    components = (Components(((2, 1),), units=False),) if name in SHORT else ()
    return (
        LetFunction(Om, s, sp.log(a.subs(v, variance)), f"Omega-{name}"),
        Step((g_dd[mu, nu], metric), (ForAll(),), f"metric-{name}"),
        Step((volume, a.subs(v, u) ** (d / 2) * sp.sqrt(stretch)), (Identity("exact, every d"),), f"volume-{name}"),
        *value,
        Step((R, closed), (ForAll(using=("scalar",)), *components), f"scalar-{name}"),
    )


def near(name: str, value: sp.Expr) -> Step:
    """The limit of R/s at s = 0."""
    return Step((sp.Limit(R_ / s, s, 0), value), (Identity("exact, limit"),), f"near-{name}")


def far(name: str, factor: sp.Expr, value: sp.Expr) -> Step:
    """The limit of R times a factor at s = infinity."""
    return Step((sp.Limit(factor * R_, s, sp.oo), value), (Identity("exact, limit"),), f"far-{name}")


def origin(G: sp.Expr) -> sp.Expr:
    """The limit of R/s at the origin, from G at zeta^2."""
    G0, G1 = G.subs(v, zeta**2), sp.diff(G, v).subs(v, zeta**2)
    return sp.factor(sp.simplify(-(d - 1) * (d + 2) * sigma**2 * G1**2 / G0**3))


def common() -> Section:
    """What holds for every row."""
    bracket = d + 2 + 2 * s * ((d - 2) * O1 + 2 * O2 / O1)
    return Section(
        "What all activations share",
        (
            Prose(
                r"For normal weights of variance $\sigma^2$ and biases of variance $\zeta^2$ the metric of infinite "
                r"width is $\sigma^2G(v)\,\delta_{\mu\nu}+2\sigma^4G'(v)\,x_\mu x_\nu$ at $v=\sigma^2s+\zeta^2$, "
                r"$s=|x|^2$, where $G(v)$ is the mean of $\phi'(z)^2$ over a normal $z$ of variance $v$ (the "
                r"derivation for infinite width, which accompanies this one; of $\phi'^2$ it is assumed that it grows "
                r"less fast than the density of $z$ falls). With $\Omega=\log\sigma^2G(\sigma^2s+\zeta^2)$ as a "
                r"function of $s$, for now any,"
            ),
            Define(g_dd[mu, nu], term(sp.exp(O)) * (DELTA[mu, nu] + 2 * term(O1) * x[mu] * x[nu]), "metric"),
            Let(A, 1 + 2 * s * O1, "A"),
            Let(volume, sp.exp(d * O / 2) * sp.sqrt(A), "volume"),
            Define(
                g_uu[mu, nu], term(sp.exp(-O)) * (DELTA[mu, nu] - 2 * term(O1) / term(A) * x[mu] * x[nu]), "inverse"
            ),
            Step((g_uu[mu, la] * g_dd[la, nu], DELTA[mu, nu]), (ForAll(),), "inverse-check"),
            Let(u, variance, "u"),
            Prose(
                r"are metric, radial stretching, volume element, inverse, and the variance. With the curvature defined "
                r"by"
            ),
            geometry.christoffel(),
            geometry.riemann(),
            geometry.ricci(),
            geometry.scalar_curvature(),
            Let(R_, -(d - 1) * (sp.exp(-O) * s * O1**2) / A**2 * bracket, "R-Omega"),
            Prose(r"the scalar curvature is"),
            Step((R, R_), (ForAll(), Components(((2, 1),), units=False)), "scalar"),
        ),
    )


def limits() -> tuple[Section, ...]:
    """Near the origin and far from it, by classes."""
    c0, c1, c2 = sp.symbols("c_0 c_1 c_2", real=True)
    I0, I2 = sp.symbols("I_0 I_2", positive=True)
    rest, kappa = sp.symbols(r"\epsilon \kappa", real=True)
    top = sp.Symbol(r"G_\infty", positive=True)
    return (
        Section(
            "Near the origin",
            (
                Prose(
                    r"Where $G$ is smooth and positive, as it is for $\zeta>0$, $\Omega$ has an expansion at the "
                    r"origin. With"
                ),
                LetFunction(Om, s, c0 + c1 * s + c2 * s**2, "expansion"),
                near("any", -(d - 1) * (d + 2) * sp.exp(-c0) * c1**2),
                Prose(
                    r"(terms of higher order in $\Omega$ enter $R$ in higher order only), so that every network of "
                    r"infinite width is flat at the origin, and negatively curved around it unless it is flat "
                    r"altogether or $G'(\zeta^2)=0$: in terms of $G$, $R/s$ tends to "
                    r"$-(d-1)(d+2)\,\sigma^2\,G'(\zeta^2)^2/G(\zeta^2)^3$. For $\zeta=0$ this is "
                    r"$G'(0)=\frac12(\phi'^2)''(0)$ and $G(0)=\phi'(0)^2$."
                ),
            ),
        ),
        Section(
            "Far from it, units that saturate",
            (
                Prose(
                    r"If $\phi'^2$ is integrable, with moments $I_k=\int z^k\phi'(z)^2dz$ up to the fourth, expanding "
                    r"the density of $z$ gives $G(v)=\left(I_0-\frac{I_2}{2v}+O(v^{-2})\right)/\sqrt{2\pi v}$, and "
                    r"likewise for its derivatives. With a number $\epsilon$ for the remainder,"
                ),
                LetFunction(
                    Om,
                    s,
                    sp.log(sigma**2 * (I0 - I2 / (2 * variance) + rest / variance**2) / sp.sqrt(2 * sp.pi * variance)),
                    "saturating",
                ),
                far(
                    "saturating",
                    1 / sp.sqrt(s),
                    -sp.sqrt(2 * sp.pi) * sigma * (d - 1) * (d + 2) / (4 * (I0 * zeta**2 + I2)),
                ),
                Prose(
                    r"whatever $\epsilon$: all saturating units are alike, their curvature grows without bound like "
                    r"$|x|$, and of the activation only two moments are left."
                ),
            ),
        ),
        Section(
            "Far from it, units that rectify",
            (
                Prose(
                    r"If $\phi'$ tends to one constant on each side, fast enough, $G$ tends to a constant $G_\infty$, "
                    r"half the sum of their squares, and $G(v)=G_\infty+\kappa/\sqrt v+O(v^{-3/2})$, where "
                    r"$\sqrt{2\pi}\,\kappa$ is the integral of what $\phi'^2$ exceeds the step between the squares by. "
                    r"With"
                ),
                LetFunction(
                    Om,
                    s,
                    sp.log(sigma**2 * (top + kappa / sp.sqrt(variance) + rest / variance ** sp.Rational(3, 2))),
                    "rectifying",
                ),
                far("rectifying", s**2, -(d - 1) * (d - 4) * kappa**2 / (4 * top**3 * sigma**4)),
                Prose(
                    r"the space is flat at infinity, and approaches it with positive curvature for $d=2$ and $d=3$, "
                    r"with negative curvature from $d=5$ on."
                ),
            ),
        ),
    )


def by_integration(name: str, seed: int) -> Step:
    """G by SymPy's integral and by quadrature."""
    return Step(
        (Expectation(sp.simplify(slope_squared(name)), zz, v), gram(name)),
        (Identity("exact, integrated"), Quadrature(seed, points=1)),
        f"G-{name}",
    )


def moments(F: sp.Expr, seed: int, I0: sp.Expr, I2: sp.Expr, label: str) -> tuple[Step, Step]:
    """The two moments of a saturating slope."""
    return tuple(
        Step(
            (sp.Integral(zz**k * F, (zz, -sp.oo, sp.oo)), value),
            (Quadrature(seed + k, points=1),),
            f"I{k}-{label}",
        )
        for k, value in ((0, I0), (2, I2))
    )


def saturating() -> tuple[Section, ...]:
    """erf, probit, gaussian."""
    rows = []
    words = {
        "erf": r"$\phi(z)=\operatorname{erf}(z/\sqrt2)$ [@williams]. The slope is a Gaussian, and its square has the "
        r"mean",
        "probit": r"$\phi(z)$ the distribution function of a normal variable, which is half of erf and a constant: "
        r"$G$ is a quarter, and the curvature four times, that of the row before.",
        "gaussian": r"$\phi(z)=e^{-z^2/2}$. The slope vanishes at 0: without bias the metric has a zero at the origin.",
    }
    values = {
        "erf": -sp.sqrt(2) * sp.pi * sigma * (d - 1) * (d + 2) / (4 * (1 + 2 * zeta**2)),
        "probit": -sp.sqrt(2) * sp.pi * sigma * (d - 1) * (d + 2) / (1 + 2 * zeta**2),
        "gaussian": -sp.sqrt(2) * sigma * (d - 1) * (d + 2) / (2 * zeta**2 + 3),
    }
    for place, name in enumerate(words):
        rows.append(
            Section(
                name.capitalize() if name != "erf" else "Erf",
                (
                    Prose(words[name]),
                    by_integration(name, 100 + place),
                    *geometry_items(name, gram(name)),
                    Prose(r"and near the origin and far from it"),
                    near(name, origin(gram(name))),
                    far(name, 1 / sp.sqrt(s), values[name]),
                ),
            )
        )
    return tuple(rows)


def elementary() -> tuple[Section, ...]:
    """sin, cos, exp."""
    wave = 64 * (d - 1) * sigma**4 * sp.exp(-4 * zeta**2)
    decay = sp.exp(4 * sigma**2 * s) / s**2
    return (
        Section(
            "Sine",
            (
                Prose(r"$\phi(z)=\sin z$. The mean of $\cos^2$ is"),
                by_integration("sin", 111),
                *geometry_items("sin", gram("sin")),
                Prose(r"and near the origin and far from it"),
                near("sin", origin(gram("sin"))),
                far("sin", decay, wave),
                Prose(r"Far away the metric is flat up to exponentially small, positive curvature."),
            ),
        ),
        Section(
            "Cosine",
            (
                Prose(
                    r"$\phi(z)=\cos z$. Here the slope vanishes at 0. (The mean of both rows, "
                    r"$\phi(z)=\sqrt2\cos(z+u)$ with a random phase $u$, has $G=1$: it is flat, and its kernel is the "
                    r"Gaussian one.)"
                ),
                by_integration("cos", 112),
                *geometry_items("cos", gram("cos")),
                Prose(r"and near the origin and far from it"),
                near("cos", origin(gram("cos"))),
                far("cos", decay, wave),
            ),
        ),
        Section(
            "Exponential",
            (
                Prose(r"$\phi(z)=e^z$, whose $\Omega$ is linear in $s$:"),
                by_integration("exp", 113),
                *geometry_items("exp", gram("exp")),
                Prose(r"and near the origin and far from it"),
                near("exp", origin(gram("exp"))),
                far("exp", sp.exp(2 * sigma**2 * s), -(d - 1) * (d - 2) * sp.exp(-2 * zeta**2)),
            ),
        ),
    )


def powers() -> tuple[Section, ...]:
    """ReLU, leaky ReLU, monomials and their rectified kin."""
    q = sp.Symbol("q", integer=True, positive=True)
    slope = sp.Symbol("c", positive=True)
    number = sp.Symbol("(2q-3)!!", positive=True)
    G = q**2 * number * v ** (q - 1)
    leaky = sp.Piecewise((1, zz > 0), (slope**2, True))
    a = sigma**2 * G.subs(v, u)
    b = 2 * (q - 1) * sigma**2 * a / u
    p = sigma**2 * s
    radial = zeta**2 + (2 * q - 1) * p
    bracket = sp.Symbol("B_q")
    return (
        Section(
            "Rectified linear unit",
            (
                Prose(r"$\phi(z)=\max(z,0)$, whose slope is a step. Here and in the next row $G$ is a constant,"),
                by_integration("relu", 121),
                LetFunction(Om, s, sp.log(sigma**2 * gram("relu")), "Omega-relu"),
                Step((g_dd[mu, nu], term(sigma**2 / 2) * DELTA[mu, nu]), (ForAll(),), "metric-relu"),
                Step((volume, (sigma**2 / 2) ** (d / 2)), (Identity("exact, every d"),), "volume-relu"),
                Step((R, 0), (Components(((2, 1), (3, 1)), units=False),), "flat-relu"),
                Prose(r"The network is flat everywhere, and has no limits to state."),
            ),
        ),
        Section(
            "Leaky rectified linear unit",
            (
                Prose(r"$\phi(z)=\max(z,cz)$ with $0<c<1$. Likewise,"),
                Step((Expectation(leaky, zz, v), (1 + slope**2) / 2), (Identity("exact, integrated"),), "G-leaky"),
                LetFunction(Om, s, sp.log(sigma**2 * (1 + slope**2) / 2), "Omega-leaky"),
                Step((g_dd[mu, nu], term(sigma**2 * (1 + slope**2) / 2) * DELTA[mu, nu]), (ForAll(),), "metric-leaky"),
                Step(
                    (volume, (sigma**2 * (1 + slope**2) / 2) ** (d / 2)), (Identity("exact, every d"),), "volume-leaky"
                ),
                Step((R, 0), (Components(((2, 1), (3, 1)), units=False),), "flat-leaky"),
            ),
        ),
        Section(
            "Monomials",
            (
                Prose(r"$\phi(z)=z^q$, for every $q\ge1$, has a moment of a normal variable for its $G$,"),
                Step(
                    (Expectation(q**2 * zz ** (2 * q - 2), zz, v), q**2 * sp.factorial2(2 * q - 3) * v ** (q - 1)),
                    (Identity("exact, every q"), Quadrature(123)),
                    "G-monomial",
                ),
                Prose(r"(divided by $(2q-1)!!$ for units normalised to $\mathbb{E}\,\phi^2=v^q$). So"),
                LetFunction(Om, s, sp.log(a.subs(u, variance)), "Omega-monomial"),
                Step(
                    (g_dd[mu, nu], term(a) * DELTA[mu, nu] + term(b) * x[mu] * x[nu]),
                    (ForAll(note="exact, every d and q"),),
                    "metric-monomial",
                ),
                Step(
                    (volume, a ** (d / 2) * sp.sqrt(radial / u)),
                    (Identity("exact, every d and q"),),
                    "volume-monomial",
                ),
                Let(bracket, (d + 2) * u + 2 * p * ((d - 2) * (q - 1) - 2), "B-q"),
                Step(
                    (
                        R,
                        -(term(d - 1) * (term((q - 1) ** 2 * sigma**4 * s) / term(a * u * radial**2)) * bracket),
                    ),
                    (ForAll(note="exact, every d and q", using=("scalar",)), Components(((2, 1),), units=False)),
                    "scalar-monomial",
                ),
                Prose(
                    r"The degree 1 is flat. At the origin $R/s$ has the limit [[near-any]] for $\zeta>0$. Far from it, "
                    r"and everywhere as the bias vanishes, the metric is the cone of the arc-cosine kernels:"
                ),
                Step(
                    (
                        sp.Limit(
                            -(d - 1) * (q - 1) ** 2 * sigma**4 * s * bracket / (a * u * radial**2),
                            zeta,
                            0,
                        ),
                        -(d - 1) * (d - 2) * (q - 1) ** 2 / ((2 * q - 1) * number * q**2 * (sigma**2 * s) ** q),
                    ),
                    (Identity("exact, limit, every d and q"),),
                    "far-monomial",
                ),
            ),
        ),
        Section(
            "Rectified monomials",
            (
                Prose(
                    r"$\phi(z)=[z]_+^q$. Half of the normal variable's distribution counts, so that $G$ is half that "
                    r"of the monomial, for the degree 3"
                ),
                Step(
                    (
                        Expectation(9 * zz**4 * sp.Heaviside(zz), zz, v),
                        gram("rectified_monomial(3)"),
                    ),
                    (Identity("exact, integrated"),),
                    "G-rectified",
                ),
                Prose(
                    r"The metric is half, and the curvature twice, that of the monomial: $\Omega$ changes by a "
                    r"constant, and of a metric $e^{\Omega}$ times the same tensor [[R-Omega]] is a multiple of "
                    r"$e^{-\Omega}$. With"
                ),
                LetFunction(Om, s, sp.log(a.subs(u, variance) / 2), "Omega-rectified"),
                Step(
                    (g_dd[mu, nu], term(a / 2) * DELTA[mu, nu] + term(b / 2) * x[mu] * x[nu]),
                    (ForAll(note="exact, every d and q"),),
                    "metric-rectified",
                ),
                Step(
                    (volume, (a / 2) ** (d / 2) * sp.sqrt(radial / u)),
                    (Identity("exact, every d and q"),),
                    "volume-rectified",
                ),
                Step(
                    (
                        R,
                        -(2 * term(d - 1) * (term((q - 1) ** 2 * sigma**4 * s) / term(a * u * radial**2)) * bracket),
                    ),
                    (ForAll(note="exact, every d and q", using=("scalar",)),),
                    "scalar-rectified",
                ),
                Prose(
                    r"and the limits are twice those of the monomial. (From $q=3$ on $\phi''$ is continuous; for "
                    r"infinite width this is not needed, since $G$ is smooth.)"
                ),
            ),
        ),
    )


def gaussian_rectifiers() -> tuple[Section, ...]:
    """Gaussian softplus and GELU."""
    normal = Expectation(DENSITY**2, zz, v)
    heat = -(zz * CDF**2 / v + 2 * CDF * DENSITY) / 2
    soft, gelu = gram("gaussian_softplus"), gram("gelu")
    return (
        Section(
            "Gaussian softplus",
            (
                Prose(
                    r"$\phi(z)=z\,N(z)+N'(z)$, where $N=\frac12\operatorname{erfc}(-z/\sqrt2)$ is the distribution "
                    r"function of a normal variable; $\phi'=N$. The mean of $N^2$ is found from its slope. As "
                    r"$N''=-zN'$, the heat equation and one integration by parts give"
                ),
                Step(
                    ((1 + v) * sp.Derivative(Expectation(CDF**2, zz, v), v), normal),
                    (Divergence((1 + v) * heat + v * CDF * DENSITY), Quadrature(131, points=1)),
                    "slope-cdf",
                ),
                Prose(r"The right side is elementary, and the integral by $v$ that is $N(0)^2=\frac14$ for $v=0$ is"),
                Step((normal, 1 / (2 * sp.pi * sp.sqrt(1 + 2 * v))), (Identity("exact, integrated"),), "normal"),
                Step(
                    (sp.Derivative(soft, v), 1 / (2 * sp.pi * (1 + v) * sp.sqrt(1 + 2 * v))),
                    (Identity(),),
                    "arctangent",
                ),
                LetFunction(Gf, v, soft, "G-soft"),
                Step((Expectation(CDF**2, zz, v), Gf(v)), (Quadrature(132, points=1),), "G-gaussian_softplus"),
                Prose(
                    r"(the arctangent is half the arcsine of $v/(1+v)$, and keeps its digits for large $v$). The "
                    r"inverse tangent stays in the metric. With"
                ),
                *with_tangent("gaussian_softplus", soft),
                Prose(
                    r"The volume element [[volume]] is the root of this, the radial stretching, times "
                    r"$e^{(d-1)\Omega/2}$; the curvature is [[R-Omega]]. Near the origin"
                ),
                *near_zero("gaussian_softplus", soft),
                Prose(r"so that without bias $R/s$ tends to $-\frac{16}{\pi^2}(d-1)(d+2)\sigma^2$. Far from it"),
                far_tangent("gaussian_softplus", -1 / (sp.sqrt(2) * sp.pi)),
                Prose(
                    r"which is the number $\kappa$ of [[far-rectifying]], with $G_\infty=\frac12$: $s^2R$ tends to "
                    r"$-(d-1)(d-4)/(\pi\sigma^2)^2$."
                ),
            ),
        ),
        Section(
            "GELU",
            (
                Prose(
                    r"$\phi(z)=z\,N(z)$, with the slope $N+zN'$ [@gelu]. Of the three summands of its square the first "
                    r"is the row before, and the others are elementary after one integration by parts:"
                ),
                Step(
                    (
                        (1 + v) * Expectation((CDF + zz * DENSITY) ** 2, zz, v),
                        (1 + v) * Expectation(CDF**2, zz, v)
                        + 2 * v * normal
                        + (1 + v) * Expectation(zz**2 * DENSITY**2, zz, v),
                    ),
                    (Divergence(-2 * v * CDF * DENSITY), Quadrature(133, points=1)),
                    "parts-gelu",
                ),
                Step(
                    (Expectation(zz**2 * DENSITY**2, zz, v), v / (2 * sp.pi * (1 + 2 * v) ** sp.Rational(3, 2))),
                    (Identity("exact, integrated"),),
                    "normal-2",
                ),
                Prose(r"which makes"),
                LetFunction(Gf, v, gelu, "G-gelu-closed"),
                Step((Expectation((CDF + zz * DENSITY) ** 2, zz, v), Gf(v)), (Quadrature(134, points=1),), "G-gelu"),
                Prose(r"With it"),
                *with_tangent("gelu", gelu),
                Prose(
                    r"The volume element [[volume]] is the root of this, the radial stretching, times "
                    r"$e^{(d-1)\Omega/2}$; the curvature is [[R-Omega]]. Near the origin"
                ),
                *near_zero("gelu", gelu),
                Prose(r"so that without bias $R/s$ tends to $-\frac{256}{\pi^2}(d-1)(d+2)\sigma^2$. Far from it"),
                far_tangent("gelu", 1 / (4 * sp.sqrt(2) * sp.pi)),
                Prose(
                    r"which is its $\kappa$: $s^2R$ tends to $-(d-1)(d-4)/(4\pi\sigma^2)^2$, a sixteenth of the row "
                    r"before. Far away GELU is the better rectifier."
                ),
            ),
        ),
    )


def with_tangent(name: str, G: sp.Expr) -> tuple[LetFunction | Step, ...]:
    """Omega, metric and radial stretching of a row whose G holds an inverse tangent, which is left as it is."""
    slope = sp.factor(sp.simplify(sp.diff(G, v)))
    b = 2 * sigma**4 * slope.subs(v, u)
    return (
        LetFunction(Om, s, sp.log(sigma**2 * Gf(variance)), f"Omega-{name}"),
        Step((g_dd[mu, nu], term(sp.exp(O)) * DELTA[mu, nu] + term(b) * x[mu] * x[nu]), (ForAll(),), f"metric-{name}"),
        Step((term(sp.exp(O)) * A, term(sigma**2 * Gf(u)) + term(s * b)), (Identity(),), f"radial-{name}"),
    )


def near_zero(name: str, G: sp.Expr) -> tuple[Step, Step]:
    """G and its slope at 0."""
    at, slope = sp.limit(G, v, 0), sp.limit(sp.diff(G, v), v, 0)
    return (
        Step((sp.Limit(Gf(v), v, 0), at), (Identity("exact, limit"),), f"G0-{name}"),
        Step((sp.Limit((Gf(v) - at) / v, v, 0), slope), (Identity("exact, limit"),), f"G1-{name}"),
    )


def far_tangent(name: str, kappa: sp.Expr) -> Step:
    """The number kappa of a row that rectifies."""
    return Step((sp.Limit(sp.sqrt(v) * (Gf(v) - half), v, sp.oo), kappa), (Identity("exact, limit"),), f"kappa-{name}")


def logistic_family() -> tuple[Section, ...]:
    """tanh, sigmoid, softplus, silu: no closed form."""
    S = 1 / (1 + sp.exp(-zz))
    phis = {"tanh": sp.tanh(zz), "sigmoid": S, "softplus": sp.log(1 + sp.exp(zz)), "silu": zz * S}
    rows = []
    data = (
        ("tanh", "Hyperbolic tangent", r"$\phi(z)=\tanh z$", (1 - sp.tanh(zz) ** 2) ** 2),
        ("sigmoid", "Sigmoid", r"$\phi(z)=1/(1+e^{-z})$", (S * S.subs(zz, -zz)) ** 2),
        ("softplus", "Softplus", r"$\phi(z)=\log(1+e^z)$, whose slope is the sigmoid", S**2),
        ("silu", "SiLU", r"$\phi(z)=z/(1+e^{-z})$", (S + zz * S * S.subs(zz, -zz)) ** 2),
    )
    sat = {
        "tanh": (sp.Rational(4, 3), (sp.pi**2 - 6) / 9),
        "sigmoid": (sp.Rational(1, 6), (sp.pi**2 - 6) / 18),
    }
    kappas = {"softplus": -1 / sp.sqrt(2 * sp.pi), "silu": (sp.pi**2 / 18 - sp.Rational(1, 3)) / sp.sqrt(2 * sp.pi)}
    for place, (name, title, words, F) in enumerate(data):
        value = sp.limit(F, zz, 0)
        bend = sp.simplify(sp.diff(F, zz, 2).subs(zz, 0)) / 2
        items: list = [
            Prose(
                words
                + r". $G$ has no closed form"
                + (
                    r"; the package integrates it by a Gauss--Hermite rule with an estimate of its error. The metric, "
                    r"volume element and curvature are [[metric]], [[volume]] and [[R-Omega]] with this $G$. What is "
                    r"exact are the limits. Near the origin, without bias, "
                    if place == 0
                    else r". Near the origin, without bias, "
                )
                + r"those of the curvature follow from $F=\phi'^2$,"
            ),
            LetFunction(Opaque("F"), zz, F, f"F-{name}"),
            Step((sp.Derivative(phis[name], zz) ** 2, Opaque("F")(zz)), (Identity(),), f"slope-{name}"),
            Step((sp.Limit(Opaque("F")(zz), zz, 0), value), (Identity("exact, limit"),), f"G0-{name}"),
            Step((sp.Limit(Opaque("F")(zz, 2) / 2, zz, 0), bend), (Identity("exact, limit"),), f"G1-{name}"),
        ]
        ratio = sp.simplify(bend**2 / value**3)
        items.append(
            Prose(
                rf"which are $G(0)$ and $G'(0)$: $R/s$ tends to $-{sp.latex(ratio)}\,(d-1)(d+2)\,\sigma^2$. "
                + (
                    r"The slope is integrable, with the moments"
                    if name in sat
                    else r"Far from it the slope is a step but for an integrable part: $F(z)+F(-z)-1$, integrated "
                    r"over the half-line, is"
                )
            )
        )
        if name in sat:
            I0, I2 = sat[name]
            items += moments(Opaque("F")(zz), 140 + 10 * place, I0, I2, name)
            limit = sp.latex(sp.nsimplify(I0)), sp.latex(I2)
            items.append(
                Prose(
                    rf"so that by [[far-saturating]] $R/\sqrt s$ tends to "
                    rf"$-\sqrt{{2\pi}}\,\sigma(d-1)(d+2)/(4I_0\zeta^2+4I_2)$ with "
                    rf"$I_0={limit[0]}$ and $I_2={limit[1]}$."
                )
            )
        else:
            kappa = kappas[name]
            items.append(
                Step(
                    (
                        sp.Integral(Opaque("F")(zz) + Opaque("F")(-zz) - 1, (zz, 0, sp.oo)),
                        sp.simplify(kappa * sp.sqrt(2 * sp.pi)),
                    ),
                    (Quadrature(140 + 10 * place, points=1),),
                    f"kappa-{name}",
                )
            )
            items.append(
                Prose(
                    r"which is $\sqrt{2\pi}\,\kappa$, so that by [[far-rectifying]], with $G_\infty=\frac12$, $s^2R$ "
                    r"tends to $-2(d-1)(d-4)\,\kappa^2/\sigma^4$."
                )
            )
        rows.append(Section(title, tuple(items)))
    return tuple(rows)


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Activations at infinite width",
        r"For each activation of the table the metric of infinite width is given with its volume element and scalar "
        r"curvature, in any dimension $d$, and what becomes of the curvature near the origin and far from it. There "
        r"are three kinds of ends: units that saturate are curved without bound, units that rectify are flat at "
        r"infinity, and powers are cones. Every numbered equation was checked by machine when this text was made; the "
        r"margin says how, where \emph{every d} stands for a proof with a symbolic dimension.",
        (
            common(),
            *limits(),
            *saturating(),
            *elementary(),
            *powers(),
            *gaussian_rectifiers(),
            *logistic_family(),
        ),
        (
            Reference(
                "williams",
                r"C. K. I. Williams, Computation with infinite neural networks, \emph{Neural Computation} 10, "
                r"1203--1216, 1998.",
            ),
            Reference(
                "gelu", r"D. Hendrycks and K. Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415, 2016."
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
