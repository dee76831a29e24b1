"""Index notation: its laws, its print, and its two readings against each other and against plain SymPy."""

import itertools

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    UNITS,
    Expectation,
    Frame,
    Index,
    Meanings,
    MinorSum,
    Opaque,
    Partial,
    Rules,
    Tensor,
    Term,
    UnitSum,
    inputs,
    latex,
    term,
    units,
)
from symgeo.derivation.contraction import Algebra
from symgeo.errors import InputError
from symgeo.geometry.field import is_zero

a, b, m, n = inputs(r"\alpha \beta \mu \nu")
j, k = units("j k")
x, s = COORDINATES, RADIUS
phi, Om = Opaque(r"\phi"), Opaque(r"\Omega")
w, z, g_dd, g_uu = Tensor("w", "jd"), Tensor("z", "j"), Tensor("g", "dd"), Tensor("g", "uu")
gamma = Tensor(r"\Gamma", "udd")

zz, v = sp.symbols("z v")
GOLD = [
    (gamma[m, a, b], r"\Gamma^{\mu}{}_{\alpha \beta}"),
    (sp.Rational(1, 4) * g_uu[a, b] * g_dd[m, n], r"\frac{1}{4} \, g^{\alpha \beta} \, g_{\mu \nu}"),
    (phi(z[j], 1) ** 2 * w[j, m], r"\phi'(z_{j})^{2} \, w_{j \mu}"),
    (UnitSum((j,), phi(z[j], 2) * w[j, m]), r"\sum_{j=1}^{n} \phi''(z_{j}) \, w_{j \mu}"),
    (
        Partial(m, g_dd[a, b]) - x[m] * DELTA[a, b],
        r"\partial_{\mu} g_{\alpha \beta} - x_{\mu} \, \delta_{\alpha \beta}",
    ),
    (-(x[m] - g_dd[m, a] * x[a]), r"-x_{\mu} + g_{\mu \alpha} \, x_{\alpha}"),
    (Om(s, 1) ** 2, r"\Omega'{}^{2}"),
    (sp.exp(Om(s)), r"e^{\Omega}"),
    (
        Expectation(phi(sp.Symbol("z"), 1), sp.Symbol("z"), sp.Symbol("v")),
        r"\mathbb{E}_{z\sim\mathcal{N}(0,v)}\!\left[\phi'(z)\right]",
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLD)
def test_print(value, text):
    assert latex(value) == text


def test_an_index_three_times_is_refused():
    with pytest.raises(InputError, match="found 3 times"):
        _ = x[m] * g_dd[m, m]


def test_terms_of_a_sum_have_the_same_free_indices():
    with pytest.raises(InputError, match="same free indices"):
        _ = x[m] + x[n]


def test_a_unit_index_does_not_fit_an_input_slot():
    with pytest.raises(InputError, match="over units"):
        _ = x[j]


def test_the_number_of_slots_counts():
    with pytest.raises(InputError, match="2 index slots"):
        _ = g_dd[m]


def test_a_power_of_a_vector_is_refused():
    with pytest.raises(InputError, match="new indices"):
        _ = x[m] ** 2


def test_cauchy_binet_against_sympys_determinant():
    frame = Frame(2, 3, Meanings(letters=frozenset({x, w})))
    weights = sp.Matrix(3, 2, lambda row, column: sp.Symbol(f"w_{row + 1}_{column + 1}", real=True))
    value = frame.evaluate(MinorSum(w, j, term(1)), {})
    assert sp.expand(value - (weights.T * weights).det()) == 0


def test_a_derivative_in_components_is_sympys():
    frame = Frame(3, 1, Meanings())
    x1, x2, x3 = frame.coordinates()
    value = frame.evaluate(Partial(m, term(sp.sin(s)) * x[n]), {m: 1, n: 2})
    assert sp.simplify(value - sp.diff(sp.sin(x1**2 + x2**2 + x3**2) * x2, x1)) == 0


def scalars():
    return st.sampled_from([sp.Integer(1), sp.Integer(-3), s, 1 + s, Om(s), Om(s, 1) / (1 + s), sp.exp(Om(s))])


def vectors():
    """Terms with one free index, built at random from x, delta, derivatives and contractions, as functions of it."""
    base = scalars().map(lambda e: lambda i, fresh: term(e) * x[i])
    return st.recursive(
        base,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda pair: lambda i, fresh: pair[0](i, fresh) + pair[1](i, fresh)),
            st.tuples(scalars(), inner).map(lambda pair: lambda i, fresh: term(pair[0]) * pair[1](i, fresh)),
            st.tuples(scalars(), inner).map(lambda pair: lambda i, fresh: _slope(pair[0], pair[1], i, fresh)),
        ),
        max_leaves=4,
    )


def _slope(factor, vector, i, fresh) -> Term:
    """d_i of (factor x_p delta_pq v_q)."""
    p, q = Index(f"p{next(fresh)}"), Index(f"q{next(fresh)}")
    return Partial(i, term(factor) * x[p] * DELTA[p, q] * vector(q, fresh))


@settings(deadline=None, derandomize=True, max_examples=25)
@given(vectors(), st.sampled_from([2, 3, 4]))
def test_the_normal_form_is_the_components(vector, d):
    """The algebra of delta and x, put back into components, gives what components give directly."""
    frame, vector = Frame(d, 1, Meanings()), vector(m, itertools.count())
    form = Algebra(Meanings(), Rules()).normal_form(vector)
    radial = sum((frame.scalar(c) for key, c in form.items() if key), sp.S.Zero)
    assert all(len(key) == 1 for key, c in form.items() if not is_zero(c))
    for values, direct in frame.components(vector, (m,)):
        assert is_zero(direct - radial * frame.coordinates()[values[0] - 1])


def test_traces_count_dimensions():
    form = Algebra(Meanings(), Rules()).normal_form(DELTA[m, m] * DELTA[a, b] * x[a] * x[b])
    assert form == {(): INPUTS * s}


def test_a_sum_over_units_counts_them():
    algebra = Algebra(Meanings(), Rules(letters=frozenset({w})))
    left = UnitSum((j, k), w[j, m] * w[k, n] - w[j, n] * w[k, m])
    assert algebra.difference(left, 0 * (x[m] * x[n])) == {}
    assert algebra.normal_form(UnitSum((j, k), w[j, m] + w[k, m])) == algebra.normal_form(
        2 * UNITS * UnitSum((j,), w[j, m])
    )


def test_renaming_and_symmetry_of_letters():
    T = Tensor("T", "ddd")
    symmetric = Algebra(Meanings(), Rules(letters=frozenset({T, g_uu}), symmetric=frozenset({T, g_uu})))
    c, e = inputs(r"\kappa \lambda")
    left = T[a, b, m] * g_uu[a, c] * g_uu[b, e] * T[c, e, n]
    right = T[n, c, e] * g_uu[e, a] * g_uu[b, c] * T[a, m, b]
    assert symmetric.difference(left, right) == {}
    plain = Algebra(Meanings(), Rules(letters=frozenset({T, g_uu})))
    assert plain.difference(left, right) != {}
