r"""The arc-cosine kernels: their angular functions for every order q, their expansion at the diagonal, metric, "
r"curvature.

Source: Cho and Saul, Kernel methods for deep learning, 2009; the metric of a kernel is Burges's (1999).
"""

from __future__ import annotations

import sys
from pathlib import Path

import sympy as sp

from symgeo.activations import rectified_monomial
from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    Against,
    Components,
    Define,
    Derivation,
    Determinant,
    Expectation,
    ForAll,
    Frame,
    Given,
    Identity,
    Known,
    LetFunction,
    LeviCivita,
    Mean,
    MonteCarlo,
    Opaque,
    Primitive,
    Prose,
    Quadrature,
    Reference,
    Section,
    Step,
    Tensor,
    inputs,
    term,
)
from symgeo.geometry import KernelMetric
from symgeo.networks.kernels import arc_cosine_kernel

NAME = "06_arc_cosine_kernels"

mu, nu, la = inputs(r"\mu \nu \lambda")
d, s, x = INPUTS, RADIUS, COORDINATES
q = sp.Symbol("q", integer=True, positive=True)
r, rho, theta, v, sigma, zeta = sp.symbols(r"r \rho \theta v \sigma \zeta", positive=True)
psi, tau, zz = sp.symbols(r"\psi \tau z", real=True)
moment = sp.Symbol("(2q-3)!!", positive=True)
"""(2q-3)!!, a number of which only its sign matters; (2q-1)!! is (2q-1) times it."""

w, b, y = Tensor("w", "d"), Tensor("b", ""), Tensor("y", "d")
norm_y, angle = Tensor("|y|", ""), Tensor(r"\theta", "")
geometry = LeviCivita()
g_dd, g_uu = geometry.g_dd, geometry.g_uu

ROOT = Known(r"\surd", sp.sqrt)
ARCCOS = Known(r"\arccos", sp.acos)
half = sp.Rational(1, 2)

ANGULAR: dict[int, sp.Expr] = {
    0: sp.pi - theta,
    1: sp.sin(theta) + (sp.pi - theta) * sp.cos(theta),
    2: 3 * sp.sin(theta) * sp.cos(theta) + (sp.pi - theta) * (1 + 2 * sp.cos(theta) ** 2),
    3: sp.sin(theta) * (4 + 11 * sp.cos(theta) ** 2) + (sp.pi - theta) * sp.cos(theta) * (9 + 6 * sp.cos(theta) ** 2),
}
"""J_0 to J_3 as the text gives them."""


def rectified(order: int) -> Known:
    """max(0, t)^q, printed as the bracket with a plus."""
    power = f"^{order}" if order > 1 else ""
    return Known(rf"\operatorname{{r}}{power}", lambda t: t**order * sp.Heaviside(t, 0))


def angular(order: sp.Expr) -> sp.Expr:
    """J_q as an integral."""
    body = (sp.cos(theta) + sp.cos(tau)) ** order
    return sp.factorial(order) * sp.Integral(body, (tau, 0, sp.pi - theta))


def of_unit_vectors(order: int) -> Against:
    """The kernel that the package computes with, at unit vectors at an angle theta."""

    def witness(frame: Frame) -> sp.Expr:
        del frame
        # acos(cos theta) = theta, which is what the angle of two vectors means, for 0 < theta < pi.
        value = arc_cosine_kernel(order)(sp.S.One, sp.S.One, sp.cos(theta))
        return sp.pi * value.subs({sp.acos(sp.cos(theta)): theta}).subs(
            {sp.sqrt(1 - sp.cos(theta) ** 2): sp.sin(theta)}
        )

    return Against("arc_cosine_kernel", witness, ((1, 1),), units=False)


def kernels() -> Section:
    """The kernels as means, and in polar coordinates."""
    product = sp.cos(theta) + sp.cos(2 * psi - theta)
    return Section(
        "The kernels",
        (
            Prose(
                r"Let $w$ be a vector of $d$ independent standard normal components and $[t]_+$ the larger of $t$ and "
                r"$0$. The arc-cosine kernel of order $q$ [@cho] is the mean $k_q(x,y)=2\,\mathbb{E}\,[w\cdot "
                r"x]_+^q\,[w\cdot y]_+^q$, for $q=0$ with the unit step instead of the power. Only the part of $w$ in "
                r"the plane of $x$ and $y$ matters. In it let $w$ have the length $\rho$ and the angle $\psi$ with "
                r"$x$, and let $\theta$ be the angle between $x$ and $y$. Then $w\cdot x=|x|\rho\cos\psi$ and $w\cdot "
                r"y=|y|\rho\cos(\psi-\theta)$, both are positive for $\theta-\frac\pi2<\psi<\frac\pi2$, and the "
                r"integral over the length is"
            ),
            Step(
                (
                    sp.Integral(rho ** (2 * q + 1) * sp.exp(-(rho**2) / 2), (rho, 0, sp.oo)),
                    2**q * sp.factorial(q),
                ),
                (Identity("exact, every q"), Quadrature(11)),
                "length",
            ),
            Prose(r"There is left an integral over $\psi$. Its integrand is a power of"),
            Step((2 * sp.cos(psi) * sp.cos(psi - theta), product), (Identity(),), "product"),
            Prose(
                r"which is even in $\tau=2\psi-\theta$, and $\tau$ runs from $-(\pi-\theta)$ to $\pi-\theta$. Hence "
                r"$k_q(x,y)=\frac1\pi\,|x|^q\,|y|^q\,J_q(\theta)$ with an angular function that is one integral for "
                r"all orders:"
            ),
            LetFunction(Opaque("J_q"), theta, angular(q), "J"),
            Step(
                (
                    Opaque("J_q")(theta),
                    2**q
                    * sp.factorial(q)
                    * sp.Integral(sp.cos(psi) ** q * sp.cos(psi - theta) ** q, (psi, theta - sp.pi / 2, sp.pi / 2)),
                ),
                (Quadrature(12),),
                "J-plane",
            ),
            Prose(
                r"The reduction to the plane is tested by sampling $w$ itself, in three dimensions and with components "
                r"of variance $\sigma^2$, for the orders 1 and 2, whose angular functions are found in the next "
                r"section. With $\mathrm{r}(t)=[t]_+$ and"
            ),
            Given((w, b, y)),
            Define(norm_y[()], ROOT(y[mu] * y[mu]), "norm"),
            Define(angle[()], ARCCOS(x[mu] * y[mu] / (term(sp.sqrt(s)) * norm_y[()])), "angle"),
            *(
                Step(
                    (
                        term(2) * Mean(rectified(k)(w[mu] * x[mu]) * rectified(k)(w[nu] * y[nu]), w, b, (sigma, zeta)),
                        term(sigma ** (2 * k) * s ** (sp.Rational(k, 2)) / sp.pi)
                        * (norm_y[()] ** k if k > 1 else norm_y[()])
                        * Known(f"J_{k}", lambda t, k=k: ANGULAR[k].subs(theta, t))(angle[()]),
                    ),
                    (MonteCarlo(seed=14 + k, samples=200_000, instances={}, d=3),),
                    f"sampled-{k}",
                )
                for k in (1, 2)
            ),
        ),
    )


def recursion() -> Section:
    """Two recursions for every q, and the first few functions."""
    J, before, after = Opaque("J_q"), Opaque("J_{q-1}"), Opaque("J_{q+1}")
    base = sp.cos(theta) + sp.cos(tau)
    f = Opaque("f")
    power = sp.sin(theta) ** (2 * q + 1)
    return Section(
        "The angular functions",
        (
            Prose(r"In this section $J_q$ and its neighbours are, for $q\ge1$,"),
            LetFunction(J, theta, angular(q)),
            LetFunction(before, theta, angular(q - 1)),
            LetFunction(after, theta, angular(q + 1)),
            Prose(
                r"The angle occurs in the integrand and in the upper end, where for $q\ge1$ the integrand vanishes. So "
                r"the slope is the function of one order less,"
            ),
            Step(
                (J(theta, 1), -(q**2) * sp.sin(theta) * before(theta)),
                (Primitive(sp.S.Zero), Quadrature(21)),
                "slope",
            ),
            Prose(
                r"(the margin means: both sides as integrals over $\tau$, ends of the interval included, have "
                r"integrands that differ by the derivative of a given function, here $0$, for every $q$). Let "
                r"$X=\cos\theta+\cos\tau$. The derivative of $X^q\sin\tau$ by $\tau$ is a combination of three powers "
                r"of $X$,"
            ),
            Step(
                (
                    sp.Derivative(sp.sin(tau) * base**q, tau),
                    (q + 1) * base ** (q + 1)
                    - (2 * q + 1) * sp.cos(theta) * base**q
                    - q * sp.sin(theta) ** 2 * base ** (q - 1),
                ),
                (Identity("exact, every q"),),
                "three-powers",
            ),
            Prose(r"and $X^q\sin\tau$ vanishes at both ends. Hence the functions of all orders follow from two:"),
            Step(
                (
                    after(theta),
                    (2 * q + 1) * sp.cos(theta) * J(theta) + q**2 * sp.sin(theta) ** 2 * before(theta),
                ),
                (Primitive(sp.factorial(q) * sp.sin(tau) * base**q), Quadrature(22)),
                "recursion",
            ),
            Prose(r"The integrals for $q=0$ and $q=1$ are elementary,"),
            Step((angular(sp.S.Zero), ANGULAR[0]), (Identity(), of_unit_vectors(0)), "J-0"),
            Step((angular(sp.S.One), ANGULAR[1]), (Identity(), of_unit_vectors(1)), "J-1"),
            Prose(r"and the recursion gives, with $J_0$ and $J_1$ in it, the next two, which are integrated besides:"),
            *(
                Step(
                    (angular(sp.Integer(k)), ANGULAR[k]), (Identity("exact, integrated"), of_unit_vectors(k)), f"J-{k}"
                )
                for k in (2, 3)
            ),
            Prose(
                r"Cho and Saul define the functions otherwise, by derivatives: $J_q$ is $(-1)^q\,(\sin\theta)^{2q+1}$ "
                r"times what $q$ applications of $\frac{1}{\sin\theta}\frac{d}{d\theta}$ make of "
                r"$(\pi-\theta)/\sin\theta$. One application more takes, with $f=J_q$, the form of the left side of"
            ),
            Step(
                (
                    term(-sp.sin(theta) * power) * term(sp.Derivative(f(theta) / power, theta)),
                    (2 * q + 1) * sp.cos(theta) * f(theta) - sp.sin(theta) * f(theta, 1),
                ),
                (Identity("exact, every q"),),
                "quotient",
            ),
            Prose(r"and the right side is the next function of those found here:"),
            Step(
                ((2 * q + 1) * sp.cos(theta) * J(theta) - sp.sin(theta) * J(theta, 1), after(theta)),
                (Primitive(-sp.factorial(q) * sp.sin(tau) * base**q),),
                "published",
            ),
            Prose(r"Since both begin with $J_0=\pi-\theta$ (and $J_1$), the two definitions agree."),
        ),
    )


def diagonal() -> Section:
    """J_q near theta = 0, for every q."""
    at_zero = sp.factorial(q) * sp.Integral((1 + sp.cos(tau)) ** q, (tau, 0, sp.pi))
    one_less = sp.factorial(q - 1) * sp.Integral((1 + sp.cos(tau)) ** (q - 1), (tau, 0, sp.pi))
    odd = {k: (ANGULAR[k] - ANGULAR[k].subs(theta, -theta)) / 2 for k in (0, 1, 2, 3)}
    return Section(
        "Expansion at the diagonal",
        (
            Prose(r"At $\theta=0$ the recursion [[recursion]] has two terms only, and it holds from $q=1$ on:"),
            Step(
                (at_zero, (2 * q - 1) * one_less),
                (
                    Primitive(sp.factorial(q - 1) * sp.sin(tau) * (1 + sp.cos(tau)) ** (q - 1)),
                    Quadrature(31),
                ),
                "at-zero",
            ),
            Prose(
                r"so that $J_q(0)=(2q-1)!!\,\pi$ and $k_q(x,x)=(2q-1)!!\,|x|^{2q}$, the moment of order $2q$ of a "
                r"normal variable. Near the diagonal [[slope]] is $J_q'(\theta)=-q^2\theta\,J_{q-1}(0)+O(\theta^2)$, "
                r"since the slope of $J_{q-1}$ is bounded (that of $J_0$ is $-1$). Hence for every $q\ge1$ the angular "
                r"function is $J_q(\theta)=(2q-3)!!\,\pi\,(2q-1-\frac12q^2\theta^2)+O(\theta^3)$, as limits of the "
                r"closed forms confirm for the first two orders:"
            ),
            *(
                Step(
                    (
                        sp.Limit((ANGULAR[k].subs(theta, 0) - ANGULAR[k]) / theta**2, theta, 0),
                        sp.Rational(k**2, 2) * sp.factorial2(2 * k - 3) * sp.pi,
                    ),
                    (Identity("exact, limit"),),
                    f"limit-{k}",
                )
                for k in (1, 2)
            ),
            Prose(
                r"The expansion is in $|\theta|$, the angle of two vectors, and it has odd powers. Under the integral, "
                r"$J_q(\theta)-J_q(-\theta)$ is the part from $\pi-\theta$ to $\pi+\theta$, where $X$ is of the order "
                r"$\theta^2$: the first odd power is $|\theta|^{2q+1}$. For the orders 1 and 2 its coefficients are"
            ),
            *(
                Step(
                    (
                        sp.Limit(odd[k] / theta ** (2 * k + 1), theta, 0),
                        (-1) ** (k + 1) * sp.factorial(k) ** 2 / sp.factorial2(2 * k + 1),
                    ),
                    (Identity("exact, limit"),),
                    f"odd-{k}",
                )
                for k in (1, 2)
            ),
            Prose(
                r"that is $(-1)^{q+1}\,(q!)^2/(2q+1)!!$ (for $q=0$ it is $-1$, as $J_0=\pi-\theta$). The kernel of "
                r"order 1 has a third derivative that jumps at the diagonal, and yet a smooth metric, since this takes "
                r"one derivative by $x$ and one by $y$."
            ),
        ),
    )


def metric() -> Section:
    """The metric of order q >= 1 and its geometry."""
    scale = q**2 * moment * s ** (q - 1)
    top = (2 * q - 1) * moment
    distance = top * (r ** (2 * q) + rho ** (2 * q)) - 2 * (r * rho) ** q * Opaque("J")(theta) / sp.pi
    apart = top * (r**q - rho**q) ** 2 + 2 * (r * rho) ** q * (top - Opaque("J")(theta) / sp.pi)
    R = geometry.scalar[()]

    def first_entry(order: int) -> Against:
        def witness(frame: Frame) -> sp.Expr:
            kernel = arc_cosine_kernel(order)
            return KernelMetric(lambda a, c: kernel(a.dot(a), c.dot(c), a.dot(c)), frame.coordinates()).matrix()[0, 0]

        return Against(f"KernelMetric, q = {order}", witness, ((2, 1),), units=False)

    def entry(order: int) -> Step:
        number, along = order**2 * sp.factorial2(2 * order - 3), 2 * (order - 1)
        factored = term(number * s ** (order - 2)) * (term(s) + along * x[1] ** 2)
        apart = term(number * s ** (order - 1)) + term(along * number * s ** (order - 2)) * x[1] ** 2
        return Step((factored, apart), (first_entry(order),), f"entry-{order}")

    return Section(
        "Metric and curvature of the orders from 1 on",
        (
            Prose(
                r"The squared distance of the features of two points is $k(x,x)+k(y,y)-2k(x,y)$, and the metric is its "
                r"second order in $y-x$ [@burges]. Let the points have the norms $r$ and $\rho$ and the angle "
                r"$\theta$. The distance is a radial and an angular part:"
            ),
            Step((distance, apart), (Identity("exact, every q"),), "apart"),
            Prose(
                r"(here $J$ is $J_q$). To the second order the radial part is $(2q-1)!!\,q^2r^{2q-2}(\rho-r)^2$ and "
                r"the angular one, by the expansion of $J_q$, $(2q-3)!!\,q^2r^{2q}\theta^2$: a displacement across $x$ "
                r"is stretched by $(2q-3)!!\,q^2s^{q-1}$, with $s=|x|^2$, and one along $x$ by $2q-1$ times this. "
                r"Hence the metric is"
            ),
            Define(
                g_dd[mu, nu],
                term(scale) * (DELTA[mu, nu] + 2 * term(q - 1) / term(s) * x[mu] * x[nu]),
                "metric",
            ),
            Prose(
                r"which agrees with a computation that expands the kernels themselves about the diagonal, in two "
                r"dimensions, where its entry $g_{11}$ is"
            ),
            entry(2),
            Prose(r"for the order 2 and"),
            entry(3),
            Prose(r"for the order 3. The inverse is"),
            Define(
                g_uu[mu, nu],
                term(1 / scale) * (DELTA[mu, nu] - 2 * term(q - 1) / term((2 * q - 1) * s) * x[mu] * x[nu]),
                "inverse",
            ),
            Step((g_uu[mu, la] * g_dd[la, nu], DELTA[mu, nu]), (ForAll(),), "inverse-check"),
            Prose(r"and the squared volume element"),
            Step(
                (Determinant(g_dd), term(scale**d) * term(2 * q - 1)),
                (Components(((1, 1), (2, 1), (3, 1)), units=False),),
                "determinant",
            ),
            Prose(
                r"With the Christoffel symbols, the Riemann tensor and its contractions, in the signs for which a "
                r"round sphere is positively curved,"
            ),
            geometry.christoffel(),
            geometry.riemann(),
            geometry.ricci(),
            geometry.scalar_curvature(),
            Prose(r"the scalar curvature is, for every order and dimension at once,"),
            Step(
                (
                    R,
                    -(term(d - 1) * term(d - 2) * (term((q - 1) ** 2) / term(q**2 * top * s**q))),
                ),
                (ForAll(note="exact, every d and q"), Components(((3, 1),), units=False)),
                "scalar",
            ),
            Prose(
                r"The order 1 is flat in every dimension: its features are an isometric copy of $\mathbb{R}^d$, bent, "
                r"but not stretched, in a space of infinitely many dimensions. The higher orders are flat for $d=2$, "
                r"outside the origin, and negatively curved for $d\ge3$. The reason is that the metric is a cone. With "
                r"the distance from the origin"
            ),
            Step(
                (
                    sp.Integral(sp.sqrt(q**2 * top) * rho ** (q - 1), (rho, 0, r)),
                    sp.sqrt(top) * r**q,
                ),
                (Primitive(sp.sqrt(top) * rho**q), Identity("exact, integrated")),
                "distance",
            ),
            Prose(r"the sphere of that distance $D$ has the radius $\sqrt{s\,(2q-3)!!\,q^2s^{q-1}}=\kappa D$, where"),
            Step(
                (sp.sqrt(s * scale) / sp.sqrt(top * s**q), q / sp.sqrt(2 * q - 1)),
                (Identity("exact, every q"),),
                "opening",
            ),
            Prose(
                r"is the number $\kappa\ge1$: there is more room around the origin than in flat space, the more the "
                r"higher the order. On such a cone $R=-(d-1)(d-2)(\kappa^2-1)/(\kappa D)^2$, which is [[scalar]]:"
            ),
            Step(
                (
                    -(term(d - 1) * term(d - 2) * ((term(q**2 / (2 * q - 1)) - 1) / term(s * scale))),
                    -(term(d - 1) * term(d - 2) * (term((q - 1) ** 2) / term(q**2 * top * s**q))),
                ),
                (Identity("exact, every d and q"),),
                "cone",
            ),
        ),
    )


def monomials() -> Section:
    """Agreement with the rectified monomials."""

    def table(frame: Frame) -> sp.Expr:
        del frame
        gram = rectified_monomial(3).gram
        assert gram is not None
        return 2 * gram(v)

    body = q**2 * zz ** (2 * q - 2)
    return Section(
        "The network of rectified monomials",
        (
            Prose(
                r"A network of infinitely many units $\phi(z)=\sqrt2\,[z]_+^q$ with weights of variance 1 and no bias "
                r"has the kernel $k_q$. The derivation for infinite width, which accompanies this one, gives its "
                r"metric as $G(s)\,\delta_{\mu\nu}+2\,G'(s)\,x_\mu x_\nu$ with $G$ the mean of $\phi'^2$ over a normal "
                r"variable of variance $s$. The half-lines $z<0$ and $z>0$ have equal shares in the mean of an even "
                r"function, so that the factor 2 makes up for the rectification, and $G$ is the mean for the power "
                r"$z^q$ itself,"
            ),
            Step(
                (
                    Expectation(body, zz, v),
                    q**2 * sp.factorial2(2 * q - 3) * v ** (q - 1),
                ),
                (Identity("exact, every q"), Quadrature(41)),
                "G",
            ),
            Prose(r"as the table of activations has it, for the order 3:"),
            Step(
                (2 * Expectation(9 * zz**4 * sp.Heaviside(zz, 0), zz, v), 27 * v**2),
                (Against("rectified_monomial(3)", table, ((1, 1),), units=False),),
                "table",
            ),
            Prose(r"With $v=s$ this is [[metric]] again:"),
            LetFunction(Opaque("G"), s, q**2 * moment * s ** (q - 1)),
            Step(
                (
                    term(Opaque("G")(s)) * DELTA[mu, nu] + 2 * term(Opaque("G")(s, 1)) * x[mu] * x[nu],
                    g_dd[mu, nu],
                ),
                (ForAll(note="exact, every d and q"), Components(((2, 1),), units=False)),
                "agreement",
            ),
            Prose(
                r"The kernels of $z^q$ and of $[z]_+^q$ differ, as $J_q$ is no polynomial in $\cos\theta$; their "
                r"metrics, up to the factor 2, do not."
            ),
        ),
    )


def zero() -> Section:
    """Order 0."""
    segments = sp.Symbol("m", positive=True)
    return Section(
        "Why the order 0 has no metric",
        (
            Prose(
                r"The features of order 0 have norm 1, and by [[J-0]] the squared distance of two of them is "
                r"proportional to their angle, not to its square. With"
            ),
            LetFunction(Opaque("J_0"), theta, ANGULAR[0]),
            Step((2 - 2 * Opaque("J_0")(theta) / sp.pi, 2 * theta / sp.pi), (Identity(),), "distance-0"),
            Prose(
                r"A metric would be the limit of the squared distance over $\theta^2$, which does not exist; the "
                r"expansion of $J_0$ begins with $|\theta|$, by [[J-0]]. Cut an arc of angle $\theta$ into $m$ equal "
                r"parts: the chords of its features have the total length"
            ),
            Step(
                (segments * sp.sqrt(2 * (theta / segments) / sp.pi), sp.sqrt(2 * theta * segments / sp.pi)),
                (Identity(),),
                "chords",
            ),
            Prose(
                r"which grows without bound with $m$: every arc has infinite length, as a path of Brownian motion has. "
                r"Radial displacements have none at all, since the kernel does not see norms. Hence the package "
                r"refuses a metric of order 0."
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "The arc-cosine kernels",
        r"The kernels of Cho and Saul are reduced to one integral, from which follow the recursions of their angular "
        r"functions, their expansion at the diagonal and their metric, for every order $q$ and dimension $d$. The "
        r"metric of an order from 1 on is a cone with more room than flat space, flat for $q=1$; it is that of the "
        r"monomials and rectified monomials of degree $q$. The order 0 has no metric. Every numbered equation was "
        r"checked by machine when this text was made; the margin says how.",
        (kernels(), recursion(), diagonal(), metric(), monomials(), zero()),
        (
            Reference(
                "cho",
                r"Y. Cho and L. K. Saul, Kernel methods for deep learning, in \emph{Advances in Neural Information "
                r"Processing Systems} 22, 2009.",
            ),
            Reference(
                "burges",
                r"C. J. C. Burges, Geometry and invariance in kernel based methods, in \emph{Advances in Kernel "
                r"Methods: Support Vector Learning}, MIT Press, 1999.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
