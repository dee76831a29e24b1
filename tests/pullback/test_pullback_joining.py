"""Geodesics between two points in single precision, and two points that are none."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback


def sphere(x: Tensor) -> Tensor:
    theta, phi = x.unbind(1)
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], 1)


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 50), nn.GELU(), nn.Linear(50, 50), nn.GELU(), nn.Linear(50, 20))


def test_great_circles_in_single_precision() -> None:
    """The images of even times are even on the great circle: the sines of the angles are in closed form."""
    a, b = torch.tensor([1.0, 0.2]), torch.tensor([1.4, 1.5])
    path = Pullback(sphere).geodesic(a, b, count=9)
    assert path.points.dtype == path.velocities.dtype == torch.float32
    p, q = sphere(torch.stack([a, b]).double())
    angle, even = (p @ q).acos(), torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    expected = (((1 - even) * angle).sin() * p + (even * angle).sin() * q) / angle.sin()
    torch.testing.assert_close(sphere(path.points.double()), expected, rtol=0, atol=2e-7)


@pytest.mark.parametrize("seed", range(3))
def test_single_precision_has_the_path_of_double(seed: int) -> None:
    """A module is cast, and the path of float64 rounded; what takes float32 alone has fewer digits."""
    net = network(seed)
    a, b = torch.randn(2, 4)
    exact = Pullback(net).geodesic(a.double(), b.double())
    for features, tolerance in ((net, 1e-7), (lambda x: net(x), 1e-5)):
        found = Pullback(features).geodesic(a, b)
        for name in ("points", "velocities"):
            value, expected = getattr(found, name), getattr(exact, name)
            gap = (value.double() - expected).abs().max() / expected.abs().max()
            assert gap < tolerance, (name, gap)


def test_work_between_two_points_is_bounded() -> None:
    a, b = torch.tensor([1.0, 0.2]), torch.tensor([1.4, 1.5])
    with pytest.raises(NumericalError, match=r"`evaluations` = 100 .* no path between `a` and `b` yet; allow more"):
        Pullback(sphere).geodesic(a, b, evaluations=100)


def test_ends_that_are_no_two_points() -> None:
    geo, a = Pullback(sphere), torch.tensor([1.0, 0.2]).double()
    with pytest.raises(InputError, match=r"one point each, \(2,\) or an input, not of shape \(3, 2\)"):
        geo.geodesic(a.expand(3, 2), a.expand(3, 2) + 1)
    with pytest.raises(InputError, match="`a` must be a torch tensor, not ndarray"):
        geo.geodesic(a.numpy(), a.numpy())  # pyright: ignore
    with pytest.raises(InputError, match=r"`a` and `b` must have one shape, not \(2,\) and \(3,\)"):
        geo.geodesic(a, torch.ones(3).double())
    with pytest.raises(InputError, match="`a`, `b` must be finite: point 1"):
        geo.geodesic(a, a / 0)
