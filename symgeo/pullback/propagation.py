"""The 2-jet of a feature map at points of a chart, pushed through the network operation by operation.

It costs 1 + k + k (k + 1)/2 rows through each matrix product, for k coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from symgeo.errors import InputError
from symgeo.pullback.chart import Chart
from symgeo.pullback.differentiation import differentiate
from symgeo.pullback.jet import Jet, pair_count
from symgeo.pullback.jet_tensor import FUSED, Carrying, JetTensor, UnsupportedError, outer_keys, refused
from symgeo.pullback.watch import watched


@contextmanager
def plain_kernels() -> Iterator[None]:
    """Attention and transformer layers by their formulas, for a while, in all threads."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@torch.no_grad()
def propagate(
    function: Callable[[Tensor], Tensor], chart: Chart, coordinates: Float[Tensor, "batch k"], order: int
) -> Jet:
    """The jet of a batched callable at points of a chart, pushed through its operations one by one.

    A map that does what jets cannot pass, writing into tensors or taking numbers out of them, is differentiated as one
    operation.

    Args:
        function: (batch, *shape) -> (batch, n).
        chart: where the coordinates lie; its coordinate vectors are the directions.
        coordinates: the points.
        order: 1 or 2.
    """
    return through(function, lambda: coordinate_jet(chart, coordinates, order))


@torch.no_grad()
def propagate_along(
    function: Callable[[Tensor], Tensor],
    chart: Chart,
    coordinates: Float[Tensor, "batch d"],
    directions: Float[Tensor, "k batch d"],
    order: int = 2,
) -> Jet:
    """The jet along directions of each point's own: D Phi[v_a], and D^2 Phi[v_a, v_b] for order 2.

    Args:
        function: (batch, *shape) -> (batch, n).
        chart: where the coordinates lie.
        coordinates: the points.
        directions: k for each point.
        order: 1 or 2.
    """
    k = len(directions)
    pushed = (directions @ chart.tangents(coordinates).flatten(1)).reshape(k, -1, *chart.input_shape)
    return through(function, lambda: JetTensor(chart.inputs(coordinates), pushed, k, order))


def through(function: Callable[[Tensor], Tensor], make: Callable[[], JetTensor]) -> Jet:
    """The jet of what a function makes of a jet, which is made anew for each attempt: functions may write into it."""
    outer_keys()
    jet = make()
    k, order = jet.k, jet.order
    with refused():
        try:
            with Carrying():
                result = function(jet)
        except UnsupportedError as error:
            result = once_more(function, make, str(error))
    return as_jet(result, k, order)


def as_jet(result: Tensor, k: int, order: int) -> Jet:
    """The jet of features (batch, n)."""
    if not isinstance(result, JetTensor):
        return Jet(result.new_zeros(k + (pair_count(k) if order == 2 else 0), *result.shape), k, order)
    if result.factored is not None:
        return Jet(None, k, order, result.factored)
    if result.rows is None and result.chain is not None and result.chain.written is None:
        return Jet(None, k, order, chain=result.chain)
    rows = result.spread()
    if order == 2 and len(rows) == k:
        rows = torch.cat([rows, rows.new_zeros(pair_count(k), *rows.shape[1:])])
    return Jet(rows, k, order)


def once_more(function: Callable[[Tensor], Tensor], make: Callable[[], JetTensor], stopped: str) -> Tensor:
    """What an operation stopped, done without the fused kernels if it was one of them, else as one operation."""
    with plain_kernels():
        if stopped in FUSED:
            try:
                with Carrying():
                    return function(make())
            except UnsupportedError as error:
                stopped = str(error)
        with refused(stopped):
            check_differentiable(function, make(), stopped)
            return differentiate(lambda x: function(x.clone()), (make(),), {})


def check_differentiable(function: Callable[[Tensor], Tensor], jet: JetTensor, stopped: str) -> None:
    """Refuse to differentiate as a whole what torch differentiates wrongly.

    Raises:
        InputError: the map cuts gradients off (no_grad, detach); or it normalises by layer_norm or instance_norm, and
            second derivatives are asked for.
    """
    _, watch = watched(function, jet.value[:1])
    if watch.refusal is not None:
        raise watch.refusal
    if watch.severed:
        raise InputError(
            f"`features` is differentiated as a whole (`{stopped}`), which `{watch.severed[0]}` inside it would cut "
            "off: take torch.no_grad, inference_mode and detach out of the map."
        )
    wrong = [name for name in watch.names if name in ("native_layer_norm", "native_batch_norm")]
    if jet.order == 2 and wrong:
        raise InputError(
            f"`features` writes into tensors (`{stopped}`) and calls `{wrong[0]}`, whose second derivative torch has "
            "wrong: make new tensors instead (torch.cat, torch.stack)."
        )


def coordinate_jet(chart: Chart, coordinates: Float[Tensor, "batch k"], order: int) -> JetTensor:
    """The inputs at these coordinates, as functions of them."""
    inputs = torch.empty(len(coordinates), *chart.input_shape, dtype=coordinates.dtype, device="meta")
    jet = JetTensor(
        lambda: chart.inputs(coordinates), chart.tangents(coordinates)[:, None], chart.dimension, order, like=inputs
    )
    jet.chart, jet.coordinates = chart, coordinates
    return jet
