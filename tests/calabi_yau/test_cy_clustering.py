"""Clusters of points that are near in projective space."""

from __future__ import annotations

import pytest
import torch

from symgeo.calabi_yau.clustering import clustered, kmeans
from symgeo.calabi_yau.distances import fubini_study_distance
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.sample import sample
from symgeo.errors import InputError


def test_clouds_are_found_whatever_their_phases():
    generator = torch.Generator().manual_seed(0)
    centres = torch.eye(4, dtype=torch.complex128)
    noise = 0.05 * torch.randn(4, 25, 4, dtype=torch.complex128, generator=generator)
    phases = torch.polar(torch.ones(4, 25, 1), 6.3 * torch.rand(4, 25, 1, generator=generator))
    clouds = ((centres[:, None] + noise) * phases).reshape(100, 4)
    found = kmeans(clouds, 4).reshape(4, 25)
    assert all(len(row.unique()) == 1 for row in found)
    assert len(found.unique()) == 4


def test_an_order_keeps_all_points_and_its_clusters_are_nearer_than_chance():
    there = sample(fermat(3), 200, 0)
    d = fubini_study_distance(there.points[:, None], there.points[None])

    def within(kind):
        made = clustered(there.points, kind, clusters=5, batches=4)
        assert made.order.sort().values.tolist() == list(range(200))
        assert torch.bincount(made.batches).tolist() == [50] * 4
        same = (made.clusters[:, None] == made.clusters) & (made.batches[:, None] == made.batches)
        return float(d[made.order][:, made.order][same & ~torch.eye(200, dtype=torch.bool)].mean()), made

    none, plain = within("none")
    batch, batches = within("batch")
    full, whole = within("full")
    everywhere = float(d.sum() / (200 * 199))
    assert plain.order.tolist() == list(range(200))
    assert max(none, batch, full) < 0.97 * everywhere
    # Sorted: each cluster is one run of places, within each batch or in all.
    assert int((whole.clusters.diff() != 0).sum()) == 4
    assert all(int((part.diff() != 0).sum()) == 4 for part in batches.clusters.split(50))
    assert all(set(part.tolist()) == set(range(50 * i, 50 * i + 50)) for i, part in enumerate(batches.order.split(50)))


def test_the_seed_decides():
    points = sample(fermat(2), 120, 0).points
    assert torch.equal(kmeans(points, 6, seed=3), kmeans(points, 6, seed=3))


def test_what_cannot_be_meant_is_said():
    points = sample(fermat(2), 20, 0).points
    with pytest.raises(InputError, match="`clusters` must be from 1 to the 20 different points, not 21"):
        kmeans(points, 21)
    with pytest.raises(InputError, match="`batches` must divide the 20 points, which 3 does not"):
        clustered(points, "full", batches=3, clusters=2)
    with pytest.raises(InputError, match='"none", "batch" or "full"'):
        clustered(points, "some", clusters=2)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="must be from 1 to the 1 different points, not 3"):
        kmeans(points[:1].repeat(6, 1), 3)
