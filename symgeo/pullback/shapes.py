"""Jets seen in other shapes, under other names, and joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from symgeo.pullback.arithmetic import value_of
from symgeo.pullback.jet_tensor import JetTensor


def viewed(func: Any, jet: Any, shape: Any) -> Any:
    """The same numbers in another shape, of the same batch."""
    if isinstance(shape, torch.dtype):
        return alias(func, jet) if shape == jet.dtype else NotImplemented
    value = jet.value.reshape(shape)  # no view, of images whose channels are last in memory
    if value.shape[:1] != jet.value.shape[:1]:
        return NotImplemented
    made = JetTensor(value, None, jet.k, jet.order)
    rows = jet.dense()
    made.rows = rows.reshape(*rows.shape[:2], *value.shape[1:])
    return _aliased(made, jet)


def alias(func: Any, jet: Any, *_: Any, **__: Any) -> Any:
    """Another name for a tensor."""
    made = JetTensor(jet.later(), jet.rows, jet.k, jet.order, factored=jet.factored, chain=jet.chain, like=jet)
    made.affine, made.chart, made.coordinates = jet.affine, jet.chart, jet.coordinates
    return _aliased(made, jet)


def joined(new: int) -> Callable[..., Any]:
    """Tensors joined along a place, or along a new one."""

    def rule(func: Any, tensors: Any, dim: int = 0) -> Any:
        value = func([value_of(tensor) for tensor in tensors], dim)
        jets = [tensor for tensor in tensors if isinstance(tensor, JetTensor)]
        if any(tensor.ndim + new != value.ndim or tensor.dtype != value.dtype for tensor in tensors):
            return NotImplemented
        count = max(len(jet.dense()) for jet in jets)
        parts = [_filled(tensor, count) for tensor in tensors]
        return JetTensor(value, func(parts, dim % value.ndim + 1), jets[0].k, jets[0].order)

    return rule


def _filled(tensor: Tensor, count: int) -> Tensor:
    """As many rows of derivatives, zeros where there are none."""
    rows = tensor.spread() if isinstance(tensor, JetTensor) else tensor.new_zeros(0, *tensor.shape)
    return rows if len(rows) == count else torch.cat([rows, rows.new_zeros(count - len(rows), *tensor.shape)])


def _aliased(made: JetTensor, jet: JetTensor) -> JetTensor:
    """Two names for one tensor: writing into either would have to write into both, which is refused."""
    made.aliased = jet.aliased = True
    return made
