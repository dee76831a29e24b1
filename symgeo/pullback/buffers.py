"""Memory that is used again for every block of points."""

from __future__ import annotations

from torch import Tensor


class Buffers:
    """Tensors of one shape at a time, handed out in turn."""

    def __init__(self) -> None:
        self._held: list[Tensor] = []
        self._free: list[Tensor] = []

    def start(self, shape: tuple[int, ...], like: Tensor) -> None:
        """Another block: all buffers are free again."""
        numbers = 1
        for size in shape:
            numbers *= size
        self._held = [flat for flat in self._held if len(flat) >= numbers]
        self._shape, self._like, self._numbers = shape, like, numbers
        self._free = [flat[:numbers].view(shape) for flat in self._held]

    def take(self) -> Tensor:
        """A buffer that is free, with any numbers in it."""
        if self._free:
            return self._free.pop()
        self._held.append(self._like.new_empty(self._numbers))
        return self._held[-1].view(self._shape)
