"""The sinh rule: against quadrature at 30 digits from narrow to wide Gaussians, convergence, refusals."""

import mpmath as mp
import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.gaussian import SinhRule, fitted_rule

FUNCTIONS = {
    "sech^2": (lambda z: 1 / np.cosh(np.clip(z, -300, 300)) ** 2, lambda z: mp.sech(z) ** 2),
    "logistic": (lambda z: 1 / (1 + np.exp(-z)), lambda z: 1 / (1 + mp.exp(-z))),
    "quartic": (lambda z: z**4 / (1 + z**2), lambda z: z**4 / (1 + z**2)),
}


def integral(f, v):
    with mp.workdps(60):
        w = mp.sqrt(v)
        ends = {k * w for k in (-14, -4, -1, 0, 1, 4, 14)} | {k for k in (-64, -16, -4, 4, 16, 64) if abs(k) < 14 * w}
        return mp.quad(lambda t: f(t) * mp.npdf(t, 0, w), sorted(ends))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_variance_from_narrow_to_wide(name):
    f, exact = FUNCTIONS[name]
    with np.errstate(over="ignore"):
        rule = fitted_rule([f], name)
        for v in (1e-12, 1e-6, 1e-2, 1.0, 30.0, 1e4, 1e8, 1e12):
            assert abs(rule.summands(f, v).sum() / float(integral(exact, v)) - 1) < max(10 * rule.error, 1e-14)


def test_error_falls_exponentially_in_one_over_the_step():
    f, exact = FUNCTIONS["sech^2"]
    inverse = np.array([2.0, 3.0, 4.0, 5.0])
    errors = []
    for n in inverse:
        half = int(20 * n)
        errors.append(abs(SinhRule(1 / n, -half, half).summands(f, 1.0).sum() - float(integral(exact, 1.0))))
    rate = -np.polyfit(inverse, np.log(errors), 1)[0]
    # Singularities of the integrand bound the strip at |Im tau| = pi/4 to pi/2: rates of pi^2/2 to pi^2.
    assert np.pi**2 / 2 * 0.8 < rate < np.pi**2 * 1.2


def test_nodes_that_never_count_are_left_out():
    f, _ = FUNCTIONS["sech^2"]
    rule = fitted_rule([f], "sech")
    assert len(rule.nodes) < 70
    assert rule.first == -rule.last


@pytest.mark.parametrize("f", [lambda z: 1 + np.sin(z) ** 2, lambda z: np.exp(np.abs(z)), np.abs])
def test_refuses_what_it_cannot_integrate(f):
    with pytest.raises(InputError, match="'wild' has no closed form at infinite width, and quadrature reaches a relat"):
        fitted_rule([f], "wild")
