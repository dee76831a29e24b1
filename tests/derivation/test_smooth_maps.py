"""Unspecified maps, values elsewhere, derivatives by parameters, sums over units, definitions said once more."""

import pytest
import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    DELTA_UNITS,
    INPUTS,
    LOG,
    UNITS,
    At,
    Components,
    Define,
    Derivation,
    Determinant,
    Digits,
    ForAll,
    Given,
    Inverse,
    LeviCivita,
    Likewise,
    MinorSum,
    Opaque,
    Partial,
    Rules,
    RulesHold,
    Section,
    Slope,
    Step,
    Tensor,
    UnitSum,
    inputs,
    latex,
    term,
    units,
)
from symgeo.derivation.smooth import MultiJet
from symgeo.errors import CheckFailed, InputError

mu, nu, la, al, be = inputs(r"\mu \nu \lambda \alpha \beta")
i, j, k = units("i j k")
x, d, n = COORDINATES, INPUTS, UNITS
Phi, J, H = Tensor(r"\Phi", "j"), Tensor("J", "jd"), Tensor("H", "jdd")
g_dd, g_uu = Tensor("g", "dd"), Tensor("g", "uu")
w, b, z, v = Tensor("w", "jd"), Tensor("b", "j"), Tensor("z", "j"), Tensor("v", "j")
y, xi = Tensor("y", "d"), Tensor(r"\xi", "d")
phi = Opaque(r"\phi")
SMALL = ((1, 2), (2, 2))
NEARLY = 1 + sp.Rational(1, 100)


def run(*items):
    return Derivation("planted", "Planted", "", (Section("One", items),)).check()


MAP = (
    Given((Phi,), of=x),
    Define(J[j, mu], Partial(mu, Phi[j])),
    Define(H[j, mu, nu], Partial(mu, J[j, nu])),
    Define(g_dd[mu, nu], UnitSum((j,), J[j, mu] * J[j, nu])),
)
JETS = Rules(
    letters=frozenset({Phi, J, H}),
    symmetric=frozenset({H}),
    derivatives={Phi: ((mu, j), J[j, mu]), J: ((mu, j, nu), H[j, mu, nu])},
)
NETWORK = (
    Given((w, b, v, y)),
    Define(z[j], w[j, mu] * x[mu] + b[j]),
    Define(g_dd[mu, nu], UnitSum((j,), phi(z[j], 1) ** 2 * w[j, mu] * w[j, nu])),
)
PARAMETERS = Rules(letters=frozenset({w, b, v, y, z}))


def chain(c):
    new = At(J[j, mu], xi) * Partial(al, xi[mu])
    return *MAP, Given((xi,), of=x), Step((Partial(al, At(Phi[j], xi)), c * new), (Components(SMALL),))


def mixed_derivative(c):
    product = UnitSum((j,), Phi[j] * At(Phi[j], y))
    diagonal = At(Partial(mu, Partial(nu, product, y)), x, y)
    return *MAP, Given((y,)), Step((g_dd[mu, nu], c * diagonal), (Components(((1, 2), (2, 3))),))


def slope_of_the_metric(check):
    def items(c):
        bracket = 2 * phi(z[k], 2) * x[la] * w[k, mu] * w[k, nu] + phi(z[k], 1) * (
            DELTA[la, mu] * w[k, nu] + w[k, mu] * DELTA[la, nu]
        )
        return *NETWORK, Step((Slope(g_dd[mu, nu], w[k, la]), c * phi(z[k], 1) * bracket), (check,))

    return items


def slope_of_the_inverse(c):
    raised = Rules(
        letters=frozenset({w, b, z, g_dd, g_uu}), symmetric=frozenset({g_dd, g_uu}), inverses=((g_uu, g_dd),)
    )
    falls = -(g_uu[mu, al] * g_uu[nu, be] * Slope(g_dd[al, be], b[k]))
    return (
        *NETWORK,
        Inverse(g_uu, g_dd, (mu, nu, la), sizes=((1, 1), (2, 2))),
        Step((Slope(g_uu[mu, nu], b[k]), c * falls), (RulesHold(raised, ((2, 2),)), ForAll(raised))),
    )


def contracted_units(c):
    both = UnitSum((j, k), v[j] * DELTA_UNITS[j, k] * w[k, mu])
    return *NETWORK, Step((both, c * UnitSum((j,), v[j] * w[j, mu])), (ForAll(PARAMETERS), Components(SMALL)))


def traced_units(c):
    return *NETWORK, Step((UnitSum((j,), DELTA_UNITS[j, j]), term(c * n)), (ForAll(PARAMETERS), Components(SMALL)))


def gram(c):
    rules = Rules(letters=frozenset({J, g_dd}), symmetric=frozenset({g_dd}), grams=((J, g_dd),))
    length = UnitSum((j,), (J[j, mu] * x[mu]) * (J[j, nu] * x[nu]))
    checks = (RulesHold(rules, SMALL, given=JETS), ForAll(rules))
    first = Step((Partial(mu, Phi[j]), J[j, mu]), (RulesHold(JETS, SMALL), ForAll(JETS)))
    return *MAP, first, Step((length, c * g_dd[mu, nu] * x[mu] * x[nu]), checks)


def small_gram_matrix(c):
    K = Tensor("K", "jj")
    minors = MinorSum(J, j, term(1))
    return (
        *MAP,
        Define(K[j, k], J[j, mu] * J[k, mu]),
        Step((Determinant(K), c * Determinant(J) ** 2), (Components(((1, 1), (2, 2))),), condition=sp.Eq(n, d)),
        Step((Determinant(g_dd), c * minors), (Digits(5, ((2, 3),), points=1),)),
    )


CASES = {
    "chain rule": chain,
    "mixed derivative of a kernel": mixed_derivative,
    "slope, every d": slope_of_the_metric(ForAll(PARAMETERS)),
    "slope, components": slope_of_the_metric(Components(SMALL)),
    "slope of an inverse": slope_of_the_inverse,
    "delta of units": contracted_units,
    "trace over units": traced_units,
    "gram": gram,
    "determinants of other shapes": small_gram_matrix,
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_true_passes(kind):
    assert run(*CASES[kind](sp.Integer(1)))


@pytest.mark.parametrize("kind", CASES)
def test_what_is_false_is_caught(kind):
    with pytest.raises(CheckFailed, match="does not hold"):
        run(*CASES[kind](NEARLY))


def test_derivatives_of_a_map_commute_for_every_d():
    step = Step((H[j, mu, nu], H[j, nu, mu]), (RulesHold(JETS, SMALL), ForAll(JETS, "every")))
    rules, proof = run(*MAP, step)[-1].evidence
    assert rules.note == "rules: exact, every d and n"
    assert proof.note == "every"


def test_a_tensor_that_is_no_second_derivative_is_not_symmetric():
    A = Tensor("A", "jdd")
    rules = Rules(letters=frozenset({A}), symmetric=frozenset({A}))
    step = Step((A[j, mu, nu], A[j, nu, mu]), (RulesHold(rules, SMALL), ForAll(rules)))
    with pytest.raises(CheckFailed, match="rules of the letters"):
        run(*MAP, Given((y,)), Define(A[j, mu, nu], J[j, mu] * y[nu]), step)


def test_a_gram_that_is_none_is_caught():
    rules = Rules(letters=frozenset({J, g_dd}), symmetric=frozenset({g_dd}), grams=((J, g_dd),))
    wrong = Define(g_dd[mu, nu], 2 * UnitSum((j,), J[j, mu] * J[j, nu]))
    step = Step((g_dd[mu, nu], g_dd[nu, mu]), (RulesHold(rules, SMALL), ForAll(rules)))
    with pytest.raises(CheckFailed, match="rules of the letters"):
        run(*MAP[:-1], wrong, step)


def test_a_slope_is_taken_by_letters_only():
    with pytest.raises(InputError, match="component of a letter"):
        run(*NETWORK, Step((Slope(g_dd[mu, nu], z[k]), g_dd[mu, nu]), (Components(SMALL),)))


def test_a_determinant_needs_a_square():
    with pytest.raises(InputError, match="must be square"):
        run(*MAP, Step((Determinant(J) ** 2, Determinant(g_dd)), (Components(((2, 3),)),)))


def test_a_map_is_a_function_of_a_vector_that_is_known():
    with pytest.raises(InputError, match="a vector introduced before"):
        run(Given((Phi,), of=xi))


def test_an_inverse_over_units():
    K, inverse = Tensor("K", "jj"), Tensor("K^{-1}", "jj")
    items = (*MAP, Define(K[j, k], J[j, mu] * J[k, mu]), Inverse(inverse, K, (j, k, i), sizes=((2, 1), (2, 2))))
    assert run(*items)[-1].latex == r"\sum_{i=1}^{n} K^{-1}_{j i} \, K_{i k} = \delta_{j k}"


def paraboloid(marked):
    return (
        Define(marked.g_dd[mu, nu], DELTA[mu, nu] + x[mu] * x[nu]),
        Inverse(marked.g_uu, marked.g_dd, (mu, nu, la), sizes=((2, 1),)),
    )


def test_the_same_definitions_for_another_metric():
    first, second = LeviCivita(), LeviCivita(r"\bar")
    definitions = (first.christoffel(), first.riemann(), first.ricci(), first.scalar_curvature())
    same = Step((first.scalar[()], second.scalar[()]), (Components(((2, 1),), units=False),))
    results = run(*paraboloid(first), *definitions, *paraboloid(second), second.like(first), same)
    assert len(results) == 2 + 4 + 2 + 1
    other = Define(second.g_dd[mu, nu], DELTA[mu, nu] + 2 * x[mu] * x[nu])
    with pytest.raises(CheckFailed):
        run(*paraboloid(first), *definitions, other, paraboloid(second)[1], second.like(first), same)


def test_nothing_is_repeated_that_was_not_displayed():
    first, second = LeviCivita(), LeviCivita(r"\bar")
    with pytest.raises(InputError, match="was defined and one that was not"):
        run(*paraboloid(first), *paraboloid(second), second.like(first))
    with pytest.raises(InputError, match="the same slots"):
        run(*paraboloid(first), Likewise(((first.g_dd, Tensor("h", "d")),)))


def test_jets_of_several_variables_are_counted_by_variable():
    a, c = sp.symbols("a c", real=True)
    f = MultiJet.of("f", (a, c))
    assert f.diff(a).diff(c) == f.diff(c, a)
    assert f.diff(a, 2) != f.diff(a, c)
    assert f.diff(a, a, c).orders == (2, 1)


def test_print():
    assert latex(At(g_dd[mu, nu], xi)) == r"g_{\mu \nu}(\xi)"
    assert latex(At(Partial(mu, Phi[j]), y)) == r"\left. \partial_{\mu} \Phi_{j} \right|_{x=y}"
    assert latex(Slope(g_dd[mu, nu], w[k, la])) == r"\frac{\partial g_{\mu \nu}}{\partial w_{k \lambda}}"
    assert latex(Slope(LOG(Determinant(g_dd)), b[k])) == r"\frac{\partial \log \det g}{\partial b_{k}}"
    assert latex(MinorSum(J, j, term(1))).endswith("]^{2}")
