"""The textbook formulas against metrics whose curvature is known."""

import mpmath as mp
import numpy as np
import pytest

from symgeo.crosscheck.definition import christoffel_and_curvature

ONE = np.eye(3)


def test_paraboloid_of_two_dimensions():
    # g = 1 + x x^T: neither of the signs of the two Gamma Gamma terms can be wrong here.
    x = np.array([[0.3, -1.1], [2.0, 0.4]])
    one = np.eye(2)
    s = (x**2).sum(1)
    inverse = one - np.einsum("pm,pn,p->pmn", x, x, 1 / (1 + s))
    first = np.einsum("mk,pn->pmnk", one, x) + np.einsum("nk,pm->pmnk", one, x)
    second = np.broadcast_to(np.einsum("mk,nl->mnkl", one, one) + np.einsum("nk,ml->mnkl", one, one), (2, 2, 2, 2, 2))
    gamma, curvature = christoffel_and_curvature(inverse, first, second)
    assert curvature == pytest.approx(2 / (1 + s) ** 2, rel=1e-14)
    assert gamma == pytest.approx(np.einsum("pr,mn,p->prmn", x, one, 1 / (1 + s)), abs=1e-15)


def test_hyperbolic_space_at_forty_digits():
    # The half space g = delta/z^2 of three dimensions, at z = 7: R = -6, in mpmath numbers.
    with mp.workdps(40):
        z = mp.mpf(7)
        one = np.array(mp.eye(3).tolist())
        first, second = (one[:, :, None] * up for up in (np.array([0, 0, -2 / z**3]), np.array([0, 0, 6 / z**4])))
        gamma, curvature = christoffel_and_curvature(one * z**2, first, second[..., None] * np.array([0, 0, 1]))
        assert abs(curvature + 6) < mp.mpf(10) ** -37
        assert abs(gamma[2, 0, 0] - 1 / z) < mp.mpf(10) ** -38
        assert abs(gamma[0, 0, 2] + 1 / z) < mp.mpf(10) ** -38
        assert gamma[0, 1, 2] == 0
