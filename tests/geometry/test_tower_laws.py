"""Laws of the tensor tower over a family of random metrics: rational, trigonometric, exponential, algebraic."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.geometry import CoordinateMetric

X = sp.symbols("x y z w", real=True)
c = sp.Symbol("c", positive=True)
POINT = dict(
    zip(
        (*X, c),
        (sp.Rational(3, 7), sp.Rational(-5, 11), sp.Rational(2, 13), sp.Rational(1, 3), sp.Rational(4, 5)),
        strict=True,
    )
)
PRECISION = 50

FAMILIES = {
    "rational": lambda u, v: 1 / (2 + u**2) + u * v,
    "trigonometric": lambda u, v: sp.sin(u) * sp.cos(v) + sp.sin(2 * u),
    "exponential": lambda u, v: sp.exp(u + v) + sp.exp(2 * v) / 3,
    "algebraic": lambda u, v: sp.sqrt(2 + u**2) + u / (1 + v**2),
    "mixed": lambda u, v: sp.exp(u) * sp.cos(v) + sp.log(2 + u**2),
}
small = st.integers(-2, 2)


@st.composite
def metrics(draw, dimensions=(2, 3)):
    """A metric near a positive diagonal, one off-diagonal entry, each entry from one family."""
    d = draw(st.sampled_from(dimensions))
    entry = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    x = X[:d]
    g = sp.zeros(d)
    for i in range(d):
        g[i, i] = draw(st.integers(3, 5)) + entry(x[draw(st.integers(0, d - 1))], x[draw(st.integers(0, d - 1))]) / 4
    i = draw(st.integers(1, d - 1))
    g[0, i] = g[i, 0] = draw(small) * x[draw(st.integers(0, d - 1))] / 5
    return g, x


def number(expression):
    return sp.N(expression.subs(POINT), PRECISION + 10)


def vanishes(expression):
    return abs(number(expression)) < sp.Float(10, 60) ** -PRECISION


def engine_against_generic(g, x):
    fast, generic = CoordinateMetric(g, x), CoordinateMetric(g, x, arithmetic="sympy")
    assert vanishes(fast.scalar_curvature() - generic.scalar_curvature())
    for mine, theirs in ((fast.christoffel(), generic.christoffel()), (fast.riemann(), generic.riemann())):
        assert all(vanishes(a - b) for a, b in zip(sp.flatten(mine.tolist()), sp.flatten(theirs.tolist()), strict=True))


@settings(deadline=None, derandomize=True, max_examples=12)
@given(metrics(dimensions=(2,)))
def test_engine_equals_the_generic_tower(built):
    engine_against_generic(*built)


@settings(deadline=None, derandomize=True, max_examples=12)
@given(metrics(dimensions=(2, 3, 4)))
def test_symmetries_bianchi_and_compatibility(built):
    """Exactly, in the field: R_abcd's symmetries from its definition, the first Bianchi identity, D g = 0."""
    g, x = built
    metric = CoordinateMetric(g, x)
    tower, size = metric.tower, metric.tower.indices
    for a, b, k, d in [(0, 1, 0, 1), (0, 1, *(sorted({0, len(x) - 1})))][: 2 if len(x) > 2 else 1]:
        assert not tower.riemann_component(a, b, k, d) + tower.riemann_component(b, a, k, d)
        assert not tower.riemann_component(a, b, k, d) - tower.riemann_component(k, d, a, b)
    if len(x) == 4:
        cycle = (
            tower.riemann_component(0, 1, 2, 3)
            + tower.riemann_component(0, 2, 3, 1)
            + tower.riemann_component(0, 3, 1, 2)
        )
        assert not cycle
        assert not tower.riemann_pairs[(0, 3), (1, 2)] - tower.riemann_component(0, 3, 1, 2)
    assert all(value == 0 for value in sp.flatten(metric.covariant_derivative(g, "dd").tolist()))
    assert all(not tower.gamma_udd[r][a][b] - tower.gamma_udd[r][b][a] for r in size for a in size for b in size)


X0, X1, X2 = X[:3]


THREE = [
    [[2 + X0**2, X1, 0], [X1, 3 + X2**2, 0], [0, 0, 1 + X0**2 * X1**2]],
    [[1, 0, sp.sin(X1)], [0, sp.exp(X0), 0], [sp.sin(X1), 0, 2 + sp.cos(X1) ** 2]],
    [[sp.sqrt(1 + X0**2), 0, 0], [0, 1 + X2**2, 0], [0, 0, sp.exp(X1 + X0)]],
]
FOUR = [
    sp.diag(1 + X1**2, 2 + sp.sin(X0), sp.exp(X[3]), 1 + X2**2),
    sp.diag(1, 1 + X0**2, 1 + X0**2 * X1**2, sp.sqrt(1 + X2**2)),
]


@pytest.mark.parametrize("g", [*THREE, *FOUR])
def test_engine_equals_the_generic_tower_in_higher_dimensions(g):
    engine_against_generic(g, X[: sp.Matrix(g).rows])


@pytest.mark.parametrize("g", THREE)
def test_second_bianchi_identity(g):
    """D_e R_abcd + D_c R_abde + D_d R_abec = 0."""
    metric = CoordinateMetric(g, X[:3])
    D = metric.covariant_derivative(metric.riemann(), "dddd")
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert vanishes(D[a, b, 0, 1, 2] + D[a, b, 1, 2, 0] + D[a, b, 2, 0, 1])


@settings(deadline=None, derandomize=True, max_examples=8)
@given(metrics(dimensions=(2,)), small, small)
def test_scalar_curvature_is_invariant_under_a_change_of_chart(built, i, j):
    g, x = built
    metric = CoordinateMetric(g, x)
    new = sp.symbols("u1:5", real=True)[: len(x)]
    old = [v + sp.Rational(i, 7) * new[0] ** 2 for v in new[1:]]
    old = [new[0] + sp.Rational(j, 5) * old[0], *old]
    moved = metric.in_chart(new, old)
    at = {v: sp.Rational(k + 1, 9) for k, v in enumerate(new)}
    there = {a: b.subs(at) for a, b in zip(x, old, strict=True)}
    difference = sp.N(moved.scalar_curvature().subs(at) - metric.scalar_curvature().subs(there), PRECISION + 10)
    assert abs(difference) < sp.Float(10, 60) ** -PRECISION


@settings(deadline=None, derandomize=True, max_examples=5)
@given(metrics())
def test_a_constant_factor_divides_the_curvature(built):
    g, x = built
    R = CoordinateMetric(g, x).scalar_curvature()
    scaled = CoordinateMetric(g, x).conformal(c)
    assert vanishes(scaled.scalar_curvature() * c - R)


@pytest.mark.parametrize(
    ("metric", "ranges", "euler"),
    [
        (lambda u, v: sp.diag(1, sp.sin(u) ** 2), ((0, sp.pi), (0, 2 * sp.pi)), 2),
        (lambda u, v: sp.diag(1, (3 + sp.cos(u)) ** 2), ((0, 2 * sp.pi), (0, 2 * sp.pi)), 0),
        # a spheroid with semi-axes 1, 1, 2
        (lambda u, v: sp.diag(sp.cos(u) ** 2 + 4 * sp.sin(u) ** 2, sp.sin(u) ** 2), ((0, sp.pi), (0, 2 * sp.pi)), 2),
    ],
)
def test_gauss_bonnet(metric, ranges, euler):
    u, v = sp.symbols("u v", positive=True)
    surface = CoordinateMetric(metric(u, v), (u, v))
    density = surface.scalar_curvature() / 2 * surface.volume_element()
    inner = sp.Integral(density, (u, *ranges[0])).evalf(20)
    total = inner * (ranges[1][1] - ranges[1][0])
    assert abs(sp.N(total - 2 * sp.pi * euler, 20)) < sp.Float("1e-12")
