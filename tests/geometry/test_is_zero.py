"""The decision whether an expression is zero, against SymPy's expansion and against numbers."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.derivation import Opaque
from symgeo.errors import InputError
from symgeo.geometry.field import is_zero

s, t = sp.symbols("s t", positive=True)
phi = Opaque(r"\phi")

ZEROS = [
    sp.exp(s + t) - sp.exp(s) * sp.exp(t),
    sp.exp(s / 2) ** 2 * sp.exp(-s) - 1,
    sp.sqrt(1 + s) ** 3 / (1 + s) - sp.sqrt(1 + s),
    sp.sqrt(2 + 2 * s) - sp.sqrt(2) * sp.sqrt(1 + s),
    1 / (1 + 1 / (1 + s)) - (1 + s) / (2 + s),
    sp.diff(phi(s * t), s) - t * phi(s * t, 1),
    phi(s * (1 + t), 1) - phi(s + s * t, 1),
    sp.sqrt(1 + sp.sqrt(s)) ** 4 - 1 - 2 * sp.sqrt(s) - s,
]


@pytest.mark.parametrize("expression", ZEROS)
def test_zero(expression):
    assert is_zero(expression)


@pytest.mark.parametrize("expression", ZEROS)
def test_not_zero_when_disturbed(expression):
    assert not is_zero(expression + sp.Rational(1, 10**9) * s)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.integers(-3, 3), min_size=4, max_size=4), st.integers(1, 3))
def test_agrees_with_expansion(coefficients, power):
    p, q, r, u = coefficients
    expression = (p * s + q * t) ** power * (r + u * sp.exp(s)) - (r + sp.exp(s) * u) * sp.expand(
        (p * s + q * t) ** power
    )
    assert is_zero(expression)
    assert is_zero(expression + q * t) == (q == 0)


def test_division_by_zero_is_named():
    with pytest.raises(InputError, match="divides by zero"):
        is_zero(1 / (sp.exp(s + t) - sp.exp(s) * sp.exp(t)) + s)
