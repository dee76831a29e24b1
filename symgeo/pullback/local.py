"""The geometry at every point of a batch, by the route that keeps the digits.

In few dimensions the inner products of the jet decide it (`gram`, `small`): they are gathered chunk by chunk, and the
rest is arithmetic over all points at once. The points at which inner products lose digits, and everything in more
dimensions, go through again with the features orthogonalised (`frame`, `gauss`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback import gauss
from symgeo.pullback.batch import Batch
from symgeo.pullback.cholesky import cholesky_log_volume, cholesky_log_volumes
from symgeo.pullback.frame import Frame, far_exponents, largest, log_volume, orthonormal_frame, times_power
from symgeo.pullback.gauss import SecondForm
from symgeo.pullback.gram import SMALL, Gram
from symgeo.pullback.jet import Jet
from symgeo.pullback.small import SmallGeometry
from symgeo.pullback.symmetric import LARGE, symmetric_product

# Points whose inner products are worked on at once: few enough for the caches.
SMALL_POINTS = 8192
# What `SmallGeometry` knows.
FROM_PRODUCTS = ("metric", "log_volume", "christoffel", "scalar_curvature")


class LocalGeometry:
    """Metric, volume, connection and curvature at the points of a jet; each piece is computed once, when asked for.

    Args:
        jet: of order 1 for metric and volume, 2 for the rest.
    """

    def __init__(self, jet: Jet) -> None:
        self.jet = jet

    @cached_property
    def first_exponents(self) -> Int[Tensor, " batch"] | None:
        """Of the largest first derivatives, where their products would leave the range of floats; J is divided so."""
        return far_exponents(self._largest_first)

    @cached_property
    def second_exponents(self) -> Int[Tensor, " batch"] | None:
        """The same of the second derivatives: 2^j and 2^h are what J and H are divided by.

        In other words features are counted in units of 2^(2j - h) and coordinates in units of 2^(j - h).
        """
        return far_exponents(self._largest_second)

    @cached_property
    def _largest_first(self) -> Float[Tensor, " batch"]:
        return self.jet.largest()

    @cached_property
    def _largest_second(self) -> Float[Tensor, " batch"]:
        return largest(self.jet.second.transpose(0, 1))

    @cached_property
    def tangent(self) -> Float[Tensor, "batch d n"]:
        """J / 2^j, a row a direction."""
        return divided(self.jet.first.transpose(0, 1), self.first_exponents)

    @cached_property
    def frame(self) -> Frame:
        """J = Q R."""
        return orthonormal_frame(self.tangent)

    @cached_property
    def form(self) -> SecondForm:
        """The second derivatives along Q and across it."""
        return gauss.second_form(self.frame, divided(self.jet.second.transpose(0, 1), self.second_exponents))

    @cached_property
    def ambient(self) -> Float[Tensor, "batch d d d d"] | None:
        """The curvature of the space of features along the frame, in the units of the rest; None where it is flat."""
        if self.jet.ambient is None:
            return None
        return divided(self.jet.ambient(self.frame.q), self._units(-2, 0))

    def quantities(self, names: Sequence[str]) -> tuple[Tensor, ...]:
        """Some of them by name, each with the points first."""
        return tuple(getattr(self, name)() for name in names)

    def metric(self) -> Float[Tensor, "batch d d"]:
        """g_ab = J_a . J_b; infinite where a length is not 0 and its square is too small for its digits."""
        j = self.first_exponents
        g_dd = in_range(symmetric_product(self.tangent), None if j is None else 2 * j)
        lost = (g_dd.diagonal(dim1=1, dim2=2) < torch.finfo(g_dd.dtype).tiny) & self.tangent.any(-1)
        return g_dd.masked_fill(lost.any(-1)[:, None, None], math.inf) if lost.any() else g_dd

    def restored(self, tensor: Float[Tensor, " batch *rest"], power: int, indices: int = 0) -> Tensor:
        """What was had from J / 2^j and H / 2^h, in the units of the features and the coordinates.

        Infinite where it is too small for its digits, or where H is.

        Args:
            tensor: what it is.
            power: of the units of the features in it.
            indices: how many more lower than upper indices it has.
        """
        made = in_range(tensor, self._units(power, indices))
        lost = self.underflown
        return made.masked_fill(lost.view(-1, *[1] * (made.ndim - 1)), math.inf) if lost.any() else made

    def _units(self, power: int, indices: int) -> Int[Tensor, " batch"] | None:
        """The exponents of what restores a tensor: power (2j - h) + indices (h - j)."""
        if self.first_exponents is None and self.second_exponents is None:
            return None
        j, h = (0 if e is None else e for e in (self.first_exponents, self.second_exponents))
        return torch.as_tensor(power * (2 * j - h) + indices * (h - j))

    @cached_property
    def underflown(self) -> Bool[Tensor, " batch"]:
        """Where the second derivatives have lost digits: too small, or zero next to first derivatives that are small.

        Each is right to the distance between the smallest numbers, tiny eps, or somewhat worse.
        """
        info = torch.finfo(self.jet.like.dtype)
        second, first = self._largest_second, self._largest_first
        small = (first > 0) & (first < math.sqrt(info.tiny / info.eps))
        return (second < info.tiny / info.eps) & ((second > 0) | small)

    @cached_property
    def volume(self) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
        """The log pseudo-volume and the rank."""
        logs, ranks = self._scaled_volume()
        j = self.first_exponents
        return (logs if j is None else logs + (ranks * j).to(logs) * math.log(2)), ranks

    def _scaled_volume(self) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
        k, n = self.jet.k, self.jet.n
        if min(k, n) <= SMALL:
            return log_volume(self.tangent)
        # The shorter side, whose singular values are the same.
        if min(k, n) < LARGE:
            logs, trusted = cholesky_log_volume(self.tangent if k <= n else self.tangent.mT)
        else:
            exponents, ones = self.first_exponents, torch.ones_like(self._largest_first)
            matrices = self.jet.tangents(None if exponents is None else torch.ldexp(ones, exponents))
            logs, trusted = cholesky_log_volumes((j if k <= n else j.mT)[None] for j in matrices)
        ranks = torch.full_like(logs, min(k, n), dtype=torch.long)
        rest = (~trusted).nonzero().flatten()
        if len(rest):
            logs[rest], ranks[rest] = log_volume(self.tangent[rest])
        return logs, ranks

    def log_volume(self) -> Float[Tensor, " batch"]:
        """The log pseudo-volume."""
        return self.volume[0]

    def rank(self) -> Int[Tensor, " batch"]:
        """The rank of J."""
        return self.volume[1]

    def christoffel(self) -> Float[Tensor, "batch d d d"]:
        """Gamma^c_ab."""
        return self.restored(gauss.christoffel(self.form), 0, 1)

    def scalar_curvature(self) -> Float[Tensor, " batch"]:
        """R."""
        curvature = gauss.scalar_curvature(self.form)
        if self.ambient is not None:
            curvature = curvature + self.ambient.diagonal(dim1=2, dim2=4).sum(-1).diagonal(dim1=1, dim2=2).sum(-1)
        return self.restored(curvature, -2)

    def ricci(self) -> Float[Tensor, "batch d d"]:
        """R_ab."""
        ricci_dd = gauss.ricci(self.form)
        if self.ambient is not None:
            ricci_dd = ricci_dd + gauss.lowered(self.ambient.diagonal(dim1=1, dim2=3).sum(-1), self.frame.r)
        return self.restored(ricci_dd, 0, 2)

    def riemann(self) -> Float[Tensor, "batch d d d d"]:
        """R_abcd."""
        riemann_dddd = gauss.riemann(self.form)
        if self.ambient is not None:
            riemann_dddd = riemann_dddd + gauss.lowered(self.ambient, self.frame.r)
        return self.restored(riemann_dddd, 2, 4)


def divided(tensor: Float[Tensor, " batch *rest"], exponents: Int[Tensor, " batch"] | None) -> Tensor:
    """A tensor over 2^e."""
    return tensor if exponents is None else times_power(tensor, -exponents)


def in_range(tensor: Float[Tensor, " batch *rest"], exponents: Int[Tensor, " batch"] | None) -> Tensor:
    """2^e times a tensor, infinite where that is too small for its digits."""
    if exponents is None:
        return tensor
    made = times_power(tensor, exponents)
    size, before = (t.reshape(len(t), -1).abs().amax(1) for t in (made, tensor))
    lost = (size < torch.finfo(made.dtype).tiny) & (before > 0)
    return made.masked_fill(lost.view(-1, *[1] * (made.ndim - 1)), math.inf)


@torch.no_grad()
def local_quantities(
    batch: Batch, names: Sequence[str], order: int, chunk: int | None
) -> tuple[dict[str, Tensor], bool]:
    """Quantities at all points of a batch, each with the points first.

    Args:
        batch: the points and the map.
        names: methods of `LocalGeometry`.
        order: 1 where no second derivative is needed, else 2.
        chunk: points at once.

    Returns:
        The quantities, and whether the map has any second derivative (True for order 1, where it is not seen).
    """
    bends = order == 1

    def exact(jet: Jet) -> tuple[Tensor, ...]:
        nonlocal bends
        local = LocalGeometry(jet)
        bends = bends or jet.bends() or bool(local.underflown.any())
        return local.quantities(names)

    if batch.ambient is not None or batch.d > SMALL or batch.n < batch.d or not {*names} <= {*FROM_PRODUCTS, "rank"}:
        return dict(zip(names, batch.map(order, exact, chunk), strict=True)), bends

    products: Gram | None = None
    for where, jet in batch.jets(order, chunk, in_blocks=True):
        products = products or Gram(jet, len(batch.points))
        if not products.put(jet, where):
            batch.check_finite(jet, where.start)
    assert products is not None
    bends = order == 1 or products.bends() or any(jet.bends() for _, jet in batch.jets(order, chunk))
    results, trusted = from_products(products, names)
    rest = (~trusted).nonzero().flatten()
    if len(rest):
        for name, values in zip(names, batch.at(rest).map(order, exact, chunk), strict=True):
            results[name][rest] = values
    return results, bends


def quantities_of(jet: Jet, names: Sequence[str]) -> dict[str, Tensor]:
    """Quantities at the points of one jet that is finite, each with the points first."""
    if jet.k > SMALL or jet.n < jet.k or not {*names} <= {*FROM_PRODUCTS, "rank"}:
        return dict(zip(names, exactly(jet, names), strict=True))
    batch = jet.dense().shape[1]
    products = Gram(jet, batch)
    products.put(jet, slice(0, batch))
    results, trusted = from_products(products, names)
    rest = (~trusted).nonzero().flatten()
    if len(rest):
        some = Jet(jet.dense()[:, rest], jet.k, jet.order)
        for name, values in zip(names, exactly(some, names), strict=True):
            results[name][rest] = values
    return results


def exactly(jet: Jet, names: Sequence[str]) -> tuple[Tensor, ...]:
    """Quantities by orthogonalising the features."""
    return LocalGeometry(jet).quantities(names)


def from_products(products: Gram, names: Sequence[str]) -> tuple[dict[str, Tensor], Bool[Tensor, " batch"]]:
    """Quantities from inner products, and where to trust them all."""
    pieces: dict[str, list[Tensor]] = {name: [] for name in names}
    trusted = torch.ones(products.rows.shape[1], dtype=torch.bool, device=products.rows.device)
    for start in range(0, len(trusted), SMALL_POINTS):
        where = slice(start, start + SMALL_POINTS)
        small = SmallGeometry(products.part(where))
        for name in names:
            values, safe = getattr(small, name)()
            pieces[name].append(values)
            trusted[where] &= safe
    return {name: torch.cat(piece) for name, piece in pieces.items()}, trusted
