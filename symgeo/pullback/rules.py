r"""How operations act on jets: the chain rule to second order, with the structure of each operation in it.

    (f o y)_a  = f'(y) y_a,        (f o y)_ab = f'(y) y_ab + f''(y) y_a y_b

Matrix products and convolutions act on all rows of derivatives as one product; normalisation in eval mode, sums,
products and pointwise functions have rules; linear operations act on every row; any other operation is differentiated
on its own (`differentiation`).

Directions that are the same at every point stay a single row until a pointwise function bends them, so that the first
linear or convolutional layer costs k rows in all and not k rows a point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.utils._pytree import tree_leaves

from symgeo.pullback.affine import Activation, Factored
from symgeo.pullback.arithmetic import added, divided, multiplied
from symgeo.pullback.chain import FEW, Chain, Function
from symgeo.pullback.differentiation import differentiate
from symgeo.pullback.jet import pair_count, pair_products
from symgeo.pullback.jet_tensor import Carrying, JetTensor, fits
from symgeo.pullback.layout import stacked
from symgeo.pullback.pointwise import POINTWISE, derivatives
from symgeo.pullback.products import affine_product, batch_norm, chained, convolution, product
from symgeo.pullback.rewritten import layer_norm, log_softmax, logcumsumexp, softmax
from symgeo.pullback.shapes import alias, joined, viewed


def apply(func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One operation on jets."""
    jets = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, JetTensor)]
    chains = [jet.chain for jet in jets if jet.chain is not None and jet.factored is None]
    for chain in sorted(chains, key=lambda chain: chain.length) if len(chains) > 1 else ():
        chain.write()  # the shorter first: the longer may go on from it
    rule = RULES.get(name)
    if rule is not None:
        result = rule(func, *args, **kwargs)
        if result is not NotImplemented:
            return result
    if name in POINTWISE and isinstance(args[0], JetTensor) and not any(_spreads(args[0], a) for a in args[1:]):
        return pointwise(name, func, args, kwargs)
    if name in LINEAR and isinstance(args[0], JetTensor) and not any(isinstance(a, JetTensor) for a in args[1:]):
        return linear(func, args, kwargs)
    return differentiate(func, args, kwargs)


def _spreads(jet: JetTensor, argument: Any) -> bool:
    """Whether an argument of an elementwise function is a jet too, or makes the result larger than the jet."""
    if not isinstance(argument, Tensor):
        return False
    return isinstance(argument, JetTensor) or not fits(argument.shape, jet.shape)


def pointwise(name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> JetTensor:
    """A function of one number at each place."""
    jet: JetTensor = args[0]
    if jet.affine is not None and not any(isinstance(a, Tensor) for a in (*args[1:], *kwargs.values())):
        activation = Activation(jet.affine, name, lambda v: func(v, *args[1:], **kwargs), jet.order)
        chain = Chain(activation) if jet.k <= FEW else None
        factored = Factored.after(activation)
        return JetTensor(activation.value, None, jet.k, jet.order, factored=factored, chain=chain, like=jet)
    if jet.chain is not None and not any(isinstance(a, Tensor) for a in (*args[1:], *kwargs.values())):
        return chained(jet, jet.chain.then(Function(name, lambda v: func(v, *args[1:], **kwargs))))
    value, slope, bend = derivatives(name, lambda v: func(v, *args[1:], **kwargs), jet.value, jet.order)
    k = jet.k
    if jet.factored is not None:
        old = jet.factored
        if jet.order == 2:
            bend = slope * old.bend + bend * old.slope.square()
        parts = (slope * old.slope, bend)
        factored = Factored(old.base, old.batch, lambda: parts)
        return JetTensor(value, None, k, jet.order, factored=factored, like=slope)
    rows = jet.dense()
    if rows.shape[1] == 1 and len(rows) == k and slope.ndim == 2:
        factored = Factored(rows[:, 0], len(slope), lambda: (slope, bend))
        return JetTensor(value, None, k, jet.order, factored=factored, like=slope)
    if jet.order == 1:
        return JetTensor(value, rows * slope, k, 1, like=slope)
    first = rows[:k]
    out = stacked(slope, k + pair_count(k))
    if len(rows) == k and rows.shape[1] == 1:
        torch.mul(first, slope, out=out[:k])
        torch.mul(pair_products(first), bend, out=out[k:])
        return JetTensor(value, out, k, 2, like=slope)
    torch.mul(rows, slope, out=out[: len(rows)])
    if len(rows) == k:
        out[k:] = 0
    bent = first * bend
    start = k
    for a in range(k):  # the pairs (a, a), ..., (a, k - 1) lie side by side
        out[start : start + k - a].addcmul_(bent[a], first[a:])
        start += k - a
    return JetTensor(value, out, k, 2, like=slope)


def linear(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An operation that is linear in its one jet: it acts on every row."""
    jet: JetTensor = args[0]
    value = func(jet.value, *args[1:], **kwargs)
    rows = vmap(lambda row: func(row, *args[1:], **kwargs))(jet.spread())
    if isinstance(value, Tensor):
        return JetTensor(value, rows, jet.k, jet.order)
    return [JetTensor(v, r, jet.k, jet.order) for v, r in zip(value, rows, strict=True)]


def carried(rule: Callable[..., Any]) -> Callable[..., Any]:
    """A rule that is written in operations on jets, which are carried themselves."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with Carrying():
            return rule(*args, **kwargs)

    return call


RULES: dict[str, Callable[..., Any]] = {
    "mm": product,
    "addmm": affine_product,
    "convolution": convolution,
    "native_batch_norm": batch_norm,
    "native_layer_norm": carried(layer_norm),
    "logcumsumexp": carried(logcumsumexp),
    "_softmax": carried(softmax),
    "_log_softmax": carried(log_softmax),
    "cat": joined(0),
    "stack": joined(1),
    "add": added(1),
    "sub": added(-1),
    "mul": multiplied,
    "div": divided,
    "view": viewed,
    "_unsafe_view": viewed,
    "reshape": viewed,
    "detach": alias,
    "alias": alias,
}

# Linear in their first argument, whatever the others.
LINEAR = frozenset({
    "neg", "sum", "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
    "clone", "cumsum", "upsample_nearest2d", "upsample_bilinear2d", "pixel_shuffle", "flip", "roll", "tril", "triu",
    "t", "transpose", "permute", "select", "slice", "unsqueeze", "squeeze", "expand", "index_select", "diagonal",
})  # fmt: skip
