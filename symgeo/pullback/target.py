r"""Metrics on the space of features, as isometric maps into flat space.

A metric on the features is had by composing the feature map with an isometric embedding of it:

    constant G = L L^T:      y -> L^T y
    Fisher-Rao of softmax:   y -> 2 sqrt(softmax(y)),

the latter because sum_i dp_i^2 / p_i = sum_i (d 2 sqrt p_i)^2: the simplex is a piece of the sphere of radius 2.
Curvature of the pullback is intrinsic, and so the same whichever isometric embedding it is computed through. For any
other metric that varies from place to place, no isometric embedding is at hand: its own curvature comes in (`ambient`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError

Target = Literal["flat", "fisher"] | Tensor | Callable[[Tensor], Tensor]


def embedding(target: Target) -> Callable[[Float[Tensor, "batch n"]], Float[Tensor, "batch m"]] | None:
    """The isometric embedding of the features with this metric; None for the flat one, and for one that varies.

    Args:
        target: "flat"; "fisher", the features being the logits of a softmax; positive weights (n,) for a diagonal
            metric; a positive definite matrix (n, n); a callable (batch, n) -> (batch, n, n), a metric that varies.

    Raises:
        InputError: no such metric.
    """
    if isinstance(target, str):
        if target not in ("flat", "fisher"):
            raise InputError(f'`target` must be "flat", "fisher", weights, a matrix or a callable, not {target!r}.')
        return None if target == "flat" else lambda y: 2 * (torch.log_softmax(y, -1) / 2).exp()
    if callable(target):
        return None
    if not isinstance(target, Tensor) or target.ndim not in (1, 2) or not target.is_floating_point():
        raise InputError('`target` must be "flat", "fisher", weights (n,), a matrix (n, n), in floats, or a callable.')
    if target.ndim == 1:
        if not (target > 0).all():
            raise InputError(f"`target` must have positive weights; the least is {target.min():.3g}.")
        root = target.detach().sqrt()
        return lambda y: y * root.to(y)
    if target.shape[0] != target.shape[1] or not torch.equal(target, target.mT):
        raise InputError(f"`target` must be a symmetric matrix; it is {tuple(target.shape)}, or not symmetric.")
    lower, failed = torch.linalg.cholesky_ex(target.detach())
    if failed:
        raise InputError("`target` must be positive definite: it has an eigenvalue that is not.")
    return lambda y: y @ lower.to(y)
