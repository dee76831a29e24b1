"""Every kind of check passes what is true, and stops what is false with both sides' values."""

import pytest
import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    DELTA,
    INPUTS,
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
    Let,
    LetFunction,
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


def mean(body):
    return Mean(body, w, b, (sigma, zeta))


PREACTIVATION = (Given((w, b)), Define(zt[()], w[mu] * x[mu] + b[()]))
WEIGHTS = Rules(letters=frozenset({w, b, zt}), derivatives={zt: ((mu,), x[mu])}, along=w)
VARIANCE = sigma**2 * s + zeta**2


def _gaussian(factor, check):
    right = factor * term(Opaque("G")(VARIANCE))
    return *PREACTIVATION, Step((mean(F(zt[()])), right), (check,), "averaged")


def _stein_in_weights(c):
    sides = (mean(F(zt[()]) * w[nu]), term(c * sigma**2) * x[nu] * mean(F(zt[()], 1)))
    flux = -(term(sigma**2) * F(zt[()]))
    check = ByParts(((nu, flux),), WEIGHTS, PLANE)
    return *PREACTIVATION, Step(sides, (check, RulesHold(WEIGHTS, PLANE, units=False)))


def _one_dimension(c):
    """The mean over weights is one over a single normal variable, of variance sigma^2 s + zeta^2."""
    let = LetFunction(Opaque("G"), v, Expectation(F(z), z, v))
    return *PREACTIVATION, let, Step((mean(F(zt[()])), c * term(Opaque("G")(VARIANCE))), (Divergence(sp.S.Zero),))


BELL = {"F": lambda t: sp.exp(-(t**2)), "G": lambda t: 1 / sp.sqrt(1 + 2 * t)}
COSINE = {"F": sp.cos, "G": lambda t: sp.exp(-t / 2)}


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
        Step((Expectation(z * f(z), z, v), c * v * Expectation(f(z, 1), z, v)), (Divergence(-v * f(z)),)),
    ),
    "quadrature": lambda c: (
        Step(
            (Expectation(z * f(z), z, v), c * v * Expectation(f(z, 1), z, v)),
            (Quadrature(4, {"f": lambda t: t**3 + sp.sin(t)}, points=1),),
        ),
    ),
    "by parts": _stein_in_weights,
    "one dimension": _one_dimension,
    "cubature": lambda c: _gaussian(c, Cubature(seed=5, instances=COSINE, d=2)),
    "Monte Carlo": lambda c: _gaussian(c**10, MonteCarlo(seed=5, samples=40_000, instances=BELL, d=2)),
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


def test_rules_that_do_not_hold_are_caught():
    geometry, items = paraboloid()
    wrong = Rules(derivatives={geometry.g_dd: ((al, mu, nu), DELTA[al, mu] * x[nu])})
    with pytest.raises(CheckFailed, match="rules of the letters"):
        run(*items, Step((x[mu], x[mu]), (RulesHold(wrong, PLANE), ForAll())))


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
