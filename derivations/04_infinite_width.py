r"""The geometry of infinitely many units with Gaussian weights, in any dimension d, and of the erf network.

Source: Stein's lemma (Stein 1981); Zavatone-Veth et al., arXiv:2301.11375, whose scalar curvature is three times the
one found here (see 03_shallow_network); Williams (1998) for the erf network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    LOG,
    RADIUS,
    Against,
    ByParts,
    Components,
    Cubature,
    Define,
    Derivation,
    Determinant,
    Divergence,
    Expectation,
    ForAll,
    Frame,
    Given,
    Identity,
    Let,
    LetFunction,
    LeviCivita,
    Mean,
    MonteCarlo,
    Opaque,
    Partial,
    Prose,
    Quadrature,
    Reference,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    Term,
    inputs,
    term,
)
from symgeo.geometry import CoordinateMetric

NAME = "04_infinite_width"

mu, nu, la, rho, al, be = inputs(r"\mu \nu \lambda \rho \alpha \beta")
d, s, x = INPUTS, RADIUS, COORDINATES
sigma, zeta, v, c, u = sp.symbols(r"\sigma \zeta v c u", positive=True)
zz = sp.Symbol("z", real=True)

F, f, Gf, Om = Opaque("F"), Opaque("f"), Opaque("G"), Opaque(r"\Omega")
w, b, z = Tensor("w", "d"), Tensor("b", ""), Tensor("z", "")
O, O1, O2 = Om(s), Om(s, 1), Om(s, 2)
A, P, Q = sp.symbols("A P Q")
K_rt, K_tt = sp.symbols(r"K_{\mathrm{rt}} K_{\mathrm{tt}}")
variance = sigma**2 * s + zeta**2

geometry = LeviCivita()
g_dd, g_uu, gamma_udd, riemann_dddd = geometry.g_dd, geometry.g_uu, geometry.gamma_udd, geometry.riemann_dddd
ricci_dd, R = geometry.ricci_dd, geometry.scalar[()]

SIZES = ((2, 1), (3, 1))

# Derivatives along the weight: z is a linear form in it.
WEIGHTS = Rules(letters=frozenset({w, b, z}), derivatives={z: ((mu,), x[mu])}, along=w)

# Two functions for F: that of the erf network, phi(z) = erf(z / sqrt 2), and one for which nodes converge.
ERF = {"F": lambda t: 2 / sp.pi * sp.exp(-(t**2))}
ENTIRE = {"F": lambda t: t**4 + sp.cos(t)}


def in_components(sizes: tuple[tuple[int, int], ...] = SIZES) -> Components:
    """An exact check in components; there are no units here."""
    return Components(sizes, units=False)


def mean(body: Term) -> Mean:
    """The expectation over the weight and the bias of one unit."""
    return Mean(body, w, b, (sigma, zeta))


def tower(frame: Frame) -> sp.Expr:
    """The scalar curvature of the metric as a matrix, by the generic tower of `symgeo.geometry`."""
    return sp.sympify(
        CoordinateMetric(sp.ImmutableDenseMatrix(frame.matrix(g_dd)), frame.coordinates()).scalar_curvature()
    )


def stein() -> Section:
    """Two lemmas on Gaussian means."""
    test = {"f": lambda t: t**3 + sp.cos(t)}
    return Section(
        "Two lemmas on Gaussian means",
        (
            Prose(
                r"Let $z$ be normal with mean $0$ and variance $v$, and $f$ a smooth function that stays, with its "
                r"derivatives, below $C\,e^{a z^2}$ for some $C$ and some $a<\frac{1}{2v}$: it grows less fast than "
                r"the density of $z$ decays. Stein's lemma [@stein] is"
            ),
            Step(
                (Expectation(zz * f(zz), zz, v), v * Expectation(f(zz, 1), zz, v)),
                (Divergence(-v * f(zz)), Quadrature(11, test)),
                "stein",
            ),
            Prose(
                r"The margin means: the integrands of the two sides, densities included, differ by the "
                r"derivative of a function that vanishes at infinity; the machine was given that function over the "
                r"density, here $-v f$, saw that it is a polynomial in $z$ times $f$ or a derivative of $f$, and "
                r"verified the identity. The quadrature took $f(z)=z^3+\cos z$. "
                r"The density of $z$ obeys the heat equation in $v$, whence"
            ),
            Step(
                (sp.Derivative(Expectation(f(zz), zz, v), v), sp.Rational(1, 2) * Expectation(f(zz, 2), zz, v)),
                (
                    Divergence(-sp.Rational(1, 2) * (zz * f(zz) / v + f(zz, 1))),
                    Quadrature(12, test),
                ),
                "heat",
            ),
        ),
    )


def metric() -> Section:
    """From the mean over weights to one function of the variance."""
    zt = z[()]
    both = term(sigma**2) * DELTA[mu, nu] * mean(F(zt)) + term(sigma**4) * x[mu] * x[nu] * mean(F(zt, 2))
    # Integration by parts takes w_mu away from p w_nu F, and then w_nu from p F'.
    fluxes = ((mu, -(term(sigma**2) * w[nu] * F(zt))), (nu, -(term(sigma**4) * x[mu] * F(zt, 1))))
    summed = Cubature(seed=22, instances=ENTIRE, d=3)
    return Section(
        "The mean over the weights",
        (
            Given((w, b)),
            Prose(
                r"A unit of the network draws a weight vector $w$ with independent normal components of mean $0$ and "
                r"variance $\sigma^2$, and a normal bias $b$ of mean $0$ and variance $\zeta^2$. At the input "
                r"$x\in\mathbb{R}^d$ it forms"
            ),
            Define(zt, w[mu] * x[mu] + b[()], "preactivation"),
            Prose(
                r"(Greek indices run over the $d$ inputs and are summed where they occur twice.) By the law of "
                r"large numbers the metric of $n$ units, $\frac1n\sum_j\phi'(z_j)^2 w_{j\mu}w_{j\nu}$, tends to "
                r"the mean of $F(z)\,w_\mu w_\nu$ with $F:=\phi'^2$. "
                r"Nothing else is assumed of $F$ in this section than what the lemmas ask of $f$. "
                r"Stein's lemma in each of the two weights gives"
            ),
            Step(
                (mean(F(zt) * w[mu] * w[nu]), both),
                (
                    ByParts(fluxes, WEIGHTS, ((1, 1), (2, 1), (3, 1))),
                    Cubature(seed=22, instances=ENTIRE, d=2),
                    RulesHold(WEIGHTS, SIZES, units=False),
                ),
                "parts",
            ),
            Prose(
                r"Here the machine was given two functions, one for each weight, $-\sigma^2 w_\nu F$ and "
                r"$-\sigma^4x_\mu F'$. The quadrature took $F(z)=z^4+\cos z$ and summed over all components of $w$ "
                r"and $b$. Two means are left, of functions of $z$ alone. Let $G$ be the mean of $F$ over one normal "
                r"variable, as a function of its variance,"
            ),
            LetFunction(Gf, v, Expectation(F(zz), zz, v), "G-function"),
            Prose(r"whose slope is, as in [[heat]],"),
            Step(
                (Gf(v, 1), sp.Rational(1, 2) * Expectation(F(zz, 2), zz, v)),
                (Divergence(-sp.Rational(1, 2) * (zz * F(zz) / v + F(zz, 1))),),
                "G-prime",
            ),
            Prose(
                r"As a sum of independent normal variables $z$ is normal, and its variance is $v=\sigma^2 s+\zeta^2$ "
                r"with $s:=|x|^2$: for every $d$ the mean over $w$ and $b$ is one over $z$ alone,"
            ),
            Step((mean(F(zt)), Gf(variance)), (Divergence(sp.S.Zero), summed), "G"),
            Prose(r"and so is that of $F''$, which [[G-prime]] turns into the slope,"),
            Step(
                (mean(F(zt, 2)), 2 * term(Gf(variance, 1))),
                (Divergence(zz * F(zz) / variance + F(zz, 1)), summed),
                "G-slope",
            ),
            Prose(
                r"That a sum of independent normal variables is normal is taken as known; the quadrature, which "
                r"sums over $w$ and $b$ for $F(z)=z^4+\cos z$, does not use it. "
                r"Put into [[parts]], these two leave of the mean one function of one variable:"
            ),
            Step(
                (
                    mean(F(zt) * w[mu] * w[nu]),
                    term(sigma**2) * Gf(variance) * DELTA[mu, nu]
                    + 2 * term(sigma**4) * Gf(variance, 1) * x[mu] * x[nu],
                ),
                (
                    ForAll(using=("parts", "G", "G-slope")),
                    MonteCarlo(seed=21, samples=200_000, instances=ERF, d=3),
                ),
                "metric-G",
            ),
            Prose(
                r"The samples are of the erf network, $F(z)=\frac2\pi e^{-z^2}$, to which the last section but one "
                r"turns."
            ),
        ),
    )


def exponent() -> Section:
    """From G to Omega."""
    G0, G1 = Gf(variance), Gf(variance, 1)
    return Section(
        "The metric of infinitely many units",
        (
            Prose(
                r"The metric is the right side of [[metric-G]]. Of $G$ no more is used from here on than that it is "
                r"smooth and positive. Let it be named by its logarithm,"
            ),
            LetFunction(Om, s, sp.log(sigma**2 * Gf(variance)), "Omega"),
            Prose(r"Then, a prime on $\Omega$ being a derivative by $s$, the metric is"),
            Step(
                (
                    term(sigma**2) * G0 * DELTA[mu, nu] + 2 * term(sigma**4) * G1 * x[mu] * x[nu],
                    term(sp.exp(O)) * (DELTA[mu, nu] + 2 * term(O1) * x[mu] * x[nu]),
                ),
                (ForAll(), in_components()),
                "metric-Omega",
            ),
        ),
    )


def volume() -> Section:
    """Metric, determinant, inverse."""
    d_log = g_uu[mu, nu] * Partial(la, g_dd[mu, nu])
    return Section(
        "Volume element and inverse",
        (
            Prose(
                r"From here to the end of the section on curvature, $\Omega$ is any smooth function of $s$, and "
                r"$d$ any dimension. The metric is"
            ),
            Define(g_dd[mu, nu], term(sp.exp(O)) * (DELTA[mu, nu] + 2 * term(O1) * x[mu] * x[nu]), "metric"),
            Let(A, term(1) + 2 * term(s) * O1, "A"),
            Prose(r"It stretches the radial direction by the factor $A$, and all others not at all:"),
            Step((g_dd[mu, nu] * x[nu], term(sp.exp(O)) * A * x[mu]), (ForAll(), in_components()), "radial"),
            Prose(r"It is positive definite where $A>0$, which is assumed. Its inverse is"),
            Define(
                g_uu[mu, nu], term(sp.exp(-O)) * (DELTA[mu, nu] - 2 * term(O1) / term(A) * x[mu] * x[nu]), "inverse"
            ),
            Step((g_uu[mu, la] * g_dd[la, nu], DELTA[mu, nu]), (ForAll(), in_components()), "inverse-check"),
            Prose(
                r"The determinant has one radial and $d-1$ other factors. For every $d$ at once it is had from "
                r"Jacobi's formula: the gradient of its logarithm is"
            ),
            Step(
                (d_log, Partial(la, LOG(term(sp.exp(d * O) * A)))),
                (ForAll(), in_components()),
                "jacobi",
            ),
            Prose(
                r"and at $s=0$ the metric is $e^{\Omega}\delta_{\mu\nu}$, with determinant $e^{d\Omega}$. Hence "
                r"the squared volume element"
            ),
            Step(
                (Determinant(g_dd), term(sp.exp(d * O)) * A),
                (in_components(((1, 1), (2, 1), (3, 1), (4, 1))),),
                "determinant",
            ),
        ),
    )


def connection() -> Section:
    """Christoffel symbols."""
    straight = x[al] * DELTA[mu, be] + x[be] * DELTA[mu, al]
    bent = term(O1) * DELTA[al, be] + 2 * (term(O2) - term(O1**2)) * x[al] * x[be]
    return Section(
        "Christoffel symbols",
        (
            Prose(
                r"Since $\partial_\mu s=2x_\mu$, derivatives of the metric are made of $\delta$ and $x$ again. "
                r"The Christoffel symbols"
            ),
            geometry.christoffel("christoffel"),
            Prose(r"come out as"),
            Step(
                (gamma_udd[mu, al, be], term(O1) * straight + x[mu] / term(A) * bent),
                (ForAll(), in_components()),
                "christoffel-Omega",
            ),
        ),
    )


def curvature() -> Section:
    """Riemann, sectional, Ricci, scalar."""
    turns = DELTA[mu, al] * DELTA[nu, be] - DELTA[mu, be] * DELTA[nu, al]
    radial = (
        DELTA[mu, al] * x[nu] * x[be]
        + DELTA[nu, be] * x[mu] * x[al]
        - DELTA[mu, be] * x[nu] * x[al]
        - DELTA[nu, al] * x[mu] * x[be]
    )
    plane = g_dd[mu, al] * g_dd[nu, be] - g_dd[mu, be] * g_dd[nu, al]
    bracket = term(d) + 2 + 2 * term(s) * (term(d - 2) * O1 + 2 * term(O2) / term(O1))
    return Section(
        "Curvature",
        (
            Prose(
                r"The Riemann tensor, its contraction and the scalar curvature are, with the signs for which a "
                r"round sphere is positively curved,"
            ),
            geometry.riemann("riemann"),
            geometry.lowered("lowered"),
            geometry.ricci("ricci"),
            geometry.scalar_curvature("scalar"),
            Prose(r"By rotation invariance the Riemann tensor has two coefficients,"),
            Let(P, -(term(sp.exp(O)) * s * term(O1**2) / A), "P"),
            Let(Q, -(term(sp.exp(O)) * O1 * (term(O1) + 2 * term(s * O2)) / A), "Q"),
            Step(
                (riemann_dddd[mu, nu, al, be], term(P) * turns + term(Q) * radial),
                (ForAll(), in_components()),
                "riemann-PQ",
            ),
            Prose(
                r"There are two sectional curvatures: of planes that hold the radial direction, and of planes at "
                r"right angles to it. They are"
            ),
            Let(K_rt, -(2 * term(sp.exp(-O)) * s * O1 * (term(O1) + term(s * O2)) / A**2), "K-rt"),
            Let(K_tt, -(term(sp.exp(-O)) * s * term(O1**2) / A), "K-tt"),
            Prose(
                r"On the vectors that span a plane of curvature $K$ the Riemann tensor is "
                r"$K\,(g_{\mu\alpha}g_{\nu\beta}-g_{\mu\beta}g_{\nu\alpha})$. If one of them is $x$, this is so "
                r"with $K_{\mathrm{rt}}$ whatever the other,"
            ),
            Step(
                (riemann_dddd[mu, nu, al, be] * x[mu] * x[al], term(K_rt) * plane * x[mu] * x[al]),
                (ForAll(), in_components(((2, 1),))),
                "sectional-rt",
            ),
            Prose(r"and across $x$, where the projector"),
            Define(PROJECTOR[mu, nu], DELTA[mu, nu] - x[mu] * x[nu] / term(s), "projector"),
            Prose(r"sends all vectors, it is so with $K_{\mathrm{tt}}$:"),
            Step(
                (
                    PROJECTOR[mu, la] * PROJECTOR[nu, rho] * riemann_dddd[la, rho, al, be],
                    term(K_tt)
                    * PROJECTOR[mu, la]
                    * PROJECTOR[nu, rho]
                    * (g_dd[la, al] * g_dd[rho, be] - g_dd[la, be] * g_dd[rho, al]),
                ),
                (ForAll(), in_components(((3, 1),))),
                "sectional-tt",
            ),
            Prose(
                r"The Ricci tensor counts the planes: one radial direction sees $d-1$ planes of the first kind, "
                r"any other one of the first and $d-2$ of the second;"
            ),
            Step(
                (
                    ricci_dd[mu, nu],
                    (term(K_rt) + term(d - 2) * K_tt) * g_dd[mu, nu]
                    + term(d - 2) * term(K_rt - K_tt) * (term(sp.exp(O) * A / s) * x[mu] * x[nu]),
                ),
                (ForAll(), in_components()),
                "ricci-K",
            ),
            Step(
                (R, 2 * term(d - 1) * K_rt + term(d - 1) * term(d - 2) * K_tt), (ForAll(), in_components()), "scalar-K"
            ),
            Prose(r"In full,"),
            Step(
                (R, -(term(d - 1) * (term(sp.exp(-O) * s * O1**2) / term(A**2)) * bracket)),
                (ForAll(), in_components()),
                "scalar-Omega",
            ),
            Prose(
                r"The code published with [@magnification] has three times this (and possibly the printed "
                r"formula has too): the products of Christoffel symbols stand in it with the opposite sign. The "
                r"derivation for finite width, which accompanies this one, shows the factor and the paraboloid "
                r"that decides; "
                r"the last section here compares with a computation that knows nothing of $\Omega$."
            ),
        ),
    )


def erf_network() -> Section:
    """The closed form for erf(z / sqrt 2), and its limits."""
    slope_squared = (2 / sp.pi) * sp.exp(-(zz**2))
    erf_c = 1 + 2 * zeta**2
    root = term((2 * sigma**2 / sp.pi) ** (d / 2)) * term(sp.sqrt(c)) * term(u ** (-(d + 2) / 4))
    scalar = -(sp.pi / 2) * (d - 1) * (d + 2) * sigma**2 * s / (c * sp.sqrt(u))
    return Section(
        "The erf network",
        (
            Prose(
                r"Let $\phi(z)=\operatorname{erf}(z/\sqrt2)$, the activation whose units are twice a normal "
                r"distribution function less one [@williams]. Its slope is a Gaussian, so that $G$ is elementary:"
            ),
            Step(
                (sp.Derivative(sp.erf(zz / sp.sqrt(2)), zz) ** 2, slope_squared),
                (Identity(),),
                "erf-slope",
            ),
            Step(
                (Expectation(slope_squared, zz, v), 2 / (sp.pi * sp.sqrt(1 + 2 * v))),
                (Identity("exact, integrated"), Quadrature(31)),
                "G-erf",
            ),
            Prose(r"With two abbreviations,"),
            Let(c, term(1) + 2 * term(zeta**2), "c"),
            Let(u, term(c) + 2 * term(sigma**2 * s), "u"),
            Prose(r"so that $1+2v=u$ at $v=\sigma^2 s+\zeta^2$, the exponent is"),
            LetFunction(Om, s, sp.log(2 * sigma**2 / (sp.pi * sp.sqrt(erf_c + 2 * sigma**2 * s))), "Omega-erf"),
            Prose(r"with the slope and the radial factor"),
            Step((O1, -(sigma**2) / u), (Identity(),), "slope-erf"),
            Step((A, c / u), (Identity(),), "A-erf"),
            Prose(r"The volume element $\sqrt{\det g}=e^{d\Omega/2}\sqrt A$ is"),
            Step((term(sp.exp(d * O / 2)) * term(sp.sqrt(A)), root), (Identity(),), "volume-erf"),
            Prose(
                r"It falls with the distance from the origin. Putting [[Omega-erf]] into [[scalar-Omega]] gives "
                r"a negative curvature, linear in $s$ near the origin,"
            ),
            Step(
                (R, -(term(sp.pi / 2) * term(d - 1) * term(d + 2) * (term(sigma**2 * s) / term(c * sp.sqrt(u))))),
                (ForAll(), in_components(((2, 1),))),
                "scalar-erf",
            ),
            Prose(r"Near the origin and far from it $R/s$ and $R/\sqrt s$ tend to"),
            Step(
                (sp.Limit(scalar / s, s, 0), -(sp.pi / 2) * (d - 1) * (d + 2) * sigma**2 / c ** sp.Rational(3, 2)),
                (Identity("exact, limit"),),
                "limit-0",
            ),
            Step(
                (sp.Limit(scalar / sp.sqrt(s), s, sp.oo), -sp.sqrt(2) * sp.pi / 4 * (d - 1) * (d + 2) * sigma / c),
                (Identity("exact, limit"),),
                "limit-infinity",
            ),
            Prose(
                r"flat at the origin, and unboundedly curved, like $|x|$, far from it. A network without bias "
                r"has $c=1$; a large variance $\zeta^2$ of the bias flattens it everywhere."
            ),
        ),
    )


def comparison() -> Section:
    """Against the generic tower."""
    erf_c = 1 + 2 * zeta**2
    return Section(
        "Comparison with the general computation",
        (
            Prose(
                r"Nothing above computed a curvature from a matrix of functions. Here the metric [[metric]] goes "
                r"as a plain matrix of functions of $x_1,\dots,x_d$, with an unspecified $\Omega$, through the "
                r"general chain of inverse, Christoffel symbols, Riemann tensor and its traces, "
                r"and the outcome is compared with"
            ),
            Step(
                (2 * term(d - 1) * K_rt + term(d - 1) * term(d - 2) * K_tt, R),
                (Against("CoordinateMetric", tower, ((2, 1), (3, 1)), units=False),),
                "tower",
            ),
            Prose(r"and once more with the exponent of the erf network,"),
            LetFunction(Om, s, sp.log(2 * sigma**2 / (sp.pi * sp.sqrt(erf_c + 2 * sigma**2 * s))), "Omega-erf-again"),
            Step(
                (
                    -(term(sp.pi / 2) * term(d - 1) * term(d + 2) * (term(sigma**2 * s) / term(c * sp.sqrt(u)))),
                    2 * term(d - 1) * K_rt + term(d - 1) * term(d - 2) * K_tt,
                ),
                (Against("CoordinateMetric", tower, ((2, 1), (3, 1)), units=False),),
                "tower-erf",
            ),
        ),
    )


PROJECTOR = Tensor(r"\Pi", "dd")


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "The geometry of infinite width",
        r"The metric of a shallow network with Gaussian weights is derived in the limit of infinitely "
        r"many units, for any activation and in any dimension $d$, and from it the volume element, the "
        r"Christoffel symbols, the Riemann tensor, the sectional, Ricci and scalar curvatures. "
        r"All of it depends on one function $\Omega$ of $|x|^2$. For the erf network everything is elementary. "
        r"Every numbered equation was checked by machine when this text was made; the margin says how, "
        r"where \emph{every d} stands for a proof with a symbolic dimension, in an algebra of $\delta$ "
        r"and $x$.",
        (stein(), metric(), exponent(), volume(), connection(), curvature(), erf_network(), comparison()),
        (
            Reference(
                "stein",
                r"C. M. Stein, Estimation of the mean of a multivariate normal distribution, \emph{Annals of "
                r"Statistics} 9, 1135--1151, 1981.",
            ),
            Reference(
                "magnification",
                r"J. A. Zavatone-Veth, S. Yang, J. A. Rubinfien and C. Pehlevan, Neural networks learn to "
                r"magnify areas near decision boundaries, arXiv:2301.11375, 2023.",
            ),
            Reference(
                "williams",
                r"C. K. I. Williams, Computation with infinite neural networks, \emph{Neural Computation} 10, "
                r"1203--1216, 1998.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
