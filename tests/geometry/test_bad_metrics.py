"""What cannot be a metric is refused at the door, naming the entry."""

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import CoordinateMetric, HessianMetric, PullbackMetric

x, y = sp.symbols("x y", real=True)


@pytest.mark.parametrize(
    ("matrix", "coordinates", "message"),
    [
        ([[1, 0, 0], [0, 1, 0]], (x, y), "square matrix, got 2 x 3"),
        (sp.eye(3), (x, y), "2 x 2 for 2 coordinates, got 3 x 3"),
        ([[1, x], [y, 1]], (x, y), r"symmetric.*\[1, 0\]"),
        ([[x**2, x * y], [x * y, y**2]], (x, y), "det g is zero"),
        ([[1, 0], [0, 0.25 * x]], (x, y), r"\[1, 1\].*float 0.25.*1/4"),
        ([[1, 0], [0, sp.oo]], (x, y), "not finite"),
        ([[1, 0], [0, x > 0]], (x, y), "scalar expression"),
        ([[1, 0], [0, sp.Function("f")]], (x, y), r"\[1, 1\].*f is not applied"),
        ([[1, 0], [0, sp.Symbol("x")]], (x, y), r"\[1, 1\].*other assumptions"),
        (sp.eye(2), (x, x), "x appears more than once"),
        (sp.eye(2), (x, x + 1), "expected symbols"),
        ([], (), "at least one symbol"),
    ],
)
def test_matrix_is_refused(matrix, coordinates, message):
    with pytest.raises(InputError, match=message):
        CoordinateMetric(matrix, coordinates)


def test_not_a_hessian_names_the_entry():
    with pytest.raises(InputError, match=r"d g\[1, 1\]/dx != d g\[0, 1\]/dy"):
        HessianMetric.from_matrix(sp.diag(1, 1 + x**2), (x, y))


def test_hessian_matrix_is_recognised():
    potential = sp.exp(x * y) + x**4 + y**2
    christoffel = HessianMetric.from_matrix(sp.hessian(potential, (x, y)), (x, y)).christoffel(1)
    assert sp.expand(christoffel[0, 0, 1] - sp.diff(potential, x, x, y) / 2) == 0


def test_what_the_field_cannot_hold_is_named_with_its_entry():
    with pytest.raises(InputError, match=r"`matrix`\[0, 1\]: the field cannot hold gamma\(x\): .*arithmetic=\"sympy\""):
        CoordinateMetric([[2, sp.gamma(x)], [sp.gamma(x), 3]], (x, y))
    with pytest.raises(InputError, match=r"`embedding`\[2\]: the field cannot hold floor\(y\)"):
        PullbackMetric([x, y, sp.floor(y)], (x, y))


def test_text_is_no_chart():
    with pytest.raises(InputError, match=r'`coordinates`: expected symbols, got the text "x y"; use sympy\.symbols'):
        CoordinateMetric(sp.eye(2), "x y")  # pyright: ignore[reportArgumentType]


def test_too_few_components():
    with pytest.raises(InputError, match="1 components of 2 coordinates"):
        PullbackMetric([x * y], (x, y))


@pytest.mark.parametrize("kind", [0, 3, "second"])
def test_christoffel_kind(kind):
    with pytest.raises(InputError, match="`kind`"):
        CoordinateMetric(sp.eye(2), (x, y)).christoffel(kind)


def test_a_refused_argument_leaves_the_metric_as_it_was():
    metric = CoordinateMetric(sp.diag(1, 1 + x**2), (x, y))
    with pytest.raises(InputError, match="cannot hold"):
        metric.is_killing([sp.Abs(x), 1])
    assert metric.is_killing([0, 1])


def test_the_parameter_of_a_geodesic_is_told_from_a_coordinate_by_name():
    t = sp.Symbol("t", positive=True)
    with pytest.raises(InputError, match="`parameter`: t is used in the metric"):
        CoordinateMetric(sp.diag(1, t**2), (t, x)).geodesic_equations()


@pytest.mark.parametrize(
    "call",
    [
        lambda: CoordinateMetric([[1, "x***2"], [0, 1]], (x, y)),
        lambda: CoordinateMetric(sp.eye(1), x),
        lambda: PullbackMetric(3, (x,)),
        lambda: CoordinateMetric(sp.eye(2), (x, y)).covariant_derivative([x, y], 3),
        lambda: CoordinateMetric(sp.eye(2), (x, y)).is_killing(None),
        lambda: CoordinateMetric(sp.eye(2), (x, y)).covariant_derivative([[1, 2], [3]], "dd"),
    ],
)
def test_what_is_no_expression_is_one_line(call):
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
