"""Every closed form against thirty digits that definitions alone have given (`tests.oracles.definitions`)."""

import json

import pytest
import sympy as sp

import symgeo
from symgeo.activations import TABLE
from tests.oracles.definitions import DIGITS, QUANTITIES, SHALLOW, SHALLOW_QUANTITIES, VALUES, value_of

ORACLES = json.loads(VALUES.read_text())
FAMILIES = ("leaky_relu", "monomial(3)", "rectified_monomial(2)")
CLOSED = [*(name for name, row in TABLE.items() if row.gram is not None), *FAMILIES]
SMOOTH = [*(name for name, row in TABLE.items() if row.smoothness == "smooth"), "monomial(3)"]


def network(family, name):
    if family == "wide":
        return symgeo.WideNetwork(name).metric
    return symgeo.ShallowNetwork(name, inputs=2, width=3).metric


def expressions(family, metric):
    if family == "shallow":
        return {quantity: getattr(metric, quantity)() for quantity in SHALLOW_QUANTITIES}
    K_rt, K_tt = metric.sectional_curvatures()
    named = {"a": metric.a, "b": metric.b, "K_rt": K_rt, "K_tt": K_tt}
    return {q: named[q] if q in named else getattr(metric, q)() for q in QUANTITIES}


CASES = [("wide", name) for name in CLOSED] + [("shallow", name) for name in SMOOTH]


@pytest.mark.parametrize(("family", "name"), CASES, ids=[" ".join(case) for case in CASES])
def test_closed_forms_have_the_digits_of_their_definitions(family, name):
    metric = network(family, name)
    oracle = ORACLES[f"{family} {name}"]  # a missing oracle is an error: run tests.oracles.definitions
    for quantity, expression in expressions(family, metric).items():
        point = {symbol: value_of(symbol.name) for symbol in sp.sympify(expression).free_symbols}
        value = sp.N(sp.sympify(expression).subs(point), DIGITS + 10)
        truth = sp.Float(oracle[quantity], DIGITS + 10)
        # what is exactly zero has come out of the definitions as rounding, 1e-60
        assert abs(value - truth) <= sp.Float(10) ** -25 * abs(truth) + sp.Float(10) ** -45, quantity


def test_every_row_is_held():
    assert set(SHALLOW) == set(SMOOTH)
    assert {f"{family} {name}" for family, name in CASES} == set(ORACLES)
