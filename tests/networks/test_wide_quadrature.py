"""Wide networks without a closed form: kernels against mpmath over many orders of magnitude, and autodiff."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.activations import activation
from symgeo.errors import InputError
from symgeo.networks.wide_quadrature import Gram, gram_rule

OPEN = ["tanh", "sigmoid", "softplus", "silu"]
z = sp.Symbol("z", real=True)


def geometry(name, s, sigma, zeta, d):
    """e^Omega, A and R at 40 digits."""
    conformal, A, K_rt, K_tt = sections(name, s, sigma, zeta)
    with mp.workdps(40):
        return conformal, A, 2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt


def sections(name, s, sigma, zeta):
    """e^Omega, A, K_rt and K_tt at 40 digits; the derivatives in v fall on the density (d = 1 direction x)."""
    phi = activation(name)
    square = sp.lambdify(z, (phi.derivative(z) ** 2).rewrite(sp.exp), "mpmath")
    with mp.workdps(40):
        s, sigma, zeta = map(mp.mpf, (s, sigma, zeta))
        v = sigma**2 * s + zeta**2
        w = mp.sqrt(v)
        ends = {k * w for k in (-14, -4, -1, 0, 1, 4, 14)} | {k for k in (-64, -16, -4, 4, 16, 64) if abs(k) < 14 * w}
        # Integrating F - F(0) keeps the digits of G' and G'' where v is small.
        F0 = square(mp.mpf(0))
        m = [
            mp.quad(lambda t, k=k: (square(t) - F0) * (t / w) ** k * mp.npdf(t, 0, w), sorted(ends)) for k in (0, 2, 4)
        ]
        G, G1 = m[0] + F0, sigma**2 * (m[1] - m[0]) / (2 * v)
        G2 = sigma**4 * (m[2] - 6 * m[1] + 3 * m[0]) / (4 * v**2)
        conformal, o1 = sigma**2 * G, G1 / G
        o2, A = G2 / G - o1**2, 1 + 2 * s * o1
        K_rt, K_tt = -2 * s * o1 * (o1 + s * o2) / (conformal * A**2), -s * o1**2 / (conformal * A)
        return conformal, A, K_rt, K_tt


@pytest.mark.parametrize("name", OPEN)
def test_kernels_from_tiny_to_huge_points(name):
    metric = symgeo.WideNetwork(name).metric
    R, g = symgeo.generate(metric.scalar_curvature), symgeo.generate(metric.matrix)
    for s, zeta in ((1e-9, 1e-4), (1e-3, 0.6), (1.0, 0.0), (40.0, 0.6), (1e6, 0.6)):
        x = np.array([0.0, np.sqrt(s), 0.0])
        conformal, A, curvature = geometry(name, x[1] ** 2, 1.3, zeta, 3)
        matrix = g(x, sigma=1.3, zeta=zeta)
        assert abs(matrix[0, 0] / float(conformal) - 1) < 1e-14
        # Where units saturate this component is a difference of two numbers of the size of the other one.
        assert abs(matrix[1, 1] / float(conformal * A) - 1) < 1e-14 / min(float(A), 1)
        assert abs(R(x, sigma=1.3, zeta=zeta) / float(curvature) - 1) < 1e-13


@pytest.mark.parametrize("s", [1.0, 1e4, 1e8])
@pytest.mark.parametrize("name", OPEN)
def test_scalars_keep_their_digits_where_units_saturate(name, s):
    """The metric along x falls like s^(-3/2) for tanh, and all of these divide by it."""
    metric = symgeo.WideNetwork(name).metric
    x, d = np.sqrt(s) * np.array([0.48, -0.6, 0.64]), 3
    length = mp.fsum(mp.mpf(float(t)) ** 2 for t in x)
    conformal, A, K_rt, K_tt = sections(name, length, 1.3, 0.6)
    with mp.workdps(40):
        determinant = conformal**d * A
        expected = {
            "determinant": [determinant],
            "volume_element": [mp.sqrt(determinant)],
            "log_volume_element": [mp.log(determinant) / 2],
            "sectional_curvatures": [K_rt, K_tt],
            "scalar_curvature": [4 * K_rt + 2 * K_tt],
            "kretschmann": [8 * K_rt**2 + 4 * K_tt**2],
        }
    for quantity, exact in expected.items():
        values = np.atleast_1d(symgeo.generate(getattr(metric, quantity))(x, sigma=1.3, zeta=0.6))
        for value, number in zip(values, exact, strict=True):
            assert abs(mp.mpf(float(value)) / number - 1) < 5e-14, quantity
    # Along x the inverse is largest.
    inverse = symgeo.generate(metric.inverse)(x, sigma=1.3, zeta=0.6)
    along = x @ inverse @ x / (x @ x)
    assert abs(along * float(conformal * A) - 1) < 1e-13


def test_correlated_weights_keep_their_digits_too():
    metric = symgeo.WideNetwork("tanh", covariance=[[2, 1], [1, 3]]).metric
    x = np.array([3000.0, -8000.0])
    exact = geometry("tanh", 2 * x[0] ** 2 + 2 * x[0] * x[1] + 3 * x[1] ** 2, 1, 0.6, 2)[2]
    assert abs(symgeo.generate(metric.scalar_curvature)(x, zeta=0.6) / float(exact) - 1) < 1e-13


def test_the_origin_without_bias_is_a_point_like_others():
    metric = symgeo.WideNetwork("tanh", inputs=2).metric
    assert symgeo.generate(metric.scalar_curvature)(np.zeros(2), sigma=1.0, zeta=0.0) == 0
    assert np.allclose(symgeo.generate(metric.matrix)(np.zeros(2), sigma=1.5, zeta=0.0), 2.25 * np.eye(2), rtol=1e-14)


def test_a_closed_form_agrees_with_the_rule():
    phi = activation("erf")
    rule = gram_rule(phi)
    first = sp.lambdify(z, phi.derivative(z) ** 2, "numpy")
    assert phi.gram is not None
    for v in (1e-6, 0.3, 50.0, 1e9):
        assert abs(rule.summands(first, v).sum() / float(phi.gram(sp.Float(v, 30))) - 1) < 1e-14


@pytest.mark.parametrize("quantity", ["matrix", "christoffel", "riemann", "ricci", "volume_element", "determinant"])
def test_backends_agree_on_every_quantity(quantity):
    torch = pytest.importorskip("torch")
    metric = symgeo.WideNetwork("silu").metric
    x = np.array([[0.3, -1.2, 0.7], [2.0, 0.1, 0.0]])
    numpy_values = symgeo.generate(getattr(metric, quantity))(x, sigma=1.1, zeta=0.2)
    kernel = symgeo.generate(getattr(metric, quantity), backend="torch")
    assert np.allclose(kernel(torch.from_numpy(x), sigma=1.1, zeta=0.2).numpy(), numpy_values, rtol=1e-13, atol=1e-15)


def test_christoffel_is_the_derivative_of_the_metric():
    torch = pytest.importorskip("torch")
    metric = symgeo.WideNetwork("tanh").metric
    g = symgeo.generate(metric.matrix, backend="torch")
    x = torch.tensor([0.5, -0.8], dtype=torch.float64)
    dg = torch.autograd.functional.jacobian(lambda y: g(y, sigma=1.2, zeta=0.3), x)  # d_k g_ij, k last
    first = (dg.permute(0, 2, 1) + dg - dg.permute(2, 0, 1)) / 2
    expected = torch.einsum("ai,ibc->abc", torch.linalg.inv(g(x, sigma=1.2, zeta=0.3)), first)
    got = symgeo.generate(metric.christoffel)(x.numpy(), sigma=1.2, zeta=0.3)
    assert np.allclose(got, expected.numpy(), rtol=1e-12, atol=1e-14)


def test_formulas_stay_readable_and_kernels_say_what_they_hold():
    metric = symgeo.WideNetwork("tanh").metric
    assert {int(g.args[0]) for g in metric.scalar_curvature().atoms(Gram)} == {0, 1, 2}
    assert sp.count_ops(metric.scalar_curvature()) < 120
    v = sp.Symbol("v")
    assert (str(Gram(2, v)), sp.latex(Gram(1, v)), sp.latex(Gram(0, v) ** 2)) == (
        "G''(v)",
        r"G'\left(v\right)",
        r"{G\left(v\right)}^{2}",
    )
    source = symgeo.generate(metric.scalar_curvature).source
    assert "no closed form, so a sum over" in source
    assert "for v up to 1e12" in source


def test_users_own_function_without_closed_form():
    metric = symgeo.WideNetwork(lambda t: t * sp.erf(t) ** 2, inputs=2).metric
    square = sp.lambdify(z, activation(lambda t: t * sp.erf(t) ** 2).derivative(z) ** 2, "mpmath")
    value = symgeo.generate(metric.matrix)(np.array([0.0, 1.0]), sigma=1.2, zeta=0.5)[0, 0]
    expected = 1.44 * float(symgeo.gaussian.expectation(square, mp.mpf(1.44) + 0.25).value)
    assert abs(value / expected - 1) < 1e-13


@pytest.mark.parametrize(
    ("phi", "message"),
    [
        (lambda t: sp.sin(t) * sp.tanh(t), "quadrature reaches a relative error of only .* without oscillations"),
        (lambda t: sp.tanh(sp.Abs(t)), "has kinks and no closed form at infinite width"),
        (lambda t: sp.exp(t**2), "grows too fast for infinite width: .* only for v < 1/4"),
        (lambda t: sp.cosh(t) * sp.tanh(t / 2), "has no closed form at infinite width"),
    ],
)
def test_refusals(phi, message):
    with pytest.raises(InputError, match=message) as caught:
        symgeo.WideNetwork(phi)
    assert "\n" not in str(caught.value)
