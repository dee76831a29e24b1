"""Homogeneous metrics: their scalar curvature is the known constant, in every chart point."""

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import HOMOGENEOUS, homogeneous_metric
from symgeo.geometry.field import is_zero

a, b, c, rho = sp.symbols("a b c rho", positive=True)
d = sp.Symbol("d", integer=True, positive=True)
# Milnor 1976 for the left-invariant ones
KNOWN = {
    "sphere": d * (d - 1) / rho,
    "hyperbolic": -d * (d - 1) / rho,
    "bianchi_ix": (2 * (a * b + b * c + c * a) - a**2 - b**2 - c**2) / (2 * a * b * c),
    "nil": -c / (2 * a * b),
    "sol": -2 / c,
    "product": 2 / a - 2 / b,
    "warped": -12 / a,
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_scalar_curvature_is_the_known_constant(name):
    made = homogeneous_metric(name, 4)
    assert is_zero(made.metric.scalar_curvature() - KNOWN[name])
    assert set(made.parameters) == {symbol.name for symbol in (a, b, c, rho)} & set(made.metric.symbols)


def test_what_is_no_homogeneous_metric():
    with pytest.raises(InputError, match="must be one of sphere"):
        homogeneous_metric("klein")
    with pytest.raises(InputError, match="at least 2"):
        homogeneous_metric("sphere", 1)
