"""The layers of a module as feature maps of their own: from the input of the whole to the output of one part.

The whole module is run, whatever its forward does, and is left as soon as the part has returned, so that a layer costs
what comes before it.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from symgeo.errors import InputError


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
                raise InputError(f"`features` has a part `{self.name}` that returns a {kind}: leave it out.") from None
            return reached.output.flatten(1)
        finally:
            handle.remove()
        raise InputError(f"`features` never runs its part `{self.name}`, which is then no layer: leave it out.")


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
