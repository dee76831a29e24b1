"""Closed Gaussian expectations: known ones, random compositions against quadrature, and what is refused."""

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError
from symgeo.gaussian import closed_expectation

z = sp.Symbol("z", real=True)
v = sp.Symbol("v", positive=True)
Q = sp.Rational
CDF = (1 + sp.erf(z / sp.sqrt(2))) / 2
STEPS = ["mpmath", {"Heaviside": lambda t, *_: mp.mpf(t > 0), "erfi": mp.erfi}]


def integral(f, variance, kinks=()):
    """E[f] at 30 digits by tanh-sinh quadrature between the kinks, with its error estimate, and E|f| roughly."""
    function = sp.lambdify(z, f, STEPS)
    with mp.workdps(40):
        variance = mp.mpf(variance.p) / variance.q
        reach = 14 * mp.sqrt(variance) + 12 * max(variance, 1)
        ends = sorted({mp.mpf(k.p) / k.q for k in kinks} | {reach * k / 4 for k in range(-4, 5)})
        return mp.quad(lambda t: function(t) * mp.npdf(t, 0, mp.sqrt(variance)), ends, error=True)


def agrees(f, variance, kinks=()):
    closed = closed_expectation(f, z, v)
    assert closed is not None, f
    value, error = integral(f, variance, kinks)
    with mp.workdps(40):
        here = mp.mpmathify(sp.N(closed.subs(v, variance), 40))
        # Exponentials make integrands of size up to e^20, which lose as many digits in the sum.
        assert abs(here - value) <= 100 * error + mp.mpf(10) ** -22 * max(1, abs(value)), (f, closed)


@pytest.mark.parametrize(
    ("f", "known"),
    [
        (z**6, 15 * v**3),
        (sp.exp(2 * z), sp.exp(2 * v)),
        (sp.cos(z) ** 2, (1 + sp.exp(-2 * v)) / 2),
        (sp.erf(z / sp.sqrt(2)) ** 2, 2 * sp.asin(v / (1 + v)) / sp.pi),
        (CDF**2, Q(1, 4) + sp.asin(v / (1 + v)) / (2 * sp.pi)),
        (z**2 * sp.Heaviside(z), v / 2),
        (sp.Abs(z), sp.sqrt(2 * v / sp.pi)),
        (sp.Max(z, 0) ** 4, 3 * v**2 / 2),
        (sp.sign(z) * sp.erf(z), 2 * sp.asin(sp.sqrt(2) * sp.sqrt(v) / sp.sqrt(2 * v + 1)) / sp.pi),
        (z**3 * sp.cos(z), sp.S.Zero),
        (sp.erf(z - 1), -sp.erf(1 / sp.sqrt(1 + 2 * v))),
    ],
)
def test_known_expectations(f, known):
    assert sp.simplify(closed_expectation(f, z, v) - known) == 0


def test_results_are_gathered():
    slope = sp.diff(z * sp.exp(-(z**2)), z)
    assert closed_expectation(slope**2, z, v) == (12 * v**2 + 4 * v + 1) / (4 * v + 1) ** Q(5, 2)
    cubed = closed_expectation(sp.diff(sp.sin(z) ** 3, z) ** 2, z, v)
    assert cubed == Q(9, 16) - 9 * sp.exp(-2 * v) / 32 - 9 * sp.exp(-8 * v) / 16 + 9 * sp.exp(-18 * v) / 32


@pytest.mark.parametrize(
    ("f", "kinks"),
    [
        (z**2 * sp.sin(z**2 + z), ()),
        (sp.erf(z) * sp.sin(z), ()),
        (z * sp.erf(z) ** 3, ()),
        (z * sp.exp(-(z**2) + z) * sp.erf(2 * z - 1), ()),
        (sp.Max(-1, sp.Min(1, z)) ** 2, (Q(-1), Q(1))),
        (z**2 * sp.sign(z - 1) * sp.sign(z + 2), (Q(1), Q(-2))),
        (sp.Piecewise((z, z > 0), (sp.exp(z) - 1, True)) ** 2, ()),
        (sp.Piecewise((z**2, (z > -1) & (z < 2)), (1, True)), (Q(-1), Q(2))),
        (sp.cosh(z) * sp.erfc(z / 2 + 1) * z**3, ()),
        (2**z, ()),
    ],
)
@pytest.mark.parametrize("variance", [Q(1, 20), Q(9, 5)])
def test_hard_ones_against_quadrature(f, kinks, variance):
    agrees(f, variance, kinks)


rates = st.sampled_from([Q(-1), Q(-1, 2), Q(1, 3), Q(1), Q(3, 2)])
places = st.sampled_from([Q(-1), Q(-1, 3), Q(1, 2), Q(2)])
smooth = st.one_of(
    st.integers(1, 3).map(lambda k: z**k),
    rates.map(lambda a: sp.exp(a * z)),
    rates.map(lambda a: sp.sin(a * z)),
    rates.map(lambda a: sp.cos(a * z + 1)),
    rates.map(lambda a: sp.exp(-(a**2) * z**2)),
    st.tuples(rates, places).map(lambda p: z**2 + p[0] * z - p[1]),
)
centred = st.one_of(
    rates.map(lambda a: sp.erf(a * z)),
    st.just(sp.Heaviside(z, 0)),
    st.just(sp.Abs(z)),
    rates.map(lambda a: sp.erfc(a * z)),
)
apart = st.one_of(
    st.tuples(rates, places).map(lambda p: sp.erf(p[0] * z + p[1])), places.map(lambda t: sp.Heaviside(z - t, 0))
)
plain = st.lists(smooth, max_size=3).map(lambda fs: sp.Mul(*fs))
gauss = rates.map(lambda a: z * sp.exp(-(a**2) * z**2 / 2) - 2)
product = st.one_of(
    plain,
    st.tuples(plain, st.one_of(centred, apart)).map(lambda p: p[0] * p[1]),
    # Two error functions need a centre: only what is even or odd under z -> -z may stand beside them.
    st.tuples(st.integers(0, 2), gauss, centred, centred).map(lambda p: z ** p[0] * p[1] * p[2] * p[3]),
)


@settings(deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(product, product, st.sampled_from([Q(1, 10), Q(1), Q(5, 2)]))
def test_random_compositions_against_quadrature(first, second, variance):
    f = first - second / 2
    # A sine beside an uncentred error function needs the error function at complex places.
    assume(closed_expectation(f, z, v) is not None)
    agrees(f, variance, kinks=(Q(-1), Q(-1, 3), Q(1, 2), Q(2)))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(product, st.integers(0, 2))
def test_stein_and_heat_equation(f, k):
    # E[z^(k+1) f] = v E[(z^k f)'] and d/dv E[f] = E[f'']/2, for functions without kinks.
    assume(not f.has(sp.Heaviside, sp.Abs))
    f = z**k * f
    first, second = (closed_expectation(g, z, v) for g in (z * f, v * sp.diff(f, z)))
    third, fourth = closed_expectation(f, z, v), closed_expectation(sp.diff(f, z, 2) / 2, z, v)
    assume(None not in (first, second, third, fourth))
    for a, b in ((first, second), (sp.diff(third, v), fourth)):
        left, right = (sp.N(sp.sympify(e).subs(v, Q(13, 10)), 40) for e in (a, b))
        assert abs(left - right) <= sp.Float(10, 40) ** -28 * (1 + abs(left))


@pytest.mark.parametrize(
    "f",
    [sp.tanh(z), sp.erf(z) ** 4, sp.erf(z) * sp.erf(z + 1), sp.exp(z**3), 1 / (1 + z**2), sp.log(1 + z**2), sp.sqrt(z)],
)
def test_none_where_no_rule_applies(f):
    assert closed_expectation(f, z, v) is None


def test_growth_that_cancels_is_no_divergence():
    assert closed_expectation(sp.exp(z**2) * sp.erfc(z) * sp.Heaviside(z), z, v) is None


def test_a_given_variance_may_lie_inside_the_condition():
    assert closed_expectation(sp.exp(z**2), z, Q(1, 4)) == sp.sqrt(2)
    with pytest.raises(InputError, match="only for v < 1/2; here v is 1/2"):
        closed_expectation(sp.exp(z**2), z, Q(1, 2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((sp.exp(z**2), z, v), "only for v < 1/2; here v is v"),
        ((sp.exp(z**2) * sp.erf(z), z, v), "only for v < 1/2"),
        ((sp.cosh(z**2 / 3) * z, z, v), "only for v < 3/2"),
        ((z, z, sp.Integer(0)), "`variance` must be positive, not 0"),
        ((z, z, sp.Symbol("v")), "`variance` must be positive, not v"),
        ((sp.Symbol("z"), sp.Symbol("z"), v), "`z` must be a real symbol"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        closed_expectation(*arguments)
    assert "\n" not in str(caught.value)
