"""A feature map as the user hands it over: what it must be, what it is seen to do, and how it is called.

A feature map is any callable or module (batch, *shape) -> (batch, n) each of whose rows is a function of its own point.
It is called in the dtype of the points: a module's parameters are cast for the call, and the module itself is left as
it was, mode and gradients included. One trial call on one point, with every tensor operation watched, says what it
returns, how large it is inside, and whether it has kinks, at which there is no curvature.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from symgeo.errors import InputError
from symgeo.pullback.jet_tensor import outer_keys
from symgeo.pullback.kinks import suspect
from symgeo.pullback.modes import check_modes
from symgeo.pullback.structure import structure
from symgeo.pullback.target import Target, embedding
from symgeo.pullback.watch import watched

# A row may differ this much, in relative terms, between a batch and a trial on its own (matrix products round
# differently).
ROW_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}
# While a module is called with other parameters these stand in the module itself, where another thread would find them:
# threads take turns, unless the module has the dtype of the points.
CASTING = threading.RLock()


@dataclass(frozen=True)
class Trial:
    """What one call on one point showed: features, kinks, creases, suspects, the largest tensor, how many numbers it
    made in all, and what cuts gradients.
    """

    features: Float[Tensor, "1 n"]
    kinks: tuple[str, ...]
    creases: tuple[str, ...]
    suspects: tuple[str, ...]
    largest: int
    numbers: int
    severed: tuple[str, ...] = ()


@contextmanager
def taken(what: str) -> Iterator[None]:
    """Whatever the user's code raises when it is handed points, in one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        raise InputError(
            f"`features` could not take {what}: {reason}. It must map (batch, ...) to (batch, n): give `x` the dtype "
            "and shape that it takes, and `input_shape` where one input is no vector: (c, h, w) for images, (t, d) for "
            "sequences."
        ) from error


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
        self._structure: Hashable = None

    @property
    def name(self) -> str:
        """What the map is called."""
        if self.module is self.features and self.module is not None:
            return self.module._get_name()
        return getattr(self.features, "__name__", type(self.features).__name__)

    @property
    def coordinates(self) -> int | None:
        """How many coordinates one input has, of a module that starts with a linear layer; None of any other map."""
        first = self.features
        while isinstance(first, nn.Sequential) and len(first):
            first = first[0]
        return first.in_features if isinstance(first, nn.Linear) else None

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
        if self.module is not None:
            check_modes(self.module)
        function, onward = self._cast(dtype), self._embedding
        if onward is None:
            return function

        def embedded(x: Tensor) -> Tensor:
            made = function(x)
            # What is no batch of features is left to the trial, which refuses it.
            return onward(made) if isinstance(made, Tensor) and made.ndim == 2 else made

        return embedded

    def _cast(self, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        module = self.module
        if module is None or self.features is not module:
            return self.features
        with CASTING:
            state = dict(module.named_parameters()) | dict(module.named_buffers())
            # Which a call may write into: running statistics.
            written = {k: v for k, v in module.named_buffers() if module.get_submodule(k.rpartition(".")[0]).training}
        cast = {k: v.detach().clone() for k, v in written.items()}
        cast |= {k: v.detach().to(dtype) for k, v in state.items() if v.is_floating_point() and v.dtype != dtype}
        if not cast:
            return self.features

        def called(x: Tensor) -> Tensor:
            with CASTING:
                return functional_call(module, cast, (x,))

        return called

    def trial(self, function: Callable[[Tensor], Tensor], points: Float[Tensor, " batch *shape"]) -> Trial:
        """What the map does to one point, and to a few.

        Of a module it is remembered for each dtype, device and shape, until its parts are exchanged. Of another
        callable nobody knows what it is made of: it is tried at every call.

        Raises:
            InputError: it cannot take a point, returns no row of features for it, or mixes the points of a batch.
        """
        with CASTING:
            made_of = None if self.module is None else structure(self.module)
        trials = self._trials
        if made_of is None or made_of != self._structure:
            trials = {}
            self._trials, self._structure = trials, made_of
        key = (points.dtype, points.device, points.shape[1:], len(points) > 1)
        if key not in trials:
            trial = self._run_trial(function, points[:1])
            self._check_rows(function, points[:8], trial.features)
            trials[key] = trial
        return trials[key]

    def _run_trial(self, function: Callable[[Tensor], Tensor], point: Float[Tensor, " 1 *shape"]) -> Trial:
        shape = tuple(point.shape)
        outer_keys()
        with taken(f"one {point.dtype} point of shape {shape}"):
            out, watch = watched(function, point)
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
        suspects = [name for name in watch.names if suspect(name)]
        kinks, creases, suspects, severed = (
            tuple(dict.fromkeys(names)) for names in (watch.kinks, watch.creases, suspects, watch.severed)
        )
        return Trial(out.detach(), kinks, creases, suspects, watch.largest, watch.numbers, severed)

    def _check_rows(self, function: Callable[[Tensor], Tensor], points: Tensor, alone: Float[Tensor, "1 n"]) -> None:
        batch = len(points)
        with taken(f"{batch} {points.dtype} points at once, of shape {tuple(points.shape)}"):
            together = function(points.clone())
        if together.shape != (batch, alone.shape[1]):
            raise InputError(
                f"`features` must return a row a point: for {batch} points it returned {tuple(together.shape)}."
            )
        # The last too: what takes the batch from its first row leaves that row as it is.
        for index, row in [(0, alone)] + ([(batch - 1, function(points[-1:].clone()))] if batch > 1 else []):
            scale = row.abs().amax().clamp_min(torch.finfo(row.dtype).tiny)
            gap = (together[index] - row[0]).abs().amax()
            if gap > ROW_TOLERANCE[row.dtype] * scale:
                again = (function(points[index : index + 1].clone())[0] - row[0]).abs().amax()
                if batch == 1 or again > ROW_TOLERANCE[row.dtype] * scale:
                    raise InputError(
                        f"`features` is another map at every call: point {index} alone, twice, differs by {again:.1e}; "
                        "it draws at random, or changes what it remembers: make it a function of the point."
                    )
                raise InputError(
                    f"`features` mixes the points of a batch: point {index} alone and in a batch of {batch} differ by "
                    f"{gap:.1e}; make each row a function of its own point."
                )
