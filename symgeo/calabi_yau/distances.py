r"""Distances between points of projective space, and on a hypersurface with any metric.

    Fubini-Study:   d(Z, W) = arccos(|<Z, W>| / (|Z| |W|)) / sqrt(pi),      g_FS = d dbar log|Z|^2 / pi
    phase-free:     Z Z^dagger / |Z|^2 as N^2 real coordinates, whose Euclidean distance is sqrt(2) sin(sqrt(pi) d)
    intrinsic:      the shortest path along edges between near points of a sample

A length is (g_ab v^a conj(v^b))^(1/2), the second index barred. An edge is as long as the Fubini-Study distance of its
ends times what the metric makes of its direction, (g(v, v) / g_FS(v, v))^(1/2), averaged over both ends. Shortest
paths are too short by the chords of the hypersurface and too long by their corners: an error that falls with the edges'
length for many neighbours (Bernstein, de Silva, Langford and Tenenbaum 2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex, Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import KDTree
from torch import Tensor

from symgeo.errors import InputError, NumericalError

# Nearer than some roundings of the distance itself, points count as one.
SAME = 1e-14


def fubini_study_distance(z: Complex[Tensor, "... N"], w: Complex[Tensor, "... N"]) -> Float[Tensor, ...]:
    """arccos(|<z, w>| / (|z| |w|)) / sqrt(pi), at most sqrt(pi)/2.

    The angle is taken from the sine as well as the cosine, so that close points keep their digits.

    Args:
        z: homogeneous coordinates of any length; leading shapes broadcast.
        w: others.

    Raises:
        InputError: other shapes.
    """
    if z.ndim == 0 or w.ndim == 0 or z.shape[-1] != w.shape[-1]:
        raise InputError(f"`z` and `w` must have as many coordinates, not {tuple(z.shape)} and {tuple(w.shape)}")
    z, w = z / z.norm(dim=-1, keepdim=True), w / w.norm(dim=-1, keepdim=True)
    cosine = (z.conj() * w).sum(-1)
    sine = (w - cosine[..., None] * z).norm(dim=-1)
    return torch.atan2(sine, cosine.abs()) / math.sqrt(math.pi)


def phase_free(z: Complex[Tensor, "m N"]) -> Float[Tensor, "m N2"]:
    """Z Z^dagger / |Z|^2 as real coordinates: diagonal, sqrt(2) Re and sqrt(2) Im of what lies above it."""
    u = z / z.norm(dim=-1, keepdim=True)
    i, j = torch.triu_indices(z.shape[1], z.shape[1], 1)
    above = math.sqrt(2) * u[:, i] * u[:, j].conj()
    return torch.cat([u.abs() ** 2, above.real, above.imag], 1)


@dataclass(frozen=True)
class NeighbourGraph:
    """Edges between near points of a sample.

    Attributes:
        count: of the points.
        ends: the two points of each edge.
        fubini_study: the distance of the ends.
        directions: of the edge in the coordinates of each end, of unit length in g_FS.
    """

    count: int
    ends: Int[Tensor, "e 2"]
    fubini_study: Float[Tensor, " e"]
    directions: tuple[Complex[Tensor, "e n"], Complex[Tensor, "e n"]]

    def lengths(self, metric: Complex[Tensor, "m n n"]) -> Float[Tensor, " e"]:
        """Of each edge.

        Args:
            metric: g_ab at every point, positive definite, in the coordinates of the sample.

        Raises:
            InputError: another shape.
            NumericalError: a metric that is not positive along an edge; says at which point.
        """
        n = self.directions[0].shape[1]
        if metric.shape != (self.count, n, n):
            raise InputError(f"`metric` must be ({self.count}, {n}, {n}), not {tuple(metric.shape)}")
        stretch = torch.zeros_like(self.fubini_study)
        for at, v in zip(self.ends.T, self.directions, strict=True):
            square = torch.einsum("eab,ea,eb->e", metric[at], v, v.conj()).real
            if not (square > 0).all():
                raise NumericalError(f"`metric` is not positive definite at point {int(at[~(square > 0)][0])}")
            stretch += square.sqrt() / 2
        return stretch * self.fubini_study

    def distances(
        self, metric: Complex[Tensor, "m n n"], sources: Sequence[int] | None = None
    ) -> Float[np.ndarray, "k m"]:
        """Shortest distances from some points, or from all, to all.

        Raises:
            InputError: a metric of another shape.
            NumericalError: a metric that is not positive along an edge.
        """
        i, j = self.ends.T.numpy()
        graph = csr_array((self.lengths(metric).numpy(), (i, j)), shape=(self.count, self.count))
        return dijkstra(graph, directed=False, indices=None if sources is None else list(sources))


def neighbour_graph(
    points: Complex[Tensor, "m N"], frame: Complex[Tensor, "m N n"], *, neighbours: int = 16
) -> NeighbourGraph:
    """Each point joined with the nearest ones, in the distance of Fubini and Study.

    Args:
        points: homogeneous coordinates.
        frame: dZ/dx of the hypersurface's coordinates at each.
        neighbours: how many; the paths have fewer corners with more of them.

    Raises:
        InputError: too few neighbours to connect the points, or points that coincide.
    """
    if not 1 <= neighbours < len(points):
        raise InputError(
            f"`neighbours` must be from 1 to {len(points) - 1}, one less than the points, not {neighbours}"
        )
    unit = points / points.norm(dim=-1, keepdim=True)
    frame = frame / points.norm(dim=-1)[:, None, None]
    x = phase_free(unit).numpy()
    found = KDTree(x).query(x, neighbours + 1)[1]
    pairs = np.stack([np.repeat(np.arange(len(x)), neighbours + 1), found.ravel()], 1)
    pairs = np.unique(np.sort(pairs, 1), axis=0)
    ends = torch.from_numpy(pairs[pairs[:, 0] != pairs[:, 1]])
    i, j = ends.T
    apart = fubini_study_distance(unit[i], unit[j])
    if (apart < SAME).any():
        a, b = ends[apart < SAME][0].tolist()
        raise InputError(f"`points` {a} and {b} are the same point of projective space: drop one")
    adjacent = csr_array((np.ones(len(ends)), tuple(ends.T.numpy())), shape=(len(points),) * 2)
    parts, _ = connected_components(adjacent, directed=False)
    if parts > 1:
        raise InputError(f"`neighbours` = {neighbours} leaves the points in {parts} parts: take more")
    forth, back = _direction(unit[i], unit[j], frame[i]), _direction(unit[j], unit[i], frame[j])
    return NeighbourGraph(len(points), ends, apart, (forth, back))


def _direction(
    z: Complex[Tensor, "e N"], w: Complex[Tensor, "e N"], frame: Complex[Tensor, "e N n"]
) -> Complex[Tensor, "e n"]:
    """The coordinates of the tangent vector nearest to the horizontal one from z to w, of unit length in g_FS."""
    cosine = (z.conj() * w).sum(-1, keepdim=True)
    # Of the sine's length: no division by the cosine, which vanishes for points as far apart as can be.
    towards = (w - cosine * z) * torch.sgn(cosine).conj()
    horizontal = frame - z[:, :, None] * (z.conj()[:, None, :] @ frame)
    v = torch.linalg.lstsq(horizontal, towards[..., None]).solution
    return v[..., 0] / ((horizontal @ v)[..., 0].norm(dim=-1, keepdim=True) / math.sqrt(math.pi))
