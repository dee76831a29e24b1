import numpy as np
import pytest
import torch

from symgeo.calabi_yau import at, concatenated, dwork, estimated_kappa, fermat, hypersurface, project, sample
from symgeo.calabi_yau.sample import RESIDUAL
from symgeo.errors import InputError, NumericalError

CUBIC = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0]], [1, 1, 2, 0.5])
SURFACES = [fermat(1), fermat(2), fermat(3), dwork(3, 0.5 + 0.2j), CUBIC]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda h: h.name)
def test_points_lie_on_the_hypersurface(surface):
    points = sample(surface, 503, 1, kappa=1.0)
    assert len(points) == 503
    assert points.residual() < RESIDUAL
    largest = points.points.abs().max(1)
    assert torch.equal(points.patch, largest.indices)
    assert torch.allclose(points.points.gather(1, points.patch[:, None]), torch.ones(1, dtype=torch.complex128))


@pytest.mark.parametrize(("n", "sigma"), [(1, 0.098), (2, 0.229), (3, 0.369)])
def test_sigma_of_fubini_and_studys_metric(n, sigma):
    values = []
    for seed in range(8):
        points = sample(fermat(n), 2000, seed)
        eta = torch.linalg.det(points.fubini_study).real / (points.kappa * points.density)
        torch.testing.assert_close(eta, 1 / points.weights)
        values.append(float((points.weights * (1 - eta).abs()).sum() / points.weights.sum()))
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    # The reference is rounded to three digits.
    assert abs(np.mean(values) - sigma) < 5e-4 + 3 * error
    assert error < 0.003


@pytest.mark.parametrize("surface", SURFACES, ids=lambda h: h.name)
def test_frame_is_tangent_and_the_metric_is_that_of_the_logarithm(surface):
    points = sample(surface, 20, 2, kappa=1.0)
    tangency = torch.einsum("mi,mik->mk", surface.gradient(points.points), points.frame)
    assert float(tangency.abs().max()) < 1e-12

    def logarithm(z):
        return torch.log((z.abs() ** 2).sum()) / torch.pi

    for k in range(20):
        real = torch.view_as_real(points.points[k])
        hessian = torch.autograd.functional.hessian(lambda x: logarithm(torch.view_as_complex(x)), real)
        xx, xy, yx, yy = hessian[:, 0, :, 0], hessian[:, 0, :, 1], hessian[:, 1, :, 0], hessian[:, 1, :, 1]
        ambient = torch.complex(xx + yy, xy - yx) / 4  # d_i dbar_j
        T = points.frame[k]
        torch.testing.assert_close(T.mT @ ambient @ T.conj(), points.fubini_study[k], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("surface", SURFACES[:4], ids=lambda h: h.name)
def test_weights_do_not_depend_on_the_patch(surface):
    points = sample(surface, 100, 3)
    order = points.points.abs().argsort(1)
    gradient = surface.gradient(points.points).abs()
    patch = order[:, -2]
    gradient.scatter_(1, patch[:, None], -1.0)
    other = at(surface, points.points, patch=patch, dependent=gradient.argsort(1)[:, -2])
    assert not torch.equal(other.patch, points.patch)
    torch.testing.assert_close(other.weights, points.weights, rtol=1e-10, atol=0)


def test_unitary_frame():
    points = sample(fermat(3), 50, 4)
    unitary = points.unitary()
    g = torch.einsum("mik,mil->mkl", unitary.frame, unitary.frame.conj())
    along = torch.einsum("mik,mi->mk", unitary.frame, points.points.conj())
    r = (points.points.abs() ** 2).sum(1)[:, None, None]
    g = (g / r - along[:, :, None] * along.conj()[:, None] / r**2) / torch.pi
    torch.testing.assert_close(g, torch.eye(3, dtype=torch.complex128).expand(50, 3, 3), rtol=0, atol=1e-12)
    torch.testing.assert_close(unitary.kappa * unitary.density, points.weights)


def test_same_seed_same_points_and_slices():
    one, two = sample(fermat(2), 40, 5), sample(fermat(2), 40, 5)
    assert torch.equal(one.points, two.points)
    assert not torch.equal(one.points, sample(fermat(2), 40, 6).points)
    assert torch.equal(concatenated([one[:10], one[10:]]).frame, one.frame)
    single = one.to(torch.complex64)
    assert (single.points.dtype, single.weights.dtype) == (torch.complex64, torch.float32)
    assert single.patch.dtype == torch.int64


def test_projection_finds_the_hypersurface_again():
    surface = fermat(3)
    points = sample(surface, 30, 7).points
    noise = torch.randn(30, 5, dtype=torch.complex128, generator=torch.Generator().manual_seed(0))
    found = project(surface, points + 1e-3 * noise)
    assert float((found - points).abs().max()) < 1e-2
    assert at(surface, found).residual() < RESIDUAL


def test_estimated_normalisation_of_a_polynomial_without_a_formula():
    # Z -> (Z_1, Z_2, 2^{1/3} Z_3) maps it to Fermat's, with Omega scaled by 2^{-1/3}.
    surface = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3]], [1, 1, 2])
    kappa, error = estimated_kappa(surface, 20_000, seed=0)
    exact = fermat(1).kappa or 0.0
    assert abs(kappa - exact * 2 ** (2 / 3)) < 4 * error
    points = sample(surface, 10, 0)
    assert 0 < points.kappa_error < 0.02 * points.kappa


def test_bad_input_is_one_line():
    surface = fermat(1)
    points = sample(surface, 4, 0)
    for make, message, kind in [
        (lambda: sample(surface, 0, 0), "`count` must be at least 1", InputError),
        (lambda: sample(surface, 4, 0, torch.float64), "`dtype` must be torch.complex64 or", InputError),
        (lambda: at(CUBIC, points.points), "`kappa` of polynomial is not known", InputError),
        (lambda: at(surface, points.points, patch=points.dependent, dependent=points.dependent), "differ", InputError),
        (lambda: at(surface, points.points + 1), "point 0 is not on the hypersurface", NumericalError),
        (
            lambda: project(surface, torch.zeros(1, 3, dtype=torch.complex128)),
            "point 0 was not reached",
            NumericalError,
        ),
    ]:
        with pytest.raises(kind, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)
