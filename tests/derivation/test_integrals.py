"""Integrals decided by a primitive, and means that are simulated: what passes, what is wrong, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from symgeo.derivation import (
    COORDINATES,
    ByParts,
    Define,
    Derivation,
    Divergence,
    Expectation,
    Given,
    Identity,
    Let,
    LetFunction,
    Mean,
    Opaque,
    Primitive,
    Rules,
    RulesHold,
    Section,
    Simulation,
    Step,
    Tensor,
    inputs,
    term,
)
from symgeo.errors import CheckFailed, InputError

q = sp.Symbol("q", integer=True, positive=True)
a, t, v, sigma, zeta = sp.symbols(r"a t v \sigma \zeta", positive=True)
z = sp.Symbol("z", real=True)
mu, nu = inputs(r"\mu \nu")


def check(*items):
    """The evidence of the last item."""
    return Derivation("trial", "Trial", "A trial.", (Section("One", items),)).check()[-1].evidence


def power(exponent, end=a):
    return sp.Integral(t**exponent * sp.exp(-t), (t, 0, end))


@pytest.mark.parametrize("end", [a, sp.oo])
def test_integration_by_parts_for_every_exponent(end):
    boundary = 0 if end == sp.oo else a ** (q + 1) * sp.exp(-a)
    step = Step((power(q + 1, end), (q + 1) * power(q, end) - boundary), (Primitive(-(t ** (q + 1)) * sp.exp(-t)),))
    (evidence,) = check(step)
    assert (evidence.kind, evidence.sizes) == ("exact", ())


def test_a_derivative_is_taken_under_the_integral_sign_and_at_its_end():
    integral = sp.Integral(sp.sin(a * t), (t, 0, a))
    inner = sp.Integral(t * sp.cos(a * t), (t, 0, a))
    (evidence,) = check(Step((sp.Derivative(integral, a), inner + sp.sin(a**2)), (Primitive(sp.S.Zero),)))
    assert evidence.kind == "exact"
    with pytest.raises(CheckFailed, match="the ends"):
        check(Step((sp.Derivative(integral, a), inner), (Primitive(sp.S.Zero),)))


def test_a_wrong_integrand_is_found_with_both_sides_and_the_point():
    step = Step((power(q + 1), 2 * (q + 1) * power(q)), (Primitive(-(t ** (q + 1)) * sp.exp(-t)),), "wrong")
    with pytest.raises(CheckFailed, match=r"'wrong'.*the integrand.*q = "):
        check(step)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ((power(q) ** 2, power(q)), "linear"),
        ((power(q), power(q, end=2 * a)), "one variable and one interval"),
        ((t * power(q), power(q)), "only under an integral sign"),
        ((0 * power(q) + sp.Integral(0, (t, 0, a)), sp.Integral(sp.S.Zero, (t, 0, a))), "both sides vanish"),
    ],
)
def test_what_a_primitive_does_not_decide_is_refused(sides, message):
    with pytest.raises(InputError, match=message):
        check(Step(sides, (Primitive(sp.S.Zero),)))


def uniform(generator):
    return generator.uniform(0, 2, 10_000)


def test_a_simulated_mean_is_compared_with_every_side():
    (evidence,) = check(Step((a / 3, a - 2), (Simulation("uniform", uniform, {a: sp.Integer(3)}, 5),)))
    assert (evidence.kind, evidence.samples, evidence.seed) == ("Monte Carlo", 10_000, 5)
    assert evidence.points == ((("a", "3"),),)
    with pytest.raises(CheckFailed, match=r"simulation, z = "):
        check(Step((a / 3, a - sp.Rational(19, 10)), (Simulation("uniform", uniform, {a: sp.Integer(3)}, 5),)))


def test_expectations_in_a_side_are_integrated():
    step = Step(
        (Expectation(z**2, z, v), v), (Simulation("chi", lambda g: g.normal(0, 1, 5000) ** 2, {v: sp.S.One}, 6),)
    )
    assert check(step)[0].kind == "Monte Carlo"


@pytest.mark.parametrize(
    ("draw", "at", "error"),
    [
        (lambda g: np.ones(10), {a: sp.S.One}, CheckFailed),
        (lambda g: np.full(10, np.nan), {a: sp.S.One}, CheckFailed),
        (lambda g: np.ones((3, 3)), {a: sp.S.One}, InputError),
        (uniform, {}, InputError),
    ],
)
def test_samples_that_say_nothing_are_refused(draw, at, error):
    with pytest.raises(error, match="step"):
        check(Step((a, a), (Simulation("nothing", draw, at, 1),)))


def test_a_flux_may_fall_like_a_gaussian_but_not_rise_like_one():
    falling, rising = sp.exp(-(z**2)), sp.exp(z**2)
    sides = (Expectation(z * falling, z, v), Expectation(-2 * v * z * falling, z, v))
    assert check(Step(sides, (Divergence(-v * falling),)))[0].kind == "exact"
    sides = (Expectation(z * rising, z, v), Expectation(2 * v * z * rising, z, v))
    with pytest.raises(InputError, match="vanishes at infinity"):
        check(Step(sides, (Divergence(-v * rising),)))


def test_two_functions_of_two_linear_forms_are_asked_for():
    w, b, y, form, other = (Tensor(*pair) for pair in (("w", "d"), ("b", ""), ("y", "d"), ("z", ""), ("u", "")))
    F, P = Opaque("F"), Opaque("P")
    rules = Rules(
        frozenset({w, b, y, form, other}),
        derivatives={form: ((mu,), COORDINATES[mu]), other: ((mu,), y[mu])},
        constants=frozenset({y}),
        along=w,
    )

    def mean(body):
        return Mean(body, w, b, (sigma, zeta))

    right = term(sigma**2) * (
        COORDINATES[mu] * mean(F(form[()], 1) * P(other[()])) + y[mu] * mean(F(form[()]) * P(other[()], 1))
    )
    flux = (mu, -(term(sigma**2) * F(form[()]) * P(other[()])))
    parts = ByParts((flux,), rules, ((2, 1),), functions=2)
    items = (
        Given((w, b, y)),
        Define(form[()], w[mu] * COORDINATES[mu] + b[()]),
        Define(other[()], w[mu] * y[mu] + b[()]),
    )
    step = Step((mean(F(form[()]) * P(other[()]) * w[mu]), right), (RulesHold(rules, ((2, 1),)), parts))
    assert check(*items, step)[-1].kind == "exact"
    with pytest.raises(InputError, match="at most 1 unspecified"):
        check(*items, replace(step, checks=(step.checks[0], replace(parts, functions=1))))
    wrong = Step((step.sides[0], term(sigma**2) * COORDINATES[mu] * mean(F(form[()], 1) * P(other[()]))), step.checks)
    with pytest.raises(CheckFailed, match="integrands over the density"):
        check(*items, wrong)


def test_definitions_are_put_in_before_integrating():
    h = sp.Symbol("h")
    items = (Let(h, 2 * a), Step((sp.Integral(h * t, (t, 0, 1)), a), (Primitive(h * t**2 / 2),)))
    assert check(*items)[0].kind == "exact"


def test_a_function_is_put_in_under_an_integral_sign():
    f = Opaque("f")
    items = (LetFunction(f, t, 2 * t), Step((sp.Integral(f(t) + f(a), (t, 0, a)), 3 * a**2), (Identity(),)))
    assert check(*items)[0].kind == "exact"
