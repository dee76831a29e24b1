r"""Symmetric matrices as vectors whose scalar product is that of the matrices.

    pack(g) = (g_11, ..., g_dd, sqrt2 g_12, sqrt2 g_13, ...),     pack(g) . pack(h) = tr(g h)

In this packing the index-diagonal kernel (delta_ik delta_jl + delta_il delta_jk)/2 Theta is the identity times Theta.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError


def components(dimension: int) -> int:
    """d (d + 1) / 2."""
    return dimension * (dimension + 1) // 2


def pack(g: Float[Tensor, "*batch d d"]) -> Float[Tensor, "*batch o"]:
    """The components of symmetric matrices, those off the diagonal times sqrt 2."""
    i, j = torch.triu_indices(g.shape[-1], g.shape[-1], 1, device=g.device)
    return torch.cat([g.diagonal(dim1=-2, dim2=-1), math.sqrt(2) * g[..., i, j]], -1)


def unpack(v: Float[Tensor, "*batch o"]) -> Float[Tensor, "*batch d d"]:
    """The symmetric matrices with these components.

    Raises:
        InputError: a number of components that no dimension has.
    """
    d = (math.isqrt(8 * v.shape[-1] + 1) - 1) // 2
    if components(d) != v.shape[-1]:
        raise InputError(f"`v` must have d (d + 1)/2 components, not {v.shape[-1]}")
    # One gather: positions of (i, j) among the components.
    i, j = torch.triu_indices(d, d, 1, device=v.device)
    place = torch.diag(torch.arange(d, device=v.device))
    place[i, j] = place[j, i] = d + torch.arange(len(i), device=v.device)
    scale = torch.full((d, d), math.sqrt(0.5), dtype=v.dtype, device=v.device).fill_diagonal_(1.0)
    return v[..., place] * scale
