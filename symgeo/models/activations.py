"""The activations' torch side, under the names that the symbolic table uses: "erf" is erf(z / sqrt 2)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError


class Elementwise(nn.Module):
    """A function of each number on its own, as a module that says its name."""

    def __init__(self, name: str, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.name = name
        self.function = function

    def forward(self, z: Float[Tensor, "*points"]) -> Float[Tensor, "*points"]:
        """The function's values at z."""
        return self.function(z)

    def extra_repr(self) -> str:
        """The name."""
        return self.name


def _erf(z: Tensor) -> Tensor:
    return torch.erf(z / math.sqrt(2))


def _probit(z: Tensor) -> Tensor:
    return (1 + torch.erf(z / math.sqrt(2))) / 2


def _gaussian(z: Tensor) -> Tensor:
    return torch.exp(-z * z / 2)


def _gaussian_softplus(z: Tensor) -> Tensor:
    return z * _probit(z) + _gaussian(z) / math.sqrt(2 * math.pi)


_TABLE: dict[str, Callable[[], nn.Module]] = {
    "erf": lambda: Elementwise("erf", _erf),
    "probit": lambda: Elementwise("probit", _probit),
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "gaussian_softplus": lambda: Elementwise("gaussian_softplus", _gaussian_softplus),
    "sin": lambda: Elementwise("sin", torch.sin),
    "cos": lambda: Elementwise("cos", torch.cos),
    "gaussian": lambda: Elementwise("gaussian", _gaussian),
    "exp": lambda: Elementwise("exp", torch.exp),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    # Above its threshold torch goes over to z: at the default of 20 that shows in derivatives, at 40 in no digit.
    "softplus": lambda: nn.Softplus(threshold=40),
    "silu": nn.SiLU,
}

ACTIVATIONS = tuple(_TABLE)


def activation_module(name: str) -> nn.Module:
    """A new module that applies the activation of that name to each number.

    Raises:
        InputError: the name is unknown; the message lists the known ones.
    """
    if name not in _TABLE:
        raise InputError(f"`activation` must be one of {', '.join(ACTIVATIONS)}, not {name!r}")
    return _TABLE[name]()
