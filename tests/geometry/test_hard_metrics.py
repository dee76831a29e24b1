"""Metrics that expression trees do not finish: known answers, exactly."""

import sympy as sp

from symgeo.geometry import CoordinateMetric, HessianMetric, RadialMetric

t, r, theta, phi, psi, M, a, b, Q = sp.symbols("t r theta phi psi M a b Q", positive=True)
Lambda = sp.Symbol("Lambda", real=True)


def test_rotating_charged_black_hole_with_cosmological_constant():
    """Kerr-Newman-de Sitter: R = 4 Lambda, and the traceless Ricci tensor has the square Q^4/sigma^4."""
    sigma, scale, s2 = r**2 + a**2 * sp.cos(theta) ** 2, 1 + Lambda * a**2 / 3, sp.sin(theta) ** 2
    delta_r = (r**2 + a**2) * (1 - Lambda * r**2 / 3) - 2 * M * r + Q**2
    delta_t = 1 + Lambda * a**2 * sp.cos(theta) ** 2 / 3
    first, second = sp.Matrix([1, 0, 0, -a * s2]), sp.Matrix([a, 0, 0, -(r**2 + a**2)])
    g = second * second.T * delta_t * s2 - first * first.T * delta_r
    g = g / (scale**2 * sigma) + sp.diag(0, sigma / delta_r, sigma / delta_t, 0)
    metric = CoordinateMetric(g, (t, r, theta, phi))
    assert metric.scalar_curvature() == 4 * Lambda
    tower, ring = metric.tower, metric.ring
    lam = ring.element(Lambda)
    mixed = [
        [
            ring.dot((tower.g_uu[i][k], tower.ricci_dd[k][j]) for k in range(4)) - (lam if i == j else ring.rational(0))
            for j in range(4)
        ]
        for i in range(4)
    ]
    square = [[ring.dot((mixed[i][k], mixed[k][j]) for k in range(4)) for j in range(4)] for i in range(4)]
    expected = ring.element(Q**4 / sigma**4)
    assert all(square[i][j] == (expected if i == j else ring.rational(0)) for i in range(4) for j in range(4))


def test_rotating_black_hole_in_five_dimensions():
    """Myers-Perry with two spins is Ricci flat."""
    c2, s2 = sp.cos(theta) ** 2, sp.sin(theta) ** 2
    sigma = r**2 + a**2 * c2 + b**2 * s2
    delta = (r**2 + a**2) * (r**2 + b**2) - M * r**2
    form = sp.Matrix([1, 0, 0, -a * s2, -b * c2])
    g = sp.diag(-1, r**2 * sigma / delta, sigma, (r**2 + a**2) * s2, (r**2 + b**2) * c2) + M / sigma * form * form.T
    metric = CoordinateMetric(g, (t, r, theta, phi, psi))
    assert metric.is_ricci_flat()
    assert not metric.is_flat()


def test_eight_sphere_in_angles():
    angles = sp.symbols("theta1:9", positive=True)
    metric = CoordinateMetric(sp.diag(*[sp.Mul(*[sp.sin(v) ** 2 for v in angles[:k]]) for k in range(8)]), angles)
    assert metric.scalar_curvature() == 56
    assert metric.is_einstein()


def test_wide_network_in_six_dimensions_equals_the_radial_formula():
    """g = exp(W(s)) (delta + 2 W'(s) x x^T), W undefined."""
    x = sp.symbols("x1:7", real=True)
    s, W = sp.Symbol("s"), sp.Function("W")
    radial = RadialMetric(sp.exp(W(s)), sp.diff(2 * sp.exp(W(s)), s), s, dimension=6)
    explicit = radial.explicit(x)
    difference = explicit.scalar_curvature() - radial.scalar_curvature().subs(s, sum(v**2 for v in x)).doit()
    ring = CoordinateMetric(sp.diag(*([1] * 5), 3 + difference), x).ring
    assert ring.decide_zero(ring.element(difference))


def test_symbolic_network_with_as_many_units_as_inputs_is_flat():
    """Exactly zero with four units of four symbolic weights and an undefined h = phi'^2."""
    x = sp.symbols("x1:5", real=True)
    h = sp.Function("h")
    W = sp.Matrix(4, 4, lambda j, i: sp.Symbol(f"w{j}{i}", real=True))
    z = [sum(W[j, i] * x[i] for i in range(4)) + sp.Symbol(f"b{j}", real=True) for j in range(4)]
    g = sp.Matrix(4, 4, lambda i, k: sum(h(z[j]) * W[j, i] * W[j, k] for j in range(4)))
    assert HessianMetric.from_matrix(g, x).is_flat()


def test_one_more_unit_is_not():
    x = sp.symbols("x1:3", real=True)
    h = sp.Function("h")
    W = sp.Matrix(3, 2, lambda j, i: sp.Symbol(f"w{j}{i}", real=True))
    z = [sum(W[j, i] * x[i] for i in range(2)) for j in range(3)]
    g = sp.Matrix(2, 2, lambda i, k: sum(h(z[j]) * W[j, i] * W[j, k] for j in range(3)))
    assert not HessianMetric.from_matrix(g, x).is_flat()
