r"""Fully connected networks, split into the feature map whose geometry is studied and a linear readout.

    Phi(x) = phi(z) / sqrt(n),   z = W h + b,   f(x) = V (gain * Phi(x)) + c

`model.features` is Phi, with its 1/sqrt(n) as in the closed forms: for one hidden layer, `Pullback(model.features)` is
the metric g_mn = (1/n) sum_j phi'(z_j)^2 W_jm W_jn of the shallow network with W = `model.W` and b = `model.b`.

Two parametrisations:

- "ntk": every layer's features carry 1/sqrt(n), gain = 1, all weights and biases start as N(0, 1) (Jacot, Gabriel and
  Hongler, arXiv:1806.07572, but with no factor on the inputs);
- "standard": layers pass phi(z) on, gain = sqrt(n) undoes the factor of Phi, so that f is the everyday network;
  weights and biases start uniform in +-1/sqrt(fan-in), torch's default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.models.activations import activation_module

PARAMETRISATIONS = ("ntk", "standard")


class Scale(nn.Module):
    """Multiplication by a fixed number."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, h: Float[Tensor, "*points"]) -> Float[Tensor, "*points"]:
        """factor * h."""
        return self.factor * h

    def extra_repr(self) -> str:
        """The factor."""
        return f"{self.factor:.6g}"


class MLP(nn.Module):
    """A network of the given widths, inputs and outputs included.

    Args:
        widths: (inputs, hidden, ..., outputs), at least three.
        activation: a name; `symgeo.models.ACTIVATIONS` lists them.
        parametrisation: "ntk" or "standard", see the module.
        generator: what the initial weights are drawn from; `None` draws from a new generator with seed 0.
        dtype: of the weights.

    Attributes:
        features: (batch, inputs) -> (batch, n), Phi.
        readout: (batch, n) -> (batch, outputs), so that forward is readout(features(x)).

    Raises:
        InputError: fewer than three widths, one below 1, or an unknown name.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: str = "sigmoid",
        *,
        parametrisation: str = "ntk",
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if len(widths) < 3 or min(widths) < 1:
            raise InputError(
                f"`widths` must be at least (inputs, hidden, outputs), each 1 or more, not {tuple(widths)}"
            )
        if parametrisation not in PARAMETRISATIONS:
            raise InputError(f"`parametrisation` must be one of {', '.join(PARAMETRISATIONS)}, not {parametrisation!r}")
        self.widths = tuple(widths)
        *hidden, outputs = self.widths[1:]
        ntk = parametrisation == "ntk"
        layers: list[nn.Module] = []
        fan_in = self.widths[0]
        for number, n in enumerate(hidden, start=1):
            layers += [_linear(fan_in, n, dtype), activation_module(activation)]
            if ntk or number == len(hidden):
                layers.append(Scale(1 / math.sqrt(n)))
            fan_in = n
        self.features = nn.Sequential(*layers)
        linear = _linear(fan_in, outputs, dtype)
        self.readout = nn.Sequential(linear) if ntk else nn.Sequential(Scale(math.sqrt(fan_in)), linear)
        self._initialise(ntk, generator or torch.Generator().manual_seed(0))

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch classes"]:
        """The outputs f(x)."""
        return self.readout(self.features(x))

    @property
    def W(self) -> Float[Tensor, "n d"]:
        """The first layer's weights, row j those of unit j; no gradient is recorded."""
        return self._first.weight.detach()

    @property
    def b(self) -> Float[Tensor, " n"]:
        """The first layer's biases; no gradient is recorded."""
        return self._first.bias.detach()

    @property
    def _first(self) -> nn.Linear:
        layer = self.features[0]
        assert isinstance(layer, nn.Linear)
        return layer

    @torch.no_grad()
    def _initialise(self, ntk: bool, generator: torch.Generator) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                for parameter in (layer.weight, layer.bias):
                    if ntk:
                        parameter.normal_(generator=generator)
                    else:
                        bound = 1 / math.sqrt(layer.in_features)
                        parameter.uniform_(-bound, bound, generator=generator)


def _linear(fan_in: int, fan_out: int, dtype: torch.dtype) -> nn.Linear:
    """A layer whose weights are yet to be drawn: nn.Linear's own draw would move torch's global generator."""
    layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out, dtype=dtype)
    assert isinstance(layer, nn.Linear)
    return layer
