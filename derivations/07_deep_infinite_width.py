r"""Deep networks of infinite width: kernel, metric and curvature by the chain through the layers, limits in the depth.

Source: Neal (1996), Lee et al. (2018) for the kernel; Poole et al. (2016) for order and chaos.
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
    Divergence,
    Expectation,
    ForAll,
    Frame,
    Given,
    Identity,
    Let,
    LetFunction,
    LeviCivita,
    Opaque,
    Partial,
    Prose,
    Quadrature,
    Reference,
    Rules,
    Section,
    Step,
    Tensor,
    inputs,
    term,
)
from symgeo.networks import WideNetwork

NAME = "07_deep_infinite_width"

mu, nu, la, al, be = inputs(r"\mu \nu \lambda \alpha \beta")
d, s, x = INPUTS, RADIUS, COORDINATES
sigma, zeta, v, chi, lam = sp.symbols(r"\sigma \zeta v \chi \lambda", positive=True)
alpha, rise, bend = sp.symbols(r"\alpha A B", real=True)
L = sp.Symbol("L", integer=True, positive=True)
zz = sp.Symbol("z", real=True)
K_rt, K_tt = sp.symbols(r"K_{\mathrm{rt}} K_{\mathrm{tt}}")

F, f, Gf, Qf, V = Opaque("F"), Opaque("f"), Opaque("G"), Opaque("Q"), Opaque("v")
a, b = Opaque("a"), Opaque("b")
h_dd, h_next = Tensor("h", "dd"), Tensor(r"\hat{h}", "dd")
geometry = LeviCivita()
g_dd, g_uu, riemann_dddd, R = geometry.g_dd, geometry.g_uu, geometry.riemann_dddd, geometry.scalar[()]
half = sp.Rational(1, 2)

PREVIOUS = Rules(letters=frozenset({h_dd}))
SIZES = ((2, 1), (3, 1))
variance = sigma**2 * s + zeta**2

ERF = sp.erf(zz / sp.sqrt(2))
ERF_SLOPE = sp.sqrt(2 / sp.pi) * sp.exp(-(zz**2) / 2)


def erf_Q(t: sp.Expr) -> sp.Expr:
    """E[erf(z/sqrt 2)^2]."""
    return 2 / sp.pi * sp.asin(t / (1 + t))


def erf_G(t: sp.Expr) -> sp.Expr:
    """E of its slope squared."""
    return 2 / (sp.pi * sp.sqrt(1 + 2 * t))


def in_components(sizes: tuple[tuple[int, int], ...] = SIZES) -> Components:
    """An exact check in components; there are no units here."""
    return Components(sizes, units=False)


def two_layers(frame: Frame) -> sp.Expr:
    """g_12 of two erf layers: the kernel of the kernel, differentiated by x and by y, at y = x."""
    x_ = frame.coordinates()
    y_ = sp.symbols(f"y_1:{frame.d + 1}", real=True)

    def layer(p: sp.Expr, r: sp.Expr, c: sp.Expr) -> sp.Expr:
        p, r, c = (sigma**2 * e + zeta**2 for e in (p, r, c))
        return 2 / sp.pi * sp.asin(c / sp.sqrt((1 + p) * (1 + r)))

    p, r, c = (sum((m * n for m, n in zip(u, w, strict=True)), sp.S.Zero) for u, w in ((x_, x_), (y_, y_), (x_, y_)))
    kernel = layer(layer(p, p, p), layer(r, r, r), layer(p, r, c))
    return sp.diff(kernel, x_[0], y_[1]).subs(dict(zip(y_, x_, strict=True)))


def package(frame: Frame) -> sp.Expr:
    """R of the package's two-layer network, in the symbols of this text."""
    network = WideNetwork("erf", inputs=frame.d, depth=2)
    value = network.metric.scalar_curvature().doit()
    names = {network.symbols["sigma"]: sigma, network.symbols["zeta"]: zeta, network.symbols["s"]: s}
    return frame.scalar(value.subs(names, simultaneous=True))


def kernel() -> Section:
    """What is propagated."""
    return Section(
        "Layers as Gaussian fields",
        (
            Prose(
                r"A layer maps the features $\Phi_l(x)$ of the one before it, $N_l$ in number, to "
                r"$\phi(u_i(x))/\sqrt{N_{l+1}}$, $u_i=W_i\cdot\Phi_l+b_i$, with independent normal weights of variance "
                r"$\sigma^2$ and biases of variance $\zeta^2$; $\Phi_0(x)=x$. Given $\Phi_l$, each $u_i$ is a centred "
                r"Gaussian field with the covariance $c_l(x,y)=\sigma^2\,\Phi_l(x)\cdot\Phi_l(y)+\zeta^2$. If all "
                r"layers are infinitely wide, one after the other, the products $\Phi_l(x)\cdot\Phi_l(y)$ are by the "
                r"law of large numbers no longer random [@neal], [@lee]. Rotation invariance makes $|\Phi_l|^2=:q_l$ a "
                r"function of $s=|x|^2$, and with $z$ a normal variable of variance $v$ and the two functions "
                r"$Q(v)=\mathbb{E}\,\phi(z)^2$ and $G(v)=\mathbb{E}\,\phi'(z)^2$, the norms follow a recursion in one "
                r"variable, $q_0=s$, $v_l=\sigma^2q_l+\zeta^2$, $q_{l+1}=Q(v_l)$. It is assumed that $\phi^2$ and "
                r"$\phi'^2$ grow less fast than the density of $z$ falls; the means that are displayed were checked, "
                r"the limit of infinite width is taken as known."
            ),
        ),
    )


def one_layer() -> tuple[Section, Section]:
    """The metric of a layer from that of the one before it."""
    slope = Partial(mu, term(V(s))) / term(2 * V(s))
    other = Partial(nu, term(V(s))) / term(2 * V(s))
    G0, G1 = Gf(V(s)), Gf(V(s), 1)
    rest = term(sigma**2) * h_dd[mu, nu] - Partial(mu, term(V(s))) * Partial(nu, term(V(s))) / term(4 * V(s))
    after = term(sigma**2 * G0) * h_dd[mu, nu] + term(half * G1) * Partial(mu, term(V(s))) * Partial(nu, term(V(s)))
    return Section(
        "The metric of the next layer",
        (
            Given((h_dd,)),
            Prose(
                r"Let $h_{\mu\nu}$ be the metric of the features $\Phi_l$, and $v$ the variance $v_l$ as a function of "
                r"$s$. The metric of the next layer is the mean of $F(u)\,\partial_\mu u\,\partial_\nu u$ over the "
                r"field $u$, with $F=\phi'^2$. The field and its gradient at one point are jointly normal, with the "
                r"covariances $\mathbb{E}\,u^2=v$, $\mathbb{E}\,u\,\partial_\mu u=\frac12\partial_\mu v$ and "
                r"$\mathbb{E}\,\partial_\mu u\,\partial_\nu u=\sigma^2h_{\mu\nu}$. So the gradient is the sum of a "
                r"multiple of $u$, namely $u\,\partial_\mu v/(2v)$, and a normal vector independent of $u$, whose "
                r"covariance is what is left, $\sigma^2h_{\mu\nu}-\partial_\mu v\,\partial_\nu v/(4v)$. Two means over "
                r"$u$ are needed, that of $F$, which is $G(v)$, and that of $u^2F$, which comes out of the slope of "
                r"$G$, as the variance occurs in the density only. With"
            ),
            LetFunction(Gf, v, Expectation(F(zz), zz, v), "G"),
            Step(
                (Expectation(zz**2 * F(zz), zz, v), v * Gf(v) + 2 * v**2 * Gf(v, 1)),
                (Divergence(sp.S.Zero), Quadrature(11, {"F": lambda t: t**4 + sp.cos(t)})),
                "second-moment",
            ),
        ),
    ), Section(
        "The recursion",
        (
            Prose(
                r"From here on $G$ is any smooth positive function. The mean over field and gradient is the first of "
                r"these lines, and all that depends on how the gradient was split drops out of it:"
            ),
            Step(
                (
                    slope * other * term(V(s) * G0 + 2 * V(s) ** 2 * G1) + term(G0) * rest,
                    after,
                ),
                (ForAll(PREVIOUS), in_components()),
                "split",
            ),
            Prose(
                r"Hence the metric changes from layer to layer by a factor and by a change of one direction, that of "
                r"the gradient of the norm:"
            ),
            Define(h_next[mu, nu], after, "next"),
            Prose(
                r"Since $v$ depends on $s$ alone, every metric is of the form $a(s)\,\delta_{\mu\nu}+b(s)\,x_\mu "
                r"x_\nu$. Put for $h$, this gives the coefficients of the next layer,"
            ),
            Step(
                (
                    term(sigma**2 * G0) * (term(a(s)) * DELTA[mu, nu] + term(b(s)) * x[mu] * x[nu])
                    + term(half * G1) * Partial(mu, term(V(s))) * Partial(nu, term(V(s))),
                    term(sigma**2 * G0 * a(s)) * DELTA[mu, nu]
                    + (term(sigma**2 * G0 * b(s)) + term(2 * G1 * V(s, 1) ** 2)) * x[mu] * x[nu],
                ),
                (ForAll(), in_components()),
                "coefficients",
            ),
            Prose(
                r"that is $a_{l+1}=\sigma^2G(v_l)\,a_l$ and $b_{l+1}=\sigma^2G(v_l)\,b_l+2\,G'(v_l)\,v_l'^2$, with "
                r"$a_0=1$, $b_0=0$. For the depth $L$ the solution is $a_L=\prod_{l<L}\sigma^2G(v_l)$ and "
                r"$b_L=a_L\sum_{l<L}2\,G'(v_l)\,v_l'^2/a_{l+1}$ with $v_l'=\sigma^2\prod_{k<l}\sigma^2Q'(v_k)$, where "
                r"each summand is what one layer adds to the radial direction, carried on by the layers behind it. "
                r"That it solves the recursion is seen in one line: for any $b$ with $b/a$ changed by a summand,"
            ),
            Step(
                (
                    sigma**2 * G0 * a(s) * (b(s) / a(s) + 2 * G1 * V(s, 1) ** 2 / (sigma**2 * G0 * a(s))),
                    sigma**2 * G0 * b(s) + 2 * G1 * V(s, 1) ** 2,
                ),
                (Identity(),),
                "solution",
            ),
            Prose(
                r"For the first layer, $v=\sigma^2s+\zeta^2$, this is the metric of the derivation for infinite width."
            ),
        ),
    )


def geometry_of() -> Section:
    """The geometry of a delta + b x x."""
    A0, A1, A2, B0, B1 = a(s), a(s, 1), a(s, 2), b(s), b(s, 1)
    turned = A0 + s * A1
    d_log = g_uu[mu, nu] * Partial(la, g_dd[mu, nu])
    projector = Tensor(r"\Pi", "dd")
    plane = g_dd[mu, al] * g_dd[nu, be] - g_dd[mu, be] * g_dd[nu, al]
    rho = inputs(r"\rho")[0]
    return Section(
        "Volume element and curvature",
        (
            Prose(
                r"The metrics of deep layers are no Hessians in general ($b\ne2a'$), so that the short form of the "
                r"curvature for one layer is of no use. For any functions $a$ and $b$ of $s$ let"
            ),
            Define(g_dd[mu, nu], term(A0) * DELTA[mu, nu] + term(B0) * x[mu] * x[nu], "metric"),
            Let(rise, A0 + s * B0, "A"),
            Prose(
                r"where $A$ is the stretching along $x$, and $a$ that across. Where both are positive, the inverse is"
            ),
            Define(g_uu[mu, nu], term(1 / A0) * (DELTA[mu, nu] - term(B0) / term(rise) * x[mu] * x[nu]), "inverse"),
            Step((g_uu[mu, la] * g_dd[la, nu], DELTA[mu, nu]), (ForAll(),), "inverse-check"),
            Prose(r"The determinant follows from Jacobi's formula, and from $a^d$ at $s=0$:"),
            Step((d_log, Partial(la, LOG(term(A0 ** (d - 1) * rise)))), (ForAll(),), "jacobi"),
            Step(
                (Determinant(g_dd), term(A0 ** (d - 1)) * rise),
                (in_components(((1, 1), (2, 1), (3, 1))),),
                "determinant",
            ),
            Prose(
                r"With connection and curvature, a round sphere being positively curved, and the projector across $x$,"
            ),
            geometry.christoffel(),
            geometry.riemann(),
            geometry.lowered(),
            geometry.ricci(),
            geometry.scalar_curvature(),
            Define(projector[mu, nu], DELTA[mu, nu] - x[mu] * x[nu] / term(s), "projector"),
            Prose(r"the sectional curvatures of planes that hold $x$, and of planes across it, are"),
            Let(
                K_rt,
                term(turned) * term(A1 * rise + A0 * (A1 + B0 + s * B1)) / term(A0**2 * rise**2)
                - term(2) * term(2 * A1 + s * A2) / term(A0 * rise),
                "K-rt",
            ),
            Let(K_tt, term(A0 * B0 - 2 * A0 * A1 - s * A1**2) / term(A0**2 * rise), "K-tt"),
            Prose(r"in the sense that the Riemann tensor is, with $x$ in one slot of each pair, and across $x$,"),
            Step(
                (riemann_dddd[mu, nu, al, be] * x[mu] * x[al], term(K_rt) * plane * x[mu] * x[al]),
                (ForAll(),),
                "sectional-rt",
            ),
            Step(
                (
                    projector[mu, la] * projector[nu, rho] * riemann_dddd[la, rho, al, be],
                    term(K_tt)
                    * projector[mu, la]
                    * projector[nu, rho]
                    * (g_dd[la, al] * g_dd[rho, be] - g_dd[la, be] * g_dd[rho, al]),
                ),
                (ForAll(),),
                "sectional-tt",
            ),
            Prose(r"so that the scalar curvature counts $2(d-1)$ of the first and $(d-1)(d-2)$ of the second,"),
            Step(
                (R, 2 * term(d - 1) * K_rt + term(d - 1) * term(d - 2) * K_tt),
                (ForAll(), in_components(((2, 1),))),
                "scalar",
            ),
            Prose(
                r"These and the recursion are the curvature at any depth: with $a_l$, $b_l$ their derivatives by $s$ "
                r"are carried along."
            ),
        ),
    )


def relu() -> Section:
    """Constant G."""
    slope = sp.Symbol("c", positive=True)
    leaky = sp.Piecewise((1, zz > 0), (slope**2, True))
    return Section(
        "Rectified linear units",
        (
            Prose(
                r"For $\phi(z)=\max(z,cz)$, the leaky rectifier, which is the rectifier for $c=0$, both functions are "
                r"elementary, and $G$ is a constant:"
            ),
            Step(
                (
                    sp.Integral(zz**2 * Expectation(sp.S.One, zz, v).density, (zz, 0, sp.oo))
                    + sp.Integral(slope**2 * zz**2 * Expectation(sp.S.One, zz, v).density, (zz, -sp.oo, 0)),
                    (1 + slope**2) * v / 2,
                ),
                (Identity("exact, integrated"), Quadrature(41)),
                "Q-relu",
            ),
            Step(
                (Expectation(leaky, zz, v), (1 + slope**2) / 2),
                (Identity("exact, integrated"),),
                "G-relu",
            ),
            Prose(r"The slope of $G$ vanishes, and with it, by [[next]], every change of shape. With"),
            LetFunction(Gf, v, (1 + slope**2) / 2),
            Step(
                (h_next[mu, nu], term(sigma**2 * (1 + slope**2) / 2) * h_dd[mu, nu]),
                (ForAll(PREVIOUS), in_components()),
                "scaled",
            ),
            Prose(
                r"the metric of $L$ layers is $\left(\sigma^2(1+c^2)/2\right)^L\delta_{\mu\nu}$, whatever the biases: "
                r"only scaled, and flat, at every depth. It keeps its scale for $\sigma^2=2/(1+c^2)$, the choice of He "
                r"for the weights of such networks [@he]; lengths and volume elements then are the same at all depths. "
                r"For $d\ge3$ no other units do that in the first layer, as the curvature across $x$ shows: with $a$ "
                r"and $b=2a'$ it is"
            ),
            LetFunction(b, s, 2 * a(s, 1)),
            Step(
                (K_tt, -s * a(s, 1) ** 2 / (a(s) ** 2 * (a(s) + 2 * s * a(s, 1)))),
                (Identity(),),
                "only-flat",
            ),
            Prose(
                r"which vanishes only where $a'=\sigma^4G'(v)$ does. The kernels of all these layers are not linear "
                r"(they are arc-cosine kernels of order 1, layer by layer): the features bend in their space, without "
                r"stretching."
            ),
        ),
    )


def erf() -> Section:
    """Q and G of erf, and the fixed point."""
    squared_slope = 2 / sp.pi * sp.exp(-(zz**2))
    heat = -(zz * ERF**2 / v + 2 * ERF * ERF_SLOPE) / 2
    return Section(
        "Saturating units: erf",
        (
            Prose(
                r"For $\phi(z)=\operatorname{erf}(z/\sqrt2)$ [@williams] the mean of $\phi'^2$ is an integral of Gauss,"
            ),
            Step(
                (Expectation(squared_slope, zz, v), erf_G(v)),
                (Identity("exact, integrated"), Quadrature(51)),
                "G-erf",
            ),
            Prose(
                r"and that of $\phi^2$ is found from its slope by the variance. Since $\phi''=-z\,\phi'$, integration "
                r"by parts gives"
            ),
            Step(
                ((1 + v) * sp.Derivative(Expectation(ERF**2, zz, v), v), Expectation(squared_slope, zz, v)),
                (Divergence((1 + v) * heat + v * ERF * ERF_SLOPE), Quadrature(52)),
                "Q-slope",
            ),
            Prose(r"and the mean vanishes for $v=0$. The integral by $v$ that does so is an arcsine,"),
            Step((sp.Derivative(erf_Q(v), v), erf_G(v) / (1 + v)), (Identity(),), "arcsine"),
            Prose(r"so that, with a quadrature as a second witness,"),
            Step((Expectation(ERF**2, zz, v), erf_Q(v)), (Quadrature(53),), "Q-erf"),
            Prose(
                r"The ratio $Q'/G=1/(1+v)$ is below 1: from layer to layer, two norms come closer by a smaller factor "
                r"than two directions do."
            ),
        ),
    )


def phases() -> Section:
    """Depth L where the norm is at its fixed point, and L to infinity."""
    after, slopes, bs = Opaque("a'"), Opaque("v'"), Opaque("b")
    stretch = Opaque("a")
    G1 = sp.Symbol("G'", negative=True)
    beta = sp.Symbol(r"\beta", real=True)
    edge = v / (sp.sqrt(1 + 2 * v) * sp.asin(v / (1 + v)))
    a_L = chi**L
    v_L = sigma**2 * lam**L
    da_L = sigma**4 * G1 * chi ** (L - 1) * (1 - lam**L) / (1 - lam)
    b_L = 2 * sigma**4 * G1 * (chi**L - lam ** (2 * L)) / (chi - lam**2)
    alpha_value, beta_value = sigma**4 * G1 / (chi * (1 - lam)), 2 * sigma**4 * G1 / (chi - lam**2)
    faded, gone = lam**L, (lam**2 / chi) ** L
    a_, b_, slope_ = stretch(L), bs(L), after(L)
    K = (a_ * b_ - 2 * a_ * slope_ - s * slope_**2) / (a_ * (a_ + s * b_))
    limit = (beta - 2 * alpha - s * alpha**2) / (1 + beta * s)
    return Section(
        "Limits in the depth",
        (
            Prose(
                r"The norms converge to a fixed point $v=\sigma^2Q(v)+\zeta^2$ where there is a stable one. Consider "
                r"the inputs whose norm is there from the first layer on, and let $\chi=\sigma^2G(v)$, "
                r"$\lambda=\sigma^2Q'(v)$ and $G'=G'(v)$ be the numbers that the recursion then repeats; $0<\lambda<1$ "
                r"by stability. With an argument $L$ for the number of layers, the recursions of $v'$, $a$, $a'$ and "
                r"$b$ at these inputs are solved by"
            ),
            LetFunction(slopes, L, v_L, "v-L"),
            LetFunction(stretch, L, a_L, "a-L"),
            LetFunction(after, L, da_L, "da-L"),
            LetFunction(bs, L, b_L, "b-L"),
            Prose(r"since these are $\sigma^2$, 1, 0, 0 for $L=0$ and"),
            Step((slopes(L + 1), lam * slopes(L)), (Identity("exact, every L"),), "v-step"),
            Step((stretch(L + 1), chi * stretch(L)), (Identity("exact, every L"),), "a-step"),
            Step(
                (after(L + 1), chi * after(L) + sigma**2 * G1 * slopes(L) * stretch(L)),
                (Identity("exact, every L"),),
                "da-step",
            ),
            Step(
                (bs(L + 1), chi * bs(L) + 2 * G1 * slopes(L) ** 2),
                (Identity("exact, every L"),),
                "b-step",
            ),
            Prose(
                r"Across $x$ lengths change by $\chi^{L/2}$: for $\chi>1$ neighbouring directions separate with the "
                r"depth (chaos), for $\chi<1$ they merge (order) [@poole]. The shape of the metric converges. With"
            ),
            Let(alpha, alpha_value, "alpha"),
            Let(beta, beta_value, "beta"),
            Step((after(L) / stretch(L), alpha * (1 - faded)), (Identity("exact, every L"),), "alpha-L"),
            Step((bs(L) / stretch(L), beta * (1 - gone)), (Identity("exact, every L"),), "beta-L"),
            Prose(
                r"tend to $\alpha$ and $\beta$, as $\lambda^2<\lambda<\chi$ wherever $Q'<G$. So does the curvature, in "
                r"the units in which $a_L$ is one: that of the planes across $x$ at these inputs is $\chi^{-L}$ times"
            ),
            Step(
                (
                    K,
                    (beta * (1 - gone) - 2 * alpha * (1 - faded) - s * alpha**2 * (1 - faded) ** 2)
                    / (1 + beta * s * (1 - gone)),
                ),
                (Identity("exact, every L"),),
                "K-L",
            ),
            Prose(r"(here $s$ is $(v-\zeta^2)/\sigma^2$), which tends to"),
            Step(
                (
                    limit,
                    sigma**4
                    * G1
                    * (2 / (chi - lam**2) - 2 / (chi * (1 - lam)) - s * sigma**4 * G1 / (chi * (1 - lam)) ** 2)
                    / (1 + beta * s),
                ),
                (Identity(),),
                "K-limit",
            ),
            Prose(
                r"In the chaotic phase the sheet of features becomes flat as it grows, in the ordered phase ever more "
                r"curved as it shrinks, both exponentially in the depth; enlarged by $\chi^{-L/2}$ it tends, to this "
                r"order about these inputs, to one shape. For erf without bias, $\sigma^2$ is $v/Q(v)$ at the fixed "
                r"point, and $\chi$ with"
            ),
            LetFunction(Gf, v, erf_G(v)),
            LetFunction(Qf, v, erf_Q(v)),
            Step((v * Gf(v) / Qf(v), edge), (Identity(),), "chi-erf"),
            Prose(r"is one at the edge $v\to0$, $\sigma^2=\pi/2$, and above one for all $v>0$:"),
            Step((sp.Limit(edge, v, 0), 1), (Identity("exact, limit"),), "edge"),
            Step(
                (
                    sp.Derivative(v / sp.sqrt(1 + 2 * v) - sp.asin(v / (1 + v)), v),
                    v**2 / ((1 + v) * (1 + 2 * v) ** sp.Rational(3, 2)),
                ),
                (Identity(),),
                "above-one",
            ),
            Prose(
                r"is positive, so that $\chi>1$. A bias-free erf network is therefore chaotic wherever its norms do "
                r"not die out. If they do ($\sigma^2<\pi/2$), the fixed point is $v=0$, with "
                r"$\lambda=\chi=2\sigma^2/\pi$. With biases there are ordered networks of finite norm."
            ),
        ),
    )


def comparison() -> Section:
    """Two layers of erf, against computations of another make."""
    outer = sigma**2 * Qf(variance) + zeta**2
    v0, v1 = sp.symbols("v_0 v_1", positive=True)
    first, second = 2 * sigma**6 * Gf(v1) * Gf(v0, 1), 2 * sigma**8 * Gf(v1, 1) * Qf(v0, 1) ** 2
    return Section(
        "Comparison for two layers",
        (
            Prose(r"For two layers of erf units let"),
            LetFunction(Gf, v, erf_G(v)),
            LetFunction(Qf, v, erf_Q(v)),
            Let(v0, variance),
            Let(v1, sigma**2 * Qf(v0) + zeta**2),
            Prose(
                r"The coefficient of $x_1x_2$ in the metric is the derivative by $x_1$ and $y_2$ of the kernel, "
                r"Williams's arcsine put into itself, at $y=x$. That derivative was taken for"
            ),
            Step(
                (
                    term(first) * x[1] * x[2] + term(second) * x[1] * x[2],
                    term(first + second) * x[1] * x[2],
                ),
                (Against("the kernel, differentiated", two_layers, ((2, 1), (3, 1)), seed=61, units=False),),
                "kernel-kernel",
            ),
            Prose(r"and the scalar curvature [[scalar]] with"),
            LetFunction(a, s, sigma**4 * Gf(variance) * Gf(outer), "a-2"),
            LetFunction(
                b,
                s,
                2 * sigma**6 * Gf(outer) * Gf(variance, 1) + 2 * sigma**8 * Gf(outer, 1) * Qf(variance, 1) ** 2,
                "b-2",
            ),
            Prose(r"is that of the package's own network, which carries the recursion through the layers:"),
            Step(
                (
                    2 * term(d - 1) * K_rt + term(d - 1) * term(d - 2) * K_tt,
                    term(d - 1) * (2 * term(K_rt) + term(d - 2) * K_tt),
                ),
                (Against("WideNetwork, depth 2", package, ((2, 1),), seed=62, units=False),),
                "package",
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Deep networks of infinite width",
        r"The metric of a deep network is derived by a recursion through its layers, in the limit in which all of them "
        r"are infinitely wide, and from it the volume element and the curvatures, for any activation, depth and "
        r"dimension $d$. Rectified linear units only scale the metric. With saturating units the metric grows or "
        r"shrinks exponentially with the depth, while its shape converges. Every numbered equation was checked by "
        r"machine when this text was made; the margin says how, where \emph{every d} stands for a proof with a "
        r"symbolic dimension.",
        (kernel(), *one_layer(), geometry_of(), relu(), erf(), phases(), comparison()),
        (
            Reference("neal", r"R. M. Neal, \emph{Bayesian Learning for Neural Networks}, Springer, 1996."),
            Reference(
                "lee",
                r"J. Lee, Y. Bahri, R. Novak, S. S. Schoenholz, J. Pennington and J. Sohl-Dickstein, Deep neural "
                r"networks as Gaussian processes, \emph{International Conference on Learning Representations}, 2018.",
            ),
            Reference(
                "he",
                r"K. He, X. Zhang, S. Ren and J. Sun, Delving deep into rectifiers, \emph{International Conference on "
                r"Computer Vision}, 2015.",
            ),
            Reference(
                "williams",
                r"C. K. I. Williams, Computation with infinite neural networks, \emph{Neural Computation} 10, "
                r"1203--1216, 1998.",
            ),
            Reference(
                "poole",
                r"B. Poole, S. Lahiri, M. Raghu, J. Sohl-Dickstein and S. Ganguli, Exponential expressivity in deep "
                r"neural networks through transient chaos, in \emph{Advances in Neural Information Processing Systems} "
                r"29, 2016.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
