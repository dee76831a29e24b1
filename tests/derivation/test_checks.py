"""Every kind of check passes what is true, and stops what is false with both sides' values."""

import pytest
import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
    RADIUS,
    Against,
    Components,
    Define,
    Derivation,
    Digits,
    Divergence,
    Expectation,
    ForAll,
    Given,
    Identity,
    Inverse,
    Let,
    LeviCivita,
    Mean,
    MonteCarlo,
    Opaque,
    Prose,
    Quadrature,
    Rules,
    RulesHold,
    Section,
    Step,
    Tensor,
    inputs,
    term,
)
from symgeo.errors import CheckFailed, InputError

mu, nu, la, al, be = inputs(r"\mu \nu \lambda \alpha \beta")
x, s, d = COORDINATES, RADIUS, INPUTS
f, F = Opaque("f"), Opaque("F")
z, v, sigma, zeta = sp.Symbol("z", real=True), *sp.symbols(r"v \sigma \zeta", positive=True)
density = sp.exp(-(z**2) / (2 * v)) / sp.sqrt(2 * sp.pi * v)
w, b, zt = Tensor("w", "d"), Tensor("b", ""), Tensor("z", "")
PLANE = ((2, 1),)


def run(*items):
    return Derivation("planted", "Planted", "", (Section("One", items),)).check()


def paraboloid():
    """The definitions that lead from g = delta + x x to its Riemann tensor."""
    geometry = LeviCivita()
    return geometry, (
        Define(geometry.g_dd[mu, nu], DELTA[mu, nu] + x[mu] * x[nu]),
        Inverse(geometry.g_uu, geometry.g_dd, (mu, nu, la), sizes=PLANE),
        geometry.christoffel(),
    )


def test_a_sign_lost_in_the_riemann_tensor_stops_the_run_and_shows_both_sides():
    geometry, items = paraboloid()
    slipped = Define(geometry.riemann_uddd[mu, nu, al, be], geometry.riemann_body(-1))
    scalar = Step((geometry.scalar[()], 2 / term((1 + s) ** 2)), (Components(PLANE, units=False),), "gauss-curvature")
    tail = (geometry.ricci(), geometry.scalar_curvature(), scalar)
    with pytest.raises(
        CheckFailed, match=r"step \(7\) 'gauss-curvature'.*left side = .*right side = .* at d = 2.*x_1 = "
    ) as e:
        run(*items, slipped, *tail)
    assert "\n" not in str(e.value)
    assert len(run(*items, geometry.riemann(), *tail)) == 7


def _gaussian(factor):
    instances = {"F": lambda t: sp.exp(-(t**2)), "G": lambda t: 1 / sp.sqrt(1 + 2 * t)}
    check = MonteCarlo(seed=5, samples=40_000, instances=instances, d=2, deviations=(sigma, zeta))
    mean = Mean(F(zt[()]), w, b)
    right = factor**10 * term(Opaque("G")(sigma**2 * s + zeta**2))
    return Given((w, b)), Define(zt[()], w[mu] * x[mu] + b[()]), Step((mean, right), (check,), "sampled")


# For each kind: a true step, and the same with a factor 1.01 put in.
CASES = {
    "identity": lambda c: (Step((sp.diff(f(s) ** 2, s), 2 * c * f(s) * f(s, 1)), (Identity(),)),),
    "for all": lambda c: (Step((x[mu] * x[mu] * DELTA[nu, nu], term(c * s * d)), (ForAll(),)),),
    "components": lambda c: (Step((x[mu] * x[mu], term(c * s)), (Components(PLANE),)),),
    "digits": lambda c: (Step((sp.sin(s) ** 2 + sp.cos(s) ** 2, c * sp.Integer(1)), (Digits(3),)),),
    "digits in components": lambda c: (Step((x[mu] * x[nu] * x[nu], term(c * s) * x[mu]), (Digits(3, PLANE),)),),
    "against": lambda c: (
        Step((x[mu] * x[mu], term(s)), (Against("a sum", lambda frame: c * frame.scalar(s), PLANE),)),
    ),
    "against at points": lambda c: (
        Step((x[mu] * x[mu], term(s)), (Against("a sum", lambda frame: c * frame.scalar(s), PLANE, seed=2),)),
    ),
    "divergence": lambda c: (
        Step((Expectation(z * f(z), z, v), c * v * Expectation(f(z, 1), z, v)), (Divergence(-v * f(z) * density),)),
    ),
    "quadrature": lambda c: (
        Step(
            (Expectation(z * f(z), z, v), c * v * Expectation(f(z, 1), z, v)),
            (Quadrature(4, {"f": lambda t: t**3 + sp.sin(t)}, points=1),),
        ),
    ),
    "Monte Carlo": _gaussian,
}
NEARLY = 1 + sp.Rational(1, 100)


@pytest.mark.parametrize("kind", CASES)
def test_what_is_true_passes(kind):
    result = run(*CASES[kind](sp.Integer(1)))[-1]
    assert result.evidence[0].kind in {"exact", "50 digits", "quadrature", "Monte Carlo"}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_false_is_caught(kind):
    with pytest.raises(CheckFailed, match=r"left side = .*right side = "):
        run(*CASES[kind](NEARLY))


def test_a_divergence_of_weights_is_caught_when_wrong():
    p = Tensor("p", "")
    from symgeo.derivation import Known, Partial

    weighted = Define(p[()], Known(r"\exp", sp.exp)(term(-1 / (2 * sigma**2)) * w[mu] * w[mu]))
    left = Mean(F(zt[()]) * w[nu], w, b)

    def step(factor):
        right = term(factor * sigma**2) * x[nu] * Mean(F(zt[()], 1), w, b)
        flux = -(term(sigma**2) * Partial(nu, p[()] * F(zt[()]), w))
        return Step((left, right), (Divergence(flux, p[()], ((1, 1), (2, 1))),))

    head = (Given((w, b)), Define(zt[()], w[mu] * x[mu] + b[()]), weighted)
    run(*head, step(1))
    with pytest.raises(CheckFailed, match=r"left side = .*right side = "):
        run(*head, step(2))


def test_rules_that_do_not_hold_are_caught():
    geometry, items = paraboloid()
    step = Step(
        (x[mu], x[mu]), (RulesHold(Rules(derivatives={geometry.g_dd: ((al, mu, nu), DELTA[al, mu] * x[nu])}), PLANE),)
    )
    with pytest.raises(CheckFailed, match="rules of the letters"):
        run(*items, step)


def test_what_cannot_be_proven_says_so():
    step = Step((sp.gamma(s + 1), s * sp.gamma(s) * sp.besselj(0, s) / sp.besselj(0, s + 0)), (ForAll(),))
    assert run(Step(step.sides, (Identity(),)))[0].evidence[0].kind == "exact"
    with pytest.raises(CheckFailed, match="not proven"):
        run(step)


def test_definitions_come_before_use_and_once():
    u = Tensor("u", "d")
    with pytest.raises(InputError, match="before it is introduced"):
        run(Step((u[mu], x[mu]), (ForAll(),)))
    with pytest.raises(InputError, match="one meaning"):
        run(Define(u[mu], x[mu]), Define(u[mu], 2 * x[mu]))
    with pytest.raises(InputError, match="in its own definition"):
        run(Let(sigma, sigma**2))
    with pytest.raises(InputError, match="free indices of its body"):
        run(Define(u[mu], x[nu]))


def test_a_step_without_a_check_cannot_be_written():
    with pytest.raises(InputError, match="two sides and a check"):
        Step((s, s), ())


def test_prose_that_refers_to_nothing():
    derivation = Derivation("empty", "Empty", "", (Section("One", (Prose("See [[nowhere]]."),)),))
    with pytest.raises(InputError, match="'nowhere'"):
        derivation.html()


def test_a_condition_binds_the_sizes():
    with pytest.raises(InputError, match="must obey"):
        run(Step((x[mu] * x[mu], term(s)), (Components(((2, 1),)),), "odd", sp.Eq(d, 3)))
