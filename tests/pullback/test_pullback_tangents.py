"""Images on their way along paths: points and tangent vectors flat or in the shape of an input, to the same numbers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.pullback import Pullback

IMAGE = (1, 4, 4)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 30), nn.Tanh()).double()


@pytest.fixture
def by_module() -> Pullback:
    """The shape of an image is that of the points."""
    return Pullback(network())


@pytest.fixture
def by_shape() -> Pullback:
    """The shape of an image is given, and points may be flat."""
    return Pullback(network(), input_shape=IMAGE)


@pytest.fixture
def flat() -> Pullback:
    """The map of flat points."""
    net = network()
    return Pullback(lambda x: net(x.reshape(-1, *IMAGE)))


X, U, V = (normal(3, *IMAGE, seed=seed) for seed in range(3))


def test_exp_and_the_flow(by_module: Pullback, by_shape: Pullback, flat: Pullback) -> None:
    small = V / 10
    expected = flat.exp(X.flatten(1), small.flatten(1))
    for geo in (by_module, by_shape):
        for v in (small, small.flatten(1)):
            found = geo.exp(X, v)
            assert found.shape == X.shape
            torch.testing.assert_close(found.flatten(1), expected)
        path = geo.geodesic_flow(X, small, [0.5, 1.0])
        assert path.points.shape == path.velocities.shape == (3, 2, *IMAGE)
        torch.testing.assert_close(path.points[:, 1], found, rtol=0, atol=1e-8)
    assert by_shape.exp(X.flatten(1), small).shape == (3, 16)
    assert by_module.exp(X[0], small[0]).shape == IMAGE


def test_the_geodesic_between_images(by_module: Pullback, by_shape: Pullback, flat: Pullback) -> None:
    a, b = X[0], X[0] + V[0] / 10
    expected = flat.geodesic(a.flatten(), b.flatten(), 5)
    for path in (
        by_module.geodesic(a, b, 5),
        by_shape.geodesic(a, b, 5),
        by_shape.geodesic(a.flatten(), b.flatten(), 5),
    ):
        assert path.points.shape == path.velocities.shape
        torch.testing.assert_close(path.points.reshape(5, 16), expected.points, rtol=0, atol=1e-8)
    assert by_shape.geodesic(a, b, 5).points.shape == (5, *IMAGE)


def test_lengths_and_energies(by_module: Pullback, by_shape: Pullback, flat: Pullback) -> None:
    for name in ("length", "energy"):
        expected = getattr(flat, name)(X.flatten(1))
        for found in (
            getattr(by_module, name)(X),
            getattr(by_shape, name)(X),
            getattr(by_shape, name)(X.flatten(1)),
            getattr(by_module, name)(X.expand(2, 3, *IMAGE))[1],
        ):
            assert found.shape == ()
            torch.testing.assert_close(found, expected)
    with pytest.raises(InputError, match="`path` must be at least two points"):
        by_module.length(X[0])
    with pytest.raises(InputError, match=r"`features` could not take one .*give `path` .* `input_shape`"):
        by_module.length(X.flatten(1))


def test_transport_of_images(by_module: Pullback, by_shape: Pullback, flat: Pullback) -> None:
    expected = flat.transport(X.flatten(1), V.flatten(1))
    for geo in (by_module, by_shape):
        assert geo.transport(X, V).shape == (3, 3, *IMAGE)
        torch.testing.assert_close(geo.transport(X, V).flatten(2), expected)
        torch.testing.assert_close(geo.transport(X, V.flatten(1)), expected)
    torch.testing.assert_close(by_shape.transport(X.flatten(1), V[0]).flatten(1), expected[0])


def test_curvature_of_images(by_module: Pullback, by_shape: Pullback, flat: Pullback) -> None:
    expected = flat.sectional_curvature(X.flatten(1), U.flatten(1), V.flatten(1))
    for geo in (by_module, by_shape):
        for u in (U, U.flatten(1)):
            torch.testing.assert_close(geo.sectional_curvature(X, u, V), expected)
    one = flat.sectional_curvature(X.flatten(1), U[0].flatten(), V[1].flatten())
    torch.testing.assert_close(by_module.sectional_curvature(X, U[0], V[1].flatten()), one)
    bent = flat.extrinsic_curvature(X.flatten(1))
    for found in (by_module.extrinsic_curvature(X), by_shape.extrinsic_curvature(X.flatten(1))):
        torch.testing.assert_close((found.mean, found.norm), (bent.mean, bent.norm))


def test_vectors_of_no_known_shape(by_module: Pullback) -> None:
    wrong = V[..., 0]
    for call in (
        lambda: by_module.exp(X, wrong),
        lambda: by_module.transport(X, wrong),
        lambda: by_module.sectional_curvature(X, U, wrong),
    ):
        with pytest.raises(
            InputError, match=r"`v` must be finite vectors \(..., 16\) or \(..., 1, 4, 4\); its shape is"
        ):
            call()


def test_a_section_of_images_has_coordinates_of_its_own(by_module: Pullback) -> None:
    section = by_module.on_plane(X[0], U[0], V[0])
    t, w = normal(2, 2, seed=4) / 5, normal(2, 2, seed=5) / 5
    assert section.exp(t, w).shape == (2, 2)
    assert section.transport(t, w).shape == (2, 2, 2)
    with pytest.raises(InputError, match=r"`v` must be finite vectors \(..., 2\)"):
        section.exp(t, V[:2])
