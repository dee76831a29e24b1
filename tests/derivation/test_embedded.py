"""A metric by a map: its rules hold on maps, for every d; rules are joined only where they agree."""

import pytest

from symgeo.derivation import (
    COORDINATES,
    INPUTS,
    Define,
    Derivation,
    EmbeddedMetric,
    ForAll,
    Given,
    Inverse,
    LeviCivita,
    Partial,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    UnitSum,
    inputs,
    jets,
    term,
    units,
)
from symgeo.errors import CheckFailed, InputError

mu, nu, la = inputs(r"\mu \nu \lambda")
j, k = units("j k")
x = COORDINATES
w, a, b = Tensor("w", "jd"), Tensor("a", "j"), Tensor("b", "j")
embedded, bar = EmbeddedMetric(LeviCivita(), 3), EmbeddedMetric(LeviCivita(r"\bar"), 2)
Phi, J = embedded.family[:2]
g_dd, g_uu = embedded.geometry.g_dd, embedded.geometry.g_uu
SIZES = ((1, 2), (2, 2))

# Every map; and cubic ones, whose weights are letters.
SMOOTH = (Given((Phi,), of=x),)
CUBIC = (Given((w, a, b)), Define(Phi[j], a[j] * (w[j, mu] * x[mu]) ** 3 + (w[j, nu] * x[nu] + b[j]) ** 2))


def run(*items):
    return Derivation("planted", "Planted", "", (Section("One", items),)).check()


def pulled_back(metric):
    return *embedded.derivatives(), metric, Inverse(g_uu, g_dd, (mu, nu, la), sizes=((1, 1),))


def slope(*rules):
    return Step((Partial(la, g_dd[mu, nu]), embedded.slope(la, mu, nu)), (*rules, ForAll(embedded.rules())))


def test_the_rules_hold_on_every_map_and_for_every_d():
    maps = RulesHold(embedded.map_rules(), SIZES)
    metric = RulesHold(embedded.rules(), SIZES, given=embedded.map_rules())
    trace = g_uu[mu, nu] * UnitSum((j,), J[j, mu] * J[j, nu])
    size = Step((trace, term(INPUTS)), (ForAll(embedded.rules()),))
    found = run(*SMOOTH, *pulled_back(embedded.metric()), slope(maps, metric), size)[-2].evidence
    assert [each.note for each in found] == ["rules: exact, every d and n"] * 2 + [ForAll().note]


def test_the_rules_hold_on_cubic_maps():
    maps = RulesHold(embedded.map_rules(), ((1, 2),))
    metric = RulesHold(embedded.rules(), ((1, 2),), given=embedded.map_rules())
    run(*CUBIC, *pulled_back(embedded.metric()), slope(maps, metric))


def test_the_rules_fail_for_a_metric_that_is_not_the_maps():
    other = Define(g_dd[mu, nu], UnitSum((j,), (x[la] * x[la] + 1) * J[j, mu] * J[j, nu]))
    with pytest.raises(CheckFailed):
        run(*SMOOTH, *pulled_back(other), slope(RulesHold(embedded.rules(), ((1, 2),))))


def test_derivatives_that_are_not_the_maps_are_seen():
    H = embedded.family[2]
    with pytest.raises(CheckFailed):
        run(
            *SMOOTH,
            Define(J[j, mu], Partial(mu, Phi[j])),
            Define(H[j, mu, nu], 2 * Partial(mu, J[j, nu])),
            Step((J[j, mu], J[j, mu]), (RulesHold(jets(Phi, J, H), ((1, 2),)), ForAll())),
        )


def test_a_second_metric_has_its_mark_on_every_letter():
    names = [tensor.name for tensor in bar.family]
    assert names == [r"\bar{\Phi}", r"\bar{J}", r"\bar{H}"]
    assert not embedded.rules().letters & bar.rules().letters
    run(
        Given((Phi, bar.family[0]), of=x),
        *embedded.derivatives(),
        embedded.metric(),
        bar.like(embedded),
        Step(
            (Partial(la, bar.geometry.g_dd[mu, nu]), bar.slope(la, mu, nu)),
            (RulesHold(bar.map_rules(), ((1, 2),)), ForAll(bar.map_rules())),
        ),
    )


@pytest.mark.parametrize("order", [1, 5])
def test_an_order_without_names_is_refused(order):
    with pytest.raises(InputError, match=f"`order` must be 2 to 4, got {order}"):
        EmbeddedMetric(LeviCivita(), order)


@pytest.mark.parametrize(
    ("low", "high"), [("j", "jdd"), ("u", "ud"), ("jj", "jjd"), ("jd", "dd"), ("dj", "djd"), ("dddd", "ddddd")]
)
def test_what_is_no_derivative_is_refused(low, high):
    with pytest.raises(InputError, match=f"`family`.*got A with '{low}' before B with '{high}'"):
        jets(Tensor("A", low), Tensor("B", high))


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (Rules(), Rules(along=w), "along one vector, got x and w"),
        (jets(Phi, J), Rules(derivatives={Phi: ((mu, j), 2 * J[j, mu])}), r"two derivatives of \\Phi"),
        (jets(Phi, J), Rules(constants=frozenset({Phi})), r"got \\Phi as a constant"),
        (Rules(constants=frozenset({Phi})), jets(Phi, J), r"got \\Phi as a constant"),
    ],
)
def test_rules_that_contradict_one_another_are_not_joined(one, other, message):
    with pytest.raises(InputError, match=message):
        _ = one | other


def test_joined_rules_say_what_both_say():
    both = embedded.rules() | bar.rules()
    assert both | bar.rules() == both
    assert set(both.laws()) == set(embedded.rules().laws()) | set(bar.rules().laws())
