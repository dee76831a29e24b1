"""Kernels of wide networks: Monte Carlo, their metrics against the ones made of G, Cho and Saul's order q, layers."""

from math import factorial, prod

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.activations import activation, monomial, rectified_monomial
from symgeo.errors import InputError
from symgeo.geometry import RadialKernelMetric
from symgeo.networks.kernels import _angular, arc_cosine_kernel, arc_cosine_metric, gaussian_kernel
from symgeo.networks.wide_metric import SIGMA, ZETA, S, WideMetric

theta = sp.Symbol("theta", real=True)
EVERY = [
    *map(activation, ("erf", "probit", "relu", "leaky_relu(1/10)", "gelu", "gaussian_softplus", "sin", "cos")),
    *map(activation, ("gaussian", "exp", "monomial(1)", "monomial(3)", "rectified_monomial(2)")),
    monomial(2, normalised=True),
    rectified_monomial(3, normalised=True),
]
POINT = {S: sp.Rational(3, 7), SIGMA: sp.Rational(9, 7), ZETA: sp.Rational(2, 5)}


@pytest.mark.parametrize("phi", EVERY, ids=lambda phi: phi.name)
def test_kernel_is_the_mean_over_samples(phi):
    p, r, c = 0.9, 0.5, -0.35
    z = sp.Symbol("z", real=True)
    function = sp.lambdify(z, phi.phi(z), ["scipy", "numpy"])
    rng = np.random.default_rng(7)
    u, w = np.linalg.cholesky([[p, c], [c, r]]) @ rng.standard_normal((2, 10**6))
    sample = function(u) * function(w)
    exact = float(gaussian_kernel(phi)(*map(sp.Rational, ("9/10", "1/2", "-7/20"))))
    assert abs(sample.mean() - exact) < 4 * sample.std() / 1e3


@pytest.mark.parametrize("phi", EVERY, ids=lambda phi: phi.name)
def test_metric_of_the_kernel_is_that_of_the_network(phi):
    # One comes from two correlated Gaussians and derivatives at y = x, the other from E[phi'(z)^2] and Stein's lemma.
    kernel = gaussian_kernel(phi)

    def variance(q):
        return SIGMA**2 * q + ZETA**2

    found = RadialKernelMetric(lambda p, r, c: kernel(variance(p), variance(r), variance(c)), S)
    wide = WideMetric(phi)
    for one, other in ((found.a, wide.a), (found.b, wide.b), (found.diagonal(), phi.second_moment(variance(S)))):
        assert abs(sp.N((one - other).subs(POINT), 40)) < sp.Float(10, 40) ** -30


@pytest.mark.parametrize(("name", "depth"), [("erf", 1), ("sin", 2), ("gaussian", 2)])
def test_metric_of_the_kernel_of_layers(name, depth):
    network = symgeo.WideNetwork(name, depth=depth)
    found = RadialKernelMetric(network.kernel, S)
    deep = network.metric.matrix()
    for one, other in zip(
        (found.a, found.b), (deep.coefficient(((0, 1),)), deep.coefficient(((0,), (1,)))), strict=True
    ):
        assert abs(sp.N((one - other.doit()).subs(POINT), 30)) < 1e-25


@pytest.mark.parametrize("q", range(5))
def test_angular_part_is_cho_and_sauls(q):
    J = _angular(q)(theta)
    known = (sp.pi - theta) / sp.sin(theta)
    for _ in range(q):
        known = known.diff(theta) / sp.sin(theta)
    known *= (-1) ** q * sp.sin(theta) ** (2 * q + 1)
    assert abs(sp.N((J - known).subs(theta, sp.Rational(7, 5)), 40)) < sp.Float(10, 40) ** -30
    assert J.subs(theta, 0) == sp.pi * prod(range(2 * q - 1, 0, -2))
    assert J.subs(theta, sp.pi) == 0
    if q:
        slope = J.diff(theta) + q**2 * sp.sin(theta) * _angular(q - 1)(theta)
        assert abs(sp.N(slope.subs(theta, sp.Rational(9, 7)), 40)) < sp.Float(10, 40) ** -30


@pytest.mark.parametrize("q", [0, 1, 2, 3])
def test_arc_cosine_kernel_is_its_integral(q):
    # In the plane of x and y: 2 E[max(0, w.x)^q max(0, w.y)^q], polar coordinates, int r^(2q+1) e^(-r^2/2) = 2^q q!.
    x, y = mp.mpf(13) / 10, mp.mpf(7) / 10
    gap = mp.mpf(21) / 20
    with mp.workdps(30):
        around = mp.quad(lambda t: (mp.cos(t) * mp.cos(gap - t)) ** q, [gap - mp.pi / 2, mp.pi / 2])
        integral = 2 * (x * y) ** q * around * 2**q * factorial(q) / (2 * mp.pi)
        exact = arc_cosine_kernel(q)(
            sp.Rational(169, 100), sp.Rational(49, 100), sp.Rational(91, 100) * sp.cos("21/20")
        )
        assert abs(mp.mpmathify(sp.N(exact, 25)) - integral) < mp.mpf(10) ** -14


@pytest.mark.parametrize("q", [1, 2, 3])
def test_arc_cosine_metric(q):
    s = sp.Symbol("s", positive=True)
    metric = arc_cosine_metric(q, s)
    of_kernel = RadialKernelMetric(arc_cosine_kernel(q), s)
    assert sp.simplify(metric.a - of_kernel.a) == 0
    assert sp.simplify(metric.b - of_kernel.b) == 0
    for name, share in (("monomial", 1), ("rectified_monomial", 2)):
        wide = symgeo.WideNetwork(name, degree=q).metric
        assert sp.simplify(metric.a - share * wide.a.subs({SIGMA: 1, ZETA: 0}).subs(S, s)) == 0
        assert sp.simplify(metric.b - share * wide.b.subs({SIGMA: 1, ZETA: 0}).subs(S, s)) == 0
    d = metric.dimension
    known = -((q - 1) ** 2) * (d - 1) * (d - 2) / (q**2 * sp.factorial2(2 * q - 1) * s**q)
    assert sp.simplify(metric.scalar_curvature() - known) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arc_cosine_metric(0, S), "the arc-cosine kernel of order 0 is not differentiable"),
        (lambda: arc_cosine_metric(-1, S), "`order` must be an integer of at least 1, not -1"),
        (lambda: arc_cosine_kernel(-1), "`order` must be an integer of at least 0, not -1"),
        (lambda: arc_cosine_kernel(1.5), "`order` must be an integer of at least 0, not 1.5"),
        (lambda: arc_cosine_kernel(True), "`order` must be an integer of at least 0, not True"),
        (lambda: RadialKernelMetric(arc_cosine_kernel(0), sp.Symbol("s", positive=True)), "not twice differentiable"),
        (
            lambda: symgeo.WideNetwork("tanh").kernel(1, 1, 0),
            "'tanh' has no kernel in closed form; those that",
        ),
        (lambda: symgeo.WideNetwork(lambda z: z**2 + z).kernel(1, 1, 0), "has no kernel in closed form"),
        (lambda: symgeo.WideNetwork("erf", covariance=[[2]]).kernel(1, 1, 0), "is that of isotropic weights"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
