r"""Layers in a row, evaluated block by block: affine maps, and functions of one number between them.

    y^0 = phi(w^T t + b),    z = W y + b,    y = phi(z),

with the derivatives along coordinates, z_a = W y_a, and after each function y_ab = phi' z_ab + phi'' z_a z_b, y_a =
phi' z_a. While the code of a map runs only its layers are written down, once for many points; then a block of points
small enough for the caches goes through all of them, in buffers that are used again for the next. Units come first and
points last, so that a layer is one product W Y for each row of derivatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.pullback.affine import Activation, same_everywhere, versions, written_over
from symgeo.pullback.buffers import Buffers
from symgeo.pullback.in_place import bent

# Coordinates and units up to which layers are written down: with more, products of whole chunks are as fast or faster.
FEW, WIDEST = 4, 512
# Numbers in one layer's derivatives for a block, and the least and the most points in it (measured at 16 to 500
# units: few enough for the caches, enough for full matrix products and to hide the cost of calling).
BLOCK_NUMBERS, LEAST_POINTS, MOST_POINTS = 400_000, 256, 2048


@dataclass(frozen=True)
class Matrix:
    """y -> W y + b."""

    weight: Float[Tensor, "m n"]
    bias: Float[Tensor, " m"] | None
    written: tuple[int, ...]

    @classmethod
    def of(cls, right: Float[Tensor, "n m"], bias: Tensor | None) -> Matrix:
        """The map y -> y @ right + bias."""
        weight, bias = right.detach().mT, None if bias is None else bias.detach()
        return cls(weight, bias, versions(weight, bias))

    def scaled(self, factor: float | Float[Tensor, " m"]) -> Matrix:
        """The same map times a number, or one for each unit."""
        return Matrix.of(self.weight.mT * factor, None if self.bias is None else self.bias * factor)

    def held(self) -> Matrix:
        """Itself, if it is as it was."""
        if versions(self.weight, self.bias) != self.written:
            raise written_over()
        return self


@dataclass(frozen=True)
class Function:
    """y = phi(z), place by place."""

    name: str
    function: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Scaling:
    """y -> factor y, one factor or one for each unit."""

    factor: float | Float[Tensor, " n"]

    def apply(self, y: Float[Tensor, "rows n block"]) -> None:
        """In place."""
        y.mul_(self.factor[:, None] if isinstance(self.factor, Tensor) else self.factor)


Layer = Matrix | Function | Scaling


class Chain:
    """Layers in a row from an activation of an affine map of the coordinates on: the last of them, and what is before.

    Args:
        start: the activation, at a batch of coordinates.
        layer: the last one; None for the activation itself.
        before: the chain that it is applied to.
    """

    def __init__(self, start: Activation, layer: Layer | None = None, before: Chain | None = None) -> None:
        self.start, self.layer, self.before = start, layer, before
        self.k, self.order = len(start.affine.base), start.order
        self.pairs = [(a, b) for a in range(self.k) for b in range(a, self.k)] if self.order == 2 else []
        self.batch = len(start.affine.coordinates)
        self.length: int = 0 if before is None else before.length + 1
        self.n: int = start.affine.base.shape[1] if before is None else before.n
        if isinstance(layer, Matrix):
            self.n = len(layer.weight)
        #: Features and derivatives, once they are written out.
        self.written: tuple[Tensor, Tensor] | None = None

    @property
    def like(self) -> Tensor:
        """A tensor of the dtype, on the device."""
        return self.start.affine.base

    def then(self, layer: Layer) -> Chain:
        """The chain with one more layer."""
        return Chain(self.start, layer, self)

    def takes(self, right: Float[Tensor, "n m"]) -> bool:
        """Whether it goes on through a matrix, or its products are better done for all points at once."""
        return max(right.shape) <= WIDEST

    def times(self, by: Tensor | float) -> Chain | None:
        """The chain times a number, or one for each unit; None for factors that differ between points."""
        factor = same_everywhere(by, self.like.new_empty(self.n)) if isinstance(by, Tensor) else by
        if factor is None:
            return None
        if isinstance(self.layer, Matrix) and self.before is not None:
            return self.before.then(self.layer.held().scaled(factor))
        return self.then(Scaling(factor))

    def moved(self, by: Tensor | float) -> Chain | None:
        """The chain plus a constant, where it ends in a matrix and that is the same at every point."""
        if not isinstance(self.layer, Matrix) or self.before is None:
            return None
        layer, term = self.layer.held(), same_everywhere(by, self.layer.weight[:, 0])
        if term is None:
            return None
        return self.before.then(Matrix.of(layer.weight.mT, term if layer.bias is None else layer.bias + term))

    def value(self) -> Float[Tensor, "batch n"]:
        """The features."""
        return self.write()[0]

    def rows(self) -> Float[Tensor, "rows batch n"]:
        """Their first and then their second derivatives."""
        return self.write()[1]

    def write(self) -> tuple[Tensor, Tensor]:
        """All of it, written out once."""
        if self.written is None:
            value = self.like.new_empty(self.batch, self.n)
            rows = self.like.new_empty(self.k + len(self.pairs), *value.shape)
            for where, block in self.blocks(valued=True):
                value[where] = block[0].T
                rows[:, where] = block[1:].mT
            self.written = value, rows
        return self.written

    def _since(self) -> tuple[Chain, list[Layer]]:
        """The last part that is written out, or the first there is, and the layers after it."""
        part, layers = self, []
        while part.written is None and part.before is not None:
            layers.append(part.layer)
            part = part.before
        return part, layers[::-1]

    def blocks(self, valued: bool = False) -> Iterator[tuple[slice, Float[Tensor, "1+rows n block"]]]:
        """Some points at a time: the features (any numbers, if they are not asked for) and then the derivatives."""
        first, layers = self._since()
        widths = [first.n, *(len(layer.weight) for layer in layers if isinstance(layer, Matrix))]
        count, widest = 1 + self.k + len(self.pairs), max(widths)
        size = min(MOST_POINTS, max(LEAST_POINTS, BLOCK_NUMBERS // (count * widest)))
        here, other = (self.like.new_empty(count * widest * size) for _ in range(2))
        last = len(layers)
        while last and not isinstance(layers[last - 1], Function):
            last -= 1  # after the last function values are of no use to the derivatives
        buffers, opened = Buffers(), first.opening() if first.written is None else None
        for begin in range(0, self.batch, size):
            where = slice(begin, min(begin + size, self.batch))
            points = where.stop - where.start
            y = here[: count * first.n * points].view(count, first.n, points)
            if opened is None:
                value, rows = first.write()
                y[0], y[1:] = value[where].T, rows[:, where].mT
            else:
                opened(y, where, buffers, valued or last > 0)
            for place, layer in enumerate(layers, 1):
                if isinstance(layer, Matrix):
                    z = other[: count * len(layer.weight) * points].view(count, len(layer.weight), points)
                    self._multiplied(layer.held(), y, z, valued or place <= last)
                    y, here, other = z, other, here
                elif isinstance(layer, Function):
                    self._applied(layer, y, buffers, valued or place < last)
                else:
                    layer.apply(y)
            yield where, y

    def opening(self) -> Callable[[Tensor, slice, Buffers, bool], None]:
        """What writes the activation of the affine map and its derivatives at some of the points."""
        left, right = self.start.affine.factors()
        first = self.start.affine.base[:, :, None]
        second = torch.stack([first[a] * first[b] for a, b in self.pairs]) if self.pairs else first

        def write(y: Tensor, where: slice, buffers: Buffers, valued: bool) -> None:
            torch.mm(left, right[:, where], out=y[0])
            slope, bend = self._bent(self.start, y[0], buffers, valued)
            torch.mul(first, slope, out=y[1 : 1 + self.k])
            if self.pairs:
                torch.mul(second, bend, out=y[1 + self.k :])

        return write

    def _multiplied(self, layer: Matrix, y: Tensor, z: Tensor, valued: bool) -> None:
        rows = slice(0 if valued else 1, None)
        torch.bmm(layer.weight.expand(len(y[rows]), -1, -1), y[rows], out=z[rows])
        if valued and layer.bias is not None:
            z[0].add_(layer.bias[:, None])

    def _bent(
        self, function: Activation | Function, z: Tensor, buffers: Buffers, valued: bool
    ) -> tuple[Tensor, Tensor]:
        buffers.start(tuple(z.shape), self.like)
        return bent(function.name, function.function, z, self.order, buffers.take, valued)

    def _applied(self, function: Function, z: Tensor, buffers: Buffers, valued: bool) -> None:
        slope, bend = self._bent(function, z[0], buffers, valued)
        first, second = z[1 : 1 + self.k], z[1 + self.k :]
        if self.pairs:
            second.mul_(slope)
            place = 0
            along = buffers.take()
            for a in range(self.k):  # the pairs (a, a), ..., (a, k - 1) lie side by side
                torch.mul(first[a], bend, out=along)
                second[place : place + self.k - a].addcmul_(along, first[a:])
                place += self.k - a
        first.mul_(slope)
