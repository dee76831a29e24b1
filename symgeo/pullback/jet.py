r"""The 2-jet of a map: first and second derivatives along k directions.

For f: R^d -> R^n and directions t_1, ..., t_k at a point x,

    first_a = Df(x)[t_a],    second_ab = D^2 f(x)[t_a, t_b],    a <= b,

which is f along (s_1, ..., s_k) -> x + s_a t_a to second order, its value left out. Nothing else is needed for the
metric, the Christoffel symbols and the curvature of the pullback of a flat space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import vjp

from symgeo.pullback.affine import Factored

# Rows, copies of points, pulled back at once by `reverse_jacobian`: enough for full matrix products, few enough for
# memory.
ROWS = 64


@dataclass(frozen=True)
class Jet:
    """A batch of jets; the pairs (a, b) with a <= b run row by row through the upper triangle.

    Where the map ends in one pointwise function of an affine map, its derivatives are products of a factor for each
    point and feature and a vector that is the same at every point, first_a = slope * base_a, second_ab = bend * base_a
    base_b: then `factored` has them so, and contractions of features become matrix products over the points.

    Of a map into a curved space the second derivatives are covariant, all in orthonormal coordinates of the space at
    each point; `ambient` has its curvature R_ijkl along a frame of orthonormal vectors, and `bent` says whether the map
    has second derivatives of its own.
    """

    rows: Float[Tensor, "rows batch n"] | None
    k: int
    order: int
    factored: Factored | None = None
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
        return self.factored.base.shape[-1] if self.factored is not None else self.dense().shape[-1]

    @property
    def first(self) -> Float[Tensor, "k batch n"]:
        """The first derivatives."""
        return self.dense()[: self.k]

    @property
    def second(self) -> Float[Tensor, "pairs batch n"]:
        """The second derivatives, for a jet of order 2."""
        return self.dense()[self.k :]

    def dense(self) -> Float[Tensor, "rows batch n"]:
        """The first derivatives and then the second, all written out."""
        if self.rows is not None:
            return self.rows
        assert self.factored is not None
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


def reverse_jacobian(
    function: Callable[[Tensor], Tensor], points: Float[Tensor, " batch *shape"], tangents: Float[Tensor, " k *shape"]
) -> Jet:
    """The jet of order 1 from the gradients of the features: cheaper than k tangents where features are fewer.

    Several features are pulled back at once as copies of the points, not by vmap, which has the gradient of cdist wrong
    (torch 2.13).
    """
    n, batch = function(points[:1].clone()).shape[1], len(points)
    copies = max(1, min(n, ROWS // batch))
    value, pull = vjp(lambda x: function(x.clone()), points.repeat(copies, *[1] * (points.ndim - 1)))[:2]
    features = torch.eye(n, dtype=value.dtype, device=value.device)
    pieces = []
    for some in features.split(copies):
        cotangents = value.new_zeros(copies, batch, n)
        cotangents[: len(some)] = some[:, None]
        pieces.append(pull(cotangents.flatten(0, 1))[0].reshape(copies, batch, -1)[: len(some)])
    gradients = torch.cat(pieces)
    if len(tangents) < gradients.shape[2]:  # else the directions are the coordinates themselves
        gradients = gradients @ tangents.flatten(1).T
    return Jet(gradients.permute(2, 1, 0), len(tangents), 1)
