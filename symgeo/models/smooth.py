r"""Networks of constant width whose layers are steps of a differential equation: C^0, C^1 or C^2 in depth.

    order 0   x(l+1) = f(x(l); l)                            C^0, the plain network
    order 1   x(l+1) = x(l) + f(x(l); l)                     C^1, the residual network
    order 2   x(l+1) = 2 x(l) - x(l-1) + f(x(l); l)          C^2, with x(1) = x(0) + f(x(0); 0)

with f(x; l) = phi(W_l x + b_l). A layer of order 2 is no map of x(l) alone: it takes along the momentum x(l) - x(l-1),
in the activations and in every derivative of them.

Source: Hauser and Ray, "Principles of Riemannian geometry in neural networks" (2017).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.models.activations import activation_module


class SmoothLayers(nn.Module):
    """The layers, from the input x(0) to the last activation x(L).

    Args:
        width: of the input and of every layer.
        depth: L, how many layers.
        order: 0, 1 or 2.
        activation: a name; `symgeo.models.ACTIVATIONS` lists them.
        dtype: of the weights.
    """

    def __init__(self, width: int, depth: int, order: int, activation: str, dtype: torch.dtype) -> None:
        super().__init__()
        self.order = order
        self.linear = nn.ModuleList(nn.utils.skip_init(nn.Linear, width, width, dtype=dtype) for _ in range(depth))
        self.activation = activation_module(activation)

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch d"]:
        """x(L)."""
        return self.states(x)[-1]

    def states(self, x: Float[Tensor, "batch d"]) -> list[Float[Tensor, "batch d"]]:
        """x(0), x(1), ..., x(L)."""
        found = [x]
        for linear in self.linear:
            step = self.activation(linear(found[-1]))
            if self.order == 0:
                found.append(step)
            elif self.order == 1 or len(found) == 1:
                found.append(found[-1] + step)
            else:
                found.append(2 * found[-1] - found[-2] + step)
        return found


class SmoothNetwork(nn.Module):
    """Layers of constant width and a linear readout.

    Args:
        width: of the input and of every layer.
        outputs: how many classes.
        depth: how many layers.
        order: 0, 1 or 2, see the module.
        activation: a name; `symgeo.models.ACTIVATIONS` lists them.
        gain: the weights start uniform in +-gain sqrt(6 / (fan_in + fan_out)) (Xavier), the biases at 0.
        generator: what the initial weights are drawn from; `None` draws from a new generator with seed 0.
        dtype: of the weights.

    Attributes:
        features: (batch, width) -> (batch, width), x(L); `features.states` has every layer's.
        readout: (batch, width) -> (batch, outputs).

    Raises:
        InputError: another order, no layer, or an unknown activation.
    """

    def __init__(
        self,
        width: int,
        outputs: int,
        *,
        depth: int,
        order: int,
        activation: str = "tanh",
        gain: float = 1.0,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if order not in (0, 1, 2) or depth < 1 or width < 1:
            raise InputError(
                f"`order` must be 0, 1 or 2, `depth` and `width` 1 or more, not {order}, {depth} and {width}"
            )
        self.features = SmoothLayers(width, depth, order, activation, dtype)
        self.readout = nn.utils.skip_init(nn.Linear, width, outputs, dtype=dtype)
        generator = generator or torch.Generator().manual_seed(0)
        with torch.no_grad():
            for layer in self.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.xavier_uniform_(layer.weight, gain=gain, generator=generator)
                    layer.bias.zero_()

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch classes"]:
        """The outputs."""
        return self.readout(self.features(x))
