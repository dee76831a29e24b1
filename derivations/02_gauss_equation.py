r"""The curvature of a pullback metric from first and second derivatives of the map: Gauss's equation, every d and n.

Source: Gauss, Disquisitiones generales circa superficies curvas (1828); do Carmo, Riemannian geometry (1992), ch. 6.
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
    RADIUS,
    UNITS,
    Against,
    Components,
    Define,
    Derivation,
    Digits,
    EmbeddedMetric,
    ForAll,
    Frame,
    Given,
    Identity,
    Inverse,
    LeviCivita,
    Partial,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    UnitSum,
    inputs,
    jets,
    term,
    units,
)
from symgeo.geometry import CoordinateMetric

NAME = "02_gauss_equation"

mu, nu, la, al, be, ka, rho = inputs(r"\mu \nu \lambda \alpha \beta \kappa \rho")
j, k, l = units("j k l")
d, n, x, s = INPUTS, UNITS, COORDINATES, RADIUS
a = sp.Symbol("a", positive=True)
r, t = sp.symbols("r t", positive=True)

geometry = LeviCivita()
g_dd, g_uu, gamma_udd = geometry.g_dd, geometry.g_uu, geometry.gamma_udd
riemann_dddd, ricci_dd, R = geometry.riemann_dddd, geometry.ricci_dd, geometry.scalar[()]

embedded = EmbeddedMetric(geometry, 3)
Phi, J, H, K = embedded.family
P, second, m = Tensor("P", "jj"), Tensor("B", "jdd"), Tensor("m", "j")
raised = Tensor("B", "juu")
u, v = Tensor("u", "u"), Tensor("v", "u")
plane = Tensor("S", "")

EVERY = "exact, every d and n"

# The map, as letters that are one another's derivatives: the definitions of J, H and K, and Schwarz's theorem.
JETS = embedded.map_rules()

# The metric and its inverse beside them.
GAUSS = embedded.rules() | Rules(letters=frozenset({u, v}))

every = ForAll(GAUSS, EVERY)


def tower(frame: Frame) -> sp.Expr:
    """The scalar curvature of the metric as a matrix, by the generic tower of `symgeo.geometry`."""
    return sp.sympify(
        CoordinateMetric(sp.ImmutableDenseMatrix(frame.matrix(g_dd)), frame.coordinates()).scalar_curvature()
    )


def first_form() -> Section:
    """Map, derivatives, metric, projector."""
    return Section(
        "Tangents and normals",
        (
            Given((Phi,), of=x),
            Given((u, v)),
            Prose(
                r"Let $\Phi$ be any smooth map from $\mathbb{R}^d$ to $\mathbb{R}^n$, $n\ge d$, such as the features "
                r"of a network as functions of its inputs. Greek indices run over the inputs and are summed where they "
                r"occur twice; Latin indices run over the features and are summed where a sum is written. The first "
                r"three derivatives of the map are"
            ),
            Define(J[j, mu], Partial(mu, Phi[j]), "J"),
            Define(H[j, mu, nu], Partial(mu, J[j, nu]), "H"),
            Define(K[j, la, mu, nu], Partial(la, H[j, mu, nu]), "K"),
            Prose(
                r"The metric that $\Phi$ pulls back from $\mathbb{R}^n$ to the inputs holds the scalar products of "
                r"the tangents $J_\mu$,"
            ),
            Define(g_dd[mu, nu], UnitSum((j,), J[j, mu] * J[j, nu]), "metric"),
            Prose(r"It is taken to be invertible, that is, the tangents to be independent:"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 1), (2, 2), (2, 3))),
            Prose(
                r"All that the following sections use of $\Phi$ are these definitions, that derivatives commute, the "
                r"derivative of the metric,"
            ),
            Step(
                (Partial(la, g_dd[mu, nu]), embedded.slope(la, mu, nu)),
                (
                    RulesHold(JETS, ((1, 2), (2, 3))),
                    ForAll(JETS, EVERY),
                    Components(((1, 2), (2, 3))),
                ),
                "metric-slope",
            ),
            Prose(r"and that of its inverse,"),
            Step(
                (Partial(la, g_uu[mu, nu]), -(g_uu[mu, al] * g_uu[nu, be] * Partial(la, g_dd[al, be]))),
                (RulesHold(GAUSS, ((1, 2), (2, 2)), given=JETS), every, Components(((1, 2), (2, 2)))),
                "inverse-slope",
            ),
            Prose(
                r"Where the margin says \emph{every d and n}, the machine has brought both sides to one normal form "
                r"in letters $J$, $H$, $K$, $g_{\mu\nu}$, $g^{\mu\nu}$ that obey these rules, with symbolic $d$ and "
                r"$n$. A vector of $\mathbb{R}^n$ loses its tangential part under the projector"
            ),
            Define(P[j, k], DELTA_UNITS[j, k] - J[j, mu] * g_uu[mu, nu] * J[k, nu], "projector"),
            Prose(r"for it annihilates the tangents, and doing it twice is doing it once:"),
            Step(
                (UnitSum((k,), P[j, k] * J[k, mu]), 0),
                (every, Components(((1, 2), (2, 3)))),
                "tangents-vanish",
            ),
            Step(
                (UnitSum((k,), P[j, k] * P[k, l]), P[j, l]),
                (every, Components(((1, 2), (2, 3)))),
                "idempotent",
            ),
            Prose(r"What is left has $n-d$ dimensions, the normals:"),
            Step((UnitSum((j,), P[j, j]), term(n) - d), (every, Components(((1, 2), (2, 3)))), "codimension"),
        ),
    )


def second_form() -> Section:
    """Christoffel symbols and the second fundamental form."""
    return Section(
        "How the tangents turn",
        (
            Prose(r"The Christoffel symbols of any metric are"),
            geometry.christoffel("christoffel"),
            Prose(
                r"For a pullback metric four of the six scalar products that [[metric-slope]] puts here cancel, since "
                r"derivatives commute, and the other two are equal:"
            ),
            Step(
                (gamma_udd[la, mu, nu], g_uu[la, rho] * UnitSum((j,), J[j, rho] * H[j, mu, nu])),
                (every, Components(((1, 2), (2, 3)))),
                "christoffel-J",
            ),
            Prose(
                r"These are the coefficients of the tangential part of the second derivative $H_{\mu\nu}$. Its normal "
                r"part is the second fundamental form, with values in the normals,"
            ),
            Define(second[j, mu, nu], UnitSum((k,), P[j, k] * H[k, mu, nu]), "second-form"),
            Prose(r"and the two make up Gauss's formula [@do-carmo],"),
            Step(
                (H[j, mu, nu], J[j, la] * gamma_udd[la, mu, nu] + second[j, mu, nu]),
                (every, Components(((1, 2), (2, 3)))),
                "gauss-formula",
            ),
            Prose(r"Whatever the map, $B$ is at right angles to every tangent:"),
            Step(
                (UnitSum((j,), J[j, la] * second[j, mu, nu]), 0),
                (every, Components(((1, 2), (2, 3)))),
                "normal",
            ),
        ),
    )


def curvature() -> Section:
    """Gauss's equation and its traces."""
    products = UnitSum((j,), second[j, mu, al] * second[j, nu, be] - second[j, mu, be] * second[j, nu, al])
    raw = UnitSum(
        (j, k),
        P[j, k] * (H[j, mu, al] * H[k, nu, be] - H[j, mu, be] * H[k, nu, al]),
    )
    return Section(
        "Gauss's equation",
        (
            Prose(r"The Riemann tensor, with the sign for which a round sphere is positively curved, is"),
            geometry.riemann("riemann"),
            geometry.lowered("lowered"),
            Prose(
                r"Put [[christoffel-J]] into it. The third derivatives $K$ stand symmetrically and cancel; the "
                r"derivative of $g^{\mu\nu}$ contributes twice what the products of Christoffel symbols take back "
                r"once; what remains is the scalar product of second derivatives, less that of their tangential parts:"
            ),
            Step((riemann_dddd[mu, nu, al, be], raw), (every,), "gauss-H"),
            Prose(r"This is Gauss's equation [@gauss]: in terms of the second fundamental form, by [[idempotent]],"),
            Step(
                (riemann_dddd[mu, nu, al, be], products),
                (every, Digits(21, ((2, 3),), points=1)),
                "gauss",
            ),
            Prose(
                r"It has no term of its own for $\mathbb{R}^n$, which is flat, and needs first and second derivatives "
                r"of the map only, though the definition [[riemann]] asks for third ones. The algebraic symmetries of "
                r"the Riemann tensor can be read off it; the first Bianchi identity is one of them,"
            ),
            Step(
                (
                    riemann_dddd[mu, nu, al, be] + riemann_dddd[mu, al, be, nu] + riemann_dddd[mu, be, nu, al],
                    0,
                ),
                (every,),
                "bianchi",
            ),
            Prose(
                r"With as many features as inputs there are no normals, and the metric, which is then Euclid's in "
                r"other coordinates, is flat:"
            ),
            Step((riemann_dddd[mu, nu, al, be], 0), (Components(((1, 1), (2, 2))),), "flat", sp.Eq(n, d)),
            Prose(r"Two constant vectors $u$ and $v$ span a parallelogram of squared area"),
            Define(
                plane[()],
                (g_dd[mu, al] * g_dd[nu, be] - g_dd[mu, be] * g_dd[nu, al]) * u[mu] * v[nu] * u[al] * v[be],
                "area",
            ),
            Prose(
                r"and the sectional curvature of their plane is $R_{\mu\nu\alpha\beta}u^\mu v^\nu u^\alpha v^\beta/S$. "
                r"Its numerator compares how the map bends along $u$ and along $v$ with how it twists between them:"
            ),
            Step(
                (
                    riemann_dddd[mu, nu, al, be] * u[mu] * v[nu] * u[al] * v[be],
                    UnitSum(
                        (j,),
                        (second[j, mu, al] * u[mu] * u[al]) * (second[j, nu, be] * v[nu] * v[be])
                        - (second[j, mu, be] * u[mu] * v[be]) * (second[j, nu, al] * v[nu] * u[al]),
                    ),
                ),
                (every,),
                "sectional",
            ),
            Prose(r"The contractions are, with the trace of the second fundamental form, or mean curvature vector,"),
            Define(m[j], g_uu[mu, nu] * second[j, mu, nu], "mean-curvature"),
            Define(raised[j, mu, nu], g_uu[mu, al] * g_uu[nu, be] * second[j, al, be], "raised"),
            Prose(r"the Ricci tensor"),
            geometry.ricci("ricci"),
            Step(
                (
                    ricci_dd[nu, be],
                    UnitSum((j,), m[j] * second[j, nu, be] - second[j, nu, mu] * g_uu[mu, al] * second[j, al, be]),
                ),
                (every,),
                "ricci-B",
            ),
            Prose(r"and the scalar curvature, a difference of two squares,"),
            geometry.scalar_curvature("scalar"),
            Step(
                (R, UnitSum((j,), m[j] ** 2 - second[j, mu, nu] * raised[j, mu, nu])),
                (every, Digits(23, ((2, 3),), points=1)),
                "scalar-B",
            ),
            Prose(
                r"In a frame that is orthonormal for $g$ the inverse metric is $\delta$, and no tensor with four "
                r"indices is ever formed: this is how curvature is computed from a network's derivatives."
            ),
        ),
    )


f, f_d, f_dd, f_ddd = Tensor("f", ""), Tensor("f", "d"), Tensor("f", "dd"), Tensor("f", "ddd")
hat = LeviCivita(r"\hat")
q = Tensor("q", "")
GRAPH_JETS = jets(f, f_d, f_dd, f_ddd)


def bend(c, left, right):
    """The derivative of the graph's metric."""
    return f_dd[c, left] * f_d[right] + f_d[left] * f_dd[c, right]


GRAPH = jets(f_d, f_dd, f_ddd) | Rules(
    letters=frozenset({hat.g_dd, hat.g_uu}),
    symmetric=frozenset({hat.g_dd, hat.g_uu}),
    derivatives={
        hat.g_dd: ((al, mu, nu), bend(al, mu, nu)),
        hat.g_uu: ((al, mu, nu), -(hat.g_uu[mu, be] * hat.g_uu[nu, ka] * bend(al, be, ka))),
    },
    inverses=((hat.g_uu, hat.g_dd),),
)


def graphs() -> Section:
    """One normal: the graph of a function."""
    graph = ForAll(GRAPH, "exact, every d")
    square = f_d[mu] * f_d[mu]
    return Section(
        "Hypersurfaces: the graph of a function",
        (
            Given((f,), of=x),
            Prose(
                r"Where $n=d+1$ there is one normal, and $B$ is a matrix. Near any of its points a hypersurface is "
                r"the graph of a function, $\Phi=(x_1,\dots,x_d,f(x))$ after a rotation. Let $f$ be any smooth "
                r"function, with derivatives"
            ),
            Define(f_d[mu], Partial(mu, f[()]), "f-1"),
            Define(f_dd[mu, nu], Partial(mu, f_d[nu]), "f-2"),
            Define(f_ddd[la, mu, nu], Partial(la, f_dd[mu, nu]), "f-3"),
            Prose(r"Its metric [[metric]] is, the tangents being $J_\mu=(e_\mu,f_\mu)$,"),
            Define(hat.g_dd[mu, nu], DELTA[mu, nu] + f_d[mu] * f_d[nu], "graph-metric"),
            Inverse(hat.g_uu, hat.g_dd, (mu, nu, la), "graph-inverse", sizes=((1, 1), (2, 1), (3, 1))),
            Prose(
                r"Only the last feature has second derivatives, $f_{\mu\nu}$, so that Gauss's equation [[gauss-H]] "
                r"needs one entry of the projector, the last on the diagonal,"
            ),
            Define(q[()], term(1) - f_d[mu] * hat.g_uu[mu, nu] * f_d[nu], "q"),
            Prose(r"which is the squared cosine of the angle between the normal and the last axis:"),
            Step(
                (q[()] * (term(1) + square), term(1)),
                (Components(((1, 1), (2, 1), (3, 1)), units=False),),
                "cosine",
            ),
            hat.like(geometry),
            Prose(
                r"With connection and curvature defined as for $g$ in [[christoffel]], [[riemann]] and [[lowered]], "
                r"Gauss's equation becomes a statement about the minors of the matrix of second derivatives:"
            ),
            Step(
                (
                    hat.riemann_dddd[mu, nu, al, be],
                    q[()] * (f_dd[mu, al] * f_dd[nu, be] - f_dd[mu, be] * f_dd[nu, al]),
                ),
                (
                    RulesHold(GRAPH_JETS, ((1, 1), (2, 1)), units=False),
                    RulesHold(GRAPH, ((1, 1), (2, 1)), given=GRAPH_JETS, units=False),
                    graph,
                    Components(((2, 1),), units=False),
                ),
                "graph-riemann",
            ),
            Prose(
                r"For surfaces the scalar curvature is twice Gauss's curvature, and comes out as every textbook has it,"
            ),
            Step(
                (hat.scalar[()], 2 * (f_dd[1, 1] * f_dd[2, 2] - f_dd[1, 2] ** 2) / (term(1) + square) ** 2),
                (Components(((2, 1),), units=False),),
                "textbook",
                sp.Eq(d, 2),
            ),
        ),
    )


bar, tilde = LeviCivita(r"\bar"), LeviCivita(r"\tilde")
X, Y = Tensor("X", "d"), Tensor("Y", "")
shape = Tensor("h", "dd")


def examples() -> Section:
    """Paraboloid and sphere."""
    exact = (ForAll(), Components(((2, 1), (3, 1)), units=False))
    scale = 2 * a**2 / (a**2 + s)
    turns = bar.g_dd[mu, al] * bar.g_dd[nu, be] - bar.g_dd[mu, be] * bar.g_dd[nu, al]
    flat_turns = DELTA[mu, al] * DELTA[nu, be] - DELTA[mu, be] * DELTA[nu, al]
    return Section(
        "Two examples that test it",
        (
            Prose(
                r"Both sides of Gauss's equation are computed here by themselves: the left from the metric alone, "
                r"through Christoffel symbols, and the right from the map. The paraboloid is the graph of "
                r"$f=\frac12 s$, $s:=|x|^2$, with $f_{\mu\nu}=\delta_{\mu\nu}$. From its metric,"
            ),
            Define(tilde.g_dd[mu, nu], DELTA[mu, nu] + x[mu] * x[nu], "paraboloid"),
            Define(tilde.g_uu[mu, nu], DELTA[mu, nu] - x[mu] * x[nu] / (term(1) + s), "paraboloid-inverse"),
            Step((tilde.g_uu[mu, la] * tilde.g_dd[la, nu], DELTA[mu, nu]), exact, "paraboloid-check"),
            tilde.like(geometry),
            Prose(r"and the connection that it has, follows what [[graph-riemann]] says with $q=1/(1+s)$,"),
            Step((tilde.riemann_dddd[mu, nu, al, be], flat_turns / (term(1) + s)), exact, "paraboloid-riemann"),
            Prose(
                r"The second is the sphere of radius $a$ in $\mathbb{R}^{d+1}$, in the coordinates that stereographic "
                r"projection gives it: the first $d$ components of the map, and the last, are"
            ),
            Define(X[mu], term(scale) * x[mu], "sphere-X"),
            Define(Y[()], term(a * (a**2 - s) / (a**2 + s)), "sphere-Y"),
            Step((X[mu] * X[mu] + Y[()] ** 2, term(a**2)), exact, "sphere-radius"),
            Prose(r"The metric is Euclid's times a function,"),
            Define(bar.g_dd[mu, nu], term(scale**2) * DELTA[mu, nu], "sphere"),
            Step(
                (Partial(mu, X[la]) * Partial(nu, X[la]) + Partial(mu, Y[()]) * Partial(nu, Y[()]), bar.g_dd[mu, nu]),
                exact,
                "sphere-metric",
            ),
            Prose(
                r"The unit normal is $(X,Y)/a$, whose product with the second derivatives is the second fundamental "
                r"form,"
            ),
            Define(
                shape[mu, nu],
                (X[la] * Partial(mu, Partial(nu, X[la])) + Y[()] * Partial(mu, Partial(nu, Y[()]))) / term(a),
                "sphere-form",
            ),
            Step((shape[mu, nu], -(term(1 / a) * bar.g_dd[mu, nu])), exact, "umbilic"),
            Prose(r"so that the right side of Gauss's equation is"),
            Step(
                (
                    shape[mu, al] * shape[nu, be] - shape[mu, be] * shape[nu, al],
                    term(1 / a**2) * turns,
                ),
                exact,
                "sphere-right",
            ),
            Prose(r"For the left, from the metric alone, one needs the inverse"),
            Define(bar.g_uu[mu, nu], term(1 / scale**2) * DELTA[mu, nu], "sphere-inverse"),
            bar.like(geometry),
            Prose(r"with which the definitions give the same,"),
            Step((bar.riemann_dddd[mu, nu, al, be], term(1 / a**2) * turns), exact, "sphere-left"),
            Prose(r"All sectional curvatures are $1/a^2$, and the scalar curvature is their sum over ordered pairs:"),
            Step((bar.scalar[()], term(d * (d - 1)) / term(a**2)), exact, "sphere-scalar"),
            Prose(
                r"For $d=2$ the curvature integrates to $4\pi$ over the whole sphere, as Gauss and Bonnet ask, Gauss's "
                r"curvature being $\frac12R=1/a^2$ and the element of area $4a^4\,r\,dr\,d\varphi/(a^2+r^2)^2$:"
            ),
            Step(
                (
                    2 * sp.pi * sp.Integral(4 * a**2 * r / (a**2 + r**2) ** 2, (r, 0, sp.oo)),
                    4 * sp.pi,
                ),
                (Identity("exact, integrated"),),
                "gauss-bonnet",
            ),
        ),
    )


def comparison() -> Section:
    """Against the generic tower."""
    return Section(
        "Comparison with the general computation",
        (
            Prose(
                r"Last, the metric [[metric]] of an unspecified map $\Phi$ of two variables with three components goes "
                r"as a plain matrix of functions through another program, the chain of inverse, Christoffel symbols, "
                r"Riemann tensor and traces of \texttt{symgeo.geometry}, which does not know that it is a pullback. It "
                r"agrees with"
            ),
            Step(
                (R, UnitSum((j,), m[j] ** 2 - second[j, mu, nu] * raised[j, mu, nu])),
                (Against("CoordinateMetric", tower, ((2, 3),), seed=31),),
                "tower",
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Gauss's equation for pullback metrics",
        r"The curvature of the metric that a smooth map $\Phi:\mathbb{R}^d\to\mathbb{R}^n$ pulls back to its inputs is "
        r"expressed by the first and second derivatives of the map: $R_{\mu\nu\alpha\beta}=\langle "
        r"B_{\mu\alpha},B_{\nu\beta}\rangle-\langle B_{\mu\beta},B_{\nu\alpha}\rangle$ with the part $B$ of the second "
        r"derivative that is normal to the tangents. It is derived for every map, every $d$ and every $n$, and tested "
        r"on graphs, on the paraboloid and on the sphere, where both sides are computed separately. Every numbered "
        r"equation was checked by machine when this text was made; the margin says how.",
        (first_form(), second_form(), curvature(), graphs(), examples(), comparison()),
        (
            Reference(
                "gauss",
                r"C. F. Gauss, Disquisitiones generales circa superficies curvas, \emph{Commentationes Societatis "
                r"Regiae Scientiarum Gottingensis} 6, 99--146, 1828.",
            ),
            Reference("do-carmo", r"M. P. do Carmo, \emph{Riemannian Geometry}, Birkh\"auser, 1992, chapter 6."),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
