"""Deep wide networks: the kernel recursion differentiated numerically, random networks, known cases, refusals."""

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError
from symgeo.networks import DeepMetric, WideMetric

EXACT = {"sigma": sp.Rational(13, 10), "zeta": sp.Rational(2, 5)}

# E[phi(u) phi(w)] for a centred Gaussian pair of variances p, r and covariance c.
PAIRS = {
    "erf": lambda p, r, c: 2 / mp.pi * mp.asin(c / mp.sqrt((1 + p) * (1 + r))),
    "sin": lambda p, r, c: mp.exp(-(p + r) / 2) * mp.sinh(c),
}


def kernel(name, depth, x, y):
    """The kernel of the last layer's features, by recursion over layers."""
    p, r, c = (mp.fdot(u, w) for u, w in ((x, x), (y, y), (x, y)))
    for _ in range(depth):
        p, r, c = ((mp.mpf(13) / 10) ** 2 * q + (mp.mpf(2) / 5) ** 2 for q in (p, r, c))
        p, r, c = (PAIRS[name](*q) for q in ((p, p, p), (r, r, r), (p, r, c)))
    return c


def metric_component(name, depth, x, i, j):
    """g_ij = d/dx_i d/dy_j k(x, y) at y = x."""

    def along(t, u):
        return kernel(
            name, depth, [q + t * (k == i) for k, q in enumerate(x)], [q + u * (k == j) for k, q in enumerate(x)]
        )

    return mp.diff(along, (0, 0), (1, 1))


def numbers(metric, s, dimension=None):
    values = {metric.symbols["s"]: s} | {metric.symbols[name]: value for name, value in EXACT.items()}
    return values if dimension is None else values | {metric.dimension: dimension}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("depth", "x"), [(2, (3, -2)), (3, (1, 5, -4))])
def test_metric_is_the_second_derivative_of_the_kernel(name, depth, x):
    metric = symgeo.WideNetwork(name, inputs=len(x), depth=depth).metric
    point = [sp.Rational(k, 7) for k in x]
    values = numbers(metric, sum(k**2 for k in point))
    a, b = (coefficient.subs(values) for coefficient, _ in metric.matrix().terms)
    with mp.workdps(50):
        exact = [mp.mpf(k) / 7 for k in x]
        for i in range(len(x)):
            for j in range(i, len(x)):
                closed = mp.mpmathify(sp.N((a if i == j else 0) + b * point[i] * point[j], 40))
                assert abs(closed - metric_component(name, depth, exact, i, j)) < mp.mpf(10) ** -30


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("d", [2, 3])
def test_curvature_is_that_of_the_numerical_metric(name, d):
    # At x = (r, 0): g = A dr^2 + f^2 dtheta^2 with A = g_11, f = r sqrt(g_22), so R follows from f along rho.
    depth = 2

    def A(r):
        return metric_component(name, depth, [r, mp.mpf(0)], 0, 0)

    def f(r):
        return r * mp.sqrt(metric_component(name, depth, [r, mp.mpf(0)], 1, 1))

    metric = symgeo.WideNetwork(name, depth=depth).metric
    with mp.workdps(50):
        r = mp.mpf(4) / 5
        root = mp.sqrt(A(r))
        first, second = mp.diff(f, r), mp.diff(f, r, 2)
        slope = first / root
        bend = second / root**2 - first * mp.diff(A, r) / (2 * root**4)
        R = -(d - 1) * (2 * bend / f(r) - (d - 2) * (1 - slope**2) / f(r) ** 2)
        closed = mp.mpmathify(sp.N(metric.scalar_curvature().subs(numbers(metric, sp.Rational(16, 25), d)), 40))
        assert abs(closed / R - 1) < mp.mpf(10) ** -25


def random_metrics(first, second, depth, x, width, networks, seed):
    """Metrics of random networks of finite width, exact in law: units are independent given the layer below."""
    rng = np.random.default_rng(seed)
    d = len(x)
    below = np.broadcast_to(np.vstack([x, np.eye(d)]), (networks, d + 1, d))  # rows: features, their derivatives
    for _ in range(depth):
        covariance = 1.3**2 * np.einsum("kai,kbi->kab", below, below)
        covariance[:, 0, 0] += 0.4**2
        draws = np.linalg.cholesky(covariance) @ rng.standard_normal((networks, d + 1, width))
        z, dz = draws[:, :1], draws[:, 1:]
        below = np.concatenate([first(z), second(z) * dz], 1) / np.sqrt(width)
    return np.einsum("kai,kbi->kab", below[:, 1:], below[:, 1:])


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("sin", np.sin, np.cos),
        ("relu", lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
        ("gaussian", lambda z: np.exp(-(z**2) / 2), lambda z: -z * np.exp(-(z**2) / 2)),
    ],
)
def test_random_networks_scatter_about_the_metric(name, first, second):
    x = np.array([0.7, -0.4, 0.2])
    sample = random_metrics(first, second, 3, x, width=20_000, networks=60, seed=11)
    g = symgeo.generate(symgeo.WideNetwork(name, depth=3).metric.matrix)(x, sigma=1.3, zeta=0.4)
    # The bias of finite width is of order 1/20,000, a hundredth of the standard error of the mean.
    z = (sample.mean(0) - g) / (sample.std(0, ddof=1) / np.sqrt(len(sample)))
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("depth", [1, 2, 6])
def test_relu_networks_are_flat(depth):
    metric = symgeo.WideNetwork("relu", depth=depth).metric
    ((a, _),) = metric.matrix().terms
    value = a.doit() if hasattr(a, "doit") else a
    assert sp.simplify(value - (metric.symbols["sigma"] ** 2 / 2) ** depth) == 0
    assert metric.scalar_curvature() == 0
    assert metric.riemann().terms == ()


def test_one_layer_of_the_recursion_is_the_wide_network():
    deep = DeepMetric(symgeo.activation("gelu"), 1)
    wide = WideMetric(symgeo.activation("gelu"))
    for quantity in ("scalar_curvature", "determinant", "volume_element"):
        one, other = (
            sp.N(getattr(metric, quantity)().subs(numbers(metric, sp.Rational(3, 2), 4)), 30) for metric in (deep, wide)
        )
        assert abs(one / other - 1) < 1e-25


def test_sectional_curvatures_make_the_scalar():
    metric = symgeo.WideNetwork("sin", depth=2).metric
    K_rt, K_tt = (sp.N(K.subs(numbers(metric, sp.Rational(3, 2))), 30) for K in metric.sectional_curvatures())
    for d in (2, 5):
        R = sp.N(metric.scalar_curvature().subs(numbers(metric, sp.Rational(3, 2), d)), 30)
        assert abs((2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt) / R - 1) < 1e-25


def test_formulas_kernels_and_written_out_layers_agree():
    metric = symgeo.WideNetwork("erf", depth=3).metric
    values = numbers(metric, sp.Rational(5, 4), 3)
    by_value = sp.N(metric.scalar_curvature().subs(values), 30)
    shallow = symgeo.WideNetwork("erf", depth=2).metric
    written = shallow.scalar_curvature().doit()
    assert written.free_symbols == {*shallow.symbols.values()}
    assert abs(sp.N((written - shallow.scalar_curvature()).subs(values), 30)) < 1e-25
    kernel_value = symgeo.generate(metric.scalar_curvature)(np.array([1.0, 0.5, 0.0]), sigma=1.3, zeta=0.4)
    assert abs(kernel_value / float(by_value) - 1) < 1e-13
    assert sp.count_ops(symgeo.WideNetwork("erf", depth=8).metric.scalar_curvature()) < 150


def test_layers_with_deviations_of_their_own():
    tied, own = (symgeo.WideNetwork("sin", depth=2, tied=tied).metric for tied in (True, False))
    assert set(own.symbols) == {"s", "d", "sigma_1", "zeta_1", "sigma_2", "zeta_2"}
    x = np.array([[0.3, -0.8], [1.0, 2.0]])
    same = symgeo.generate(own.scalar_curvature)(x, sigma_1=1.1, zeta_1=0.2, sigma_2=1.1, zeta_2=0.2)
    assert np.allclose(same, symgeo.generate(tied.scalar_curvature)(x, sigma=1.1, zeta=0.2), rtol=1e-14)
    other = symgeo.generate(own.scalar_curvature)(x, sigma_1=1.1, zeta_1=0.2, sigma_2=0.7, zeta_2=0.2)
    assert np.abs(other / same - 1).min() > 1e-3


@pytest.mark.parametrize("name", ["gelu", "monomial(2)"])
def test_christoffel_is_the_derivative_of_the_metric(name):
    torch = pytest.importorskip("torch")
    metric = symgeo.WideNetwork(name, depth=3).metric
    g = symgeo.generate(metric.matrix, backend="torch")
    x = torch.tensor([0.5, -0.8, 0.3], dtype=torch.float64)
    dg = torch.autograd.functional.jacobian(lambda y: g(y, sigma=0.9, zeta=0.3), x)  # d_k g_ij, k last
    first = (dg.permute(0, 2, 1) + dg - dg.permute(2, 0, 1)) / 2
    expected = torch.einsum("ai,ibc->abc", torch.linalg.inv(g(x, sigma=0.9, zeta=0.3)), first)
    got = symgeo.generate(metric.christoffel)(x.numpy(), sigma=0.9, zeta=0.3)
    assert np.allclose(got, expected.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "`depth` must be an integer of at least 1, the number of hidden layers, not 0"),
        ({"depth": 1.5}, "`depth` must be an integer of at least 1"),
        ({"depth": True}, "`depth` must be an integer of at least 1"),
        ({"depth": 2, "covariance": [[1]]}, "`covariance` goes with depth=1"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(InputError, match=message):
        symgeo.WideNetwork("erf", **arguments)


def test_activations_without_closed_forms_are_refused():
    with pytest.raises(InputError, match=r"'tanh' has no closed form for .* which a deep network needs; take depth=1"):
        symgeo.WideNetwork("tanh", depth=2)
