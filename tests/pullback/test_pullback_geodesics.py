"""Great circles, straight lines in polar coordinates, and what every geodesic conserves."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback


def sphere(x: Tensor) -> Tensor:
    theta, phi = x.unbind(1)
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], 1)


def polar(x: Tensor) -> Tensor:
    return x[:, :1] * torch.cat([x[:, 1:].cos(), x[:, 1:].sin()], 1)


def double(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def network(seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    made = nn.Sequential(nn.Linear(3, 20), nn.Tanh(), nn.Linear(20, 10), nn.Tanh()).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
    return made


def test_great_circles() -> None:
    """The image of exp(x, t v) is cos(t |v|) p + sin(t |v|) u for the unit tangent vector u."""
    x = torch.stack([double(1.0, 0.3), double(1.4, -2.0)])
    v = torch.stack([double(0.5, 0.8), double(-0.3, 0.9)])
    jacobian = torch.stack([torch.func.jacrev(lambda y: sphere(y[None])[0])(point) for point in x])
    image = torch.einsum("pnd,pd->pn", jacobian, v)
    speed = image.norm(dim=1, keepdim=True)
    times = double(0.25, 1.0, 1.5)
    path = Pullback(sphere).geodesic_flow(x, v, times)
    for i, t in enumerate(times):
        expected = (t * speed).cos() * sphere(x) + (t * speed).sin() * image / speed
        torch.testing.assert_close(sphere(path.points[:, i]), expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(Pullback(sphere).exp(x, v), path.points[:, 1], rtol=0, atol=1e-9)


def great_circle(x: Tensor, v: Tensor) -> Tensor:
    """Where on the sphere the geodesic is after unit time."""
    point, image = sphere(x[None])[0], torch.func.jacrev(lambda y: sphere(y[None])[0])(x) @ v
    return image.norm().cos() * point + image.norm().sin() * image / image.norm()


@pytest.mark.parametrize(
    ("points", "velocities"),
    [
        pytest.param(double(1.0, 1e4)[None], double(0.8, 2.5)[None], id="far"),
        pytest.param(double(1.0, 1e8)[None], double(0.8, 2.5)[None], id="very far"),
        pytest.param(double(1.0, 0.3)[None], double(0.0, 10.0)[None], id="fast"),
        pytest.param(double(1.0, 0.3).expand(1000, 2), double(0.8, 2.5).expand(1000, 2) / 1000, id="many and slow"),
        pytest.param(double(1.0, 0.3)[None], double(0.0, 0.0)[None], id="at rest"),
    ],
)
def test_a_geodesic_does_not_depend_on_its_batch(points: Tensor, velocities: Tensor) -> None:
    x, v = double(1.0, 0.3), double(0.8, 2.5)
    alone = Pullback(sphere).exp(x, v)
    beside = Pullback(sphere).exp(torch.cat([x[None], points]), torch.cat([v[None], velocities]))[0]
    torch.testing.assert_close(beside, alone, rtol=0, atol=1e-10)
    torch.testing.assert_close(sphere(beside[None])[0], great_circle(x, v), rtol=0, atol=1e-10)


def test_a_geodesic_beside_one_that_goes_straight_and_far() -> None:
    """On the sphere times a line, along which no step is too long."""
    x, v = double(1.0, 0.3, 0.0), double(0.8, 2.5, 0.0)
    cylinder = Pullback(lambda y: torch.cat([sphere(y[:, :2]), y[:, 2:]], 1))
    end = cylinder.exp(torch.stack([x, x]), torch.stack([v, double(0.0, 0.0, 1e6)]))[0]
    torch.testing.assert_close(sphere(end[None, :2])[0], great_circle(x[:2], v[:2]), rtol=0, atol=1e-10)


@pytest.mark.parametrize("power", [13, 20, 40])
def test_a_geodesic_does_not_depend_on_where_coordinates_begin(power: int) -> None:
    """But for some roundings of its points, of 2^(power - 52), against which steps are not shortened."""
    shift, v = double(2.0**power, 2.0**power), double(0.8, 2.5)
    x = double(1.0, 0.3) + shift
    end = Pullback(lambda y: sphere(y - shift)).exp(x, v) - shift
    torch.testing.assert_close(
        sphere(end[None])[0], great_circle(x - shift, v), rtol=0, atol=max(1e-10, 4 * 2.0 ** (power - 52))
    )


@pytest.mark.parametrize("size", [1e-6, 1e-12])
def test_a_short_geodesic_is_as_exact_for_its_length(size: float) -> None:
    """Of the size of the path: the chart is the sphere's, in units of it."""
    x, v = double(1.0, 0.3), double(0.8, 2.5)
    end = Pullback(lambda y: sphere(y / size)).exp(x * size, v * size) / size
    torch.testing.assert_close(sphere(end[None])[0], great_circle(x, v), rtol=0, atol=1e-9)


@pytest.mark.parametrize("factor", [1e-170, 1e170])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_geodesics_of_scaled_features_are_the_same(d: int, factor: float) -> None:
    matrix = torch.randn(d, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def bent(y: Tensor) -> Tensor:
        return torch.tanh(y @ matrix) + 0.1 * y.sum(1, keepdim=True)

    x, v = torch.full((d,), 0.3).double(), torch.full((d,), 0.2).double()
    found, expected = Pullback(lambda y: bent(y) * factor).exp(x, v), Pullback(bent).exp(x, v)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


def test_straight_lines_in_polar_coordinates() -> None:
    a, b = double(1.0, 0.0), double(2.0, 1.2)
    path = Pullback(polar).geodesic(a, b, count=9)
    ends = polar(torch.stack([a, b]))
    even = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    torch.testing.assert_close(polar(path.points), ends[0] + even * (ends[1] - ends[0]), rtol=0, atol=1e-7)


def test_a_geodesic_arrives_where_exp_of_its_velocity_does() -> None:
    geo = Pullback(network())
    a, b = double(0.1, -0.2, 0.3), double(0.5, 0.4, -0.1)
    path = geo.geodesic(a, b)
    assert path.points.shape == path.velocities.shape == (33, 3)
    torch.testing.assert_close(path.points[[0, -1]], torch.stack([a, b]))
    torch.testing.assert_close(geo.exp(a, path.velocities[0]), b, rtol=0, atol=1e-6)


def test_speed_is_conserved() -> None:
    geo = Pullback(network(1))
    x, v = double(0.1, -0.2, 0.3), double(0.7, 0.4, -0.5)
    path = geo.geodesic_flow(x, v, torch.linspace(0, 2, 9, dtype=torch.float64))
    speed = torch.einsum("ti,tij,tj->t", path.velocities, geo.metric(path.points), path.velocities)
    torch.testing.assert_close(speed, speed[:1].expand(9), rtol=1e-8, atol=0)


def test_the_acceleration_is_that_of_the_christoffel_symbols() -> None:
    geo = Pullback(network(2))
    x, v, h = double(0.3, 0.1, -0.4), double(0.2, -0.6, 0.5), 1e-3
    path = geo.geodesic_flow(x, v, double(0.0, h, 2 * h)).velocities
    measured = (-3 * path[0] + 4 * path[1] - path[2]) / (2 * h)
    expected = -torch.einsum("cab,a,b->c", geo.christoffel(x), v, v)
    torch.testing.assert_close(measured, expected, rtol=0, atol=1e-5)


def test_a_geodesic_of_a_section() -> None:
    origin, u, v = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = network()
    section = Pullback(whole).on_plane(origin, u, v)
    composed = Pullback(lambda t: whole(origin + t @ torch.stack([u, v])))
    x, w = double(0.1, 0.2), double(0.5, -0.3)
    torch.testing.assert_close(section.exp(x, w), composed.exp(x, w), rtol=0, atol=1e-9)


def test_geodesics_that_cannot_be_had() -> None:
    with pytest.raises(NumericalError, match=r"The geodesic from the point starts at a singular point .* at \(0, 1\)"):
        Pullback(polar).exp(double(0.0, 1.0), double(1.0, 0.0))
    with pytest.raises(InputError, match="`v` must be a torch tensor, not list"):
        Pullback(polar).exp(double(1.0, 1.0), [1.0, 0.0])  # pyright: ignore
    with pytest.raises(InputError, match="`evaluations` must be a positive number"):
        Pullback(polar).exp(double(1.0, 1.0), double(1.0, 0.0), evaluations=0)
    with pytest.raises(InputError, match="`v` must have the shape of `x`"):
        Pullback(polar).exp(double(1.0, 1.0), torch.ones(3, 2, dtype=torch.float64))
    with pytest.raises(InputError, match="`times` must be increasing"):
        Pullback(polar).geodesic_flow(double(1.0, 1.0), double(1.0, 0.0), double(1.0, 0.5))
    with pytest.raises(InputError, match="`count` must be at least 2"):
        Pullback(polar).geodesic(double(1.0, 1.0), double(1.0, 0.0), count=1)
    with pytest.raises(InputError, match="meaningless"):
        Pullback(nn.Sequential(nn.Linear(2, 4), nn.ReLU())).exp(double(1.0, 1.0), double(1.0, 0.0))


def test_no_geodesic_of_a_punctured_plane_goes_through_the_puncture() -> None:
    """From (1, 0) to (1, pi) in polar coordinates the straight line runs through r = 0."""
    with pytest.raises(NumericalError, match=r"No geodesic was found|singular point"):
        Pullback(polar).geodesic(double(1.0, 0.0), double(1.0, 3 * math.pi), evaluations=1_000_000)


def folded(x: Tensor) -> Tensor:
    """The plane, folded along x = 0."""
    return torch.stack([x[:, 0] ** 2, x[:, 1]], 1)


def edged(x: Tensor) -> Tensor:
    """The plane, up to the edge x = 0, beyond which there are no numbers."""
    return torch.stack([x[:, 0] ** 1.5, x[:, 1]], 1)


@pytest.mark.parametrize(("plane", "power", "end"), [(folded, 2.0, 0.5), (edged, 1.5, 2 / 3)])
def test_a_geodesic_ends_where_the_map_does(plane: Callable[[Tensor], Tensor], power: float, end: float) -> None:
    """x^p is linear in time: from 1 at the speed -p it is gone at 1/p. The others of the batch go on."""
    x = torch.stack([double(2.0, 1.0), double(1.0, 1.0), double(1.5, 0.0)])
    v = torch.stack([double(0.1, 0.2), double(-1.0, 0.3), double(-0.5, 0.2)])
    with pytest.raises(NumericalError, match=rf"from point 1 meets a singular point .* at time {end:.6g} of 1"):
        Pullback(plane).exp(x, v)
    times = double(0.0, 0.25, 0.4, 1.0)
    path = Pullback(plane, on_singular="mark").geodesic_flow(x, v, times).points
    expected = x[:, :1] * (1 + power * times * v[:, :1] / x[:, :1]).clamp_min(0) ** (1 / power)
    found = path[..., 0]
    assert found.isnan().tolist() == [[False] * 4, [False] * 3 + [True], [False] * 4]
    torch.testing.assert_close(found[[0, 2]], expected[[0, 2]], rtol=0, atol=1e-8)
    torch.testing.assert_close(found[1, :3], expected[1, :3], rtol=0, atol=1e-8)


def test_a_geodesic_that_starts_at_a_singular_point_is_marked() -> None:
    x, v = torch.stack([double(1.0, 1.0), double(0.0, 0.0)]), torch.ones(2, 2, dtype=torch.float64)
    found = Pullback(sphere, on_singular="mark").exp(x, v)
    torch.testing.assert_close(found[0], Pullback(sphere).exp(x[0], v[0]), rtol=0, atol=1e-8)
    assert found[1].isnan().all()
    with pytest.raises(NumericalError, match="The geodesic from point 1 starts at a singular point"):
        Pullback(sphere).exp(x, v)


def test_a_geodesic_is_given_up_after_as_much_work_as_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    geo, x, v = Pullback(sphere), double(1.0, 0.3), double(0.5, 0.8)
    with pytest.raises(NumericalError, match=r"`evaluations` = 20 .* after 20 there is time 0\.\d+ of 1; allow more"):
        geo.exp(x, v, evaluations=20)
    assert not capsys.readouterr().err
    geo.exp(x, v, progress=True)
    assert "of 1" in capsys.readouterr().err


def test_times_may_be_a_list() -> None:
    geo, x, v = Pullback(sphere), double(1.0, 0.3), double(0.5, 0.8)
    found, expected = (geo.geodesic_flow(x, v, times) for times in ([0.0, 0.1], double(0.0, 0.1)))
    assert torch.equal(found.points, expected.points)


@pytest.mark.parametrize(("n", "d"), [(6, 3), (2, 5)])
def test_principal_stretches(n: int, d: int) -> None:
    matrix = torch.randn(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    geo = Pullback(lambda x: (x @ matrix.T).sin())
    x = torch.randn(4, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    stretches = geo.stretches(x)
    assert stretches.values.shape == (4, d)
    rebuilt = torch.einsum("pi,pia,pib->pab", stretches.values**2, stretches.directions, stretches.directions)
    torch.testing.assert_close(rebuilt, geo.metric(x), rtol=0, atol=1e-13)
    assert ((stretches.values > 1e-12).sum(-1) == geo.rank(x)).all()
    assert (stretches.values.diff(dim=-1) <= 0).all()


def test_float32_geodesics_ask_for_what_rounding_allows():
    """In single precision the tolerance is that of the dtype, so that the solver ends; great circles as the answer."""

    def sphere(x):
        return torch.stack([x[:, 0].sin() * x[:, 1].cos(), x[:, 0].sin() * x[:, 1].sin(), x[:, 0].cos()], dim=1)

    start = torch.tensor([[math.pi / 2, 0.0]], dtype=torch.float32)
    end = Pullback(sphere).exp(start, torch.tensor([[0.6, 0.8]], dtype=torch.float32))
    along = torch.tensor([0.0, 0.8, -0.6], dtype=torch.float64)
    expected = math.cos(1) * torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64) + math.sin(1) * along
    assert (sphere(end.double())[0] - expected).abs().max() < 1e-5
