"""Covariant and Lie derivatives, Killing vectors, geodesics, conformal changes, and the decisions."""

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import CoordinateMetric, HessianMetric

x, y = sp.symbols("x y", real=True)
theta, phi, r, t, M, a = sp.symbols("theta phi r t M a", positive=True)
SPHERE = CoordinateMetric(sp.diag(1, sp.sin(theta) ** 2), (theta, phi))


def kerr():
    sigma, delta, s2 = r**2 + a**2 * sp.cos(theta) ** 2, r**2 - 2 * M * r + a**2, sp.sin(theta) ** 2
    g = sp.diag(-(1 - 2 * M * r / sigma), sigma / delta, sigma, (r**2 + a**2 + 2 * M * a**2 * r * s2 / sigma) * s2)
    g[0, 3] = g[3, 0] = -2 * M * a * r * s2 / sigma
    return CoordinateMetric(g, (t, r, theta, phi))


def test_rotations_of_the_sphere_are_killing():
    assert SPHERE.is_killing([0, 1])
    assert SPHERE.is_killing([sp.sin(phi), sp.cos(phi) * sp.cot(theta)])
    assert not SPHERE.is_killing([1, 0])
    assert not SPHERE.is_killing([sp.sin(phi), sp.cos(phi) / theta])


def test_kerr_is_a_vacuum_with_two_symmetries():
    metric = kerr()
    assert metric.is_ricci_flat()
    assert metric.is_einstein()
    assert not metric.is_flat()
    assert metric.is_killing([1, 0, 0, 0])
    assert metric.is_killing([0, 0, 0, 1])
    assert not metric.is_killing([0, 0, 1, 0])
    c = a * sp.cos(theta)
    invariant = 48 * M**2 * (r**2 - c**2) * ((r**2 + c**2) ** 2 - 16 * r**2 * c**2) / (r**2 + c**2) ** 6
    assert sp.factor(metric.kretschmann() - invariant) == 0
    assert metric.weyl() == metric.riemann()


def test_lie_derivative_is_the_symmetrised_gradient():
    g = CoordinateMetric([[1 + y**2, x / 3], [x / 3, sp.exp(x)]], (x, y))
    v = [x * y, sp.sin(x)]
    lowered = list(g.matrix() * sp.Matrix(v))
    D = g.covariant_derivative(lowered, "d")
    lie = g.lie_derivative(v)
    assert all(sp.simplify(lie[i, j] - D[i, j] - D[j, i]) == 0 for i in range(2) for j in range(2))


def test_lie_derivative_of_a_vector_is_the_bracket():
    v, w = [x * y, sp.cos(y)], [y**2, x]
    flat = CoordinateMetric(sp.eye(2), (x, y))
    bracket = [
        sum(v[k] * sp.diff(w[i], (x, y)[k]) - w[k] * sp.diff(v[i], (x, y)[k]) for k in range(2)) for i in range(2)
    ]
    assert all(sp.expand(flat.lie_derivative(v, w, "u")[i] - bracket[i]) == 0 for i in range(2))


def test_covariant_derivatives_do_not_commute_by_riemann():
    """D_l D_k v^i - D_k D_l v^i = R^i_jlk v^j."""
    v = [sp.sin(phi), theta**2]
    first = SPHERE.covariant_derivative(v, "u")
    second = SPHERE.covariant_derivative(first, "ud")
    riemann = SPHERE.riemann("uddd")
    for i in range(2):
        commutator = second[i, 0, 1] - second[i, 1, 0]
        assert sp.simplify(commutator - sum(riemann[i, j, 1, 0] * v[j] for j in range(2))) == 0


def test_second_derivatives_of_an_undefined_function_of_any_order():
    f = sp.Function("f")
    metric = CoordinateMetric(sp.diag(1, f(x) ** 2), (x, y))
    gradient = metric.covariant_derivative(metric.scalar_curvature(), "")
    assert sp.simplify(gradient[0] + 2 * sp.diff(f(x).diff(x, 2) / f(x), x)) == 0
    assert not metric.is_einstein()


def test_geodesics_of_the_sphere():
    equations = SPHERE.geodesic_equations()
    s = sp.Symbol("t", real=True)
    angle, turn = sp.Function("theta", real=True)(s), sp.Function("phi", real=True)(s)
    assert sp.simplify(equations[0].rhs - sp.sin(angle) * sp.cos(angle) * turn.diff(s) ** 2) == 0
    assert sp.simplify(equations[1].rhs + 2 * sp.cot(angle) * angle.diff(s) * turn.diff(s)) == 0
    with pytest.raises(InputError, match="`parameter`"):
        SPHERE.geodesic_equations(theta)


def test_conformal_change_in_two_dimensions():
    """R[u g] = (R[g] - Lap log u)/u."""
    u = 1 + x**2 * y**2
    metric = CoordinateMetric(sp.eye(2), (x, y)).conformal(u)
    expected = -(sp.diff(sp.log(u), x, 2) + sp.diff(sp.log(u), y, 2)) / u
    assert sp.simplify(metric.scalar_curvature() - expected) == 0


def test_polar_coordinates_are_a_chart_of_the_plane():
    polar = CoordinateMetric(sp.eye(2), (x, y)).in_chart((r, phi), (r * sp.cos(phi), r * sp.sin(phi)))
    assert polar.is_flat()
    assert polar.determinant() == r**2
    assert polar.inverse()[1, 1] == 1 / r**2


def test_decisions_on_spheres_and_products():
    assert SPHERE.is_einstein()
    assert not SPHERE.is_ricci_flat()
    b, c = sp.symbols("b c", positive=True)
    product = CoordinateMetric(sp.diag(1, sp.sin(b) ** 2, 1, sp.sin(c) ** 2), (b, theta, c, phi))
    assert product.is_einstein()
    uneven = CoordinateMetric(sp.diag(1, sp.sin(b) ** 2, 4, 4 * sp.sin(c) ** 2), (b, theta, c, phi))
    assert not uneven.is_einstein()


def test_einstein_and_weyl_of_an_einstein_metric():
    g = CoordinateMetric(sp.diag(1, sp.sin(theta) ** 2, sp.sin(theta) ** 2 * sp.sin(phi) ** 2), (theta, phi, x))
    assert g.einstein() == (-g.matrix()).applyfunc(sp.factor)
    assert g.weyl().independent() == {}


def test_a_hessian_and_the_same_matrix_agree():
    psi = sp.exp(x + 2 * y) + sp.exp(y) + x**4 + x**2
    short, long = HessianMetric(psi, (x, y)), CoordinateMetric(sp.hessian(psi, (x, y)), (x, y))
    assert sp.simplify(short.scalar_curvature() - long.scalar_curvature()) == 0
    assert long.tower.is_hessian
    assert not SPHERE.tower.is_hessian


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SPHERE.covariant_derivative([1, 2, 3], "u"), "shape"),
        (lambda: SPHERE.covariant_derivative([1, 2], "x"), "`positions`"),
        (lambda: SPHERE.lie_derivative([1, 0.5]), "float"),
        (lambda: SPHERE.in_chart((x, y), [x]), "2 functions"),
        (lambda: SPHERE.riemann("ud"), "`positions`"),
        (lambda: SPHERE.in_chart((x, y), [x, x]), "det g is zero"),
        (lambda: CoordinateMetric(sp.eye(2), (x, y), arithmetic="magic"), "`arithmetic`"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(InputError, match=message):
        call()
