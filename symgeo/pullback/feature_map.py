"""A feature map as the user hands it over: what it must be, what it is seen to do, and how it is called.

A feature map is any callable or module (batch, *shape) -> (batch, n) each of whose rows is a function of its own point.
It is called in the dtype of the points: a module's parameters are cast for the call, and the module itself is left as
it was, mode and gradients included. One trial call on one point, with every tensor operation watched, says what it
returns, how large it is inside, and whether it has kinks, at which there is no curvature.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from symgeo.errors import InputError
from symgeo.pullback.jet_tensor import outer_keys
from symgeo.pullback.target import Target, embedding

# Operations whose first derivative jumps: a map built from them has no curvature, whatever else is in it.
KINKED = (
    "relu", "leaky_relu", "prelu", "rrelu", "hardtanh", "hardsigmoid", "hardswish", "hardshrink", "softshrink",
    "threshold", "max_pool", "fractional_max_pool",
)  # fmt: skip
# Operations that may have kinks or be harmless: they count when every second derivative is zero.
SUSPECT = (
    "abs", "clamp", "max", "min", "amax", "amin", "aminmax", "fmax", "fmin", "cummax", "cummin", "median", "nanmedian",
    "kthvalue", "where", "sort", "topk", "sign", "floor", "ceil", "round", "trunc",
)  # fmt: skip
DETACHING = (Tensor.detach, torch.detach, Tensor.data.__get__)  # pyright: ignore
COMPARISONS = frozenset({"gt", "lt", "ge", "le"})
# Operations whose results do not depend on the numbers in a tensor: that they have no derivative is no loss.
FACTORIES = ("empty", "zeros", "ones", "full", "new_", "rand", "eye", "arange")
# A row may differ this much, in relative terms, between a batch and a trial on its own (matrix products round
# differently).
ROW_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}
# While a module is called with other parameters these stand in the module itself, where another thread would find them:
# threads take turns, unless the module has the dtype of the points.
CASTING = threading.RLock()


@dataclass(frozen=True)
class Trial:
    """What one call on one point showed: its features, kinks, suspects, the largest tensor, how many numbers it made in
    all, and what cuts gradients.
    """

    features: Float[Tensor, "1 n"]
    kinks: tuple[str, ...]
    suspects: tuple[str, ...]
    largest: int
    numbers: int
    severed: tuple[str, ...] = ()


class Cuts(TorchFunctionMode):
    """Notes where code calls detach; torch does so within operations too, where nothing is cut off."""

    def __init__(self, severed: list[str]) -> None:
        super().__init__()
        self.severed = severed

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in DETACHING and args[0].requires_grad:
            self.severed.append("detach")
        return func(*args, **(kwargs or {}))


class Watch(TorchDispatchMode):
    """Notes the names of the operations that run and the largest result, and stops those that mix the batch.

    Of tensors that require gradients it notes where these are cut off, and stops what has no derivative.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Asked by torch, which would load its compiler to keep it out: a second or two, and 80 MB."""
        return False

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.largest, self.numbers = 1, 1
        self.severed: list[str] = []
        self.refusal: RuntimeError | None = None
        self._smooth: set[str] = set()
        self._cuts = Cuts(self.severed)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__.strip("_")
        arguments = {a.name: v for a, v in zip(func._schema.arguments, args, strict=False)} | (kwargs or {})
        training = arguments.get("training", arguments.get("train", False))
        if "batch_norm" in name and training and arguments.get("running_mean") is not None:
            raise InputError(BATCH_NORM)
        if "dropout" in name or name.startswith("bernoulli"):
            raise InputError(DROPOUT)
        if func is torch.ops.aten.view.dtype and args[0].requires_grad and args[0].dtype != args[1]:
            raise InputError(
                f"`features` reads the bits of a {args[0].dtype} tensor as {args[1]} (`view`), which has no "
                "derivative: convert numbers by .to(dtype)."
            )
        result = func(*args, **(kwargs or {}))
        self.names.append(name)
        if any(isinstance(leaf, Tensor) and leaf.requires_grad for leaf in tree_leaves((args, kwargs))):
            if not torch.is_grad_enabled():
                self.severed.append("no_grad")
            self._check_smooth(func, name, args, kwargs or {}, result)
        for tensor in result if isinstance(result, tuple) else (result,):
            if isinstance(tensor, Tensor) and not func.is_view:
                self.largest = max(self.largest, tensor.numel())
                self.numbers += tensor.numel()
        return result

    def __enter__(self) -> Self:
        self._cuts.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._cuts.__exit__(*error)

    def _check_smooth(self, func: Any, name: str, args: Any, kwargs: Any, result: Any) -> None:
        """Refuse an operation that torch counts as constant, having no derivative for it."""
        exempt = torch.is_inference_mode_enabled()  # where nothing has a derivative
        exempt = exempt or func.is_view or func._schema.is_mutable or "batch_norm" in name or name.startswith(FACTORIES)
        if exempt or name in self._smooth or not isinstance(result, Tensor) or not result.is_floating_point():
            return
        try:
            with torch._C._ForceDispatchKeyGuard(*outer_keys()), torch.enable_grad():
                smooth = func(*args, **kwargs).requires_grad
        except RuntimeError:  # tensors of inference mode, which cannot tell
            return
        if not smooth:
            raise InputError(
                f"`features` calls `{name}`, for which torch has no derivative and which it would count as constant: "
                "write it with operations that have one."
            )
        self._smooth.add(name)


def watched(function: Callable[[Tensor], Tensor], point: Tensor) -> tuple[Any, Watch]:
    """One watched call with gradients on, or without where the map cannot have them (tensors of inference mode)."""
    try:
        with torch.inference_mode(False), torch.enable_grad():
            start = point.detach().clone().requires_grad_().clone()  # a map may write into it
            with Watch() as watch:
                return function(start), watch
    except RuntimeError as error:
        with torch.no_grad(), Watch() as watch:
            out = function(point.clone())
        watch.refusal = error
        watch.severed.append("no_grad")
        return out, watch


BATCH_NORM = (
    "`features` normalises by the statistics of the batch (BatchNorm in train mode), so that no point has features of "
    "its own: call .eval() on the module first."
)
DROPOUT = "`features` draws at random (Dropout in train mode): call .eval() on the module first."


class FeatureMap:
    """The user's callable, checked at the door."""

    def __init__(self, features: Callable[[Tensor], Tensor], target: Target = "flat") -> None:
        if not callable(features):
            raise InputError(f"`features` must be a callable or a torch module, not {type(features).__name__}.")
        self.features = features
        self._embedding = embedding(target)
        owner = getattr(features, "__self__", features)
        self.module = owner if isinstance(owner, nn.Module) else None
        self._trials: dict[tuple[torch.dtype, torch.device, torch.Size, bool], Trial] = {}

    @property
    def input_rank(self) -> int:
        """How many dimensions one input has; more than 1 for a module whose first layer is a convolution."""
        for layer in self.module.modules() if self.module is not None else ():
            if not any(True for _ in layer.children()) and any(True for _ in layer.parameters()):
                return {nn.Conv1d: 2, nn.Conv2d: 3, nn.Conv3d: 4}.get(type(layer), 1)
        return 1

    def called_in(self, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """The map with its parameters in this dtype, into flat space.

        Raises:
            InputError: a layer whose output depends on the batch or on chance.
        """
        self._check_modes()
        function, onward = self._cast(dtype), self._embedding
        return function if onward is None else lambda x: onward(function(x))

    def _cast(self, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        module = self.module
        if module is None or self.features is not module:
            return self.features
        with CASTING:
            state = dict(module.named_parameters()) | dict(module.named_buffers())
        cast = {k: v.detach().to(dtype) for k, v in state.items() if v.is_floating_point() and v.dtype != dtype}
        if not cast:
            return self.features

        def called(x: Tensor) -> Tensor:
            with CASTING:
                return functional_call(module, cast, (x,))

        return called

    def trial(self, function: Callable[[Tensor], Tensor], points: Float[Tensor, " batch *shape"]) -> Trial:
        """What the map does to one point, and to a few; remembered for each dtype, device and shape.

        Raises:
            InputError: it cannot take a point, returns no row of features for it, or mixes the points of a batch.
        """
        key = (points.dtype, points.device, points.shape[1:], len(points) > 1)
        if key not in self._trials:
            trial = self._run_trial(function, points[:1])
            if len(points) > 1:
                self._check_rows(function, points[:8], trial.features)
            self._trials[key] = trial
        return self._trials[key]

    def _run_trial(self, function: Callable[[Tensor], Tensor], point: Float[Tensor, " 1 *shape"]) -> Trial:
        shape = tuple(point.shape)
        outer_keys()
        try:
            out, watch = watched(function, point)
        except InputError:
            raise
        except Exception as error:  # whatever the user's code raises, it could not take one point
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(
                f"`features` could not take one {point.dtype} point of shape {shape}: {reason}. It must map "
                "(batch, ...) to (batch, n): give `x` the dtype and shape that it takes, and `input_shape` for images."
            ) from error
        if not isinstance(out, Tensor):
            raise InputError(f"`features` must return a tensor (batch, n), not {type(out).__name__}.")
        if out.ndim != 2 or out.shape[0] != 1:
            cure = "end with .flatten(1)" if out.ndim > 2 and out.shape[0] == 1 else "make it act on a batch of points"
            raise InputError(
                f"`features` must map (batch, ...) to (batch, n); for one point of shape {shape} it returned "
                f"{tuple(out.shape)}: {cure}."
            )
        if out.dtype != point.dtype:
            raise InputError(f"`features` must keep the dtype of `x`, {point.dtype}; it returned {out.dtype}.")
        kinks = tuple(dict.fromkeys(name for name in watch.names if name.startswith(KINKED)))
        suspects = tuple(dict.fromkeys(name for name in watch.names if name in COMPARISONS or name.startswith(SUSPECT)))
        severed = tuple(dict.fromkeys(watch.severed))
        return Trial(out.detach(), kinks, suspects, watch.largest, watch.numbers, severed)

    def _check_rows(self, function: Callable[[Tensor], Tensor], points: Tensor, alone: Float[Tensor, "1 n"]) -> None:
        batch = len(points)
        together = function(points.clone())
        if together.shape != (batch, alone.shape[1]):
            raise InputError(
                f"`features` must return a row a point: for {batch} points it returned {tuple(together.shape)}."
            )
        # The last too: what takes the batch from its first row leaves that row as it is.
        for index, row in ((0, alone), (batch - 1, function(points[-1:].clone()))):
            scale = row.abs().amax().clamp_min(torch.finfo(row.dtype).tiny)
            gap = (together[index] - row[0]).abs().amax()
            if gap > ROW_TOLERANCE[row.dtype] * scale:
                raise InputError(
                    f"`features` mixes the points of a batch: point {index} alone and in a batch of {batch} differ by "
                    f"{gap:.1e}; make each row a function of its own point."
                )

    def _check_modes(self) -> None:
        for name, layer in self.module.named_modules() if self.module is not None else ():
            if isinstance(layer, _BatchNorm) and (layer.training or layer.running_mean is None):
                raise InputError(BATCH_NORM[:-1] + f" (layer `{name or 'features'}`).")
            if isinstance(layer, _DropoutNd) and layer.training and layer.p > 0:
                raise InputError(DROPOUT[:-1] + f" (layer `{name or 'features'}`).")
