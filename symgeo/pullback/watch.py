"""A call of a feature map with every operation watched: which run, how large they are, what they cut off or lack.

Operations show one by one as torch dispatches them. Some things show only in the functions that code calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from symgeo.errors import InputError
from symgeo.pullback.jet_tensor import outer_keys
from symgeo.pullback.kinks import CREASED_FUNCTIONS, roughness
from symgeo.pullback.modes import BATCH_NORM, DROPOUT

DETACHING = (Tensor.detach, torch.detach, Tensor.data.__get__)  # pyright: ignore
# Operations whose results do not depend on the numbers in a tensor: that they have no derivative is no loss.
FACTORIES = ("empty", "zeros", "ones", "full", "new_", "rand", "eye", "arange")


class Calls(TorchFunctionMode):
    """Notes what only shows in the functions that code calls: detach, which torch uses within operations too, where
    nothing is cut off, and functions with creases that are made of several operations.
    """

    def __init__(self, severed: list[str], creases: list[str]) -> None:
        super().__init__()
        self.severed, self.creases = severed, creases

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in DETACHING and args[0].requires_grad:
            self.severed.append("detach")
        if func in CREASED_FUNCTIONS:
            self.creases.append(CREASED_FUNCTIONS[func])
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
        self.kinks: list[str] = []
        self.creases: list[str] = []
        self.refusal: RuntimeError | None = None
        self._smooth: set[str] = set()
        self._calls = Calls(self.severed, self.creases)

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
        rough = roughness(name, arguments)
        if rough is not None:
            (self.kinks if rough == "kink" else self.creases).append(name)
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
        self._calls.__enter__()
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._calls.__exit__(*error)

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
