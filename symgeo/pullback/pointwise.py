r"""Functions of one number, with their first and second derivatives.

Those that networks are mostly made of have formulas; the others are differentiated by pulling ones back twice, which
gives the derivative of a function that acts place by place. A derivative is never a difference of near-equal numbers:
with u = sigmoid(-|z|) <= 1/2,

    sigmoid' = u (1 - u),    sigmoid'' = -u (1 - u) tanh(z/2),

and for tanh the same with u = sigmoid(-2|z|): tanh' = 4 u (1 - u), tanh'' = -2 tanh tanh'.

`slopes`, for sums over many units, has sigmoid'' and tanh'' from tanh(|z|/2) = 1 - 2 u alone: right to eps of the first
derivative, which leaves no digit of its own at z = 0, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.func import vjp

# 1 - 2 u has lost under 6 bits where u is not above this.
NEAR_HALF = 0.49

Derivatives = tuple[Tensor | Callable[[], Tensor], Tensor, Tensor]

POINTWISE = frozenset({
    "tanh", "sigmoid", "erf", "erfc", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh",
    "atanh", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal", "square", "pow",
    "abs",
    "relu", "leaky_relu", "_prelu_kernel", "hardtanh", "threshold", "hardsigmoid", "hardswish", "clamp", "clamp_min",
    "clamp_max", "gelu", "silu", "mish", "softplus", "elu", "celu", "selu", "sinc", "lgamma", "digamma", "logit",
})  # fmt: skip


@dataclass(frozen=True)
class Slopes:
    """phi' = slope_unit * slope and phi'' = bend_unit * bend, place by place.

    Where `rough` is not zero, |phi''| <= rough phi', and phi'' is known to eps rough phi' and no better.
    """

    slope: Tensor
    bend: Tensor
    slope_unit: float = 1.0
    bend_unit: float = 1.0
    rough: float = 0.0


def slopes(
    name: str, function: Callable[[Tensor], Tensor], z: Tensor, order: int, take: Callable[[], Tensor]
) -> Slopes:
    """phi'(z) and phi''(z) in buffers, one of which is z, that is lost.

    Args:
        name: the operation's name.
        function: the operation.
        z: where, units first.
        order: 1 or 2; for order 1 phi' stands in for phi''.
        take: a buffer of the shape of z.
    """
    formula = IN_PLACE.get(name)
    if formula is not None:
        return formula(z, order, take)
    _, slope, bend = derivatives(name, function, z.T, order)
    return Slopes(take().copy_(slope.T), take().copy_(bend.T))  # which may be one tensor, or a view of a number


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
    return lambda: function(z), slope, _tanh_from(u, z, 0.5).mul_(slope).neg_()


def _tanh(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    u = z.abs().mul_(-2).sigmoid_()
    slope = torch.addcmul(u, u, u, value=-1).mul_(4)
    value = _tanh_from(u, z, 1.0)
    return value, slope, (value * slope).mul_(-2) if order == 2 else slope


def _tanh_from(u: Tensor, z: Tensor, factor: float) -> Tensor:
    """tanh(factor z) from u = sigmoid(-2 factor |z|): 1 - 2 u, and by itself where that would lose digits.

    It takes a third of the time of torch.tanh in float64.
    """
    sign = z.sign()
    value = sign.addcmul_(sign, u, value=-2)
    if u.device.type == "cpu":  # where NumPy finds them five times as fast
        few = torch.from_numpy(np.flatnonzero(u.numpy() > NEAR_HALF))
    else:
        few = (u > NEAR_HALF).flatten().nonzero().flatten()
    if len(few):
        value.view(-1)[few] = (z.reshape(-1)[few] * factor).tanh_()
    return value


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


def _sigmoid_in_place(z: Tensor, order: int, take: Callable[[], Tensor]) -> Slopes:
    return _logistic(z, order, take, 1, 1.0)


def _tanh_in_place(z: Tensor, order: int, take: Callable[[], Tensor]) -> Slopes:
    return _logistic(z, order, take, 2, 4.0)


def _logistic(z: Tensor, order: int, take: Callable[[], Tensor], steepness: int, height: float) -> Slopes:
    """Of height sigmoid'(steepness z)."""
    if order == 1:
        u = z.abs_().mul_(-steepness).sigmoid_()
        return Slopes(u.addcmul_(u, u, value=-1), u, height, height)
    sign = torch.sign(z, out=take())
    u = z.abs_().mul_(-steepness).sigmoid_()
    bend = sign.addcmul_(sign, u, value=-2)  # tanh(steepness z / 2)
    slope = u.addcmul_(u, u, value=-1)
    return Slopes(slope, bend.mul_(slope), height, -height * steepness, rough=float(steepness))


def _erf_in_place(z: Tensor, order: int, take: Callable[[], Tensor]) -> Slopes:
    unit = 2 / math.sqrt(math.pi)
    if order == 1:
        slope = z.mul_(z).neg_().exp_()
        return Slopes(slope, slope, unit, unit)
    slope = torch.mul(z, z, out=take()).neg_().exp_()
    return Slopes(slope, z.mul_(slope), unit, -2 * unit)


IN_PLACE = {"sigmoid": _sigmoid_in_place, "tanh": _tanh_in_place, "erf": _erf_in_place}
