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

import numpy as np
import torch
from torch import Tensor

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
    return _differentiated(function, z, order)


def _differentiated(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    """From the derivative of the sum over all places, once or twice.

    Not by torch.func, which would load torch's compiler for it, nor by ones pulled back, for which torch loads SymPy.
    """
    with torch.inference_mode(False), torch.enable_grad():
        at = z.detach().clone().requires_grad_()
        value = function(at)
        slope = _pulled(value, at, again=order == 2)
        bend = _pulled(slope, at) if order == 2 else slope
    return value.detach(), slope.detach(), bend.detach()


def _pulled(value: Tensor, at: Tensor, again: bool = False) -> Tensor:
    if not value.requires_grad:
        return torch.zeros_like(at)
    return torch.autograd.grad(value.sum(), at, create_graph=again, materialize_grads=True)[0]


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
    if not value.is_contiguous():
        near = u > NEAR_HALF
        value[near] = (z[near] * factor).tanh_()
        return value
    few = few_near_half(u)
    if len(few):
        value.view(-1)[few] = (z.reshape(-1)[few] * factor).tanh_()
    return value


def few_near_half(u: Tensor) -> Tensor:
    """Where 1 - 2 u loses digits: places of the flattened u."""
    if u.device.type == "cpu":  # where NumPy finds them five times as fast
        return torch.from_numpy(np.flatnonzero(u.numpy() > NEAR_HALF))
    return (u > NEAR_HALF).flatten().nonzero().flatten()


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


def _relu(function: Callable[[Tensor], Tensor], z: Tensor, order: int) -> Derivatives:
    slope = (z <= 0).logical_not_().to(z.dtype)  # 1 for what is no number, as torch has it
    return lambda: function(z), slope, torch.zeros_like(z) if order == 2 else slope


FORMULAS = {"sigmoid": _sigmoid, "tanh": _tanh, "erf": _erf, "sin": _sin, "cos": _cos, "exp": _exp, "relu": _relu}
