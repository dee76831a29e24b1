r"""Functions of one number, with their first and second derivatives.

Those that networks are mostly made of have formulas; the others are differentiated by pulling ones back twice, which
gives the derivative of a function that acts place by place. A derivative is never a difference of near-equal numbers:
with u = sigmoid(-|z|) <= 1/2,

    sigmoid' = u (1 - u),    sigmoid'' = -u (1 - u) tanh(z/2),

and for tanh the same with u = sigmoid(-2|z|): tanh' = 4 u (1 - u), tanh'' = -2 tanh tanh'.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import vjp

Derivatives = tuple[Tensor | Callable[[], Tensor], Tensor, Tensor]

POINTWISE = frozenset({
    "tanh", "sigmoid", "erf", "erfc", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh",
    "atanh", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "square", "pow",
    "abs",
    "relu", "leaky_relu", "_prelu_kernel", "hardtanh", "threshold", "hardsigmoid", "hardswish", "clamp", "clamp_min",
    "clamp_max", "gelu", "silu", "mish", "softplus", "elu", "celu", "selu", "sinc", "lgamma", "digamma", "logit",
})  # fmt: skip


def derivatives(name: str, function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    """phi(z), phi'(z) and phi''(z); phi may come as a call to make, and for order 1 phi' stands in for phi''.

    Args:
        name: the operation's name.
        function: the operation.
        z: where.
        order: 1 or 2.
    """
    formula = FORMULAS.get(name)
    if formula is not None:
        return formula(function, z, order)
    ones = torch.ones_like(z)

    def slope_of(v: Tensor) -> tuple[Tensor, Tensor]:
        value, pull = vjp(function, v)[:2]
        return pull(ones)[0], value

    if order == 1:
        slope, value = slope_of(z)
        return value, slope, slope
    slope, pull, value = vjp(slope_of, z, has_aux=True)
    return value, slope, pull(ones)[0]


def _sigmoid(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    u = z.abs().neg_().sigmoid_()
    slope = torch.addcmul(u, u, u, value=-1)
    if order == 1:
        return lambda: function(z), slope, slope
    return lambda: function(z), slope, (z / 2).tanh_().mul_(slope).neg_()


def _tanh(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    u = z.abs().mul_(-2).sigmoid_()
    slope = torch.addcmul(u, u, u, value=-1).mul_(4)
    value = z.tanh()
    return value, slope, (value * slope).mul_(-2) if order == 2 else slope


def _erf(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    slope = (z * z).neg_().exp_().mul_(2 / math.sqrt(math.pi))
    return lambda: function(z), slope, (z * slope).mul_(-2) if order == 2 else slope


def _sin(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    value, slope = z.sin(), z.cos()
    return value, slope, -value


def _cos(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    value, slope = z.cos(), -z.sin()
    return value, slope, -value


def _exp(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    value = z.exp()
    return value, value, value


FORMULAS = {"sigmoid": _sigmoid, "tanh": _tanh, "erf": _erf, "sin": _sin, "cos": _cos, "exp": _exp}
