"""C kernels: the same values as NumPy's, saved files that a plain compiler takes, and no compiler at all."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

import symgeo
import symgeo.codegen.compiled as compiled
from symgeo.codegen import generate
from symgeo.codegen.c_source import FLAGS
from symgeo.errors import InputError
from symgeo.geometry.programs import TITLES

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(70, 3)), RNG.normal(size=(12, 3)), RNG.normal(size=12)
WIDE = {"sigma": 1.3, "zeta": 0.6}
# One network a kind of code: closed forms, exponentials, quadrature nodes, recursions, sums over units.
CASES = {
    "wide erf": (
        symgeo.WideNetwork("erf").metric,
        WIDE,
        ("matrix", "log_volume_element", "riemann", "scalar_curvature"),
    ),
    "wide cos": (symgeo.WideNetwork("cos").metric, WIDE, ("riemann", "scalar_curvature")),
    "wide relu": (symgeo.WideNetwork("relu").metric, WIDE, ("matrix", "scalar_curvature")),
    "wide tanh": (symgeo.WideNetwork("tanh").metric, WIDE, ("ricci",)),
    "deep gelu": (symgeo.WideNetwork("gelu", depth=2).metric, WIDE, ("christoffel",)),
    "shallow sigmoid": (
        symgeo.ShallowNetwork("sigmoid", 3, 4).metric,
        {"W": W, "b": B},
        ("matrix", "christoffel", "log_volume_element"),
    ),
    "shallow softplus": (symgeo.ShallowNetwork("softplus", 3, 4).metric, {"W": W, "b": B}, ("scalar_curvature",)),
    "features": (symgeo.ShallowNetwork("gelu", 3, 4), {"W": W, "b": B}, ("feature_map",)),
}


@pytest.mark.parametrize(("name", "quantity"), [(name, q) for name, case in CASES.items() for q in case[2]])
def test_values_are_those_of_numpy(name, quantity):
    owner, arguments, _ = CASES[name]
    method = getattr(owner, quantity)
    expected = generate(method)(X, **arguments)
    # 1e-13 of the largest value: of tensors whose components cancel, that is what both can know.
    assert np.allclose(generate(method, "c")(X, **arguments), expected, rtol=1e-13, atol=1e-13 * abs(expected).max())


@pytest.mark.slow
@pytest.mark.parametrize("quantity", TITLES)
@pytest.mark.parametrize("name", ["wide erf", "wide tanh", "deep gelu", "shallow sigmoid"])
def test_every_quantity_has_c(name, quantity):
    # A second of compiling each.
    test_values_are_those_of_numpy(name, quantity)


def test_two_inputs_have_code_of_their_own():
    metric = symgeo.ShallowNetwork("tanh", 2, 4).metric
    arguments = {"W": W[:, :2], "b": B}
    expected = generate(metric.scalar_curvature)(X[:, :2], **arguments)
    assert np.allclose(generate(metric.scalar_curvature, "c")(X[:, :2], **arguments), expected, rtol=1e-12)


def test_float32_points_give_float32_values():
    value = generate(symgeo.WideNetwork("erf").metric.matrix, "c")(X.astype(np.float32), **WIDE)
    assert value.dtype == np.float32


def test_a_saved_file_is_plain_c(tmp_path):
    metric = symgeo.WideNetwork("erf").metric
    kernel = generate(metric.scalar_curvature, "c")
    path = kernel.save(tmp_path / "curvature.c")
    assert path.read_text() == kernel.source == generate(metric.scalar_curvature).save(path).read_text()
    library = tmp_path / "curvature.so"
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    command = [compiled.compiler(), *FLAGS, *strict, "-shared", "-fPIC", "-o", str(library), str(path), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    out, where, points = np.empty(len(X)), ctypes.c_size_t(0), X.copy()
    function = ctypes.CDLL(str(library)).scalar_curvature

    def call(sigma):
        place = [ctypes.c_void_p(a.ctypes.data) for a in (points, out)]
        numbers = [ctypes.c_double(sigma), ctypes.c_double(0.6)]
        sizes = [ctypes.c_size_t(n) for n in points.shape]
        return function(*sizes, place[0], *numbers, place[1], ctypes.byref(where))

    assert call(1.3) == 0
    assert np.allclose(out, generate(metric.scalar_curvature)(X, **WIDE), rtol=1e-13)
    assert call(-1.3) == 2
    points[69, 1] = np.nan
    assert (call(1.3), where.value) == (3, 3 * 69 + 1)


def test_the_file_documents_itself():
    source = generate(symgeo.ShallowNetwork("sigmoid", 2, 2).metric.scalar_curvature, "c").source
    for text in (
        "R = (T_abc T^abc - T_a T^a) / 4",
        "W: (n, d) weights, one row a unit.",
        "derivations/03_shallow_network",
        "Operations at a point",
        " ".join(FLAGS),
    ):
        assert text in source


def test_no_compiler_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    kernel = generate(symgeo.WideNetwork("probit").metric.determinant, "c")
    assert "int determinant(" in kernel.source  # written all the same
    with pytest.raises(InputError, match="needs a C compiler, and there is none") as caught:
        kernel(X, **WIDE)
    assert "\n" not in str(caught.value)


def test_a_c_kernel_is_saved_as_c(tmp_path):
    with pytest.raises(InputError, match=r"`path` of a C kernel must end in \.c"):
        generate(symgeo.WideNetwork("erf").metric.matrix, "c").save(tmp_path / "kernel.py")
