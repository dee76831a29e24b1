"""Shallow networks of fewer units than inputs, of as many, and of a width that stays a symbol."""

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError

CURVED = ["inverse", "volume_element", "christoffel", "riemann", "ricci", "scalar_curvature"]


def numbers(network, seed):
    rng = np.random.default_rng(seed)
    return {symbol: sp.Rational(int(rng.integers(-90, 90)), 61) for symbol in network.symbols.values()}


@pytest.mark.parametrize(("width", "inputs"), [(1, 1), (1, 3), (2, 3), (2, 5), (3, 3), (4, 6)])
def test_pseudo_determinant_is_the_product_of_the_eigenvalues(width, inputs):
    network = symgeo.ShallowNetwork("sigmoid", inputs=inputs, width=width)
    values = numbers(network, 3)
    g = np.array(network.metric.matrix().xreplace(values).evalf(20).tolist(), dtype=float)
    eigenvalues = np.sort(np.linalg.eigvalsh(g))[::-1]
    assert np.all(np.abs(eigenvalues[width:]) < 1e-15)
    pseudo = float(network.metric.pseudo_determinant().xreplace(values).evalf(20))
    assert pseudo == pytest.approx(np.prod(eigenvalues[:width]), rel=1e-9)
    jacobian = network.feature_map().jacobian(network.points).xreplace(values).evalf(30)
    assert pseudo == pytest.approx(float((jacobian * jacobian.T).det()), rel=1e-12)


def test_singular_metrics_say_so():
    metric = symgeo.ShallowNetwork("tanh", inputs=3, width=2).metric
    assert metric.determinant() == 0
    for quantity in CURVED:
        with pytest.raises(InputError, match="`inputs` = 3 exceeds `width` = 2: the metric is singular, of rank at mo"):
            getattr(metric, quantity)()
    with pytest.raises(InputError, match="`pseudo_determinant` is for width <= inputs, not 3 > 2; take determinant"):
        symgeo.ShallowNetwork("tanh", inputs=2, width=3).metric.pseudo_determinant()


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("name", ["tanh", "gelu", "monomial(3)"])
def test_features_are_a_flat_chart_where_there_are_as_many_as_inputs(name, size):
    network = symgeo.ShallowNetwork(name, inputs=size, width=size)
    jacobian = network.metric.flat_chart().jacobian(network.points)
    difference = (jacobian.T * jacobian - network.metric.matrix()).xreplace(numbers(network, 5))
    assert all(abs(e.evalf(40)) < 1e-30 for e in difference)
    assert not any(sp.flatten(network.metric.riemann().tolist()))
    ratio = network.metric.determinant() / network.metric.pseudo_determinant()
    assert abs(ratio.xreplace(numbers(network, 5)).evalf(40) - 1) < 1e-30
    with pytest.raises(InputError, match="`flat_chart` needs as many units as inputs"):
        symgeo.ShallowNetwork(name, inputs=size, width=size + 1).metric.flat_chart()


@pytest.mark.parametrize(("inputs", "width"), [(1, 3), (2, 2), (2, 4)])
def test_open_width_becomes_any_width(inputs, width):
    network = symgeo.ShallowNetwork("tanh", inputs=inputs, width=None)
    other = symgeo.ShallowNetwork("tanh", inputs=inputs, width=width)
    names, values = network.symbols, numbers(other, 8)
    assert set(names) == {*(f"x_{a + 1}" for a in range(inputs)), "n", "W", "b"}

    entries = {names["b"][j + 1]: values[other.symbols[f"b_{j + 1}"]] for j in range(width)}
    entries |= {
        names["W"][j + 1, a + 1]: values[other.symbols[f"W_{j + 1}_{a + 1}"]]
        for j in range(width)
        for a in range(inputs)
    }
    known = {names["n"]: width}

    def at_width(e):
        for total in e.atoms(sp.Sum) - known.keys():
            known[total] = total.subs(names["n"], width).doit().xreplace({**entries, **values}).evalf(60)
        return e.xreplace(known)

    for quantity in ("matrix", "determinant", *CURVED):
        flat = [sp.flatten(value.tolist()) if hasattr(value, "tolist") else [value] for value in (
            getattr(network.metric, quantity)(), getattr(other.metric, quantity)())]  # fmt: skip
        for one, theirs in zip(*flat, strict=True):
            exact = theirs.xreplace({q: q_.evalf(60) for q, q_ in values.items()}).evalf(30)
            assert abs(at_width(one) - exact) < 1e-18 * (1 + abs(exact))


def test_open_width_has_the_same_kernels():
    rng = np.random.default_rng(2)
    W, b, x = rng.normal(size=(7, 2)), rng.normal(size=7), rng.normal(size=(3, 2))
    pair = [symgeo.ShallowNetwork("erf", inputs=2, width=width).metric for width in (None, 3)]
    for quantity in ("scalar_curvature", "log_volume_element"):
        one, other = (symgeo.generate(getattr(metric, quantity))(x, W=W, b=b) for metric in pair)
        assert np.array_equal(one, other)
    assert repr(symgeo.ShallowNetwork("erf", 2, None)) == "ShallowNetwork('erf', inputs=2, width=n)"
    with pytest.raises(InputError, match="'relu' has a kink"):
        symgeo.ShallowNetwork("relu", 2, None).metric.scalar_curvature()


@pytest.mark.parametrize("kind", [np.int64, np.int32, sp.Integer])
def test_sizes_are_integers_of_any_make(kind):
    network = symgeo.ShallowNetwork("tanh", inputs=kind(2), width=kind(3))
    assert (network.inputs, network.width) == (2, 3)
    assert type(network.width) is int
    wide = symgeo.WideNetwork("erf", inputs=kind(3), depth=kind(2))
    assert (wide.inputs, wide.depth) == (3, 2)


@pytest.mark.parametrize("size", [True, np.float64(2), "2", 0, -1, np.int64(0)])
def test_what_is_no_size(size):
    with pytest.raises(InputError, match="`inputs` must be an integer of at least 1"):
        symgeo.ShallowNetwork("tanh", inputs=size, width=3)
    with pytest.raises(InputError, match="`inputs` must be an integer of at least 1"):
        symgeo.WideNetwork("erf", inputs=size)
