r"""Where the matrices of a network meet its activations, seen as it runs.

A linear or convolutional layer applies one matrix at every place t of a point i, z_it = W a_it + b. With c_it =
df_i/dz_it, the gradient of an output f of the point is

    df_i/dW = sum_t c_it a_it^T,    df_i/db = sum_t c_it,

so that the factors a and c have all that a kernel over W asks for, and no gradient of the size of W is formed. The
places are those of a sequence, or of the patches that a convolution sees; its groups have matrices of their own. The
scale s of a normalisation, z_it = s * a_it + b channel by channel, has the gradient sum_t c_it * a_it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from symgeo.errors import InputError
from symgeo.pullback.feature_map import ROW_TOLERANCE


@dataclass(frozen=True)
class Call:
    """One application of a matrix, or of a scale for each channel, and how its tensors are laid out.

    Attributes:
        inputs: what the layer was given.
        weight: the matrix, or the scale.
        bias: added to it.
        run: the layer, from a weight and a bias.
        patches: the activations that the weight meets.
        laid_out: a cotangent of the output in the same layout, (batch, groups, places, q).
        scales: whether the weight is a scale.
    """

    inputs: Tensor
    weight: Tensor
    bias: Tensor | None
    run: Callable[[Tensor, Tensor], Tensor]
    patches: Callable[[], Float[Tensor, "batch groups places p"]]
    laid_out: Callable[[Tensor], Float[Tensor, "batch groups places q"]]
    scales: bool = False


class Use:
    """A call whose output is listened at: the cotangents that arrive there, one for each backward pass.

    What is written into the output afterwards comes after, and is no part of it.

    Args:
        call: what is run.
        tracked: the parameters, by `id`.
        number: of the call, in the order that they come.
    """

    def __init__(self, call: Call, tracked: Collection[int], number: int) -> None:
        weight, bias = call.weight, call.bias
        weight = weight.detach() if id(weight) in tracked else weight
        bias = bias.detach() if bias is not None and id(bias) in tracked else bias
        self.call, self.number = call, number
        # Autograd is asked for the gradient of a term of the bias, on the way to which it passes the output.
        self.source = weight.detach().new_zeros(len(weight)).requires_grad_()
        self.output = call.run(weight, self.source if bias is None else bias + self.source)
        self.cotangents: list[Tensor] = []
        self._nothing = torch.zeros((), dtype=weight.dtype, device=weight.device).expand(self.output.shape)
        self._version = call.inputs._version
        self.output.register_hook(lambda cotangent: self.cotangents.append(cotangent.detach()))

    def close(self, passes: int) -> None:
        """After so many passes: one that did not reach this use brought nothing to it.

        Raises:
            InputError: the activations were overwritten.
        """
        if len(self.cotangents) < passes:
            self.cotangents.append(self._nothing)
        if self.call.inputs._version != self._version:
            raise InputError(
                "`features` writes into the input of a layer after the layer has run, so that its gradient is lost "
                "(torch.autograd refuses it too): make a new tensor instead."
            )


class Taps(TorchFunctionMode):
    """Runs matrices and convolutions with their parameters kept out of the graph, and listens at what they return.

    A parameter that autograd still reaches has uses that were not seen.

    Args:
        tracked: the parameters, by `id`.
        known: which calls to listen at, counted in the order that they come; None for none.
    """

    def __init__(self, tracked: Collection[int], known: Collection[int] = ()) -> None:
        super().__init__()
        self.tracked, self.known = tracked, known
        self.uses: list[Use] = []
        #: The first dimension of the input of each call, -1 within torch.func.
        self.sizes: list[int] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        arguments = kwargs or {}
        call = LAYERS[func](*args, **arguments) if func in LAYERS else None
        if call is None or not {id(call.weight), id(call.bias)} & {*self.tracked}:
            return func(*args, **arguments)
        number = len(self.sizes)
        self.sizes.append(-1 if torch._C._functorch.is_functorch_wrapped_tensor(call.inputs) else len(call.inputs))
        if number not in self.known or not torch.is_grad_enabled():
            return func(*args, **arguments)
        use = Use(call, self.tracked, number)
        self.uses.append(use)
        output = use.output
        del use.output  # held by the graph as long as it is needed
        return output


def displaced(uses: Sequence[Use], outputs: Float[Tensor, " batch"]) -> set[int]:
    """The numbers of the calls in which some row is not the point's of its place.

    With a weight on the output of each point the cotangents of a row have to come back with the weight of its point.

    Args:
        uses: that the outputs came through.
        outputs: one of each point.
    """
    weights = 2 ** torch.arange(len(outputs), dtype=outputs.dtype, device=outputs.device)  # which round nothing
    sources = [use.source for use in uses]
    for passes, along in enumerate((torch.ones_like(weights), weights), 1):
        torch.autograd.grad(outputs, sources, along, retain_graph=passes == 1, allow_unused=True)
        for use in uses:
            use.close(passes)
    found = set()
    for use in uses:
        if len(use.call.inputs) == len(outputs):
            plain, weighted = (cotangent.flatten(1) for cotangent in use.cotangents)
            expected = weights[:, None] * plain
            gaps = (weighted - expected).abs().amax(1)
            if not (gaps > ROW_TOLERANCE[outputs.dtype] * expected.abs().amax(1)).any():
                continue
        found.add(use.number)
    return found


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Call | None:
    if input.ndim < 2:
        return None
    held = input.detach()
    return Call(
        held,
        weight,
        bias,
        lambda w, b: functional.linear(input, w, b),
        lambda: _channels_last(held),
        _channels_last,
    )


def _channels_last(tensor: Tensor) -> Float[Tensor, "batch 1 places q"]:
    return tensor.reshape(len(tensor), 1, -1, tensor.shape[-1])


def _channels_second(tensor: Tensor, groups: int = 1) -> Float[Tensor, "batch groups places q"]:
    return tensor.reshape(len(tensor), groups, tensor.shape[1] // groups, -1).transpose(2, 3)


def _convolution(function: Callable[..., Tensor], dimensions: int) -> Callable[..., Call | None]:
    def call(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Call | None:
        if isinstance(padding, str) or input.ndim != dimensions + 2:
            return None
        held = input.detach()

        def flat(setting: Any, filler: int) -> tuple[int, ...]:
            """In two dimensions: a sequence is an image of one row."""
            values = (setting,) if isinstance(setting, int) else tuple(setting)
            return (filler,) * (2 - dimensions) + values * (dimensions // len(values))

        def patches() -> Tensor:
            image = held if dimensions == 2 else held[:, :, None]
            kernel = flat(tuple(weight.shape[2:]), 1)
            columns = functional.unfold(image, kernel, flat(dilation, 1), flat(padding, 0), flat(stride, 1))
            return columns.reshape(len(held), groups, -1, columns.shape[-1]).transpose(2, 3)

        def run(w: Tensor, b: Tensor) -> Tensor:
            return function(input, w, b, stride, padding, dilation, groups)

        return Call(held, weight, bias, run, patches, lambda cotangent: _channels_second(cotangent, groups))

    return call


def _batch_norm(
    input: Tensor,
    mean: Tensor | None,
    variance: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Call | None:
    if training:
        return None
    return _normalisation(
        lambda w, b: functional.batch_norm(input, mean, variance, w, b, False, momentum, eps), input, weight, bias
    )


def _group_norm(
    input: Tensor, groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Call | None:
    return _normalisation(lambda w, b: functional.group_norm(input, groups, w, b, eps), input, weight, bias)


def _layer_norm(
    input: Tensor, shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Call | None:
    if len(shape) > 1:
        return None
    return _normalisation(
        lambda w, b: functional.layer_norm(input, shape, w, b, eps), input, weight, bias, _channels_last
    )


def _normalisation(
    run: Callable[[Tensor | None, Tensor | None], Tensor],
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    laid_out: Callable[[Tensor], Tensor] = _channels_second,
) -> Call | None:
    if weight is None:
        return None

    def patches() -> Tensor:
        with torch.no_grad():
            return laid_out(run(None, None))

    return Call(input.detach(), weight, bias, run, patches, laid_out, scales=True)


LAYERS: dict[Any, Callable[..., Call | None]] = {
    functional.linear: _linear,
    torch.conv1d: _convolution(torch.conv1d, 1),
    torch.conv2d: _convolution(torch.conv2d, 2),
    functional.batch_norm: _batch_norm,
    functional.group_norm: _group_norm,
    functional.layer_norm: _layer_norm,
}
