r"""The second derivative of a map, seen along its image: what geodesics and parallel vectors are driven by.

With J = D Phi at a point, for w in the space of features,

    argmin_a |J a - w| = R^{-1} Q^T w,    J = Q R,

is the part of w that is tangent to the image, in coordinates. The acceleration of a geodesic is minus that of
D^2 Phi[x', x'], the rate of a parallel vector minus that of D^2 Phi[c', V].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from tqdm import tqdm

from symgeo.errors import InputError, NumericalError
from symgeo.pullback.batch import Batch
from symgeo.pullback.frame import orthonormal_frame, rank
from symgeo.pullback.gauss import square

# Up to here all pairs of coordinate directions cost fewer rows, 1 + d + d (d + 1)/2, than d pairs, of six rows each;
# and not more than the coordinate directions and then one of a point's own, 1 + d and three.
ALL_PAIRS_UP_TO, ALL_AT_ONCE_UP_TO = 10, 2


@dataclass
class Work:
    """Accelerations, counted against what is allowed, and shown."""

    allowed: int
    bar: tqdm
    done: int = 0

    @classmethod
    def of(cls, allowed: int, progress: bool) -> Self:
        """None done yet.

        Raises:
            InputError: none are allowed.
        """
        if allowed < 1:
            raise InputError(f"`evaluations` must be a positive number of accelerations, not {allowed}.")
        return cls(allowed, tqdm(disable=not progress, unit=" accelerations"))

    def count(self, some: int, reached: str, cure: str) -> None:
        """Some more.

        Args:
            some: how many.
            reached: how far the computation is.
            cure: what helps where they are too many.

        Raises:
            NumericalError: more than are allowed.
        """
        if self.done + some > self.allowed:
            raise NumericalError(
                f"`evaluations` = {self.allowed} accelerations do not suffice: after {self.done} there is {reached}; "
                f"allow more, {cure}."
            )
        self.done += some
        self.bar.set_postfix_str(reached, refresh=False)
        self.bar.update(some)


def acceleration(
    batch: Batch, points: Float[Tensor, "batch d"], velocities: Float[Tensor, "batch d"], chunk: int | None = None
) -> tuple[Float[Tensor, "batch d"], Bool[Tensor, " batch"]]:
    """x'' of the geodesics through points with these velocities, and where it has a value.

    Args:
        batch: the map.
        points, velocities: where, and how fast.
        chunk: points at once; None for the heuristic.
    """
    size = chunk or min(batch.chunk_points(1), batch.along_points(2))
    pieces = []
    for at, speeds in zip(points.split(size), velocities.split(size), strict=True):
        if batch.d <= ALL_AT_ONCE_UP_TO:
            tangent, bends = mixed(batch, at, speeds)
            bend = speeds[:, None] @ bends
        else:
            tangent = batch.jet(at, 1).first.transpose(0, 1)
            bend = batch.jet_along(at, speeds[None]).second.transpose(0, 1)
        pieces.append(tangential(tangent, bend))
    found, regular = (torch.cat(piece) for piece in zip(*pieces, strict=True))
    return -found[:, 0], regular


def connection(
    batch: Batch, points: Float[Tensor, "batch d"], along: Float[Tensor, "batch d"], chunk: int | None = None
) -> tuple[Float[Tensor, "batch d d"], Bool[Tensor, " batch"]]:
    """A^c_b = -Gamma^c_ab c'^a, with V' = A V for parallel vectors along c', and where it has a value."""
    size = chunk or batch.chunk_points(2 if batch.d <= ALL_PAIRS_UP_TO else 1)
    pieces = []
    for at, ways in zip(points.split(size), along.split(size), strict=True):
        pieces.append(tangential(*mixed(batch, at, ways)))
    found, regular = (torch.cat(piece) for piece in zip(*pieces, strict=True))
    return -found.mT, regular


def mixed(
    batch: Batch, points: Float[Tensor, "batch d"], along: Float[Tensor, "batch d"]
) -> tuple[Float[Tensor, "batch d n"], Float[Tensor, "batch d n"]]:
    """D Phi[e_b] and D^2 Phi[c', e_b] for all coordinate vectors e_b; in many dimensions pair by pair."""
    if batch.d <= ALL_PAIRS_UP_TO:
        jet = batch.jet(points, 2)
        second = square(jet.second.transpose(0, 1), batch.d)
        return jet.first.transpose(0, 1), torch.einsum("pa,pabn->pbn", along, second)
    d, size = batch.d, batch.along_points(2)
    units = torch.eye(d).to(points).repeat(len(points), 1)
    firsts, seconds = [], []
    rows = (points.repeat_interleave(d, 0), along.repeat_interleave(d, 0), units)
    for at, ways, unit in zip(*(tensor.split(size) for tensor in rows), strict=True):
        jet = batch.jet_along(at, torch.stack([ways, unit]))
        firsts.append(jet.first[1])
        seconds.append(jet.second[1])
    return torch.cat(firsts).unflatten(0, (-1, d)), torch.cat(seconds).unflatten(0, (-1, d))


def tangential(
    tangent: Float[Tensor, "batch d n"], vectors: Float[Tensor, "batch k n"]
) -> tuple[Float[Tensor, "batch k d"], Bool[Tensor, " batch"]]:
    """argmin_a |J a - w| for vectors w of the features, and where the metric is regular and all of it finite."""
    finite = tangent.isfinite().flatten(1).all(1) & vectors.isfinite().flatten(1).all(1)
    frame = orthonormal_frame(torch.where(finite[:, None, None], tangent, 0))  # LAPACK takes no NaN
    regular = finite & (rank(frame.r, tangent.shape[2]) == tangent.shape[1])
    found = torch.linalg.solve_triangular(frame.r, frame.q @ vectors.mT, upper=True).mT
    return found, regular & found.isfinite().flatten(1).all(1)


def place(point: Float[Tensor, " d"]) -> str:
    """A point, as messages name it: by its first few coordinates."""
    return "(" + ", ".join(f"{value:.6g}" for value in point[:6]) + (", ...)" if len(point) > 6 else ")")
