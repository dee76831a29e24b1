r"""The geometry of a shallow network of n units, from the feature map to the scalar curvature, in all its forms.

Source: Burges, Geometry and invariance in kernel based methods (1999), for the pullback; Zavatone-Veth et al.,
arXiv:2301.11375, for the network, whose published factor is found wrong in the last section but one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    DELTA_UNITS,
    INPUTS,
    LOG,
    UNITS,
    Against,
    Antiderivative,
    Array,
    Components,
    Define,
    Derivation,
    Determinant,
    Digits,
    ForAll,
    Frame,
    Given,
    Inverse,
    Known,
    LeviCivita,
    MinorSum,
    Opaque,
    Partial,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    Term,
    UnitSum,
    inputs,
    term,
    units,
)
from symgeo.geometry import CoordinateMetric

NAME = "03_shallow_network"

mu, nu, la, rho, al, be, ga, ka = inputs(r"\mu \nu \lambda \rho \alpha \beta \gamma \kappa")
i, j, k = units("i j k")
d, n, x = INPUTS, UNITS, COORDINATES
half, quarter = sp.Rational(1, 2), sp.Rational(1, 4)

phi = Opaque(r"\phi")
w, b, z = Tensor("w", "jd"), Tensor("b", "j"), Tensor("z", "j")
features = Tensor(r"\Phi", "j")
geometry = LeviCivita()
g_dd, g_uu, gamma_udd = geometry.g_dd, geometry.g_uu, geometry.gamma_udd
gamma_ddd = Tensor(r"\Gamma", "ddd")
T_ddd, T_uuu, t_d, t_u, U_dddd = (
    Tensor("T", "ddd"),
    Tensor("T", "uuu"),
    Tensor("t", "d"),
    Tensor("t", "u"),
    Tensor("U", "dddd"),
)
c, G, M = Tensor("c", "j"), Tensor("G", "jj"), Tensor("M", "jj")
L_dd = Tensor("L", "dd")
wrong_uddd, wrong = Tensor(r"\tilde{R}", "uddd"), Tensor(r"\tilde{R}", "")
R = geometry.scalar[()]

EVERY = "exact, every d and n"

# z_j is differentiated by the chain rule alone; weights and biases are constants.
CHAIN = Rules(
    letters=frozenset({z, w, b}),
    derivatives={z: ((mu, j), w[j, mu])},
    constants=frozenset({w, b}),
)

# A metric whose first and second derivatives are totally symmetric, as letters: what follows holds for every one.
HESSIAN = Rules(
    letters=frozenset({g_dd, g_uu, T_ddd, U_dddd}),
    symmetric=frozenset({g_dd, g_uu, T_ddd, U_dddd}),
    derivatives={
        g_dd: ((al, mu, nu), T_ddd[al, mu, nu]),
        g_uu: ((al, mu, nu), -(g_uu[mu, be] * g_uu[nu, ga] * T_ddd[al, be, ga])),
        T_ddd: ((al, mu, nu, la), U_dddd[al, mu, nu, la]),
    },
    inverses=((g_uu, g_dd),),
)

UNITWISE = CHAIN | Rules(letters=frozenset({g_uu}), symmetric=frozenset({g_uu}))


def slope(order: int, unit=j) -> Term:
    """The derivative of phi of the given order at the preactivation of a unit."""
    return phi(z[unit], order)


def tower(frame: Frame) -> sp.Expr:
    """The scalar curvature of the same metric, as a matrix, by the generic tower of `symgeo.geometry`."""
    return sp.sympify(
        CoordinateMetric(sp.ImmutableDenseMatrix(frame.matrix(g_dd)), frame.coordinates()).scalar_curvature()
    )


def metric() -> Section:
    """Feature map, preactivation, metric."""
    return Section(
        "The metric",
        (
            Given((w, b)),
            Prose(
                r"A shallow network of $n$ units maps an input $x\in\mathbb{R}^d$ to $n$ features. Unit $j$ has "
                r"a weight vector $w_j\in\mathbb{R}^d$ and a bias $b_j$, and forms the preactivation"
            ),
            Define(z[j], w[j, mu] * x[mu] + b[j], "preactivation"),
            Prose(
                r"Greek indices run from $1$ to $d$, and one that occurs twice in a product is summed; Latin "
                r"indices count units and are summed only where a sum is written. "
                r"With a smooth activation $\phi$, about which nothing else is assumed, the features are"
            ),
            Define(features[j], term(1 / sp.sqrt(n)) * slope(0), "features"),
            Prose(
                r"Two nearby inputs are as far apart as their features are. The metric that the network induces "
                r"on its inputs is therefore the pullback of the flat metric of $\mathbb{R}^n$ [@burges],"
            ),
            Define(g_dd[mu, nu], UnitSum((j,), Partial(mu, features[j]) * Partial(nu, features[j])), "pullback"),
            Prose(r"and since $\partial_\mu z_j = w_{j\mu}$,"),
            Step(
                (g_dd[mu, nu], term(1 / n) * UnitSum((j,), slope(1) ** 2 * w[j, mu] * w[j, nu])),
                (
                    ForAll(CHAIN, EVERY),
                    Components(((1, 2), (2, 3), (3, 4))),
                    RulesHold(CHAIN, ((1, 2), (2, 3))),
                ),
                "metric",
            ),
        ),
    )


def volume() -> Section:
    """Cauchy-Binet."""
    minors = MinorSum(w, j, slope(1) ** 2)
    tuples = MinorSum(w, j, slope(1) ** 2, increasing=False)
    return Section(
        "The volume element",
        (
            Prose(
                r"The metric [[metric]] is a product $\frac1n W^{\mathsf T} D W$ with the $n\times d$ matrix $W$ "
                r"of weights and the diagonal matrix $D$ of the $\phi'(z_j)^2$. "
                r"Its determinant is therefore a sum over all sets of $d$ units, by the formula of Cauchy and Binet:"
            ),
            Step(
                (Determinant(g_dd), term(n ** (-d)) * minors),
                (Components(((1, 1), (1, 3), (2, 2), (2, 3), (3, 4))),),
                "cauchy-binet",
            ),
            Prose(
                r"A set is met $d!$ times among the ordered $d$-tuples, and a tuple in which a unit is repeated "
                r"contributes nothing, so that"
            ),
            Step(
                (Determinant(g_dd), term(1 / (n**d * sp.factorial(d))) * tuples),
                (Components(((1, 3), (2, 3), (3, 3))),),
                "tuples",
            ),
            Prose(
                r"The volume element $\sqrt{\det g}$ is the root of this sum of squares. With fewer units than "
                r"inputs the sum is empty and the metric degenerate:"
            ),
            Step((Determinant(g_dd), 0), (Components(((2, 1), (3, 1), (3, 2))),), "degenerate", sp.Lt(n, d)),
            Prose(r"From here on $g$ is taken to be invertible, with the inverse $g^{\mu\nu}$:"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse"),
        ),
    )


def hessian() -> Section:
    """T, its symmetry, the potential."""
    potential = Antiderivative("F", lambda t: phi(t, 1) ** 2, 2)
    return Section(
        "The metric is a Hessian",
        (
            Prose(r"Write $T$ for the derivative of the metric,"),
            Define(T_ddd[la, mu, nu], Partial(la, g_dd[mu, nu]), "T"),
            Prose(r"By the chain rule, differentiating [[metric]] brings down one more weight:"),
            Step(
                (T_ddd[la, mu, nu], term(2 / n) * UnitSum((j,), slope(1) * slope(2) * w[j, la] * w[j, mu] * w[j, nu])),
                (
                    ForAll(CHAIN, EVERY),
                    Components(((2, 3), (3, 2))),
                ),
                "T-units",
            ),
            Prose(r"This is symmetric in all three indices, while for a general metric it is so only in the last two:"),
            Step(
                (T_ddd[la, mu, nu], T_ddd[mu, la, nu], T_ddd[nu, mu, la]),
                (
                    ForAll(CHAIN, EVERY),
                    Components(((2, 3), (3, 2))),
                ),
                "symmetry",
            ),
            Prose(r"Equivalently, $g$ is the Hessian of a potential. Let $F$ be any function with $F''=\phi'^2$; then"),
            Step(
                (g_dd[mu, nu], Partial(mu, Partial(nu, term(1 / n) * UnitSum((j,), potential(z[j]))))),
                (
                    ForAll(CHAIN, EVERY),
                    Components(((1, 2), (2, 3))),
                ),
                "potential",
            ),
            Prose(r"For the same reason the second derivatives of the metric,"),
            Define(U_dddd[ka, la, mu, nu], Partial(ka, T_ddd[la, mu, nu]), "U"),
            Prose(
                r"are totally symmetric. That they are so in the last three indices is [[symmetry]]; in the first two,"
            ),
            Step(
                (U_dddd[ka, la, mu, nu], U_dddd[la, ka, mu, nu]),
                (ForAll(CHAIN, EVERY), Components(((2, 3),))),
                "U-symmetry",
            ),
            Prose(
                r"The next two sections use of the network no more than this. Where the margin says \emph{every "
                r"Hessian metric}, "
                r"$g$, its inverse, $T$ and $U$ are symmetric letters that obey [[inverse]], [[T]], [[U]] and "
                r"the rule for the "
                r"derivative of an inverse, which is"
            ),
            Step(
                (Partial(al, g_uu[mu, nu]), -(g_uu[mu, be] * g_uu[nu, ga] * T_ddd[al, be, ga])),
                (Components(((1, 2), (2, 3))), RulesHold(HESSIAN, ((2, 3),), given=CHAIN)),
                "inverse-slope",
            ),
        ),
    )


def connection() -> Section:
    """Christoffel symbols."""
    every = "exact, every Hessian metric"
    return Section(
        "Christoffel symbols",
        (
            Prose(r"The Christoffel symbols are, for any metric,"),
            geometry.christoffel("christoffel"),
            Prose(r"and with the first index lowered,"),
            Define(gamma_ddd[la, mu, nu], g_dd[la, rho] * gamma_udd[rho, mu, nu], "first-kind"),
            Prose(
                r"Of the three derivatives in [[christoffel]] two cancel by [[symmetry]], and half of the third "
                r"is left:"
            ),
            Step(
                (gamma_ddd[la, mu, nu], half * T_ddd[la, mu, nu]),
                (
                    ForAll(HESSIAN, every),
                    Components(((2, 3),)),
                ),
                "first-kind-T",
            ),
            Step(
                (gamma_udd[la, mu, nu], half * g_uu[la, rho] * T_ddd[rho, mu, nu]),
                (
                    ForAll(HESSIAN, every),
                    Components(((2, 3),)),
                ),
                "second-kind-T",
            ),
        ),
    )


def curvature() -> Section:
    """Riemann, Ricci, scalar."""
    every = "exact, every Hessian metric"
    squares = w[j, nu] * w[j, la] * w[k, mu] * w[k, rho] - w[j, nu] * w[j, rho] * w[k, mu] * w[k, la]
    riemann = quarter * g_uu[al, be] * (T_ddd[al, nu, la] * T_ddd[be, mu, rho] - T_ddd[al, nu, rho] * T_ddd[be, mu, la])
    return Section(
        "Curvature",
        (
            Prose(r"The Riemann tensor, with the sign for which a round sphere is positively curved, is"),
            geometry.riemann("riemann"),
            geometry.lowered("riemann-lowered"),
            Prose(
                r"In the difference of the two derivatives the second derivatives $U$ of the metric drop out, "
                r"since they are totally symmetric. What is left of it comes from the derivative "
                r"[[inverse-slope]] of the inverse metric, "
                r"and is $-2$ times what the two products of Christoffel symbols give, namely $\mp\frac12$ "
                r"against $\pm\frac14$ of the same contraction. Their sum is"
            ),
            Step(
                (geometry.riemann_dddd[mu, nu, la, rho], riemann),
                (
                    ForAll(HESSIAN, every),
                    Components(((2, 3),)),
                ),
                "riemann-T",
            ),
            Prose(r"Its contractions are the Ricci tensor and the scalar curvature,"),
            geometry.ricci("ricci"),
            geometry.scalar_curvature("scalar"),
            Prose(r"With $T$ with its indices raised, and its trace $t$,"),
            Define(T_uuu[la, mu, nu], g_uu[la, al] * g_uu[mu, be] * g_uu[nu, ga] * T_ddd[al, be, ga], "T-raised"),
            Define(t_d[mu], g_uu[al, be] * T_ddd[al, be, mu], "trace"),
            Define(t_u[mu], g_uu[mu, nu] * t_d[nu], "trace-raised"),
            Prose(r"which is the gradient of the logarithm of the determinant,"),
            Step(
                (t_d[mu], Partial(mu, LOG(Determinant(g_dd)))),
                (Components(((1, 2), (2, 3))),),
                "trace-slope",
            ),
            Prose(r"the contraction of [[riemann-T]] is a difference of two squares:"),
            Step(
                (R, quarter * (T_ddd[la, mu, nu] * T_uuu[la, mu, nu] - t_d[mu] * t_u[mu])),
                (
                    ForAll(HESSIAN, every),
                    Components(((2, 3),)),
                ),
                "scalar-T",
            ),
            Prose(r"Only first derivatives of the metric, that is $\phi'$ and $\phi''$, enter. In terms of units, let"),
            Define(c[j], slope(1) * slope(2), "c"),
            Define(G[j, k], w[j, mu] * g_uu[mu, nu] * w[k, nu], "G"),
            Prose(
                r"Putting [[T-units]] into [[riemann-T]] and [[scalar-T]] turns every contraction into an entry of $G$:"
            ),
            Step(
                (riemann, term(1 / n**2) * UnitSum((j, k), c[j] * c[k] * G[j, k] * squares)),
                (
                    ForAll(UNITWISE, EVERY),
                    Components(((2, 3),)),
                ),
                "riemann-units",
            ),
            Step(
                (
                    quarter * (T_ddd[la, mu, nu] * T_uuu[la, mu, nu] - t_d[mu] * t_u[mu]),
                    term(1 / n**2) * UnitSum((j, k), c[j] * c[k] * G[j, k] * (G[j, k] ** 2 - G[j, j] * G[k, k])),
                ),
                (
                    ForAll(UNITWISE, EVERY),
                    Components(((2, 3),)),
                    Digits(54, ((2, 4),), points=1),
                ),
                "scalar-units",
            ),
        ),
    )


def plane() -> Section:
    """Two inputs."""
    array = Array(
        (
            (g_dd[1, 1], g_dd[1, 2], g_dd[2, 2]),
            (T_ddd[1, 1, 1], T_ddd[1, 1, 2], T_ddd[1, 2, 2]),
            (T_ddd[1, 1, 2], T_ddd[1, 2, 2], T_ddd[2, 2, 2]),
        )
    )
    volume = Determinant(g_dd)
    weights = slope(1, i) ** 2 * c[j] * c[k]
    return Section(
        "Two inputs",
        (
            Prose(
                r"For $d=2$ the scalar curvature is the single number that the Riemann tensor holds, and "
                r"[[scalar-T]] becomes a determinant of order three,"
            ),
            Step(
                (R, -(array / (2 * volume**2))),
                (
                    Components(((2, 3),)),
                    Digits(61, ((2, 4),), points=1),
                ),
                "plane-determinant",
                sp.Eq(d, 2),
            ),
            Prose(r"which is evaluated in $O(n)$ operations at a point. With the minors of pairs of units,"),
            Define(M[j, k], w[j, 1] * w[k, 2] - w[j, 2] * w[k, 1], "minors"),
            Prose(r"the array expands into a sum over triples:"),
            Step(
                (R, -(1 / (term(n**3) * volume**2)) * UnitSum((i, j, k), M[j, k] ** 2 * M[i, j] * M[i, k] * weights)),
                (
                    Components(((2, 3),)),
                    Digits(62, ((2, 4),), points=1),
                ),
                "plane-triples",
                sp.Eq(d, 2),
            ),
        ),
    )


def flat() -> Section:
    """n = d, d = 1."""
    return Section(
        "Where the curvature vanishes",
        (
            Prose(
                r"With as many units as inputs the preactivations are a chart (where the weights are "
                r"independent), and in it the metric [[metric]] is diagonal, its entry $j$ a function of $z_j$ "
                r"alone. "
                r"Rescaling each coordinate by itself makes it Euclidean, so that the network is flat. In the "
                r"terms used above,"
            ),
            Step(
                (G[j, k], n * DELTA_UNITS[j, k] / slope(1) ** 2),
                (Components(((1, 1), (2, 2), (3, 3))),),
                "chart",
                sp.Eq(n, d),
            ),
            Prose(
                r"A summand of [[riemann-units]] vanishes for $j=k$ by its antisymmetry and for $j\ne k$ by [[chart]]:"
            ),
            Step(
                (geometry.riemann_dddd[mu, nu, la, rho], 0),
                (Components(((1, 1), (2, 2))),),
                "flat",
                sp.Eq(n, d),
            ),
            Prose(r"So is every network of one input:"),
            Step((R, 0), (Components(((1, 2), (1, 3))),), "line", sp.Eq(d, 1)),
        ),
    )


def published() -> Section:
    """The lost sign, and what decides."""
    rows = tuple(
        (Partial(mu, Partial(nu, features[u])), Partial(1, features[u]), Partial(2, features[u])) for u in (1, 2, 3)
    )
    bar = LeviCivita(r"\bar")
    bar_wrong = Tensor(r"\tilde{\bar{R}}", "uddd")
    hat = LeviCivita(r"\hat")
    hat_wrong = Tensor(r"\tilde{\hat{R}}", "uddd")
    sine = Known(r"\sin", sp.sin)
    s = sp.Symbol("s", positive=True)
    three = sp.And(sp.Eq(d, 2), sp.Eq(n, 3))
    return Section(
        "The published scalar curvature",
        (
            Prose(
                r"The code published with [@magnification], and possibly the printed formula, has $\frac34$ "
                r"where [[scalar-T]] has $\frac14$ and $-3$ where [[plane-triples]] has $-1$: three times the "
                r"curvature found here. "
                r"Its general routine shows where the factor comes from. The two products of Christoffel symbols "
                r"stand in it with the opposite sign,"
            ),
            Define(wrong_uddd[mu, nu, al, be], geometry.riemann_body(-1), "slip"),
            Prose(r"whose contraction,"),
            Define(wrong[()], g_uu[nu, be] * wrong_uddd[mu, nu, mu, be], "slip-scalar"),
            Prose(
                r"is for every Hessian metric, hence for every shallow network, exactly three times the scalar "
                r"curvature:"
            ),
            Step(
                (wrong[()], 3 * R),
                (
                    ForAll(HESSIAN, "exact, every Hessian metric"),
                    Components(((2, 3),)),
                ),
                "three",
            ),
            Prose(
                r"Which of the two is right is decided by a computation in which no such sign occurs. For $d=2$ "
                r"and $n=3$ the features are a surface in $\mathbb{R}^3$, and Gauss's curvature is the "
                r"determinant of its second fundamental form over that of the first. With"
            ),
            Define(L_dd[mu, nu], Array(rows), "second-form"),
            Prose(r"(the second derivative of the surface against its normal, which is not normalised), it is half of"),
            Step(
                (
                    term(2) * (L_dd[1, 1] * L_dd[2, 2] - L_dd[1, 2] ** 2) / Determinant(g_dd) ** 2,
                    R,
                ),
                (Components(((2, 3),)),),
                "gauss",
                three,
            ),
            Prose(
                r"which is $R$, and not $\tilde R=3R$. The paraboloid $y=\frac12|x|^2$ shows the slip by itself. "
                r"Its metric and inverse metric are, with $s=|x|^2$,"
            ),
            Define(bar.g_dd[mu, nu], DELTA[mu, nu] + x[mu] * x[nu], "paraboloid"),
            Define(bar.g_uu[mu, nu], DELTA[mu, nu] - x[mu] * x[nu] / term(1 + s), "paraboloid-inverse"),
            Step(
                (bar.g_uu[mu, la] * bar.g_dd[la, nu], DELTA[mu, nu]),
                (ForAll(), Components(((2, 1), (3, 1)), units=False)),
                "paraboloid-check",
            ),
            Prose(r"For it the definitions of connection and curvature read"),
            bar.christoffel(),
            bar.riemann(),
            bar.ricci(),
            bar.scalar_curvature(),
            Prose(r"Its scalar curvature is"),
            Step(
                (bar.scalar[()], term(d - 1) * (term(d) + term(d - 2) * s) / term((1 + s) ** 2)),
                (
                    ForAll(),
                    Components(((2, 1), (3, 1)), units=False),
                ),
                "paraboloid-scalar",
            ),
            Prose(
                r"for $d=2$ the classical $2/(1+s)^2$, which is positive everywhere, as it must be on a convex "
                r"surface. With the products of Christoffel symbols under the wrong sign,"
            ),
            Define(bar_wrong[mu, nu, al, be], bar.riemann_body(-1), "paraboloid-slip"),
            Step(
                (
                    bar.g_uu[nu, be] * bar_wrong[mu, nu, mu, be],
                    term(d - 1) * (term(d) + term(d - 4) * s) / term((1 + s) ** 2),
                ),
                (
                    ForAll(),
                    Components(((2, 1), (3, 1)), units=False),
                ),
                "paraboloid-wrong",
            ),
            Prose(
                r"comes out, for $d=2$ the value $2(1-s)/(1+s)^2$, which changes sign at $s=1$. (The metric of "
                r"the paraboloid is no Hessian, so that the error is not a factor here; nor is it one for deep "
                r"networks.) "
                r"The usual test does not see the slip. For the round sphere in polar coordinates, $x_1$ the "
                r"colatitude and $x_2$ the longitude,"
            ),
            Define(
                hat.g_dd[mu, nu], DELTA[1, mu] * DELTA[1, nu] + sine(x[1]) ** 2 * DELTA[2, mu] * DELTA[2, nu], "sphere"
            ),
            Inverse(hat.g_uu, hat.g_dd, (mu, nu, la), sizes=((2, 1),)),
            Prose(r"and with"),
            hat.christoffel(),
            hat.riemann(),
            Define(hat_wrong[mu, nu, al, be], hat.riemann_body(-1), "sphere-slip"),
            Prose(r"both signs give the same, and correct, value:"),
            Step(
                (hat.g_uu[nu, be] * hat.riemann_uddd[mu, nu, mu, be], hat.g_uu[nu, be] * hat_wrong[mu, nu, mu, be], 2),
                (Components(((2, 1),), units=False),),
                "sphere-scalar",
                sp.Eq(d, 2),
            ),
        ),
    )


def comparison() -> Section:
    """Against the generic tower."""
    return Section(
        "Comparison with the general computation",
        (
            Prose(
                r"Nothing above computed a curvature from a matrix of functions. That is done here: the metric "
                r"[[metric]] of $n$ units in $d$ inputs, with symbolic weights, biases and activation, goes as a "
                r"plain matrix through the general chain "
                r"of inverse, Christoffel symbols, Riemann tensor and its traces, and the outcome is compared with"
            ),
            Step(
                (
                    term(1 / n**2) * UnitSum((j, k), c[j] * c[k] * G[j, k] * (G[j, k] ** 2 - G[j, j] * G[k, k])),
                    quarter * (T_ddd[la, mu, nu] * T_uuu[la, mu, nu] - t_d[mu] * t_u[mu]),
                ),
                (Against("CoordinateMetric", tower, ((2, 3), (2, 4)), seed=81),),
                "tower",
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "The geometry of a shallow network",
        r"The metric that a network of one hidden layer induces on its inputs is derived for any smooth "
        r"activation, any number $n$ of units and any number $d$ of inputs, and from it the volume "
        r"element, the Christoffel symbols, the Riemann tensor and the scalar curvature. "
        r"The metric is a Hessian, and its curvature a difference of two squares. The last section but "
        r"one finds the published scalar curvature three times too large, and shows what decides. "
        r"Every numbered equation was checked by machine when this text was made; the margin says how.",
        (metric(), volume(), hessian(), connection(), curvature(), plane(), flat(), published(), comparison()),
        (
            Reference(
                "burges",
                r"C. J. C. Burges, Geometry and invariance in kernel based methods, in \emph{Advances in Kernel "
                r"Methods: Support Vector Learning}, MIT Press, 1999.",
            ),
            Reference(
                "magnification",
                r"J. A. Zavatone-Veth, S. Yang, J. A. Rubinfien and C. Pehlevan, Neural networks learn to "
                r"magnify areas near decision boundaries, arXiv:2301.11375, 2023.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
