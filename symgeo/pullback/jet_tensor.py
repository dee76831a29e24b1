"""A tensor that carries derivatives along k directions through whatever code it is handed to.

Modules, functions, sums of branches: every operation that torch runs on a `JetTensor` comes through its one door, where
the rules of differentiation (`rules`) are applied to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from symgeo.errors import InputError
from symgeo.pullback.affine import Affine, Factored
from symgeo.pullback.chain import Chain
from symgeo.pullback.chart import Chart
from symgeo.pullback.jet import Jet
from symgeo.pullback.layout import shown_strides
from symgeo.pullback.pointwise import POINTWISE

aten = torch.ops.aten

IN_PLACE = ("add_", "sub_", "mul_", "div_", *(f"{name}_" for name in POINTWISE))
# What depends on how the memory of a tensor is laid out.
LAYOUT = ("as_strided", "_local_scalar_dense", "set_", "resize_")
# Kernels that do many operations at once, and have no second derivative.
FUSED = (
    "_transformer_encoder_layer_fwd",
    "_native_multi_head_attention",
    "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_cudnn_attention",
)


class UnsupportedError(Exception):
    """An operation that jets cannot pass; the map is then differentiated as one."""


@contextmanager
def refused(operation: str = "") -> Iterator[None]:
    """What torch raises while it differentiates, in one line that names the operation where one is known."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise InputError(
            f"`features` cannot be differentiated{f' through `{operation}`' if operation else ''}: {reason}; write it "
            "with operations that torch differentiates twice."
        ) from error


@cache
def outer_keys() -> tuple[Any, Any]:
    """The dispatch keys outside any operation; within one, torch hides those of differentiation, which rules need."""
    with torch.inference_mode(False):  # else the first call would leave out differentiation for all that follow
        return torch._C._dispatch_tls_local_include_set(), torch._C._dispatch_tls_local_exclude_set()


class JetTensor(Tensor):
    """A tensor with derivatives along k directions.

    `rows` stacks the k first derivatives and, once something has bent, the k (k + 1)/2 second ones; its shape is
    (rows, *value.shape), or (rows, 1, ...) while the same for every point. `factored` says the same as `rows` for a
    pointwise function of an affine map, and then `rows` is None. `affine` is the affine map of the coordinates that a
    first layer is, whose value is made when needed. `chain` is the layers that it comes out of, where they lie in a
    row: without `factored` they have the derivatives too.
    """

    _value: Tensor | Callable[[], Tensor]
    rows: Tensor | None
    k: int
    order: int
    factored: Factored | None
    affine: Affine | None
    chain: Chain | None
    chart: Chart | None
    coordinates: Tensor | None
    aliased: bool

    @staticmethod
    def __new__(  # noqa: D102
        cls,
        value: Tensor | Callable[[], Tensor],
        rows: Tensor | None,
        k: int,
        order: int,
        *,
        factored: Factored | None = None,
        chain: Chain | None = None,
        like: Tensor | None = None,
    ) -> JetTensor:
        seen = value if like is None else like  # of a value not made yet, its shape
        if seen.dtype.is_complex:
            raise UnsupportedError("complex numbers")
        real = rows if rows is not None else factored.base if factored is not None else chain.like if chain else seen
        jet = Tensor._make_wrapper_subclass(  # pyright: ignore
            cls, seen.shape, strides=shown_strides(seen), dtype=seen.dtype, device=real.device
        )
        jet._value, jet.rows, jet.k, jet.order = value, rows, k, order
        jet.factored, jet.affine, jet.chain = factored, None, chain
        jet.chart, jet.coordinates, jet.aliased = None, None, False
        return jet

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Rules make jets and jets are made over to rules: the one import that has to wait.
        from symgeo.pullback.rules import apply

        name = func.overloadpacket.__name__
        with torch._C._ForceDispatchKeyGuard(*outer_keys()):
            return cls._dispatched(apply, func, name, args, kwargs or {})

    @classmethod
    def _dispatched(cls, apply: Callable[..., Any], func: Any, name: str, args: Any, kwargs: Any) -> Any:
        if name in IN_PLACE:
            target = args[0]
            if not isinstance(target, JetTensor) or target.aliased:
                raise UnsupportedError(name)
            with refused(name):
                made = apply(getattr(aten, name[:-1]), name[:-1], args, kwargs)
            if made.shape != target.shape:
                raise UnsupportedError(name)
            target._value, target.rows, target.factored = made.value, made.rows, made.factored
            target.affine, target.chain, target.chart, target.coordinates = made.affine, made.chain, None, None
            return target
        if func._schema.is_mutable or name in LAYOUT or name in FUSED:
            raise UnsupportedError(name)
        with refused(name):
            made = apply(func, name, args, kwargs)
        if func.is_view:  # writing into either would have to write into both
            for leaf in tree_leaves((args, kwargs, made)):
                if isinstance(leaf, JetTensor):
                    leaf.aliased = True
        return made

    def __repr__(self, **_: Any) -> str:
        return f"JetTensor({tuple(self.shape)}, k={self.k}, order={self.order})"

    @property
    def value(self) -> Tensor:
        """The tensor itself; of a pointwise function, evaluated when needed, which after the last layer it is not."""
        if not isinstance(self._value, Tensor):
            self._value = self._value()
        return self._value

    def later(self) -> Callable[[], Tensor]:
        """The value as it is now, for one who may not need it: writing into the tensor makes another."""
        held = self._value
        return (lambda: held) if isinstance(held, Tensor) else held

    def dense(self) -> Tensor:
        """The derivatives in full, (rows, *value.shape) or (rows, 1, ...)."""
        if self.rows is not None:
            return self.rows
        return Jet(None, self.k, self.order, self.factored, self.chain).dense()

    def spread(self) -> Tensor:
        """The derivatives in full with the shape of the value."""
        return self.dense().expand(-1, *self.value.shape)


def fits(small: torch.Size, shape: torch.Size) -> bool:
    """Whether broadcasting against `small` leaves a shape as it is; torch's own broadcast_shapes would load SymPy."""
    pairs = zip(reversed(small), reversed(shape), strict=False)
    return len(small) <= len(shape) and all(one in (1, other) for one, other in pairs)


class Carrying(TorchDispatchMode):
    """Hands the operations on jets to them itself, while a map runs.

    Through its class alone an operation would find a jet too, but torch would first load its distributed tensors, to
    ask whether the jet is one: half a second, and 57 MB (torch 2.13).
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Asked by torch, which would load its compiler to keep it out: a second or two, and 80 MB."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(issubclass(kind, JetTensor) for kind in types):
            return JetTensor.__torch_dispatch__(func, types, args, kwargs)
        return func(*args, **(kwargs or {}))
