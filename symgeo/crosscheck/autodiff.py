r"""Christoffel symbols and scalar curvature of any metric function by automatic differentiation, from the definition.

    Gamma^r_mn = g^rl (d_m g_ln + d_n g_lm - d_l g_mn) / 2
    R          = g^sn (d_r Gamma^r_ns - d_n Gamma^r_rs + Gamma^r_rl Gamma^l_ns - Gamma^r_nl Gamma^l_rs)

No theorem about the metric is used; this is the slow, plain reference that closed forms are held against.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Points = Float[Tensor, "batch d"]


def derivative(values: Float[Tensor, "batch ..."], x: Points) -> Float[Tensor, "batch ... d"]:
    """d values / d x, last axis the direction; each point's values depend on that point alone."""
    flat = values.reshape(len(x), -1)
    if not flat.requires_grad:
        return values.new_zeros((*values.shape, x.shape[1]))
    columns = [
        torch.autograd.grad(flat[:, k].sum(), x, create_graph=True, allow_unused=True)[0] for k in range(flat.shape[1])
    ]
    rows = [torch.zeros_like(x) if column is None else column for column in columns]
    return torch.stack(rows, 1).reshape(*values.shape, x.shape[1])


def pullback_metric(features: Callable[[Points], Tensor]) -> Callable[[Points], Tensor]:
    """The metric d_m Phi . d_n Phi of a batched feature map."""

    def metric(x: Points) -> Float[Tensor, "batch d d"]:
        J = derivative(features(x), x)
        return J.transpose(1, 2) @ J

    return metric


def geometry(metric: Callable[[Points], Tensor], x: Points) -> dict[str, Tensor]:
    """`matrix`, `log_volume_element`, `christoffel` [r, m, n] and `scalar_curvature` of the metric at the points."""
    x = x.detach().clone().requires_grad_(True)
    g = metric(x)
    inverse = torch.linalg.inv(g)
    dg = derivative(g, x)  # [m, n, l] is d_l g_mn
    low = (dg.permute(0, 1, 3, 2) + dg - dg.permute(0, 3, 1, 2)) / 2
    gamma = torch.einsum("zrl,zlmn->zrmn", inverse, low)
    dgamma = derivative(gamma, x)  # [r, m, n, l] is d_l Gamma^r_mn
    ricci = (
        torch.einsum("zrnsr->zsn", dgamma)
        - torch.einsum("zrrsn->zsn", dgamma)
        + torch.einsum("zrrl,zlns->zsn", gamma, gamma)
        - torch.einsum("zrnl,zlrs->zsn", gamma, gamma)
    )
    return {
        "matrix": g.detach(),
        "log_volume_element": torch.linalg.slogdet(g)[1].detach() / 2,
        "christoffel": gamma.detach(),
        "scalar_curvature": torch.einsum("zsn,zsn->z", inverse, ricci).detach(),
    }
