"""Planes through inputs, images, and the volume of maps that lose dimensions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.pullback import Pullback
from symgeo.pullback.chart import Chart


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(network: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter[0].numel()))
    return network


def test_a_section_is_the_composition() -> None:
    network = seeded(nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 10))).double()
    origin, u, v = normal(3, 20, seed=1)
    section = Pullback(network).on_plane(origin, u, v)
    composed = Pullback(lambda t: network(origin + t @ torch.stack([u, v])))
    t = normal(4, 5, 2, seed=2)
    for quantity in ("metric", "log_volume", "christoffel", "riemann", "ricci", "scalar_curvature"):
        torch.testing.assert_close(
            getattr(section, quantity)(t), getattr(composed, quantity)(t), rtol=1e-10, atol=1e-12
        )


def test_the_metric_of_a_section_is_the_restriction() -> None:
    network = seeded(nn.Sequential(nn.Linear(6, 9), nn.Sigmoid()))
    origin, u, v = normal(3, 6, seed=3)
    geo = Pullback(network)
    frame = torch.stack([u, v])
    expected = frame @ geo.metric(origin + 0.3 * u - 0.2 * v) @ frame.T
    torch.testing.assert_close(geo.on_plane(origin, u, v).metric(torch.tensor([0.3, -0.2]).double()), expected)


def test_a_section_sees_every_change_of_the_weights() -> None:
    network = nn.Sequential(nn.Linear(6, 9), nn.Tanh()).double()
    origin, u, v = normal(3, 6, seed=4)
    section, t = Pullback(network).on_plane(origin, u, v), normal(3, 2, seed=5)
    first = network[0]
    assert isinstance(first, nn.Linear)
    before = section.metric(t)
    for change in (lambda: first.weight.data.mul_(2), lambda: setattr(first.weight, "data", normal(9, 6))):
        change()
        after = section.metric(t)
        assert not torch.allclose(after, before)
        torch.testing.assert_close(after, Pullback(network).on_plane(origin, u, v).metric(t))


def test_a_section_of_a_section() -> None:
    network = seeded(nn.Sequential(nn.Linear(6, 9), nn.Sigmoid()))
    origin, u, v = normal(3, 6, seed=4)
    section = Pullback(network).on_plane(origin, u, v)
    t0, a, b = torch.tensor([[0.1, 0.2], [1.0, 1.0], [0.5, -1.0]]).double()
    again = section.on_plane(t0, a, b)
    direct = Pullback(network).on_plane(origin + 0.1 * u + 0.2 * v, u + v, 0.5 * u - v)
    t = normal(3, 2, seed=5)
    torch.testing.assert_close(again.scalar_curvature(t), direct.scalar_curvature(t))


def test_a_plane_through_three_images() -> None:
    network = seeded(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 10)))
    p, q, r = normal(3, 3, 8, 8, seed=6)
    section = Pullback(network).on_plane(p, q - p, r - p)
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).double()
    whole = Pullback(network).metric(torch.stack([p, q, r]))
    frame = torch.stack([q - p, r - p]).flatten(1)
    torch.testing.assert_close(section.metric(corners), frame @ whole @ frame.T, rtol=1e-10, atol=1e-12)
    assert section.scalar_curvature(corners).isfinite().all()


def test_images_are_flat_coordinates() -> None:
    network = seeded(nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten())).double()
    images = normal(4, 1, 4, 4, seed=7)
    by_module = Pullback(network).metric(images)
    flat = Pullback(lambda x: network(x.reshape(-1, 1, 4, 4))).metric(images.flatten(1))
    torch.testing.assert_close(by_module, flat)
    torch.testing.assert_close(Pullback(lambda x: network(x), input_shape=(1, 4, 4)).metric(images), flat)
    assert by_module.shape == (4, 16, 16)


@pytest.mark.parametrize(
    ("u", "v", "message"),
    [
        (torch.ones(4), torch.ones(3), "of one shape"),
        (torch.ones(4), 2 * torch.ones(4), "parallel"),
        (torch.ones(4), torch.zeros(4), "parallel"),
        (torch.ones(4), torch.tensor([1.0, math.nan, 0, 0]), "`v` must be finite"),
    ],
)
def test_planes_that_cannot_be_meant(u: Tensor, v: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(nn.Linear(4, 5)).on_plane(torch.zeros(4), u, v)


def test_the_length_of_a_line() -> None:
    """A great circle of the sphere: unit speed along theta."""
    geo = Pullback(
        lambda x: torch.stack([x[:, 0].sin() * x[:, 1].cos(), x[:, 0].sin() * x[:, 1].sin(), x[:, 0].cos()], 1)
    )
    line = geo.on_line(torch.tensor([0.0, 0.4]).double(), torch.tensor([1.0, 0.0]).double())
    torch.testing.assert_close(line.metric(normal(7, 1)), torch.ones(7, 1, 1).double())
    with pytest.raises(InputError, match="`u` is zero"):
        geo.on_line(torch.zeros(2), torch.zeros(2))


def test_the_chart_of_a_section() -> None:
    origin, u, v = normal(3, 2, 3, seed=8)
    chart = Chart((2, 3), origin, torch.stack([u, v]))
    assert chart.dimension == 2
    torch.testing.assert_close(chart.inputs(torch.tensor([[2.0, -1.0]]).double())[0], origin + 2 * u - v)


def test_the_pseudo_volume_of_a_map_that_loses_dimensions() -> None:
    matrix = normal(3, 7)
    geo = Pullback(lambda x: x @ matrix.T)
    volume = geo.volume(normal(2, 7, seed=9))
    expected = torch.linalg.slogdet(matrix @ matrix.T)[1] / 2
    torch.testing.assert_close(volume.log, expected.expand(2))
    assert volume.rank.tolist() == [3, 3]
    torch.testing.assert_close(geo.log_volume(normal(2, 7, seed=9)), volume.log)


@pytest.mark.parametrize(
    ("n", "d", "rank"), [(5, 5, 2), (12, 5, 3), (4, 9, 2), (30, 12, 1), (3, 1, 0), (6, 2, 1), (8, 2, 0)]
)
def test_the_rank_and_the_pseudo_volume_of_a_map_of_low_rank(n: int, d: int, rank: int) -> None:
    matrix = normal(n, rank, seed=1) @ normal(rank, d, seed=2)
    volume = Pullback(lambda x: x @ matrix.T).volume(normal(3, d, seed=3))
    assert volume.rank.tolist() == [rank] * 3
    expected = torch.linalg.svdvals(matrix)[:rank].log().sum()
    torch.testing.assert_close(volume.log, expected.expand(3), rtol=1e-9, atol=1e-9)


def test_a_relu_network_reports_where_units_are_dead() -> None:
    """Rank of J = W_2 diag(active) W_1 for as many units as inputs: the number of active ones."""
    network = seeded(nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 8)), seed=1).double()
    x = normal(40, 6, seed=4)
    active = (network[0](x) > 0).sum(1)  # pyright: ignore
    assert len(set(active.tolist())) > 3
    assert torch.equal(Pullback(network).rank(x), active)


class Residual(nn.Module):
    """relu(x + W relu(V x)), with W and V of low rank."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.up(torch.relu(self.down(x))))


def test_a_relu_resnet_of_low_rank_reports_its_rank() -> None:
    """Three units feed everything: the rank is that of the Jacobian by differences, at most three."""
    network = seeded(nn.Sequential(nn.Linear(7, 3), nn.Linear(3, 9), Residual(9, 4), Residual(9, 4)), seed=2).double()
    x = normal(12, 7, seed=5)
    h, units = 1e-7, torch.eye(7, dtype=torch.float64)
    with torch.no_grad():
        jacobian = torch.stack([(network(x + h * e) - network(x - h * e)) / (2 * h) for e in units], -1)
    expected = torch.linalg.matrix_rank(jacobian, rtol=1e-6)
    volume = Pullback(network).volume(x)
    assert expected.max() == 3
    assert torch.equal(volume.rank, expected)
    values = torch.linalg.svdvals(jacobian)
    logs = torch.stack([v[:r].log().sum() for v, r in zip(values, expected.tolist(), strict=True)])
    torch.testing.assert_close(volume.log, logs, rtol=1e-5, atol=1e-5)


def test_the_inputs_of_a_section_that_cannot_be_meant() -> None:
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh())
    p, u, v = normal(3, 3)
    with pytest.raises(InputError, match=r"^`origin` must be a torch tensor, not list: torch\.as_tensor\(origin\)\.$"):
        Pullback(network).on_plane(p.tolist(), u, v)
    with pytest.raises(InputError, match="`v` must be a torch tensor, not list"):
        Pullback(network).on_plane(p, u, v.tolist())
    with pytest.raises(InputError, match=r"not a batch of them, \(5, 3\): origin\[0\]"):
        Pullback(network).on_plane(*normal(3, 5, 3))
    with pytest.raises(InputError, match=r"not a batch of them, \(1, 3\): origin\[0\]"):
        Pullback(network).on_line(p[None], u[None])
    with pytest.raises(InputError, match=r"one input of shape \(3,\), not \(5, 3\)"):
        Pullback(network, input_shape=(3,)).on_line(*normal(2, 5, 3))
    with pytest.raises(InputError, match=r"one input of shape \(2,\), not \(3,\)"):
        Pullback(network).on_plane(p, u, v).on_line(p, u)
    with pytest.raises(InputError, match=r"with coordinates; its shape is \(\)"):
        Pullback(network).on_line(p[0], u[0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_image_is_one_input(dtype: torch.dtype) -> None:
    images = normal(3, 1, 4, 5).to(dtype)
    for network in (
        nn.Sequential(nn.Flatten(), nn.Linear(20, 4), nn.Tanh()),
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(12, 4), nn.Tanh()),
    ):
        assert Pullback(network).on_plane(*images).metric(normal(6, 2)).shape == (6, 2, 2)
        with pytest.raises(InputError, match="not a batch of them"):
            Pullback(network).on_plane(*images[:, None].expand(3, 7, 1, 4, 5))
        flat = Pullback(network, input_shape=(1, 4, 5)).on_plane(*images.flatten(1))
        torch.testing.assert_close(flat.metric(normal(6, 2)), Pullback(network).on_plane(*images).metric(normal(6, 2)))


def test_what_a_geometry_is_called() -> None:
    network, image = nn.Sequential(nn.Linear(3, 5), nn.Tanh()), normal(1, 4, 5)
    assert repr(Pullback(network)) == 'Pullback(Sequential, d=3, target="flat")'
    assert repr(Pullback(network, target="fisher")) == 'Pullback(Sequential, d=3, target="fisher")'
    assert repr(Pullback(network, target=torch.ones(5))) == "Pullback(Sequential, d=3, target=weights (5,))"
    assert repr(Pullback(network, target=torch.eye(5))) == "Pullback(Sequential, d=3, target=matrix (5, 5))"
    assert repr(Pullback(torch.sin, target=torch.diag_embed)) == "Pullback(sin, target=a metric that varies)"
    section = Pullback(nn.Flatten(), input_shape=(1, 4, 5)).on_line(image, image)
    assert repr(section) == 'Pullback(Flatten, d=1, target="flat", section of inputs (1, 4, 5))'
