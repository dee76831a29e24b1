r"""Any operation on jets, by pulling back twice.

The derivative along a direction is the transpose of the map that pulls back, D f[t] = (w -> J^T w)^T t, and the second
one the derivative of that. Torch's own forward derivatives are not used: their second ones are wrong, without a word,
for linalg.solve, linalg.det, layer_norm and instance_norm (torch 2.13), and missing for others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.func import vjp, vmap
from torch.utils._pytree import tree_flatten, tree_unflatten

from symgeo.pullback.jet import pair_count
from symgeo.pullback.jet_tensor import JetTensor, UnsupportedError


@contextmanager
def loops_allowed() -> Iterator[None]:
    """Without the warning that vmap makes a loop of an operation, which nobody here can help."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")
        yield


@loops_allowed()
def differentiate(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Any operation: D f[y_a], and D^2 f[y_a, y_b] + D f[y_ab]."""
    leaves, tree = tree_flatten((args, kwargs))
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, JetTensor)]
    jets = [leaves[i] for i in places]
    k, order = jets[0].k, jets[0].order
    values = tuple(jet.value for jet in jets)

    def call(*inputs: Tensor) -> Any:
        filled = list(leaves)
        for place, value in zip(places, inputs, strict=True):
            filled[place] = value
        filled_args, filled_kwargs = tree_unflatten(filled, tree)
        return func(*filled_args, **filled_kwargs)

    result = call(*values)
    results = result if isinstance(result, (tuple, list)) else (result,)
    if not all(isinstance(r, Tensor) for r in results):
        raise UnsupportedError(str(func))  # a number taken out of a tensor
    if any(r.is_complex() for r in results):
        raise UnsupportedError("complex numbers")
    smooth = [i for i, r in enumerate(results) if r.is_floating_point()]
    if not smooth:
        return result

    def function(*inputs: Tensor) -> tuple[Tensor, ...]:
        out = call(*inputs)
        return tuple((out if isinstance(out, (tuple, list)) else (out,))[i] for i in smooth)

    firsts = tuple(jet.spread()[:k] for jet in jets)
    rows = vmap(lambda *t: pushed(function, values, t))(*firsts)
    if order == 2:
        upper, lower = torch.triu_indices(k, k, device=values[0].device)

        def second(along: Any, across: Any, bend: Any) -> tuple[Tensor, ...]:
            mixed = pushed(lambda *v: pushed(function, v, along), values, across)
            straight = pushed(function, values, bend)
            return tuple(m + s for m, s in zip(mixed, straight, strict=True))

        bends = vmap(second)(
            tuple(f[upper] for f in firsts), tuple(f[lower] for f in firsts), tuple(_seconds(jet) for jet in jets)
        )
        rows = tuple(torch.cat([r, b]) for r, b in zip(rows, bends, strict=True))
    outputs = list(results)
    for i, row in zip(smooth, rows, strict=True):
        outputs[i] = JetTensor(results[i], row, k, order)
    return outputs[0] if isinstance(result, Tensor) else type(result)(outputs)


def pushed(
    function: Callable[..., tuple[Tensor, ...]], values: tuple[Tensor, ...], tangents: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    """The derivative of a function along tangents: the transpose of the transpose."""
    outputs, pull = vjp(function, *values)[:2]
    return vjp(lambda *w: pull(w), *(torch.zeros_like(o) for o in outputs))[1](tangents)


def _seconds(jet: JetTensor) -> Tensor:
    rows = jet.spread()
    if len(rows) > jet.k:
        return rows[jet.k :]
    return rows.new_zeros(pair_count(jet.k), *jet.value.shape)
