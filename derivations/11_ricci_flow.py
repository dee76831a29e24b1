r"""How curvature and volume change with the metric, and their evolution under Ricci flow, in every dimension.

Source: Hamilton, Three-manifolds with positive Ricci curvature (1982); Chow and Knopf, The Ricci flow: an introduction
(2004), ch. 3; Topping, Lectures on the Ricci flow (2006), ch. 2.
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
    Components,
    Define,
    Derivation,
    Determinant,
    EmbeddedMetric,
    ForAll,
    Frame,
    Given,
    Inverse,
    Let,
    LeviCivita,
    Likewise,
    Partial,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Slope,
    Step,
    Tensor,
    TwoMetrics,
    inputs,
    laplacian,
    nabla,
    term,
)
from symgeo.geometry import CoordinateMetric

NAME = "11_ricci_flow"

mu, nu, la, al, be, ka = inputs(r"\mu \nu \lambda \alpha \beta \kappa")
d, x, s = INPUTS, COORDINATES, RADIUS
half = sp.Rational(1, 2)
time = sp.Symbol("t", real=True)
a, square = sp.symbols(r"a \rho", positive=True)

geometry, bar = LeviCivita(), LeviCivita(r"\bar")
g_dd, g_uu, gamma_udd, riemann_uddd = geometry.g_dd, geometry.g_uu, geometry.gamma_udd, geometry.riemann_uddd
ricci_dd, R = geometry.ricci_dd, geometry.scalar[()]

embedded, embedded_bar = EmbeddedMetric(geometry, 4), EmbeddedMetric(bar, 3)
two = TwoMetrics(geometry, bar)
h_dd, h_uu, nabla_h, trace, div = two.h_dd, two.h_uu, two.nabla_h, two.trace, two.divergence
E, A, C, D, nabla_C, nabla_D = two.E, two.A, two.C, two.D, two.nabla_C, two.nabla_D
r_dd, q_dd, Q, nabla_A = two.r_dd, two.q_dd, two.Q[()], Tensor(r"(\nabla A)", "dudd")
div_div, lap_trace = Tensor("S", ""), Tensor("U", "")
rate = Tensor(r"\varrho", "")
epsilon, M, N, M_moved, M_inverse = (
    Tensor(r"\varepsilon", ""),
    Tensor("M", "dd"),
    Tensor("N", "dd"),
    Tensor(r"\hat{M}", "dd"),
    Tensor(r"\hat{M}", "uu"),
)
expansion, expansion_dot = Tensor(r"\theta", ""), Tensor(r"\dot{\theta}", "")
ricci_1, ricci_2 = Tensor(r"(\partial R)", "ddd"), Tensor(r"(\partial\partial R)", "dddd")
source, norm, box = Tensor("B", "d"), Tensor(r"|\mathrm{Ric}|^2", ""), Tensor(r"\Delta R", "")
g_dot, g_dot_up, nabla_dot = Tensor(r"\dot{g}", "dd"), Tensor(r"\dot{g}", "uu"), Tensor(r"(\nabla\dot{g})", "ddd")
trace_dot, div_dot = Tensor(r"\dot{T}", ""), Tensor(r"\dot{V}", "d")
div_div_dot, lap_trace_dot, R_dot = Tensor(r"\dot{S}", ""), Tensor(r"\dot{U}", ""), Tensor(r"\dot{R}", "")
traceless, traceless_norm = Tensor(r"\mathring{R}", "dd"), Tensor(r"|\mathring{\mathrm{Ric}}|^2", "")
clock, p = Tensor("t", ""), Tensor("p", "d")

EVERY = "exact, every d"


ONE = embedded.rules()
BOTH = ONE | embedded_bar.rules()
one, both = ForAll(ONE, EVERY), ForAll(BOTH, EVERY)
SIZES = ((1, 2), (2, 2))


def metrics() -> Section:
    """Two metrics and their difference."""
    maps, maps_bar = embedded.map_rules(), embedded_bar.map_rules()
    return Section(
        "Two metrics",
        (
            Given((embedded.family[0], embedded_bar.family[0]), of=x),
            Prose(
                r"Let $g$ be any smooth metric. Near a point, and by Nash's theorem [@nash] as a whole, it is the "
                r"metric that some map $\Phi$ into a Euclidean space of enough dimensions pulls back. With the "
                r"derivatives of such a map,"
            ),
            *embedded.derivatives(),
            Prose(
                r"in which Greek indices run over the $d$ coordinates and are summed where they occur twice, the "
                r"metric is"
            ),
            embedded.metric("metric"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 1), (2, 2))),
            Prose(
                r"The map serves the proofs alone: the derivatives of a metric obey no other laws than follow from "
                r"this form, and in it they are letters that are symmetric in all indices. Connection and curvature "
                r"are, with the signs for which a round sphere is positively curved,"
            ),
            geometry.christoffel("christoffel"),
            geometry.riemann("riemann"),
            geometry.ricci("ricci"),
            geometry.scalar_curvature("scalar"),
            embedded_bar.like(embedded),
            Prose(r"A second metric $\bar g$, of a map $\bar\Phi$, has everything with a bar, such as the inverse"),
            Inverse(bar.g_uu, bar.g_dd, (mu, nu, la), "inverse-bar", sizes=((1, 1), (2, 2))),
            bar.like(geometry),
            Prose(r"What stands between the two is the symmetric tensor"),
            two.define_h("h"),
            Prose(
                r"which may be of any size: nothing is dropped in this section and the next. Indices are raised with "
                r"$g$, not with $\bar g$,"
            ),
            two.define_h_up("h-up"),
            Prose(r"All that is used of the maps is that their derivatives commute, and what follows for the metric,"),
            Step(
                (Partial(la, g_dd[mu, nu]), embedded.slope(la, mu, nu)),
                (
                    RulesHold(maps, SIZES, units=False),
                    RulesHold(maps_bar, SIZES, units=False),
                    RulesHold(ONE, SIZES, given=maps, units=False),
                    RulesHold(BOTH, SIZES, given=maps | maps_bar, units=False),
                    one,
                ),
                "metric-slope",
            ),
            Prose(r"and its inverse. The inverses of the two metrics differ by"),
            Step(
                (bar.g_uu[mu, nu], g_uu[mu, nu] - bar.g_uu[mu, al] * h_dd[al, be] * g_uu[be, nu]),
                (both,),
                "inverse-exact",
            ),
            Prose(r"and with this put into itself,"),
            Step(
                (bar.g_uu[mu, nu], g_uu[mu, nu] - h_uu[mu, nu] + bar.g_uu[mu, al] * h_dd[al, be] * h_uu[be, nu]),
                (both,),
                "inverse-second",
            ),
            Prose(
                r"The Christoffel symbols of $\bar g$ and of $g$ differ by a tensor. Let $\nabla$ be the covariant "
                r"derivative of $g$,"
            ),
            two.define_nabla_h("nabla-h"),
            Prose(r"and let its three orders be combined as those of $\partial g$ are in a Christoffel symbol,"),
            two.define_E("E"),
            Prose(r"The difference"),
            Define(A[la, mu, nu], bar.gamma_udd[la, mu, nu] - gamma_udd[la, mu, nu], "A"),
            Prose(r"is this combination, raised with the inverse of the second metric:"),
            Step((A[la, mu, nu], bar.g_uu[la, ka] * E[ka, mu, nu]), (both,), "A-E"),
            Prose(r"With its covariant derivative,"),
            Define(nabla_A[ka, la, mu, nu], nabla(geometry, ka, A[la, mu, nu]), "nabla-A"),
            Prose(r"the Riemann tensors differ by"),
            Step(
                (
                    bar.riemann_uddd[mu, nu, al, be],
                    riemann_uddd[mu, nu, al, be]
                    + nabla_A[al, mu, be, nu]
                    - nabla_A[be, mu, al, nu]
                    + A[mu, al, la] * A[la, be, nu]
                    - A[mu, be, la] * A[la, al, nu],
                ),
                (both,),
                "riemann-exact",
            ),
        ),
    )


def variation() -> Section:
    """The scalar curvature to first order, with its remainder."""
    return Section(
        "First variation of curvature",
        (
            Prose(r"The difference of the connections has a part of first order in $h$ and one of second. They are"),
            two.define_C("C"),
            Define(D[la, mu, nu], C[la, mu, nu] - A[la, mu, nu], "D"),
            Prose(r"for by [[A-E]] and [[inverse-exact]] the second holds $h$ twice,"),
            Step(
                (D[la, mu, nu], bar.g_uu[la, al] * h_dd[al, be] * g_uu[be, ka] * E[ka, mu, nu]),
                (both,),
                "D-E",
            ),
            Likewise(((A, C), (nabla_A, nabla_C))),
            Likewise(((A, D), (nabla_A, nabla_D))),
            Prose(
                r"Their covariant derivatives are formed as in [[nabla-A]]. Contract [[riemann-exact]]: what is of "
                r"first order in the Ricci tensor is"
            ),
            two.define_r("r"),
            Prose(r"and the rest, in every term of which $h$ or $\nabla h$ occurs at least twice, is"),
            two.define_q("q"),
            Step((bar.ricci_dd[nu, be], ricci_dd[nu, be] + r_dd[nu, be] + q_dd[nu, be]), (both,), "ricci-exact"),
            Prose(r"The scalar curvature has one more contraction, and from it, by [[inverse-second]], the remainder"),
            two.define_Q("Q"),
            Step(
                (bar.scalar[()], R + g_uu[nu, be] * r_dd[nu, be] - h_uu[nu, be] * ricci_dd[nu, be] + Q),
                (both,),
                "scalar-exact",
            ),
            Prose(r"What is of first order is a divergence and a Laplacian. With the trace and the divergence of $h$,"),
            two.define_trace("trace"),
            two.define_divergence("div"),
            Define(div_div[()], g_uu[mu, nu] * nabla(geometry, mu, div[nu]), "div-div"),
            Define(lap_trace[()], laplacian(geometry, trace[()]), "lap-trace"),
            Prose(r"it is, for the difference of any two metrics, hence for every symmetric tensor,"),
            Step((g_uu[nu, be] * r_dd[nu, be], div_div[()] - lap_trace[()]), (both,), "first-order"),
            Prose(
                r"Let now $g$ move with time, $\partial_t g_{\mu\nu}=h_{\mu\nu}$, where $h$ is any smooth symmetric "
                r"tensor: after a short time $\varepsilon$ the metric is $\bar g=g+\varepsilon h+o(\varepsilon)$, and "
                r"$Q$ is of order $\varepsilon^2$. The rate of the scalar curvature is therefore"
            ),
            Define(rate[()], div_div[()] - lap_trace[()] - h_uu[mu, nu] * ricci_dd[mu, nu], "rate"),
            Prose(
                r"that is, $\partial_tR=\nabla^\mu\nabla^\nu h_{\mu\nu}-\Delta\,h^\mu{}_\mu-h^{\mu\nu}R_{\mu\nu}$ "
                r"[@chow-knopf]. Nothing but definitions stands between this and [[scalar-exact]]:"
            ),
            Step((bar.scalar[()] - R, rate[()] + Q), (both,), "variation"),
        ),
    )


def volume() -> Section:
    """Jacobi's formula."""
    sizes = ((1, 1), (2, 1), (3, 1))
    return Section(
        "Volume",
        (
            Given((M, N, epsilon)),
            Prose(r"For an invertible matrix $M$ and any other matrix $N$, let"),
            Define(M_moved[mu, nu], M[mu, nu] + epsilon[()] * N[mu, nu], "line"),
            Inverse(M_inverse, M_moved, (mu, nu, la), "line-inverse", sizes=sizes),
            Prose(r"The determinant grows at the rate that Jacobi's formula gives,"),
            Step(
                (Slope(LOG(Determinant(M_moved)), epsilon[()]), M_inverse[mu, nu] * N[nu, mu]),
                (Components(sizes, units=False),),
                "jacobi",
            ),
            Prose(
                r"Hence the volume element $dV=\sqrt{\det g}\,d^dx$ of a metric that moves with $\partial_tg=h$ obeys "
                r"$\partial_t\,dV=\theta\,dV$ with the rate"
            ),
            Define(expansion[()], half * g_uu[mu, nu] * h_dd[mu, nu], "expansion"),
            Prose(r"which is half of the trace [[trace]]."),
        ),
    )


def bianchi() -> Section:
    """The contracted Bianchi identity."""
    return Section(
        "The contracted Bianchi identity",
        (
            Prose(r"The divergence of the Ricci tensor,"),
            Define(source[nu], g_uu[al, be] * nabla(geometry, al, ricci_dd[be, nu]), "B"),
            Prose(r"is half of the gradient of its trace:"),
            Step((source[nu], half * Partial(nu, R)), (one,), "bianchi"),
            Prose(
                r"Both sides hold up to three derivatives of the metric, four of the map; the machine has brought them "
                r"to the same sum of products of $J$, $H$, $K$ and $g^{\mu\nu}$."
            ),
        ),
    )


def ricci_flow() -> Section:
    """The rates for dg/dt = -2 Ric."""
    letters = ONE | Rules(
        letters=frozenset({ricci_dd, ricci_1, ricci_2}),
        symmetric=frozenset({ricci_dd}),
        derivatives={
            ricci_dd: ((al, mu, nu), ricci_1[al, mu, nu]),
            ricci_1: ((be, al, mu, nu), ricci_2[be, al, mu, nu]),
        },
    )
    moved = ForAll(letters, EVERY)
    divergence = -2 * (g_uu[mu, nu] * Partial(mu, source[nu]) - g_uu[mu, la] * gamma_udd[nu, mu, la] * source[nu])
    bianchi_in = ForAll(letters, EVERY, using=("bianchi",))
    return Section(
        "Ricci flow",
        (
            Prose(r"Ricci flow [@hamilton] is $\partial_tg_{\mu\nu}=\dot g_{\mu\nu}$ with"),
            Define(g_dot[mu, nu], -2 * ricci_dd[mu, nu], "ricci-flow"),
            Likewise(
                (
                    (h_dd, g_dot),
                    (h_uu, g_dot_up),
                    (nabla_h, nabla_dot),
                    (trace, trace_dot),
                    (div, div_dot),
                    (div_div, div_div_dot),
                    (lap_trace, lap_trace_dot),
                    (rate, R_dot),
                    (expansion, expansion_dot),
                )
            ),
            Prose(
                r"Its rates of the scalar curvature, $\dot R$, and of the volume element, $\dot\theta$, are [[rate]] "
                r"and [[expansion]] with $\dot g$ for $h$. The second is seen at once:"
            ),
            Step((expansion_dot[()], -R), (one,), "volume-rate"),
            Prose(
                r"Under Ricci flow $\partial_t\,dV=-R\,dV$. For the first the derivatives of the Ricci tensor are "
                r"named,"
            ),
            Define(ricci_1[al, mu, nu], Partial(al, ricci_dd[mu, nu]), "ricci-1"),
            Define(ricci_2[be, al, mu, nu], Partial(be, ricci_1[al, mu, nu]), "ricci-2"),
            Prose(r"and its square and the Laplacian of the scalar curvature,"),
            Define(norm[()], g_uu[mu, al] * g_uu[nu, be] * ricci_dd[mu, nu] * ricci_dd[al, be], "norm"),
            Define(box[()], laplacian(geometry, R), "box"),
            Prose(
                r"Minus twice the Ricci tensor in [[rate]] gives its divergence [[B]] once more differentiated, and "
                r"its trace,"
            ),
            Step(
                (R_dot[()], divergence + 2 * box[()] + 2 * norm[()]),
                (RulesHold(letters, ((1, 2),), given=ONE, units=False), moved),
                "rate-B",
            ),
            Prose(r"and by [[bianchi]] the first of these takes away one of the two Laplacians:"),
            Step((divergence, -box[()]), (bianchi_in,), "half"),
            Step(
                (R_dot[()], box[()] + 2 * norm[()]),
                (ForAll(Rules(frozenset({box, norm})), EVERY, using=("rate-B", "half")),),
                "evolution",
            ),
            Prose(r"This is $\partial_tR=\Delta R+2|\mathrm{Ric}|^2$. Of the square, the trace alone is worth"),
            Define(traceless[mu, nu], ricci_dd[mu, nu] - term(1 / d) * R * g_dd[mu, nu], "traceless"),
            Define(
                traceless_norm[()],
                g_uu[mu, al] * g_uu[nu, be] * traceless[mu, nu] * traceless[al, be],
                "traceless-norm",
            ),
            Step((norm[()], traceless_norm[()] + term(1 / d) * R**2), (moved,), "square"),
            Prose(
                r"so that $\partial_tR\ge\Delta R+\frac2dR^2$: on a closed manifold the least scalar curvature never "
                r"falls, and if it is $R_0>0$ at $t=0$ the flow ends at $t=d/(2R_0)$ at the latest, which is when the "
                r"round sphere's does, for which $\mathring{R}=0$. The volume changes at the rate $-\int R\,dV$: for "
                r"surfaces, by Gauss and Bonnet, at $-4\pi\chi$ whatever the metric."
            ),
        ),
    )


tilde, hat, check = LeviCivita(r"\tilde"), LeviCivita(r"\hat"), LeviCivita(r"\check")
h_check = Tensor(r"\check{h}", "dd")


def likewise(metric: LeviCivita) -> Likewise:
    """Connection, curvature, its square and its Laplacian for another metric."""
    mark = metric.mark
    return metric.like(
        geometry,
        (norm, Tensor(rf"|{mark}{{\mathrm{{Ric}}}}|^2", "")),
        (box, Tensor(rf"{mark}{{\Delta}}{mark}{{R}}", "")),
    )


def drift(frame: Frame) -> sp.Expr:
    """The slope of the scalar curvature of g + epsilon h at epsilon = 0, by `symgeo.geometry`."""
    step = sp.Symbol("step", real=True)
    moved = sp.ImmutableDenseMatrix(frame.matrix(check.g_dd) + step * frame.matrix(h_check))
    curvature = sp.sympify(CoordinateMetric(moved, frame.coordinates()).scalar_curvature())
    return sp.diff(curvature, step).subs(step, 0)


def solution(
    metric: LeviCivita, sizes: tuple[tuple[int, int], ...], label: str, condition: sp.Basic
) -> tuple[Step, ...]:
    """That a metric solves Ricci flow, and that its volume and its curvature move as derived."""
    exact = (Components(sizes, units=False),)
    marked = dict(likewise(metric).pairs)
    after = marked[box][()] + 2 * marked[norm][()]
    return (
        Step((Slope(metric.g_dd[mu, nu], clock[()]), -2 * metric.ricci_dd[mu, nu]), exact, f"{label}-flows", condition),
        Step(
            (half * Slope(LOG(Determinant(metric.g_dd)), clock[()]), -metric.scalar[()]),
            exact,
            f"{label}-volume",
            condition,
        ),
        Step((Slope(metric.scalar[()], clock[()]), after), exact, f"{label}-evolution", condition),
    )


def tests() -> Section:
    """Solutions of Ricci flow, and a motion without symmetry."""
    cigar = sp.exp(4 * time) + s
    flat = DELTA[mu, nu]
    return Section(
        "Tests",
        (
            Given((clock, p)),
            Prose(
                r"In this section time is a variable like others, and the rates are found by differentiating exact "
                r"solutions by it. A round sphere stays round while its squared radius shrinks from $a^2$ to"
            ),
            Let(square, term(a**2) - 2 * term(d - 1) * term(time), "radius"),
            Prose(r"and its metric is, in stereographic coordinates,"),
            Define(tilde.g_dd[mu, nu], term(4 * square / (1 + s) ** 2) * flat, "sphere"),
            Define(tilde.g_uu[mu, nu], term((1 + s) ** 2 / (4 * square)) * flat, "sphere-inverse"),
            likewise(tilde),
            Step(
                (tilde.ricci_dd[mu, nu], term((d - 1) / square) * tilde.g_dd[mu, nu]), (ForAll(note=EVERY),), "einstein"
            ),
            *solution(tilde, ((2, 1), (3, 1)), "sphere", sp.Ge(d, 2)),
            Prose(
                r"Hamilton's cigar is a surface that moves by diffeomorphisms alone, and has curvature of every size, "
                r"with a Laplacian that does not vanish:"
            ),
            Define(hat.g_dd[mu, nu], term(1 / cigar) * flat, "cigar"),
            Define(hat.g_uu[mu, nu], term(cigar) * flat, "cigar-inverse"),
            likewise(hat),
            *solution(hat, ((2, 1),), "cigar", sp.Eq(d, 2)),
            Prose(
                r"Last, [[rate]] itself, for a round metric and a motion that is not, with an arbitrary constant "
                r"vector $p$,"
            ),
            Define(check.g_dd[mu, nu], (1 + term(s)) * flat + x[mu] * x[nu], "check"),
            Define(check.g_uu[mu, nu], (flat - x[mu] * x[nu] / (1 + 2 * term(s))) / (1 + term(s)), "check-inverse"),
            Step((check.g_uu[mu, la] * check.g_dd[la, nu], flat), (ForAll(note=EVERY),), "check-inverse-check"),
            Define(h_check[mu, nu], term(s) * p[mu] * p[nu] + p[mu] * x[nu] + x[mu] * p[nu], "check-h"),
            check.like(
                geometry,
                (h_dd, h_check),
                *(
                    (old, Tensor(rf"\check{{{old.name}}}", old.positions))
                    for old in (h_uu, nabla_h, trace, div, div_div, lap_trace, rate)
                ),
            ),
            Prose(
                r"is compared with what another program, the chain of inverse, Christoffel symbols, Riemann tensor and "
                r"traces of \texttt{symgeo.geometry}, finds for the metric $\check g+\varepsilon\check h$ when its "
                r"answer is differentiated by $\varepsilon$ at $\varepsilon=0$:"
            ),
            Step(
                (
                    Tensor(rf"\check{{{rate.name}}}", "")[()],
                    Tensor(rf"\check{{{div_div.name}}}", "")[()]
                    - Tensor(rf"\check{{{lap_trace.name}}}", "")[()]
                    - Tensor(rf"\check{{{h_uu.name}}}", "uu")[mu, nu] * check.ricci_dd[mu, nu],
                ),
                (Against("CoordinateMetric", drift, ((2, 1),), seed=41, units=False),),
                "drift",
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Curvature and volume under Ricci flow",
        r"Two metrics are compared without approximation: their connections, Riemann and Ricci tensors and scalar "
        r"curvatures, with a remainder that is quadratic in their difference. What is left to first order is the rate "
        r"of the scalar curvature for any motion of a metric, "
        r"$\partial_tR=\nabla^\mu\nabla^\nu h_{\mu\nu}-\Delta h^\mu{}_\mu-h^{\mu\nu}R_{\mu\nu}$. The contracted "
        r"Bianchi identity then gives the evolution under Ricci flow, $\partial_tR=\Delta R+2|\mathrm{Ric}|^2$ and "
        r"$\partial_t\,dV=-R\,dV$, for every metric in every dimension. Every numbered equation was checked by machine "
        r"when this text was made; the margin says how.",
        (metrics(), variation(), volume(), bianchi(), ricci_flow(), tests()),
        (
            Reference(
                "hamilton",
                r"R. S. Hamilton, Three-manifolds with positive Ricci curvature, \emph{Journal of Differential "
                r"Geometry} 17, 255--306, 1982.",
            ),
            Reference(
                "chow-knopf",
                r"B. Chow and D. Knopf, \emph{The Ricci Flow: An Introduction}, American Mathematical Society, 2004, "
                r"chapter 3.",
            ),
            Reference(
                "nash",
                r"J. Nash, The imbedding problem for Riemannian manifolds, \emph{Annals of Mathematics} 63, 20--63, "
                r"1956.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
