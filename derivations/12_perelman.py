r"""Perelman's functional F: its first variation, and its rate under his coupled flow, in every dimension.

Source: Perelman, The entropy formula for the Ricci flow and its geometric applications, arXiv:math/0211159, section 1;
Topping, Lectures on the Ricci flow (2006), ch. 6.
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
    LeviCivita,
    Likewise,
    Partial,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    Term,
    TwoMetrics,
    inputs,
    jets,
    laplacian,
    nabla,
    term,
)
from symgeo.geometry import CoordinateMetric

NAME = "12_perelman"

mu, nu, la, al, be, ka, rho = inputs(r"\mu \nu \lambda \alpha \beta \kappa \rho")
x, s = COORDINATES, RADIUS
half = sp.Rational(1, 2)

geometry, bar = LeviCivita(), LeviCivita(r"\bar")
g_dd, g_uu, gamma_udd = geometry.g_dd, geometry.g_uu, geometry.gamma_udd
ricci_dd, R = geometry.ricci_dd, geometry.scalar[()]

embedded, embedded_bar = EmbeddedMetric(geometry, 4), EmbeddedMetric(bar, 3)
two = TwoMetrics(geometry, bar)
f, f_1, f_2, f_3 = Tensor("f", ""), Tensor("f", "d"), Tensor("f", "dd"), Tensor("f", "ddd")
phi, phi_1, phi_2 = Tensor(r"\varphi", ""), Tensor(r"\varphi", "d"), Tensor(r"\varphi", "dd")
log_m = Tensor(r"\log m", "")
hess, lap_f, square = Tensor(r"(\nabla\nabla f)", "dd"), Tensor(r"\Delta f", ""), Tensor(r"|\nabla f|^2", "")

h_dd, h_uu, nabla_h, trace, div = two.h_dd, two.h_uu, two.nabla_h, two.trace, two.divergence
E, A, C, D, nabla_C, nabla_D = two.E, two.A, two.C, two.D, two.nabla_C, two.nabla_D
quadratic, more, growth, rate = two.Q, Tensor("P", ""), Tensor(r"\theta", ""), Tensor(r"\varrho", "")
flux, vector, climb, turned = Tensor("Y", "u"), Tensor("v", "u"), Tensor("G", "u"), Tensor("Z", "u")
out, out_climb, out_turned = (Tensor(rf"\mathrm{{div}}_m {name}", "") for name in "YGZ")
density, change, square_bar = Tensor("S", ""), Tensor(r"\sigma", ""), Tensor(r"|\nabla\bar{f}|^2", "")

B, B_1, B_2, B_uu = (
    Tensor("B", "dd"),
    Tensor(r"(\partial B)", "ddd"),
    Tensor(r"(\partial\partial B)", "dddd"),
    Tensor("B", "uu"),
)
norm, source = Tensor("|B|^2", ""), Tensor("X", "d")
potential, potential_1 = Tensor(r"\Lambda", ""), Tensor(r"\Lambda", "d")
g_dot, f_dot = Tensor(r"\dot{g}", "dd"), Tensor(r"\dot{f}", "")
change_dot, growth_dot = Tensor(r"\dot{\sigma}", ""), Tensor(r"\dot{\theta}", "")
flux_dot, out_dot = Tensor(r"\dot{Y}", "u"), Tensor(r"\mathrm{div}_m \dot{Y}", "")

root, f_root = Tensor("u", ""), Tensor("f_u", "")
EVERY = "exact, every d"
SIZES = ((1, 2), (2, 2))


F_RULES, PHI_RULES = jets(f, f_1, f_2, f_3), jets(phi, phi_1, phi_2)
JETS = embedded.map_rules() | embedded_bar.map_rules() | F_RULES | PHI_RULES
ONE = embedded.rules() | F_RULES
BOTH = ONE | embedded_bar.rules() | PHI_RULES
MOVING = ONE | Rules(
    letters=frozenset({B, B_1, B_2, ricci_dd}),
    symmetric=frozenset({B}),
    derivatives={
        # Written so that its symmetry in the last two indices is seen.
        B: ((al, mu, nu), half * (B_1[al, mu, nu] + B_1[al, nu, mu])),
        B_1: ((be, al, mu, nu), B_2[be, al, mu, nu]),
    },
)
PARTS = ONE | Rules(
    letters=frozenset({ricci_dd, potential, potential_1}),
    symmetric=frozenset({ricci_dd}),
    derivatives={potential: ((mu,), potential_1[mu])},
)
one, both = ForAll(ONE, EVERY), ForAll(BOTH, EVERY)


def weighted(field: Tensor) -> Term:
    """The divergence of a vector field with respect to the measure."""
    return Partial(mu, field[mu]) + gamma_udd[rho, rho, mu] * field[mu] - f_1[mu] * field[mu]


def stage() -> Section:
    """Metric, function, measure."""
    return Section(
        "A metric, a function, a measure",
        (
            Given((embedded.family[0], embedded_bar.family[0], f, phi), of=x),
            Given((vector,), of=x),
            Prose(
                r"As in the derivation of Ricci flow, which accompanies this one, $g$ is any metric, written for the "
                r"sake of the proofs as the one that a map $\Phi$ to a Euclidean space pulls back [@nash]: with"
            ),
            *embedded.derivatives(),
            embedded.metric("metric"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 1), (2, 2))),
            geometry.christoffel("christoffel"),
            geometry.riemann("riemann"),
            geometry.ricci("ricci"),
            geometry.scalar_curvature("scalar"),
            Prose(r"Beside it there is a smooth function $f$, with derivatives"),
            Define(f_1[mu], Partial(mu, f[()]), "f-1"),
            Define(f_2[mu, nu], Partial(mu, f_1[nu]), "f-2"),
            Define(f_3[la, mu, nu], Partial(la, f_2[mu, nu]), "f-3"),
            Define(hess[mu, nu], f_2[mu, nu] - gamma_udd[rho, mu, nu] * f_1[rho], "hess"),
            Define(lap_f[()], g_uu[mu, nu] * hess[mu, nu], "lap-f"),
            Define(square[()], g_uu[mu, nu] * f_1[mu] * f_1[nu], "square"),
            Prose(r"and the measure $dm=e^{-f}dV$, whose density in the coordinates has the logarithm"),
            Define(log_m[()], half * LOG(Determinant(g_dd)) - f[()], "log-m"),
            Prose(
                r"For every vector field $v$, the divergence that belongs to the measure, $\nabla_\mu v^\mu-f_\mu "
                r"v^\mu$, integrates to nothing on a closed manifold, for times the density it is $\partial_\mu$ of "
                r"$v^\mu$ times the density:"
            ),
            Step(
                (
                    Partial(mu, vector[mu]) + vector[mu] * Partial(mu, log_m[()]),
                    weighted(vector),
                ),
                (Components(((1, 1), (2, 2)), units=False),),
                "divergence",
            ),
            Prose(r"Perelman's functional [@perelman] is"),
            Define(density[()], R + square[()], "density"),
            Prose(r"integrated, $F(g,f)=\int(R+|\nabla f|^2)\,e^{-f}dV$."),
        ),
    )


def variation() -> Section:
    """The first variation."""
    return Section(
        "The first variation",
        (
            embedded_bar.like(embedded),
            Prose(
                r"Let a second metric $\bar g$, of a map $\bar\Phi$, and a second function $\bar f=f+\varphi$ stand "
                r"beside the first. What belongs to them has a bar, such as"
            ),
            Inverse(bar.g_uu, bar.g_dd, (mu, nu, la), "inverse-bar", sizes=((1, 1), (2, 2))),
            bar.like(geometry),
            Define(phi_1[mu], Partial(mu, phi[()]), "phi-1"),
            Define(phi_2[mu, nu], Partial(mu, phi_1[nu]), "phi-2"),
            Define(square_bar[()], bar.g_uu[mu, nu] * (f_1[mu] + phi_1[mu]) * (f_1[nu] + phi_1[nu]), "square-bar"),
            Prose(r"The metrics differ by the symmetric tensor"),
            two.define_h("h"),
            two.define_h_up("h-up"),
            two.define_nabla_h("nabla-h"),
            Prose(r"with the trace, the divergence and the rate of the scalar curvature"),
            two.define_trace("trace"),
            two.define_divergence("div"),
            Define(
                rate[()],
                g_uu[mu, nu] * nabla(geometry, mu, div[nu])
                - laplacian(geometry, trace[()])
                - h_uu[mu, nu] * ricci_dd[mu, nu],
                "rate",
            ),
            Prose(
                r"That this is the rate is shown at length in the derivation of Ricci flow; here is the proof in "
                r"short. The connections differ by the tensor $A=C-D$, where"
            ),
            two.define_E("E"),
            Define(A[la, mu, nu], bar.g_uu[la, ka] * E[ka, mu, nu], "A"),
            two.define_C("C"),
            Define(D[la, mu, nu], bar.g_uu[la, al] * h_dd[al, be] * g_uu[be, ka] * E[ka, mu, nu], "D"),
            Step(
                (bar.gamma_udd[la, mu, nu], gamma_udd[la, mu, nu] + A[la, mu, nu]),
                (
                    RulesHold(JETS, SIZES, units=False),
                    RulesHold(ONE, SIZES, given=JETS, units=False),
                    RulesHold(BOTH, SIZES, given=JETS, units=False),
                    both,
                ),
                "connections",
            ),
            Prose(r"and with their covariant derivatives,"),
            Define(nabla_C[ka, la, mu, nu], nabla(geometry, ka, C[la, mu, nu]), "nabla-C"),
            Define(nabla_D[ka, la, mu, nu], nabla(geometry, ka, D[la, mu, nu]), "nabla-D"),
            two.define_r("r"),
            two.define_q("q"),
            Prose(r"what is quadratic in $h$ in the scalar curvature is"),
            two.define_Q("Q"),
            Prose(r"In $|\nabla f|^2$ it is"),
            Define(
                more[()],
                bar.g_uu[mu, al] * h_dd[al, be] * h_uu[be, nu] * f_1[mu] * f_1[nu]
                + 2 * (bar.g_uu[mu, nu] - g_uu[mu, nu]) * f_1[mu] * phi_1[nu]
                + bar.g_uu[mu, nu] * phi_1[mu] * phi_1[nu],
                "P",
            ),
            Prose(r"and the integrand of $F$ changes by"),
            Define(
                change[()],
                rate[()] - h_uu[mu, nu] * f_1[mu] * f_1[nu] + 2 * g_uu[mu, nu] * f_1[mu] * phi_1[nu],
                "change",
            ),
            Step(
                (bar.scalar[()] + square_bar[()], density[()] + change[()] + quadratic[()] + more[()]),
                (both,),
                "exact",
            ),
            Prose(
                r"where nothing was dropped. Let now $g$ and $f$ move, $\partial_tg=h$ and $\partial_tf=\varphi$. "
                r"After a short time $\varepsilon$ they have changed by $\varepsilon h$ and $\varepsilon\varphi$, "
                r"$Q+P$ is of order $\varepsilon^2$, and $\sigma$ is the rate of the integrand. The measure grows, by "
                r"Jacobi's formula, at the rate"
            ),
            Define(growth[()], half * trace[()] - phi[()], "growth"),
            Prose(r"so that $dF/dt=\int(\sigma+\theta\,(R+|\nabla f|^2))\,dm$. With the vector field"),
            Define(
                flux[mu],
                g_uu[mu, nu] * (div[nu] - Partial(nu, trace[()]))
                + h_uu[mu, nu] * f_1[nu]
                - 2 * growth[()] * g_uu[mu, nu] * f_1[nu],
                "flux",
            ),
            Define(out[()], weighted(flux), "out"),
            Prose(
                r"the tensor of Bakry and \'Emery, and a scalar that belongs to it, as [[weighted-bianchi]] will show,"
            ),
            Define(B[mu, nu], ricci_dd[mu, nu] + hess[mu, nu], "B"),
            Define(potential[()], 2 * lap_f[()] - square[()] + R, "potential"),
            Prose(
                r"the integrand is, for all $h$ and $\varphi$, without a derivative of either but in the divergence,"
            ),
            Step(
                (
                    change[()] + growth[()] * density[()],
                    -h_uu[mu, nu] * B[mu, nu] + growth[()] * potential[()] + out[()],
                ),
                (both,),
                "first-variation",
            ),
            Prose(
                r"Integrated, this is Perelman's first variation, "
                r"$dF/dt=\int(-h^{\mu\nu}B_{\mu\nu}+\theta\Lambda)\,dm$."
            ),
        ),
    )


def coupled_flow() -> Section:
    """The rate of F under the flow of its gradient."""
    contracted = 2 * (B_uu[mu, nu] * (ricci_dd[mu, nu] + hess[mu, nu]))
    integrand = change_dot[()] + growth_dot[()] * density[()]
    return Section(
        "The coupled flow",
        (
            Prose(r"Where the measure is kept, $\theta=0$, the gradient of $F$ is $-B$ with its indices up,"),
            Define(B_uu[mu, nu], g_uu[mu, al] * g_uu[nu, be] * B[al, be], "B-up"),
            Define(norm[()], B_uu[mu, nu] * B[mu, nu], "norm"),
            Prose(r"Perelman's flow goes along it, $\partial_tg=\dot g$, with $f$ such that the measure stays:"),
            Define(g_dot[mu, nu], -2 * B[mu, nu], "g-dot"),
            Define(f_dot[()], -(g_uu[mu, nu] * B[mu, nu]), "f-dot"),
            Step((f_dot[()], -R - lap_f[()]), (one,), "backward"),
            Likewise(
                (
                    (h_dd, g_dot),
                    (h_uu, Tensor(r"\dot{g}", "uu")),
                    (nabla_h, Tensor(r"(\nabla\dot{g})", "ddd")),
                    (trace, Tensor(r"\dot{T}", "")),
                    (div, Tensor(r"\dot{V}", "d")),
                    (rate, Tensor(r"\dot{\varrho}", "")),
                    (phi, f_dot),
                    (phi_1, Tensor(r"\dot{f}", "d")),
                    (change, change_dot),
                    (growth, growth_dot),
                    (flux, flux_dot),
                    (out, out_dot),
                )
            ),
            Prose(
                r"With a dot on what was said of $h$ and $\varphi$ before, and now is said of $\dot g$ and $\dot f$,"
            ),
            Step((growth_dot[()], 0), (one,), "kept"),
            Prose(r"With names for the derivatives of the tensor, of which two occur in $\dot\sigma$,"),
            Define(B_1[al, mu, nu], Partial(al, B[mu, nu]), "B-1"),
            Define(B_2[be, al, mu, nu], Partial(be, B_1[al, mu, nu]), "B-2"),
            Prose(r"the first variation is"),
            Step(
                (integrand, contracted + out_dot[()]),
                (RulesHold(MOVING, ((1, 2),), given=ONE, units=False), ForAll(MOVING, EVERY)),
                "dotted",
            ),
            Prose(r"where the first term is a square by [[B]],"),
            Step((contracted, 2 * norm[()]), (ForAll(Rules(frozenset({ricci_dd, hess, g_uu})), EVERY),), "complete"),
            Step(
                (integrand, 2 * norm[()] + out_dot[()]),
                (ForAll(MOVING, EVERY, using=("dotted", "complete")),),
                "rate-of-F",
            ),
            Prose(
                r"Integrated, $dF/dt=2\int|\mathrm{Ric}+\nabla\nabla f|^2\,dm\ge0$. $F$ stands still where "
                r"$B=0$, on steady solitons."
            ),
        ),
    )


def ricci_flow() -> Section:
    """The same rate modulo diffeomorphisms."""
    remaining = 2 * (B_uu[mu, nu] * ricci_dd[mu, nu]) + (lap_f[()] - square[()]) * potential[()]
    other = -lap_f[()] + square[()] - R
    return Section(
        "Ricci flow",
        (
            Prose(
                r"The Lie derivatives along the gradient of $f$ are $2\nabla\nabla f$ of $g$ and $|\nabla f|^2$ of "
                r"$f$. Add them to $\dot g$ and $\dot f$: what is left is Ricci flow with a backward heat equation, "
                r"$\partial_tg=-2\,\mathrm{Ric}$ and $\partial_tf=-\Delta f+|\nabla f|^2-R$, and $F$, which is the "
                r"same in all coordinates, does not notice. This can be seen directly. The divergence of $B$ with "
                r"respect to the measure is"
            ),
            Define(
                source[nu],
                g_uu[al, be] * (nabla(geometry, al, B[be, nu]) - f_1[al] * B[be, nu]),
                "X",
            ),
            Prose(r"It is half of the gradient of $\Lambda$, as the Ricci tensor's divergence is half of that of $R$:"),
            Step((source[nu], half * Partial(nu, potential[()])), (one,), "weighted-bianchi"),
            Prose(r"The measure now moves at the rate"),
            Step(
                (half * g_uu[mu, nu] * (-2 * ricci_dd[mu, nu]) - (other), lap_f[()] - square[()]),
                (one,),
                "moving-measure",
            ),
            Prose(r"With the gradient of $f$, once times $\Lambda$ and once turned by $B$, and their divergences,"),
            Define(climb[mu], potential[()] * g_uu[mu, nu] * f_1[nu], "G"),
            Define(turned[mu], B_uu[mu, nu] * f_1[nu], "Z"),
            Define(out_climb[()], weighted(climb), "out-G"),
            Define(out_turned[()], weighted(turned), "out-Z"),
            Define(potential_1[mu], Partial(mu, potential[()]), "potential-1"),
            Prose(r"of which the second is"),
            Step(
                (out_turned[()], g_uu[mu, nu] * f_1[mu] * source[nu] + B_uu[mu, nu] * hess[mu, nu]),
                (ForAll(MOVING, EVERY),),
                "leibniz",
            ),
            Prose(
                r"the integrand of the first variation, $-h^{\mu\nu}B_{\mu\nu}+\theta\Lambda$, is the same square but "
                r"for divergences:"
            ),
            Step(
                (remaining, 2 * norm[()] + out_climb[()] - 2 * out_turned[()]),
                (
                    RulesHold(PARTS, ((1, 2),), given=ONE, units=False),
                    ForAll(PARTS, EVERY, using=("leibniz", "weighted-bianchi")),
                ),
                "ricci-rate-of-F",
            ),
            Prose(
                r"Hence $dF/dt=2\int|\mathrm{Ric}+\nabla\nabla f|^2\,e^{-f}dV$ along this flow too. With a positive "
                r"function $u$ for $e^{-f/2}$, that is, with"
            ),
            Given((root,), of=x),
            Define(f_root[()], -2 * LOG(root[()]), "f-u"),
            Prose(r"the density of $F$ is that of a quadratic form,"),
            Step(
                (
                    root[()] ** 2 * (R + g_uu[mu, nu] * Partial(mu, f_root[()]) * Partial(nu, f_root[()])),
                    R * root[()] ** 2 + 4 * g_uu[mu, nu] * Partial(mu, root[()]) * Partial(nu, root[()]),
                ),
                (Components(((1, 1), (2, 2)), units=False),),
                "ground",
            ),
            Prose(
                r"so that the least of $F$ over all $f$ with $\int dm=1$ is the lowest eigenvalue $\lambda$ of "
                r"$-4\Delta+R$. Carried backward from where it is least at a later time, $f$ shows that $\lambda$ "
                r"never falls under Ricci flow [@perelman]."
            ),
        ),
    )


hat, check = LeviCivita(r"\hat"), LeviCivita(r"\check")
f_hat, B_hat, S_hat = Tensor(r"\hat{f}", ""), Tensor(r"\hat{B}", "dd"), Tensor(r"\hat{S}", "")
p, h_check, f_check, phi_check = (
    Tensor("p", "d"),
    Tensor(r"\check{h}", "dd"),
    Tensor(r"\check{f}", ""),
    Tensor(r"\check{\varphi}", ""),
)
change_check = Tensor(r"\check{\sigma}", "")


def drift(frame: Frame) -> sp.Expr:
    """The slope of R + |grad f|^2 along g + step h, f + step phi at step = 0, by `symgeo.geometry`."""
    step = sp.Symbol("step", real=True)
    coordinates = frame.coordinates()
    moved = sp.ImmutableDenseMatrix(frame.matrix(check.g_dd) + step * frame.matrix(h_check))
    function = frame.evaluate(f_check[()], {}) + step * frame.evaluate(phi_check[()], {})
    gradient = sp.Matrix([sp.diff(function, c) for c in coordinates])
    metric = CoordinateMetric(moved, coordinates)
    value = sp.sympify(metric.scalar_curvature()) + (gradient.T * sp.Matrix(metric.inverse()) * gradient)[0]
    return sp.diff(value, step).subs(step, 0)


def tests() -> Section:
    """A steady soliton, and a motion without symmetry."""
    surface = sp.Eq(INPUTS, 2)
    exact = (Components(((2, 1),), units=False),)
    flat = DELTA[mu, nu]
    marked = [
        (old, Tensor(rf"\check{{{old.name}}}", old.positions)) for old in (h_uu, nabla_h, trace, div, rate, f_1, phi_1)
    ]
    return Section(
        "Tests",
        (
            Given((p,)),
            Prose(r"Hamilton's cigar with its potential,"),
            Define(hat.g_dd[mu, nu], flat / (1 + term(s)), "cigar"),
            Define(hat.g_uu[mu, nu], (1 + term(s)) * flat, "cigar-inverse"),
            Define(f_hat[()], term(-sp.log(1 + s)), "cigar-f"),
            hat.like(
                geometry,
                (f, f_hat),
                (f_1, Tensor(r"\hat{f}", "d")),
                (f_2, Tensor(r"\hat{f}", "dd")),
                (hess, Tensor(r"(\nabla\nabla\hat{f})", "dd")),
                (square, Tensor(r"|\nabla\hat{f}|^2", "")),
                (B, B_hat),
                (density, S_hat),
            ),
            Prose(r"is a steady soliton, on which the integrand of $F$ is the same everywhere:"),
            Step((B_hat[mu, nu], 0), exact, "steady", surface),
            Step((S_hat[()], 4), exact, "steady-density", surface),
            Prose(
                r"The rate $\sigma$ itself is compared with what another program, the chain of inverse, Christoffel "
                r"symbols, Riemann tensor and traces of \texttt{symgeo.geometry}, finds for the metric $\check "
                r"g+\varepsilon\check h$ and the function $\check f+\varepsilon\check\varphi$ when its answer is "
                r"differentiated by $\varepsilon$ at $\varepsilon=0$, where, with an arbitrary constant vector $p$,"
            ),
            Define(check.g_dd[mu, nu], (1 + term(s)) * flat + x[mu] * x[nu], "check"),
            Define(check.g_uu[mu, nu], (flat - x[mu] * x[nu] / (1 + 2 * term(s))) / (1 + term(s)), "check-inverse"),
            Step((check.g_uu[mu, la] * check.g_dd[la, nu], flat), (ForAll(note=EVERY),), "check-inverse-check"),
            Define(h_check[mu, nu], term(s) * p[mu] * p[nu] + p[mu] * x[nu] + x[mu] * p[nu], "check-h"),
            Define(f_check[()], term(s) * p[mu] * x[mu], "check-f"),
            Define(phi_check[()], p[mu] * x[mu] - term(s**2), "check-phi"),
            check.like(geometry, (h_dd, h_check), (f, f_check), (phi, phi_check), *marked, (change, change_check)),
            Step(
                (
                    change_check[()],
                    Tensor(rf"\check{{{rate.name}}}", "")[()]
                    - Tensor(rf"\check{{{h_uu.name}}}", "uu")[mu, nu]
                    * Partial(mu, f_check[()])
                    * Partial(nu, f_check[()])
                    + 2 * check.g_uu[mu, nu] * Partial(mu, f_check[()]) * Partial(nu, phi_check[()]),
                ),
                (Against("CoordinateMetric", drift, ((2, 1),), seed=43, units=False),),
                "drift",
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Perelman's functional and his coupled flow",
        r"The first variation of $F(g,f)=\int(R+|\nabla f|^2)\,e^{-f}dV$ is derived for every motion of a metric and a "
        r"function, in every dimension, with the divergence that integrates to nothing written out. For the flow "
        r"$\partial_tg=-2(\mathrm{Ric}+\nabla\nabla f)$, $\partial_tf=-R-\Delta f$, which keeps the measure "
        r"$e^{-f}dV$, it gives $dF/dt=2\int|\mathrm{Ric}+\nabla\nabla f|^2\,e^{-f}dV$, and the same for Ricci flow "
        r"with the backward heat equation that belongs to it. Every numbered equation was checked by machine when this "
        r"text was made; the margin says how.",
        (stage(), variation(), coupled_flow(), ricci_flow(), tests()),
        (
            Reference(
                "perelman",
                r"G. Perelman, The entropy formula for the Ricci flow and its geometric applications, "
                r"arXiv:math/0211159, section 1.",
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
