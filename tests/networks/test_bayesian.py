"""The posterior mean of the metric: sampled networks of finite width, exact averages, limits, refusals."""

import numpy as np
import pytest

import symgeo
from symgeo.errors import InputError, NumericalError
from symgeo.networks.bayesian import bayesian_correction
from symgeo.networks.gaussian_average import unit_nodes

X = np.array([[1.0, -0.4], [-0.3, 0.9]])
Y = np.array([1.4, -0.8])
PLACE = np.array([0.6, 0.5])
SCALES = {"sigma": 1.1, "zeta": 0.5, "noise": 0.4}


def posterior_shift(width, networks, seed):
    """<g> - g of random networks weighted by the likelihood of the data, and its standard error; phi = sin."""
    rng = np.random.default_rng(seed)
    prior = bayesian_correction("sin", PLACE, X, Y, **SCALES).metric
    weights, metrics = [], []
    for _ in range(networks // 10_000):
        W = SCALES["sigma"] * rng.standard_normal((10_000, width, 2))
        b = SCALES["zeta"] * rng.standard_normal((10_000, width))
        features = np.sin(W @ X.T + b[..., None])
        K = np.einsum("kja,kjb->kab", features, features) / width + SCALES["noise"] ** 2 * np.eye(2)
        slope = np.cos(W @ PLACE + b)
        metrics.append(np.einsum("kj,kjm,kjn->kmn", slope**2, W, W) / width - prior)
        fit = np.einsum("a,ka->k", Y, np.linalg.solve(K, np.broadcast_to(Y[:, None], (len(K), 2, 1)))[..., 0])
        weights.append(np.exp(-fit / 2) / np.sqrt(np.linalg.det(K)))
    weight, metric = np.concatenate(weights), np.concatenate(metrics)
    # The prior mean of the second factor is 0, so that subtracting the mean weight only removes noise.
    product = (weight / weight.mean() - 1)[:, None, None] * metric
    return product.mean(0), product.std(0) / np.sqrt(len(product))


def test_finite_networks_approach_the_correction_with_slope_minus_one():
    found = bayesian_correction("sin", PLACE, X, Y, **SCALES)
    widths = np.array([8, 16, 32, 64])
    shifts, errors = zip(*(posterior_shift(n, 100_000, seed=n) for n in widths), strict=True)
    sizes = [np.einsum("mn,mn->", shift, found.correction) for shift in shifts]
    slope = np.polyfit(np.log(widths), np.log(sizes), 1)[0]
    assert abs(slope + 1) < 0.08
    # n (<g> - g) = correction + O(1/n): extrapolated from the two largest widths.
    ends = [n * s for n, s in zip(widths, shifts, strict=True)]
    spread = np.hypot(2 * widths[-1] * errors[-1], widths[-2] * errors[-2])
    assert np.abs((2 * ends[-1] - ends[-2] - found.correction) / spread).max() < 4
    # The same numbers refuse a correction of half or one and a half the size.
    for wrong in (0.5, 1.5):
        assert np.abs((2 * ends[-1] - ends[-2] - wrong * found.correction) / spread).max() > 5
    # The volume element follows: log sqrt det (g + delta/n).
    logs = [
        np.linalg.slogdet(found.at_width(n))[1] / 2 - np.linalg.slogdet(found.metric)[1] / 2 for n in (10**4, 10**6)
    ]
    assert logs[1] * 10**6 == pytest.approx(found.log_volume, rel=1e-5)
    assert abs(logs[0] * 10**4 - found.log_volume) < 1e-3 * abs(found.log_volume)


def test_prior_metric_and_errors():
    for name in ("erf", "gelu", "tanh"):
        found = bayesian_correction(name, PLACE, X, Y, **SCALES)
        known = symgeo.generate(symgeo.WideNetwork(name).metric.matrix)(PLACE, sigma=1.1, zeta=0.5)
        assert np.allclose(found.metric, known, rtol=1e-6)
        assert found.error < 1e-4 * np.abs(found.correction).max()


@pytest.mark.parametrize("name", ["monomial(1)", "monomial(2)"])
def test_polynomial_units_are_averaged_exactly(name):
    # phi = z: Cov[w_m w_n, z_a z_b] = sigma^4 (x_am x_bn + x_an x_bm). phi = z^2 against Isserlis by Monte Carlo.
    found = bayesian_correction(name, PLACE, X, Y, **SCALES)
    rng = np.random.default_rng(3)
    q = int(name[-2])
    if q == 1:
        C = 1.1**2 * X @ X.T + 0.25 + 0.16 * np.eye(2)
        psi = np.outer(np.linalg.solve(C, Y), np.linalg.solve(C, Y)) - np.linalg.inv(C)
        exact = 1.1**4 * np.einsum("ab,am,bn->mn", psi, X, X)
        assert np.allclose(found.correction, exact, rtol=1e-11)
        assert found.error < 1e-10
        return
    W, b = 1.1 * rng.standard_normal((10**6, 2)), 0.5 * rng.standard_normal(10**6)
    z, at = W @ PLACE + b, W @ X.T + b[:, None]
    K = 0.16 * np.eye(2) + np.einsum("ka,kb->ab", at**2, at**2) / 10**6
    C = bayesian_kernel_of_squares() + 0.16 * np.eye(2)
    assert np.allclose(K, C, rtol=0.02)
    psi = np.outer(np.linalg.solve(C, Y), np.linalg.solve(C, Y)) - np.linalg.inv(C)
    pair = np.einsum("ab,ka,kb->k", psi, at**2, at**2) / 2
    sample = (pair - pair.mean())[:, None, None] * np.einsum("k,km,kn->kmn", 4 * z**2, W, W)
    scores = (sample.mean(0) - found.correction) / (sample.std(0) / 1e3)
    assert np.abs(scores).max() < 4


def bayesian_kernel_of_squares():
    v = 1.1**2 * X @ X.T + 0.25
    return np.outer(np.diag(v), np.diag(v)) + 2 * v**2


def test_points_may_coincide_and_correlate():
    # A training point where the metric is taken, and the same point's double: no covariance is inverted.
    data = np.array([PLACE, -2 * PLACE])
    near = np.array([PLACE + 1e-7, -2 * PLACE])
    one, other = (bayesian_correction("sin", PLACE, points, Y, **SCALES).correction for points in (data, near))
    assert np.allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("count", [20, 30])
def test_nodes_have_the_moments_of_the_weights(count):
    points = np.array([[0.3, -1.0, 0.5], [0.6, -2.0, 1.0], [1.0, 0.0, 0.2]])
    nodes = unit_nodes(points, 1.3, 0.0, dict.fromkeys(range(4), count))
    assert nodes.weights.sum() == pytest.approx(1, rel=1e-13)
    assert np.allclose(np.einsum("q,qm->m", nodes.weights, nodes.mean), 0, atol=1e-13)
    assert np.allclose(np.einsum("q,qmn->mn", nodes.weights, nodes.square), 1.69 * np.eye(3), rtol=1e-12, atol=1e-12)
    covariance = np.einsum("q,qa,qb->ab", nodes.weights, nodes.z, nodes.z)
    assert np.allclose(covariance, 1.69 * points @ points.T, rtol=1e-12)
    assert np.allclose(np.einsum("q,qm,qa->ma", nodes.weights, nodes.mean, nodes.z), 1.69 * points.T, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sigma": 0.0}, InputError, "`sigma` must be positive, not 0"),
        ({"zeta": -1.0}, InputError, "`zeta` must not be negative, not -1"),
        ({"noise": -0.1}, InputError, "`noise` must not be negative"),
        ({"inputs": np.zeros((2, 3))}, InputError, "`inputs` has points of 3 coordinates, but `x` has 2"),
        ({"inputs": np.array([1.0, 2.0])}, InputError, "`inputs` must be finite points, one a row"),
        ({"targets": np.zeros(3)}, InputError, "`targets` must be 2 finite numbers"),
        ({"x": np.array([np.nan, 0.0])}, InputError, "`x` must be finite points"),
        ({"inputs": np.ones((2, 2)), "noise": 0.0}, NumericalError, "has condition number .*; add noise, or drop"),
    ],
)
def test_refusals(change, error, message):
    arguments = {"x": PLACE, "inputs": X, "targets": Y, **SCALES} | change
    with pytest.raises(error, match=message) as caught:
        bayesian_correction("erf", **arguments)
    assert "\n" not in str(caught.value)
