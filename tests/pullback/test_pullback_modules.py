"""Modules as people have them: residual, in place, parametrised, in single precision, under inference mode."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from symgeo.pullback import Pullback


class Block(nn.Module):
    """A residual block with activations in place."""

    def __init__(self, width: int, out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, out, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(out), nn.BatchNorm2d(out)])
        self.activation = nn.SiLU(inplace=True)
        self.skip = nn.Conv2d(width, out, 1, stride, bias=False) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.norms[1](self.second(self.activation(self.norms[0](self.first(x)))))
        y += self.skip(x)
        return self.activation(y)


def resnet() -> nn.Module:
    torch.manual_seed(0)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 12)]
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), Block(8, 8, 1), Block(8, 16, 2), *head).eval()


def points(count: int, d: int = 2) -> Tensor:
    return torch.rand(count, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_residual_network_on_a_plane_of_images() -> None:
    network = resnet()
    p, u, v = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    t, h = points(4), 1e-4
    section = Pullback(network).on_plane(p, u, v)
    # The metric's own derivatives, by differences, give the first kind of Christoffel symbols again.
    g_dd, gamma_udd = section.metric(t), section.christoffel(t)
    gamma_ddd = torch.einsum("pcl,plab->pcab", g_dd, gamma_udd)
    slopes = torch.stack(
        [(section.metric(t + h * e) - section.metric(t - h * e)) / (2 * h) for e in torch.eye(2).double()], -1
    )
    expected = (slopes.permute(0, 1, 3, 2) + slopes - slopes.permute(0, 3, 1, 2)) / 2
    torch.testing.assert_close(gamma_ddd, expected, rtol=0, atol=1e-7 * slopes.abs().max().item())
    single = section.scalar_curvature(t.float())
    double = section.scalar_curvature(t)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=0)


def test_gradients_of_features_and_derivatives_along_pixels_agree() -> None:
    """192 pixels and 12 features: the Jacobian comes by reverse mode; 192 and 80: by forward."""
    network, x = resnet(), torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    metric = Pullback(network).metric(x)
    whole = network.double()
    wide = Pullback(lambda y: whole(y).repeat(1, 7), input_shape=(3, 8, 8))
    torch.testing.assert_close(wide.metric(x), 7 * metric, rtol=1e-10, atol=1e-14)
    volume = Pullback(network).volume(x)
    assert volume.rank.tolist() == [12, 12]
    eigenvalues = torch.linalg.eigvalsh(metric)[:, -12:]
    torch.testing.assert_close(volume.log, eigenvalues.log().sum(-1) / 2, rtol=1e-6, atol=1e-6)


def test_the_same_numbers_however_the_module_is_handed_over() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4), nn.Sigmoid()).double()
    x = points(6)
    expected = Pullback(network).scalar_curvature(x)
    torch.testing.assert_close(Pullback(network.forward).scalar_curvature(x), expected)
    torch.testing.assert_close(Pullback(lambda y: network(y)).scalar_curvature(x), expected)
    with torch.inference_mode():
        inferred = Pullback(network).scalar_curvature(points(6))
    torch.testing.assert_close(inferred.clone(), expected)


def test_a_parametrised_layer() -> None:
    torch.manual_seed(0)
    layer = torch.nn.utils.parametrizations.weight_norm(nn.Linear(2, 8)).double()
    plain = nn.Linear(2, 8).double()
    with torch.no_grad():
        plain.weight.copy_(layer.weight)
        plain.bias.copy_(layer.bias)
    x = points(5)
    torch.testing.assert_close(
        Pullback(nn.Sequential(layer, nn.Tanh())).scalar_curvature(x),
        Pullback(nn.Sequential(plain, nn.Tanh())).scalar_curvature(x),
    )


def test_the_curvature_of_forty_thousand_points_is_in_reach() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 250), nn.Sigmoid())
    found = Pullback(network).evaluate(points(40_000), "christoffel", "scalar_curvature")
    assert found["christoffel"].shape == (40_000, 2, 2, 2)
    assert found["scalar_curvature"].isfinite().all()


class Viewed(nn.Module):
    """Code that asks for a view of the images, which channels that are last in memory would not allow."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 6, 3, padding=1), nn.Conv2d(6, 4, 3, padding=1)
        self.last = nn.Linear(4 * 36, features)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(torch.tanh(self.first(x)))
        return self.last(torch.tanh(y).view(len(y), -1))


@pytest.mark.parametrize("features", [9, 90])
def test_views_of_images_in_single_precision(features: int) -> None:
    torch.manual_seed(0)
    network, image = Viewed(features), torch.rand(2, 2, 6, 6)
    geo = Pullback(network)
    expected = geo.log_volume(image.double())
    assert (geo.log_volume(image).double() - expected).abs().max() < 1e-4 * expected.abs().max()
    section = geo.on_plane(*torch.rand(3, 2, 6, 6))
    where = torch.rand(5, 2)
    expected = section.metric(where.double())
    assert (section.metric(where).double() - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("widths", [(2, 6), (9, 2)])
def test_a_module_that_is_made_or_called_under_inference_mode(widths: tuple[int, int]) -> None:
    def made() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(widths[0], 5), nn.GELU(), nn.Linear(5, widths[1])).double()

    x, outside = points(4, widths[0]), made()
    expected = Pullback(outside).log_volume(x)
    with torch.inference_mode():
        for network in (outside, made()):
            found = Pullback(network).log_volume(points(4, widths[0]))
            torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
