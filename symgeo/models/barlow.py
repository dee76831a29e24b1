r"""Barlow Twins: features learnt without labels, from two random views of each image.

    C_ij = (1/b) sum_k u_ki v_kj,    loss = sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2

with the projections u and v of the two views of the b images of a batch, each coordinate standardised over the batch.
The projector, behind the features, is a perceptron with batch normalisation; it is thrown away afterwards. What the
network decides is said by a linear probe of the features (`symgeo.models.probe`), fitted anew at every saved epoch.

Source: Zbontar, Jing, Misra, LeCun and Deny, "Barlow Twins", arXiv:2103.03230.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.models.activations import activation_module
from symgeo.models.resnet import ResNet


class BarlowTwins(nn.Module):
    """A residual network, its projector and its probe.

    Args:
        backbone: whose features learn; its readout is the probe, and learns nothing.
        widths: of the projector's layers, the last one's being how many projections there are.
        activation: between them.
        generator: what the projector's weights are drawn from.

    Attributes:
        features: (batch, d) -> (batch, n), the backbone's.
        projector: (batch, n) -> (batch, projections).
        readout: (batch, n) -> (batch, classes), the probe.

    Raises:
        InputError: no width, or one below 1.
    """

    def __init__(self, backbone: ResNet, widths: Sequence[int], activation: str, generator: torch.Generator) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise InputError(f"`widths` of the projector must be one or more, each 1 or more, not {tuple(widths)}")
        self.features = backbone.features
        self.readout = backbone.readout.requires_grad_(False)
        layers: list[nn.Module] = []
        fan_in = self.readout.in_features
        for width in widths[:-1]:
            layers += [_linear(fan_in, width, generator), nn.BatchNorm1d(width), activation_module(activation)]
            fan_in = width
        self.projector = nn.Sequential(*layers, _linear(fan_in, widths[-1], generator))
        self.to(self.readout.weight.dtype)

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch classes"]:
        """The probe's outputs."""
        return self.readout(self.features(x))

    def projections(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch projections"]:
        """What the loss compares."""
        return self.projector(self.features(x))


def redundancy_loss(
    u: Float[Tensor, "batch projections"], v: Float[Tensor, "batch projections"], weight: float
) -> Float[Tensor, ""]:
    """The loss of the module's docstring.

    Args:
        u, v: projections of two views of the same images, two images or more.
        weight: lambda.
    """
    correlation = _standardised(u).T @ _standardised(v) / len(u)
    diagonal = correlation.diagonal()
    elsewhere = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + weight * elsewhere


def _standardised(u: Float[Tensor, "batch projections"]) -> Float[Tensor, "batch projections"]:
    """Mean 0 and variance 1 over the batch; 1e-5 is added to the variance, as batch normalisation does."""
    return (u - u.mean(0)) / (u.var(0, correction=0) + 1e-5).sqrt()


def _linear(fan_in: int, fan_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out, bias=False)
    assert isinstance(layer, nn.Linear)
    bound = 1 / math.sqrt(fan_in)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
    return layer
