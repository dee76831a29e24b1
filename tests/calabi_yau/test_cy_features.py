import cmath
import math

import pytest
import torch

from symgeo.calabi_yau import (
    Architecture,
    PhiNetwork,
    at,
    dwork,
    equation,
    fermat,
    hypersurface,
    invariant_features,
    invariants,
    plain_features,
    sample,
)
from symgeo.errors import InputError

TURNED = dwork(2, 0.5 * cmath.exp(0.5j * math.pi))  # psi^4 is real: conjugation times a root of unity is a symmetry
SURFACES = [
    (fermat(1), 8),
    (fermat(2), 10),
    (fermat(3), 10),
    (dwork(2, 0.5 + 0.3j), 8),
    (dwork(3, 0.7), 8),
    (TURNED, 8),
]
IDS = [surface.name for surface, _ in SURFACES]


def roots(surface, generator):
    """Random D-th roots of unity, of product 1 where Dwork's hypersurface needs it."""
    D = surface.degree
    k = torch.randint(D, (D,), generator=generator)
    if surface.symmetry == "dwork":
        k[0] -= k.sum()
    return torch.polar(torch.ones(D, dtype=torch.float64), 2 * math.pi * k.double() / D)


@pytest.mark.parametrize(("surface", "degree"), SURFACES, ids=IDS)
def test_invariants_do_not_change_under_the_symmetries(surface, degree):
    generator = torch.Generator().manual_seed(0)
    points = sample(surface, 40, 0)
    before = invariant_features(points, degree)[:, 0]
    assert before.shape[1] == len(invariants(surface, degree))
    moved = points.points[:, torch.randperm(surface.degree, generator=generator)] * roots(surface, generator)
    after = invariant_features(at(surface, moved), degree)[:, 0]
    torch.testing.assert_close(after, before, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("surface", "degree"), [*SURFACES[:3], *SURFACES[4:]], ids=[*IDS[:3], *IDS[4:]])
def test_invariants_do_not_change_under_conjugation(surface, degree):
    points = sample(surface, 40, 1)
    before = invariant_features(points, degree)[:, 0]
    conjugate = points.points.conj()
    if surface is TURNED:  # conj(psi) = psi times -1
        conjugate = conjugate * torch.tensor([-1.0, 1, 1, 1])
    torch.testing.assert_close(invariant_features(at(surface, conjugate), degree)[:, 0], before, rtol=1e-10, atol=1e-12)


def test_conjugation_is_no_symmetry_of_a_complex_parameter():
    surface, other = dwork(2, 0.5 + 0.3j), dwork(2, 0.5 - 0.3j)
    points = sample(surface, 40, 1)
    one = invariant_features(points, 8)[:, 0]
    two = invariant_features(at(other, points.points.conj()), 8)[:, 0]
    odd = torch.tensor([feature.imaginary for feature in invariants(surface, 8)])
    assert bool(odd.any())
    torch.testing.assert_close(two, torch.where(odd, -one, one), rtol=1e-10, atol=1e-12)


def with_zeros(surface):
    """Points of Dwork's hypersurface on which one coordinate is zero, and on which all but two are."""
    N = surface.coordinates
    rows = [[1, cmath.exp(1j * math.pi / N)] + [0] * (N - 2)]
    if N > 3:
        rows.append([1, 0.6, *[0.5j] * (N - 4), 0])
        rows[1].append((-sum(z**N for z in rows[1])) ** (1 / N))
    return at(surface, torch.tensor(rows, dtype=torch.complex128))


@pytest.mark.parametrize("where", [lambda surface: sample(surface, 8, 2), with_zeros], ids=["anywhere", "zeros"])
@pytest.mark.parametrize(("surface", "degree"), [*SURFACES[1:4], (dwork(3, 0.7), 10)], ids=IDS[1:5])
def test_the_jets_are_derivatives_of_the_values(surface, degree, where):
    """Directional differences of the values along the hypersurface, of fourth order."""
    points = where(surface)
    features = invariant_features(points, degree)
    n, h = surface.dimension, 2e-3

    def moved(k, step):
        # The k-th coordinate of the patch moves; the dependent one follows by Newton's steps.
        Z = points.points + step * points.frame[:, :, k]
        rows = torch.arange(len(Z))
        for _ in range(6):
            slope = surface.gradient(Z)[rows, points.dependent]
            change = torch.zeros_like(Z)
            change[rows, points.dependent] = surface.value(Z) / slope
            Z = Z - change
        return invariant_features(at(surface, Z), degree)[:, 0]

    for k in range(n):
        values = {s: moved(k, h * s) for s in (-2, -1, 1, 2, -2j, -1j, 1j, 2j)}
        slope = [(8 * (values[s] - values[-s]) - (values[2 * s] - values[-2 * s])) / (12 * h) for s in (1, 1j)]
        torch.testing.assert_close(features[:, 1 + k], slope[0] / 2, rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(features[:, 1 + n + k], -slope[1] / 2, rtol=1e-6, atol=1e-7)
        second = [
            (16 * (values[s] + values[-s]) - (values[2 * s] + values[-2 * s]) - 30 * features[:, 0]) / (12 * h * h)
            for s in (1, 1j)
        ]
        torch.testing.assert_close(features[:, 1 + 2 * n + k], (second[0] + second[1]) / 4, rtol=1e-4, atol=1e-5)


def test_the_power_sums_are_standardised_over_projective_space():
    from symgeo.calabi_yau.features import _standardised

    # |Z_i|^2/|Z|^2 of Gaussian Z are uniform on the simplex.
    z = torch.randn(200_000, 4, dtype=torch.complex128, generator=torch.Generator().manual_seed(0)).abs() ** 2
    t = z / z.sum(1, keepdim=True)
    for k in (2, 3, 4):
        p = _standardised((t**k).sum(1)[:, None, None].repeat(1, 4, 1) * torch.eye(4, 1), 4, k)[:, 0, 0]
        assert abs(float(p.mean())) < 4 / len(p) ** 0.5
        assert float(p.var()) == pytest.approx(1, abs=0.03)


def test_plain_features_are_a_projector():
    points = sample(fermat(3), 20, 3)
    f = plain_features(points)[:, 0]
    assert f.shape == (20, 25)
    torch.testing.assert_close(f[:, :5].sum(1), torch.ones(20, dtype=torch.float64))
    torch.testing.assert_close((f[:, :5] ** 2).sum(1) + 2 * (f[:, 5:] ** 2).sum(1), torch.ones(20, dtype=torch.float64))


@pytest.mark.parametrize("features", ["plain", "invariant"])
@pytest.mark.parametrize("head", ["linear", "logarithm"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_one_metric_in_every_patch(n, head, features):
    surface = fermat(n)
    points = sample(surface, 60, 4)
    network = PhiNetwork(Architecture(features, 7, (6,), "tanh", head), points, seed=0)
    torch.nn.init.normal_(network.readout.weight, std=0.3, generator=torch.Generator().manual_seed(0))
    network.requires_grad_(False)
    order = points.points.abs().argsort(1)
    gradient = surface.gradient(points.points).abs().scatter(1, order[:, -2:-1], -1.0)
    other = at(surface, points.points, patch=order[:, -2], dependent=gradient.argsort(1)[:, -2])
    # det g / |Omega|^2 is a function, and the eigenvalues of g against g_FS are.
    for one, two in [(points, other), (points.unitary(), other.unitary())]:
        eta = [torch.linalg.det(network.metric(s)).real / s.density for s in (one, two)]
        torch.testing.assert_close(eta[0], eta[1], rtol=1e-10, atol=0)
    spectra = [torch.linalg.eigvalsh(network.metric(s.unitary())) for s in (points, other)]
    torch.testing.assert_close(spectra[0], spectra[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_metric_of_invariants_is_the_same_at_permuted_points(n):
    surface = fermat(n)
    points = sample(surface, 60, 5)
    network = PhiNetwork(Architecture("invariant", 7, (6,), "tanh"), points, seed=0)
    torch.nn.init.normal_(network.readout.weight, std=0.3, generator=torch.Generator().manual_seed(0))
    network.requires_grad_(False)
    generator = torch.Generator().manual_seed(1)
    moved = at(surface, points.points[:, torch.randperm(n + 2, generator=generator)] * roots(surface, generator))
    spectra = [torch.linalg.eigvalsh(network.metric(s.unitary())) for s in (points, moved)]
    torch.testing.assert_close(spectra[0], spectra[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("degree", [6, 8])  # at 6 both hypersurfaces have equally many invariants
@pytest.mark.parametrize("widths", [(), (6,)])
def test_points_of_another_hypersurface_are_refused(widths, degree):
    network, quintic = (
        PhiNetwork(Architecture("invariant", degree, widths), sample(fermat(n), 20, 0), seed=0) for n in (2, 3)
    )
    own, other = len(invariants(fermat(2), degree)), len(invariants(fermat(3), degree))
    assert (own == other) == (degree == 6)
    points = sample(fermat(3), 20, 0)
    for refused in (lambda: network.metric(points), lambda: equation(network, points)):
        message = f"`sample` has {other} features of 5 coordinates, and the network takes {own} of 4"
        with pytest.raises(InputError, match=message) as caught:
            refused()
        assert "\n" not in str(caught.value)
    if own != other:
        with pytest.raises(InputError, match=f"`features` are {other}, and the network takes {own}"):
            network(equation(quintic, points).features)


def test_bad_input_is_one_line():
    generic = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0]], [1, 1, 1, 0.5])
    for make, message in [
        (lambda: invariants(generic, 4), "`hypersurface` polynomial has no symmetries"),
        (lambda: invariants(fermat(1), 1), "`degree` must be at least 2, not 1"),
        (lambda: Architecture("spectral"), "`features` must be 'plain' or 'invariant', not 'spectral'"),
        (lambda: Architecture(activation="relu"), "`activation` must be one of gelu, tanh, square, not 'relu'"),
        (lambda: Architecture(head="exp"), "`head` must be one of linear, logarithm, not 'exp'"),
        (lambda: Architecture(widths=(4, 0)), "`widths` must be positive"),
    ]:
        with pytest.raises(InputError, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)
