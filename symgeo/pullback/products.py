"""Jets through matrix products, convolutions and normalisations in eval mode.

All rows of derivatives go through as one product. The directions of a first layer go into its matrix, and layers in a
row are written down (`chain`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from symgeo.pullback.affine import Affine
from symgeo.pullback.chain import Chain, Matrix
from symgeo.pullback.chart import Chart
from symgeo.pullback.jet_tensor import JetTensor
from symgeo.pullback.layout import laid_out
from symgeo.pullback.rewritten import normalised


def product(func: Any, left: Any, right: Any) -> Any:
    """A matrix of jets times a matrix of numbers: all rows in one product."""
    if not isinstance(left, JetTensor) or isinstance(right, JetTensor) or left.ndim != 2:
        return NotImplemented
    if left.chart is not None and left.coordinates is not None:
        return _first_product(left, left.chart, left.coordinates, right, None)
    if left.chain is not None and left.chain.takes(right):
        return chained(left, left.chain.then(Matrix.of(right, None)))
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
    return affine_jet(left, Affine.of(absorbed, shift, coordinates))


def affine_product(func: Any, bias: Any, left: Any, right: Any, **scales: Any) -> Any:
    """y A + b."""
    if scales or isinstance(bias, JetTensor):
        return NotImplemented
    jet_first = isinstance(left, JetTensor) and not isinstance(right, JetTensor)
    if jet_first and left.chart is not None and left.coordinates is not None:
        return _first_product(left, left.chart, left.coordinates, right, bias)
    if jet_first and left.chain is not None and left.chain.takes(right):
        return chained(left, left.chain.then(Matrix.of(right, bias)))
    made = product(func, left, right)
    if made is not NotImplemented:
        made._value = torch.addmm(bias, left.value, right)
    return made


def convolution(func: Any, jet: Any, weight: Any, bias: Any, *settings: Any) -> Any:
    """All rows of derivatives as more images."""
    if not isinstance(jet, JetTensor) or isinstance(weight, JetTensor) or isinstance(bias, JetTensor):
        return NotImplemented
    rows = jet.dense()
    out = func(laid_out(rows.flatten(0, 1)), weight, None, *settings)
    value = func(laid_out(jet.value), weight, bias, *settings)
    return JetTensor(value, out.view(*rows.shape[:2], *out.shape[1:]), jet.k, jet.order)


def batch_norm(func: Any, jet: Any, weight: Any, bias: Any, mean: Any, variance: Any, *rest: Any) -> Any:
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


def chained(like: JetTensor, chain: Chain) -> JetTensor:
    """The jet at the end of a chain."""
    shape = torch.empty(chain.batch, chain.n, dtype=chain.like.dtype, device="meta")
    return JetTensor(chain.value, None, like.k, like.order, chain=chain, like=shape)


def affine_jet(like: JetTensor, affine: Affine) -> JetTensor:
    """The jet that a first layer is."""
    shape = torch.empty(len(affine.coordinates), affine.base.shape[1], dtype=affine.base.dtype, device="meta")
    made = JetTensor(affine.values, affine.base[:, None], like.k, like.order, like=shape)
    made.affine = affine
    return made
