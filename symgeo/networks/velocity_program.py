r"""How a shallow network's metric moves while its weights move, as a program for any width and number of inputs.

    gdot_mk = (2/n) sum_j phi' phi''(z_j) zdot_j w_jm w_jk + (1/n) sum_j phi'^2(z_j) (wdot_jm w_jk + w_jm wdot_jk),
    zdot_j = wdot_j.x + bdot_j,

as in symgeo.networks.descent. Derived in derivations/09_gradient_flow_of_metric.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.codegen.program import Input, Let, Program
from symgeo.geometry.programs import X

N, D = (sp.Symbol(name, integer=True, positive=True) for name in "nd")
W, B, W_DOT, B_DOT = (sp.IndexedBase(name, real=True) for name in ("W", "b", "W_dot", "b_dot"))


def velocity_program(activation_: str | Activation | Callable[[sp.Expr], sp.Expr]) -> Program:
    """The program of gdot: `generate(velocity_program("tanh"))` is a kernel of x, W, b, W_dot and b_dot.

    Raises:
        InputError: for an unknown activation, or one with a kink.
    """
    phi = activation(activation_)
    phi.require_smooth("metric's velocity")
    j, (a, m, k) = sp.Idx("j", N), (sp.Idx(name, D) for name in "amk")
    z, z_dot, slope, turn, turned, half, result = (
        sp.IndexedBase(name, real=True) for name in ("z", "z_dot", "slope", "turn", "turned", "half", "result")
    )
    t = sp.Symbol("z", real=True)
    first, second = (phi.derivative(t, order).xreplace({t: z[j]}) for order in (1, 2))

    def over(summand: sp.Expr, index: sp.Idx) -> sp.Expr:
        return sp.Sum(summand, (index, index.lower, index.upper))

    return Program(
        "metric_velocity",
        f"Velocity of the metric of the shallow network with {phi.name} units.",
        "gdot_mk = (2/n) sum_j phi' phi''(z_j) zdot_j w_jm w_jk\n"
        "          + (1/n) sum_j phi'(z_j)^2 (wdot_jm w_jk + w_jm wdot_jk)\n"
        "z_j = w_j . x + b_j,   zdot_j = wdot_j . x + bdot_j",
        "Features phi(z_j)/sqrt(n). Derived in derivations/09_gradient_flow_of_metric.",
        (
            Input(W, "weights, one row a unit", (N, D)),
            Input(B, "biases", (N,)),
            Input(W_DOT, "velocities of the weights", (N, D)),
            Input(B_DOT, "velocities of the biases", (N,)),
            Input(X, "points", (D,), batched=True),
        ),
        (
            Let(z[j], over(W[j, a] * X[a], a) + B[j]),
            Let(z_dot[j], over(W_DOT[j, a] * X[a], a) + B_DOT[j]),
            Let(slope[j], first**2 / N),
            Let(turn[j], 2 * first * second * z_dot[j] / N),
            Let(turned[m, k], over(turn[j] * W[j, m] * W[j, k], j)),
            Let(half[m, k], over(slope[j] * W_DOT[j, m] * W[j, k], j)),
            Let(result[m, k], turned[m, k] + half[m, k] + half[k, m]),
        ),
        result,
        (D, D),
        sizes=(N, D),
    )
