import math

import numpy as np
import pytest
import torch

from symgeo.calabi_yau import dwork, estimated_kappa, fermat, hypersurface
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


@pytest.mark.parametrize("n", [1, 2, 3])
def test_volume_depends_on_psi_to_the_d_alone(n):
    D = n + 2
    turned = 0.6 * np.exp(2j * np.pi / D)
    assert dwork(n, turned).volume == pytest.approx(dwork(n, 0.6).volume, rel=1e-12)


def test_volume_grows_towards_the_conifold_of_the_cubic():
    # A node of a curve makes its volume grow without bound, as the logarithm of the distance.
    volumes = [dwork(1, 1 - h).volume for h in (1e-2, 1e-3, 1e-4)]
    steps = np.diff(volumes)
    assert steps[1] == pytest.approx(steps[0], rel=0.05)
    assert steps[0] > 0


def test_dworks_polynomial_is_recognised():
    surface = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [1, 1, 1]], [2, 2, 2, -3])
    assert surface.symmetry == "dwork"
    assert surface.volume == dwork(1, 0.5).volume
    assert hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 1]).symmetry == "fermat"
    assert hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 2]).symmetry == "none"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fermat(0), "`n` must be a complex dimension of at least 1, not 0"),
        (lambda: dwork(3, 1), r"`psi` = 1\+0j is the conifold psi\^5 = 1"),
        (lambda: dwork(1, np.exp(2j * np.pi / 3)), "is the conifold"),
        (lambda: dwork(2, float("nan")), "`psi` must be finite"),
        (lambda: hypersurface([[3, 0, 0], [1, 1, 0]], [1, 1]), r"one degree, not \[2, 3\]"),
        (lambda: hypersurface([[4, 0, 0], [0, 4, 0]], [1, 1]), "degree 4 in 3 coordinates is not Calabi-Yau"),
        (lambda: hypersurface([[3, 0, 0]], [1, 1]), r"not \(1, 3\) and \(2,\)"),
        (lambda: hypersurface([[3, 0, 0]], [float("inf")]), "`coefficients` finite"),
        (lambda: hypersurface([[4, -1, 0]], [1]), "must be non-negative"),
    ],
)
def test_bad_input_is_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
