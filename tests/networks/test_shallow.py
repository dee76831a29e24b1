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
from symgeo.networks.shallow import PhiDerivative

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
        (("tanh", 3, 2), "`inputs` = 3 exceeds `width` = 2: the metric is singular"),
        (("tanh", 0, 2), "`inputs` must be an integer of at least 1, not 0"),
        (("tanh", 2, 2.5), "`width` must be an integer of at least 1, not 2.5"),
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
