"""Distances: exact ones of projective space and of the flat torus that the cubic is."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.calabi_yau.distances import fubini_study_distance, neighbour_graph, phase_free
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.sample import sample
from symgeo.errors import InputError, NumericalError

POINTS = st.integers(0, 2**31).map(
    lambda seed: torch.randn(3, 4, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed))
)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(POINTS, st.floats(-3, 3), st.floats(0.1, 10))
def test_the_distance_is_one_on_projective_space(z, phase, scale):
    a, b, c = z
    d = fubini_study_distance
    assert d(a, b * scale * complex(math.cos(phase), math.sin(phase))) == pytest.approx(float(d(a, b)), rel=1e-12)
    assert d(a, c) <= d(a, b) + d(b, c) + 1e-15
    assert 0 < d(a, b) <= math.sqrt(math.pi) / 2
    chord = (phase_free(a[None]) - phase_free(b[None])).norm()
    assert chord == pytest.approx(math.sqrt(2) * math.sin(math.sqrt(math.pi) * d(a, b)), rel=1e-12)


@pytest.mark.parametrize("apart", [1e-14, 1e-9, 1e-3, 0.5])
def test_close_points_keep_their_digits(apart):
    with mpmath.workdps(40):
        angle = mpmath.atan(mpmath.mpf(apart))
        exact = float(angle / mpmath.sqrt(mpmath.pi))
    z = torch.tensor([1.0, 0, 0], dtype=torch.complex128)
    assert fubini_study_distance(z, torch.tensor([1, apart * 1j, 0], dtype=torch.complex128)) == pytest.approx(
        exact, rel=1e-13
    )


def test_a_short_edge_is_as_long_as_the_metric_says():
    """Points moved along the frame: |dx| from g_FS, and from any other metric."""
    there = sample(fermat(3), 40, 3)
    generator = torch.Generator().manual_seed(0)
    m = torch.randn(40, 3, 3, dtype=torch.complex128, generator=generator)
    metric = m @ m.mH + torch.eye(3)
    graph = neighbour_graph(there.points, there.frame, neighbours=4)
    for at, v in zip(graph.ends.T, graph.directions, strict=True):
        unit = torch.einsum("eab,ea,eb->e", there.fubini_study[at], v, v.conj()).real
        assert torch.allclose(unit, torch.ones_like(unit), rtol=1e-12)
    assert torch.allclose(graph.lengths(there.fubini_study), graph.fubini_study, rtol=1e-12)
    assert torch.allclose(graph.lengths(4 * metric), 2 * graph.lengths(metric), rtol=1e-12)


def test_the_direction_points_at_the_neighbour():
    there = sample(fermat(2), 5, 1)
    step = 1e-5 * torch.tensor([1.0 + 0.5j, -0.3j], dtype=torch.complex128)
    beside = there.points + there.frame @ step
    points, frame = torch.cat([there.points[:1], beside[:1]]), there.frame[[0, 0]]
    graph = neighbour_graph(points, frame, neighbours=1)
    cosine = (graph.directions[0][0].conj() @ step) / (graph.directions[0][0].norm() * step.norm())
    assert abs(cosine - 1) < step.norm()  # the frame is the hypersurface's to first order


def test_the_cubic_is_a_hexagonal_torus_of_area_three():
    """With kappa |Omega|^2 the farthest point is at s = (2/sqrt 3)^(1/2), and the mean square distance is 5 s^2/12."""
    squared = 2 / math.sqrt(3)
    errors = []
    for count, neighbours in ((400, 24), (6400, 60)):
        there = sample(fermat(1), count, 1)
        flat = (there.kappa * there.density)[:, None, None].to(torch.complex128)
        paths = neighbour_graph(there.points, there.frame, neighbours=neighbours).distances(flat, range(30))
        farthest, square = paths.max(1).mean(), np.average(paths**2, axis=1, weights=there.weights).mean()
        errors.append([abs(farthest / math.sqrt(squared) - 1), abs(square / (5 / 12 * squared) - 1)])
    assert max(errors[1]) < 0.02
    assert errors[1][0] < errors[0][0]


def test_distances_on_the_sample_are_a_metric():
    there = sample(fermat(3), 60, 2)
    paths = neighbour_graph(there.points, there.frame, neighbours=8).distances(there.fubini_study)
    np.testing.assert_allclose(paths, paths.T, rtol=1e-12)
    assert (paths[:, :, None] <= paths[:, None, :] + paths.T[None] + 1e-12).all()
    direct = fubini_study_distance(there.points[:, None], there.points[None]).numpy()
    assert (paths >= direct - 1e-12).all()


def test_what_cannot_be_meant_is_said():
    there = sample(fermat(3), 30, 0)
    with pytest.raises(InputError, match="`neighbours` must be from 1 to 29"):
        neighbour_graph(there.points, there.frame, neighbours=30)
    with pytest.raises(InputError, match="`neighbours` = 1 leaves the points in"):
        neighbour_graph(there.points, there.frame, neighbours=1)
    twice = there[torch.tensor([0, 0, *range(1, 30)])]
    with pytest.raises(InputError, match="`points` 0 and 1 are the same point"):
        neighbour_graph(twice.points, twice.frame)
    graph = neighbour_graph(there.points, there.frame)
    with pytest.raises(InputError, match=r"`metric` must be \(30, 3, 3\), not \(30, 2, 2\)"):
        graph.lengths(torch.eye(2, dtype=torch.complex128).repeat(30, 1, 1))
    broken = there.fubini_study.clone()
    broken[7] = -broken[7]
    with pytest.raises(NumericalError, match="not positive definite at point 7"):
        graph.lengths(broken)
    with pytest.raises(InputError, match="as many coordinates"):
        fubini_study_distance(there.points, there.points[:, :3])
