"""Layers as feature maps of their own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback


def points() -> Tensor:
    return torch.randn(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def sequence() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 5), nn.Sigmoid())


class Blocks(nn.Module):
    """A stem and a list of residual blocks; one part is never run."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Linear(2, 6)
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(6, 6), nn.Tanh()) for _ in range(2)])
        self.unused = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return x


def test_the_layers_of_a_sequence_are_its_prefixes() -> None:
    network, x = sequence(), points()
    layers = Pullback(network).layers()
    assert list(layers) == ["0", "1", "2", "3"]
    for i, layer in enumerate(layers.values()):
        prefix = Pullback(network[: i + 1])
        torch.testing.assert_close(layer.metric(x), prefix.metric(x))
        torch.testing.assert_close(layer.scalar_curvature(x), prefix.scalar_curvature(x))


def test_the_layers_of_a_network_with_branches() -> None:
    network, x = Blocks().double(), points()
    layers = Pullback(network).layers()
    assert list(layers) == ["stem", "blocks.0", "blocks.1", "unused"]
    inner = Pullback(lambda y: network.blocks[0](network.stem(y)))
    expected = inner.metric(x)
    torch.testing.assert_close(layers["blocks.0"].metric(x), expected)
    assert list(Pullback(network).layers(leaves=True)) == [
        "stem", "blocks.0.0", "blocks.0.1", "blocks.1.0", "blocks.1.1", "unused",
    ]  # fmt: skip
    with pytest.raises(InputError, match="never runs its part `unused`"):
        layers["unused"].metric(x)


def test_the_layers_of_a_section_are_sections() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 6))
    p, u, v = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    layers = Pullback(network).on_plane(p, u, v).layers()
    t = points()
    for i, layer in enumerate(layers.values()):
        prefix = Pullback(nn.Sequential(*list(network)[: i + 1], nn.Flatten())).on_plane(p, u, v)
        torch.testing.assert_close(layer.log_volume(t), prefix.log_volume(t))


def test_layers_leave_no_trace() -> None:
    network = sequence()
    for layer in Pullback(network).layers().values():
        layer.metric(points())
    assert all(not part._forward_hooks for part in network.modules())
    assert next(network.parameters()).dtype == torch.float32


def test_train_mode_is_seen_in_a_layer() -> None:
    network = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    with pytest.raises(InputError, match="train mode"):
        Pullback(network).layers()["1"].metric(points())
    assert network.training


def test_a_plain_callable_has_no_layers() -> None:
    with pytest.raises(InputError, match="plain callable"):
        Pullback(lambda x: x).layers()


def test_several_quantities_from_one_pass() -> None:
    network, x = sequence(), points()
    geo = Pullback(network)
    found = geo.evaluate(x, "metric", "log_volume", "christoffel", "scalar_curvature", "ricci", "riemann")
    for name, values in found.items():
        torch.testing.assert_close(values, getattr(geo, name)(x), rtol=1e-10, atol=1e-11)
    with pytest.raises(InputError, match="`quantities` has no 'torsion': metric, log_volume"):
        geo.evaluate(x, "torsion")
    with pytest.raises(InputError, match="`quantities` must name at least one of metric, log_volume"):
        geo.evaluate(x)
    with pytest.raises(InputError, match=r"has no 'volume'.*`volume\(x\)` has it"):
        geo.evaluate(x, "volume")


class Counted(nn.Module):
    """Counts how often it is run on jets."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.runs = inner, 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += type(x) is not Tensor
        return self.inner(x)


def test_every_layer_from_one_pass() -> None:
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), Counted(Blocks8()), nn.Linear(8, 5), nn.Sigmoid()).double()
    x, layers = points(), Pullback(network).layers()
    found = layers.evaluate(x, "metric", "log_volume", "christoffel", "scalar_curvature")
    assert network[2].runs == 1  # pyright: ignore
    assert list(found) == list(layers) == ["0", "1", "2", "3", "4"]
    for name, values in found.items():
        for quantity, value in values.items():
            torch.testing.assert_close(value, getattr(layers[name], quantity)(x), rtol=1e-10, atol=1e-11)


class Blocks8(nn.Module):
    """A residual block that writes into what it was handed."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.inner = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.tanh(self.inner(x))
        y += x
        return y


@pytest.mark.parametrize("chunk", [None, 2])
def test_every_layer_of_images_on_a_plane(chunk: int | None) -> None:
    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.GELU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 4)).double()
    origin, u, v = torch.randn(3, 1, 6, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    layers = Pullback(network, chunk=chunk).on_plane(origin, u, v).layers()
    for name, values in layers.evaluate(points(), "metric", "ricci").items():
        for quantity, value in values.items():
            torch.testing.assert_close(value, getattr(layers[name], quantity)(points()), rtol=1e-9, atol=1e-10)


def test_a_layer_that_is_never_run_can_be_left_out() -> None:
    layers = Pullback(Blocks().double()).layers()
    with pytest.raises(InputError, match=r"never runs its part `unused`.*by `del layers\[\"unused\"\]`\.$"):
        layers.evaluate(points(), "metric")
    del layers["unused"]
    assert list(layers.evaluate(points(), "metric")) == ["stem", "blocks.0", "blocks.1"]


def test_layers_with_kinks_have_volumes_and_no_curvature() -> None:
    torch.manual_seed(0)
    layers = Pullback(nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 4)).double()).layers()
    assert layers.evaluate(points(), "metric")["2"]["metric"].shape == (5, 2, 2)
    with pytest.raises(InputError, match=r"kinks.*\(layer `1`: leave it out by `del layers\[\"1\"\]`\)\.$"):
        layers.evaluate(points(), "scalar_curvature")


class Recurrent(nn.Module):
    """A part that returns a tuple."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.cell, self.head = nn.LSTM(2, 4, batch_first=True), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.cell(x[:, None])[0][:, 0])


def test_a_part_that_returns_a_tuple_can_be_left_out() -> None:
    layers = Pullback(Recurrent().double()).layers()
    with pytest.raises(InputError, match=r"`cell` that returns a tuple, no tensor: .*`del layers\[\"cell\"\]`\.$"):
        layers.evaluate(points(), "metric")
    del layers["cell"]
    assert list(layers.evaluate(points(), "metric")) == ["head"]


def test_what_is_wrong_with_the_points_is_no_fault_of_a_layer() -> None:
    layers, x = Pullback(sequence()).layers(), points()
    x[3, 0] = torch.nan
    with pytest.raises(InputError, match=r"^`x` must be finite: point 3 has a coordinate nan; drop such points\.$"):
        layers.evaluate(x, "metric")
    with pytest.raises(InputError, match=r"^`quantities` must name"):
        layers.evaluate(points())


def test_the_layer_in_which_a_point_is_singular_is_named() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 4)).double()
    with torch.no_grad():
        network[1].weight.zero_()  # pyright: ignore
    with pytest.raises(NumericalError, match=r"singular at point 0 \(rank 0 of 2\).*\(layer `1`: leave it out by"):
        Pullback(network).layers().evaluate(points(), "log_volume")


def test_ranks_of_every_layer_from_one_pass() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    found = Pullback(network).layers().evaluate(points(), "metric", "rank")
    assert [values["rank"].tolist() for values in found.values()] == [[2] * 5, [2] * 5, [1] * 5]
    assert Pullback(network).evaluate(points(), "rank")["rank"].tolist() == [1] * 5
    assert repr(Pullback(network).layers()["1"]) == 'Pullback(Sequential.1, target="flat")'


class Written(nn.Module):
    """Writes into a new tensor, which stops jets."""

    def forward(self, x: Tensor) -> Tensor:
        y = torch.zeros_like(x)
        y[:, 0] = x[:, 1].sin()
        y[:, 1:] = x[:, 1:] * x[:, :1]
        return y


def test_layers_that_stop_jets_are_taken_one_by_one() -> None:
    torch.manual_seed(0)
    layers = Pullback(nn.Sequential(nn.Linear(2, 6), Written(), nn.Linear(6, 4)).double()).layers()
    for name, values in layers.evaluate(points(), "metric").items():
        torch.testing.assert_close(values["metric"], layers[name].metric(points()))
