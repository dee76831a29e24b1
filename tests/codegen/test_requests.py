"""Requests: checked as a whole, the same again from cache, sizes that are known, torch compiled and vmapped."""

import shutil

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch

import symgeo
from symgeo.codegen import generate
from symgeo.errors import InputError

t, p = sp.symbols("t p", positive=True)
MADE = {
    "chart": lambda: symgeo.CoordinateMetric(sp.diag(1, t**2), (t, p)),
    "radial": lambda: symgeo.RadialMetric(1 + t, t, t),
    "wide erf": lambda: symgeo.WideNetwork("erf").metric,
    "wide sigmoid": lambda: symgeo.WideNetwork("sigmoid").metric,
    "wide tanh": lambda: symgeo.WideNetwork("tanh").metric,
    "monomial": lambda: symgeo.WideNetwork("monomial(3)").metric,
    "other monomial": lambda: symgeo.WideNetwork("monomial(2)").metric,
    "three inputs": lambda: symgeo.WideNetwork("erf", inputs=3).metric,
    "deep": lambda: symgeo.WideNetwork("erf", depth=2).metric,
    "deeper": lambda: symgeo.WideNetwork("erf", depth=3).metric,
    "correlated": lambda: symgeo.WideNetwork("erf", covariance=[[2, 1], [1, 3]]).metric,
    "shallow": lambda: symgeo.ShallowNetwork("tanh", 2, 3).metric,
    "user's": lambda: symgeo.WideNetwork(lambda z: z * sp.exp(-(z**2))).metric,
    "user's other": lambda: symgeo.WideNetwork(lambda z: 2 * z * sp.exp(-(z**2))).metric,
}


def test_the_same_request_is_the_same_kernel_and_no_other_is():
    first = {name: generate(made().matrix) for name, made in MADE.items()}
    assert len({id(kernel) for kernel in first.values()}) == len(MADE)
    for name, made in MADE.items():
        if "user" not in name:  # two functions of the user's are never taken for the same
            assert generate(made().matrix) is first[name]
    metric = MADE["wide erf"]()
    assert generate(metric.matrix) is not generate(metric.inverse)
    assert generate(metric.matrix, "torch") is not generate(metric.matrix)
    assert generate(metric.matrix, sizes={"d": 2}) is not generate(metric.matrix)


def test_using_a_metric_does_not_change_its_structure():
    metric = MADE["chart"]()
    before = generate(metric.christoffel)
    metric.riemann()
    assert generate(metric.christoffel) is before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": {"n": 3}}, r"`sizes`: 'n' is no size of scalar_curvature; its sizes are: d"),
        ({"sizes": {"d": 0}}, "`sizes` must hold integers of at least 1, but 'd' is 0"),
        ({"sizes": [3]}, r'`sizes` must be a dictionary such as \{"d": 2\}, not \[3\]'),
        ({"compile": True}, "`compile` goes with backend='torch', not 'numpy'"),
        ({"backend": "c", "compile": True}, "`compile` goes with backend='torch'; a C kernel is compiled in any case"),
    ],
)
def test_requests_that_cannot_be_meant(arguments, message):
    with pytest.raises(InputError, match=message):
        generate(symgeo.WideNetwork("erf").metric.scalar_curvature, **arguments)


def test_sizes_at_which_there_is_no_value():
    with pytest.raises(InputError, match="width n = 2 is below the input dimension d = 3"):
        generate(symgeo.ShallowNetwork("tanh", 2, 3).metric.inverse, sizes={"n": 2, "d": 3})


def test_compile_without_a_compiler_is_one_line(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"`compile` needs a C\+\+ compiler, and there is none"):
        generate(symgeo.WideNetwork("erf").metric.matrix, "torch", compile=True)


@pytest.mark.parametrize("name", ["p", "k", "work", "exp", "double"])
def test_names_that_no_argument_in_c_can_have(name):
    u, v = sp.symbols("u v", real=True)
    metric = symgeo.CoordinateMetric(sp.diag(1, sp.Symbol(name, positive=True) + u**2), (u, v))
    with pytest.raises(InputError, match=f"`{name}` cannot name an argument of a kernel; rename the symbol"):
        generate(metric.matrix, "c")


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize("quantity", ["matrix", "christoffel", "scalar_curvature"])
def test_known_sizes_change_nothing_but_the_shapes(backend, quantity):
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(40, 2)), {"W": rng.normal(size=(4, 2)), "b": rng.normal(size=4)}
    method = getattr(symgeo.ShallowNetwork("sigmoid", 2, 4).metric, quantity)
    fixed = generate(method, backend, sizes={"n": 4, "d": 2})
    expected = generate(method)(x, **weights)
    assert np.allclose(fixed(x, **weights), expected, rtol=1e-11, atol=1e-12 * abs(expected).max())
    with pytest.raises(InputError, match=r"`x` must have a shape that ends in \(2\)"):
        fixed(np.ones((1, 3)), **weights)


def exact_curvature(x, W, b):
    """R = -minors/(2 det^2) of sigmoid units, every number with 50 digits."""
    with mp.workdps(50):
        rows = [[mp.mpf(v) for v in row] for row in W]
        z = [w[0] * mp.mpf(x[0]) + w[1] * mp.mpf(x[1]) + mp.mpf(c) for w, c in zip(rows, b, strict=True)]
        s = [1 / (1 + mp.exp(-v)) for v in z]
        h = [(v * (1 - v)) ** 2 for v in s]
        dh = [2 * a * (1 - 2 * v) for a, v in zip(h, s, strict=True)]
        G = [mp.fsum(a * w[0] ** (2 - m) * w[1] ** m for a, w in zip(h, rows, strict=True)) for m in range(3)]
        T = [mp.fsum(a * w[0] ** (3 - m) * w[1] ** m for a, w in zip(dh, rows, strict=True)) for m in range(4)]
        minors = (
            G[0] * (T[1] * T[3] - T[2] ** 2) - G[1] * (T[0] * T[3] - T[1] * T[2]) + G[2] * (T[0] * T[2] - T[1] ** 2)
        )
        return -minors * len(W) / (2 * (G[0] * G[2] - G[1] ** 2) ** 2)


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
def test_a_few_units_keep_their_digits_where_det_g_cancels(backend):
    rng = np.random.default_rng(1)
    kernel = generate(symgeo.ShallowNetwork("sigmoid", 2, 3).metric.scalar_curvature, backend, sizes={"n": 3, "d": 2})
    for _ in range(20):
        # Weights parallel to a few hundredths: det g = g11 g22 - g12^2 loses 6 digits, these formulas 2.
        W = rng.normal(size=(3, 1)) * rng.normal(size=2) + 0.03 * rng.normal(size=(3, 2))
        x, b = rng.normal(size=2), rng.normal(size=3)
        assert float(kernel(x, W=W, b=b)) == pytest.approx(float(exact_curvature(x, W, b)), rel=1e-12)


NETWORKS = {
    "wide": (symgeo.WideNetwork("gelu").metric, {"sigma": 1.2, "zeta": 0.4}),
    "quadrature": (symgeo.WideNetwork("tanh").metric, {"sigma": 1.2, "zeta": 0.4}),
    "shallow": (
        symgeo.ShallowNetwork("tanh", 2, 3).metric,
        {"W": torch.linspace(-1, 1.3, 10).double().reshape(5, 2) ** 3 + torch.eye(5, 2), "b": torch.arange(5).double()},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("quantity", ["christoffel", "scalar_curvature", "log_volume_element"])
def test_torch_kernels_under_vmap_and_grad(name, quantity):
    metric, arguments = NETWORKS[name]
    kernel = generate(getattr(metric, quantity), "torch")
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(
        torch.func.vmap(lambda point: kernel(point, **arguments))(x), kernel(x, **arguments), rtol=1e-12
    )
    whole = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(kernel(whole, **arguments).sum(), whole)
    single = torch.func.vmap(torch.func.grad(lambda point: kernel(point, **arguments).sum()))(x)
    assert torch.allclose(single, expected, rtol=1e-10)
    assert torch.autograd.gradcheck(lambda points: kernel(points, **arguments), (x.clone().requires_grad_(),))


def test_any_floating_dtype():
    kernel = generate(symgeo.WideNetwork("erf").metric.scalar_curvature, "torch")
    x = torch.tensor([[0.5, 1.0], [1.0, 2.0]])
    for dtype, digits in ((torch.float32, 1e-6), (torch.bfloat16, 3e-2), (torch.float16, 3e-3)):
        value = kernel(x.to(dtype), sigma=1.0, zeta=0.5)
        assert value.dtype == dtype
        assert torch.allclose(value.double(), kernel(x.double(), sigma=1.0, zeta=0.5), rtol=digits)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning", "ignore:The .grad attribute:UserWarning")
def test_compiled_torch_kernels():
    # torch.compile alone takes 20 s here.
    x = torch.randn(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for metric, arguments in (NETWORKS["wide"], NETWORKS["shallow"]):
        compiled = generate(metric.scalar_curvature, "torch", compile=True)
        plain = generate(metric.scalar_curvature, "torch")
        assert torch.allclose(compiled(x, **arguments), plain(x, **arguments), rtol=1e-11)
        points = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(compiled(points, **arguments).sum(), points)
        (expected,) = torch.autograd.grad(plain(points, **arguments).sum(), points)
        assert torch.allclose(slope, expected, rtol=1e-9)
    bad = x.clone()
    bad[7, 1] = torch.inf
    with pytest.raises(InputError, match=r"`x` is not finite at index \(7, 1\)"):
        compiled(bad, **arguments)


def test_operations_are_counted():
    metric = symgeo.WideNetwork("erf").metric
    kernel = generate(metric.scalar_curvature)
    # s: d products and additions; -c3 s / sqrt(c1 s + t2): one addition, two products, a root, a division.
    assert kernel.operations.startswith("Operations at a point: d + 1 additions, d + 2 products, 1 divisions, 1 roots;")
    assert kernel.operations in " ".join(kernel.source.split())
    assert generate(metric.scalar_curvature, "c").operations == kernel.operations


def test_formulas_that_no_backend_writes():
    x, y = sp.symbols("x y", real=True)
    t = sp.Symbol("t", real=True)
    A = sp.Function("A")
    cases = {
        r"Derivative\(A": 1 + A(x * y) ** 2,
        "Integral": 1 + sp.Integral(sp.exp(-(t**2)), (t, 0, y)) ** 2,
        "Piecewise": sp.Piecewise((1 + x**2, x > 0), (1 + x**4, True)),
        r"Sum\(": 1 + sp.Sum(y**t, (t, 1, 3)) ** 2,
    }
    for text, entry in cases.items():
        metric = symgeo.CoordinateMetric(sp.diag(entry, 1), (x, y), arithmetic="sympy")
        for backend in ("numpy", "c"):
            with pytest.raises(InputError, match=rf"`quantity` holds .*{text}.*which has no numeric form") as caught:
                symgeo.generate(metric.christoffel if "A" in text else metric.matrix, backend)
            assert "\n" not in str(caught.value)


def test_a_formula_that_is_too_deep():
    x, y = sp.symbols("x y", real=True)
    entry = sp.S.One
    for k in range(150):
        entry = 1 / (2 + entry + k * x / 100)
    metric = symgeo.CoordinateMetric(sp.diag(1, entry**2), (x, y), arithmetic="sympy")
    with pytest.raises(InputError, match="`matrix` is nested deeper than Python's recursion limit of"):
        symgeo.generate(metric.matrix)
