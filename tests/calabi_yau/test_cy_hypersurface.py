import math

import mpmath
import numpy as np
import pytest
import torch

from symgeo.calabi_yau import Hypersurface, dwork, estimated_kappa, fermat, hypersurface, sample
from symgeo.errors import InputError

RANDOM = hypersurface([[2, 1, 1, 0], [0, 0, 3, 1], [4, 0, 0, 0], [0, 4, 0, 0]], [1, 2j, -1, 0.5])


@pytest.mark.parametrize("surface", [fermat(1), fermat(3), dwork(2, 0.3 - 0.2j), RANDOM], ids=lambda h: h.name)
def test_value_and_gradient_are_those_of_the_monomials(surface):
    random = np.random.default_rng(0)
    Z = random.normal(size=(5, surface.coordinates)) + 1j * random.normal(size=(5, surface.coordinates))
    e, c = surface.exponents.numpy(), surface.coefficients.numpy()
    expected = (c * (Z[:, None] ** e).prod(2)).sum(1)
    np.testing.assert_allclose(surface.value(torch.tensor(Z)).numpy(), expected, rtol=1e-12)
    for i in range(surface.coordinates):
        lowered = e.copy()
        lowered[:, i] = np.maximum(e[:, i] - 1, 0)
        expected = (c * e[:, i] * (Z[:, None] ** lowered).prod(2)).sum(1)
        np.testing.assert_allclose(surface.gradient(torch.tensor(Z))[:, i].numpy(), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("n", "kappa"), [(1, 1.109929), (2, 0.169247), (3, 0.0176189)])
def test_fermats_normalisation(n, kappa):
    surface, D = fermat(n), n + 2
    gamma = math.gamma(1 / D) / math.gamma(1 - 1 / D)
    assert surface.volume == pytest.approx(math.pi**n * gamma**D / D ** (D - 1), rel=1e-14)
    assert surface.kappa == pytest.approx(kappa, rel=3e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("psi", [0, 0.5, 0.4 + 0.7j, -1.7, 2.5j])
def test_exact_volume_within_its_monte_carlo_error(n, psi):
    surface = dwork(n, psi)
    estimate, error = estimated_kappa(surface, 10_000, seed=3)
    assert abs(estimate - surface.kappa) < 4 * error
    assert error < 0.02 * surface.kappa


@pytest.mark.parametrize(
    ("n", "psi"), [(1, 0.5), (2, 0.4 + 0.7j), (2, 1.05), (3, 0.99), (3, 1.1), (3, 2.5j), (4, 1.2), (2, 100)]
)
def test_volume_is_that_of_hypergeometric_functions(n, psi):
    # F_r = (D psi)^{r-1}/(r-1)! times a hypergeometric function of psi^D, as mpmath continues it.
    D, total = n + 2, 0
    with mpmath.workdps(30):
        for r in range(1, D):
            x = mpmath.mpf(r) / D
            lower = [mpmath.mpf(r + j) / D for j in range(D) if r + j != D]
            F = mpmath.hyper([x] * D, lower, mpmath.mpmathify(psi) ** D)
            F *= (D * mpmath.mpmathify(psi)) ** (r - 1) / mpmath.factorial(r - 1)
            total += (-1) ** (r - 1) * (mpmath.gamma(x) / mpmath.gamma(1 - x)) ** D * abs(F) ** 2
        expected = float(mpmath.pi**n / mpmath.mpf(D) ** (D - 1) * total)
    assert dwork(n, psi).volume == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(("n", "psi"), [(2, 1.001), (3, 1.001), (3, 1 + 1e-3j)])
def test_exact_volume_close_to_the_conifold(n, psi):
    surface = dwork(n, psi)
    estimate, error = estimated_kappa(surface, 20_000, seed=4)
    assert abs(estimate - surface.kappa) < 4 * error
    assert error < 0.03 * surface.kappa


def test_volume_is_continuous_across_the_circle_through_the_conifold():
    # A node of a surface adds a term as |psi^4 - 1| to the volume's analytic part, and no logarithm.
    inside, at, outside = (dwork(2, r * np.exp(0.01j)).volume for r in (0.9999, 1, 1.0001))
    assert (inside + outside) / 2 == pytest.approx(at, rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_volume_depends_on_psi_to_the_d_alone(n):
    D = n + 2
    turned = 0.6 * np.exp(2j * np.pi / D)
    assert dwork(n, turned).volume == pytest.approx(dwork(n, 0.6).volume, rel=1e-12)


@pytest.mark.parametrize("side", [1, -1, 1j])
def test_volume_grows_towards_the_conifold_of_the_cubic(side):
    # A node of a curve makes its volume grow without bound, as the logarithm of the distance.
    volumes = [dwork(1, 1 - side * h).volume for h in (1e-2, 1e-3, 1e-4)]
    steps = np.diff(volumes)
    assert steps[1] == pytest.approx(steps[0], rel=0.05)
    assert steps[0] > 0


def test_dworks_polynomial_is_recognised():
    surface = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 1]], [2, 2, 2, -3])
    assert surface.symmetry == "dwork"
    assert surface.volume == dwork(1, 0.5).volume
    assert hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 1]).symmetry == "fermat"
    assert hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 2]).symmetry == "none"


@pytest.mark.parametrize("exponents", [3.0 * np.eye(3), 3.0 * torch.eye(3), [[3.0, 0, 0], [0, 3, 0], [0, 0, 3]]])
def test_floats_that_are_whole_are_exponents(exponents):
    assert hypersurface(exponents, [1, 1, 1]).exponents.tolist() == fermat(1).exponents.tolist()


def test_equal_rows_are_added_and_zero_terms_dropped():
    twice = hypersurface([[3, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 1, 1])
    assert twice.symmetry == "none"
    assert twice.exponents.tolist() == [[3, 0, 0], [0, 3, 0], [0, 0, 3]]
    assert twice.coefficients.tolist() == [2, 1, 1]
    halves = hypersurface([[3, 0, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0]], [0.5, 0.5, 1, 1, 0])
    assert halves.symmetry == "fermat"
    gone = hypersurface([[2, 1, 0], [3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0], [1, 1, 1]], [1, 1, 2, 1, -1, 0])
    assert gone.exponents.tolist() == [[3, 0, 0], [0, 3, 0], [0, 0, 3]]
    assert sample(gone, 30, 0, kappa=1.0).residual() < 1e-13


CUBIC = 3 * torch.eye(3, dtype=torch.int64)
ONES = torch.ones(3, dtype=torch.complex128)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fermat(0), "`n` must be a complex dimension of at least 1, not 0"),
        (lambda: dwork(3, 1), r"`psi` = 1\+0j is the conifold psi\^5 = 1"),
        (lambda: dwork(1, np.exp(2j * np.pi / 3)), "is the conifold"),
        (lambda: dwork(2, float("nan")), "`psi` must be finite"),
        (
            lambda: dwork(3, 1e100),
            r"`psi` must be below 1e61 in modulus, where psi\^5 is no number any more, not 1e\+100",
        ),
        (lambda: dwork(1, -1e103j), "`psi` must be below 1e102 in modulus"),
        (lambda: hypersurface([[2.5, 0.5, 0]], [1]), "`exponents` must be whole numbers, not 2.5"),
        (lambda: hypersurface(torch.tensor([[math.nan, 3.0, 0.0]]), [1]), "`exponents` must be whole numbers, not nan"),
        (lambda: hypersurface([["3", 0, 0]], [1]), "`exponents` must be whole numbers, not '3'"),
        (lambda: hypersurface([[3, 0], [1]], [1, 1]), "`exponents` must be rows of N integers"),
        (lambda: hypersurface(None, [1]), "`exponents` must be rows of N integers"),
        (lambda: hypersurface([[3, 0, 0]], "x"), "`coefficients` must be one complex number a monomial"),
        (lambda: hypersurface([[3, 0, 0], [1, 1, 0]], [1, 1]), r"one degree, not \[2, 3\]"),
        (lambda: hypersurface([[4, 0, 0], [0, 4, 0]], [1, 1]), "degree 4 in 3 coordinates is not Calabi-Yau"),
        (lambda: hypersurface([[3, 0, 0]], [1, 1]), r"not \(1, 3\) and \(2,\)"),
        (lambda: hypersurface([[3, 0, 0]], [float("inf")]), "`coefficients` finite"),
        (lambda: hypersurface([[4, -1, 0]], [1]), "must be non-negative"),
        (lambda: hypersurface(CUBIC, [0, 0, 0]), "`coefficients` are all zero"),
        (lambda: hypersurface([[3, 0, 0], [3, 0, 0]], [1, -1]), "or cancel in equal rows"),
        (lambda: dwork(3, "x"), "`psi` must be a complex number, not 'x'"),
        (lambda: dwork(3, None), "`psi` must be a complex number, not None"),
        (lambda: Hypersurface(CUBIC + CUBIC, ONES, "own"), "degree 6 in 3 coordinates is not Calabi-Yau"),
        (lambda: Hypersurface(CUBIC, ONES[:2], "own"), r"not \(3, 3\) and \(2,\)"),
        (lambda: Hypersurface(CUBIC, ONES * float("nan"), "own"), "`coefficients` finite"),
        (lambda: Hypersurface(CUBIC, 0 * ONES, "own"), "`coefficients` are all zero"),
        (lambda: Hypersurface(CUBIC - torch.tensor([1, -1, 0]), ONES, "own"), "must be non-negative"),
        (lambda: Hypersurface(CUBIC.double(), ONES, "own"), "`exponents` must be integers"),
        (lambda: Hypersurface(CUBIC, ONES, "own", symmetry="cubic"), "`symmetry` must be one of fermat, dwork, none"),
    ],
)
def test_bad_input_is_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
