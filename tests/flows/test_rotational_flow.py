"""Rotationally symmetric Ricci flow: round spheres in crooked coordinates, Rosenau's sphere, the neckpinch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo
from symgeo.errors import InputError
from symgeo.flows import End, Profile, dumbbell, exact, rotational_flow, round_sphere
from symgeo.flows.chebyshev import Chebyshev


def test_curvature_is_that_of_the_symbolic_engine() -> None:
    x, theta, phi = sp.symbols("x theta phi", real=True)
    m, p, q = 1 - x**2, 2 + x / 2 + x**2 / 3, 1 + x / 3 - x**3 / 4
    sphere = m * p
    metric = symgeo.CoordinateMetric(sp.diag((p + m * q) / m, sphere, sphere * sp.sin(theta) ** 2), (x, theta, phi))
    grid = Chebyshev(9)
    values = [np.array([float(f.subs(x, sp.Float(v, 30))) for v in grid.x]) for f in (p, q)]
    profile = Profile(grid, *values, 2)
    inner = grid.x[1:-1]
    points = np.stack([inner, np.full(7, 1.1), np.full(7, 0.4)], 1)
    np.testing.assert_allclose(
        profile.scalar_curvature()[1:-1], symgeo.generate(metric.scalar_curvature)(points), rtol=1e-11
    )
    ricci = symgeo.generate(metric.ricci)(points)
    k_0, k_1 = (k[1:-1] for k in profile.curvatures())
    np.testing.assert_allclose(ricci[:, 0, 0] * (1 - inner**2) / profile.big_q[1:-1], 2 * k_0, rtol=1e-11)
    np.testing.assert_allclose(ricci[:, 1, 1] / profile.psi[1:-1] ** 2, k_0 + k_1, rtol=1e-11)


@given(st.floats(-0.6, 0.6), st.floats(0.3, 2), st.floats(0.2, 0.9), st.integers(1, 4))
@settings(deadline=None, derandomize=True, max_examples=12)
def test_new_coordinates_are_the_same_metric(centre: float, width: float, neck: float, n: int) -> None:
    one = dumbbell(neck, n=n, points=81)
    two = one.recoordinatised(centre, width)
    assert two.volume() == pytest.approx(one.volume(), rel=1e-10)
    assert two.arclength()[0] == pytest.approx(math.pi, rel=1e-10)
    assert [r for _, r in two.necks()] == pytest.approx([r for _, r in one.necks()], rel=1e-10)
    np.testing.assert_allclose(two.scalar_curvature()[[0, -1]], one.scalar_curvature()[[0, -1]], rtol=1e-6)


def test_convergence_in_space_is_geometric() -> None:
    """The curvature of the round sphere in coordinates that crowd at one side."""
    errors = []
    for points in (9, 13, 17, 21):
        crooked = round_sphere(1.5, points=points).recoordinatised(0.3, 0.4)
        errors.append(np.abs(1.5**2 * crooked.curvatures()[1] - 1).max())
    assert np.polyfit([9, 13, 17, 21], np.log(errors), 1)[0] < -0.9
    assert errors[-1] < 1e-6


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_round_sphere(n: int) -> None:
    start = round_sphere(1.5, n=n).recoordinatised(0.3, 0.4)
    extinction = 1.5**2 / (2 * n)
    times = np.array([0, 0.3, 0.8, 1.5]) * extinction
    flow = rotational_flow(start, times, every_step=False)
    radius = np.sqrt(exact.sphere_radius_squared(times[:3], n + 1, 1.5))
    np.testing.assert_allclose(flow.measures["widest"][:3], radius, rtol=1e-8)
    for k in range(3):
        at = Profile(start.grid, flow.states["p"][k], flow.states["q"][k], n)
        np.testing.assert_allclose(at.scalar_curvature(), n * (n + 1) / radius[k] ** 2, rtol=1e-5)
    assert flow.end is End.singular
    assert flow.singular_time == pytest.approx(extinction, rel=1e-8)
    assert "vanishes" in flow.message


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_round_sphere_in_its_own_coordinates(n: int) -> None:
    """With q = 0, whose derivatives no step relative to q itself would find."""
    flow = rotational_flow(round_sphere(1.0, n=n, points=17), [0, 0.05, 0.1, 1])
    assert len(flow.times) < 60
    np.testing.assert_allclose(flow.measures["widest"] ** 2, 1 - 2 * n * flow.times, rtol=1e-6)
    assert flow.singular_time == pytest.approx(1 / (2 * n), rel=1e-8)


def rosenau_profile(t: float, points: int = 65) -> Profile:
    grid = Chebyshev(points)
    return Profile(grid, exact.rosenau(grid.one_minus_square, t), np.zeros(points), 1)


def test_rosenau_in_arclength() -> None:
    """On S^2 (n = 1): the equator's radius is sqrt(2 tanh(-t)), the curvature there and at the poles is known."""
    flow = rotational_flow(rosenau_profile(-1.0), [-1.0, -0.5, -0.1, 0.5], tolerance=1e-10)
    for t in (-0.5, -0.1):
        k = int(np.searchsorted(flow.times, t))
        assert flow.measures["widest"][k] == pytest.approx(math.sqrt(2 * math.tanh(-t)), rel=1e-8)
        at = Profile(Chebyshev(65), flow.states["p"][k], flow.states["q"][k], 1)
        # R = -d log u / dt: at the poles 2 coth(-2t), on the equator 2 / sinh(-2t)
        curvature = at.scalar_curvature()
        np.testing.assert_allclose(curvature[[0, -1]], 2 / math.tanh(-2 * t), rtol=1e-6)
        assert curvature.min() == pytest.approx(2 / math.sinh(-2 * t), rel=1e-6)
    assert flow.singular_time == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(np.diff(flow.measures["volume"]) / np.diff(flow.times), -4, rtol=1e-6)


def test_the_error_in_time_follows_the_tolerance() -> None:
    tolerances, errors = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8], []
    for tolerance in tolerances:
        flow = rotational_flow(rosenau_profile(-1.0, 49), [-1.0, -0.3], tolerance=tolerance)
        errors.append(abs(flow.measures["widest"][-1] / math.sqrt(2 * math.tanh(0.3)) - 1))
    assert np.polyfit(np.log(tolerances), np.log(errors), 1)[0] > 0.7
    assert errors[-1] < 1e-7


def test_the_neckpinch() -> None:
    flow = rotational_flow(dumbbell(0.3, points=97), [0, 1])
    assert flow.end is End.singular
    assert flow.singular_time is not None
    assert "the neck pinches" in flow.message
    left, neck = flow.singular_time - flow.times, flow.measures["neck"]
    late = (left < 3e-3) & (left > 1e-4)
    assert np.polyfit(np.log(left[late]), np.log(neck[late]), 1)[0] == pytest.approx(0.5, rel=0.02)
    ratio = neck / np.sqrt(2 * left)
    assert (np.diff(ratio[late]) > 0).all()  # towards one, with a correction of 1 / log
    assert 0.95 < ratio[late][-1] < 1
    assert flow.measures["widest"][-1] > 0.15  # the bells are still there


def test_a_wide_neck_opens() -> None:
    """A neck of 0.5 does not pinch: it is gone before the sphere, which vanishes as a round point."""
    flow = rotational_flow(dumbbell(0.5, points=65), [0, 1])
    assert flow.measures["neck"][0] == pytest.approx(0.5)
    assert flow.measures["neck"][-1] == 0
    assert flow.end is End.singular
    assert "the sphere vanishes" in flow.message
    k_0, k_1 = Profile(Chebyshev(65), flow.last["p"], flow.last["q"], 2).curvatures()
    np.testing.assert_allclose(k_0 / k_1, 1, atol=0.02)


def test_the_neckpinch_does_not_depend_on_the_grid() -> None:
    ends = [rotational_flow(dumbbell(0.3, points=points), [0, 0.06]) for points in (65, 97)]
    assert all(flow.end is End.reached for flow in ends)
    coarse, fine = (flow.measures["neck"][-1] for flow in ends)
    assert coarse == pytest.approx(fine, rel=1e-6)


def test_scaling() -> None:
    """g -> c g, t -> c t."""
    one = dumbbell(0.5, points=65)
    four = Profile(one.grid, 4 * one.p, 4 * one.q, 2)
    a = rotational_flow(one, [0, 0.05], every_step=False)
    b = rotational_flow(four, [0, 0.2], every_step=False)
    np.testing.assert_allclose(b.last["p"], 4 * a.last["p"], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dumbbell(0.0), "`neck` must be between 0 and 1"),
        (lambda: round_sphere(-1.0), "`radius` must be positive"),
        (lambda: Chebyshev(3), "at least 5"),
        (lambda: Profile(Chebyshev(5), np.ones(4), np.ones(5)), "each of the 5 points"),
        (lambda: Profile(Chebyshev(5), np.ones(5), -2 * np.ones(5)), r"at x = 6.1.* it is -1"),
        (lambda: Profile(Chebyshev(5), np.ones(5), np.ones(5), 0), "`n` must be"),
        (lambda: rotational_flow(dumbbell(0.01, points=33), [0, 1]), "give more points"),
    ],
)
def test_metrics_that_cannot_be_meant(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
