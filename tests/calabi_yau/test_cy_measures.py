import dataclasses

import numpy as np
import pytest
import torch

from symgeo.calabi_yau import Architecture, PhiNetwork, at, concatenated, dwork, equation, eta, fermat, sample
from symgeo.calabi_yau.config import Config, monomials
from symgeo.calabi_yau.curvature import metric_jets, ricci, riemann, scalar_curvature
from symgeo.calabi_yau.euler import Estimate, chern_density, euler_number, integrated_euler_number, line_mean
from symgeo.calabi_yau.measures import measures, smallest_eigenvalue, transition_loss, volume_ratio
from symgeo.calabi_yau.trainer import train_config
from symgeo.errors import InputError
from tests.calabi_yau.test_cy_features import with_zeros


def random_network(surface, points, size=0.002, features="plain"):
    network = PhiNetwork(Architecture(features, 5, (6,), "tanh"), points, seed=0)
    torch.nn.init.normal_(network.readout.weight, std=size, generator=torch.Generator().manual_seed(0))
    return network.requires_grad_(False)


def fubini_study(points):
    return PhiNetwork(Architecture("plain"), points, seed=0).requires_grad_(False)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_curvature_has_kaehlers_symmetries(n):
    points = sample(fermat(n), 20, 0)
    jets = metric_jets(random_network(fermat(n), points), points)
    R = riemann(jets)
    scale = float(R.abs().max())
    for other in (R.permute(0, 3, 2, 1, 4), R.permute(0, 1, 4, 3, 2), R.permute(0, 2, 1, 4, 3).conj()):
        assert float((R - other).abs().max()) < 1e-12 * scale
    torch.testing.assert_close(jets.first, jets.first.permute(0, 3, 2, 1), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("surface", [fermat(1), fermat(2), dwork(3, 0.5)], ids=lambda h: h.name)
def test_ricci_is_minus_d_dbar_of_the_determinants_logarithm(surface):
    """Differences of log eta, a function on the hypersurface that needs no derivative of the metric."""
    n, h = surface.dimension, 4e-3
    points = concatenated([sample(surface, 6, 1), with_zeros(surface)])
    network = random_network(surface, points)
    rows = torch.arange(len(points))

    def moved(step):
        Z = points.points + step
        for _ in range(6):
            change = torch.zeros_like(Z)
            change[rows, points.dependent] = surface.value(Z) / surface.gradient(Z)[rows, points.dependent]
            Z = Z - change
        return torch.log(eta(network, equation(network, at(surface, Z))))

    here = moved(0)
    ric = ricci(metric_jets(network, points))
    for k in range(n):
        v = points.frame[:, :, k]
        laplacian = torch.zeros_like(here)
        for u in (v, 1j * v):
            near, far = moved(h * u) + moved(-h * u), moved(2 * h * u) + moved(-2 * h * u)
            laplacian += (16 * near - far - 30 * here) / (12 * h * h)
        torch.testing.assert_close(ric[:, k, k].real, -laplacian / 4, rtol=2e-4, atol=2e-4)


def test_scalar_curvature_of_a_line_of_fubini_and_studys_metric():
    # On the cubic the metric is a surface's: g^{1 1bar} Ric_{1 1bar} = -d dbar log g / g.
    points = sample(fermat(1), 30, 2)
    jets = metric_jets(fubini_study(points), points)
    R = scalar_curvature(jets)
    by_hand = -(jets.mixed[:, 0, 0, 0, 0] / jets.g[:, 0, 0] - (jets.first[:, 0, 0, 0] / jets.g[:, 0, 0]).abs() ** 2)
    torch.testing.assert_close(R, (by_hand / jets.g[:, 0, 0]).real)


@pytest.mark.parametrize(("n", "chi"), [(1, 0), (2, 24), (3, -200), (4, 2610)])
def test_euler_numbers_by_chern_classes(n, chi):
    assert euler_number(fermat(n)) == chi


@pytest.mark.parametrize(("n", "count"), [(1, 200), (2, 800), (3, 1000)])
def test_euler_number_by_integration(n, count):
    points = sample(fermat(n), count, 3)
    for network in (fubini_study(points), random_network(fermat(n), points)):
        estimate = integrated_euler_number(network, points)
        assert abs(estimate.z) < 4
        assert estimate.exact == euler_number(fermat(n))
        # sharp enough that none at all, or twice as much, would be seen
        assert estimate.error < abs(estimate.exact) / 4 or n == 1


def test_chern_density_of_a_product_of_curves_is_the_product():
    # Curvatures k_1, k_2 of two factors with unit metrics: Omega is diagonal, c_2 = k_1 k_2 / pi^2.
    R = torch.zeros(1, 2, 2, 2, 2, dtype=torch.complex128)
    R[0, 0, 0, 0, 0], R[0, 1, 1, 1, 1] = 3.0, -5.0
    assert float(chern_density(R)) == pytest.approx(-15 / np.pi**2)


def test_first_chern_class_vanishes_on_every_metric():
    """int Ric ^ omega^{n-1} = 0, whatever the potential: E_FS of det g/det g_FS times g^{a bbar} Ric_{a bbar}."""
    surface = fermat(2)
    points = sample(surface, 400, 4)
    network = random_network(surface, points)
    scalar = scalar_curvature(metric_jets(network, points))
    ratio = torch.linalg.det(network.metric(points.unitary())).real
    estimate = line_mean(ratio * scalar, points.line, exact=0.0)
    assert abs(estimate.z) < 4
    assert estimate.error < 0.2 * float((ratio * scalar.abs()).mean())


@pytest.mark.parametrize("features", ["plain", "invariant"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_measures_that_hold_for_any_weights(n, features):
    points = sample(fermat(n), 500, 5)
    network = random_network(fermat(n), points, features=features)
    found = measures(network, points, curved=20)
    assert found.kaehler < 1e-12
    assert found.transition < 1e-11
    assert abs(found.volume.z) < 4
    assert found.eigenvalue == smallest_eigenvalue(network, points)
    assert found.eigenvalue > 0
    assert found.sigma > 0.05
    assert found.ricci > 0.1


def test_a_metric_that_changes_with_the_patch_is_seen():
    points = sample(fermat(2), 50, 6)
    network = random_network(fermat(2), points)
    true = network.metric
    network.metric = lambda s: true(s) + 1e-3 * s.fubini_study * (s.patch[:, None, None] == 0)
    assert 1e-4 < transition_loss(network, points) < 1e-2


@pytest.mark.parametrize("n", [2, 3])
def test_a_metric_that_is_not_kaehler_is_seen(n):
    points = sample(fermat(n), 50, 6)
    network = random_network(fermat(n), points)
    true = network.metric

    def conformal(s):  # f g is not Kaehler unless f is constant; on a curve everything is
        t = (s.points[:, 0].abs() / s.points.norm(dim=1)) ** 2
        return (1 + t[:, None, None]) * true(s)

    network.metric = conformal
    assert measures(network, points, curved=20).kaehler > 1e-2


@pytest.mark.parametrize("dtype", [torch.complex128, torch.complex64])
def test_curvature_is_taken_in_coordinates(dtype):
    points = sample(fermat(1), 20, 0, dtype)
    network = fubini_study(points)
    for refused in (lambda: metric_jets(network, points.unitary()), lambda: measures(network, points.unitary())):
        with pytest.raises(InputError, match="`sample` must be in the coordinates") as caught:
            refused()
        assert "\n" not in str(caught.value)
    assert torch.isfinite(metric_jets(network, points).mixed.abs()).all()


def test_curvature_in_any_patch_is_in_coordinates():
    points = sample(fermat(2), 40, 0)
    second = points.points.abs().argsort(1)[:, -2]
    other = at(fermat(2), points.points, patch=second)
    network = random_network(fermat(2), points)
    one, two = (scalar_curvature(metric_jets(network, s)) for s in (points, other))
    torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-9)


def test_fubini_and_studys_volume_is_exact():
    points = sample(fermat(3), 100, 7)
    ratio = volume_ratio(fubini_study(points), points)
    assert (ratio.value, ratio.error) == pytest.approx((1, 0), abs=1e-12)


def test_an_estimate_without_error_is_right_or_infinitely_wrong():
    assert [Estimate(x, 0.0, 1.0).z for x in (1.0, 0.5, 2.0)] == [0, -np.inf, np.inf]
    assert Estimate(2.0, 0.5, 1.0).z == 2


def test_an_estimate_is_that_of_whole_lines_however_the_points_were_put_together():
    """Blocks of 100 points of the cubic end inside a line, as do slices."""
    blocks = [sample(fermat(1), 100, seed) for seed in range(5)]
    points = concatenated(blocks)
    values = points.weights
    lines = torch.cat([block.weights[:99].reshape(33, 3).mean(1) for block in blocks])
    expected = (float(lines.mean()), float(lines.std()) / 165**0.5)
    for order in (torch.arange(500), torch.randperm(500, generator=torch.Generator().manual_seed(0))):
        found = line_mean(values[order], points[order].line, exact=1.0)
        assert (found.value, found.error) == pytest.approx(expected, rel=1e-13)
    # The two parts of a line that was cut are one line again.
    whole = concatenated([blocks[0][:50], blocks[0][50:]])
    assert line_mean(whole.weights, whole.line, 1.0) == line_mean(blocks[0].weights, blocks[0].line, 1.0)
    # Points that were given are independent of one another, for all that is known.
    alone = at(fermat(1), points.points)
    assert line_mean(values, alone.line, 1.0).error == pytest.approx(float(values.std()) / 500**0.5, rel=1e-12)


def test_an_error_needs_two_whole_lines():
    points = sample(fermat(3), 9, 0)
    with pytest.raises(InputError, match="`line`: an error needs two whole lines, not 1; take more points") as caught:
        volume_ratio(fubini_study(points), points)
    assert "\n" not in str(caught.value)


def test_curvature_needs_points():
    points = sample(fermat(1), 10, 0)
    with pytest.raises(InputError, match="`curved` must be positive, not 0"):
        measures(fubini_study(points), points, curved=0)
    assert dataclasses.is_dataclass(measures(fubini_study(points), points, curved=3))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "count"), [(2, 3000), (3, 8000)])
def test_euler_number_of_a_learned_metric_within_five_per_cent(tmp_path, n, count):
    own = Config(
        "own", "own", **monomials(fermat(n)), features="invariant", degree=6, head="logarithm", points=2000, steps=10
    )
    network = train_config(own, tmp_path, progress=False).network()
    estimate = integrated_euler_number(network, sample(fermat(n), count, 8))
    assert abs(estimate.value / estimate.exact - 1) < 0.05
    assert estimate.error < 0.05 * abs(estimate.exact)
    assert abs(estimate.z) < 3
