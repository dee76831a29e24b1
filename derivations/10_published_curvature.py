r"""Where the published scalar curvature of shallow networks loses a sign, what decides, and what it changes.

Source: Zavatone-Veth et al., arXiv:2301.11375, and the code published with it (Pehlevan-Group/nn_curvature); Misner,
Thorne and Wheeler, Gravitation (1973), for the Riemann tensor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    UNITS,
    Against,
    At,
    Components,
    Define,
    Derivation,
    Determinant,
    ForAll,
    Frame,
    Given,
    Identity,
    Inverse,
    LetFunction,
    LeviCivita,
    Likewise,
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
    UnitSum,
    inputs,
    term,
    units,
)
from symgeo.geometry import CoordinateMetric

NAME = "10_published_curvature"

mu, nu, la, rho, al, be, ga, ka = inputs(r"\mu \nu \lambda \rho \alpha \beta \gamma \kappa")
i, j, k = units("i j k")
d, n, x, s = INPUTS, UNITS, COORDINATES, RADIUS
quarter = sp.Rational(1, 4)
r, rim = sp.symbols("r q", positive=True)

phi = Opaque(r"\phi")
w, b, z = Tensor("w", "jd"), Tensor("b", "j"), Tensor("z", "j")
geometry = LeviCivita()
g_dd, g_uu, R = geometry.g_dd, geometry.g_uu, geometry.scalar[()]
T_ddd, T_uuu, t_d, t_u, U_dddd = (
    Tensor("T", "ddd"),
    Tensor("T", "uuu"),
    Tensor("t", "d"),
    Tensor("t", "u"),
    Tensor("U", "dddd"),
)
M, c = Tensor("M", "jj"), Tensor("c", "j")
slip_uddd, slip = Tensor(r"\tilde{R}", "uddd"), Tensor(r"\tilde{R}", "")[()]

# z_j is differentiated by the chain rule alone; weights and biases are constants.
CHAIN = Rules(
    letters=frozenset({z, w, b}),
    derivatives={z: ((mu, j), w[j, mu])},
    constants=frozenset({w, b}),
)

# A metric whose derivatives are totally symmetric, as letters.
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

hessian = ForAll(HESSIAN, "exact, every Hessian metric")
exact = (ForAll(), Components(((2, 1), (3, 1)), units=False))
surface = (Components(((2, 1),), units=False),)


def slipped(marked: LeviCivita) -> tuple[Tensor, Tensor]:
    """The Riemann tensor and the scalar of a metric, with the slip."""
    return Tensor(rf"\tilde{{{marked.mark}{{R}}}}", "uddd"), Tensor(rf"\tilde{{{marked.mark}{{R}}}}", "")


def likewise(marked: LeviCivita) -> Likewise:
    """Connection and curvature of a metric, right and slipped, by the formulas displayed for g."""
    tensors = (Tensor(r"\tilde{R}", "uddd"), Tensor(r"\tilde{R}", ""))
    return marked.like(geometry, *zip(tensors, slipped(marked), strict=True))


def wrong(marked: LeviCivita):
    """The scalar that the slip makes of a metric."""
    return slipped(marked)[1][()]


def tower_of(marked: LeviCivita):
    """The scalar curvature of a metric as a matrix, by the generic tower of `symgeo.geometry`."""

    def tower(frame: Frame) -> sp.Expr:
        matrix = sp.ImmutableDenseMatrix(frame.matrix(marked.g_dd))
        return sp.sympify(CoordinateMetric(matrix, frame.coordinates()).scalar_curvature())

    return tower


def triples():
    """The sum over triples of units by which the curvature of a network of two inputs is computed."""
    return UnitSum((i, j, k), M[j, k] ** 2 * M[i, j] * M[i, k] * phi(z[i], 1) ** 2 * c[j] * c[k])


def formulas() -> Section:
    """The network, and both formulas."""
    return Section(
        "Two formulas for one number",
        (
            Given((w, b)),
            Prose(r"A shallow network of $n$ units with weights $w_j\in\mathbb{R}^d$, biases $b_j$ and preactivations"),
            Define(z[j], w[j, mu] * x[mu] + b[j], "preactivation"),
            Prose(
                r"has features $\phi(z_j)/\sqrt n$, and pulls back to its inputs the metric (Greek indices are summed "
                r"where they occur twice)"
            ),
            Define(g_dd[mu, nu], term(1 / n) * UnitSum((j,), phi(z[j], 1) ** 2 * w[j, mu] * w[j, nu]), "metric"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 1), (2, 2))),
            Prose(r"With the derivative of the metric, its trace, and the derivative again,"),
            Define(T_ddd[la, mu, nu], Partial(la, g_dd[mu, nu]), "T"),
            Define(t_d[mu], g_uu[al, be] * T_ddd[al, be, mu], "trace"),
            Define(U_dddd[ka, la, mu, nu], Partial(ka, T_ddd[la, mu, nu]), "U"),
            Prose(r"and with raised indices,"),
            Define(T_uuu[la, mu, nu], g_uu[la, al] * g_uu[mu, be] * g_uu[nu, ga] * T_ddd[al, be, ga], "T-raised"),
            Define(t_u[mu], g_uu[mu, nu] * t_d[nu], "trace-raised"),
            Prose(
                r"the code published with [@magnification] computes the scalar curvature in three ways: in general, "
                r"from the Riemann tensor of the next section; for shallow networks, as"
                r" $-\frac34(t_\mu t^\mu-T_{\lambda\mu\nu}T^{\lambda\mu\nu})$; and for shallow networks of two inputs, "
                r"with the factor $-3$ before a sum over triples of units. We find a third of each. (The printed paper "
                r"was not at hand; its formula is possibly the same.) The definitions are"
            ),
            geometry.christoffel("christoffel"),
            geometry.riemann("riemann"),
            geometry.ricci("ricci"),
            geometry.scalar_curvature("scalar"),
            Prose(
                r"The metric is the Hessian of a function: $T$ and $U$ are totally symmetric. That, and the derivative "
                r"of the inverse metric, is all that the margin uses where it says \emph{every Hessian metric}:"
            ),
            Step(
                (Partial(al, g_uu[mu, nu]), -(g_uu[mu, be] * g_uu[nu, ga] * T_ddd[al, be, ga])),
                (
                    RulesHold(CHAIN, ((1, 2), (2, 2))),
                    RulesHold(HESSIAN, ((1, 2), (2, 2)), given=CHAIN),
                    hessian,
                ),
                "inverse-slope",
            ),
            Prose(r"From it follows a difference of two squares with the factor $\frac14$,"),
            Step(
                (R, quarter * (T_ddd[la, mu, nu] * T_uuu[la, mu, nu] - t_d[mu] * t_u[mu])),
                (hessian,),
                "ours",
            ),
            Prose(r"and for two inputs, with the abbreviations"),
            Define(c[j], phi(z[j], 1) * phi(z[j], 2), "c"),
            Define(M[j, k], w[j, 1] * w[k, 2] - w[j, 2] * w[k, 1], "minors"),
            Prose(r"the sum over triples with the factor $-1$:"),
            Step(
                (R, -(1 / (term(n**3) * Determinant(g_dd) ** 2)) * triples()),
                (Components(((2, 3),)), Against("CoordinateMetric", tower_of(geometry), ((2, 3),), seed=41)),
                "ours-plane",
                sp.Eq(d, 2),
            ),
        ),
    )


def lost() -> Section:
    """The sign, and the factor three."""
    return Section(
        "The sign that was lost",
        (
            Prose(
                r"The general routine of the published code differs from [[riemann]] in one thing: the two products "
                r"of Christoffel symbols stand under the opposite sign. Let $\tilde R$ be what it computes,"
            ),
            Define(slip_uddd[mu, nu, al, be], geometry.riemann_body(-1), "slip"),
            Define(slip, g_uu[nu, be] * slip_uddd[mu, nu, mu, be], "slip-scalar"),
            Prose(
                r"For a Hessian metric half of the derivatives in [[riemann]] drop out, since $U$ is totally "
                r"symmetric, and what the derivative of the inverse metric leaves is exactly $-2$ times the products. "
                r"Write $C$ for what $+1$ times the products contribute: the sum is $-2C+C=-C$ with the right sign and "
                r"$-2C-C=-3C$ with the wrong one, in every component,"
            ),
            Step(
                (g_dd[mu, la] * slip_uddd[la, nu, al, be], 3 * (g_dd[mu, la] * geometry.riemann_uddd[la, nu, al, be])),
                (hessian,),
                "three-riemann",
            ),
            Step((slip, 3 * R), (hessian, Components(((2, 3),))), "three"),
            Prose(r"and the published shortcut is true to the slip, not to the curvature:"),
            Step(
                (slip, -sp.Rational(3, 4) * (t_d[mu] * t_u[mu] - T_ddd[la, mu, nu] * T_uuu[la, mu, nu])),
                (hessian,),
                "shortcut",
            ),
            Prose(r"and so is the published sum,"),
            Step(
                (slip, -(3 / (term(n**3) * Determinant(g_dd) ** 2)) * triples()),
                (Components(((2, 3),)),),
                "shortcut-plane",
                sp.Eq(d, 2),
            ),
            Prose(
                r"So for every shallow network, of any width and activation, and in the limit of infinite width, "
                r"where the metric is a Hessian too, all three published routines agree with one another, and are "
                r"three times too large. That they agree is why the slip was not seen."
            ),
        ),
    )


bar, flat, hat = LeviCivita(r"\bar"), LeviCivita(r"\mathring"), LeviCivita(r"\hat")
bump = Opaque("f")


def decides() -> Section:
    """Paraboloid, plane, inverted space, and the sphere that sees nothing."""
    stretched = (DELTA[1, mu] + x[mu]) * (DELTA[1, nu] + x[nu]) + DELTA[2, mu] * DELTA[2, nu]
    return Section(
        "What decides",
        (
            Prose(
                r"Whether $R$ or $\tilde R$ is the scalar curvature is no matter of convention: no choice of signs or "
                r"index order changes the sign of the products relative to the derivatives [@mtw]. It can be decided "
                r"without trusting either. The paraboloid $y=\frac12|x|^2$ has, with $s:=|x|^2$, the metric"
            ),
            Define(bar.g_dd[mu, nu], DELTA[mu, nu] + x[mu] * x[nu], "paraboloid"),
            Define(bar.g_uu[mu, nu], DELTA[mu, nu] - x[mu] * x[nu] / (term(1) + s), "paraboloid-inverse"),
            Step((bar.g_uu[mu, la] * bar.g_dd[la, nu], DELTA[mu, nu]), exact, "paraboloid-check"),
            likewise(bar),
            Prose(
                r"and with connection and curvature, right and slipped, defined as for $g$ in [[christoffel]] to "
                r"[[scalar]], [[slip]] and [[slip-scalar]], the two candidates are, in every dimension,"
            ),
            Step(
                (bar.scalar[()], term(d - 1) * (term(d) + term(d - 2) * s) / (term(1) + s) ** 2),
                (*exact, Against("CoordinateMetric", tower_of(bar), ((2, 1), (3, 1)), units=False)),
                "paraboloid-right",
            ),
            Step(
                (wrong(bar), term(d - 1) * (term(d) + term(d - 4) * s) / (term(1) + s) ** 2),
                exact,
                "paraboloid-wrong",
            ),
            Prose(
                r"For $d=2$ these are $2/(1+s)^2$ and $2(1-s)/(1+s)^2$. The second is negative for $s>1$: it calls the "
                r"outer part of a convex surface saddle-shaped. Gauss's theorem decides by measuring. Half the scalar "
                r"curvature, integrated over the part of the surface above the disc $|x|\le r$, whose element of area "
                r"is $\sqrt{1+s}\,d^2x$, is the solid angle that the normals there sweep, here a spherical cap "
                r"about the vertical axis; the normal at the rim is inclined by $\arctan r$, so that the cap has the "
                r"area $2\pi(1-\cos\arctan r)$:"
            ),
            Step(
                (
                    sp.Integral(2 * sp.pi * rim / (1 + rim**2) ** sp.Rational(3, 2), (rim, 0, r)),
                    2 * sp.pi * (1 - sp.cos(sp.atan(r))),
                ),
                (Identity("exact, integrated"), Quadrature(51)),
                "normals",
            ),
            Prose(
                r"with $\frac12R\sqrt{1+s}=(1+s)^{-3/2}$ from [[paraboloid-right]]. It tends to $2\pi$, half a "
                r"sphere, as it must. From [[paraboloid-wrong]] one gets instead"
            ),
            Step(
                (
                    sp.Integral(2 * sp.pi * rim * (1 - rim**2) / (1 + rim**2) ** sp.Rational(3, 2), (rim, 0, r)),
                    2 * sp.pi * (3 - (3 + r**2) / sp.sqrt(1 + r**2)),
                ),
                (Identity("exact, integrated"), Quadrature(52)),
                "normals-wrong",
            ),
            Prose(
                r"which no solid angle can be, as it falls below every bound. Worse, $\tilde R$ is no scalar: it "
                r"depends on the coordinates. The plane, in coordinates $x$ with "
                r"$\Phi=(x_1+\frac12|x|^2,\;x_2)$ for Cartesian ones, has the metric"
            ),
            Define(flat.g_dd[mu, nu], stretched, "plane"),
            Inverse(flat.g_uu, flat.g_dd, (mu, nu, la), sizes=((2, 1),)),
            likewise(flat),
            Prose(r"Its Riemann tensor vanishes,"),
            Step((flat.riemann_uddd[mu, nu, al, be], 0), surface, "plane-flat", sp.Eq(d, 2)),
            Prose(r"but the slip gives it a curvature that it would not have in Cartesian coordinates:"),
            Step((wrong(flat), -(2 / (term(1) + x[1]) ** 2)), surface, "plane-wrong", sp.Eq(d, 2)),
            Prose(
                r"The usual test misses it. For a surface of revolution in polar coordinates, $x_1$ the length along "
                r"the meridian, $x_2$ the longitude and $f$ any profile,"
            ),
            Define(
                hat.g_dd[mu, nu],
                DELTA[1, mu] * DELTA[1, nu] + bump(x[1]) ** 2 * DELTA[2, mu] * DELTA[2, nu],
                "revolution",
            ),
            Inverse(hat.g_uu, hat.g_dd, (mu, nu, la), sizes=((2, 1),)),
            likewise(hat),
            Prose(
                r"the contraction of the products vanishes, and both signs give the correct value, $2$ for the "
                r"unit sphere ($f=\sin$):"
            ),
            Step(
                (hat.scalar[()], wrong(hat), -2 * (bump(x[1], 2) / bump(x[1]))),
                surface,
                "revolution-both",
                sp.Eq(d, 2),
            ),
        ),
    )


zz = sp.Symbol("z", real=True)
deep, top = LeviCivita(r"\breve"), LeviCivita(r"\acute")
first = (Tensor("h_{1}", ""), Tensor("h_{2}", ""))
second = (Tensor("y_{1}", ""), Tensor("y_{2}", ""), Tensor("y_{3}", ""))
p, q, o = Tensor("p", "d"), Tensor("q", "d"), Tensor("o", "d")
pulled = (
    Partial(mu, second[0][()]) * Partial(nu, second[0][()])
    + Partial(mu, second[1][()]) * Partial(nu, second[1][()])
    + Partial(mu, second[2][()]) * Partial(nu, second[2][()])
)
inner = (phi(x[2] - x[1]), phi(-x[2]), phi(-x[1] - x[2]))
alone = (
    Partial(mu, inner[0]) * Partial(nu, inner[0])
    + Partial(mu, inner[1]) * Partial(nu, inner[1])
    + Partial(mu, inner[2]) * Partial(nu, inner[2])
)


def witnessed(point: Tensor) -> tuple[Components, Against]:
    """Components, and the scalar curvature at a point by the generic tower."""

    def value(frame: Frame) -> sp.Expr:
        at = {axis: frame.evaluate(point[place], {}) for place, axis in enumerate(frame.coordinates(), 1)}
        return tower_of(deep)(frame).subs(at)

    return (*surface, Against("CoordinateMetric", value, ((2, 1),), units=False))


def shallow() -> Section:
    """Signs and zero sets stay."""
    return Section(
        "What it changes: shallow networks",
        (
            Prose(
                r"By [[three]] a picture of the scalar curvature of a shallow network, finite or infinitely wide, "
                r"keeps its signs, its zero set and its contours; the numbers at its contours are divided by three, "
                r"and a logarithm of $|R|$ is lowered by $\log 3$. What was said of where the curvature is positive or "
                r"negative, large or small, stands. Volume elements do not contain the curvature, and stand as they "
                r"are."
            ),
        ),
    )


def deeper() -> Section:
    """Two layers, in numbers."""
    return Section(
        "What it changes: deep networks",
        (
            Prose(
                r"The metric of a deeper network is no Hessian, and $\tilde R$ is wrong by no "
                r"constant factor, in places in its sign. For an example let"
            ),
            LetFunction(phi, zz, zz + zz**2 / 2, "quadratic"),
            Prose(r"be the activation of a network of two inputs, whose first layer has the units"),
            Define(first[0][()], phi(term(1) - x[1] + 2 * x[2]), "first-1"),
            Define(first[1][()], phi(x[1] + 2 * x[2] - 1), "first-2"),
            Prose(r"and whose second layer has"),
            Define(second[0][()], phi(first[1][()] - first[0][()]), "second-1"),
            Define(second[1][()], phi(-first[1][()]), "second-2"),
            Define(second[2][()], phi(-first[0][()] - first[1][()]), "second-3"),
            Prose(r"The metric of the second layer is"),
            Define(deep.g_dd[mu, nu], pulled, "deep-metric"),
            Inverse(deep.g_uu, deep.g_dd, (mu, nu, la), sizes=((2, 1),)),
            likewise(deep),
            Prose(
                r"With the definitions [[christoffel]] to [[scalar]], [[slip]] and [[slip-scalar]], now for it, at "
                r"the input"
            ),
            Define(p[mu], DELTA[1, mu], "p"),
            Prose(r"the curvature is negative, and the slip makes it positive and three times as large,"),
            Step((At(deep.scalar[()], p), term(-sp.Rational(2, 9))), witnessed(p), "at-p", sp.Eq(d, 2)),
            Step((At(wrong(deep), p), term(sp.Rational(2, 3))), surface, "at-p-wrong", sp.Eq(d, 2)),
            Prose(r"while at the input"),
            Define(q[mu], DELTA[1, mu] + DELTA[2, mu], "q"),
            Prose(r"it makes it nearly six times as large, with the right sign:"),
            Step((At(deep.scalar[()], q), term(-sp.Rational(42, 104329))), witnessed(q), "at-q", sp.Eq(d, 2)),
            Step((At(wrong(deep), q), term(-sp.Rational(130, 55233))), surface, "at-q-wrong", sp.Eq(d, 2)),
            Prose(
                r"The example shows also why. Its first layer has as many units as there are inputs, and is but a "
                r"change of coordinates for the second, a shallow network with inputs $h_1,h_2$. A scalar does not "
                r"feel that: [[at-p]] is the curvature of the second layer by itself, which has the metric"
            ),
            Define(top.g_dd[mu, nu], alone, "top-metric"),
            Inverse(top.g_uu, top.g_dd, (mu, nu, la), sizes=((2, 1),)),
            Prose(r"in its own inputs, written $x$ here. At its input $0=(h_1,h_2)(p)$, that is at"),
            likewise(top),
            Define(o[mu], DELTA[1, mu] - DELTA[1, mu], "o"),
            Prose(r"it has the same curvature,"),
            Step((At(top.scalar[()], o), At(deep.scalar[()], p)), surface, "chart", sp.Eq(d, 2)),
            Prose(r"but what the slip computes there has not even the same sign:"),
            Step((At(wrong(top), o), -At(wrong(deep), p)), surface, "chart-wrong", sp.Eq(d, 2)),
            Prose(
                r"Pictures of the curvature of deep networks that were computed with the published code are therefore "
                r"to be computed anew; those of shallow networks need new numbers at their scales only."
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "The published scalar curvature, and a lost sign",
        r"The scalar curvature of a shallow network that is computed by the code published with arXiv:2301.11375 is "
        r"exactly three times the scalar curvature of its metric, for any width, activation and number of inputs. "
        r"Both formulas are stated, the sign that was lost is found, and it is shown by means that contain no such "
        r"sign which of the two is right. Pictures of shallow networks keep their signs and zero sets; for deep "
        r"networks the error is no constant factor. Every numbered equation was checked by machine when this text was "
        r"made; the margin says how.",
        (formulas(), lost(), decides(), shallow(), deeper()),
        (
            Reference(
                "magnification",
                r"J. A. Zavatone-Veth, S. Yang, J. A. Rubinfien and C. Pehlevan, Neural networks learn to "
                r"magnify areas near decision boundaries, arXiv:2301.11375, 2023.",
            ),
            Reference(
                "mtw", r"C. W. Misner, K. S. Thorne and J. A. Wheeler, \emph{Gravitation}, Freeman, 1973, chapter 8."
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
