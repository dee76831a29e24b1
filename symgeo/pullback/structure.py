"""What a module is made of, so that what one call of it showed is not taken for what another module does.

Modules are changed in place: a layer is exchanged, an attribute set, a hook added. Of parameters and buffers the shapes
belong to what a module is made of, the numbers do not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

PLAIN = frozenset({bool, int, float, str, type(None)})
# Of which every module has a dozen, mostly empty: those tell nothing.
CONTAINERS = frozenset({dict, OrderedDict, set, list, tuple})


def structure(module: nn.Module) -> Hashable:
    """All parts of a module with their attributes: equal as long as none of them is exchanged.

    It keeps what it names alive, so that nothing new is taken for it. Of attributes that are objects, what these hold
    is not looked into.
    """
    made_of: list[Hashable] = []
    for part in module.modules():
        made_of.append(type(part))
        for name, value in vars(part).items():
            kind = type(value)
            if kind in PLAIN:
                made_of += (name, value)
            elif kind not in CONTAINERS or value:
                made_of += (name, _seen(value))
    return tuple(made_of)


def _seen(value: Any) -> Hashable:
    """What stands for an attribute."""
    if type(value) in PLAIN or isinstance(value, nn.Module):
        return value
    if isinstance(value, Tensor):
        return ("lazy",) if is_lazy(value) else (value.shape, value.dtype, value.device, value.requires_grad)
    if isinstance(value, Mapping):
        return tuple(map(_seen, list(value.items())))  # which another thread may add to
    if isinstance(value, (tuple, list)):
        return tuple(map(_seen, value))
    if isinstance(value, set):
        return frozenset(value)
    try:
        hash(value)
    except TypeError:
        return Same(value)
    return value


class Same:
    """An object that is equal to itself alone, whatever it takes for equality."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)
