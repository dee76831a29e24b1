"""Kernels of what a network has besides its tensors: pseudo-determinants, limits, corrections, velocities."""

from itertools import product

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.activations import activation
from symgeo.errors import InputError
from symgeo.networks import (
    bayesian_correction,
    bayesian_program,
    far_out,
    metric_velocity,
    moving_metric,
    near_origin,
    velocity_program,
)
from symgeo.networks.limits import TITLES
from symgeo.networks.three_points import three_point_mean

BACKENDS = ["numpy", "torch", "c"]
DEVIATIONS = {"sigma": 0.8, "zeta": 0.5}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("width", "inputs"), [(1, 1), (2, 5), (3, 3)])
def test_pseudo_determinant(backend, width, inputs):
    rng = np.random.default_rng(11)
    W, b, x = rng.normal(size=(width, inputs)), rng.normal(size=width), rng.normal(size=(4, inputs))
    metric = symgeo.ShallowNetwork("sigmoid").metric
    z = x @ W.T + b
    slopes = 1 / (np.exp(z / 2) + np.exp(-z / 2)) ** 2
    jacobians = slopes[:, :, None] * W / np.sqrt(width)
    expected = np.linalg.det(jacobians @ jacobians.transpose(0, 2, 1))
    value = symgeo.generate(metric.pseudo_determinant, backend)(x, W=W, b=b)
    assert np.allclose(value, expected, rtol=1e-12)
    logarithm = symgeo.generate(metric.log_pseudo_determinant, backend)(x, W=W, b=b)
    assert np.allclose(logarithm, np.log(expected), rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_pseudo_determinants_that_have_no_value(backend):
    metric = symgeo.ShallowNetwork("tanh", 3, 2).metric
    kernel = symgeo.generate(metric.pseudo_determinant, backend)
    with pytest.raises(InputError, match="`W` has linearly dependent rows"):
        kernel(np.ones((2, 3)), W=np.ones((2, 3)), b=np.ones(2))
    with pytest.raises(InputError, match="no zero eigenvalue: width n = 4 exceeds the input dimension d = 3"):
        kernel(np.ones((2, 3)), W=np.ones((4, 3)), b=np.ones(4))


def test_an_underflowing_pseudo_determinant_has_a_logarithm():
    W, b, x = np.eye(300, 784), np.zeros(300), np.full((1, 784), 30.0)
    metric = symgeo.ShallowNetwork("sigmoid", 784, 300).metric
    assert symgeo.generate(metric.pseudo_determinant)(x, W=W, b=b) == 0
    expected = -300 * np.log(300) - 300 * 2 * (30 + 2 * np.log1p(np.exp(-30)))
    assert np.allclose(symgeo.generate(metric.log_pseudo_determinant)(x, W=W, b=b), expected, rtol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", ["erf", "tanh", "gelu"])
def test_leading_terms(name, backend):
    rng = np.random.default_rng(11)
    x, metric = rng.normal(size=(3, 3)), symgeo.WideNetwork(name).metric
    exact = {"scalar_curvature": metric.scalar_curvature, "volume_element": metric.volume_element}
    # Corrections of order s near the origin, and s^(-1/2) far out.
    for terms, scale, error in ((near_origin(metric), 1e-5, 1e-8), (far_out(metric), 1e4, 1e-3)):
        for quantity, method in exact.items():
            kernel = symgeo.generate(terms.program(quantity), backend)
            arguments = {k: v for k, v in DEVIATIONS.items() if k in [i.name for i in kernel.program.inputs]}
            full = symgeo.generate(method)(scale * x, **DEVIATIONS)
            assert np.allclose(kernel(scale * x, **arguments), full, rtol=error, atol=0)


def test_every_leading_term_has_a_kernel():
    terms = near_origin(symgeo.WideNetwork("silu", inputs=2).metric, bias=False)
    rng = np.random.default_rng(11)
    x = rng.normal(size=(2, 2))
    for quantity in TITLES:
        kernel = symgeo.generate(terms.program(quantity))
        expected = [
            float(
                getattr(terms, quantity).subs({terms.metric.s: p @ p, symgeo.WideNetwork("erf").symbols["sigma"]: 1.5})
            )
            for p in x
        ]
        assert np.allclose(kernel(x, sigma=1.5), expected, rtol=1e-13)
    with pytest.raises(InputError, match="`quantity` 'ricci' is no leading term; those are across, along"):
        terms.program("ricci")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("network", ["wide", "deep", "exponential"])
def test_sectional_curvatures_and_their_squares(network, backend):
    metric = {
        "wide": symgeo.WideNetwork("tanh"),
        "deep": symgeo.WideNetwork("erf", depth=2),
        "exponential": symgeo.WideNetwork("sin"),
    }[network].metric
    rng = np.random.default_rng(11)
    x, d = rng.normal(size=(5, 4)), 4
    K = np.asarray(symgeo.generate(metric.sectional_curvatures, backend)(x, **DEVIATIONS))
    R = np.asarray(symgeo.generate(metric.scalar_curvature, backend)(x, **DEVIATIONS))
    assert K.shape == (5, 2)
    assert np.allclose(2 * (d - 1) * K[:, 0] + (d - 1) * (d - 2) * K[:, 1], R, rtol=1e-12)
    if network != "deep":
        squares = symgeo.generate(metric.kretschmann, backend)(x, **DEVIATIONS)
        assert np.allclose(squares, 4 * (d - 1) * K[:, 0] ** 2 + 2 * (d - 1) * (d - 2) * K[:, 1] ** 2, rtol=1e-12)


def test_tensors_of_a_chart():
    t, p = sp.symbols("theta phi", positive=True)
    sphere = symgeo.CoordinateMetric(sp.diag(1, sp.sin(t) ** 2), (t, p))
    x = np.array([[0.4, 1.0], [1.1, 2.0]])
    assert np.allclose(symgeo.generate(sphere.kretschmann)(x), 4)
    assert np.allclose(symgeo.generate(sphere.einstein)(x), 0)


# --- the posterior's correction ----------------------------------------------------------------------------------

EXACT = ["sin", "cos", "monomial(2)"]
"""Whose quadrature is exact to rounding with few nodes."""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", EXACT)
def test_bayesian_correction_is_that_of_quadrature(name, backend):
    rng = np.random.default_rng(3)
    x, X, y = 0.5 * rng.normal(size=(2, 2)), rng.normal(size=(4, 2)), rng.normal(size=4)
    known = [bayesian_correction(name, p, X, y, noise=0.5, **DEVIATIONS) for p in x]
    data = {"X": X, "y": y, "noise": 0.5, **DEVIATIONS}
    correction = symgeo.generate(bayesian_program(name), backend)(x, **data)
    for value, expected in zip(np.asarray(correction), known, strict=True):
        assert np.allclose(value, expected.correction, rtol=1e-10, atol=1e-11 * abs(expected.correction).max())
    volume = symgeo.generate(bayesian_program(name, "log_volume"), backend)(x, **data)
    assert np.allclose(volume, [one.log_volume for one in known], rtol=1e-9)


@pytest.mark.parametrize("name", ["erf", "probit", "gaussian", "exp", "sin", "cos", "monomial(1)", "monomial(3)"])
def test_means_over_three_points(name):
    # Hermite nodes in three dimensions at a small covariance, where they converge for every activation.
    A = np.array([[0.3, 0.0, 0.0], [0.1, 0.25, 0.0], [-0.15, 0.05, 0.2]])
    C = A @ A.T
    nodes, weights = np.polynomial.hermite_e.hermegauss(28)
    weights = weights / weights.sum()
    z = sp.Symbol("z", real=True)
    phi = activation(name)
    value, slope = (sp.lambdify(z, phi.derivative(z, order), ["scipy", "numpy"]) for order in (0, 1))
    total = 0.0
    for i, j, k in product(range(28), repeat=3):
        p = A @ [nodes[i], nodes[j], nodes[k]]
        total += weights[i] * weights[j] * weights[k] * slope(p[0]) ** 2 * value(p[1]) * value(p[2])
    moments = [C[0, 0], C[1, 1], C[2, 2], C[0, 1], C[0, 2], C[1, 2]]
    assert float(three_point_mean(phi)(*map(sp.Float, moments))) == pytest.approx(total, rel=1e-11)


def test_correction_of_a_normalised_power():
    from symgeo.activations import monomial

    plain, normalised = (three_point_mean(monomial(2, n))(*sp.symbols("p q r a b c")) for n in (False, True))
    assert sp.expand(plain - 9 * normalised) == 0


def test_what_has_no_closed_correction():
    with pytest.raises(
        InputError, match=r"'tanh' has no closed form for .*; bayesian_correction integrates the others"
    ):
        bayesian_program("tanh")
    with pytest.raises(InputError, match="`quantity` 'ricci' has no kernel; the posterior has correction and log_volu"):
        bayesian_program("erf", "ricci")
    kernel = symgeo.generate(bayesian_program("erf"))
    X = np.ones((2, 2))
    with pytest.raises(InputError, match="the kernel of `X` is singular to working precision; raise `noise`"):
        kernel(np.ones(2), X=X, y=np.ones(2), noise=0.0, **DEVIATIONS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_velocity_of_the_metric(backend):
    rng = np.random.default_rng(11)
    W, V = rng.normal(size=(2, 7, 3))
    b, c = rng.normal(size=(2, 7))
    x = rng.normal(size=(4, 3))
    kernel = symgeo.generate(velocity_program("tanh"), backend)
    value = np.asarray(kernel(x, W=W, b=b, W_dot=V, b_dot=c))
    assert np.allclose(value, moving_metric("tanh", W, b, V, c, x), rtol=1e-12, atol=1e-13)
    metric = symgeo.generate(symgeo.ShallowNetwork("tanh").metric.matrix)
    h = 1e-5
    step = (metric(x, W=W + h * V, b=b + h * c) - metric(x, W=W - h * V, b=b - h * c)) / (2 * h)
    assert np.allclose(value, step, rtol=1e-7, atol=1e-9)


def test_velocity_needs_sizes_as_numbers_in_its_formula():
    for network in (symgeo.ShallowNetwork("tanh", 2), symgeo.ShallowNetwork("tanh", None, 2)):
        with pytest.raises(InputError, match="`network`: its width or its number of inputs is open"):
            metric_velocity(network)
