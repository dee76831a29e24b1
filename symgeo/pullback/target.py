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
from functools import partial
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError

Target = Literal["flat", "fisher"] | Tensor | Callable[[Tensor], Tensor]


# The largest asymmetry of a matrix that is taken for rounding, relative to its largest entry, in n units of the last
# place: that of A A^T grows with the root of the length of A's rows, to 100 for 10^4.
ASYMMETRY = 32


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
        return None if target == "flat" else fisher
    if callable(target):
        return None
    if not isinstance(target, Tensor):
        cure = ": torch.as_tensor(target, dtype=torch.float64)" if hasattr(target, "__len__") else ""
        raise InputError(
            '`target` must be "flat", "fisher", a torch tensor of weights (n,) or a matrix (n, n), in floats, or a '
            f"callable, not {type(target).__name__}{cure}."
        )
    if target.ndim not in (1, 2) or not target.is_floating_point():
        raise InputError(
            f"`target` must be weights (n,) or a matrix (n, n), in floats, not {tuple(target.shape)} of {target.dtype}"
            f"{'' if target.is_floating_point() else ': target.to(torch.float64)'}."
        )
    if not target.isfinite().all():
        raise InputError("`target` must be finite: it has a NaN or an infinity.")
    return partial(scaled, _roots(target)) if target.ndim == 1 else partial(sheared, _lower(target))


def fisher(y: Float[Tensor, "batch n"]) -> Float[Tensor, "batch n"]:
    """2 sqrt(softmax(y))."""
    return 2 * (torch.log_softmax(y, -1) / 2).exp()


def scaled(roots: Float[Tensor, " n"], y: Float[Tensor, "batch n"]) -> Float[Tensor, "batch n"]:
    """Each feature times the root of its weight.

    Raises:
        InputError: there are other numbers of weights and of features.
    """
    if y.shape[1] != len(roots):
        raise InputError(f"`target` has {len(roots)} weights for {y.shape[1]} features: give one for each.")
    return y * roots.to(y)


def sheared(lower: Float[Tensor, "n n"], y: Float[Tensor, "batch n"]) -> Float[Tensor, "batch n"]:
    """L^T y.

    Raises:
        InputError: the matrix is of another size than the features.
    """
    n = y.shape[1]
    if n != len(lower):
        raise InputError(f"`target` is a matrix {tuple(lower.shape)} for {n} features: give one of ({n}, {n}).")
    return y @ lower.to(y)


def _roots(weights: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    if not (weights > 0).all():
        raise InputError(f"`target` must have positive weights; the least is {weights.min():.3g}.")
    return weights.detach().sqrt()


def _lower(matrix: Float[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """L, lower triangular, with L L^T the matrix; symmetric but for rounding."""
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"`target` must be a square matrix (n, n), not {tuple(matrix.shape)}.")
    matrix = matrix.detach()
    gap, largest = (matrix - matrix.mT).abs().amax(), matrix.abs().amax()
    if gap > ASYMMETRY * len(matrix) * torch.finfo(matrix.dtype).eps * largest:
        raise InputError(
            f"`target` must be a symmetric matrix: two mirrored entries differ by {gap:.1e}, where the largest is "
            f"{largest:.1e}; take (M + M.T) / 2."
        )
    lower, failed = torch.linalg.cholesky_ex((matrix + matrix.mT) / 2)
    if failed:
        raise InputError("`target` must be positive definite: it has an eigenvalue that is not.")
    return lower
