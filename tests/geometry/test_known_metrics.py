"""Metrics whose curvature is in every textbook."""

import pytest
import sympy as sp

from symgeo.geometry import CoordinateMetric, HessianMetric, PullbackMetric, RadialMetric

s = sp.Symbol("s", positive=True)


def zero(expression):
    return sp.simplify(expression) == 0


def all_zero(tensor):
    return all(zero(value) for value in sp.flatten(tensor.tolist()))


@pytest.mark.parametrize("d", [2, 3])
def test_paraboloid(d):
    """g = I + x x^T has K_rt = 1/(1+s)^2 and K_tt = 1/(1+s)."""
    x = sp.symbols(f"x1:{d + 1}", real=True)
    norm = sum(v**2 for v in x)
    expected = 2 * (d - 1) / (1 + norm) ** 2 + (d - 1) * (d - 2) / (1 + norm)
    explicit = CoordinateMetric(sp.eye(d) + sp.Matrix(x) * sp.Matrix(x).T, x)
    embedded = PullbackMetric([*x, norm / 2], x)
    radial = RadialMetric(1, 1, s, dimension=d)
    assert zero(explicit.scalar_curvature() - expected)
    assert zero(embedded.scalar_curvature() - expected)
    assert zero(radial.scalar_curvature().subs(s, norm) - expected)


@pytest.mark.parametrize("n", [2, 3])
def test_unit_sphere_has_curvature_n_times_n_minus_one(n):
    angles = sp.symbols(f"theta1:{n + 1}", positive=True)
    entries = [sp.Mul(*[sp.sin(t) ** 2 for t in angles[:k]]) for k in range(n)]
    metric = CoordinateMetric(sp.diag(*entries), angles)
    assert zero(metric.scalar_curvature() - n * (n - 1))
    assert all_zero(metric.ricci() - (n - 1) * metric.matrix())


def test_stereographic_sphere_and_poincare_ball_for_any_dimension():
    """4/(1 + k s)^2 delta has constant curvature k."""
    k = sp.Symbol("k", real=True)
    metric = RadialMetric(4 / (1 + k * s) ** 2, 0, s)
    d = metric.dimension
    assert zero(metric.scalar_curvature() - k * d * (d - 1))
    assert metric.sectional_curvatures() == (k, k)
    assert zero(metric.kretschmann() - 2 * k**2 * d * (d - 1))


def test_hyperbolic_half_space():
    x, y, z = sp.symbols("x y z", positive=True)
    metric = CoordinateMetric(sp.eye(3) / z**2, (x, y, z))
    assert zero(metric.scalar_curvature() + 6)
    assert zero(metric.kretschmann() - 12)


def test_friedmann_lemaitre_robertson_walker():
    t, r, theta, phi, k = sp.symbols("t r theta phi k", positive=True)
    a = sp.Function("a")(t)
    spatial = [a**2 / (1 - k * r**2), a**2 * r**2, a**2 * r**2 * sp.sin(theta) ** 2]
    metric = CoordinateMetric(sp.diag(-1, *spatial), (t, r, theta, phi))
    assert zero(metric.scalar_curvature() - 6 * (a.diff(t, 2) / a + a.diff(t) ** 2 / a**2 + k / a**2))
    assert zero(metric.einstein()[0, 0] - 3 * (a.diff(t) ** 2 + k) / a**2)
    assert all_zero(metric.weyl())


def test_schwarzschild_is_a_vacuum():
    t, r, theta, phi, M = sp.symbols("t r theta phi M", positive=True)
    f = 1 - 2 * M / r
    metric = CoordinateMetric(sp.diag(-f, 1 / f, r**2, r**2 * sp.sin(theta) ** 2), (t, r, theta, phi))
    assert all_zero(metric.ricci())
    assert zero(metric.kretschmann() - 48 * M**2 / r**6)
    assert zero(metric.christoffel()[0, 0, 1] - M / (r * (r - 2 * M)))
    assert zero(metric.riemann()[0, 1, 0, 1] + 2 * M / r**3)


def test_a_hessian_with_d_units_in_d_dimensions_is_flat():
    x, y, a, b = sp.symbols("x y a b", real=True)
    metric = HessianMetric(sp.exp(x + a * y) + sp.exp(b * x - y), (x, y))
    assert metric.is_flat()
    assert zero(metric.scalar_curvature())


def test_volume_element_knows_its_sign():
    r, theta = sp.symbols("r theta", positive=True)
    assert PullbackMetric([r * sp.cos(theta), r * sp.sin(theta)], (r, theta)).volume_element().simplify() == r
    assert CoordinateMetric(sp.diag(-1, r**2), (theta, r)).volume_element() == r
    assert CoordinateMetric(sp.diag(1, sp.sin(theta)), (r, theta)).volume_element() == sp.sqrt(sp.Abs(sp.sin(theta)))
