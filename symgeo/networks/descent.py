r"""How the metric of a shallow network moves while its weights move, and its mean motion when training begins.

    gdot_mk = (2/n) sum_j phi' phi''(z_j) (wdot_j.x + bdot_j) w_jm w_jk
              + (1/n) sum_j phi'^2(z_j) (wdot_jm w_jk + w_jm wdot_jk)

Under gradient flow of L = sum_a (f(x_a) - y_a)^2/2 for f(x) = sum_j a_j phi(z_j)/sqrt(n),

    wdot_j = - sum_a (f(x_a) - y_a) a_j phi'(z_ja) x_a/sqrt(n),   bdot_j likewise with 1 in place of x_a.

Over random weights, a_j ~ N(0, tau^2) independent of the targets, E[a_j (f(x_a) - y_a)] = tau^2 phi(z_ja)/sqrt(n), so
that for every n exactly, with averages over one unit,

    E[gdot_mk] = -(tau^2/n) sum_a E[phi phi'(z_a) (2 phi' phi''(z) (x_a.x + 1) w_m w_k
                                                   + phi'(z)^2 (x_am w_k + w_m x_ak))].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy as sp
from jaxtyping import Float

from symgeo.activations import Activation, activation
from symgeo.errors import InputError
from symgeo.networks.gaussian_average import (
    NODES,
    Array,
    checked_deviations,
    checked_points,
    unit_function,
    unit_nodes,
)
from symgeo.networks.shallow import ShallowNetwork


def metric_velocity(network: ShallowNetwork) -> sp.ImmutableDenseMatrix:
    """gdot_mk of a shallow network as a formula in W_dot_j_a and b_dot_j, the velocities of its weights and biases.

    Raises:
        InputError: for a width or number of inputs that is open, or an activation with a kink.

    >>> metric_velocity(ShallowNetwork("monomial(2)", inputs=1, width=1)).free_symbols >= set(sp.symbols("x_1 W_1_1",
    ...     real=True))
    True
    """
    if not (isinstance(network.width, int) and isinstance(network.inputs, int)):
        raise InputError("`network`: its width or its number of inputs is open; take numbers, or velocity_program")
    phi, x, n = network.activation, network.points, network.width
    phi.require_smooth("metric's velocity")

    def component(m: int, k: int) -> sp.Expr:
        total = sp.S.Zero
        for j, z in enumerate(network.preactivations):
            w = network.weights.row(j)
            wdot = [sp.Symbol(f"W_dot_{j + 1}_{a + 1}", real=True) for a in range(len(x))]
            zdot = sp.Add(*(v * q for v, q in zip(wdot, x, strict=True)), sp.Symbol(f"b_dot_{j + 1}", real=True))
            first, second = phi.derivative(z), phi.derivative(z, 2)
            total += 2 * first * second * zdot * w[m] * w[k] + first**2 * (wdot[m] * w[k] + w[m] * wdot[k])
        return total / n

    return sp.ImmutableDenseMatrix(len(x), len(x), component)


def weight_velocity(
    activation_: str | Activation,
    W: Float[Array, "n d"],
    b: Float[Array, " n"],
    readout: Float[Array, " n"],
    inputs: Float[Array, "p d"],
    targets: Float[Array, " p"],
) -> tuple[Float[Array, "n d"], Float[Array, " n"]]:
    """(Wdot, bdot) under gradient flow of the squared loss sum_a (f(x_a) - y_a)^2/2."""
    phi = activation(activation_)
    z = inputs @ W.T + b
    residual = unit_function(phi, 0)(z) @ readout / np.sqrt(len(b)) - targets
    pull = -residual[:, None] * readout * unit_function(phi, 1)(z) / np.sqrt(len(b))
    return pull.T @ inputs, pull.sum(0)


def moving_metric(
    activation_: str | Activation,
    W: Float[Array, "n d"],
    b: Float[Array, " n"],
    W_dot: Float[Array, "n d"],
    b_dot: Float[Array, " n"],
    x: Float[Array, "batch d"],
) -> Float[Array, "batch d d"]:
    """gdot at points x for weights W, b that move with velocities W_dot, b_dot.

    Raises:
        InputError: for an activation with a kink.
    """
    phi = activation(activation_)
    phi.require_smooth("metric's velocity")
    z = x @ W.T + b
    first, second = unit_function(phi, 1)(z), unit_function(phi, 2)(z)
    turned = np.einsum("zj,jm,jk->zmk", 2 * first * second * (x @ W_dot.T + b_dot), W, W)
    half = np.einsum("zj,jm,jk->zmk", first**2, W_dot, W)
    return (turned + half + half.transpose(0, 2, 1)) / len(b)


@dataclass(frozen=True)
class MeanMotion:
    """The mean velocity of the metric when training begins, E[gdot] = velocity/n for every width n.

    Attributes:
        metric: g at infinite width.
        velocity: n E[gdot].
        error: estimated absolute error of `velocity`, from quadrature.
    """

    metric: Float[Array, "d d"]
    velocity: Float[Array, "d d"]
    error: float

    @property
    def log_volume(self) -> float:
        """n times the mean rate of log sqrt det g to first order, tr(g^-1 velocity)/2."""
        return float(np.trace(np.linalg.solve(self.metric, self.velocity)) / 2)


def mean_motion(
    activation_: str | Activation,
    x: Float[Array, " d"],
    inputs: Float[Array, "p d"],
    *,
    sigma: float,
    zeta: float = 0.0,
    tau: float = 1.0,
) -> MeanMotion:
    """The mean first-order motion of the metric at x, over random weights, under gradient flow of the squared loss.

    It does not depend on the targets, which a readout of mean zero does not see.

    Args:
        activation_: as for WideNetwork, smooth.
        x: where.
        inputs: p training points.
        sigma: standard deviation of the weights.
        zeta: that of the biases.
        tau: that of the readout.

    Raises:
        InputError: for an activation with a kink, shapes that do not fit, or deviations out of range.
    """
    phi = activation(activation_)
    phi.require_smooth("metric's velocity")
    place = checked_points(np.atleast_2d(x), "x")
    points = checked_points(inputs, "inputs", place.shape[1])
    sigma, zeta = checked_deviations(sigma, zeta)
    value, slope, bend = (unit_function(phi, order) for order in range(3))

    def velocity(counts: dict[int, int]) -> Float[Array, "d d"]:
        total = np.zeros((place.shape[1],) * 2)
        for point in points:
            nodes = unit_nodes(np.stack([place[0], point]), sigma, zeta, counts)
            z, there = nodes.z[:, 0], nodes.z[:, 1]
            pull = -(tau**2) * nodes.weights * value(there) * slope(there)
            turned = 2 * pull * slope(z) * bend(z) * (point @ place[0] + 1)
            total += np.einsum("q,qmk->mk", turned, nodes.square)
            half = np.outer(point, (pull * slope(z) ** 2) @ nodes.mean)
            total += half + half.T
        return total

    alone = unit_nodes(place, sigma, zeta, NODES[0])
    metric = np.einsum("q,qmk->mk", alone.weights * slope(alone.z[:, 0]) ** 2, alone.square)
    fine, coarse = (velocity(counts) for counts in NODES)
    return MeanMotion(metric, fine, float(np.abs(fine - coarse).max()))
