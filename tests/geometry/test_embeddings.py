"""Embedded surfaces: Gauss equation, second fundamental form, mean and normal curvature."""

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import CoordinateMetric, PullbackMetric

u, v, r = sp.symbols("u v r", positive=True)
x, y = sp.symbols("x y", real=True)
sin, cos = sp.sin, sp.cos


def test_sphere_has_mean_curvature_one_over_r():
    sphere = PullbackMetric([r * sin(u) * cos(v), r * sin(u) * sin(v), r * cos(u)], (u, v))
    assert sphere.scalar_curvature() == 2 / r**2
    H = sphere.mean_curvature_vector()
    assert sp.simplify((H.T * H)[0] - 1 / r**2) == 0
    assert sp.simplify(H + sp.Matrix(sphere.embedding) / r**2) == sp.zeros(3, 1)
    assert sp.simplify(abs(sphere.mean_curvature().subs({u: 1, v: 1})) - 1 / r) == 0
    assert sp.simplify(sphere.normal_curvature([1, 2]) - sphere.mean_curvature()) == 0


def test_catenoid_is_minimal():
    catenoid = PullbackMetric([sp.cosh(x) * cos(y), sp.cosh(x) * sin(y), x], (x, y))
    assert catenoid.mean_curvature_vector() == sp.zeros(3, 1)
    assert catenoid.scalar_curvature() == -2 / sp.cosh(x) ** 4


def test_second_fundamental_form_is_normal():
    surface = PullbackMetric([x, y, x**2 * y, sp.exp(x) + y**2], (x, y))
    form = surface.second_fundamental_form()
    J = sp.Matrix([[sp.diff(f, c) for c in (x, y)] for f in surface.embedding])
    for a, b in ((0, 0), (0, 1), (1, 1)):
        normal = sp.Matrix([form[i, a, b] for i in range(4)])
        assert sp.simplify(J.T * normal) == sp.zeros(2, 1)


@pytest.mark.parametrize(
    ("embedding", "coordinates"),
    [([x, y, x**2 + y**3, sin(x * y)], (x, y)), ([u * cos(v), u * sin(v), sp.log(u), v], (u, v))],
)
def test_gauss_equation_equals_the_intrinsic_tower(embedding, coordinates):
    outer = PullbackMetric(embedding, coordinates)
    inner = CoordinateMetric(outer.matrix(), coordinates)
    assert sp.simplify(outer.scalar_curvature() - inner.scalar_curvature()) == 0


def test_a_curved_target():
    """The equator of S^3 is a totally geodesic S^2; a smaller latitude is not."""
    a, b, c = sp.symbols("a b c", positive=True)
    three = CoordinateMetric(sp.diag(1, sin(a) ** 2, sin(a) ** 2 * sin(b) ** 2), (a, b, c))
    equator = PullbackMetric([sp.pi / 2, u, v], (u, v), ambient=three)
    assert equator.scalar_curvature() == 2
    assert all(value == 0 for value in sp.flatten(equator.second_fundamental_form().tolist()))
    latitude = PullbackMetric([sp.pi / 3, u, v], (u, v), ambient=three)
    assert latitude.scalar_curvature() == sp.Rational(8, 3)
    assert latitude.mean_curvature_vector()[0] == -1 / sp.sqrt(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PullbackMetric([x, y, x, y], (x, y)).normal(), "`normal`"),
        (lambda: PullbackMetric([x, x, x], (x, y)), "det g is zero"),
        (lambda: PullbackMetric([x, y], (x, y), ambient=CoordinateMetric(sp.eye(3), (u, v, r))), "`ambient`"),
        (lambda: PullbackMetric([x, y, x * y], (x, y)).normal_curvature([1]), "`direction`"),
    ],
)
def test_bad_embedding(call, message):
    with pytest.raises(InputError, match=message):
        call()
