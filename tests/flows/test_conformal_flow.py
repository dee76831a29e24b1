"""Conformal Ricci flow on the torus and on the sphere against exact solutions, and its laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError
from symgeo.flows import FlatTorus, RoundSphere, conformal_flow, exact
from symgeo.flows.conformal import _Stepping, conformal_curvature
from symgeo.flows.exponential import phi
from symgeo.flows.trajectory import End


def mode_at(surface: FlatTorus, t: float, start: float = 1.0) -> np.ndarray:
    x, y = surface.points()
    return exact.torus_mode(x + y, t, wavenumber_squared=2.0, flat=1.3, start=start)


def rosenau_at(surface: RoundSphere, t: float) -> np.ndarray:
    """With its axis along x, so that the solution depends on the longitude."""
    theta, phi_ = surface.points()
    return exact.rosenau(1 - (np.sin(theta) * np.cos(phi_)) ** 2, t)


def slope(sizes: list[float], errors: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


def test_the_torus_mode() -> None:
    surface = FlatTorus(64)
    flow = conformal_flow(surface, mode_at(surface, 0), [0, 0.05, 0.4])
    for t, u in zip(flow.times, flow.states["u"], strict=True):
        np.testing.assert_allclose(u, mode_at(surface, t), rtol=1e-8)
    assert flow.end is End.reached
    assert np.ptp(flow.measures["area"]) < 1e-12


def test_convergence_in_space_is_exponential() -> None:
    """u is analytic in a strip of half-width T_0 about the real axis: the error falls as e^{-T_0 N / 2} or faster."""
    errors = []
    for points in (12, 16, 20, 24):
        surface = FlatTorus(points)
        y = surface.analysis(mode_at(surface, 0, 2.0))
        stepper = _Stepping(surface)(y)
        for k in range(40):
            y = stepper.step(k / 800, y, 1 / 800)
        errors.append(np.abs(surface.synthesis(y) / mode_at(surface, 0.05, 2.0) - 1).max())
    decrease = np.polyfit([12, 16, 20, 24], np.log(errors), 1)[0]
    assert decrease < -0.9
    assert errors[-1] < 1e-9


@pytest.mark.parametrize("made", [FlatTorus(32), RoundSphere(16)])
def test_the_order_in_time_is_four(made: FlatTorus | RoundSphere) -> None:
    def at(t: float) -> np.ndarray:
        return mode_at(made, t, 2.0) if isinstance(made, FlatTorus) else rosenau_at(made, t - 0.6)

    steps = [0.02, 0.01, 0.005, 0.0025]
    errors = []
    for h in steps:
        y = made.analysis(at(0.0))
        stepper = _Stepping(made)(y)
        for k in range(round(0.2 / h)):
            y = stepper.step(k * h, y, h)
        errors.append(np.abs(made.synthesis(y) - at(0.2)).max())
    assert slope(steps, errors) == pytest.approx(4, abs=0.35)


def test_rosenau_and_its_extinction() -> None:
    surface = RoundSphere(32)
    flow = conformal_flow(surface, rosenau_at(surface, -1.0), [-1.0, -0.5, -0.1, 0.2], every_step=True)
    for t in (-0.5, -0.1):
        u = flow.states["u"][np.searchsorted(flow.times, t)]
        np.testing.assert_allclose(u, rosenau_at(surface, t), rtol=1e-7)
    assert flow.end is End.singular
    assert "vanishes at t" in flow.message
    assert flow.singular_time == pytest.approx(0, abs=1e-9)
    assert flow.times[-1] == pytest.approx(0, abs=1e-4)
    # dA/dt = -4 pi chi, and the round point: R (T - t) -> 1
    area = flow.measures["area"]
    np.testing.assert_allclose(np.diff(area) / np.diff(flow.times), -8 * math.pi, rtol=1e-6)
    np.testing.assert_allclose(flow.measures["total_curvature"], 8 * math.pi, rtol=1e-9)
    np.testing.assert_allclose(-flow.measures["max_curvature"][-1] * flow.times[-1], 1, rtol=1e-4)


def test_a_round_sphere_stays_round() -> None:
    surface = RoundSphere(4)
    flow = conformal_flow(surface, np.full(surface.shape, 2.0), [0, 0.3, 0.7])
    for t, u in zip(flow.times, flow.states["u"], strict=True):
        np.testing.assert_allclose(u, exact.sphere_radius_squared(t, 2, math.sqrt(2)), rtol=1e-12)


@given(st.integers(0, 1000), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=6)
def test_laws(seed: int, torus: bool) -> None:
    """dA/dt = -4 pi chi; int R dA = 4 pi chi; on the torus max R falls and min R rises (maximum principle)."""
    surface = FlatTorus(32) if torus else RoundSphere(16)
    random = np.random.default_rng(seed)
    rough = surface.synthesis(surface.analysis(random.normal(size=surface.shape)) * np.exp(surface.eigenvalues / 2))
    u = np.exp(0.5 * rough / np.abs(rough).max())
    times = np.linspace(0, 0.05, 6)
    flow = conformal_flow(surface, u, times, tolerance=1e-10)
    area = flow.measures["area"]
    np.testing.assert_allclose(area, area[0] - 4 * math.pi * surface.euler * times, rtol=1e-9)
    np.testing.assert_allclose(flow.measures["total_curvature"], 4 * math.pi * surface.euler, atol=1e-6)
    # R_t = Lap R + R^2: min R never falls
    assert (np.diff(flow.measures["min_curvature"]) > 0).all()


def test_curvature_of_a_factor_of_one_variable() -> None:
    """R = -(log u)'' / u, for u = 1 / (3 - 2 cos x) by hand."""
    surface = FlatTorus(64)
    x, _ = surface.points()
    s = 2 - 2 * np.cos(x)
    expected = (2 * np.cos(x) * (1 + s) - 4 * np.sin(x) ** 2) / (1 + s)
    np.testing.assert_allclose(conformal_curvature(surface, 1 / (1 + s)), expected, atol=1e-9)


@given(st.floats(-700, 0))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_phi_functions(z: float) -> None:
    import mpmath

    with mpmath.workdps(40):
        x = mpmath.mpf(z) if abs(z) > 1e-8 else mpmath.mpf(-(10**-8))
        one = mpmath.expm1(x) / x
        two = (one - 1) / x
        three = (two - mpmath.mpf(1) / 2) / x
    for got, want in zip(phi(np.array(float(x))), (one, two, three), strict=True):
        assert float(got) == pytest.approx(float(want), rel=5e-15)


def test_harmonics_against_scipy() -> None:
    from scipy.special import sph_harm_y

    surface = RoundSphere(8)
    theta, longitude = surface.points()
    for l, m in ((3, 0), (5, 2), (8, 8)):
        values = sph_harm_y(l, m, theta, longitude).real
        np.testing.assert_allclose(surface.laplacian(values), -l * (l + 1) * values, atol=1e-12)
        assert surface.integral(values**2) == pytest.approx(1 if m == 0 else 0.5, rel=1e-13)
        np.testing.assert_allclose(surface.synthesis(surface.analysis(values)), values, atol=1e-13)


def test_ctrl_c_keeps_what_was_computed() -> None:
    surface = FlatTorus(16)

    def stop(t: float, measures: object) -> None:
        if t > 0.1:
            raise KeyboardInterrupt

    flow = conformal_flow(surface, mode_at(surface, 0, 3.0), np.linspace(0, 1, 21), progress=stop)
    assert flow.end is End.interrupted
    assert flow.times[-1] == pytest.approx(0.15)
    assert np.isfinite(flow.last["u"]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FlatTorus(5), "even numbers"),
        (lambda: FlatTorus(8, (1.0, 0.0)), "positive lengths"),
        (lambda: RoundSphere(1), "at least 2"),
        (lambda: conformal_flow(FlatTorus(8), np.ones((8, 4)), [0, 1]), "the grid's shape"),
        (lambda: conformal_flow(FlatTorus(8), -np.ones((8, 8)), [0, 1]), r"at grid point \(0, 0\) it is -1"),
        (lambda: conformal_flow(FlatTorus(8), mode_at(FlatTorus(8), 0), [0, 1]), "give more points"),
        (lambda: conformal_flow(FlatTorus(8), np.ones((8, 8)), [1, 0]), "increasing times"),
        (lambda: conformal_flow(FlatTorus(8), np.ones((8, 8)), [0, 1], tolerance=0), "between 0 and 1"),
    ],
)
def test_flows_that_cannot_be_meant(make, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
