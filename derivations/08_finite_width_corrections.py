r"""Corrections of order 1/n: fluctuation of the metric of random networks, and its posterior mean given data.

Source: Zavatone-Veth and Pehlevan, and arXiv:2301.11375 for the Bayesian correction; Williams (1998) for erf.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import sympy as sp
from jaxtyping import Float
from scipy import special

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    UNITS,
    ByParts,
    Components,
    Cubature,
    Define,
    Derivation,
    Divergence,
    Expectation,
    ForAll,
    Given,
    Identity,
    Let,
    LetFunction,
    LeviCivita,
    Mean,
    MonteCarlo,
    Opaque,
    Primitive,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Simulation,
    Step,
    Tensor,
    Term,
    inputs,
    term,
)

NAME = "08_finite_width_corrections"

mu, nu, la, rho = inputs(r"\mu \nu \lambda \rho")
d, n, s, x = INPUTS, UNITS, RADIUS, COORDINATES
sigma, zeta, v, t, g, r, K, q = sp.symbols(r"\sigma \zeta v t g r K q", positive=True)
target = sp.Symbol("y", real=True)
zz, ww = sp.symbols("z w", real=True)
A, kappa, tr_1, tr_2, along_1, along_2 = sp.symbols(r"A \kappa \tau_1 \tau_2 \eta_1 \eta_2")

F, H, Gf, Mf, Om = Opaque("F"), Opaque("H"), Opaque("G"), Opaque("M"), Opaque(r"\Omega")
P = Opaque("P")
u = sp.Symbol("u", positive=True)
w, b, z, datum, at_datum = Tensor("w", "d"), Tensor("b", ""), Tensor("z", ""), Tensor("a", "d"), Tensor(r"\hat{z}", "")
variance = sigma**2 * s + zeta**2
O, O1 = Om(s), Om(s, 1)
half = sp.Rational(1, 2)

geometry = LeviCivita()
g_dd, g_uu = geometry.g_dd, geometry.g_uu

WEIGHTS = Rules(letters=frozenset({w, b, z}), derivatives={z: ((mu,), x[mu])}, along=w)
BOTH = WEIGHTS | Rules(
    letters=frozenset({datum, at_datum}),
    derivatives={at_datum: ((mu,), datum[mu])},
    constants=frozenset({datum}),
    along=w,
)
ENTIRE = {"H": lambda e: e**2 + sp.cos(e), "F": lambda e: e**2 + sp.cos(e), "P": lambda e: e**2}


def mean(body: Term) -> Mean:
    """The expectation over the weight and the bias of one unit."""
    return Mean(body, w, b, (sigma, zeta))


def four_fluxes() -> tuple[tuple, ...]:
    """Stein's lemma for each of four weights in turn: what is averaged, over the density, whose divergence is taken."""
    fluxes: list[tuple] = []
    waiting: list[tuple[Term, tuple, int]] = [(term(1), (mu, nu, la, rho), 0)]
    while waiting:
        factor, (first, *rest), order = waiting.pop()
        product = factor * -term(sigma**2)
        for index in rest:
            product = product * w[index]
        fluxes.append((first, product * H(z[()], order)))
        for index in rest:
            others = tuple(other for other in rest if other != index)
            if others:
                waiting.append((factor * term(sigma**2) * DELTA[first, index], others, order))
        if rest:
            waiting.append((factor * term(sigma**2) * x[first], tuple(rest), order + 1))
    return tuple(fluxes)


PAIRS = DELTA[mu, nu] * DELTA[la, rho] + DELTA[mu, la] * DELTA[nu, rho] + DELTA[mu, rho] * DELTA[nu, la]
MIXED = (
    DELTA[mu, nu] * x[la] * x[rho]
    + DELTA[mu, la] * x[nu] * x[rho]
    + DELTA[mu, rho] * x[nu] * x[la]
    + DELTA[nu, la] * x[mu] * x[rho]
    + DELTA[nu, rho] * x[mu] * x[la]
    + DELTA[la, rho] * x[mu] * x[nu]
)
FOUR = x[mu] * x[nu] * x[la] * x[rho]


PAIRED, THREADED = Tensor(r"\Delta", "dddd"), Tensor("X", "dddd")
"""The tensors of the two sums above."""


def fourth(one: Term, two: Term, four: Term) -> Term:
    """The fourth moment of weights, from the means of H and its derivatives."""
    return (
        term(sigma**4) * one * PAIRED[mu, nu, la, rho]
        + term(sigma**6) * two * THREADED[mu, nu, la, rho]
        + term(sigma**8) * four * FOUR
    )


MOMENT = Tensor("E", "dddd")


def closed_fourth() -> Term:
    """The same in terms of M and its derivatives."""
    return (
        term(sigma**4 * Mf(u)) * PAIRED[mu, nu, la, rho]
        + term(2 * sigma**6 * Mf(u, 1)) * THREADED[mu, nu, la, rho]
        + term(4 * sigma**8 * Mf(u, 2)) * FOUR
    )


def moments() -> Section:
    """The fourth moment of the weights."""
    zt = z[()]
    m = u
    return Section(
        "Four weights",
        (
            Given((w, b)),
            Prose(
                r"A unit with the weights $w$, normal with variance $\sigma^2$ in each component, and a normal bias "
                r"$b$ of variance $\zeta^2$ forms at the input $x$"
            ),
            Define(zt, w[mu] * x[mu] + b[()], "preactivation"),
            Prose(
                r"and adds $F(z)\,w_\mu w_\nu/n$, $F=\phi'^2$, to the metric of a network of $n$ units. The units are "
                r"independent. So the metric $g^{(n)}$ of a random network has the metric $g$ of infinite width for "
                r"its mean, at every $n$, and its covariance is exactly $1/n$ of that of $F\,w_\mu w_\nu$. This takes "
                r"the mean of $H\,w_\mu w_\nu w_\lambda w_\rho$, $H=F^2$. As in the derivation for infinite width, "
                r"Stein's lemma [@stein] in each of the weights gives, for any $H$ that with its derivatives stays "
                r"below $Ce^{az^2}$ for some $a<1/(2v)$, with the sums over the ways to pair four indices, and to pair "
                r"two of them,"
            ),
            Define(PAIRED[mu, nu, la, rho], PAIRS, "pairs"),
            Define(THREADED[mu, nu, la, rho], MIXED, "mixed"),
            Step(
                (
                    mean(H(zt) * w[mu] * w[nu] * w[la] * w[rho]),
                    fourth(mean(H(zt)), mean(H(zt, 2)), mean(H(zt, 4))),
                ),
                (
                    RulesHold(WEIGHTS, ((2, 1),), units=False),
                    ByParts(four_fluxes(), WEIGHTS, ((2, 1),)),
                    Cubature(seed=11, instances=ENTIRE, d=2),
                ),
                "four",
            ),
            Prose(
                r"The three means are over functions of $z$, which is normal with the variance $u=\sigma^2s+\zeta^2$, "
                r"$s=|x|^2$. With"
            ),
            Let(u, variance, "u"),
            LetFunction(Mf, v, Expectation(H(zz), zz, v), "M"),
            Prose(r"the density's heat equation turns derivatives by $z$ into derivatives by $v$,"),
            Step((mean(H(zt)), term(Mf(m))), (Divergence(sp.S.Zero),), "M-0"),
            Step(
                (mean(H(zt, 2)), term(2 * Mf(m, 1))),
                (Divergence(zz * H(zz) / m + H(zz, 1)),),
                "M-1",
            ),
            Step(
                (mean(H(zt, 4)), term(4 * Mf(m, 2))),
                (
                    Divergence(
                        (zz**3 / m**3 - 3 * zz / m**2) * H(zz)
                        + (zz**2 / m**2 - 1 / m) * H(zz, 1)
                        + zz / m * H(zz, 2)
                        + H(zz, 3)
                    ),
                ),
                "M-2",
            ),
            Prose(r"so that the fourth moment is known from one function of one variable:"),
            Step(
                (
                    mean(H(zt) * w[mu] * w[nu] * w[la] * w[rho]),
                    closed_fourth(),
                ),
                (
                    ForAll(using=("four", "M-0", "M-1", "M-2")),
                    MonteCarlo(
                        seed=12,
                        samples=200_000,
                        instances={"H": lambda e: 4 / sp.pi**2 * sp.exp(-2 * e**2)},
                        d=2,
                    ),
                ),
                "fourth",
            ),
            Prose(
                r"The samples are of erf units, $\phi(z)=\operatorname{erf}(z/\sqrt2)$, for which "
                r"$H=\frac{4}{\pi^2}e^{-2z^2}$."
            ),
        ),
    )


POINT = {sigma: sp.Rational(6, 5), zeta: sp.Rational(1, 2), s: sp.Rational(5, 4), d: sp.Integer(2)}
"""sigma, zeta, and x = (1, 1/2)."""


def erf_metrics(generator: np.random.Generator, width: int, networks: int) -> Float[np.ndarray, "networks d d"]:
    """g^-1 g^(n) at x = (1, 1/2) of random erf networks, g the metric of infinite width."""
    x0 = np.array([1.0, 0.5])
    variances = float(POINT[sigma]) ** 2, float(POINT[zeta]) ** 2
    weights = generator.normal(0, variances[0] ** 0.5, (networks, width, 2))
    biases = generator.normal(0, variances[1] ** 0.5, (networks, width))
    slopes = 2 / np.pi * np.exp(-((weights @ x0 + biases) ** 2))
    metrics = np.einsum("kj,kja,kjb->kab", slopes, weights, weights) / width
    u = 1 + 2 * (variances[0] * x0 @ x0 + variances[1])
    infinite = 2 * variances[0] / (np.pi * u**0.5) * (np.eye(2) - 2 * variances[0] / u * np.outer(x0, x0))
    return np.linalg.solve(infinite, metrics)


def spread(width: int) -> Simulation:
    """n tr(g^-1 delta)^2 of erf networks."""

    def draw(generator: np.random.Generator) -> Float[np.ndarray, " samples"]:
        return width * (np.trace(erf_metrics(generator, width, 160_000 // width), axis1=1, axis2=2) - 2) ** 2

    return Simulation(f"{width} erf units", draw, POINT, 20 + width)


def volume_shift(generator: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """2 (2n) X_2n - n X_n with X = log sqrt det - tr/2 less its limit: the term in 1/n, that in 1/n^2 removed."""
    width, networks = 100, 8000
    values = []
    for size in (2 * width, width):
        ratio = erf_metrics(generator, size, networks)
        trace = np.trace(ratio, axis1=1, axis2=2) - 2
        values.append(size * (np.log(np.linalg.det(ratio)) - trace) / 2)
    return 2 * values[0] - values[1]


def volume() -> Section:
    """Fluctuation of metric and volume element."""
    c2 = sp.exp(-2 * O)
    value = (
        sigma**4 * Mf(u) * (tr_1**2 + 2 * tr_2)
        + 4 * sigma**6 * Mf(u, 1) * (tr_1 * along_1 + 2 * along_2)
        + 4 * sigma**8 * Mf(u, 2) * along_1**2
    )
    h = sp.Symbol("h", positive=True)
    erf_kappa = (
        4 * sigma**4 * (tr_1**2 + 2 * tr_2) / (sp.pi**2 * sp.sqrt(h))
        - 32 * sigma**6 * (tr_1 * along_1 + 2 * along_2) / (sp.pi**2 * h ** sp.Rational(3, 2))
        + 192 * sigma**8 * along_1**2 / (sp.pi**2 * h ** sp.Rational(5, 2))
    )
    return Section(
        "How far a random network is from infinite width",
        (
            Prose(
                r"The metric of infinite width is, for some $\Omega$ of $s$ (the logarithm of $\sigma^2$ times the "
                r"mean of $F$), "
            ),
            Define(g_dd[mu, nu], term(sp.exp(O)) * (DELTA[mu, nu] + 2 * term(O1) * x[mu] * x[nu]), "metric"),
            Let(A, 1 + 2 * s * O1, "A"),
            Define(
                g_uu[mu, nu], term(sp.exp(-O)) * (DELTA[mu, nu] - 2 * term(O1) / term(A) * x[mu] * x[nu]), "inverse"
            ),
            Step((g_uu[mu, la] * g_dd[la, nu], DELTA[mu, nu]), (ForAll(),), "inverse-check"),
            Prose(
                r"All that is wanted here of the fourth moment is its contraction with two inverse metrics, "
                r"$\kappa=\mathbb{E}\,F^2\,(g^{\mu\nu}w_\mu w_\nu)^2$. With the traces of $g^{-1}$ and $g^{-2}$ and "
                r"their components along $x$, and with $E$ for the right side of [[fourth]],"
            ),
            Let(tr_1, sp.exp(-O) * (d - 1 + 1 / A)),
            Let(tr_2, c2 * (d - 1 + 1 / A**2)),
            Let(along_1, sp.exp(-O) * s / A),
            Let(along_2, c2 * s / A**2),
            Let(kappa, value, "kappa"),
            Define(MOMENT[mu, nu, la, rho], closed_fourth(), "E"),
            Step(
                (g_uu[mu, nu] * g_uu[la, rho] * MOMENT[mu, nu, la, rho], kappa),
                (ForAll(), Components(((2, 1), (3, 1)), units=False)),
                "contraction",
            ),
            Prose(
                r"Let $\delta=g^{(n)}-g$, and $\operatorname{tr}$ be the trace with $g^{-1}$, for which the mean of "
                r"$F\,g^{\mu\nu}w_\mu w_\nu$ is $d$. The variance of $\operatorname{tr}\delta$ is $(\kappa-d^2)/n$ and "
                r"the mean of $\operatorname{tr}\delta^2$ is $(\kappa-d)/n$, exactly, at every $n$: fluctuations of "
                r"the metric fall with the slope $-\frac12$ in $\log n$. From $\log\det(g+\delta)=\log\det "
                r"g+\operatorname{tr}\delta-\frac12\operatorname{tr}\delta^2+O(\delta^3)$ follow mean and variance of "
                r"the logarithm of the volume element. In the mean it is too small, by"
            ),
            Step(
                (
                    -(term(kappa - d) / term(4 * n)),
                    -(term(kappa - d**2) / term(4 * n)) - term(d * (d - 1)) / term(4 * n),
                ),
                (Identity(),),
                "shift",
            ),
            Prose(
                r"up to $O(n^{-2})$, with the slope $-1$, and it fluctuates with the variance $(\kappa-d^2)/(4n)$. For "
                r"erf units both functions are elementary:"
            ),
            LetFunction(Mf, v, 4 / (sp.pi**2 * sp.sqrt(1 + 4 * v)), "M-erf"),
            LetFunction(Om, s, sp.log(2 * sigma**2 / (sp.pi * sp.sqrt(1 + 2 * variance))), "Omega-erf"),
            Let(h, 1 + 4 * u),
            Step(
                (Expectation(4 / sp.pi**2 * sp.exp(-2 * zz**2), zz, v), Mf(v)),
                (Identity("exact, integrated"),),
                "M-erf-check",
            ),
            Prose(
                r"At $\sigma=\frac65$, $\zeta=\frac12$ and $x=(1,\frac12)$, $d=2$, random networks of 4, 16 and 64 "
                r"units have, $n$ times, the variance of $\operatorname{tr}\delta$"
            ),
            Step((kappa - d**2, erf_kappa - d**2), (Identity(), spread(4), spread(16), spread(64)), "spread"),
            Prose(
                r"at all three widths alike, which is the slope $-\frac12$. The shift of the volume element is seen in "
                r"networks of 100 and 200 units, from the difference of which the term in $n^{-2}$ drops out; "
                r"$\operatorname{tr}\delta$, whose mean is 0, was taken off. It is $n$ times"
            ),
            Step(
                (-(term(kappa - d) / 4), -(term(kappa - d**2) / 4) - term(d * (d - 1)) / 4),
                (Simulation("100 and 200 erf units", volume_shift, POINT, 31),),
                "shift-seen",
            ),
        ),
    )


def gaussian() -> Section:
    """Linear units: Wishart."""
    flat = sp.log(sigma**2)
    return Section(
        "Linear units",
        (
            Prose(
                r"The simplest network has $\phi(z)=z$, for which $n\,g^{(n)}/\sigma^2$ is a Wishart matrix of $n$ "
                r"degrees of freedom [@muirhead]. Here"
            ),
            LetFunction(Mf, v, sp.S.One),
            LetFunction(Om, s, flat),
            Step((kappa, d * (d + 2)), (Identity("exact, every d"),), "kappa-linear"),
            Prose(
                r"so that the shift [[shift]] is $-d(d+1)/(4n)$. It is known otherwise: half the mean logarithm of the "
                r"determinant of the Wishart matrix is $\frac12\sum_i\left(\psi(\frac{n-i+1}2)+\log\frac2n\right)$ "
                r"over $i=1,\dots,d$, with the digamma function $\psi(m)=\log m-\frac1{2m}+O(m^{-2})$. The term of "
                r"order $1/n$ of a summand is"
            ),
            Step(
                (
                    sp.Limit(
                        n_real * (sp.log((n_real - t + 1) / 2) - 1 / (n_real - t + 1) + sp.log(2 / n_real)) / 2,
                        n_real,
                        sp.oo,
                    ),
                    -t / 2,
                ),
                (Identity("exact, limit"),),
                "digamma",
            ),
            Prose(r"for $t=i$, and the sum of $-i/2$ is indeed"),
            Step((sp.Sum(-whole / 2, (whole, 1, d)), -d * (d + 1) / 4), (Identity("exact, every d"),), "wishart"),
        ),
    )


n_real = sp.Symbol("n", positive=True)
whole = sp.Symbol("i", integer=True, positive=True)


def posterior() -> Section:
    """The mean over networks that have seen data."""
    k11, k12, k22 = (Opaque(f"K_{{{i}}}") for i in ("11", "12", "22"))
    y1, y2 = sp.symbols("y_1 y_2", real=True)
    k1 = Opaque("K")(t)
    one = -(target**2) / (2 * k1) - sp.log(k1) / 2
    D = k11(t) * k22(t) - k12(t) ** 2
    first, second = (k22(t) * y1 - k12(t) * y2) / D, (k11(t) * y2 - k12(t) * y1) / D
    two = -(y1 * first + y2 * second) / 2 - sp.log(D) / 2
    likelihood, inner = Opaque(r"\ell"), sp.Symbol(r"\det K")
    b1, b2 = sp.symbols(r"\beta_1 \beta_2")
    short = (
        (b1**2 - k22(t) / inner) * k11(t, 1)
        + 2 * (b1 * b2 + k12(t) / inner) * k12(t, 1)
        + (b2**2 - k11(t) / inner) * k22(t, 1)
    ) / 2
    m = sp.Symbol("m", integer=True, positive=True)
    body = sp.exp(-((m + 1) * g / sigma**2 + target**2 / (r**2 * g)) / 2)
    weight = g ** ((m - 2) / sp.S(2)) * body
    return Section(
        "The posterior mean",
        (
            Prose(
                r"Let the network have a linear readout, $f(x)=n^{-1/2}\sum_ja_j\phi(z_j)$ with standard normal $a_j$, "
                r"and let it be conditioned on $f(x_a)=y_a$ at $p$ inputs. For given hidden weights $f$ is Gaussian "
                r"with the covariance $K^{(n)}_{ab}=\frac1n\sum_j\phi(z_{ja})\phi(z_{jb})$ at these inputs, so that "
                r"the posterior of the weights is the prior times $e^\ell$, $\ell=-\frac12y^TK^{-1}y-\frac12\log\det "
                r"K$ at $K=K^{(n)}$. As the width grows $K^{(n)}$ tends to its mean $K$, with deviations $D$ of order "
                r"$n^{-1/2}$. Along any curve of matrices $K(t)$ the slope of $\ell$ is, with "
                r"$\Psi=K^{-1}yy^TK^{-1}-K^{-1}$, half the trace of $\Psi\,K'$. For one training input"
            ),
            Step(
                (
                    sp.Derivative(one, t),
                    half * (target**2 / k1**2 - 1 / k1) * Opaque("K")(t, 1),
                ),
                (Identity("exact, every K(t)"),),
                "slope-1",
            ),
            Prose(r"and for two, with"),
            Let(inner, D),
            Let(b1, (k22(t) * y1 - k12(t) * y2) / inner),
            Let(b2, (k11(t) * y2 - k12(t) * y1) / inner),
            LetFunction(likelihood, t, two),
            Step(
                (likelihood(t, 1), short),
                (Identity("exact, every K(t)"),),
                "slope-2",
            ),
            Prose(
                r"(for any number it follows from the derivatives of inverse and determinant). So $e^\ell$ is a "
                r"constant times $1+\frac12\operatorname{tr}\Psi D+O(1/n)$, and the mean of $g^{(n)}$ with this "
                r"weight, over that of the weight, is $g$ plus the covariance of $g^{(n)}$ and "
                r"$\frac12\operatorname{tr}\Psi D$. Both are means over the same $n$ independent units: up to "
                r"$O(n^{-2})$ $\langle "
                r"g_{\mu\nu}\rangle=g_{\mu\nu}+\frac{1}{2n}\sum_{ab}\Psi_{ab}\,\mathrm{Cov}\,[F(z)w_\mu "
                r"w_\nu,\phi(z_a)\phi(z_b)]$, the correction of [@magnification]. The covariance is over the weights "
                r"of one unit; $\log\sqrt{\det g}$ changes by half the trace of the correction, "
                r"$\frac12g^{\mu\nu}\langle\delta_{\mu\nu}\rangle$, and by the shift [[shift]]."
            ),
            Prose(
                r"Linear units show it without an expansion. For $d=1$, no bias and one training input $r$, $g$ is the "
                r"mean of $n$ squared weights and $K^{(n)}=r^2g$: the posterior density of $g$ is proportional to "
                r"$g^{(n-3)/2}$ times an exponential that vanishes at both ends, and integration by parts gives, "
                r"exactly and for every $n=m+1\ge2$,"
            ),
            Step(
                (
                    sp.Integral(g * (m + 1) * weight / sigma**2, (g, 0, sp.oo)),
                    m * sp.Integral(weight, (g, 0, sp.oo)) + target**2 / r**2 * sp.Integral(weight / g, (g, 0, sp.oo)),
                ),
                (Primitive(-2 * g ** (m / sp.S(2)) * body),),
                "linear-posterior",
            ),
            Prose(
                r"Over the integral of the density this is $\langle "
                r"g\rangle=\sigma^2+\frac1n\left(\frac{y^2}{r^2}\sigma^2\langle1/g\rangle-\sigma^2\right)$, where "
                r"$\sigma^2\langle1/g\rangle\to1$. The formula has the covariance $2\sigma^4r^2$ of $w^2$ and "
                r"$r^2w^2$, and $K=\sigma^2r^2$:"
            ),
            Step(
                (
                    half * (target**2 / (sigma**2 * r**2) ** 2 - 1 / (sigma**2 * r**2)) * 2 * sigma**4 * r**2,
                    target**2 / r**2 - sigma**2,
                ),
                (Identity(),),
                "linear-formula",
            ),
            Prose(r"the same. Data larger than expected, $|y|>\sigma r$, stretch the metric, smaller ones shrink it."),
        ),
    )


ERF_POINT = {sigma: sp.Rational(6, 5), q: sp.Rational(4, 5), r: sp.Rational(6, 5), target: sp.Rational(3, 2)}


def posterior_shift(generator: np.random.Generator) -> Float[np.ndarray, " samples"]:
    """2 (2n) X_2n - n X_n with X the metric's deviation times the likelihood's, of erf networks with one input."""
    deviation, place, datum_, value = (float(ERF_POINT[symbol]) for symbol in (sigma, q, r, target))
    width, networks = 100, 40_000

    def features(weights: np.ndarray) -> np.ndarray:
        return special.erf(weights * datum_ / 2**0.5) ** 2

    u = 1 + 2 * (deviation * place) ** 2
    infinite = 2 / np.pi * deviation**2 / u**1.5
    kernel = 2 / np.pi * np.arcsin((deviation * datum_) ** 2 / (1 + (deviation * datum_) ** 2))
    values = []
    for size in (2 * width, width):
        weights = generator.normal(0, deviation, (networks, size))
        metric = (2 / np.pi * np.exp(-((weights * place) ** 2)) * weights**2).mean(1) - infinite
        found = features(weights).mean(1)
        ratio = np.exp(-(value**2) / 2 * (1 / found - 1 / kernel)) * (found / kernel) ** -0.5
        values.append(size * metric * (ratio - 1))
    return 2 * values[0] - values[1]


def correction() -> Section:
    """The covariance for any activation, and a nonlinear network."""
    zt, ut = z[()], at_datum[()]
    slope = 2 / sp.pi * sp.exp(-(ww**2) * q**2)
    feature = sp.erf(ww * r / sp.sqrt(2)) ** 2
    E = lambda body: Expectation(body, ww, sigma**2)  # noqa: E731
    covariance = E(slope * ww**2 * feature) - E(slope * ww**2) * E(feature)
    psi = target**2 / K**2 - 1 / K
    C = sp.Symbol("C")
    fluxes = (
        (mu, -(term(sigma**2) * w[nu] * F(zt) * P(ut))),
        (nu, -(term(sigma**4) * x[mu] * F(zt, 1) * P(ut))),
        (nu, -(term(sigma**4) * datum[mu] * F(zt) * P(ut, 1))),
    )
    return Section(
        "The covariance",
        (
            Given((datum,)),
            Prose(r"For one training input $a$, at which the same unit forms"),
            Define(ut, w[mu] * datum[mu] + b[()], "at-datum"),
            Prose(
                r"let $P=\phi^2$. If the products of $F$, $P$ and their derivatives grow less fast than the density of "
                r"the weights falls, Stein's lemma gives, as for one linear form,"
            ),
            Step(
                (
                    mean(F(zt) * P(ut) * w[mu] * w[nu]),
                    term(sigma**2) * DELTA[mu, nu] * mean(F(zt) * P(ut))
                    + term(sigma**4) * x[mu] * x[nu] * mean(F(zt, 2) * P(ut))
                    + term(sigma**4) * (x[mu] * datum[nu] + datum[mu] * x[nu]) * mean(F(zt, 1) * P(ut, 1))
                    + term(sigma**4) * datum[mu] * datum[nu] * mean(F(zt) * P(ut, 2)),
                ),
                (
                    RulesHold(BOTH, ((2, 1),), units=False),
                    ByParts(fluxes, BOTH, ((2, 1),), functions=2),
                    Cubature(seed=41, instances=ENTIRE, d=2),
                ),
                "two-forms",
            ),
            Prose(
                r"Training changes the metric along $x$ and along $a$, and in all directions by a multiple of "
                r"$\delta_{\mu\nu}$. For erf units with one input and no bias, $z=qw$ at the input $q$ and $rw$ at the "
                r"training input, the kernel of infinite width is"
            ),
            Let(K, 2 / sp.pi * sp.asin(sigma**2 * r**2 / (1 + sigma**2 * r**2)), "K"),
            Prose(r"the covariance of slope and kernel is a combination of integrals over one weight,"),
            Let(C, covariance, "C"),
            Prose(r"and $n$ times the correction is"),
            Step(
                (half * psi * C, C * (target**2 - K) / (2 * K**2)),
                (Simulation("100 and 200 erf units", posterior_shift, ERF_POINT, 42),),
                "posterior-seen",
            ),
            Prose(
                r"Here the means over $w$ were integrated for $\sigma=\frac65$, $q=\frac45$, $r=\frac65$, $y=\frac32$, "
                r"and compared with random networks that were weighted with their full likelihood $e^\ell$, again with "
                r"the term in $n^{-2}$ removed: the deviation from infinite width falls with the slope $-1$, and no "
                r"expansion of $\ell$ entered the simulation."
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "Corrections at finite width",
        r"The metric of a random network of $n$ units deviates from that of infinite width by $n^{-1/2}$, and the mean "
        r"of its volume element by $1/n$; both are found in closed form for any activation and dimension. A network "
        r"that has seen data has a mean metric that differs by $1/n$, which is derived and compared with an exact "
        r"solution and with simulated posteriors. Every numbered equation was checked by machine when this text was "
        r"made; the margin says how, where \emph{every d} stands for a proof with a symbolic dimension. Orders of the "
        r"remainders in $n$ are those of the expansions, and not proved.",
        (moments(), volume(), gaussian(), posterior(), correction()),
        (
            Reference(
                "stein",
                r"C. M. Stein, Estimation of the mean of a multivariate normal distribution, \emph{Annals of "
                r"Statistics} 9, 1135--1151, 1981.",
            ),
            Reference("muirhead", r"R. J. Muirhead, \emph{Aspects of Multivariate Statistical Theory}, Wiley, 1982."),
            Reference(
                "magnification",
                r"J. A. Zavatone-Veth, S. Yang, J. A. Rubinfien and C. Pehlevan, Neural networks learn to magnify "
                r"areas near decision boundaries, arXiv:2301.11375, 2023.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
