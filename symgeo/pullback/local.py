"""The geometry at every point of a batch, by the route that keeps the digits.

In few dimensions the inner products of the jet decide it (`gram`): they are gathered chunk by chunk, and the rest is
arithmetic over all points at once. The points at which inner products lose digits, and everything in more dimensions,
go through again with the features orthogonalised (`frame`, `gauss`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from symgeo.pullback import gauss
from symgeo.pullback.batch import Batch
from symgeo.pullback.frame import Frame, log_volume, orthonormal_frame
from symgeo.pullback.gauss import SecondForm
from symgeo.pullback.gram import SMALL, Gram, SmallGeometry, cholesky_log_volume, symmetric_product
from symgeo.pullback.jet import Jet

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
    def tangent(self) -> Float[Tensor, "batch d n"]:
        """J, a row a direction."""
        return self.jet.first.transpose(0, 1)

    @cached_property
    def frame(self) -> Frame:
        """J = Q R."""
        return orthonormal_frame(self.tangent)

    @cached_property
    def form(self) -> SecondForm:
        """The second derivatives along Q and across it."""
        return gauss.second_form(self.frame, self.jet.second.transpose(0, 1))

    def metric(self) -> Float[Tensor, "batch d d"]:
        """g_ab = J_a . J_b."""
        return symmetric_product(self.tangent)

    @cached_property
    def volume(self) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
        """The log pseudo-volume and the rank."""
        k, n = self.jet.k, self.jet.n
        if min(k, n) <= SMALL:
            return log_volume(self.tangent)
        # The shorter side, whose singular values are the same.
        logs, trusted = cholesky_log_volume(self.tangent if k <= n else self.tangent.mT)
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
        return gauss.christoffel(self.form)

    def scalar_curvature(self) -> Float[Tensor, " batch"]:
        """R."""
        return gauss.scalar_curvature(self.form)

    def ricci(self) -> Float[Tensor, "batch d d"]:
        """R_ab."""
        return gauss.ricci(self.form)

    def riemann(self) -> Float[Tensor, "batch d d d d"]:
        """R_abcd."""
        return gauss.riemann(self.form)


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
        bends = bends or jet.bends()
        local = LocalGeometry(jet)
        return tuple(value() if callable(value) else value for value in (getattr(local, name) for name in names))

    if batch.d > SMALL or batch.n < batch.d or not {*names} <= {*FROM_PRODUCTS, "rank"}:
        return dict(zip(names, batch.map(order, exact, chunk), strict=True)), bends

    products: Gram | None = None
    for where, jet in batch.jets(order, chunk):
        products = products or Gram(jet, len(batch.points))
        if not products.put(jet, where):
            batch.check_finite(jet, where.start)
    assert products is not None
    bends = order == 1 or bool(products.bend().any())
    small = SmallGeometry(products)
    results: dict[str, Tensor] = {}
    trusted = torch.ones(len(batch.points), dtype=torch.bool, device=batch.points.device)
    for name in names:
        results[name], safe = getattr(small, name)()
        trusted &= safe
    rest = (~trusted).nonzero().flatten()
    if len(rest):
        for name, values in zip(names, batch.at(rest).map(order, exact, chunk), strict=True):
            results[name] = results[name].contiguous()
            results[name][rest] = values
    return results, bends
