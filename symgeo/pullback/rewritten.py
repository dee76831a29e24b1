"""Operations written with others that have rules of their own.

Torch's own second derivatives of layer_norm and instance_norm are other numbers, without a word, and that of
logcumsumexp is NaN (torch 2.13); softmax is faster so.
"""

from __future__ import annotations

from typing import Any

import torch

from symgeo.pullback.jet_tensor import JetTensor


def layer_norm(func: Any, jet: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Normalisation over the last places."""
    if not isinstance(jet, JetTensor):
        return NotImplemented
    return normalised(jet, list(range(jet.ndim - len(shape), jet.ndim)), weight, bias, eps), None, None


def normalised(jet: JetTensor, places: list[int], weight: Any, bias: Any, eps: float) -> Any:
    """(y - mean) / sqrt(var + eps) over some places, times a weight, plus a bias."""
    centred: Any = jet - jet.mean(places, keepdim=True)
    result = centred * ((centred * centred).mean(places, keepdim=True) + eps).rsqrt()
    result = result if weight is None else result * weight
    return result if bias is None else result + bias


def logcumsumexp(func: Any, jet: Any, dim: int) -> Any:
    """log sum_{j <= i} exp y_j, as a logsumexp for each i."""
    if not isinstance(jet, JetTensor) or jet.ndim == 0:
        return NotImplemented
    moved: Any = jet.movedim(dim, -1)
    lowest = torch.finfo(jet.dtype).min / 4  # not minus infinity, which has no derivative
    left_out = torch.full((moved.shape[-1],) * 2, lowest, dtype=jet.dtype, device=jet.device).triu(1)
    return torch.logsumexp(moved[..., None, :] + left_out, -1).movedim(-1, dim)


def softmax(func: Any, jet: Any, dim: int, half: bool) -> Any:
    """exp(y - c) / sum exp(y - c), for a c that keeps it in range."""
    if not isinstance(jet, JetTensor) or jet.ndim == 0 or half:
        return NotImplemented
    raised: Any = (jet - jet.value.amax(dim, keepdim=True)).exp()
    return raised * raised.sum(dim, keepdim=True).reciprocal()


def log_softmax(func: Any, jet: Any, dim: int, half: bool) -> Any:
    """y - c - log sum exp(y - c), for a c that keeps it in range."""
    if not isinstance(jet, JetTensor) or jet.ndim == 0 or half:
        return NotImplemented
    lowered: Any = jet - jet.value.amax(dim, keepdim=True)
    return lowered - lowered.exp().sum(dim, keepdim=True).log()
