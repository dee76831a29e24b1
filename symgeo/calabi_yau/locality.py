r"""How far what a fixed kernel learnt reaches, and how far apart points are.

    gains       points that a kernel learnt from are moved by noise and put back on the hypersurface: the loss of
                Fubini and Study's metric over that of the flow's, against the distance by which they were moved
    distances   the least, mean and largest distance between points of a sample, as it grows

The delta kernel's gain is bounded by what the metric varies over that distance; kernels that reach farther say how much
of one point's equation helps another's. After figures 2 and 3 of arXiv:2310.19870.
"""

from __future__ import annotations

import torch
from torch import Tensor

from symgeo.calabi_yau.comparison import Geometry
from symgeo.calabi_yau.distances import fubini_study_distance, neighbour_graph
from symgeo.calabi_yau.elementwise import elementwise_flow
from symgeo.calabi_yau.ledger import Row
from symgeo.calabi_yau.sample import Sample, at, project, sample
from symgeo.errors import InputError
from symgeo.flows.kernels import Kernel

#: Standard deviations of the noise, of a representative of unit norm.
NOISES = (1e-8, 1e-6, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)


def noised(there: Sample, size: float, seed: int = 0) -> Sample:
    """The points moved by Gaussian noise of that standard deviation in each coordinate, and put back.

    Raises:
        InputError: a size that is not positive.
    """
    if not size > 0:
        raise InputError(f"`size` must be positive, not {size}")
    z = there.points / there.points.norm(dim=1, keepdim=True)
    noise = torch.randn(z.shape, dtype=z.dtype, generator=torch.Generator().manual_seed(seed))
    return at(there.hypersurface, project(there.hypersurface, z + size * noise), kappa=there.kappa)


def gains(there: Sample, kernel: Kernel | None, *, steps: int, seed: int = 0) -> Row:
    """A flow's gain at moved points and at fresh ones.

    Args:
        there: what it learns from.
        kernel: None for the delta kernel.
        steps: of the flow.
        seed: of the noise and of the fresh points.
    """
    flow = elementwise_flow(there, kernel, steps=steps)
    moved = [noised(there, size, seed) for size in NOISES]
    apart = [float(fubini_study_distance(there.points, near.points).mean()) for near in moved]
    fresh = sample(there.hypersurface, len(there), seed + 1_000_000, kappa=there.kappa)
    nearest = fubini_study_distance(fresh.points[:, None], there.points).min(1).values
    return {
        "distance": apart,
        "gain": [gain(flow, near) for near in moved],
        "learnt": flow.gain,
        "fresh": {"distance": float(nearest.mean()), "gain": gain(flow, fresh)},
    }


def gain(found: Geometry, there: Sample) -> float:
    """The Monge-Ampere loss of Fubini and Study's metric over that of another."""
    return loss(there.fubini_study, there) / loss(found.metric(there), there)


def loss(g: Tensor, there: Sample) -> float:
    """E (1 - eta)^2."""
    eta = torch.linalg.det(g).real / (there.kappa * there.density)
    return float((there.weights * (1 - eta) ** 2).sum() / there.weights.sum())


def extent(there: Sample, metric: Tensor | None, *, neighbours: int = 16) -> Row:
    """The least, mean and largest distance between two points, and the mean distance to the nearest other.

    Args:
        there: the points.
        metric: g_ab, for shortest paths on the hypersurface; None for Fubini and Study's distance in the ambient space.
        neighbours: of each point on the graph.
    """
    if metric is None:
        apart = fubini_study_distance(there.points[:, None], there.points).numpy()
    else:
        graph = neighbour_graph(there.points, there.frame, neighbours=min(neighbours, len(there) - 1))
        apart = graph.distances(metric)
    pairs = apart + 2 * apart.max() * torch.eye(len(there)).numpy()
    others = apart[~torch.eye(len(there), dtype=torch.bool).numpy()]
    return {
        "least": float(others.min()),
        "mean": float(others.mean()),
        "largest": float(others.max()),
        "nearest": float(pairs.min(1).mean()),
    }
