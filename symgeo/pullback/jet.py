r"""The 2-jet of a map: first and second derivatives along k directions.

For f: R^d -> R^n and directions t_1, ..., t_k at a point x,

    first_a = Df(x)[t_a],    second_ab = D^2 f(x)[t_a, t_b],    a <= b,

which is f along (s_1, ..., s_k) -> x + s_a t_a to second order, its value left out. Nothing else is needed for the
metric, the Christoffel symbols and the curvature of the pullback of a flat space.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.pullback.affine import Factored
from symgeo.pullback.chain import Chain


@dataclass(frozen=True)
class Jet:
    """A batch of jets; the pairs (a, b) with a <= b run row by row through the upper triangle.

    Where the map ends in one pointwise function of an affine map, its derivatives are products of a factor for each
    point and feature and a vector that is the same at every point, first_a = slope * base_a, second_ab = bend * base_a
    base_b: then `factored` has them so, and contractions of features become matrix products over the points. Where it
    is layers in a row, `chain` has them block by block.

    Of a map into a curved space the second derivatives are covariant, all in orthonormal coordinates of the space at
    each point; `ambient` has its curvature R_ijkl along a frame of orthonormal vectors, and `bent` says whether the map
    has second derivatives of its own.
    """

    rows: Float[Tensor, "rows batch n"] | None
    k: int
    order: int
    factored: Factored | None = None
    chain: Chain | None = None
    ambient: Callable[[Float[Tensor, "batch k n"]], Float[Tensor, "batch k k k k"]] | None = None
    bent: bool | None = None

    def bends(self) -> bool:
        """Whether any second derivative is not zero."""
        if self.bent is not None:
            return self.bent
        return bool(self.second.any() if self.factored is None else self.factored.bend.any())

    def finite(self) -> bool:
        """Whether all of it is, seen from sums: a finite sum has finite terms."""
        f = self.factored
        parts = (self.dense(),) if f is None else (f.base, f.slope, f.bend)
        return all(bool(part.sum().isfinite()) for part in parts)

    @property
    def n(self) -> int:
        """The number of features."""
        if self.factored is not None:
            return self.factored.base.shape[-1]
        return self.dense().shape[-1] if self.chain is None else self.chain.n

    @property
    def like(self) -> Tensor:
        """A tensor of the dtype, on the device."""
        if self.factored is not None:
            return self.factored.base
        return self.dense() if self.chain is None else self.chain.like

    @property
    def held(self) -> bool:
        """Whether only coordinates are held, and the rest is made block by block."""
        made = self.chain is not None if self.factored is None else self.factored.activation is not None
        return self.rows is None and made

    @property
    def first(self) -> Float[Tensor, "k batch n"]:
        """The first derivatives."""
        return self.dense()[: self.k]

    @property
    def second(self) -> Float[Tensor, "pairs batch n"]:
        """The second derivatives, for a jet of order 2."""
        return self.dense()[self.k :]

    def largest(self) -> Float[Tensor, " batch"]:
        """The largest magnitude of a first derivative at each point."""
        if self.factored is None:
            return self.first.abs().amax((0, 2))
        return (self.factored.slope.abs() * torch.linalg.vector_norm(self.factored.base, math.inf, 0)).amax(1)

    def tangents(self, scale: Float[Tensor, " batch"] | None) -> Iterator[Float[Tensor, "k n"]]:
        """The first derivatives over the scale, point by point; of factored jets written into one matrix in turn."""
        if self.factored is None:
            for point in range(self.dense().shape[1]):
                yield self.first[:, point] if scale is None else self.first[:, point] / scale[point]
            return
        slope = self.factored.slope if scale is None else self.factored.slope / scale[:, None]
        matrix = torch.empty_like(self.factored.base)
        for row in slope:
            yield torch.mul(self.factored.base, row, out=matrix)

    def dense(self) -> Float[Tensor, "rows batch n"]:
        """The first derivatives and then the second, all written out."""
        if self.rows is not None:
            return self.rows
        if self.factored is None:
            assert self.chain is not None
            return self.chain.rows()
        base, slope, bend = self.factored.base, self.factored.slope, self.factored.bend
        if self.order == 1:
            return slope * base[:, None]
        rows = slope.new_empty(self.k + pair_count(self.k), *slope.shape)
        torch.mul(slope, base[:, None], out=rows[: self.k])
        torch.mul(bend, pair_products(base)[:, None], out=rows[self.k :])
        return rows


def pair_count(k: int) -> int:
    """The number of pairs a <= b of k indices."""
    return k * (k + 1) // 2


def pair_positions(d: int, device: torch.device) -> Tensor:
    """Where the pair (a, b) stands in the upper triangle read row by row, for all a and b."""
    position = torch.empty(d, d, dtype=torch.long, device=device)
    rows, columns = torch.triu_indices(d, d, device=device)
    position[rows, columns] = position[columns, rows] = torch.arange(pair_count(d), device=device)
    return position


def pair_products(base: Float[Tensor, k * rest]) -> Float[Tensor, pairs * rest]:
    """base_a base_b for a <= b."""
    rows, columns = torch.triu_indices(len(base), len(base), device=base.device)
    return base[rows] * base[columns]
