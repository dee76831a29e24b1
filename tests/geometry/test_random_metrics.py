"""Random metrics in two to four dimensions: the engine's tensors at 50 digits against the definitions at a point.

The reference shares nothing with the engine but SymPy's derivative of an entry: it takes the 2-jet of the metric at a
point and works in numbers,

    R_abcd = (d_b d_c g_ad + d_a d_d g_bc - d_a d_c g_bd - d_b d_d g_ac) / 2
             + Gamma_e,bc Gamma^e_ad - Gamma_e,bd Gamma^e_ac
"""

from itertools import product

import mpmath as mp
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.geometry import CoordinateMetric
from symgeo.geometry.field import is_zero

X = sp.symbols("x y z w", real=True)
POINT = dict(zip(X, (sp.Rational(3, 7), sp.Rational(-5, 11), sp.Rational(2, 13), sp.Rational(1, 3)), strict=True))
DIGITS = 50

FAMILIES = {
    "rational": lambda u, v: 1 / (2 + u**2) + u * v,
    "trigonometric": lambda u, v: sp.sin(u) * sp.cos(v),
    "double angle": lambda u, v: sp.sin(2 * u) + sp.cos(v) ** 2,
    "exponential": lambda u, v: sp.exp(u + v) + sp.exp(2 * v) / 3,
    "algebraic": lambda u, v: sp.sqrt(2 + u**2) + u / (1 + v**2),
    "mixed": lambda u, v: sp.exp(u) * sp.cos(v) + sp.log(2 + u**2),
}


@st.composite
def metrics(draw, dimensions=(2, 3, 4)):
    """A diagonal with an entry of one family and a square in it, and a linear entry beside the diagonal."""
    d = draw(st.sampled_from(dimensions))
    entry = FAMILIES[draw(st.sampled_from(sorted(FAMILIES)))]
    coordinate = st.sampled_from(X[:d])
    g = sp.diag(*[draw(st.integers(3, 5)) for _ in range(d)])
    i, j = draw(st.permutations(range(d)))[:2]
    g[i, i] += entry(draw(coordinate), draw(coordinate)) / 4
    g[j, j] += draw(coordinate) ** 2
    i = draw(st.integers(1, d - 1))
    g[0, i] = g[i, 0] = sp.Rational(draw(st.integers(-2, 2)), 5) * draw(coordinate)
    return g, X[:d]


def numbers(expressions):
    """The values at POINT."""
    values = sp.lambdify(X, list(expressions), "mpmath", cse=True)
    return [mp.mpf(value) for value in values(*[mp.mpf(POINT[v].p) / POINT[v].q for v in X])]


def reference(g, x):
    """Gamma^c_ab, R_abcd, R_ab and R from the 2-jet of g at POINT."""
    size = range(len(x))

    def at_point(matrix):
        return mp.matrix(len(x), len(x)) + mp.matrix([numbers(row) for row in matrix.tolist()])

    g0, dg = at_point(g), [at_point(g.diff(v)) for v in x]
    ddg = [[at_point(g.diff(v, w)) for w in x] for v in x]
    inverse = g0**-1
    first = {(c, a, b): (dg[a][c, b] + dg[b][c, a] - dg[c][a, b]) / 2 for c, a, b in product(size, repeat=3)}
    second = {(c, a, b): mp.fsum(inverse[c, e] * first[e, a, b] for e in size) for c, a, b in product(size, repeat=3)}
    riemann = {
        (a, b, c, d): (ddg[b][c][a, d] + ddg[a][d][b, c] - ddg[a][c][b, d] - ddg[b][d][a, c]) / 2
        + mp.fsum(first[e, b, c] * second[e, a, d] - first[e, b, d] * second[e, a, c] for e in size)
        for a, b, c, d in product(size, repeat=4)
    }
    ricci = {
        (b, d): mp.fsum(inverse[a, c] * riemann[a, b, c, d] for a, c in product(size, repeat=2))
        for b, d in product(size, repeat=2)
    }
    scalar = mp.fsum(inverse[b, d] * ricci[b, d] for b, d in product(size, repeat=2))
    return [*second.values()], [*riemann.values()], [*ricci.values()], [scalar]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(metrics())
def test_every_tensor_equals_its_definition_at_a_point(built):
    g, x = built
    metric = CoordinateMetric(g, x)
    tensors = (metric.christoffel(), metric.riemann(), metric.ricci(), [metric.scalar_curvature()])
    with mp.workdps(DIGITS + 15):
        for tensor, expected in zip(tensors, reference(g, x), strict=True):
            entries = sp.flatten(tensor.tolist() if hasattr(tensor, "tolist") else tensor)
            for value, truth in zip(numbers(entries), expected, strict=True):
                assert abs(value - truth) < mp.mpf(10) ** -DIGITS


@settings(deadline=None, derandomize=True, max_examples=10)
@given(metrics(dimensions=(3,)))
def test_second_bianchi_identity_is_zero_in_the_field(built):
    """D_e R_abcd + D_c R_abde + D_d R_abec = 0, exactly."""
    g, x = built
    metric = CoordinateMetric(g, x)
    D = metric.covariant_derivative(metric.riemann(), "dddd")
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        assert is_zero(D[a, b, 0, 1, 2] + D[a, b, 1, 2, 0] + D[a, b, 2, 0, 1])
