"""Wide networks with correlated weights: the metric as an expectation, its tower, its kernels, what is refused."""

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError

SIGMA = [[2, 1, 0], [1, 3, -1], [0, -1, 2]]
PLANE = [[2, 1], [1, 3]]


def test_the_identity_is_the_isotropic_network():
    x = np.array([[0.3, -1.2], [2.0, 0.5]])
    for quantity in ("matrix", "christoffel", "riemann", "ricci", "scalar_curvature", "log_volume_element"):
        one = symgeo.generate(getattr(symgeo.WideNetwork("gelu", covariance=sp.eye(2)).metric, quantity))(x, zeta=0.3)
        other = symgeo.generate(getattr(symgeo.WideNetwork("gelu").metric, quantity))(x, sigma=1.0, zeta=0.3)
        assert np.allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ["erf", "sin"])
def test_tensors_are_those_of_the_metric_in_its_chart(name):
    metric = symgeo.WideNetwork(name, covariance=PLANE).metric
    chart = metric.explicit
    point = {x: sp.Rational(k + 2, 5) for k, x in enumerate(metric.coordinates)}
    point |= {metric.symbols["zeta"]: sp.Rational(1, 3)}
    for quantity in ("inverse", "christoffel", "riemann", "ricci", "scalar_curvature", "determinant", "volume_element"):
        one, other = (sp.sympify(getattr(g, quantity)()) for g in (metric, chart))
        pairs = zip(*(sp.flatten(v.tolist()) if hasattr(v, "tolist") else [v] for v in (one, other)), strict=True)
        for a, b in pairs:
            assert abs(sp.N((sp.sympify(a) - sp.sympify(b)).subs(point), 30)) < 1e-25


@pytest.mark.parametrize(
    ("name", "slope"), [("erf", lambda z: np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2)), ("relu", lambda z: (z > 0) * 1.0)]
)
def test_metric_is_the_mean_over_random_weights(name, slope):
    x = np.array([0.4, -0.7, 1.1])
    g = symgeo.generate(symgeo.WideNetwork(name, covariance=SIGMA).metric.matrix)(x, zeta=0.5)
    rng = np.random.default_rng(5)
    weights = rng.standard_normal((400_000, 3)) @ np.linalg.cholesky(np.array(SIGMA, float)).T
    z = weights @ x + 0.5 * rng.standard_normal(len(weights))
    sample = slope(z)[:, None, None] ** 2 * weights[:, :, None] * weights[:, None, :]
    score = (sample.mean(0) - g) / (sample.std(0) / np.sqrt(len(sample)))
    assert np.abs(score).max() < 4


def test_curvature_takes_the_length_in_sigma():
    metric = symgeo.WideNetwork("erf", covariance=PLANE).metric
    x, y = metric.coordinates
    zeta = metric.symbols["zeta"]
    length = 2 * x**2 + 2 * x * y + 3 * y**2
    known = -2 * sp.pi * length / ((1 + 2 * zeta**2) * sp.sqrt(1 + 2 * zeta**2 + 2 * length))
    assert sp.simplify(metric.scalar_curvature() - known) == 0


def test_a_symbolic_covariance():
    tau = sp.Symbol("tau", positive=True)
    network = symgeo.WideNetwork("erf", covariance=sp.diag(1, tau**2))
    assert network.inputs == 2
    assert set(network.symbols) == {"x_1", "x_2", "zeta", "tau"}
    stretched = symgeo.generate(network.metric.scalar_curvature)(np.array([0.3, 0.2]), zeta=0.1, tau=2.0)
    round_ = symgeo.generate(symgeo.WideNetwork("erf").metric.scalar_curvature)
    assert abs(stretched / round_(np.array([0.3, 0.4]), sigma=1.0, zeta=0.1) - 1) < 1e-14


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("erf", {"covariance": [[1, 2], [2, 1]]}, "`covariance` must be positive definite"),
        ("erf", {"covariance": [[1, 0], [0, 0]]}, "`covariance` must be positive definite"),
        ("erf", {"covariance": [[1, 2], [0, 5]]}, "`covariance` must be symmetric"),
        ("erf", {"covariance": [[1, 2]]}, "`covariance`: expected"),
        ("erf", {"covariance": [[1.5]]}, "the float 1.5"),
        ("erf", {"covariance": 3}, "`covariance` must be a square matrix such as"),
        ("erf", {"covariance": [[sp.Symbol("zeta", nonnegative=True)]]}, "must not depend on x_1, ... or zeta"),
        ("erf", {"covariance": PLANE, "inputs": 3}, "`covariance` is 2 x 2, but inputs=3"),
    ],
)
def test_refusals(name, arguments, message):
    with pytest.raises(InputError, match=message) as caught:
        symgeo.WideNetwork(name, **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("backend", ["numpy", "c"])
@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_without_closed_forms_the_kernels_carry_the_rule(name, backend):
    # In y = Sigma^(1/2) x the weights are isotropic.
    sizes, axes = np.linalg.eigh(np.array([[2.0, 1.0], [1.0, 3.0]]))
    root = axes @ np.diag(np.sqrt(sizes)) @ axes.T
    x = np.random.default_rng(5).normal(size=(4, 2))
    metric, plain = symgeo.WideNetwork(name, covariance=[[2, 1], [1, 3]]).metric, symgeo.WideNetwork(name).metric
    R = symgeo.generate(metric.scalar_curvature, backend)(x, zeta=0.3)
    assert np.allclose(R, symgeo.generate(plain.scalar_curvature)(x @ root, sigma=1.0, zeta=0.3), rtol=1e-12)
    g = symgeo.generate(metric.matrix, backend)(x, zeta=0.3)
    expected = root @ symgeo.generate(plain.matrix)(x @ root, sigma=1.0, zeta=0.3) @ root
    assert np.allclose(g, expected, rtol=1e-12, atol=1e-14)
