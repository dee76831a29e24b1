"""Sums, products and quotients of jets with each other and with numbers.

(y z)_a = y_a z + y z_a,    (y z)_ab = y_ab z + y_a z_b + y_b z_a + y z_ab
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from symgeo.pullback.jet import pair_count
from symgeo.pullback.jet_tensor import JetTensor, fits
from symgeo.pullback.products import affine_jet, chained


def added(sign: int) -> Callable[..., Any]:
    """y + alpha z, or y - alpha z, of which at least one is a jet."""

    def rule(func: Any, left: Any, right: Any, *, alpha: Any = 1) -> Any:
        if isinstance(left, JetTensor) and left.affine is not None and not isinstance(right, JetTensor):
            moved = left.affine.moved(sign * alpha * right)
            if moved is not None:
                return affine_jet(left, moved)
        if isinstance(left, JetTensor) and left.chain is not None and not isinstance(right, JetTensor):
            chain = left.chain.moved(sign * alpha * right)
            if chain is not None:
                return chained(left, chain)
        if not isinstance(right, JetTensor):
            return _like(left, lambda value: func(value, right, alpha=alpha), right)
        value = func(value_of(left), right.value, alpha=alpha)
        factor = sign * alpha
        if not isinstance(left, JetTensor):
            moved = _like(right, lambda _: value, left)
            return moved if moved is NotImplemented or factor == 1 else _scaled(moved, lambda: value, factor)
        a, b, k = left.dense(), right.dense(), left.k
        if left.ndim != right.ndim:
            return NotImplemented
        if left.shape != right.shape:
            a, b = left.spread().expand(-1, *value.shape), right.spread().expand(-1, *value.shape)
        if len(a) == len(b):
            return JetTensor(value, torch.add(a, b, alpha=factor), k, left.order)
        rows = (a if len(a) > len(b) else factor * b).expand(-1, *value.shape).clone()
        rows[:k] += factor * b[:k] if len(a) > len(b) else a[:k]
        return JetTensor(value, rows, k, left.order)

    return rule


def multiplied(func: Any, left: Any, right: Any) -> Any:
    """y z."""
    if isinstance(left, JetTensor) and isinstance(right, JetTensor):
        return _leibniz(left, right) if left.ndim == right.ndim else NotImplemented
    jet, factor = (left, right) if isinstance(left, JetTensor) else (right, left)
    value, held = jet.later(), _kept(factor)
    return _scaled(jet, lambda: value() * held, held)


def divided(func: Any, left: Any, right: Any, **settings: Any) -> Any:
    """y / c, of a jet and a number or tensor."""
    if isinstance(right, JetTensor) or settings:
        return NotImplemented
    value, held = left.later(), _kept(right)
    # Integers and single precision would make their reciprocals in single precision.
    precise = held.to(torch.promote_types(held.dtype, left.dtype)) if isinstance(held, Tensor) else held
    return _scaled(left, lambda: value() / held, 1 / precise)


def _kept(operand: Any) -> Any:
    """A number or tensor as it is now, for use later."""
    return operand.detach().clone() if isinstance(operand, Tensor) else operand


def _leibniz(left: JetTensor, right: JetTensor) -> JetTensor:
    k = left.k
    value = left.value * right.value
    a, b = left.spread().expand(-1, *value.shape), right.spread().expand(-1, *value.shape)
    if left.order == 1:
        return JetTensor(value, a * right.value + b * left.value, k, 1)
    rows = value.new_zeros(k + pair_count(k), *value.shape)
    rows[: len(a)] += a * right.value
    rows[: len(b)] += b * left.value
    upper, lower = torch.triu_indices(k, k, device=value.device)
    rows[k:] += a[upper] * b[lower] + a[lower] * b[upper]
    return JetTensor(value, rows, k, 2)


def _scaled(jet: JetTensor, make: Callable[[], Tensor], factor: Any) -> Any:
    """A jet times a factor that is none, with the value that `make` returns when it is needed."""
    if isinstance(factor, Tensor) and not fits(factor.shape, jet.shape):
        return NotImplemented
    # What only goes by the jet would keep its dtype, where the product has a higher precision.
    if isinstance(factor, Tensor) and factor.ndim and torch.promote_types(factor.dtype, jet.dtype) != jet.dtype:
        return JetTensor(make(), jet.spread() * factor, jet.k, jet.order)
    if jet.affine is not None and (not isinstance(factor, Tensor) or factor.ndim == 0):
        return affine_jet(jet, jet.affine.scaled(factor))
    if jet.chain is not None and jet.factored is None:
        chain = jet.chain.times(factor)
        if chain is not None:
            return chained(jet, chain)
    if jet.factored is not None and not (isinstance(factor, Tensor) and factor.ndim == 2 and factor.shape[0] > 1):
        return JetTensor(make, None, jet.k, jet.order, factored=jet.factored.scaled(factor), like=jet)
    value = make()
    rows = jet.dense()
    if isinstance(factor, Tensor) and factor.ndim == value.ndim and factor.shape[0] > 1:
        rows = jet.spread()
    return JetTensor(value, rows * factor, jet.k, jet.order)


def _like(jet: JetTensor, make: Callable[[Tensor], Tensor], constant: Any) -> Any:
    """The same derivatives under the value that `make` makes when a constant is added."""
    if isinstance(constant, Tensor) and not fits(constant.shape, jet.shape):
        return NotImplemented
    if jet.factored is not None and not isinstance(constant, Tensor):
        value = jet.later()
        return JetTensor(lambda: make(value()), None, jet.k, jet.order, factored=jet.factored, like=jet)
    rows = jet.dense() if jet.factored is None else None
    return JetTensor(make(jet.value), rows, jet.k, jet.order, factored=jet.factored)


def value_of(operand: Any) -> Any:
    """What an operand is without its derivatives."""
    return operand.value if isinstance(operand, JetTensor) else operand
