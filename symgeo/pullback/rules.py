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

from symgeo.pullback.affine import Activation, Affine, Factored
from symgeo.pullback.chart import Chart
from symgeo.pullback.differentiation import differentiate
from symgeo.pullback.jet import pair_count, pair_products
from symgeo.pullback.jet_tensor import JetTensor
from symgeo.pullback.pointwise import POINTWISE, derivatives
from symgeo.pullback.rewritten import layer_norm, logcumsumexp, normalised


def apply(func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """One operation on jets."""
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
    return isinstance(argument, JetTensor) or torch.broadcast_shapes(jet.shape, argument.shape) != jet.shape


def pointwise(name: str, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> JetTensor:
    """A function of one number at each place."""
    jet: JetTensor = args[0]
    if jet.affine is not None and not any(isinstance(a, Tensor) for a in (*args[1:], *kwargs.values())):
        activation = Activation(jet.affine, name, lambda v: func(v, *args[1:], **kwargs), jet.order)
        return JetTensor(activation.value, None, jet.k, jet.order, factored=Factored.after(activation), like=jet)
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
    out = slope.new_empty(k + pair_count(k), *slope.shape)
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


def _product(func: Any, left: Any, right: Any) -> Any:
    """A matrix of jets times a matrix of numbers: all rows in one product."""
    if not isinstance(left, JetTensor) or isinstance(right, JetTensor) or left.ndim != 2:
        return NotImplemented
    if left.chart is not None and left.coordinates is not None:
        return _first_product(left, left.chart, left.coordinates, right, None)
    rows = left.dense()
    out = (rows.reshape(-1, rows.shape[-1]) @ right).view(*rows.shape[:-1], -1)
    value = left.value
    return JetTensor(lambda: value @ right, out, left.k, left.order, like=out[0].expand(len(value), -1))


def _first_product(left: JetTensor, chart: Chart, coordinates: Tensor, right: Tensor, bias: Tensor | None) -> JetTensor:
    """The directions go into the matrix, which then has as many rows as there are coordinates."""
    absorbed, shift = right.detach(), bias
    if chart.origin is not None:
        absorbed, origin = chart.absorbed(absorbed)
        shift = origin if bias is None else origin + bias
    return _affine_jet(left, Affine.of(absorbed, shift, coordinates))


def _affine_jet(like: JetTensor, affine: Affine) -> JetTensor:
    shape = torch.empty(len(affine.coordinates), affine.base.shape[1], dtype=affine.base.dtype, device="meta")
    made = JetTensor(affine.values, affine.base[:, None], like.k, like.order, like=shape)
    made.affine = affine
    return made


def _affine_product(func: Any, bias: Any, left: Any, right: Any, **scales: Any) -> Any:
    if scales or isinstance(bias, JetTensor):
        return NotImplemented
    first = isinstance(left, JetTensor) and not isinstance(right, JetTensor)
    if first and left.chart is not None and left.coordinates is not None:
        return _first_product(left, left.chart, left.coordinates, right, bias)
    product = _product(func, left, right)
    if product is not NotImplemented:
        product._value = torch.addmm(bias, left.value, right)
    return product


def _convolution(func: Any, jet: Any, weight: Any, bias: Any, *settings: Any) -> Any:
    if not isinstance(jet, JetTensor) or isinstance(weight, JetTensor) or isinstance(bias, JetTensor):
        return NotImplemented
    rows = jet.dense()
    out = func(rows.flatten(0, 1), weight, None, *settings)
    value = func(jet.value, weight, bias, *settings)
    return JetTensor(value, out.view(*rows.shape[:2], *out.shape[1:]), jet.k, jet.order)


def _batch_norm(func: Any, jet: Any, weight: Any, bias: Any, mean: Any, variance: Any, *rest: Any) -> Any:
    """In eval mode an affine map for each channel; in train mode, what instance_norm makes of it."""
    training, eps = rest[0], rest[2]
    if not isinstance(jet, JetTensor):
        return NotImplemented
    if training:
        places = [i for i in range(jet.ndim) if i != 1]
        shape = (-1, *[1] * (jet.ndim - 2))
        weight, bias = (None if t is None else t.view(shape) for t in (weight, bias))
        return normalised(jet, places, weight, bias, eps), mean, variance
    shape = (-1, *[1] * (jet.value.ndim - 2))
    scale = (variance + eps).rsqrt() if weight is None else weight * (variance + eps).rsqrt()
    shift = -mean * scale if bias is None else bias - mean * scale
    value = jet.value * scale.view(shape) + shift.view(shape)
    return JetTensor(value, jet.dense() * scale.view(shape), jet.k, jet.order), mean, variance


def _sum(sign: int) -> Callable[..., Any]:
    def rule(func: Any, left: Any, right: Any, *, alpha: Any = 1) -> Any:
        if isinstance(left, JetTensor) and left.affine is not None and not isinstance(right, JetTensor):
            moved = left.affine.moved(sign * alpha * right)
            if moved is not None:
                return _affine_jet(left, moved)
        if not isinstance(right, JetTensor):
            return _like(left, lambda value: func(value, right, alpha=alpha), right)
        value = func(_value(left), right.value, alpha=alpha)
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


def _multiply(func: Any, left: Any, right: Any) -> Any:
    if isinstance(left, JetTensor) and isinstance(right, JetTensor):
        return _leibniz(left, right) if left.ndim == right.ndim else NotImplemented
    jet, factor = (left, right) if isinstance(left, JetTensor) else (right, left)
    value, held = jet.later(), _kept(factor)
    return _scaled(jet, lambda: value() * held, held)


def _divide(func: Any, left: Any, right: Any, **settings: Any) -> Any:
    if isinstance(right, JetTensor) or settings:
        return NotImplemented
    value, held = left.later(), _kept(right)
    return _scaled(left, lambda: value() / held, 1 / held)


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
    if isinstance(factor, Tensor) and torch.broadcast_shapes(jet.shape, factor.shape) != jet.shape:
        return NotImplemented
    if jet.affine is not None and (not isinstance(factor, Tensor) or factor.ndim == 0):
        return _affine_jet(jet, jet.affine.scaled(factor))
    if jet.factored is not None and not (isinstance(factor, Tensor) and factor.ndim == 2 and factor.shape[0] > 1):
        return JetTensor(make, None, jet.k, jet.order, factored=jet.factored.scaled(factor), like=jet)
    value = make()
    rows = jet.dense()
    if isinstance(factor, Tensor) and factor.ndim == value.ndim and factor.shape[0] > 1:
        rows = jet.spread()
    return JetTensor(value, rows * factor, jet.k, jet.order)


def _view(func: Any, jet: Any, shape: Any) -> Any:
    value = func(jet.value, shape)
    if value.shape[:1] != jet.value.shape[:1]:
        return NotImplemented
    made = JetTensor(value, None, jet.k, jet.order)
    rows = jet.dense()
    made.rows = rows.reshape(*rows.shape[:2], *value.shape[1:])
    return _aliased(made, jet)


def _alias(func: Any, jet: Any, *_: Any, **__: Any) -> Any:
    made = JetTensor(jet.later(), jet.rows, jet.k, jet.order, factored=jet.factored, like=jet)
    made.affine, made.chart, made.coordinates = jet.affine, jet.chart, jet.coordinates
    return _aliased(made, jet)


def _aliased(made: JetTensor, jet: JetTensor) -> JetTensor:
    """Two names for one tensor: writing into either would have to write into both, which is refused."""
    made.aliased = jet.aliased = True
    return made


def _like(jet: JetTensor, make: Callable[[Tensor], Tensor], constant: Any) -> Any:
    """The same derivatives under the value that `make` makes when a constant is added."""
    if isinstance(constant, Tensor) and torch.broadcast_shapes(jet.shape, constant.shape) != jet.shape:
        return NotImplemented
    if jet.factored is not None and not isinstance(constant, Tensor):
        value = jet.later()
        return JetTensor(lambda: make(value()), None, jet.k, jet.order, factored=jet.factored, like=jet)
    return JetTensor(make(jet.value), jet.rows, jet.k, jet.order, factored=jet.factored)


def _value(operand: Any) -> Any:
    return operand.value if isinstance(operand, JetTensor) else operand


RULES: dict[str, Callable[..., Any]] = {
    "mm": _product,
    "addmm": _affine_product,
    "convolution": _convolution,
    "native_batch_norm": _batch_norm,
    "native_layer_norm": layer_norm,
    "logcumsumexp": logcumsumexp,
    "add": _sum(1),
    "sub": _sum(-1),
    "mul": _multiply,
    "div": _divide,
    "view": _view,
    "_unsafe_view": _view,
    "reshape": _view,
    "detach": _alias,
    "alias": _alias,
}

# Linear in their first argument, whatever the others.
LINEAR = frozenset({
    "neg", "sum", "mean", "avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
    "clone", "cumsum", "upsample_nearest2d", "upsample_bilinear2d", "pixel_shuffle", "flip", "roll", "tril", "triu",
})  # fmt: skip
