"""Metrics of kernels: numerical derivatives off the diagonal, known cases on it, the change of a kernel, refusals."""

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError
from symgeo.geometry import KernelMetric, PullbackMetric, RadialKernelMetric, RadialMetric, conformal_change
from symgeo.geometry.expansion import NoExpansion, expansion
from symgeo.geometry.field import is_zero

x1, x2, x3 = X = sp.symbols("x1:4", real=True)
s, t, a = sp.symbols("s t a", positive=True)
POINT = {x1: sp.Rational(3, 5), x2: sp.Rational(-4, 7), x3: sp.Rational(5, 3)}


def length(u):
    return sp.sqrt(u.dot(u))


def angle(u, w):
    return sp.acos(u.dot(w) / (length(u) * length(w)))


def arc_cosine(order):
    """Cho and Saul's first kernels as printed, J_0, J_1 and J_2."""

    def kernel(u, w):
        theta = angle(u, w)
        J = (
            sp.pi - theta,
            sp.sin(theta) + (sp.pi - theta) * sp.cos(theta),
            3 * sp.sin(theta) * sp.cos(theta) + (sp.pi - theta) * (1 + 2 * sp.cos(theta) ** 2),
        )[order]
        return (length(u) * length(w)) ** order * J / sp.pi

    return kernel


def matern(u, w):
    r = sp.sqrt(5) * length(u - w)
    return (1 + r + r**2 / 3) * sp.exp(-r)


KERNELS = {
    "arc-cosine 1": arc_cosine(1),
    "arc-cosine 2": arc_cosine(2),
    "biased arc-cosine": lambda u, w: arc_cosine(2)(sp.Matrix([*u, 1]), sp.Matrix([*w, 1])),
    "arc-sine": lambda u, w: sp.asin(u.dot(w) / (sp.sqrt(1 + u.dot(u)) * sp.sqrt(1 + w.dot(w)))),
    "neural tangent": lambda u, w: arc_cosine(1)(u, w) + u.dot(w) * arc_cosine(0)(u, w),
    "Matern 5/2": matern,
    "Matern in a bent chart": lambda u, w: matern(sp.Matrix([sp.exp(u[0]), u[1]]), sp.Matrix([sp.exp(w[0]), w[1]])),
    "rational quadratic": lambda u, w: 1 / (1 + (u - w).dot(u - w)) + u.dot(w) ** 2,
    "piecewise sinc": lambda u, w: (
        sp.Piecewise((1, sp.Eq(u[0], w[0])), (sp.sin(u[0] - w[0]) / (u[0] - w[0]), True)) * sp.sinc(u[1] - w[1])
    ),
}
# The neural tangent kernel of ReLU networks holds the angle itself.
KINKED = {
    "arc-cosine 0": arc_cosine(0),
    "exponential": lambda u, w: sp.exp(-length(u - w)),
    "Brownian": lambda u, w: sp.Min(u[0], w[0]) + u[1] * w[1],
    "neural tangent": KERNELS.pop("neural tangent"),
    "product of kinks": lambda u, w: sp.exp(-sp.Abs(u[0] - w[0])) * sp.exp(-sp.Abs(u[1] - w[1])),
}


@pytest.mark.parametrize("name", KERNELS)
def test_metric_is_the_limit_of_derivatives_off_the_diagonal(name):
    # d/dx_i d/dy_j k at y = x + h u is g_ij + O(h): a value off the diagonal, where nothing is singular.
    metric = KernelMetric(KERNELS[name], X[:2])
    g = metric.matrix().subs(POINT)
    y = sp.symbols("y1:3", real=True)
    k = sp.lambdify([X[:2], y], KERNELS[name](sp.Matrix(X[:2]), sp.Matrix(y)), "mpmath")
    with mp.workdps(60):
        base = [mp.mpf(POINT[q].p) / POINT[q].q for q in X[:2]]

        def mixed(i, j, h):
            def at(p, q):
                return k(
                    [b + p * (i == n) for n, b in enumerate(base)],
                    [b + h * (n + 1) + q * (j == n) for n, b in enumerate(base)],
                )

            # The step stays below h, so that the difference never crosses the diagonal.
            e = h / 1000
            return (at(e, e) - at(e, -e) - at(-e, e) + at(-e, -e)) / (4 * e * e)

        for i in range(2):
            for j in range(2):
                exact = mp.mpf(sp.N(g[i, j], 40))
                errors = [abs(mixed(i, j, mp.mpf(10) ** -n) - exact) for n in (6, 8)]
                assert errors[0] < mp.mpf(10) ** -4
                # It vanishes with h, unless it is rounding or the step's own h^2/10^6 already.
                assert errors[1] < errors[0] / 50 + mp.mpf(10) ** -20


@pytest.mark.parametrize("name", KINKED)
def test_kernels_with_a_kink_have_no_metric(name):
    with pytest.raises(InputError, match=r"`kernel` is not twice differentiable on the diagonal x = y") as caught:
        KernelMetric(KINKED[name], X[:2])
    assert "\n" not in str(caught.value)


def test_order_of_an_arc_cosine_kernel_is_named():
    with pytest.raises(InputError, match="as the arc-cosine kernel of order 0"):
        RadialKernelMetric(lambda p, r, c: sp.pi - sp.acos(c / sp.sqrt(p * r)), s)


@pytest.mark.parametrize("order", [1, 2])
def test_arc_cosine_in_a_chart_and_in_any_dimension(order):
    chart = KernelMetric(arc_cosine(order), X)

    def radial(p, r, c):
        return arc_cosine(order)(sp.Matrix([sp.sqrt(p), 0]), sp.Matrix([c / sp.sqrt(p), sp.sqrt(r - c**2 / p)]))

    known = RadialMetric(*((1, 0), (4 * s, 8))[order - 1], s)
    assert sp.expand(chart.matrix() - known.explicit(X).matrix()) == sp.zeros(3)
    found = RadialKernelMetric(radial, s)
    assert (found.a, found.b) == (known.a, known.b)
    assert found.dimension.is_Symbol
    assert chart.diagonal() == sum(q**2 for q in X) ** order * (1, 3)[order - 1]


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.lists(st.integers(-2, 2), min_size=6, max_size=6), st.sampled_from([0, 1, 2]))
def test_kernel_of_a_feature_map_has_its_pullback_metric(c, shape):
    def features(u):
        p, q = u[0], u[1]
        bent = (sp.exp(p), sp.sin(p * q), p / (1 + q**2))[shape]
        return sp.Matrix([p, q, bent + c[0] * p**2, c[1] * p + c[2] * q**2 + c[3], c[4] * p * q + c[5]])

    metric = KernelMetric(lambda u, w: features(u).dot(features(w)), X[:2])
    embedded = PullbackMetric(list(features(X)), X[:2])
    assert all(is_zero(e) for e in metric.matrix() - embedded.matrix())
    assert is_zero(metric.diagonal() - features(X).dot(features(X)))


@pytest.mark.parametrize("factor", [sp.exp(x1), 1 / (1 + x1**2 + x2**2), 2 + sp.sin(x1 * x2)])
@pytest.mark.parametrize(
    "kernel",
    [lambda u, w: sp.exp(u.dot(w)), lambda u, w: sp.exp(-(u - w).dot(u - w)) * (1 + u[0] * w[0]), KERNELS["arc-sine"]],
)
def test_conformal_change_is_the_metric_of_the_changed_kernel(kernel, factor):
    metric = KernelMetric(kernel, X[:2])
    changed = metric.conformal(factor)
    again = KernelMetric(changed.kernel, X[:2])
    difference = (changed.matrix() - again.matrix()).subs(POINT)
    assert all(abs(sp.N(e, 30)) < 1e-25 for e in difference)
    assert abs(sp.N((changed.diagonal() - factor**2 * metric.diagonal()).subs(POINT), 30)) < 1e-25
    assert changed.scalar_curvature() is not None


@pytest.mark.parametrize("factor", [sp.exp(-s), 1 / sp.sqrt(1 + s)])
def test_conformal_change_keeps_rotation_invariance(factor):
    def kernel(p, r, c):
        return sp.exp(c) + c**2

    metric = RadialKernelMetric(kernel, s)
    changed = metric.conformal(factor)
    again = RadialKernelMetric(lambda p, r, c: factor.subs(s, p) * factor.subs(s, r) * kernel(p, r, c), s)
    assert is_zero(changed.a - again.a)
    assert is_zero(changed.b - again.b)


def test_normalised_kernels_measure_angles():
    # k/sqrt(k(x) k(y)) of the linear kernel with a bias: the sphere in a central projection.
    metric = RadialKernelMetric(lambda p, r, c: 1 + c, s, 2).conformal(1 / sp.sqrt(1 + s))
    assert metric.scalar_curvature() == 2
    with pytest.raises(InputError, match="the metric is singular"):
        conformal_change(RadialMetric(1, 0, s), s, 1 / sp.sqrt(s))


def test_gaussian_kernels_are_flat_and_parameters_stay():
    ell = sp.Symbol("ell", positive=True)
    metric = KernelMetric(lambda u, w: sp.exp(-(u - w).dot(u - w) / (2 * ell**2)), X[:2])
    assert metric.matrix() == sp.eye(2) / ell**2
    assert metric.is_flat()
    assert set(metric.symbols) == {"x1", "x2", "ell"}
    radial = RadialKernelMetric(lambda p, r, c: sp.exp(-(p + r - 2 * c) / (2 * ell**2)), s)
    assert (radial.a, radial.b) == (ell**-2, 0)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (lambda u, w: sp.exp(u[0] * w[1]), r"`kernel` is not symmetric: k\(x, y\) = .*, k\(y, x\) = "),
        (lambda u, w: -u.dot(w), "`kernel` is not positive semidefinite"),
        (lambda u, w: u.foo, "`kernel` must be a function of 2 SymPy arguments"),
        (lambda u: u[0], "`kernel` must be a function of 2 SymPy arguments"),
        (lambda u, w: u.dot(w) * 0.5, "`kernel`: the float 0.500000000000000 is not exact"),
        (lambda u, w: u.T * w, "`kernel` must be a number, not a 1 x 1 matrix; write x.dot"),
        (lambda u, w: "u", "`kernel` must be a number, not a str"),
        (lambda u, w: sp.log((u - w).dot(u - w)) * u.dot(w), "`kernel` has no expansion about the diagonal"),
        (lambda u, w: u[0] * w[0], "det g is zero"),
    ],
)
def test_refusals(kernel, message):
    with pytest.raises(InputError, match=message) as caught:
        KernelMetric(kernel, X[:2])
    assert "\n" not in str(caught.value)


def test_symbols_are_checked():
    with pytest.raises(InputError, match="`coordinates`: q must be real"):
        KernelMetric(lambda u, w: u.dot(w), (sp.Symbol("q"),))
    with pytest.raises(InputError, match="`s`: expected a nonnegative symbol"):
        RadialKernelMetric(lambda p, r, c: c, sp.Symbol("s"))


EXPANDED = [
    sp.acos(1 - t**2),
    sp.asin(-1 + t**2 + t**3),
    sp.sqrt(t**2 + t**3) / (1 + t),
    (1 - sp.cos(t * a)) / t**2,
    sp.Abs(-t + t**2) + sp.sign(t - 2) * t,
    sp.atan(1 / t + 1),
    sp.atan(-1 / t**2),
    sp.exp(sp.sqrt(t)) - 1,
    (1 + a * t) ** a,
    (sp.sin(t) - t) / (sp.tan(t) - t),
    sp.sinc(a * t) + sp.Heaviside(t - 1),
    sp.erf(1 + t) ** 2,
]


@pytest.mark.parametrize("f", EXPANDED, ids=str)
@pytest.mark.parametrize("digits", [None, 60])
def test_expansions_leave_a_remainder_of_their_order(f, digits):
    f = f if digits is None else f.subs(a, 3)
    found = expansion(f, t, 3, digits=digits)
    sum_ = sum(c * t**e for e, c in found.terms.items()).subs(a, 3)
    logs = []
    for n in (8, 12):
        h = sp.Rational(1, 10**n)
        rest = abs(sp.N(f.subs({a: 3, t: h}), 100) - sp.N(sum_.subs(t, h), 100))
        logs.append(float(sp.log(rest + sp.Float(10, 60) ** (-60)).evalf(20) / sp.log(10)))
    # An exact sum leaves nothing, any other one at least t^(3 + 1/2).
    assert logs[0] < -58 or (logs[0] - logs[1]) / 4 > 3.4 or logs[1] < -42


@pytest.mark.parametrize("f", [sp.log(t), sp.exp(1 / t), t**a, sp.gamma(t), sp.Piecewise((t, t < a), (1, True))])
def test_what_has_no_expansion_says_so(f):
    with pytest.raises(NoExpansion):
        expansion(f, t, 2)
