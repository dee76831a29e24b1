r"""The phi-network: a Kaehler potential phi(features), and with it the metric g = g_FS + d dbar phi.

    y_0 = (f - mean) / scale,   y_l = s(W_l y_{l-1} + b_l),   y = W y_L
    phi = y                       head "linear"
    phi = log(1 + y) / (pi k)     head "logarithm"

All of it is written on jets (`symgeo.calabi_yau.jets`): every layer is one product of a matrix with the packed jets.
The metric is Kaehler, and one and the same in all patches, whatever the weights are.

With the logarithm, no hidden layers, and all invariants of bidegree at most k as features, this is an algebraic metric
(log of a positive section of bidegree k); with s(y) = y^2 and L hidden layers, k = 2^L, a bihomogeneous network
(Douglas, Lakshminarasimhan and Qi, arXiv:2012.04797). At the start W = 0 and g is Fubini and Study's metric, which is
positive.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from symgeo.calabi_yau import jets
from symgeo.calabi_yau.features import invariant_features, plain_features
from symgeo.calabi_yau.fused import Activated, Derivatives
from symgeo.calabi_yau.sample import Sample
from symgeo.errors import InputError

_SQRT_HALF = math.sqrt(0.5)


def _gelu(y: Tensor) -> Derivatives:
    cumulative = 0.5 * (1 + torch.erf(y * _SQRT_HALF))
    density = torch.exp(-0.5 * y * y) / math.sqrt(2 * math.pi)
    square = y * y
    return y * cumulative, cumulative + y * density, density * (2 - square), density * y * (square - 4)


def _tanh(y: Tensor) -> Derivatives:
    t = torch.tanh(y)
    square = t * t
    slope = 1 - square
    return t, slope, -2 * t * slope, slope * (6 * square - 2)


def _square(y: Tensor) -> Derivatives:
    return y * y, 2 * y, torch.full_like(y, 2.0), torch.zeros_like(y)


#: s, s', s'' and s''' of an activation.
ACTIVATIONS: dict[str, Callable[[Tensor], Derivatives]] = {
    "gelu": _gelu,
    "tanh": _tanh,
    "square": _square,
}
HEADS = ("linear", "logarithm")


@dataclass(frozen=True)
class Architecture:
    """Which potential.

    Attributes:
        features: "plain", or "invariant" under Fermat's or Dwork's symmetries.
        degree: the highest degree of the invariants; no meaning for plain features.
        widths: of the hidden layers; none leaves phi linear in the features.
        activation: a name of `ACTIVATIONS`.
        head: "linear" or "logarithm".
    """

    features: str = "plain"
    degree: int = 0
    widths: tuple[int, ...] = ()
    activation: str = "gelu"
    head: str = "linear"

    def __post_init__(self) -> None:
        if self.features not in ("plain", "invariant"):
            raise InputError(f"`features` must be 'plain' or 'invariant', not {self.features!r}")
        if self.activation not in ACTIVATIONS:
            raise InputError(f"`activation` must be one of {', '.join(ACTIVATIONS)}, not {self.activation!r}")
        if self.head not in HEADS:
            raise InputError(f"`head` must be one of {', '.join(HEADS)}, not {self.head!r}")
        if any(width < 1 for width in self.widths):
            raise InputError(f"`widths` must be positive, not {self.widths}")

    @property
    def bidegree(self) -> int:
        """k of the head "logarithm": that of the features, doubled by every layer that squares."""
        start = self.degree if self.features == "invariant" else 1
        return start * (2 ** len(self.widths) if self.activation == "square" else 1)

    def of(self, sample: Sample) -> Float[Tensor, "m rows F"]:
        """The features' jets in the sample's frame."""
        return plain_features(sample) if self.features == "plain" else invariant_features(sample, self.degree)


class PhiNetwork(nn.Module):
    """phi as a module: jets of features in, jets of phi out.

    >>> from symgeo.calabi_yau import fermat, sample
    >>> points = sample(fermat(2), 100, seed=0)
    >>> phi = PhiNetwork(Architecture("invariant", degree=4), points, seed=0)
    >>> phi.metric(points).shape
    torch.Size([100, 2, 2])
    """

    mean: Tensor
    scale: Tensor
    #: Take the derivatives written out by hand, for reverse mode alone (`symgeo.calabi_yau.fused`).
    fused: bool = False

    def __init__(self, architecture: Architecture, points: Sample, *, seed: int) -> None:
        """Draw the weights.

        Args:
            architecture: which potential.
            points: their features' mean and standard deviation are taken as the network's; dtype and hypersurface too.
            seed: of the hidden weights, W_l ~ N(0, 1/fan-in), b_l = 0.
        """
        super().__init__()
        self.architecture = architecture
        self.coordinates = points.hypersurface.coordinates
        features = architecture.of(points)[:, 0]
        generator = torch.Generator().manual_seed(seed)
        sizes = (features.shape[1], *architecture.widths)
        self.hidden = nn.ModuleList()
        for fan_in, width in pairwise(sizes):
            layer = nn.Linear(fan_in, width, dtype=features.dtype)
            with torch.no_grad():
                drawn = torch.randn(width, fan_in, generator=generator, dtype=torch.float64)
                layer.weight.copy_(drawn / math.sqrt(fan_in))
                layer.bias.zero_()
            self.hidden.append(layer)
        self.readout = nn.Linear(sizes[-1], 1, bias=False, dtype=features.dtype)
        nn.init.zeros_(self.readout.weight)
        self.register_buffer("mean", features.mean(0))
        deviation = features.std(0)
        # A feature that is constant on the hypersurface gives no metric: its scale may be anything but zero.
        self.register_buffer("scale", torch.where(deviation > 1e-12, deviation, torch.ones_like(deviation)))

    def forward(self, features: Float[Tensor, "m rows F"]) -> Float[Tensor, "m rows"]:
        """The jets of phi from those of the features.

        Raises:
            InputError: another number of features than the network was drawn with.
        """
        if features.shape[-1] != len(self.mean):
            raise InputError(
                f"`features` are {features.shape[-1]}, and the network takes {len(self.mean)}: "
                "take those of the hypersurface that it was made for"
            )
        activation = ACTIVATIONS[self.architecture.activation]
        x = features.transpose(0, 1).contiguous() if self.fused else features
        for index, layer in enumerate((*self.hidden, self.readout)):
            weight, bias = layer.weight, layer.bias
            if index == 0:  # the first layer does the standardising, so that no jets are copied for it
                weight = weight / self.scale
                shift = -(weight @ self.mean)
                bias = shift if bias is None else bias + shift
            x = nn.functional.linear(x, weight)
            if layer is self.readout:
                x = x.transpose(0, 1) if self.fused else x
                x = x if bias is None else self._shifted(x, bias)
            elif self.fused:
                x = Activated.apply(x, bias, activation)
            else:
                x = self._shifted(x, bias)
                x = jets.compose(x, *activation(x[:, 0])[:3])
        if self.architecture.head == "logarithm":
            x = jets.logarithm(x + jets.constant(x)) / (math.pi * self.architecture.bidegree)
        return x[..., 0]

    def features(self, sample: Sample) -> Float[Tensor, "m rows F"]:
        """The features' jets, which depend on no weight and can be kept.

        Raises:
            InputError: points with another number of coordinates, or of features, than the network was drawn with.
        """
        features, coordinates = self.architecture.of(sample), sample.hypersurface.coordinates
        if (features.shape[2], coordinates) != (len(self.mean), self.coordinates):
            raise InputError(
                f"`sample` has {features.shape[2]} features of {coordinates} coordinates, and the network takes "
                f"{len(self.mean)} of {self.coordinates}: give it points of the hypersurface that it was made for"
            )
        return features

    def potential(self, sample: Sample) -> Float[Tensor, " m"]:
        """phi at the points."""
        return self(self.features(sample))[:, 0]

    def metric(self, sample: Sample) -> Complex[Tensor, "m n n"]:
        """g = g_FS + d dbar phi in the sample's frame."""
        return sample.fubini_study + jets.mixed(self(self.features(sample)))

    @staticmethod
    def _shifted(x: Tensor, by: Tensor) -> Tensor:
        return torch.cat([x[:, :1] + by, x[:, 1:]], 1)
