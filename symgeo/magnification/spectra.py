r"""The eigenvalues of the metric at a point: g = J^T J with J = dPhi has the squares of J's singular values, and zeros.

Of a map from d inputs to n features at most min(n, d) are not zero.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError


def spectrum(features: nn.Module, x: Float[Tensor, " d"]) -> Float[Tensor, " rank"]:
    """The min(n, d) greatest eigenvalues of g at x, falling; n gradients.

    Args:
        features: (batch, d) -> (batch, n), in evaluation mode and in the dtype of x.
        x: one input.

    Returns:
        Each to about eps times the greatest.

    Raises:
        InputError: more than one input.
    """
    if x.ndim != 1:
        raise InputError(f"`x` must be one input (d,), not {tuple(x.shape)}")

    def at(point: Tensor) -> Tensor:
        return features(point[None])[0]

    return torch.linalg.svdvals(torch.func.jacrev(at)(x).detach()).square()
