"""The shallow metric: Cauchy-Binet, the forms of R, flatness at n = d, kernels of any size, what is refused."""

from itertools import combinations

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo
from symgeo.errors import InputError
from symgeo.networks.shallow_metric import PhiDerivative

QUANTITIES = [
    "matrix",
    "inverse",
    "determinant",
    "volume_element",
    "christoffel",
    "riemann",
    "ricci",
    "scalar_curvature",
]


def random_network(seed, n, d):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=(4, d))


def oracle(phi, W, b, x):
    """Metric, Christoffel symbols and R at 40 digits: g differentiated as a generic metric, no theorem used."""
    n, d = W.shape
    first = sp.lambdify(
        sp.Symbol("z", real=True),
        phi.phi(sp.Symbol("z", real=True)).diff(),
        ["mpmath", {"logistic": lambda t: 1 / (1 + mp.exp(-t))}],
    )
    W, b = [[mp.mpf(v) for v in row] for row in W], [mp.mpf(v) for v in b]

    def g(*point):
        p = [first(sum(W[j][a] * point[a] for a in range(d)) + b[j]) ** 2 for j in range(n)]
        return mp.matrix([[sum(p[j] * W[j][a] * W[j][c] for j in range(n)) / n for c in range(d)] for a in range(d)])

    def at(i, j, orders):
        return mp.diff(lambda *point: g(*point)[i, j], tuple(map(mp.mpf, x)), orders)

    size = range(d)

    def e(*axes):
        return tuple(axes.count(k) for k in size)

    G = g(*map(mp.mpf, x))
    inverse = G**-1
    dg = [[[at(i, j, e(k)) for j in size] for i in size] for k in size]
    ddg = [[[[at(i, j, e(k, m)) for j in size] for i in size] for m in size] for k in size]
    low = [[[(dg[c][a][q] + dg[q][a][c] - dg[a][c][q]) / 2 for q in size] for c in size] for a in size]
    gamma = [[[sum(inverse[a, f] * low[f][c][q] for f in size) for q in size] for c in size] for a in size]

    def riemann(a, c, p, q):
        second = (ddg[c][p][a][q] + ddg[a][q][c][p] - ddg[c][q][a][p] - ddg[a][p][c][q]) / 2
        return second + sum(low[f][c][p] * gamma[f][a][q] - low[f][c][q] * gamma[f][a][p] for f in size)

    R = sum(inverse[a, p] * inverse[c, q] * riemann(a, c, p, q) for a in size for c in size for p in size for q in size)
    return G, gamma, R


@pytest.mark.parametrize(("name", "n", "d"), [("tanh", 3, 2), ("sigmoid", 5, 3), ("erf", 4, 2), ("monomial(3)", 4, 2)])
def test_kernels_against_the_generic_definition(name, n, d):
    network = symgeo.ShallowNetwork(name, inputs=d, width=n)
    W, b, x = random_network(7, n, d)
    with mp.workdps(40):
        G, gamma, R = oracle(network.activation, W, b, x[0])
    for backend in ("numpy", "torch"):
        of = {q: np.asarray(symgeo.generate(getattr(network.metric, q), backend)(x, W=W, b=b))[0] for q in QUANTITIES}
        assert np.allclose(of["matrix"], np.array(G.tolist(), dtype=float), rtol=1e-13)
        assert np.allclose(of["christoffel"], np.array(gamma, dtype=float), rtol=1e-10, atol=1e-11)
        assert np.isclose(of["scalar_curvature"], float(R), rtol=1e-10)
        # The other tensors follow from these by contraction.
        inverse = np.linalg.inv(of["matrix"])
        assert np.allclose(np.einsum("ac,abcd->bd", inverse, of["riemann"]), of["ricci"], rtol=1e-9, atol=1e-11)
        assert np.isclose(np.einsum("bd,bd->", inverse, of["ricci"]), of["scalar_curvature"], rtol=1e-9)
        assert np.allclose(of["inverse"], inverse, rtol=1e-9)
        assert np.isclose(of["volume_element"] ** 2, of["determinant"], rtol=1e-12)
        assert np.isclose(of["determinant"], np.linalg.det(of["matrix"]), rtol=1e-10)


def test_symbolic_tensors_equal_the_kernels():
    network = symgeo.ShallowNetwork("sigmoid", inputs=2, width=3)
    W, b, x = random_network(3, 3, 2)
    values = {f"W_{j + 1}_{a + 1}": W[j, a] for j in range(3) for a in range(2)}
    values |= {f"b_{j + 1}": b[j] for j in range(3)} | {"x_1": x[0, 0], "x_2": x[0, 1]}
    numbers = {network.symbols[name]: sp.Float(value, 40) for name, value in values.items()}
    for quantity in QUANTITIES:
        kernel = symgeo.generate(getattr(network.metric, quantity))(x, W=W, b=b)[0]
        symbolic = getattr(network.metric, quantity)()
        flat = sp.flatten(symbolic.tolist()) if hasattr(symbolic, "tolist") else [symbolic]
        exact = np.array([float(e.xreplace(numbers).evalf(30)) for e in flat]).reshape(kernel.shape)
        assert np.allclose(kernel, exact, rtol=1e-10, atol=1e-13 * np.abs(exact).max())


def test_determinant_is_cauchy_binet():
    network = symgeo.ShallowNetwork("tanh", inputs=2, width=4)
    W, z = network.weights, network.preactivations
    binet = (
        sum(
            (W[list(rows), :].det() * sp.Mul(*(PhiDerivative(1, z[j]) for j in rows))) ** 2
            for rows in combinations(range(4), 2)
        )
        / sp.Integer(4) ** 2
    )
    assert sp.expand(network.metric.opaque.determinant() - binet) == 0


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "monomial(3)", "gelu", lambda z: z * sp.exp(-(z**2))])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_as_many_units_as_inputs_is_flat(name, size):
    metric = symgeo.ShallowNetwork(name, inputs=size, width=size).metric
    assert metric.scalar_curvature() == 0
    assert not any(sp.flatten(metric.riemann().tolist()))


def test_one_input_is_flat():
    assert symgeo.ShallowNetwork("tanh", inputs=1, width=4).metric.scalar_curvature() == 0


@settings(deadline=None, derandomize=True, max_examples=25)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 40), d=st.integers(2, 4), c=st.floats(0.2, 5))
def test_laws_of_the_kernels(seed, n, d, c):
    n = max(n, d + 1)
    W, b, x = random_network(seed, n, d)
    metric = symgeo.ShallowNetwork("tanh", inputs=2, width=3).metric
    g, R = symgeo.generate(metric.matrix), symgeo.generate(metric.scalar_curvature)
    base = R(x, W=W, b=b)
    scale = np.abs(base) + 1
    # A linear change of chart y = A^-1 x leaves R as it is: W -> W A at A^-1 x.
    A = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0] * c
    moved = R(x @ np.linalg.inv(A).T, W=W @ A, b=b)
    assert np.allclose(moved, base, rtol=1e-7, atol=1e-9 * scale.max())
    # Repeating every unit k times changes nothing, as the features carry 1/sqrt(n).
    assert np.allclose(g(x, W=np.tile(W, (3, 1)), b=np.tile(b, 3)), g(x, W=W, b=b), rtol=1e-12)


def test_published_factor_three_is_not_ours():
    # R = -det[[g11, g12, g22], [T111, T112, T122], [T112, T122, T222]] / (2 det^2), with factor 1 and not 3.
    W, b, x = random_network(11, 6, 2)
    metric = symgeo.ShallowNetwork("sigmoid", inputs=2, width=6).metric
    z = x @ W.T + b
    s = 1 / (1 + np.exp(-z))
    p, q = s * (1 - s), s * (1 - s) * (1 - 2 * s)
    g = np.einsum("zj,ja,jb->zab", p**2, W, W) / 6
    T = 2 * np.einsum("zj,ja,jb,jc->zabc", p * q, W, W, W) / 6
    rows = [
        [g[:, 0, 0], g[:, 0, 1], g[:, 1, 1]],
        [T[:, 0, 0, 0], T[:, 0, 0, 1], T[:, 0, 1, 1]],
        [T[:, 0, 0, 1], T[:, 0, 1, 1], T[:, 1, 1, 1]],
    ]
    known = -np.linalg.det(np.array(rows).transpose(2, 0, 1)) / (2 * np.linalg.det(g) ** 2)
    assert np.allclose(symgeo.generate(metric.scalar_curvature)(x, W=W, b=b), known, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tanh", 0, 2), "`inputs` must be an integer of at least 1, or None to keep d, not 0"),
        (("tanh", 2, 2.5), "`width` must be an integer of at least 1, or None to keep n, not 2.5"),
        (("tan", 2, 3), "'tan' is unknown; the known ones are"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InputError, match=message):
        symgeo.ShallowNetwork(*arguments)


@pytest.mark.parametrize("quantity", ["christoffel", "riemann", "ricci", "scalar_curvature"])
def test_kinks_have_no_curvature(quantity):
    metric = symgeo.ShallowNetwork("relu", inputs=2, width=3).metric
    with pytest.raises(InputError, match="'relu' has a kink"):
        getattr(metric, quantity)()
    with pytest.raises(InputError, match="'relu' has a kink"):
        symgeo.generate(getattr(metric, quantity))
    W, b, x = random_network(1, 5, 2)
    active = (x @ W.T + b > 0).astype(float)
    assert np.allclose(symgeo.generate(metric.matrix)(x, W=W, b=b), np.einsum("zj,ja,jb->zab", active, W, W) / 5)


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_feature_map_kernel(name, backend):
    network = symgeo.ShallowNetwork(name, inputs=2, width=3)
    W, b, x = random_network(4, 3, 2)
    values = {f"W_{j + 1}_{a + 1}": W[j, a] for j in range(3) for a in range(2)}
    values |= {f"b_{j + 1}": b[j] for j in range(3)} | {"x_1": x[0, 0], "x_2": x[0, 1]}
    exact = network.feature_map().xreplace({network.symbols[k]: sp.Float(v, 30) for k, v in values.items()})
    features = np.asarray(symgeo.generate(network.feature_map, backend)(x, W=W, b=b))[0]
    assert np.allclose(features, np.array(exact.evalf(20).tolist(), dtype=float).ravel(), rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", ["monomial(1)", "leaky_relu(1)", lambda z: 2 * z])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_constant_slopes(name, backend):
    metric = symgeo.ShallowNetwork(name, inputs=2, width=5).metric
    W, b, x = random_network(1, 5, 2)
    slope = 2 if callable(name) else 1
    g = np.asarray(symgeo.generate(metric.matrix, backend)(x, W=W, b=b))
    assert np.allclose(g, np.broadcast_to(slope**2 * W.T @ W / 5, (4, 2, 2)), rtol=1e-14)
    if name != "leaky_relu(1)":
        assert np.allclose(np.asarray(symgeo.generate(metric.scalar_curvature, backend)(x, W=W, b=b)), 0)


def curvature_of_exact_weights(W, b, x):
    """R of the tanh network at 60 digits, R = (|T|^2 - |tr T|^2)/4 with an exact inverse."""
    with mp.workdps(60):
        n, d = W.shape
        W = [[mp.mpf(float(v)) for v in row] for row in W]
        z = [sum(W[j][a] * mp.mpf(float(x[a])) for a in range(d)) + mp.mpf(float(b[j])) for j in range(n)]
        p = [mp.sech(t) ** 2 for t in z]
        q = [-2 * mp.tanh(t) * mp.sech(t) ** 4 for t in z]
        g = mp.matrix(d, d)
        for a in range(d):
            for c in range(d):
                g[a, c] = mp.fsum(p[j] ** 2 * W[j][a] * W[j][c] for j in range(n)) / n
        inverse = g**-1
        r = range(d)
        T = [[[2 * mp.fsum(q[j] * W[j][a] * W[j][c] * W[j][e] for j in range(n)) / n for e in r] for c in r] for a in r]
        up = [[[mp.fsum(inverse[a, k] * T[k][c][e] for k in r) for e in r] for c in r] for a in r]
        trace = [mp.fsum(up[a][a][c] for a in r) for c in r]
        square = mp.fsum(up[a][c][e] * up[c][a][k] * inverse[e, k] for a in r for c in r for e in r for k in r)
        return (square - mp.fsum(trace[a] * inverse[a, c] * trace[c] for a in r for c in r)) / 4


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6, 1e-8])
def test_nearly_parallel_weights_keep_their_digits(backend, gap):
    # cond(g) reaches 1e16; the metric is regular in the chart that the weights' QR decomposition gives.
    rng = np.random.default_rng(3)
    first = rng.normal(size=6)
    W, b, x = np.stack([first, first + gap * rng.normal(size=6)], 1), rng.normal(size=6), rng.normal(size=2)
    exact = float(curvature_of_exact_weights(W, b, x))
    R = symgeo.generate(symgeo.ShallowNetwork("tanh", inputs=2, width=2).metric.scalar_curvature, backend)
    # The columns themselves hold only eps/gap of their difference.
    assert float(R(x, W=W, b=b)) == pytest.approx(exact, rel=1e-13 + 1e3 * np.finfo(float).eps / gap)


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1e9])
def test_units_of_the_inputs_do_not_matter(unit):
    metric = symgeo.ShallowNetwork("tanh", inputs=2, width=2).metric
    W, b, x = random_network(5, 9, 2)
    D = np.array([1.0, unit])
    R, log = symgeo.generate(metric.scalar_curvature), symgeo.generate(metric.log_volume_element)
    assert np.allclose(R(x / D, W=W * D, b=b), R(x, W=W, b=b), rtol=1e-10)
    assert np.allclose(log(x / D, W=W * D, b=b), log(x, W=W, b=b) + np.log(unit), rtol=1e-12)
    gamma = symgeo.generate(metric.christoffel)
    jacobian = np.einsum("a,b,c->abc", 1 / D, D, D)
    assert np.allclose(gamma(x / D, W=W * D, b=b) / jacobian, gamma(x, W=W, b=b), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "point"), [("softplus", 750.0), ("softplus", -40.0), ("gelu", -9.0), ("probit", -9.0)]
)
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_features_far_out_keep_their_digits(name, point, backend):
    network = symgeo.ShallowNetwork(name, inputs=1, width=1)
    value = np.asarray(symgeo.generate(network.feature_map, backend)(np.array([point]), W=np.eye(1), b=np.zeros(1)))
    with mp.workdps(40):
        z = mp.mpf(point)
        exact = {"softplus": mp.log1p(mp.exp(z)), "gelu": z * mp.ncdf(z), "probit": mp.ncdf(z)}[name]
    assert float(value[0]) == pytest.approx(float(exact), rel=1e-13)
    g = np.asarray(symgeo.generate(network.metric.matrix, backend)(np.array([point]), W=np.eye(1), b=np.zeros(1)))
    with mp.workdps(40):
        slope = {
            "softplus": 1 / (1 + mp.exp(-z)),
            "gelu": mp.ncdf(z) + z * mp.npdf(z),
            "probit": mp.npdf(z),
        }[name]
    assert float(g[0, 0]) == pytest.approx(float(slope**2), rel=1e-12)


def test_rectified_cubes_are_smooth_enough_for_curvature():
    metric = symgeo.ShallowNetwork("rectified_monomial(3)", inputs=2, width=3).metric
    cubes = symgeo.ShallowNetwork("monomial(3)", inputs=2, width=3).metric
    W, b, x = random_network(2, 9, 2)
    active = np.array([(W @ p + b > 0) for p in x])
    R = symgeo.generate(metric.scalar_curvature)
    for p, on in zip(x, active, strict=True):
        if on.sum() >= 3:
            # Units that are off contribute nothing but their share of 1/n.
            share = on.sum() / len(b)
            alone = symgeo.generate(cubes.scalar_curvature)(p, W=W[on], b=b[on])
            assert np.isclose(R(p, W=W, b=b) * share, alone, rtol=1e-9)
    assert not metric.scalar_curvature().has(sp.DiracDelta)


@pytest.mark.parametrize(("n", "d"), [(3, 2), (5, 2), (4, 3), (6, 4), (3, 3), (4, 1)])
def test_curvature_in_minors_equals_the_kernel(n, d):
    network = symgeo.ShallowNetwork("sigmoid", inputs=d, width=n)
    W, b, x = random_network(8, n, d)
    values = {f"W_{j + 1}_{a + 1}": W[j, a] for j in range(n) for a in range(d)}
    values |= {f"b_{j + 1}": b[j] for j in range(n)} | {f"x_{a + 1}": x[0, a] for a in range(d)}
    symbolic = network.metric._closed(network.metric._curvature_by_units())
    exact = float(symbolic.xreplace({network.symbols[k]: sp.Float(v, 60) for k, v in values.items()}))
    kernel = float(symgeo.generate(network.metric.scalar_curvature)(x, W=W, b=b)[0])
    assert kernel == pytest.approx(exact, rel=1e-9, abs=1e-11)
    if n == d or d == 1:
        assert symbolic == 0


def test_large_networks_are_not_expanded():
    metric = symgeo.ShallowNetwork("tanh", inputs=4, width=6).metric
    assert metric.opaque.arithmetic == "sympy"
    assert metric.scalar_curvature() != 0
    assert symgeo.ShallowNetwork("tanh", inputs=4, width=4).metric.scalar_curvature() == 0


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "tanh"])
def test_sympy_itself_can_make_numbers_of_the_results(name):
    network = symgeo.ShallowNetwork(name, inputs=1, width=1)
    symbols = list(network.symbols.values())
    value = sp.lambdify(symbols, network.metric.matrix()[0, 0])(0.3, 1.2, -0.4)
    features = sp.lambdify(symbols, network.feature_map()[0])(0.3, 1.2, -0.4)
    W, b, x = np.array([[1.2]]), np.array([-0.4]), np.array([0.3])
    assert value == pytest.approx(symgeo.generate(network.metric.matrix)(x, W=W, b=b)[0, 0], rel=1e-14)
    assert features == pytest.approx(symgeo.generate(network.feature_map)(x, W=W, b=b)[0], rel=1e-14)
