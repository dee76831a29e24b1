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
from symgeo.pullback.frame import orthonormal_frame, rank
from symgeo.pullback.gauss import SecondForm
from symgeo.pullback.jet import Jet
from symgeo.pullback.local import LocalGeometry


def sectional_curvature(
    batch: Batch, u: Float[Tensor, "batch d"], v: Float[Tensor, "batch d"], chunk: int
) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"], Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """The curvature of the planes through u and v, the rank of the metric, the planes' own, and what bends at all."""
    pieces = []
    for start in range(0, len(batch.points), chunk):
        rows = slice(start, start + chunk)
        points, directions = batch.points[rows], torch.stack([u[rows], v[rows]])
        frame = orthonormal_frame(batch.jet(points, 1).first.transpose(0, 1))
        jet = batch.jet_along(points, directions)
        plane = orthonormal_frame(jet.first.transpose(0, 1))
        normal = gauss.second_form(frame, jet.second.transpose(0, 1)).normal
        values = gauss.scalar_curvature(SecondForm(plane, normal, normal)) / 2
        if jet.ambient is not None:
            values = values + jet.ambient(plane.q)[:, 0, 1, 0, 1]
        bends = jet.second.any(-1).any(0) if jet.bent is None else torch.full_like(values, jet.bent, dtype=torch.bool)
        pieces.append((values, rank(frame.r, batch.n), rank(plane.r, batch.n), bends))
    values, ranks, planes, bends = (torch.cat(piece) for piece in zip(*pieces, strict=True))
    return values, ranks, planes, bends


def extrinsic(
    jet: Jet,
) -> tuple[Float[Tensor, "batch n"], Float[Tensor, " batch"], Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """The mean curvature vector, the norm of the second fundamental form, the rank, and where the map bends at all."""
    local = LocalGeometry(jet)
    k_dd = gauss.framed_form(local.form)
    mean, norm = k_dd.diagonal(dim1=1, dim2=2).mean(-1), k_dd.flatten(1).norm(dim=1)
    return local.restored(mean, -1), local.restored(norm, -1), local.rank(), jet.second.any(-1).any(0)
