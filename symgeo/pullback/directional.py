r"""Curvature along directions of each point's own, and the curvature of the image in the space around it.

For tangent vectors u, v and the second fundamental form K(u, v) = P D^2 Phi[u, v],

    sectional curvature    (<K(u, u), K(v, v)> - |K(u, v)|^2) / (|u|^2 |v|^2 - <u, v>^2),
    mean curvature         m = tr K / d,       norm |K|,       R = d^2 |m|^2 - |K|^2,

with three second derivatives a point for the first, whatever the number of coordinates (do Carmo, chapter 6).
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback import gauss
from symgeo.pullback.batch import Batch
from symgeo.pullback.frame import orthonormal_frame, rank, times_power
from symgeo.pullback.gauss import SecondForm
from symgeo.pullback.jet import Jet
from symgeo.pullback.local import LocalGeometry, divided


def sectional_curvature(
    batch: Batch, u: Float[Tensor, "batch d"], v: Float[Tensor, "batch d"], chunk: int
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"], Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """The curvature of the planes through u and v, the rank of the metric, the planes' own, and what bends at all.

    Curvature that leaves the range of floats is infinite.

    Raises:
        NumericalError: the features or their derivatives are not finite at some point.
    """
    pieces = []
    for start in range(0, len(batch.points), chunk):
        rows = slice(start, start + chunk)
        directions = torch.stack([unit_sized(vectors[rows]) for vectors in (u, v)])
        whole, jet = batch.jet(batch.points[rows], 1), batch.jet_along(batch.points[rows], directions)
        for seen in (whole, jet):
            batch.check_finite(seen, start)
        frame, local = orthonormal_frame(whole.first.transpose(0, 1)), LocalGeometry(jet)
        bend = divided(jet.second.transpose(0, 1), local.second_exponents)
        normal = gauss.second_form(frame, bend).normal
        values = gauss.scalar_curvature(SecondForm(local.frame, normal, normal)) / 2
        if local.ambient is not None:
            values = values + local.ambient[:, 0, 1, 0, 1]
        values = local.restored(values, -2)
        pieces.append((values, rank(frame.r, batch.n), rank(local.frame.r, batch.n), bent(local)))
    values, ranks, planes, bends = (torch.cat(piece) for piece in zip(*pieces, strict=True))
    return values, ranks, planes, bends


def unit_sized(vectors: Float[Tensor, "batch d"]) -> Float[Tensor, "batch d"]:
    """Vectors over powers of two, with a largest entry between 1/2 and 1: a plane does not see their lengths."""
    return times_power(vectors, -torch.frexp(vectors.abs().amax(1)).exponent)


def bent(local: LocalGeometry) -> Bool[Tensor, " batch"]:
    """Where a map has second derivatives, or may have had them before they underflowed."""
    jet = local.jet
    seen = jet.second.any(-1).any(0)
    return (seen if jet.bent is None else torch.full_like(seen, jet.bent)) | local.underflown


def extrinsic(
    jet: Jet,
) -> tuple[Float[Tensor, "batch n"], Float[Tensor, " batch"], Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """The mean curvature vector, the norm of the second fundamental form, the rank, and where the map bends at all."""
    local = LocalGeometry(jet)
    k_dd = gauss.framed_form(local.form)
    mean, norm = k_dd.diagonal(dim1=1, dim2=2).mean(-1), k_dd.flatten(1).norm(dim=1)
    return local.restored(mean, -1), local.restored(norm, -1), local.rank(), bent(local)
