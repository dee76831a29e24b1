"""Leading terms at the origin and far out against the exact quantities there, and the distance from the origin."""

import mpmath as mp
import pytest
import sympy as sp

from symgeo.activations import TABLE, activation, leaky_relu, monomial, rectified_monomial
from symgeo.errors import InputError
from symgeo.geometry import RadialMetric
from symgeo.geometry.radial_distance import radial_distance
from symgeo.networks import WideNetwork
from symgeo.networks.limits import far_out, near_origin
from symgeo.networks.wide_metric import SIGMA, ZETA, S, WideMetric
from symgeo.networks.wide_quadrature import Gram
from tests.networks.test_wide_quadrature import OPEN, geometry

CLOSED = [
    *(row for name, row in TABLE.items() if name not in OPEN),
    monomial(1),
    monomial(2, normalised=True),
    monomial(3),
    rectified_monomial(3),
    leaky_relu(sp.Rational(1, 10)),
    activation(lambda z: z * sp.exp(-(z**2))),
]


def exact(metric):
    K_rt, K_tt = metric.sectional_curvatures()
    A = sp.factor(metric.a + metric.b * metric.s)
    return metric.a, A, metric.volume_element(), K_rt, K_tt, metric.scalar_curvature()


# In four dimensions the leading terms of R cancel for GELU and the Gaussian softplus.
CASES = [(phi, 3) for phi in CLOSED] + [(activation(name), 2) for name in ("erf", "sin", "cos", "gaussian")]
CASES += [(activation("gaussian_softplus"), 4)]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("phi", "d"), CASES, ids=str)
def test_ratio_to_the_exact_quantity_tends_to_one(phi, bias, d):
    metric = WideMetric(phi, d)
    point = {SIGMA: sp.Rational(9, 7), ZETA: sp.Rational(2, 5) if bias else 0}
    quantities = exact(metric)
    for leading, where in ((near_origin, (8, 12)), (far_out, (-8, -12))):
        terms = leading(metric, bias=bias)
        found = (terms.across, terms.along, terms.volume_element, terms.K_rt, terms.K_tt, terms.scalar_curvature)
        for one, other in zip(found, quantities, strict=True):
            errors = []
            for n in where:
                if leading is far_out and other.has(sp.exp):
                    n = n // 4  # the exponential's argument itself, so that its digits can be had
                values = [sp.N(e.subs({**point, S: sp.Rational(10) ** -n}), 30, maxn=4000) for e in (one, other)]
                if values[1] == 0:
                    assert one == 0
                    break
                errors.append(abs(values[0] / values[1] - 1))
            else:
                # Corrections are powers of s from s^(1/2) on; in exponentials s runs over one order only.
                assert errors[1] < errors[0] / (5 if other.has(sp.exp) else 50) + sp.Float("1e-25")
                assert errors[1] < 0.02


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("zeta", [0, 0.75])
def test_networks_without_closed_forms_far_out(name, zeta):
    terms = far_out(WideMetric(activation(name), 3), bias=bool(zeta))
    errors = []
    for s in (mp.mpf(10) ** 4, mp.mpf(10) ** 6):
        conformal, A, R = geometry(name, s, 1.25, zeta, 3)
        point = {SIGMA: sp.Rational(5, 4), ZETA: sp.Rational(3, 4) if zeta else 0, S: sp.Integer(int(s))}
        values = [mp.mpmathify(sp.N(e.subs(point), 30)) for e in (terms.across, terms.along, terms.scalar_curvature)]
        exact_ = (conformal, conformal * A, R)
        errors.append([abs(v / e - 1) for v, e in zip(values, exact_, strict=True)])
    assert all(late < early / 8 and late < 0.01 for early, late in zip(*errors, strict=True))


@pytest.mark.parametrize("name", OPEN)
def test_networks_without_closed_forms_at_the_origin(name):
    terms = near_origin(WideMetric(activation(name), 3), bias=False)
    conformal, A, R = geometry(name, mp.mpf(10) ** -8, 1.25, 0, 3)
    point = {SIGMA: sp.Rational(5, 4), S: sp.Rational(1, 10**8)}
    for term, value in ((terms.across, conformal), (terms.along, conformal * A), (terms.scalar_curvature, R)):
        assert abs(mp.mpmathify(sp.N(term.subs(point), 30)) / value - 1) < 1e-6
    biased = near_origin(WideMetric(activation(name)))
    d = sp.Symbol("d", integer=True, positive=True)
    positive = sp.Symbol("zeta", positive=True)
    G, G1 = Gram(0, ZETA**2), Gram(1, ZETA**2)
    known = -(d - 1) * (d + 2) * S * SIGMA**2 * G1**2 / G**3
    difference = (biased.scalar_curvature - known).subs(ZETA, positive)
    assert sp.simplify(difference) == 0
    assert biased.across == SIGMA**2 * G


def test_what_is_not_known_far_out():
    with pytest.raises(InputError, match="has no closed form, and its moments are known only for tanh, sigmoid"):
        far_out(WideNetwork(lambda z: z * sp.erf(z) ** 2).metric)


METRICS = [
    *(WideMetric(activation(name), 3) for name in ("erf", "exp", "sin", "gaussian", "monomial(3)")),
    RadialMetric(1, 1, S, 2),
    RadialMetric(4 / (1 + S) ** 2, 0, S, 2),
]


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: str(m.a))
def test_distance_is_the_integral(metric):
    r = sp.Symbol("r", positive=True)
    point = {SIGMA: sp.Rational(9, 7), ZETA: sp.Rational(2, 5)}
    rho = radial_distance(metric, r)
    along = sp.lambdify(S, sp.factor(metric.a + metric.b * S).subs(point), "mpmath")
    with mp.workdps(30):
        for radius in (sp.Rational(1, 100), sp.Rational(3, 2), sp.Integer(6)):
            whole = mp.quad(lambda t: mp.sqrt(along(t * t)), mp.linspace(0, mp.mpf(radius.p) / radius.q, 5))
            value = mp.mpmathify(sp.N(rho.subs({**point, r: radius}), 25))
            assert abs(value / whole - 1) < mp.mpf(10) ** -18


def test_distances_in_closed_form():
    r = sp.Symbol("r", positive=True)
    for name in ("erf", "relu", "probit"):
        assert not radial_distance(WideMetric(activation(name)), r).has(sp.Integral)
    cone = RadialMetric(S, 2, S)
    assert radial_distance(cone, r) == sp.sqrt(3) * r**2 / 2
    # A hemisphere's meridian: rho = 2 atan(r) in stereographic coordinates.
    sphere = radial_distance(RadialMetric(4 / (1 + S) ** 2, 0, S), r)
    assert sp.simplify(sp.hyperexpand(sphere) - 2 * sp.atan(r)) == 0
