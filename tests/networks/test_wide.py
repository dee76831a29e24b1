"""The wide network's metric: kernel derivatives, known curvatures, limits, and what is refused."""

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError
from symgeo.gaussian import expectation
from symgeo.networks.wide import SIGMA, ZETA, S, WideNetwork

CLOSED = ["erf", "probit", "relu", "gaussian_softplus", "sin", "cos", "gaussian", "exp", "monomial(3)"]
d = sp.Symbol("d", integer=True, positive=True)


def test_erf_curvature_is_the_known_closed_form():
    c, u = 1 + 2 * ZETA**2, 1 + 2 * ZETA**2 + 2 * SIGMA**2 * S
    known = -sp.pi / 2 * (d - 1) * (d + 2) * SIGMA**2 * S / (c * sp.sqrt(u))
    assert sp.simplify(WideNetwork("erf").metric.scalar_curvature() - known) == 0


def test_erf_volume_element_is_the_known_closed_form():
    c, u = 1 + 2 * ZETA**2, 1 + 2 * ZETA**2 + 2 * SIGMA**2 * S
    known = (2 * SIGMA**2 / sp.pi) ** (d / 2) * sp.sqrt(c) * u ** (-(d + 2) / 4)
    ratio = WideNetwork("erf").metric.volume_element() / known
    assert sp.simplify(sp.expand_log(sp.log(ratio), force=True)) == 0


@pytest.mark.parametrize("q", [2, 3, 5])
def test_monomial_curvature_is_the_known_closed_form(q):
    v = SIGMA**2 * S + ZETA**2
    C = SIGMA**2 * sp.Rational(q**2, 2 * q - 1)
    bracket = d + 2 + 2 * SIGMA**2 * S * ((d - 2) * (q - 1) - 2) / v
    known = -(d - 1) * (q - 1) ** 2 * SIGMA**4 * S * v ** (1 - q) / (C * (ZETA**2 + (2 * q - 1) * SIGMA**2 * S) ** 2)
    phi = symgeo.activations.monomial(q, normalised=True)
    assert sp.simplify(WideNetwork(phi).metric.scalar_curvature() - known * bracket) == 0


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "monomial(1)", "rectified_monomial(1)"])
def test_homogeneous_networks_of_degree_one_are_flat(name):
    metric = WideNetwork(name).metric
    assert metric.scalar_curvature() == 0
    assert metric.riemann().terms == ()


@pytest.mark.parametrize("name", CLOSED)
def test_general_formula_in_omega(name):
    # R in Omega = log of the conformal factor, as derived for any activation.
    metric = WideNetwork(name).metric
    s = S
    o1, o2 = metric.omega.diff(s), metric.omega.diff(s, 2)
    A = 1 + 2 * s * o1
    K_rt, K_tt = -2 * s * o1 * (o1 + s * o2) / (metric.a * A**2), -s * o1**2 / (metric.a * A)
    R = 2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt
    point = {s: sp.Rational(7, 5), SIGMA: sp.Rational(9, 7), ZETA: sp.Rational(2, 5), d: 3}
    assert abs(sp.N((R - metric.scalar_curvature()).subs(point), 30)) < 1e-25


@pytest.mark.parametrize("name", ["erf", "gelu", "sin", "gaussian", "monomial(2)"])
@pytest.mark.parametrize(("x", "sigma", "zeta"), [([0.4, -1.1], 1.3, 0.6), ([1.5, 0.2, -0.7], 0.5, 1.4)])
def test_metric_is_the_expectation_over_weights(name, x, sigma, zeta):
    # g = E[phi'(z)^2 w w^T]. Given z, w is Gaussian: mean sigma^2 x z/v, covariance sigma^2 (1 - sigma^2 x x^T/v).
    network = WideNetwork(name, inputs=len(x))
    g = symgeo.generate(network.metric.matrix)(np.array(x), sigma=sigma, zeta=zeta)
    z = sp.Symbol("z", real=True)
    first = sp.lambdify(z, network.activation.derivative(z), "mpmath")
    v = sigma**2 * float(np.dot(x, x)) + zeta**2
    zeroth = float(expectation(lambda t: first(t) ** 2, v).value)
    second = float(expectation(lambda t: (first(t) * t) ** 2, v).value)
    outer = np.outer(x, x)
    expected = zeroth * sigma**2 * (np.eye(len(x)) - sigma**2 * outer / v) + second * sigma**4 * outer / v**2
    assert np.allclose(g, expected, rtol=1e-13, atol=1e-15)


def test_inputs_fix_the_dimension():
    metric = WideNetwork("erf", inputs=3).metric
    assert metric.dimension == 3
    assert d not in metric.scalar_curvature().free_symbols


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("erf", 0), "`inputs` must be an integer of at least 1"),
        (("erf", 2.0), "`inputs` must be an integer of at least 1"),
        (("erff",), "'erff' is unknown"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InputError, match=message):
        WideNetwork(*arguments)
