r"""How the metric and the volume element of a shallow network move under gradient flow, to first order.

Source: Jacot, Gabriel and Hongler (2018) for the tangent kernel; Halverson and Ruehle, arXiv:2310.19870, for flows of
metrics and the kernel of a metric.
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
    UNITS,
    Against,
    Components,
    Define,
    Derivation,
    Determinant,
    Digits,
    ForAll,
    Frame,
    Given,
    Inverse,
    Opaque,
    Partial,
    Prose,
    Reference,
    Rules,
    RulesHold,
    Section,
    Slope,
    Step,
    Tensor,
    Term,
    UnitSum,
    inputs,
    term,
    units,
)
from symgeo.derivation.functions import Jet

NAME = "09_gradient_flow_of_metric"

mu, nu, la, ka, tau = inputs(r"\mu \nu \lambda \kappa \tau")
j, k = units("j k")
d, n, x = INPUTS, UNITS, COORDINATES
half = sp.Rational(1, 2)

phi, loss = Opaque(r"\phi"), Opaque(r"\ell")
w, b, v, p = Tensor("w", "jd"), Tensor("b", "j"), Tensor("v", "j"), Tensor("p", "d")
w_dot, b_dot, z_dot = Tensor(r"\dot{w}", "jd"), Tensor(r"\dot{b}", "j"), Tensor(r"\dot{z}", "j")
z, z_hat = Tensor("z", "j"), Tensor(r"\hat{z}", "j")
features, f_hat = Tensor(r"\Phi", "j"), Tensor(r"\hat{f}", "")
g_dd, g_uu, g_dot, g_hat = Tensor("g", "dd"), Tensor("g", "uu"), Tensor(r"\dot{g}", "dd"), Tensor(r"\hat{g}", "dd")
down_w, down_b, down_v = Tensor("D", "jd"), Tensor("D", "j"), Tensor("E", "j")
ntk, mixed = Tensor(r"\hat{\Theta}", ""), Tensor("K", "dd")
metric_ntk, metric_ntk_hat = Tensor(r"\Theta", "dddd"), Tensor(r"\hat{\Theta}", "dddd")
target, energy = Tensor("S", "dd"), Tensor("L", "")
G, P, c = Tensor("G", "j"), Tensor("P", "j"), Tensor("c", "")
at_p, at_x = Tensor("A", "jdd"), Tensor("B", "jdd")

EVERY = "exact, every d and n"
CHAIN = Rules(
    letters=frozenset({z, w, b}),
    derivatives={z: ((mu, j), w[j, mu])},
    constants=frozenset({w, b}),
)
PARAMETERS = Rules(letters=frozenset({w, b, v, p, z, z_hat, f_hat, w_dot, b_dot, target}))
RAISED = Rules(
    letters=frozenset({w, b, v, p, z, z_hat, f_hat, w_dot, b_dot, g_uu, g_dd}), symmetric=frozenset({g_uu, g_dd})
)
every = ForAll(PARAMETERS, EVERY)
f = f_hat[()]


def here(order: int, unit=j) -> Term:
    """A derivative of the activation at the preactivation of a unit."""
    return phi(z[unit], order)


def there(order: int, unit=j) -> Term:
    """The same at the training input."""
    return phi(z_hat[unit], order)


def moved(body: Term) -> Term:
    """The rate at which `body` changes under a motion of weights and biases."""
    return UnitSum((k,), Slope(body, w[k, la]) * w_dot[k, la] + Slope(body, b[k]) * b_dot[k])


def paired(one: Term, other: Term) -> Term:
    """The scalar product of the gradients of two quantities with respect to weights and biases."""
    return UnitSum((k,), Slope(one, w[k, tau]) * Slope(other, w[k, tau]) + Slope(one, b[k]) * Slope(other, b[k]))


def total(body: Term) -> Term:
    """The sum over the units."""
    return UnitSum((j,), body)


def bracket() -> Term:
    """What a unit contributes to the kernel of the metric."""
    return 2 * c[()] * here(2) * w[j, mu] * w[j, nu] + here(1) * at_p[j, mu, nu]


def a_small_step(frame: Frame) -> sp.Expr:
    """d/dt of log det g along the gradient of the loss, by differentiating the network itself, in SymPy alone."""
    xs = frame.coordinates()
    point = sp.symbols(f"p_1:{frame.d + 1}", real=True)
    rows = range(1, frame.n + 1)
    weight = {(i, m): sp.Symbol(f"w_{i}_{m}", real=True) for i in rows for m in range(1, frame.d + 1)}
    bias = {i: sp.Symbol(f"b_{i}", real=True) for i in rows}
    read = {i: sp.Symbol(f"v_{i}", real=True) for i in rows}
    time = sp.Symbol("t", real=True)

    def unit(i: int, place: tuple[sp.Symbol, ...]) -> sp.Expr:
        inner = sum((weight[i, m] * c for m, c in enumerate(place, 1)), bias[i])
        return Jet(sp.Symbol(r"\phi"), sp.S.Zero, inner)

    output = sum(read[i] * unit(i, point) for i in rows) / sp.sqrt(frame.n)
    cost = Jet(sp.Symbol(r"\ell"), sp.S.Zero, output)
    step = {q: q - time * sp.diff(cost, q) for q in (*weight.values(), *bias.values(), *read.values())}
    jacobian = sp.Matrix(frame.n, frame.d, lambda r, c: sp.diff(unit(r + 1, xs), xs[c]) / sp.sqrt(frame.n))
    jacobian = jacobian.subs(step, simultaneous=True)
    metric = jacobian.T * jacobian
    volume = metric.det(method="berkowitz")
    return (sp.diff(volume, time) / volume).subs(time, 0)


def network() -> Section:
    """Features, metric, any motion."""
    rotating = w_dot[j, mu] * w[j, nu] + w[j, mu] * w_dot[j, nu]
    return Section(
        "Any motion of the weights",
        (
            Given((w, b, v, p, w_dot, b_dot, target)),
            Prose(r"A shallow network of $n$ units has the preactivations"),
            Define(z[j], w[j, mu] * x[mu] + b[j], "preactivation"),
            Prose(
                r"at the input $x\in\mathbb{R}^d$, with weights $w_j$ and biases $b_j$. Greek indices run over the "
                r"inputs and are summed where they occur twice; Latin indices run over the units. With a smooth "
                r"activation $\phi$, about which nothing else is assumed, the features are"
            ),
            Define(features[j], term(1 / sp.sqrt(n)) * here(0), "features"),
            Prose(r"and the metric that they pull back to the inputs is"),
            Define(g_dd[mu, nu], term(1 / n) * UnitSum((j,), here(1) ** 2 * w[j, mu] * w[j, nu]), "metric"),
            Step(
                (g_dd[mu, nu], UnitSum((j,), Partial(mu, features[j]) * Partial(nu, features[j]))),
                (RulesHold(CHAIN, ((1, 2), (2, 3))), ForAll(CHAIN, EVERY), Components(((1, 2), (2, 3)))),
                "pullback",
            ),
            Prose(
                r"Let weights and biases move in any way, with the velocities $\dot w_j$ and $\dot b_j$. The metric at "
                r"a fixed input moves with the velocity"
            ),
            Define(g_dot[mu, nu], moved(g_dd[mu, nu]), "velocity"),
            Prose(r"Each unit contributes in two ways. Its preactivation moves with the velocity"),
            Define(z_dot[j], w_dot[j, mu] * x[mu] + b_dot[j], "z-velocity"),
            Prose(r"which changes its gain $\phi'^2$, and its weight vector is stretched and turned:"),
            Step(
                (
                    g_dot[mu, nu],
                    term(2 / n) * UnitSum((j,), here(1) * here(2) * z_dot[j] * w[j, mu] * w[j, nu])
                    + term(1 / n) * UnitSum((j,), here(1) ** 2 * rotating),
                ),
                (every, Components(((1, 2), (2, 2), (2, 3)))),
                "motion",
            ),
            Prose(r"Where $g$ is invertible, with the inverse"),
            Inverse(g_uu, g_dd, (mu, nu, la), "inverse", sizes=((1, 2), (2, 2))),
            Prose(r"the squared volume element grows, for every motion, at the rate that Jacobi's formula gives,"),
            Step(
                (moved(LOG(Determinant(g_dd))), g_uu[mu, nu] * g_dot[mu, nu]),
                (Components(((1, 2), (2, 2))), Digits(31, ((2, 3),), points=1)),
                "volume-motion",
            ),
            Prose(r"and the volume element itself at half of it."),
        ),
    )


def gradient() -> Section:
    """Gradient flow of a loss of the output."""
    scale = term(n ** sp.Rational(-3, 2))
    return Section(
        "Gradient flow",
        (
            Prose(
                r"The output of the network is read out with the weights $v_j$. At a training input $p$, where the "
                r"preactivations are"
            ),
            Define(z_hat[j], w[j, mu] * p[mu] + b[j], "z-hat"),
            Prose(r"it is"),
            Define(f, term(1 / sp.sqrt(n)) * UnitSum((j,), v[j] * there(0)), "output"),
            Prose(
                r"A hat is put on what is taken at $p$. Training lowers a loss $\ell(\hat f)$, where $\ell$ is any "
                r"smooth function; the loss of a training set is a sum of such terms, one for each of its inputs, and "
                r"so are all velocities below, which are linear in the gradient. Gradient flow is the motion"
            ),
            Define(down_w[k, la], -Slope(loss(f), w[k, la]), "descent-w"),
            Define(down_b[k], -Slope(loss(f), b[k]), "descent-b"),
            Define(down_v[k], -Slope(loss(f), v[k]), "descent-v"),
            Prose(r"of weights, biases and readouts, to which gradient descent is a step in time. In full,"),
            Step(
                (down_w[k, la], -(loss(f, 1) * term(1 / sp.sqrt(n)) * v[k] * there(1, k) * p[la])),
                (every, Components(((1, 2), (2, 2)))),
                "descent-w-full",
            ),
            Step(
                (down_b[k], -(loss(f, 1) * term(1 / sp.sqrt(n)) * v[k] * there(1, k))),
                (every, Components(((1, 2), (2, 2)))),
                "descent-b-full",
            ),
            Prose(r"The output moves against the slope of the loss, at the rate of the tangent kernel [@jacot]"),
            Define(ntk[()], paired(f, f) + UnitSum((k,), Slope(f, v[k]) * Slope(f, v[k])), "ntk"),
            Step(
                (
                    ntk[()],
                    term(1 / n) * UnitSum((j,), there(0) ** 2 + v[j] ** 2 * there(1) ** 2 * (term(1) + p[mu] * p[mu])),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "ntk-full",
            ),
            Step(
                (
                    UnitSum(
                        (k,),
                        Slope(f, w[k, la]) * down_w[k, la] + Slope(f, b[k]) * down_b[k] + Slope(f, v[k]) * down_v[k],
                    ),
                    -(loss(f, 1) * ntk[()]),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "output-flow",
            ),
            Prose(
                r"and so does the metric at any input $x$, at the rate of another kernel, the product of its gradient "
                r"with that of the output,"
            ),
            Define(mixed[mu, nu], paired(g_dd[mu, nu], f), "mixed"),
            Step(
                (
                    UnitSum(
                        (k,), Slope(g_dd[mu, nu], w[k, la]) * down_w[k, la] + Slope(g_dd[mu, nu], b[k]) * down_b[k]
                    ),
                    -(loss(f, 1) * mixed[mu, nu]),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "metric-flow",
            ),
            Prose(r"The metric does not contain the readouts, which do not contribute. With the abbreviations"),
            Define(c[()], term(1) + x[la] * p[la], "c"),
            Define(at_p[j, mu, nu], p[mu] * w[j, nu] + w[j, mu] * p[nu], "drawn"),
            Prose(r"the kernel is, by [[motion]],"),
            Step(
                (mixed[mu, nu], scale * UnitSum((j,), v[j] * here(1) * there(1) * bracket())),
                (every, Components(((1, 2), (2, 2)))),
                "mixed-full",
            ),
            Prose(
                r"A unit takes part only where it responds at both inputs, $\phi'(z_j)\phi'(\hat z_j)\ne0$. The first "
                r"term moves the place where the unit is steep; the second draws its weight vector towards the "
                r"training input or away from it. The volume element moves accordingly. With the products"
            ),
            Define(G[j], w[j, mu] * g_uu[mu, nu] * w[j, nu], "G"),
            Define(P[j], p[mu] * g_uu[mu, nu] * w[j, nu], "P"),
            Prose(r"the logarithm of $\sqrt{\det g}$ grows, by [[volume-motion]], at the rate $-\ell'(\hat f)$ times"),
            Step(
                (
                    half * g_uu[mu, nu] * mixed[mu, nu],
                    scale * UnitSum((j,), v[j] * here(1) * there(1) * (c[()] * here(2) * G[j] + here(1) * P[j])),
                ),
                (
                    RulesHold(RAISED, ((1, 2), (2, 2)), given=CHAIN),
                    ForAll(RAISED, EVERY),
                    Components(((1, 2), (2, 2))),
                ),
                "volume-flow",
            ),
            Prose(
                r"All of this can be checked on a small network by differentiating the network itself: the weights, "
                r"biases and readouts of two or three units go a step $t$ along the gradient, the metric is formed "
                r"anew, and the logarithm of its determinant is differentiated by $t$ at $t=0$, by a program that "
                r"shares no formula with this text. It agrees with"
            ),
            Step(
                (
                    -2
                    * loss(f, 1)
                    * scale
                    * UnitSum((j,), v[j] * here(1) * there(1) * (c[()] * here(2) * G[j] + here(1) * P[j])),
                    -(loss(f, 1) * g_uu[mu, nu] * mixed[mu, nu]),
                ),
                (Against("a step of descent", a_small_step, ((1, 2), (2, 2), (2, 3)), seed=32),),
                "small-step",
            ),
        ),
    )


def width() -> Section:
    """How the rates depend on the width."""
    return Section(
        "Wide networks",
        (
            Prose(
                r"At the start of training the readouts are independent, of mean zero and variance one, and "
                r"independent of weights and biases. The kernel [[mixed-full]] is linear in them,"
            ),
            Step(
                (mixed[mu, nu], UnitSum((k,), v[k] * Slope(mixed[mu, nu], v[k]))),
                (every, Components(((1, 2), (2, 2)))),
                "linear",
            ),
            Prose(
                r"so that its mean over the readouts is zero, and the variance of a component of it is the sum over "
                r"the units of the squares of the coefficients, which are"
            ),
            Step(
                (
                    Slope(mixed[mu, nu], v[j]),
                    term(n ** sp.Rational(-3, 2)) * here(1) * there(1) * bracket(),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "coefficient",
            ),
            Prose(
                r"There are $n$ squares, each of the order $n^{-3}$: the kernel of the metric is of the order $1/n$, "
                r"while the tangent kernel [[ntk-full]], a mean over units, is of the order one. At the start of "
                r"training, a wide network changes its output at a finite rate and its metric at one that falls like "
                r"$1/n$. That it goes on so for finite times, the lazy regime, is not proven here."
            ),
        ),
    )


def metric_flow() -> Section:
    """A loss of the metric."""
    one, two, four = term(1 / n**2), term(2 / n**2), term(4 / n**2)
    slopes = here(1) ** 2 * there(1) ** 2
    closed = (
        four * c[()] * total(here(1) * here(2) * there(1) * there(2) * w[j, mu] * w[j, nu] * w[j, ka] * w[j, la])
        + two * total(here(1) * here(2) * there(1) ** 2 * w[j, mu] * w[j, nu] * at_x[j, ka, la])
        + two * total(here(1) ** 2 * there(1) * there(2) * at_p[j, mu, nu] * w[j, ka] * w[j, la])
        + one * total(slopes * (DELTA[mu, ka] * w[j, nu] * w[j, la] + DELTA[mu, la] * w[j, nu] * w[j, ka]))
        + one * total(slopes * (DELTA[nu, ka] * w[j, mu] * w[j, la] + DELTA[nu, la] * w[j, mu] * w[j, ka]))
    )
    return Section(
        "Losses that depend on the metric",
        (
            Prose(
                r"A network can also be trained for its metric, as metrics on Calabi--Yau manifolds are "
                r"[@halverson]. Let the loss be a function of the metric at $p$,"
            ),
            Define(g_hat[mu, nu], term(1 / n) * UnitSum((j,), there(1) ** 2 * w[j, mu] * w[j, nu]), "metric-hat"),
            Prose(r"for example the squared distance from a given $S$,"),
            Define(energy[()], half * (g_hat[mu, nu] - target[mu, nu]) * (g_hat[mu, nu] - target[mu, nu]), "energy"),
            Prose(
                r"Under its gradient flow the metric at $x$ answers to that at $p$ by the metric's own tangent kernel,"
            ),
            Define(metric_ntk[mu, nu, ka, la], paired(g_dd[mu, nu], g_hat[ka, la]), "metric-ntk"),
            Step(
                (
                    -paired(g_dd[mu, nu], energy[()]),
                    -(metric_ntk[mu, nu, ka, la] * (g_hat[ka, la] - target[ka, la])),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "metric-answers",
            ),
            Prose(r"With one more abbreviation, [[drawn]] with $x$ in the place of $p$,"),
            Define(at_x[j, mu, nu], x[mu] * w[j, nu] + w[j, mu] * x[nu], "drawn-x"),
            Prose(r"it is, for a shallow network,"),
            Step(
                (metric_ntk[mu, nu, ka, la], closed),
                (every, Components(((1, 2), (2, 2)))),
                "metric-ntk-full",
            ),
            Prose(r"symmetric in $\mu\nu$ and in $\kappa\lambda$. With both metrics at $p$, as"),
            Define(metric_ntk_hat[mu, nu, ka, la], paired(g_hat[mu, nu], g_hat[ka, la]), "metric-ntk-hat"),
            Prose(r"it is a Gram matrix of gradients, and the loss falls at the rate"),
            Step(
                (
                    -paired(energy[()], energy[()]),
                    -(
                        (g_hat[mu, nu] - target[mu, nu])
                        * metric_ntk_hat[mu, nu, ka, la]
                        * (g_hat[ka, la] - target[ka, la])
                    ),
                ),
                (every, Components(((1, 2), (2, 2)))),
                "loss-falls",
            ),
            Prose(
                r"a sum of squares with the minus sign: never upwards, and at rest only where no motion of the weights "
                r"brings $\hat g$ nearer to $S$ to first order."
            ),
        ),
    )


def derivation() -> Derivation:
    """The derivation, unchecked as yet; `check`, `write` and `html` check it."""
    return Derivation(
        NAME,
        "How gradient flow moves the metric",
        r"The velocity of the metric and of the volume element of a shallow network is derived for any motion of its "
        r"weights, and for gradient flow of any loss: it is the slope of the loss times a tangent kernel between "
        r"metric and output, or, for a loss that depends on the metric, between metric and metric. The kernels are "
        r"given in closed form for any smooth activation, every width and every number of inputs. Every numbered "
        r"equation was checked by machine when this text was made; the margin says how.",
        (network(), gradient(), width(), metric_flow()),
        (
            Reference(
                "jacot",
                r"A. Jacot, F. Gabriel and C. Hongler, Neural tangent kernel: convergence and generalization in neural "
                r"networks, \emph{Advances in Neural Information Processing Systems} 31, 2018.",
            ),
            Reference(
                "halverson",
                r"J. Halverson and F. Ruehle, Metric flows with neural networks, arXiv:2310.19870, 2023.",
            ),
        ),
    )


if __name__ == "__main__":
    derivation().write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
