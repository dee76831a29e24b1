"""The layers of a module as feature maps of their own: from the input of the whole to the output of one part.

The whole module is run, whatever its forward does, and is left as soon as the part has returned, so that a layer costs
what comes before it; all layers together cost one pass, at which their jets are taken as they go by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.pullback.batch import Batch
from symgeo.pullback.feature_map import FeatureMap
from symgeo.pullback.jet import Jet
from symgeo.pullback.jet_tensor import Carrying, JetTensor, UnsupportedError, outer_keys, refused
from symgeo.pullback.local import quantities_of
from symgeo.pullback.propagation import as_jet, coordinate_jet
from symgeo.pullback.quantities import QUANTITIES
from symgeo.pullback.values import needed, order_of


class Reached(Exception):
    """Leaves a forward pass with the output that was waited for."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self.output = output


class Layer(nn.Module):
    """The map from the input of `whole` to the output of its part `name`, flattened to (batch, n).

    Args:
        whole: a module.
        name: of one of its submodules, as `named_modules` has it.
    """

    def __init__(self, whole: nn.Module, name: str) -> None:
        super().__init__()
        self.whole = whole
        self.name = name
        self.train(whole.training)

    def train(self, mode: bool = True) -> Layer:
        """The mode of a layer is that of the module that it is part of, which is left as it is."""
        self.training = mode
        return self

    def forward(self, x: Tensor) -> Tensor:
        """The output of the part, flattened."""
        part = self.whole.get_submodule(self.name)

        def leave(_module: nn.Module, _inputs: Any, output: Any) -> None:
            raise Reached(output)

        handle = part.register_forward_hook(leave)
        try:
            self.whole(x)
        except Reached as reached:
            if not isinstance(reached.output, Tensor):
                kind = type(reached.output).__name__
                raise InputError(
                    f"`features` has a part `{self.name}` that returns a {kind}, no tensor: {left_out(self.name)}."
                ) from None
            return reached.output.flatten(1)
        finally:
            handle.remove()
        raise InputError(
            f"`features` never runs its part `{self.name}`, which is then no layer: {left_out(self.name)}."
        )

    def _get_name(self) -> str:
        return f"{self.whole._get_name()}.{self.name}"


def left_out(name: str) -> str:
    """How a layer is left out."""
    return f'leave it out by `del layers["{name}"]`'


def layer_names(whole: nn.Module, leaves: bool) -> list[str]:
    """The names of the parts of a module, in the order of its definition.

    Args:
        whole: the module.
        leaves: every part without parts of its own; else its children, those of a plain list or dictionary counted
        singly.
    """
    names = []
    for name, part in whole.named_children():
        if isinstance(part, (nn.ModuleList, nn.ModuleDict)) or (leaves and any(True for _ in part.children())):
            names += [f"{name}.{inner}" for inner in layer_names(part, leaves)]
        else:
            names.append(name)
    return names


@contextmanager
def tapped(module: nn.Module, names: Sequence[str], k: int, order: int) -> Iterator[dict[str, Jet]]:
    """The jets of what parts of a module return, each the first time that it is run."""
    jets: dict[str, Jet] = {}

    def listener(name: str) -> Any:
        def note(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            if name not in jets:
                if isinstance(output, JetTensor) and output.chain is not None:
                    output.chain.write()  # for the next layers to go on from
                jets[name] = as_jet(output if output.ndim == 2 else output.flatten(1), k, order)

        return note

    handles = [module.get_submodule(name).register_forward_hook(listener(name)) for name in names]
    try:
        yield jets
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def in_one_pass(
    whole: FeatureMap, batches: dict[str, Batch], quantities: Sequence[str], chunk: int | None
) -> dict[str, tuple[dict[str, Tensor], bool]] | None:
    """What `local_quantities` has of every layer; None where an operation stops jets.

    Args:
        whole: the module.
        batches: the same points for each layer, by its name.
        quantities: their names.
        chunk: points at once.
    """
    first, module = next(iter(batches.values())), whole.module
    assert module is not None
    names, order = needed({q: QUANTITIES[q] for q in quantities}), order_of({q: QUANTITIES[q] for q in quantities})
    function = whole.called_in(first.points.dtype)
    pieces: dict[str, list[dict[str, Tensor]]] = {name: [] for name in batches}
    bends = dict.fromkeys(batches, order == 1)
    size = chunk or min(batch.chunk_points(order) for batch in batches.values())
    outer_keys()
    for start in range(0, len(first.points), size):
        points = first.points[start : start + size]
        with tapped(module, [*batches], first.d, order) as jets, refused():
            try:
                jet = coordinate_jet(first.chart, points, order)
                with Carrying():
                    function(jet)
            except UnsupportedError:
                return None
        for name, jet in jets.items():
            batches[name].check_finite(jet, start)
            pieces[name].append(quantities_of(jet, names))
            bends[name] = bends[name] or jet.bends()
    return {name: ({q: torch.cat([piece[q] for piece in pieces[name]]) for q in names}, bends[name]) for name in pieces}
