r"""Functions of one number in buffers: their derivatives, and the products of derivatives that inner products need.

A layer's inner products of derivatives are sums over its units j of

    phi'_j^2 w_ja w_jb,    phi'_j phi''_j w_ja w_jb w_jc,    phi''_j^2 w_ja w_jb w_jc w_jd,

so that phi'^2 and phi' phi'' are made at once where they cost less than phi' and phi'': for the logistic functions,
with u = sigmoid(-|z|) and t = sign(z) (1 - 2 u) = tanh(z/2),

    phi'^2 ~ (u - u^2)^2,    phi' phi'' ~ -t (u - u^2)^2,

and for erf from 2^(-y^2) at y = sqrt(2 / log 2) z, which processors have faster than exp. Here t is right to eps and
has no digit of its own at z = 0: `Moments.rough` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from symgeo.pullback.pointwise import derivatives, few_near_half

Take = Callable[[], Tensor]

# What z is multiplied by, in the matrix that makes it, before `moments` takes it.
PRESCALED = {"tanh": 2.0, "erf": math.sqrt(2 / math.log(2))}
SIGN_BIT = {torch.float64: (torch.int64, -(2**63)), torch.float32: (torch.int32, -(2**31))}


@dataclass(frozen=True)
class Moments:
    """phi'^2 = square_unit * square and phi' phi'' = mixed_unit * mixed, and phi''^2 where it is asked for.

    Where `rough` is not zero, |phi''| <= rough phi', and phi'' is known to eps rough phi' and no better.
    """

    square: Tensor
    mixed: Tensor | None = None
    bent: Tensor | None = None
    square_unit: float = 1.0
    mixed_unit: float = 1.0
    rough: float = 0.0


def moments(name: str, function: Callable[[Tensor], Tensor], z: Tensor, order: int, take: Take) -> Moments:
    """The moments at z in buffers, one of which is z, that is lost.

    Args:
        name: the operation's name.
        function: the operation.
        z: where, units first, times `PRESCALED`.
        order: 1 or 2; for order 1 phi'^2 alone.
        take: a buffer of the shape of z.
    """
    if name in ("sigmoid", "tanh"):
        return _logistic(z, order, take, *((1.0, 1.0) if name == "sigmoid" else (2.0, 4.0)))
    if name == "erf":
        return _erf(z, order, take)
    _, slope, bend = derivatives(name, function, z.T, order)
    return moments_of(slope.T, bend.T, order, take)


def moments_of(slope: Tensor, bend: Tensor, order: int, take: Take) -> Moments:
    """The moments of derivatives that are there."""
    square = torch.mul(slope, slope, out=take())
    if order == 1:
        return Moments(square)
    return Moments(square, torch.mul(slope, bend, out=take()), torch.mul(bend, bend, out=take()))


def _logistic(z: Tensor, order: int, take: Take, steepness: float, height: float) -> Moments:
    """Of height sigmoid'(steepness z) / steepness; z comes multiplied by the steepness."""
    tangent = torch.sign(z, out=take()) if order == 2 else None
    u = _negative_magnitude(z).sigmoid_()
    if tangent is not None:
        tangent.addcmul_(tangent, u, value=-2)
    slope = u.addcmul_(u, u, value=-1)
    square = slope.mul_(slope)
    if tangent is None:
        return Moments(square, square_unit=height**2)
    return Moments(square, tangent.mul_(square), None, height**2, -steepness * height**2, steepness)


def _negative_magnitude(z: Tensor) -> Tensor:
    """-|z| in place, by setting the sign."""
    kind, sign = SIGN_BIT[z.dtype]
    z.view(kind).bitwise_or_(sign)
    return z


def _erf(y: Tensor, order: int, take: Take) -> Moments:
    unit = 4 / math.pi
    zero = torch.zeros((), dtype=y.dtype, device=y.device)
    square = torch.addcmul(zero, y, y, value=-1, out=y if order == 1 else take()).exp2_()
    if order == 1:
        return Moments(square, square_unit=unit)
    back = 2 / PRESCALED["erf"]  # phi'' = -2 z phi'
    mixed = torch.mul(y, square, out=take())
    return Moments(square, mixed, y.mul_(mixed).mul_(back**2 * unit), unit, -back * unit)


def bent(
    name: str, function: Callable[[Tensor], Tensor], z: Tensor, order: int, take: Take, valued: bool
) -> tuple[Tensor, Tensor]:
    """phi'(z) and phi''(z) in buffers, phi(z) in the place of z.

    Args:
        name: the operation's name.
        function: the operation.
        z: where.
        order: 1 or 2; for order 1 phi' stands in for phi''.
        take: a buffer of the shape of z.
        valued: whether phi(z) is asked for; else z may keep any numbers.
    """
    if name == "tanh":
        return _tanh(z, order, take, valued)
    value, slope, bend = derivatives(name, function, z, order)
    if valued:
        z.copy_(value if isinstance(value, Tensor) else value())
    return slope, bend


def _tanh(z: Tensor, order: int, take: Take, valued: bool) -> tuple[Tensor, Tensor]:
    four = torch.full((), 4.0, dtype=z.dtype, device=z.device)
    u = _negative_magnitude(torch.mul(z, 2, out=take())).sigmoid_()
    if valued or order == 2:
        few = few_near_half(u)
        exact = z.view(-1)[few].tanh_()
        z.sign_().addcmul_(z, u, value=-2).view(-1)[few] = exact
    # The derivative of sigmoid from its value, 4 u (1 - u).
    slope = torch.ops.aten.sigmoid_backward.grad_input(four, u, grad_input=u)
    if order == 1:
        return slope, slope
    return slope, torch.addcmul(torch.zeros_like(four), z, slope, value=-2, out=take())
