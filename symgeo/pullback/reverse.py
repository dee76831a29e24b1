r"""Derivatives from the gradients of the features, one pass backwards each.

Where features are fewer than coordinates this is cheaper than a derivative along each coordinate. The points are copied
and every copy pulls another feature back: not by vmap, which has the gradient of cdist wrong (torch 2.13).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.pullback.chart import Chart
from symgeo.pullback.jet import Jet
from symgeo.pullback.layout import laid_out

# Copies pulled back at once: enough for full matrix products. Fewer where what a pass forwards leaves behind for the
# pass backwards would be larger than this.
COPIES = 64
PASS_BYTES = 500_000_000


def reverse_jacobian(
    function: Callable[[Tensor], Tensor], points: Float[Tensor, " batch *shape"], chart: Chart, n: int, numbers: int
) -> Jet:
    """The jet of order 1 from the gradients of the features.

    Args:
        function: (batch, *shape) -> (batch, n).
        points: the inputs.
        chart: where they lie; its coordinate vectors are the directions.
        n: the number of features.
        numbers: how many the map makes on its way, for one point.
    """
    batch = len(points)
    room = PASS_BYTES // (numbers * batch * points.element_size())
    copies = max(1, min(n, COPIES // batch, room))
    copies = math.ceil(n / math.ceil(n / copies))  # the last pass is as full as the others
    with torch.inference_mode(False), torch.enable_grad():
        start = points.detach().repeat(copies, *[1] * (points.ndim - 1)).requires_grad_()
        try:
            value = function(laid_out(start).clone())
        except RuntimeError as error:
            if "view" not in str(error):  # of tensors whose channels are last in memory there is none
                raise
            value = function(start.clone())
    gradients = value.new_zeros(n, batch, points[0].numel())
    for first in range(0, n if value.requires_grad else 0, copies):
        some = slice(first, min(first + copies, n))
        chosen = torch.arange(some.start, some.stop, device=value.device)
        with torch.inference_mode(False), torch.enable_grad():
            cotangents = value.detach().new_zeros(copies, batch, n)
            cotangents[chosen - first, :, chosen] = 1
            # A sum, and not cotangents handed over: for these torch would load SymPy.
            total = (value * cotangents.flatten(0, 1)).sum()
        found = torch.autograd.grad(total, start, retain_graph=True)[0]
        gradients[some] = found.reshape(copies, batch, -1)[: len(chosen)]
    if chart.directions is not None:
        gradients = gradients @ chart.tangents(gradients).flatten(1).T
    return Jet(gradients.permute(2, 1, 0), gradients.shape[2], 1)
