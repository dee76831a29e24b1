r"""The first layer: affine in the coordinates, and a function of one number at each unit of it.

    z_j = sum_a w_aj t_a + b_j,    Phi_j = s_j phi(z_j),
    d_a Phi_j = s_j phi'(z_j) w_aj,    d_a d_b Phi_j = s_j phi''(z_j) w_aj w_bj.

Derivatives are a factor for each point and unit times a vector that is the same at every point, so that inner products
of features are matrix products over the points. Nothing is computed before it is asked for: a map that ends here is
evaluated block by block in buffers that stay in the cache, and only inner products are ever written to memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import InputError
from symgeo.pullback.buffers import Buffers
from symgeo.pullback.in_place import PRESCALED, Moments, moments, moments_of
from symgeo.pullback.pointwise import Derivatives, derivatives

# Numbers in a buffer: few enough for the caches, enough to hide the cost of calling (measured at 250 and 2000 units).
BLOCK_NUMBERS = 400_000


@dataclass(frozen=True)
class Affine:
    """z = t w + b at a batch of coordinates t."""

    base: Float[Tensor, "k n"]
    shift: Float[Tensor, " n"] | None
    coordinates: Float[Tensor, "batch k"]
    written: tuple[int, ...]

    @classmethod
    def of(cls, base: Tensor, shift: Tensor | None, coordinates: Tensor) -> Affine:
        """The map, with how often its matrices have been written to so far."""
        shift = None if shift is None else shift.detach()
        return cls(base.detach(), shift, coordinates, versions(base, shift))

    def scaled(self, factor: float) -> Affine:
        """The same map times a number."""
        self._check()
        return Affine.of(self.base * factor, None if self.shift is None else self.shift * factor, self.coordinates)

    def moved(self, by: Tensor | float) -> Affine | None:
        """The same map plus a constant, where that is the same at every point."""
        self._check()
        term = same_everywhere(by, self.base[0])
        if term is None:
            return None
        return Affine.of(self.base, term if self.shift is None else self.shift + term, self.coordinates)

    def values(self) -> Float[Tensor, "batch n"]:
        """z."""
        self._check()
        if self.shift is None:
            return self.coordinates @ self.base
        return torch.addmm(self.shift, self.coordinates, self.base)

    def factors(self, scale: float = 1.0) -> tuple[Float[Tensor, "n columns"], Float[Tensor, "columns batch"]]:
        """Two matrices whose product is scale * z, transposed."""
        self._check()
        left, right = self.base.T, self.coordinates.T
        if self.shift is None:
            return (left * scale).contiguous(), right.contiguous()
        ones = torch.ones_like(right[:1])
        return torch.cat([left, self.shift[:, None]], 1).mul_(scale), torch.cat([right, ones])

    def _check(self) -> None:
        if versions(self.base, self.shift) != self.written:
            raise written_over()


def same_everywhere(by: Tensor | float, units: Float[Tensor, " n"]) -> Float[Tensor, " n"] | None:
    """What is added to a batch of units, if it is the same at every point."""
    term = by if isinstance(by, Tensor) else torch.tensor(by)
    if term.ndim > 2 or term.shape[:-1].numel() != 1 or term.shape[-1:].numel() not in (1, len(units)):
        return None
    return term.detach().reshape(-1).to(units).expand(len(units))


def written_over() -> InputError:
    """What is said of a layer that is not any more what it was when it ran."""
    return InputError(
        "`features` writes into the matrix or the bias of a layer after the layer has run: make a new tensor instead."
    )


def versions(*tensors: Tensor | None) -> tuple[int, ...]:
    """How often tensors have been written to; those of inference mode do not tell."""
    return tuple(tensor._version for tensor in tensors if tensor is not None and not tensor.is_inference())


@dataclass(frozen=True)
class Activation:
    """A function of one number at each unit of an affine map, by the operation's name."""

    affine: Affine
    name: str
    function: Callable[[Tensor], Tensor]
    order: int

    @cached_property
    def derivatives(self) -> Derivatives:
        """phi(z), phi'(z) and phi''(z)."""
        return derivatives(self.name, self.function, self.affine.values(), self.order)

    def value(self) -> Float[Tensor, "batch n"]:
        """phi(z)."""
        value = self.derivatives[0]
        return value if isinstance(value, Tensor) else value()


@dataclass(frozen=True)
class Factored:
    """first_a = slope * base_a, second_ab = bend * base_a base_b; slope and bend are made when asked for."""

    base: Float[Tensor, "k n"]
    batch: int
    made: Callable[[], tuple[Float[Tensor, "batch n"], Float[Tensor, "batch n"]]]
    activation: Activation | None = None
    scale: Tensor | float = 1.0

    @classmethod
    def after(cls, activation: Activation) -> Factored:
        """The derivatives of a function of an affine map."""
        affine = activation.affine
        return cls(affine.base, len(affine.coordinates), lambda: activation.derivatives[1:], activation)

    @cached_property
    def _parts(self) -> tuple[Tensor, Tensor]:
        slope, bend = self.made()
        if isinstance(self.scale, float) and self.scale == 1.0:
            return slope, bend
        return slope * self.scale, bend * self.scale

    @property
    def slope(self) -> Float[Tensor, "batch n"]:
        """The factor of the first derivatives."""
        return self._parts[0]

    @property
    def bend(self) -> Float[Tensor, "batch n"]:
        """The factor of the second derivatives."""
        return self._parts[1]

    def scaled(self, factor: Tensor | float) -> Factored:
        """The derivatives of the map times a number, or one for each unit or for each point and unit."""
        constant = not isinstance(factor, Tensor) or factor.ndim < 2 or factor.shape[0] == 1
        if constant and self.activation is not None:
            return Factored(self.base, self.batch, self.made, self.activation, self.scale * factor)
        slope, bend = self.slope * factor, self.bend * factor
        return Factored(self.base, self.batch, lambda: (slope, bend))

    def blocks(self, buffers: Buffers, order: int) -> Iterator[tuple[slice, Moments]]:
        """The moments for some points at a time, points last, to be overwritten by whoever asked for them."""
        units, made = self.base.shape[1], self.activation
        left, right = (None, None) if made is None else made.affine.factors(PRESCALED.get(made.name, 1.0))
        size = max(1, BLOCK_NUMBERS // units)
        for start in range(0, self.batch, size):
            where = slice(start, min(start + size, self.batch))
            buffers.start((units, where.stop - where.start), self.base)
            if made is None or left is None or right is None:
                yield where, moments_of(self.slope[where].T, self.bend[where].T, order, buffers.take)
                continue
            z = torch.mm(left, right[:, where], out=buffers.take())
            yield where, moments(made.name, made.function, z, order, buffers.take)
