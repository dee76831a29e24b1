r"""Points of a hypersurface in clusters of near ones, so that a kernel over a batch sees what is local.

    none    batches of points as they were drawn
    batch   each batch sorted by its own clusters
    full    all points sorted by their clusters, and then cut into batches

k-means in the phase-free coordinates Z Z^dagger / |Z|^2, where Euclidean distance is a function of Fubini-Study's.
After figure 2 of "Metric flows with neural networks", arXiv:2310.19870.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Complex, Int
from scipy.cluster.vq import ClusterError, kmeans2, vq
from torch import Tensor

from symgeo.calabi_yau.distances import phase_free
from symgeo.errors import InputError

Kind = Literal["none", "batch", "full"]
# Lloyd's iteration ends in a local minimum: the best of so many starts is kept.
STARTS = 8


@dataclass(frozen=True)
class Clustered:
    """An order of points, batch after batch.

    Attributes:
        order: the points' numbers.
        clusters: of each point in that order; numbered anew in each batch where batches have their own.
        batches: of each point in that order.
    """

    order: Int[Tensor, " m"]
    clusters: Int[Tensor, " m"]
    batches: Int[Tensor, " m"]


def kmeans(points: Complex[Tensor, "m N"], clusters: int, *, seed: int = 0) -> Int[Tensor, " m"]:
    """The cluster of each point, from 0.

    Args:
        points: homogeneous coordinates.
        clusters: how many.
        seed: of the starts (k-means++).

    Raises:
        InputError: fewer different points than clusters.
    """
    x = phase_free(points).numpy()
    different = len(np.unique(x.round(12), axis=0))
    if not 1 <= clusters <= different:
        raise InputError(f"`clusters` must be from 1 to the {different} different points, not {clusters}")
    random = np.random.default_rng(seed)
    best, found = np.inf, None
    for _ in range(STARTS):
        try:
            centres, labels = kmeans2(x, clusters, minit="++", iter=30, missing="raise", seed=random)
        except ClusterError:
            continue
        spread = float((vq(x, centres)[1] ** 2).sum())
        if spread < best:
            best, found = spread, labels
    if found is None:
        raise InputError(f"`clusters` = {clusters} leaves one of them empty from every start: take fewer")
    return torch.from_numpy(found.astype(np.int64))


def clustered(
    points: Complex[Tensor, "m N"], kind: Kind, *, clusters: int = 10, batches: int = 5, seed: int = 0
) -> Clustered:
    """An order of the points in batches, near ones beside each other.

    Args:
        points: homogeneous coordinates.
        kind: "none", "batch" or "full"; with "none" the clusters are those of "full", in no order.
        clusters: how many, in all points or in each batch.
        batches: how many, of one size.
        seed: of k-means.

    Raises:
        InputError: an unknown kind, batches that do not divide the points, or fewer points than clusters.
    """
    if kind not in ("none", "batch", "full"):
        raise InputError(f'`kind` must be "none", "batch" or "full", not {kind!r}')
    if batches < 1 or len(points) % batches:
        raise InputError(f"`batches` must divide the {len(points)} points, which {batches} does not")
    size = len(points) // batches
    numbers = torch.arange(len(points))
    if kind == "batch":
        labels = torch.cat([kmeans(part, clusters, seed=seed) for part in points.split(size)])
        order = torch.cat([part[labels[part].argsort(stable=True)] for part in numbers.split(size)])
    else:
        labels = kmeans(points, clusters, seed=seed)
        order = numbers if kind == "none" else labels.argsort(stable=True)
    return Clustered(order, labels[order], numbers // size)
