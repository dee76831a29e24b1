"""What says nothing, or says it without ground, is no check: it is refused, or left undecided."""

import pytest
import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    RADIUS,
    Against,
    ByParts,
    Components,
    Cubature,
    Define,
    Derivation,
    Digits,
    Divergence,
    Expectation,
    ForAll,
    Given,
    Identity,
    Inverse,
    Known,
    Let,
    LetFunction,
    Mean,
    MonteCarlo,
    Opaque,
    Quadrature,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    UnitSum,
    inputs,
    term,
    units,
)
from symgeo.errors import CheckFailed, InputError

mu, nu, la = inputs(r"\mu \nu \lambda")
j, k = units("j k")
x, s = COORDINATES, RADIUS
f, F, G = Opaque("f"), Opaque("F"), Opaque("G")
z, v = sp.Symbol("z", real=True), sp.Symbol("v", positive=True)
sigma, zeta = sp.symbols(r"\sigma \zeta", positive=True)
w, b, zt, h = Tensor("w", "d"), Tensor("b", ""), Tensor("z", ""), Tensor("h", "dd")
PLANE = ((2, 1),)
PREACTIVATION = (Given((w, b)), Define(zt[()], w[mu] * x[mu] + b[()]))
WEIGHTS = Rules(letters=frozenset({w, b, zt}), derivatives={zt: ((mu,), x[mu])}, along=w)


def run(*items):
    return in_sections(items)


def in_sections(*sections):
    titled = tuple(Section(str(place), tuple(items)) for place, items in enumerate(sections))
    return Derivation("planted", "Planted", "", titled).check()


def mean(body):
    return Mean(body, w, b, (sigma, zeta))


# Equations between zeros.

TURN = x[mu] * w[nu] - x[nu] * w[mu]
EMPTY = sp.sin(s) ** 2 + sp.cos(s) ** 2 - 1
SAYS_NOTHING = {
    "components": (TURN, 2 * TURN, Components(((1, 1),), units=False)),
    "one of two sizes": (TURN, TURN, Components(((1, 1), (2, 1)), units=False)),
    "digits": (TURN, 2 * TURN, Digits(3, ((1, 1),), units=False)),
    "for all": (TURN - TURN, 2 * (TURN - TURN), ForAll(Rules(letters=frozenset({w})))),
    "identity": (EMPTY, 2 * EMPTY, Identity()),
    "against": (term(EMPTY), term(2 * EMPTY), Against("nothing", lambda frame: sp.S.Zero, PLANE)),
}


@pytest.mark.parametrize("kind", SAYS_NOTHING)
def test_two_sides_that_vanish_identically_are_refused(kind):
    left, right, check = SAYS_NOTHING[kind]
    with pytest.raises(InputError, match="both sides vanish identically"):
        run(Given((w,)), Step((left, right), (check,)))


def test_zero_may_be_claimed_where_it_is_written():
    step = Step((TURN, 0 * TURN), (Components(((1, 1),), units=False), Digits(3, ((1, 1),), units=False)))
    assert len(run(Given((w,)), step)) == 1


# What follows is known no better than what it follows from.


def test_a_proof_is_no_stronger_than_its_premises():
    sampled = MonteCarlo(seed=5, samples=20_000, instances={"F": sp.cos}, d=2)
    value = term(sp.exp(-(sigma**2 * s + zeta**2) / 2))
    first = Step((mean(F(zt[()])), value), (sampled,), "first")
    result = run(*PREACTIVATION, first, Step((3 * mean(F(zt[()])), 3 * value), (ForAll(using=("first",)),)))[-1]
    evidence = result.evidence[0]
    assert (evidence.kind, evidence.sizes) == ("Monte Carlo", ((2, 1),))
    assert "follows from (2) [Monte Carlo" in evidence.note


def test_a_premise_in_components_leaves_its_sizes():
    value = sp.Symbol("a", positive=True)
    items = (
        Define(h[mu, nu], term(value) * x[mu] * x[nu]),
        Step((h[mu, mu], term(value * s)), (Components(PLANE, units=False),), "trace"),
        Step((h[mu, mu] * x[nu], term(value * s) * x[nu]), (ForAll(using=("trace",)),)),
    )
    evidence = run(*items)[-1].evidence[0]
    assert (evidence.kind, evidence.sizes) == ("exact", PLANE)
    assert evidence.note == "follows from (2) [exact, d = 2]"
    strong = Step((h[mu, mu], term(value * s)), (Components(PLANE, units=False), ForAll()), "trace")
    evidence = run(items[0], strong, items[2])[-1].evidence[0]
    assert (evidence.note, evidence.sizes) == ("exact, every d, from (2)", ())


def test_a_premise_of_another_section_about_another_function_is_refused():
    let = LetFunction(f, s, s**2)
    first = Step((term(f(s)) * x[mu], term(s**2) * x[mu]), (ForAll(),), "square")
    last = Step((term(f(s)) * x[mu], term(s**2) * x[mu]), (ForAll(using=("square",)),))
    with pytest.raises(InputError, match="about the same functions"):
        in_sections((let, first), (last,))


# The flux of an integration by parts vanishes at infinity.


def test_a_flux_that_does_not_vanish_at_infinity_is_refused():
    """rho h = atan, so that the mean is pi, and not the 0 that integration by parts would make of it."""
    over = sp.sqrt(2 * sp.pi * v) * sp.exp(z**2 / (2 * v))
    with pytest.raises(InputError, match="vanishes at infinity"):
        run(Step((Expectation(over / (1 + z**2), z, v), sp.Integer(0)), (Divergence(over * sp.atan(z)),)))


@pytest.mark.parametrize("flux", [f(z) * F(z), f(z) ** 2, f(z) / (1 + z**2), f(2 * z), sp.exp(z**2), sp.gamma(z)])
def test_a_flux_that_may_outgrow_the_density_is_refused(flux):
    left = Expectation(sp.diff(flux, z) - z * flux / v, z, v)
    with pytest.raises(InputError, match="flux"):
        run(Step((left, sp.Integer(0)), (Divergence(flux),)))


def test_a_flux_of_weights_that_may_not_vanish_is_refused():
    grown = Known(r"\exp", sp.exp)(zt[()])
    for flux in (w[nu] * grown, w[nu] * F(zt[()]) * f(zt[()])):
        sides = (mean(F(zt[()]) * w[nu]), term(sigma**2) * x[nu] * mean(F(zt[()], 1)))
        check = ByParts(((nu, flux),), WEIGHTS, PLANE)
        with pytest.raises(InputError, match="unspecified function"):
            run(*PREACTIVATION, Step(sides, (check, RulesHold(WEIGHTS, PLANE))))


def test_a_mean_over_another_variance_is_another_mean():
    items = (*PREACTIVATION, LetFunction(G, v, Expectation(F(z), z, v)))
    with pytest.raises(InputError, match="of one variance"):
        run(*items, Step((mean(F(zt[()])), term(G(sigma**2 * s))), (Divergence(sp.S.Zero),)))


def test_a_mean_of_what_is_no_linear_form_is_not_reduced():
    square = Tensor("q", "")
    items = (Given((w, b)), Define(square[()], w[mu] * w[mu] + b[()]), LetFunction(G, v, Expectation(F(z), z, v)))
    with pytest.raises(InputError, match="linear form"):
        run(*items, Step((mean(F(square[()])), term(G(sigma**2 + zeta**2))), (Divergence(sp.S.Zero),)))


# Every side is read, every number asked for is there, and what is too small is not compared.


@pytest.mark.parametrize(
    "check",
    [
        MonteCarlo(seed=5, samples=20_000, instances={"F": sp.cos}, d=2),
        Cubature(seed=5, instances={"F": sp.cos}, d=2),
    ],
)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_every_side_of_a_chain_of_means_is_read(check, place):
    value = term(sp.exp(-(sigma**2 * s + zeta**2) / 2))
    sides = [mean(F(zt[()])), value, value, mean(F(zt[()]))]
    assert len(run(*PREACTIVATION, Step(tuple(sides), (check,)))) == 2
    sides[place] = 2 * value
    with pytest.raises(CheckFailed, match="left side"):
        run(*PREACTIVATION, Step(tuple(sides), (check,)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Components(()),
        lambda: Components(((0, 1),)),
        lambda: Against("a sum", lambda frame: sp.S.One, ()),
        lambda: RulesHold(WEIGHTS, ()),
        lambda: RulesHold(Rules(letters=frozenset({h})), PLANE),
        lambda: Inverse(h, Tensor("k", "dd"), (mu, nu, la), sizes=()),
        lambda: ByParts((), WEIGHTS, ()),
        lambda: Digits(3, points=0),
        lambda: Digits(3, ((2, 0),)),
        lambda: Quadrature(3, points=0),
        lambda: Quadrature(3, digits=0),
        lambda: MonteCarlo(3, 1, {}, 2),
        lambda: MonteCarlo(3, 100, {}, 0),
        lambda: Cubature(3, {}, 0),
        lambda: Cubature(3, {}, 2, nodes=4),
        lambda: Cubature(3, {}, 2, digits=16),
    ],
)
def test_a_check_of_nothing_cannot_be_written(make):
    with pytest.raises(InputError, match=r"must (be|say)"):
        make()


def test_a_step_that_checks_only_its_rules_cannot_be_written():
    with pytest.raises(InputError, match="a check that reads them"):
        Step((x[mu], 2 * x[mu]), (RulesHold(WEIGHTS, PLANE),))


def test_small_sides_are_compared_with_one_another():
    tiny = sp.Rational(1, 10**55) * s
    assert len(run(Step((tiny, tiny * (sp.sin(s) ** 2 + sp.cos(s) ** 2)), (Digits(3),)))) == 1
    with pytest.raises(CheckFailed, match="left side"):
        run(Step((tiny, 2 * tiny), (Digits(3),)))


@pytest.mark.parametrize("check", [Digits(3), Quadrature(3, points=1)])
def test_what_is_too_small_to_compare_is_undecided(check):
    least = sp.Rational(1, 10**70) * s
    with pytest.raises(CheckFailed, match="is not decided"):
        run(Step((least, 2 * least), (check,)))


def test_samples_without_variance_decide_nothing():
    check = MonteCarlo(seed=5, samples=100, instances={}, d=2)
    with pytest.raises(CheckFailed, match="does not vary"):
        run(*PREACTIVATION, Step((mean(term(s)), term(2 * s)), (check,)))


def test_nodes_that_do_not_suffice_decide_nothing():
    check = Cubature(seed=5, instances={"F": lambda t: sp.cos(30 * t)}, d=1, nodes=8)
    right = term(sp.exp(-450 * (sigma**2 * s + zeta**2)))
    with pytest.raises(CheckFailed, match="take more nodes"):
        run(*PREACTIVATION, Step((mean(F(zt[()])), right), (check,)))


# Rules are claims.


def unitwise():
    """A letter z_j with a rule for its slope, and the rule's definitions."""
    weights, preactivation = Tensor("w", "jd"), Tensor("z", "j")
    rules = Rules(letters=frozenset({weights, preactivation}), derivatives={preactivation: ((mu, j), weights[j, mu])})
    items = (Given((weights,)), Define(preactivation[j], weights[j, mu] * x[mu]))
    return items, preactivation, weights, rules


def test_rules_must_be_checked_before_they_are_used():
    items, preactivation, weights, rules = unitwise()
    left = preactivation[j] * x[mu] * weights[j, mu]
    unfounded = Step((left, left), (ForAll(rules),))
    with pytest.raises(InputError, match="was not checked before"):
        run(*items, unfounded)
    founded = Step((left, left), (ForAll(rules), RulesHold(rules, PLANE)))
    evidence = run(*items, founded, unfounded)[-1].evidence[0]
    assert evidence.sizes == ()
    assert dict(evidence.rests_on)["the rules of the letters"] == "exact, every d and n"


def test_a_rule_that_only_components_know_bounds_what_follows():
    """A fixed component has no proof for every d, so that what rests on it holds where it was looked at."""
    rule = Rules(letters=frozenset({h}), symmetric=frozenset({h}))
    step = Step((h[mu, nu], h[nu, mu]), (ForAll(rule), RulesHold(rule, PLANE, units=False)))
    evidence = run(Define(h[mu, nu], term(1 + s) * x[mu] * x[nu]), step)[-1].evidence[0]
    assert (evidence.note, evidence.sizes) == ("exact, every d", ())
    evidence = run(Define(h[mu, nu], x[1] * x[mu] * x[nu]), step)[-1].evidence[0]
    assert (evidence.note, evidence.sizes) == ("follows from the rules of the letters [exact, d = 2]", PLANE)


def test_rules_found_where_a_function_is_defined_stay_there():
    rule = Rules(letters=frozenset({h}), constants=frozenset({h}))
    head, let = Define(h[mu, nu], term(f(s)) * DELTA[mu, nu]), LetFunction(f, s, sp.Integer(1))
    proof = Step((h[mu, nu], h[mu, nu]), (ForAll(rule),))
    found = Step((h[mu, nu], h[mu, nu]), (ForAll(rule), RulesHold(rule, PLANE)))
    assert len(in_sections((head, let, found, proof))) == 4
    with pytest.raises(InputError, match="was not checked before"):
        in_sections((head, let, found), (proof,))


# What looks alike is not the same.


def test_functions_that_print_alike_are_told_apart():
    items, preactivation, _, rules = unitwise()
    slope, other = Opaque("f", 1), Opaque("f'")
    sides = (UnitSum((j,), slope(preactivation[j])), UnitSum((k,), other(preactivation[k])))
    with pytest.raises(CheckFailed):
        run(*items, Step(sides, (ForAll(rules), RulesHold(rules, PLANE))))


def test_a_function_of_a_fixed_component_has_no_proof_for_every_d():
    items, preactivation, _, rules = unitwise()
    sides = (f(preactivation[1]), f(preactivation[2]))
    with pytest.raises(InputError, match="fixed component"):
        run(*items, Step(sides, (ForAll(rules), RulesHold(rules, PLANE))))


def test_components_follow_a_function_through_the_sections():
    vector = Tensor("u", "d")
    unspecified = Step((vector[mu], term(f(s)) * x[mu]), (Components(PLANE),))
    squared = Step((vector[mu], term(s**2) * x[mu]), (Components(PLANE),))
    head, let = Define(vector[mu], term(f(s)) * x[mu]), LetFunction(f, s, s**2)
    assert len(in_sections((head, unspecified), (let, squared), (unspecified,))) == 5
    with pytest.raises(CheckFailed, match="left side"):
        in_sections((head, unspecified), (let, squared), (squared,))


def test_a_symbol_means_one_thing_from_its_first_use():
    a = sp.Symbol("a")
    with pytest.raises(InputError, match="used already"):
        run(Define(h[mu, nu], a * x[mu] * x[nu]), Let(a, 1 + s))
    with pytest.raises(InputError, match="not be in its own definition"):
        run(LetFunction(f, s, 1 + f(s)))


def test_definitions_within_definitions_are_contracted():
    items = (
        Define(h[mu, nu], term(f(s)) * x[mu] * x[nu]),
        Step((h[mu, nu] * h[nu, mu], h[mu, mu] * h[nu, nu], term(f(s) ** 2 * s**2)), (ForAll(), Components(PLANE))),
    )
    assert len(run(*items)) == 2
