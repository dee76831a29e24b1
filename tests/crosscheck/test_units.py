"""Drawn units are Gaussian as the wide network's, by moments known beforehand; the cubature's nodes stand for all."""

import math
from itertools import combinations_with_replacement

import numpy as np
import pytest

from symgeo.crosscheck.units import cubature_units, random_units

X, SIGMA, ZETA = np.array([0.4, -0.9, 0.3]), 1.3, 0.6


def moments(units, order):
    """Weighted means of all products of `order` of w_1, w_2, w_3, b, and what they are under the prior."""
    standard = np.column_stack([units.W / SIGMA, units.b / ZETA])
    for factors in combinations_with_replacement(range(4), order):
        counts = [factors.count(axis) for axis in range(4)]
        exact = math.prod(0 if k % 2 else math.prod(range(1, k, 2)) for k in counts)
        yield (units.rho * np.prod(standard[:, factors], axis=1)).mean(), exact


def test_random_units_have_the_gaussian_moments():
    rng = np.random.default_rng(3)
    layers = [random_units(rng, X, SIGMA, ZETA, side=8) for _ in range(150)]
    for order in range(7):
        pairs = np.array([list(moments(units, order)) for units in layers])
        means, exact = pairs[:, :, 0], pairs[0, :, 1]
        error = means.std(axis=0, ddof=1) / math.sqrt(len(layers))
        # Of 210 moments the largest: beyond 5.2 once in a thousand times (Student's t, 149 degrees of freedom).
        z = np.abs(means.mean(axis=0) - exact) / error
        assert z.max() < 5.2, order
        assert (error < 0.1 * math.prod(range(1, order, 2))).all(), order


def test_a_single_unit_is_gaussian_not_only_its_layer():
    # Widened by 1.4 in every direction: the laws of t and of |xi|^2 = chi^2, by Kolmogorov's test at one unit a layer.
    rng = np.random.default_rng(4)
    drawn = [random_units(rng, X, SIGMA, ZETA, side=3) for _ in range(400)]
    standard = np.array([np.append(u.W[7] / SIGMA, u.b[7] / ZETA) / 1.4 for u in drawn])
    assert standard.shape == (400, 4)
    # Unit 7 lies in the second of nine intervals of t: its t is no sample of a Gaussian, its xi is.
    along = np.append(SIGMA * X, ZETA)
    along /= np.linalg.norm(along)
    xi = standard - np.outer(standard @ along, along)
    values = np.sort((xi**2).sum(axis=1))
    cumulative = np.array([math.erf(math.sqrt(v / 2)) - math.sqrt(2 * v / math.pi) * math.exp(-v / 2) for v in values])
    # Beyond 1.95/sqrt(400) once in a thousand times.
    assert np.abs(cumulative - np.arange(1, 401) / 400).max() < 1.95 / 20 + 1 / 400


def test_preactivations_depend_on_t_alone():
    units = random_units(np.random.default_rng(5), X, SIGMA, ZETA, side=4)
    z = (units.W @ X + units.b).reshape(-1, 6)
    assert np.ptp(z, axis=1).max() < 1e-13
    assert len(np.unique(z[:, 0].round(12))) == 16


def test_layers_differ():
    rng = np.random.default_rng(6)
    first, second = (random_units(rng, X, SIGMA, ZETA, side=4) for _ in range(2))
    assert np.abs(first.W - second.W).min() > 0


@pytest.mark.parametrize("order", range(6))
def test_cubature_is_exact_to_rounding(order):
    for mean, exact in moments(cubature_units(X, SIGMA, ZETA), order):
        assert mean == pytest.approx(exact, abs=1e-13)


def test_cubature_of_what_is_no_polynomial():
    units = cubature_units(X, SIGMA, ZETA)
    v = SIGMA**2 * (X @ X) + ZETA**2
    z = units.W @ X + units.b
    assert (units.rho * np.cos(z)).mean() == pytest.approx(math.exp(-v / 2), rel=1e-14)
    assert (units.rho * np.exp(-(z**2))).mean() == pytest.approx(1 / math.sqrt(1 + 2 * v), rel=1e-14)
