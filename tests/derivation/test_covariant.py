"""The covariant derivative and the Laplacian: compatible with the metric, blind to units, of the right signs."""

import pytest

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    LOG,
    RADIUS,
    Components,
    Define,
    Derivation,
    Determinant,
    EmbeddedMetric,
    ForAll,
    Given,
    Inverse,
    LeviCivita,
    Partial,
    RulesHold,
    Section,
    Step,
    Tensor,
    inputs,
    laplacian,
    latex,
    nabla,
    term,
    units,
)
from symgeo.errors import CheckFailed, InputError

mu, nu, la, al, be, rho = inputs(r"\mu \nu \lambda \alpha \beta \rho")
(j,) = units("j")
x, d, s = COORDINATES, INPUTS, RADIUS
geometry = LeviCivita()
g_dd, g_uu = geometry.g_dd, geometry.g_uu
v, f = Tensor("v", "u"), Tensor("f", "")


def run(*items):
    return Derivation("planted", "Planted", "", (Section("One", items),)).check()


embedded = EmbeddedMetric(geometry, 2)
ANY = (
    Given((embedded.family[0],), of=x),
    *embedded.derivatives(),
    embedded.metric(),
    Inverse(g_uu, g_dd, (mu, nu, la), sizes=((1, 1),)),
    geometry.christoffel(),
)
known = RulesHold(embedded.rules(), ((1, 2),), given=embedded.map_rules())
# A metric that is no product, and not conformally flat either but for d = 2.
BENT = (
    Given((v, f), of=x),
    Define(g_dd[mu, nu], (1 + term(s)) * DELTA[mu, nu] + x[mu] * x[nu]),
    Define(g_uu[mu, nu], (DELTA[mu, nu] - x[mu] * x[nu] / (1 + 2 * term(s))) / (1 + term(s))),
    geometry.christoffel(),
)


@pytest.mark.parametrize("metric", [g_dd, g_uu], ids=["down", "up"])
def test_every_metric_and_its_inverse_are_constant(metric):
    rules = RulesHold(embedded.map_rules(), ((1, 2),))
    run(*ANY, Step((nabla(geometry, la, metric[mu, nu]), 0), (rules, known, ForAll(embedded.rules()))))


def test_a_sign_taken_wrongly_is_seen():
    wrong = 2 * Partial(la, g_dd[mu, nu]) - nabla(geometry, la, g_dd[mu, nu])
    rules = RulesHold(embedded.map_rules(), ((1, 2),))
    with pytest.raises(CheckFailed):
        run(*ANY, Step((wrong, 0), (rules, known, ForAll(embedded.rules()))))


@pytest.mark.parametrize("c", [1, 2])
def test_covariant_derivatives_of_a_vector_commute_but_for_the_curvature(c):
    grad, twice = Tensor(r"(\nabla v)", "du"), Tensor(r"(\nabla\nabla v)", "ddu")
    items = (
        *BENT,
        geometry.riemann(),
        Define(grad[be, mu], nabla(geometry, be, v[mu])),
        Define(twice[al, be, mu], nabla(geometry, al, grad[be, mu])),
        Step(
            (twice[al, be, mu] - twice[be, al, mu], c * geometry.riemann_uddd[mu, nu, al, be] * v[nu]),
            (Components(((2, 1),), units=False),),
        ),
    )
    if c == 1:
        run(*items)
    else:
        with pytest.raises(CheckFailed):
            run(*items)


def test_a_scalar_and_the_units_take_no_connection():
    jet = Tensor("J", "jd")
    assert nabla(geometry, al, f[()]) == Partial(al, f[()])
    moved = geometry.gamma_udd[rho, al, mu] * jet[j, rho]
    assert latex(nabla(geometry, al, jet[j, mu])) == latex(Partial(al, jet[j, mu]) - moved)


@pytest.mark.parametrize(("along", "index"), [(rho, mu), (mu, rho)])
def test_the_index_that_is_summed_is_refused(along, index):
    with pytest.raises(InputError, match="rename it"):
        nabla(geometry, along, v[index])


def test_the_laplacian_is_the_divergence_of_the_gradient_by_the_volume_element():
    half_log = LOG(Determinant(g_dd)) / 2
    gradient = g_uu[mu, nu] * Partial(nu, f[()])
    weighted = Partial(mu, gradient) + gradient * Partial(mu, half_log)
    run(*BENT, Step((laplacian(geometry, f[()]), weighted), (Components(((1, 1), (2, 1)), units=False),)))


def test_the_laplacian_of_the_squared_radius_on_a_conformally_flat_space_of_every_dimension():
    run(
        Define(g_dd[mu, nu], (1 + term(s)) * DELTA[mu, nu]),
        Define(g_uu[mu, nu], DELTA[mu, nu] / (1 + term(s))),
        geometry.christoffel(),
        Step((laplacian(geometry, term(s)), term((2 * d + 2 * (d - 2) * s / (1 + s)) / (1 + s))), (ForAll(),)),
    )
