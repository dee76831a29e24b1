r"""The tangent kernel of a metric network whose parameters are those of linear layers, each called once.

    Theta_ab(x, x') = sum_l (h_l(x) . h_l(x') + 1) (c_la(x) . c_lb(x')),     c_la = df_a/dz_l,   z_l = W_l h_l + b_l

What `symgeo.pullback.ntk` does for any module, for the one kind that flows are made of: a few rows at a time, so that
what is multiplied stays near the processor (three to four times faster at 500 points of three components).
"""

from __future__ import annotations

from typing import TypeGuard

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules import activation

from symgeo.flows.metric_network import MetricNetwork, Periodic, Times
from symgeo.models import MLP
from symgeo.models.activations import activation_module
from symgeo.models.mlp import Scale

# Points whose rows are made at a time; from 64 to 500 it makes no difference.
ROWS = 128

#: Inputs h of a layer with a one behind them, where there is a bias, and the cotangents c.
Factors = list[tuple[Float[Tensor, "N p"], Float[Tensor, "N o q"]]]


def linear_kernel(
    network: nn.Module, x: Float[Tensor, "N d"], y: Float[Tensor, "M d"] | None = None
) -> Float[Tensor, "N M o o"] | None:
    """Theta between the packed components at x and at y (or x); None for a network or points of another kind."""
    if not _is_linear(network) or not all(_are_points(network, z) for z in (x, x if y is None else y)):
        return None
    left = _factors(network, x)
    right = left if y is None else _factors(network, y)
    if left is None or right is None:
        return None
    n, m, o = len(x), len(x if y is None else y), left[0][1].shape[1]
    total = x.new_empty(n * o, m * o)
    outer = x.new_empty(min(ROWS, n) * o, m * o)
    for start in range(0, n, ROWS):
        size = min(ROWS, n - start)
        rows, at = total[start * o : (start + size) * o], slice(start, start + size)
        for number, ((h, c), (h2, c2)) in enumerate(zip(left, right, strict=True)):
            inner = (h[at] @ h2.T)[:, None, :, None]
            made = torch.mm(c[at].flatten(0, 1), c2.flatten(0, 1).T, out=outer[: size * o] if number else rows)
            if number:
                rows.view(size, o, m, o).addcmul_(made.view(size, o, m, o), inner)
            else:
                rows.view(size, o, m, o).mul_(inner)
    return total.view(n, o, m, o).permute(0, 2, 1, 3)


def _is_linear(network: nn.Module) -> TypeGuard[MetricNetwork]:
    """Whether the formula may hold: known modules, whose parameters are all trained and of one layer each."""
    if type(network) is not MetricNetwork or network.ansatz == "kaehler":
        return False
    every = [p for layer in network.modules() for p in layer.parameters(recurse=False)]
    if not all(p.requires_grad for p in every) or len(set(map(id, every))) < len(every):
        return False
    return all(type(m) in _CONTAINERS or type(m) is nn.Linear or _is_activation(m) for m in network.modules())


def _are_points(network: MetricNetwork, x: Tensor) -> bool:
    """Whether the network can be called with them as it is; what cannot be meant the general kernel refuses."""
    if x.ndim != 2 or not len(x) or x.shape[1] != network.dimension or not x.isfinite().all():
        return False
    return all(p.dtype == x.dtype for p in network.parameters())


_CONTAINERS = (MetricNetwork, Periodic, Times, Scale, MLP, nn.Sequential)


def _is_activation(module: nn.Module) -> bool:
    bare = not list(module.parameters()) and not list(module.buffers()) and not list(module.children())
    return bare and type(module).__module__ in (activation.__name__, activation_module.__module__)


def _factors(network: nn.Module, x: Tensor) -> Factors | None:
    """Of every linear layer, from one pass and a pass back for each output; None where one is called twice."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    calls: list[tuple[nn.Linear, Tensor, Tensor]] = []

    def seen(layer: nn.Linear, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls.append((layer, inputs[0].detach(), output))

    hooks = [layer.register_forward_hook(seen) for layer in layers]
    try:
        with torch.inference_mode(False), torch.enable_grad():
            made = network(x.detach().clone())
    finally:
        for hook in hooks:
            hook.remove()
    if len(calls) != len(layers) or len({id(layer) for layer, _, _ in calls}) != len(layers):
        return None
    places, count = [output for _, _, output in calls], made.shape[1]
    slopes = [torch.autograd.grad(made[:, a].sum(), places, retain_graph=a + 1 < count) for a in range(count)]
    found: Factors = []
    for k, (layer, h, _) in enumerate(calls):
        inputs = h if layer.bias is None else torch.cat([h, torch.ones_like(h[:, :1])], 1)
        found.append((inputs, torch.stack([slope[k] for slope in slopes], 1)))
    return found
