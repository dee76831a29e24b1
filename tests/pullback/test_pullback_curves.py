"""Length, energy and parallel transport, where they are known: flat charts, spheres, and what transport conserves."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback
from symgeo.pullback.curve import propagated


def sphere(x: Tensor) -> Tensor:
    theta, phi = x.unbind(1)
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], 1)


def polar(x: Tensor) -> Tensor:
    return x[:, :1] * torch.cat([x[:, 1:].cos(), x[:, 1:].sin()], 1)


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def line(a: Tensor, b: Tensor, count: int) -> Tensor:
    return a + torch.linspace(0, 1, count, dtype=torch.float64)[:, None] * (b - a)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 6), nn.Tanh())


def test_circles_of_latitude() -> None:
    """Straight lines of the coordinates, of length sin(theta) dphi; their speed is constant."""
    geo = Pullback(sphere)
    paths = torch.stack([line(double(theta, 0.1), double(theta, 2.3), 5) for theta in (0.4, 1.0, 2.0)])
    expected = 2.2 * double(0.4, 1.0, 2.0).sin()
    torch.testing.assert_close(geo.length(paths), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(geo.energy(paths), expected**2 / 2, rtol=1e-12, atol=0)
    assert geo.length(paths[0]).shape == ()


def test_the_length_of_a_meridian_does_not_see_its_parameter() -> None:
    geo = Pullback(sphere)
    uneven = double(0.3, 0.5, 1.4, 2.0)[:, None] * double(1.0, 0.0)
    torch.testing.assert_close(geo.length(uneven), torch.tensor(1.7).double(), rtol=1e-7, atol=0)
    assert geo.energy(uneven) > 1.7**2 / 2 + 0.1


def test_the_length_of_a_polygon_tends_to_that_of_the_geodesic_with_the_square_of_the_step() -> None:
    geo = Pullback(network())
    a, b = double(0.1, -0.4, 0.5), double(1.2, 1.0, -1.1)
    start = geo.geodesic(a, b).velocities[0]
    exact = (start @ geo.metric(a) @ start).sqrt()
    assert exact < geo.length(line(a, b, 2))
    steps = (5, 9, 17)
    errors = [(geo.length(geo.geodesic(a, b, count).points) - exact).abs().item() for count in steps]
    orders = [math.log2(errors[i] / errors[i + 1]) for i in range(2)]
    assert all(1.5 < order for order in orders), errors


@pytest.mark.parametrize("degree", range(12))
def test_a_segment_is_exact_to_degree_eleven(degree: int) -> None:
    """The speed of y^(p + 1) / (p + 1) is y^p; the square of it is what the energy integrates."""
    path = double(0.0, 1.0)[:, None]
    powers = Pullback(lambda y: y ** (degree + 1) / (degree + 1))
    assert powers.length(path).item() == pytest.approx(1 / (degree + 1), rel=1e-14, abs=0)
    if degree <= 5:
        assert powers.energy(path).item() == pytest.approx(1 / (2 * (2 * degree + 1)), rel=1e-14, abs=0)


def wave(y: Tensor) -> Tensor:
    return torch.cat([y, y.sin()], 1)


@pytest.mark.parametrize(
    ("dtype", "factor"),
    [(torch.float64, 10.0**power) for power in (-300, -170, -150, 150, 170, 300)]
    + [(torch.float32, 10.0**power) for power in (-30, -18, 18, 30)],
)
def test_lengths_and_energies_of_scaled_features(dtype: torch.dtype, factor: float) -> None:
    """The paths of one batch are scaled one by one: the second runs where features are much smaller."""
    paths = torch.stack([double(0.0, 1.0, 3.0), double(0.0, 1e-5, 2e-5)])[..., None]
    plain, scaled = Pullback(wave), Pullback(lambda y: wave(y) * factor)
    rounding = 20 * torch.finfo(dtype).eps
    found = scaled.length(paths.to(dtype)).double() / factor
    torch.testing.assert_close(found, plain.length(paths), rtol=rounding, atol=0)
    expected = plain.energy(paths)
    sizes = expected.log10() + 2 * math.log10(factor)
    if sizes.max() < math.log10(torch.finfo(dtype).max) and sizes.min() > math.log10(torch.finfo(dtype).tiny):
        found = scaled.energy(paths.to(dtype)).double() / factor / factor
        torch.testing.assert_close(found, expected, rtol=2 * rounding, atol=0)
    else:
        with pytest.raises(NumericalError, match=r"The energy of path \d leaves the range of torch\.float"):
            scaled.energy(paths.to(dtype))


def test_lengths_out_of_range() -> None:
    path = double(0.0, 1.0, 1.9)[:, None]
    for factor in (1e-310, 1e308):
        with pytest.raises(NumericalError, match=r"The length of path 0 leaves the range of torch\.float64: scale"):
            Pullback(lambda y, by=factor: y * by).length(path)
    assert Pullback(wave).length(path[:1].expand(3, 1)) == Pullback(wave).energy(path[:1].expand(3, 1)) == 0


def test_vectors_carried_along_straight_lines_of_the_plane_keep_their_direction() -> None:
    """In polar coordinates too: D Phi[V] is the same at both ends, whatever the path."""
    geo = Pullback(polar)
    path = torch.stack([double(1.0, 0.0), double(1.5, 0.7), double(0.8, 1.9), double(2.0, 3.0)])
    vectors = torch.stack([double(1.0, 0.0), double(-0.3, 0.8)])
    carried = geo.transport(path, vectors)
    assert carried.shape == (2, 4, 2)
    jacobians = torch.stack([torch.func.jacrev(lambda y: polar(y[None])[0])(point) for point in path])
    images = torch.einsum("tnd,ktd->ktn", jacobians, carried)
    torch.testing.assert_close(images, images[:, :1].expand_as(images), rtol=0, atol=1e-8)


def test_a_circle_of_latitude_turns_vectors_by_the_curvature_within() -> None:
    """Holonomy: the angle 2 pi (1 - cos theta), the area of the cap."""
    theta = 0.9
    path = line(double(theta, 0.0), double(theta, 2 * math.pi), 4)
    carried = Pullback(sphere).transport(path, double(1.0, 0.0))[-1]
    angle = 2 * math.pi * (1 - math.cos(theta))
    expected = double(math.cos(angle), math.sin(angle) / math.sin(theta))
    torch.testing.assert_close(carried, expected, rtol=0, atol=1e-8)


def test_a_circle_through_many_points_turns_vectors_as_one_through_few() -> None:
    theta = 0.9
    turn = torch.linspace(0, 2 * math.pi, 100, dtype=torch.float64)[:, None]
    path = torch.cat([torch.full_like(turn, theta), turn], 1)
    angle = 2 * math.pi * (1 - math.cos(theta))
    expected = double(math.cos(angle), math.sin(angle) / math.sin(theta))
    torch.testing.assert_close(Pullback(sphere).transport(path, double(1.0, 0.0))[-1], expected, rtol=0, atol=1e-9)


def test_transport_along_a_spiral_is_of_sixth_order() -> None:
    """From latitude 0.5 to 1.3 in one turn, closed by a meridian: the angle is the area, 2 pi less int cos theta dphi.

    Along the circles themselves the connection is constant and every order exact.
    """
    start, stop = 0.5, 1.3
    path = torch.stack([double(start, 0.0), double(stop, 2 * math.pi)])
    angle = 2 * math.pi * (1 - (math.sin(stop) - math.sin(start)) / (stop - start))
    # Along the meridian the vector keeps its components on orthonormal vectors.
    expected = double(math.cos(angle), math.sin(angle) / math.sin(stop))
    batch = Pullback(sphere)._batch(path)
    parts = [4, 8, 16, 32]
    errors = [
        (propagated(batch, path[:1], path.diff(dim=0), count)[0] @ double(1.0, 0.0) - expected).abs().max().log2()
        for count in parts
    ]
    orders = [(errors[i] - errors[i + 1]).item() for i in range(len(parts) - 1)]
    assert all(5.5 < order < 6.6 for order in orders), orders
    carried = Pullback(sphere).transport(path, double(1.0, 0.0))[-1]
    torch.testing.assert_close(carried, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("d", [3, 12])
def test_transport_is_that_of_the_christoffel_symbols(d: int) -> None:
    """dV/dt = -Gamma[c', V], by differences, both where all second derivatives are formed and where d pairs are."""
    torch.manual_seed(d)
    geo = Pullback(nn.Sequential(nn.Linear(d, 40), nn.Tanh(), nn.Linear(40, 30), nn.Tanh()))
    start, step, v = torch.randn(3, d, dtype=torch.float64)
    h = 1e-3
    carried = geo.transport(torch.stack([start - h * step, start, start + h * step]), v)
    measured = (carried[2] - carried[0]) / (2 * h)
    expected = -torch.einsum("cab,a,b->c", geo.christoffel(start), step, carried[1])
    torch.testing.assert_close(measured, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_transport_through_a_singular_point_does_not_end_in_numbers() -> None:
    """Through the origin of polar coordinates, between the nodes of every part."""
    with pytest.raises(NumericalError, match=r"cannot be carried .* starts at \(-1, 0\).*: move|: .*move the path"):
        Pullback(polar).transport(line(double(-1.0, 0.0), double(1.7, 0.0), 2), double(1.0, 1.0))


def test_transport_keeps_inner_products() -> None:
    geo = Pullback(network())
    path = line(double(0.1, -0.4, 0.5), double(0.9, 0.3, -0.7), 4)
    frame = geo.transport(path, torch.eye(3, dtype=torch.float64))
    products = torch.einsum("atc,tcd,btd->tab", frame, geo.metric(path), frame)
    torch.testing.assert_close(products, products[:1].expand_as(products), rtol=1e-8, atol=1e-9)


def test_the_velocity_of_a_geodesic_is_carried_along_it() -> None:
    geo = Pullback(network())
    path = geo.geodesic(double(0.1, -0.4, 0.5), double(0.6, 0.3, -0.2), 9)
    carried = geo.transport(path.points, path.velocities[0])[-1]
    torch.testing.assert_close(carried, path.velocities[-1], rtol=0, atol=1e-3)


def test_a_network_with_kinks_has_lengths() -> None:
    geo = Pullback(nn.Sequential(nn.Linear(3, 12), nn.ReLU(), nn.Linear(12, 4)))
    path = line(double(0.1, -0.4, 0.5), double(0.9, 0.3, -0.7), 200)
    features = geo._map.features(path.float()).double().detach()
    # The image is a polygon: as long as its chords, but for the segments that have a corner in them.
    torch.testing.assert_close(geo.length(path), features.diff(dim=0).norm(dim=1).sum(), rtol=1e-2, atol=0)
    with pytest.raises(InputError, match="meaningless"):
        geo.transport(path, double(1.0, 0.0, 0.0))


def test_curves_that_cannot_be_meant() -> None:
    geo = Pullback(polar)
    path = line(double(1.0, 0.0), double(1.0, 1.0), 3)
    for wrong in (path[0], path[:1]):
        with pytest.raises(InputError, match="`path` must be at least two points"):
            geo.length(wrong)
    with pytest.raises(InputError, match="`path` must be one path"):
        geo.transport(path[None], double(1.0, 0.0))
    with pytest.raises(InputError, match=r"`v` must be finite vectors \(..., 2\)"):
        geo.transport(path, double(1.0, 0.0, 0.0))
    with pytest.raises(NumericalError, match="singular point of the metric at"):
        geo.transport(line(double(0.0, 0.0), double(1.0, 0.0), 2), double(1.0, 0.0))
    with pytest.raises(NumericalError, match="not finite on segment 1 of path 0"):
        Pullback(lambda x: x.clamp_min(0).sqrt()).length(line(double(1.0, 1.0), double(-1.0, 1.0), 3))
