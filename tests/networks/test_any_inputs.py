"""Shallow networks whose number of inputs stays a symbol: their sums over units, written out for numbers."""

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError
from symgeo.networks import UnitTensor, written_out

TENSORS = ("matrix", "inverse", "christoffel", "riemann", "ricci")
SCALARS = ("determinant", "volume_element", "scalar_curvature")
SIZES = [(1, 2), (2, 2), (2, 3)]


def at_numbers(inputs, width, name="sigmoid"):
    """The network of these sizes, and its values in either writing."""
    network = symgeo.ShallowNetwork(name, inputs, width)
    rng = np.random.default_rng(inputs + 10 * width)
    values = {s: sp.Rational(int(rng.integers(-90, 90)), 61).evalf(40) for s in network.symbols.values()}
    open_symbols = symgeo.ShallowNetwork(name).symbols
    x, W, b = (open_symbols[letter] for letter in "xWb")
    arrays = {x[a]: values[network.symbols[f"x_{a}"]] for a in range(1, inputs + 1)}
    for j in range(1, width + 1):
        arrays[b[j]] = values[network.symbols[f"b_{j}"]]
        arrays |= {W[j, a]: values[network.symbols[f"W_{j}_{a}"]] for a in range(1, inputs + 1)}
    return network, values, arrays


def close(one, other):
    return abs(one - other) < sp.Float("1e-25") * (1 + abs(other))


@pytest.mark.parametrize("quantity", [*TENSORS, *SCALARS])
@pytest.mark.parametrize(("inputs", "width"), SIZES)
def test_sums_over_units_are_the_tensors_of_any_size(inputs, width, quantity):
    network, values, arrays = at_numbers(inputs, width)
    expected = getattr(network.metric, quantity)()
    known = sp.flatten(expected.tolist()) if quantity in TENSORS else [expected]
    known = [value.xreplace(values).evalf(30) for value in known]
    for given in (None, width):
        value = getattr(symgeo.ShallowNetwork("sigmoid", None, given).metric, quantity)()
        found = entries_of(value, inputs, width, arrays)
        assert len(found) == len(known)
        assert all(close(one.evalf(30), other) for one, other in zip(found, known, strict=True))


@pytest.mark.parametrize("quantity", [*TENSORS, *SCALARS])
def test_sums_over_units_are_what_kernels_compute(quantity):
    rng = np.random.default_rng(7)
    n, d = 4, 3
    x, W, b = rng.normal(size=d), rng.normal(size=(n, d)), rng.normal(size=n)
    metric = symgeo.ShallowNetwork("tanh").metric
    names = metric.symbols
    arrays = {names["x"][a + 1]: sp.Float(x[a], 30) for a in range(d)}
    for j in range(n):
        arrays |= {names["W"][j + 1, a + 1]: sp.Float(W[j, a], 30) for a in range(d)}
        arrays[names["b"][j + 1]] = sp.Float(b[j], 30)
    found = entries_of(getattr(metric, quantity)(), d, n, arrays)
    computed = symgeo.generate(getattr(metric, quantity))(x, W=W, b=b)
    assert np.allclose(np.array([float(v) for v in found]), computed.ravel(), rtol=1e-11, atol=1e-13)


def entries_of(value, inputs, width, arrays):
    if isinstance(value, UnitTensor):
        return sp.flatten(value.components(inputs, width, arrays).tolist())
    return [written_out(value.subs(_sizes(inputs, width)), arrays)]


def _sizes(inputs, width):
    symbols = symgeo.ShallowNetwork("sigmoid").symbols
    return {symbols["d"]: inputs, symbols["n"]: width}


def test_connection_of_the_first_kind():
    network, values, arrays = at_numbers(2, 3, "sin")
    found = symgeo.ShallowNetwork("sin").metric.christoffel(1).components(2, 3, arrays)
    expected = network.metric.christoffel(1)
    for one, other in zip(sp.flatten(found.tolist()), sp.flatten(expected.tolist()), strict=True):
        assert close(one.evalf(30), other.xreplace(values).evalf(30))
    with pytest.raises(InputError, match="`kind`: expected 1 or 2, got 3"):
        symgeo.ShallowNetwork("sin").metric.christoffel(3)


@pytest.mark.parametrize(("inputs", "width"), [(1, 1), (2, 1), (4, 2), (3, 3)])
def test_pseudo_determinant_of_any_inputs(inputs, width):
    network, values, arrays = at_numbers(inputs, width)
    found = symgeo.ShallowNetwork("sigmoid", width=width).metric.pseudo_determinant()
    written = written_out(found.subs(_sizes(inputs, width)), arrays).evalf(30)
    assert close(written, network.metric.pseudo_determinant().xreplace(values).evalf(30))


def test_as_many_units_as_inputs_are_flat():
    curvature = symgeo.ShallowNetwork("tanh").metric.scalar_curvature()
    assert sp.expand(written_out(curvature.subs(_sizes(2, 2)))) == 0


def test_the_determinant_is_stated_as_a_sum_over_sets_of_units():
    metric = symgeo.ShallowNetwork("monomial(2)").metric
    text = sp.latex(metric.determinant())
    for part in (r"n^{- d}", r"S \subset \{1, \ldots, n\},\ |S| = d", r"\det\left[w_S\right]^{2}", r"\prod_{l \in S}"):
        assert part in text
    assert metric.determinant().subs(_sizes(3, 2)).doit() == 0  # fewer units than inputs
    assert "G_{j k}" in sp.latex(metric.scalar_curvature())
    assert "w_{j}^{\\rho}" in metric.christoffel().latex()


def test_symbols_and_names():
    network = symgeo.ShallowNetwork("erf")
    assert list(network.symbols) == ["x", "n", "d", "W", "b"]
    assert list(symgeo.ShallowNetwork("erf", width=4).symbols) == ["x", "d", "W", "b"]
    assert str(network.metric.dimension) == "d"
    assert repr(network) == "ShallowNetwork('erf', inputs=d, width=n)"
    assert network.metric.matrix().positions == "dd"
    assert not network.metric.scalar_curvature().free_symbols & set(sp.symbols("mu nu", integer=True, positive=True))


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_kernels_serve_every_size(backend):
    rng = np.random.default_rng(4)
    for n, d in ((5, 1), (4, 4), (9, 3)):
        x, W, b = rng.normal(size=(6, d)), rng.normal(size=(n, d)), rng.normal(size=n)
        for quantity in ("scalar_curvature", "log_volume_element"):
            kernel = symgeo.generate(getattr(symgeo.ShallowNetwork("tanh").metric, quantity), backend)
            same = symgeo.generate(getattr(symgeo.ShallowNetwork("tanh", d, n).metric, quantity), backend)
            assert np.array_equal(kernel(x, W=W, b=b), same(x, W=W, b=b))


def test_what_needs_numbers_says_so():
    metric = symgeo.ShallowNetwork("tanh").metric
    with pytest.raises(InputError, match="`pseudo_determinant` as a formula needs the width"):
        metric.pseudo_determinant()
    with pytest.raises(InputError, match="`inputs` is open: flat_chart needs as many units as inputs"):
        metric.flat_chart()
    with pytest.raises(InputError, match="`inputs` must be an integer of at least 1, or None to keep d"):
        symgeo.ShallowNetwork("tanh", 0, 3)
    with pytest.raises(InputError, match="'relu' has a kink"):
        symgeo.ShallowNetwork("relu").metric.ricci()
    with pytest.raises(InputError, match="`inputs` must be an integer of at least 1"):
        metric.matrix().components(0, 2)
