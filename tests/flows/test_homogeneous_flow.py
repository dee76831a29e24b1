"""Homogeneous Ricci flows from generated kernels, against exact solutions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo
from symgeo.errors import InputError
from symgeo.flows import End, Family, exact, homogeneous_flow
from tests.flows.families import family


@pytest.mark.parametrize("n", [2, 3, 6])
def test_spheres_and_hyperbolic_spaces(n: int) -> None:
    times = [0, 0.1, 0.2, 9.0]
    sphere = homogeneous_flow(family("sphere", n), {"rho": 4.0}, times)
    expected = [r for t in times if (r := exact.sphere_radius_squared(t, n, 2.0)) > 0]
    np.testing.assert_allclose(sphere.states["parameters"][: len(expected), 0], expected, rtol=1e-11)
    assert sphere.end is End.singular
    assert sphere.singular_time == pytest.approx(2 / (n - 1), rel=1e-10)
    np.testing.assert_allclose(
        sphere.measures["scalar_curvature"], n * (n - 1) / sphere.states["parameters"][:, 0], rtol=1e-12
    )
    hyperbolic = homogeneous_flow(family("hyperbolic", n), {"rho": 4.0}, times)
    np.testing.assert_allclose(
        hyperbolic.states["parameters"][:, 0],
        exact.hyperbolic_radius_squared(np.array(times), n, 2.0),
        rtol=1e-11,
    )


def test_products_flow_factor_by_factor() -> None:
    flow = homogeneous_flow(family("product"), {"a": 1.0, "b": 2.0}, [0, 0.2, 0.4, 1])
    t = flow.times[:3]
    np.testing.assert_allclose(flow.states["parameters"][:3], np.stack([1 - 2 * t, 2 + 2 * t], 1), rtol=1e-11)
    assert flow.singular_time == pytest.approx(0.5, rel=1e-10)


def test_nil_sol_and_the_warped_product() -> None:
    """Nil: with k = 1 + 3 t c/(ab), a and b grow as k^(1/3), c falls as k^(-1/3); Sol: c grows by 4 t."""
    nil = homogeneous_flow(family("nil"), {"a": 1.0, "b": 2.0, "c": 3.0}, [0, 1, 5])
    k = (1 + 4.5 * nil.times) ** (1 / 3)
    np.testing.assert_allclose(nil.states["parameters"], np.stack([k, 2 * k, 3 / k], 1), rtol=1e-10)
    sol = homogeneous_flow(family("sol"), {"a": 1.0, "b": 2.0, "c": 3.0}, [0, 1, 5])
    np.testing.assert_allclose(sol.states["parameters"][-1], [1, 2, 23], rtol=1e-11)
    warped = homogeneous_flow(family("warped"), {"a": 1.0, "b": 2.0}, [0, 1])
    np.testing.assert_allclose(warped.states["parameters"][-1], [7, 14], rtol=1e-11)


def test_the_order_of_convergence() -> None:
    """The error in a Bianchi IX flow falls with the tolerance, down to 1e-10 against a tighter run."""
    start, times = {"a": 1.0, "b": 2.0, "c": 3.0}, [0, 1.0]
    best = homogeneous_flow(family("bianchi_ix"), start, times, tolerance=1e-13).last["parameters"]
    tolerances = [1e-4, 1e-6, 1e-8, 1e-10]
    errors = [
        np.abs(homogeneous_flow(family("bianchi_ix"), start, times, tolerance=h).last["parameters"] / best - 1).max()
        for h in tolerances
    ]
    assert np.polyfit(np.log(tolerances), np.log(errors), 1)[0] > 0.7
    assert errors[-1] < 1e-8


@given(st.floats(0.3, 3), st.floats(0.3, 3), st.floats(0.3, 3))
@settings(deadline=None, derandomize=True, max_examples=4)
def test_bianchi_ix_becomes_round(a: float, b: float, c: float) -> None:
    """Hamilton 1982: positive Ricci curvature or not, left-invariant metrics of SU(2) shrink to a round point."""
    flow = homogeneous_flow(family("bianchi_ix"), {"a": a, "b": b, "c": c}, [0, 50], every_step=True)
    assert flow.end is End.singular
    last = flow.last["parameters"]
    assert np.ptp(last) / last.max() < 1e-3
    # the order a < b < c is kept
    order = np.argsort(flow.states["parameters"][0], kind="stable")
    assert (np.diff(flow.states["parameters"][:, order], axis=1) > -1e-9).all()


def test_the_volume_falls_at_the_rate_of_the_scalar_curvature() -> None:
    """d log sqrt det g / dt = -R: a central difference is off by order 2 in the step."""
    steps, errors = [4e-3, 2e-3, 1e-3], []
    for h in steps:
        flow = homogeneous_flow(family("bianchi_ix"), {"a": 1.0, "b": 2.0, "c": 3.0}, [0, h, 2 * h])
        log_volume = np.log(flow.measures["volume"])
        rate = (log_volume[2] - log_volume[0]) / (2 * h)
        errors.append(abs(rate + flow.measures["scalar_curvature"][1]))
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(2, abs=0.05)


def test_the_unit_three_sphere_is_a_quarter() -> None:
    flow = homogeneous_flow(family("bianchi_ix"), {"a": 0.25, "b": 0.25, "c": 0.25}, [0, 0.1])
    np.testing.assert_allclose(4 * flow.states["parameters"][-1], exact.sphere_radius_squared(0.1, 3), rtol=1e-11)
    assert flow.measures["scalar_curvature"][0] == pytest.approx(6, rel=1e-13)


def test_kernels_of_ones_own() -> None:
    """S^2 x S^3 in four lines."""
    a, b, u, v, w, x, y = sp.symbols("a b u v w x y", positive=True)
    sphere = [b, b * sp.sin(w) ** 2, b * sp.sin(w) ** 2 * sp.sin(x) ** 2]
    metric = symgeo.CoordinateMetric(sp.diag(a, a * sp.sin(u) ** 2, *sphere), (u, v, w, x, y))
    own = Family(symgeo.generate(metric.matrix), symgeo.generate(metric.ricci), np.full(5, math.pi / 2), ("a", "b"))
    flow = homogeneous_flow(own, {"a": 1.0, "b": 1.0}, [0, 0.1, 1])
    np.testing.assert_allclose(flow.states["parameters"][1], [1 - 0.2, 1 - 0.4], rtol=1e-11)
    assert flow.singular_time == pytest.approx(0.25, rel=1e-9)


def test_families_that_cannot_be_meant() -> None:
    a, x, y, z = sp.symbols("a x y z", positive=True)

    def made(entries: list) -> Family:
        metric = symgeo.CoordinateMetric(sp.diag(*entries), (x, y, z))
        return Family(symgeo.generate(metric.matrix), symgeo.generate(metric.ricci), np.ones(3), ("a",))

    with pytest.raises(InputError, match="linear in the parameters"):
        homogeneous_flow(made([a**2, a**2 * sp.sinh(x) ** 2, a]), {"a": 1.0}, [0, 1])
    with pytest.raises(InputError, match="leaves the family"):
        homogeneous_flow(made([a, a * sp.cosh(x) ** 2, a]), {"a": 1.0}, [0, 1])
    with pytest.raises(InputError, match="must give rho, not radius"):
        homogeneous_flow(family("sphere"), {"radius": 1.0}, [0, 1])
    with pytest.raises(InputError, match="makes no metric: rho = -1"):
        homogeneous_flow(family("sphere"), {"rho": -1.0}, [0, 1])
