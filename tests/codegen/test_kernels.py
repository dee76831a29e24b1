"""Kernels: shapes, blocks, precision, gradients, saved files that run alone, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import sympy as sp
import torch

import symgeo
from symgeo.codegen import Input, Let, Program, generate
from symgeo.errors import InputError

WIDE = symgeo.WideNetwork("erf").metric
SHALLOW = symgeo.ShallowNetwork("sigmoid", inputs=2, width=2).metric


def sphere():
    t, p, r = sp.symbols("theta phi r", positive=True)
    return symgeo.CoordinateMetric(sp.diag(r**2, r**2 * sp.sin(t) ** 2), (t, p))


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize("leading", [(), (5,), (2, 3), (0,)])
def test_any_leading_shape(backend, leading):
    x = np.random.default_rng(0).normal(size=(*leading, 3))
    gamma = generate(WIDE.christoffel, backend)(x, sigma=1.3, zeta=0.6)
    assert tuple(gamma.shape) == (*leading, 3, 3, 3)
    assert tuple(generate(WIDE.scalar_curvature, backend)(x, sigma=1.3, zeta=0.6).shape) == leading


def test_blocks_do_not_show():
    x = np.random.default_rng(1).normal(size=(9001, 2))
    R = generate(WIDE.scalar_curvature)
    whole = R(x, sigma=1.0, zeta=0.5)
    assert np.array_equal(whole[8500:], R(x[8500:], sigma=1.0, zeta=0.5))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_of_the_points_is_kept(dtype):
    x = np.ones((2, 2), dtype=dtype)
    assert generate(WIDE.matrix)(x, sigma=1.0, zeta=0.5).dtype == dtype
    tensor = generate(WIDE.matrix, "torch")(torch.from_numpy(x), sigma=1.0, zeta=0.5)
    assert tensor.numpy().dtype == dtype


def test_torch_kernels_are_differentiable():
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    sigma = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
    R = generate(WIDE.scalar_curvature, "torch")
    assert torch.autograd.gradcheck(lambda points, s: R(points, sigma=s, zeta=0.4), (x, sigma))


def test_explicit_metric():
    metric = sphere()
    x = np.array([[0.3, 1.0], [1.2, 2.0]])
    assert np.allclose(generate(metric.scalar_curvature)(x, r=2.0), 0.5)
    gamma = generate(metric.christoffel)(x, r=2.0)
    assert np.allclose(gamma[:, 0, 1, 1], -np.sin(x[:, 0]) * np.cos(x[:, 0]))
    assert np.allclose(gamma[:, 1, 0, 1], 1 / np.tan(x[:, 0]))
    volume = generate(metric.volume_element, "torch")(torch.from_numpy(x), r=2.0)
    assert np.allclose(volume.numpy(), 4 * np.sin(x[:, 0]))


def test_constant_results_have_the_shape_of_the_points():
    flat = symgeo.WideNetwork("relu").metric
    x = np.zeros((4, 5, 2))
    assert np.array_equal(generate(flat.scalar_curvature)(x, sigma=2.0, zeta=0.1), np.zeros((4, 5)))
    assert np.allclose(generate(flat.matrix)(x, sigma=2.0, zeta=0.1), 2 * np.eye(2))
    assert torch.equal(
        generate(flat.scalar_curvature, "torch")(torch.from_numpy(x), sigma=2.0, zeta=0.1), torch.zeros(4, 5).double()
    )


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("quantity", ["scalar_curvature", "christoffel", "log_volume_element"])
def test_saved_file_runs_alone(tmp_path, backend, quantity):
    kernel = generate(getattr(SHALLOW, quantity), backend)
    path = kernel.save(tmp_path / "kernel.py")
    code = (
        "import sys; sys.modules['symgeo'] = None\n"
        "import numpy as np, kernel\n"
        "rng = np.random.default_rng(5)\n"
        f"out = kernel.{quantity}(rng.normal(size=(3, 2)), W=rng.normal(size=(7, 2)), b=rng.normal(size=7))\n"
        "print(np.asarray(out).ravel().tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    rng = np.random.default_rng(5)
    here = kernel(rng.normal(size=(3, 2)), W=rng.normal(size=(7, 2)), b=rng.normal(size=7))
    assert eval(done.stdout) == np.asarray(here).ravel().tolist()
    assert path.read_text() == kernel.source
    assert "symgeo" not in [
        line.split()[1] for line in kernel.source.splitlines() if line.startswith(("import", "from"))
    ]
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", str(path)], capture_output=True, text=True
    )
    assert ruff.returncode == 0, ruff.stdout


def test_source_documents_itself():
    source = generate(SHALLOW.scalar_curvature).source
    assert "R = (T_abc T^abc - T_a T^a) / 4" in source
    assert "W: (n, d) weights, one row a unit." in source
    assert "derivations/03_shallow_network" in source


def points(**change):
    rng = np.random.default_rng(2)
    return {"x": rng.normal(size=(3, 2)), "W": rng.normal(size=(5, 2)), "b": rng.normal(size=5)} | change


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.zeros((3, 2), dtype=int)}, "`x` must hold float32 or float64 numbers, not "),
        ({"x": np.zeros((3, 4))}, r"`W` must have a shape that ends in \(any, 4\), not \(5, 2\)"),
        ({"x": np.array([[0.0, 1.0], [np.nan, 0.0]])}, r"`x` is not finite at index \(1, 0\)"),
        ({"b": np.zeros(4)}, r"`b` must have a shape that ends in \(5\), not \(4,\)"),
        ({"W": np.ones((5, 2))}, "`W` has linearly dependent columns, so that the metric is singular everywhere"),
        ({"W": np.ones((1, 2)), "b": np.ones(1)}, "width n = 1 is below the input dimension d = 2"),
        ({"W": np.ones((2, 5, 2))}, "`W` takes no leading axes"),
    ],
)
def test_bad_arguments(backend, change, message):
    arguments = points(**change)
    if backend == "torch":
        arguments = {name: torch.from_numpy(value) for name, value in arguments.items()}
    kernel = generate(SHALLOW.scalar_curvature, backend)
    with pytest.raises(InputError, match=message) as caught:
        kernel(arguments.pop("x"), **arguments)
    assert "\n" not in str(caught.value)


def test_first_singular_point_is_named():
    # Two units meet at x = 0 only: phi' = 3 z^2 vanishes there.
    metric = symgeo.ShallowNetwork("monomial(3)", inputs=2, width=2).metric
    x = np.array([[1.0, 1.0], [0.5, 0.0], [0.0, 0.5]])
    for backend in ("c", "numpy", "torch"):
        with pytest.raises(InputError, match=r"singular to working precision at the point \[0.5, 0.0\]"):
            generate(metric.scalar_curvature, backend)(x, W=np.eye(2), b=np.zeros(2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigma": 0.0, "zeta": 0.1}, "`sigma` must be a finite positive number, not 0.0"),
        ({"sigma": 1.0, "zeta": -0.1}, "`zeta` must be a finite nonnegative number, not -0.1"),
        ({"sigma": float("nan"), "zeta": 0.1}, "`sigma` must be a finite positive number, not nan"),
        (
            {"sigma": 1.0},
            r"`zeta` is missing of scalar_curvature; call it as scalar_curvature\(x, sigma=..., zeta=...\)",
        ),
        ({"sigma": 1.0, "zeta": 0.1, "W": 1}, "`W` is no argument of scalar_curvature"),
    ],
)
def test_bad_numbers(arguments, message):
    for backend in ("c", "numpy", "torch"):
        with pytest.raises(InputError, match=message.replace("-0.1", "-0.1")):
            generate(WIDE.scalar_curvature, backend)(np.ones((2, 2)), **arguments)


def test_bad_requests(tmp_path):
    with pytest.raises(InputError, match="`backend` must be one of c, numpy, torch, not 'jax'"):
        generate(WIDE.scalar_curvature, "jax")
    with pytest.raises(
        InputError, match=r"must be a method of a metric, such as metric.scalar_curvature \(not called\)"
    ):
        generate(WIDE.scalar_curvature())
    with pytest.raises(InputError, match="`quantity` 'explicit' has no kernel; those that have one are matrix"):
        generate(WIDE.explicit)
    with pytest.raises(InputError, match="cannot be written"):
        generate(WIDE.scalar_curvature).save(tmp_path / "missing" / "kernel.py")
    with pytest.raises(InputError, match=r"must end in \.py or \.c, not"):
        generate(WIDE.scalar_curvature).save(tmp_path / "kernel.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
def test_arguments_that_are_no_numbers_or_arrays(backend):
    kernel = generate(WIDE.scalar_curvature, backend)
    with pytest.raises(InputError, match="`sigma` must be a finite positive number, not 'a'"):
        kernel(np.ones((2, 2)), sigma="a", zeta=0.1)
    with pytest.raises(InputError, match=r"`x` must be .* not a ragged list"):
        kernel([[1.0, 2.0], [3.0]], sigma=1.0, zeta=0.1)
    with pytest.raises(
        InputError, match=r"takes the points as one array x of shape \(..., d\), and the rest by name: "
    ):
        kernel(1.0, 2.0, sigma=1.0, zeta=0.1)
    with pytest.raises(InputError, match=r"`x` must have a shape that ends in \(any\), not \(\)"):
        kernel(np.float64(1.0), sigma=1.0, zeta=0.1)


def test_program_names_what_it_lacks():
    x, a, y = sp.IndexedBase("x"), sp.Symbol("a"), sp.Symbol("y")
    of = Input(x, "points", (sp.Integer(2),), batched=True)
    with pytest.raises(InputError, match="`area` depends on a, not among its inputs x"):
        Program("area", "t", "f", "s", (of,), (Let(y, a * x[0]),), y, ())
    with pytest.raises(InputError, match="two inputs, or an input and a size, are called 'x'"):
        Program("area", "t", "f", "s", (of, Input(sp.Symbol("x"), "number")), (Let(y, x[0]),), y, ())


def test_undefined_functions_are_named():
    t, r = sp.symbols("t r", positive=True)
    metric = symgeo.CoordinateMetric(sp.diag(1, sp.Function("A")(t) ** 2), (t, r))
    with pytest.raises(InputError, match=r"`quantity` holds A\(.*\), which has no numeric form"):
        generate(metric.matrix)


NAMES = ["zero", "x_0", "shape_", "block", "delta", "c1", "result", "t1", "s", "q", "E", "lambda_"]


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_parameter_changes_the_answer(backend, name):
    u, v = sp.symbols("u v", real=True)
    p = sp.Symbol(name, positive=True)
    metric = symgeo.CoordinateMetric(sp.diag(1, p + u**2), (u, v))
    g = np.asarray(generate(metric.matrix, backend)(np.array([0.7, 0.1]), **{name: 3.0}))
    assert np.allclose(g, np.diag([1, 3.49]), rtol=1e-15)
    s = sp.Symbol("s" if name != "s" else "r", nonnegative=True)
    radial = symgeo.RadialMetric(p + s, 2 * p + s, s)
    x = np.array([0.3, -1.1])
    g = np.asarray(generate(radial.matrix, backend)(x, **{name: 3.0}))
    assert np.allclose(g, (3 + x @ x) * np.eye(2) + (6 + x @ x) * np.outer(x, x), rtol=1e-14)


@pytest.mark.parametrize("name", ["zero", "delta", "c1", "lambda", "r^2", "x", "result", "np"])
def test_no_name_of_the_radius_changes_the_answer(name):
    s = sp.Symbol(name, nonnegative=True)
    x = np.array([0.3, -1.1])
    g = generate(symgeo.RadialMetric(1 + s, s, s).matrix)(x)
    assert np.allclose(g, (1 + x @ x) * np.eye(2) + x @ x * np.outer(x, x), rtol=1e-14)


@pytest.mark.parametrize("name", ["np", "torch", "_block", "len", "_array", "matrix", "class", "r^2"])
def test_names_that_no_argument_can_have_are_refused(name):
    u, v = sp.symbols("u v", real=True)
    metric = symgeo.CoordinateMetric(sp.diag(1, sp.Symbol(name, positive=True) + u**2), (u, v))
    with pytest.raises(InputError, match="cannot name an argument of a kernel; rename the symbol"):
        generate(metric.matrix)


def test_a_point_outside_its_chart_is_named():
    r, t = sp.Symbol("r", positive=True), sp.Symbol("t", real=True)
    polar = symgeo.CoordinateMetric(sp.diag(1, r**2), (r, t))
    for backend in ("c", "numpy", "torch"):
        with pytest.raises(InputError, match=r"`x` must have positive r, but a point is \[-1.0, 2.0\]"):
            generate(polar.volume_element, backend)(np.array([[1.0, 0.0], [-1.0, 2.0]]))


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize("quantity", ["scalar_curvature", "christoffel", "inverse"])
def test_a_point_without_a_value_is_named(backend, quantity):
    metric = symgeo.WideNetwork("monomial(2)").metric
    x = np.array([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(InputError, match=r"there is no finite value at the point \[0.0, 0.0\]"):
        generate(getattr(metric, quantity), backend)(x, sigma=1.0, zeta=0.0)


@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_float32_stays_float32(name):
    metric = symgeo.ShallowNetwork(name, inputs=2, width=2).metric
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=(5, 2)), rng.normal(size=5)
    assert generate(metric.matrix)(x, W=W, b=b).dtype == np.float32
    assert generate(metric.log_volume_element)(x, W=W, b=b).dtype == np.float32
    for quantity in ("volume_element", "log_volume_element", "scalar_curvature"):
        assert generate(getattr(WIDE, quantity))(x, sigma=1.0, zeta=0.5).dtype == np.float32


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
def test_sums_are_over_whole_ranges_and_fixed_indices_stay_fixed(backend):
    n, d = sp.Symbol("n", integer=True, positive=True), sp.Symbol("d", integer=True, positive=True)
    x, W, y = sp.IndexedBase("x"), sp.IndexedBase("W"), sp.Symbol("y")
    a = sp.Idx("a", d)
    inputs = (Input(W, "weights", (d, n)), Input(x, "points", (d,), batched=True))

    def kernel(value):
        return generate(Program("total", "t", "f", "s", inputs, (Let(y, value),), y, (), sizes=(n, d)), backend)

    points, weights = np.array([1.0, 2.0, 3.0]), np.arange(6.0).reshape(3, 2)
    value = kernel(sp.Sum(W[a, 0] * x[a], (a, 0, d - 1)))(points, W=weights)
    assert float(value) == 16.0  # 0*1 + 2*2 + 4*3
    with pytest.raises(InputError, match="the sum over a must run over its whole range"):
        kernel(sp.Sum(x[a], (a, 1, d - 1)))
    with pytest.raises(InputError, match="inside a sum; contract it first"):
        kernel(sp.Sum(x[a] * sp.KroneckerDelta(a, 0), (a, 0, d - 1)))


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
def test_a_length_that_overflows_is_no_error_where_the_value_has_a_limit(backend):
    # x.x, by which the kernel judges its points, is infinite; the volume element tends to zero.
    volume = generate(WIDE.volume_element, backend)
    x = np.full((70, 3), 1e200)
    assert not np.asarray(volume(x, sigma=1.0, zeta=0.5)).any()
    x[69, 2] = np.nan
    with pytest.raises(InputError, match=r"`x` is not finite at index \(69, 2\)"):
        volume(x, sigma=1.0, zeta=0.5)
    with pytest.raises(InputError, match=r"there is no finite value at the point \[1e\+200"):
        generate(WIDE.scalar_curvature, backend)(np.full((5, 3), 1e200), sigma=1.0, zeta=0.5)
