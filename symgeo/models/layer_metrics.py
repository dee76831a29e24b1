r"""The metric of the last layer, pulled back to every layer of a network of smooth layers.

With the total Jacobians A_l = d x(l) / d x(0), which hold the momentum of layers of order 2,

    A_0 = I,   A_{l+1} = Df_l A_l                             order 0
               A_{l+1} = A_l + Df_l A_l                       order 1
               A_{l+1} = 2 A_l - A_{l-1} + Df_l A_l           order 2, A_1 = I + Df_0,

the metric at x(l) is g(l) = A_l^{-T} A_L^T A_L A_l^{-1} where A_l is invertible; at the input it is A_L^T A_L. For
orders 0 and 1 this is the chain g(l) = J_l^T g(l+1) J_l; a layer of order 2 is no map of x(l) alone and has no J_l.

Source: Hauser and Ray, "Principles of Riemannian geometry in neural networks" (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from symgeo.models.smooth import SmoothLayers


@dataclass(frozen=True)
class LayerMetrics:
    """The activations and metrics of all layers, l = 0 (the input) to L first.

    Attributes:
        x: x(l).
        jacobian: A_l.
        metric: g(l); NaN where A_l is not invertible.
        invertible: whether A_l has full rank: a singular value counts as zero below d eps times the largest.
    """

    x: Float[Tensor, "layers batch d"]
    jacobian: Float[Tensor, "layers batch d d"]
    metric: Float[Tensor, "layers batch d d"]
    invertible: Bool[Tensor, "layers batch"]


def layer_metrics(layers: SmoothLayers, x: Float[Tensor, "batch d"]) -> LayerMetrics:
    """The metric that the last layer pulls back to each layer, at the images of the points.

    Args:
        layers: the features of a `SmoothNetwork`.
        x: input points.
    """

    def states(point: Tensor) -> Tensor:
        return torch.stack(layers.states(point[None]))[:, 0]

    with torch.no_grad():
        jacobian = torch.func.vmap(torch.func.jacrev(states))(x).transpose(0, 1)
        values = torch.linalg.svdvals(jacobian)
        d = x.shape[1]
        invertible = values[..., -1] > d * torch.finfo(x.dtype).eps * values[..., 0]
        # Solved, not inverted: B = A_L A_l^{-1} is the map from layer l to the last.
        safe = torch.where(invertible[..., None, None], jacobian, torch.eye(d, dtype=x.dtype))
        onward = torch.linalg.solve(safe, jacobian[-1:].expand_as(safe), left=False)
        metric = onward.mT @ onward
        metric = torch.where(invertible[..., None, None], metric, math.nan)
        return LayerMetrics(torch.stack(layers.states(x)), jacobian, metric, invertible)
