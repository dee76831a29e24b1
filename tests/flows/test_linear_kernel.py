"""The kernel of linear layers is the tangent kernel, and knows which networks it is not for."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from symgeo.flows import MetricNetwork, gram, metric_network, metric_ntk
from symgeo.flows.linear_kernel import ROWS, linear_kernel
from symgeo.pullback import ntk


def points(count: int, seed: int = 0) -> torch.Tensor:
    return 6 * torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(ansatz: str = "additive", **options) -> MetricNetwork:
    return metric_network(2, ansatz, widths=(7, 5), lengths=(2 * math.pi,) * 2, **options)


def differentiated(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The rows of gradients, one backward pass for each number."""
    parameters = list(network.parameters())
    rows = [
        torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, parameters, retain_graph=True)])
        for value in network(x).reshape(-1)
    ]
    return torch.stack(rows)


@pytest.mark.parametrize("ansatz", ["free", "conformal", "additive", "multiplicative", "matrix"])
@pytest.mark.parametrize("activation", ["tanh", "erf"])
def test_it_is_the_product_of_gradients(ansatz: str, activation: str) -> None:
    network = made(ansatz, activation=activation)
    x, y = points(9), points(4, 1)
    rows, others = differentiated(network, x), differentiated(network, y)
    own, cross = linear_kernel(network, x), linear_kernel(network, x, y)
    assert own is not None
    assert cross is not None
    torch.testing.assert_close(gram(own), rows @ rows.T, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gram(cross), rows @ others.T, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("count", [1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 3])
def test_blocks_of_rows_fit_together(count: int) -> None:
    network, x = made(), points(count)
    torch.testing.assert_close(metric_ntk(network, x), ntk(network, x, outputs="full"), rtol=1e-12, atol=1e-15)


class Twice(MetricNetwork):
    """A network that squares what it makes, which is no known one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) ** 2


def shared() -> MetricNetwork:
    layer = nn.Linear(2, 2, dtype=torch.float64)
    return MetricNetwork(nn.Sequential(layer, nn.Tanh(), layer, nn.Linear(2, 3, dtype=torch.float64)), 2)


def tied() -> MetricNetwork:
    one, other = nn.Linear(2, 2, dtype=torch.float64), nn.Linear(2, 2, dtype=torch.float64)
    other.weight = one.weight
    return MetricNetwork(nn.Sequential(one, nn.Tanh(), other, nn.Linear(2, 3, dtype=torch.float64)), 2)


def frozen() -> MetricNetwork:
    network = made()
    next(network.parameters()).requires_grad_(False)
    return network


def normalised() -> MetricNetwork:
    norm = nn.LayerNorm(4, dtype=torch.float64)
    first, last = nn.Linear(2, 4, dtype=torch.float64), nn.Linear(4, 3, dtype=torch.float64)
    return MetricNetwork(nn.Sequential(first, norm, nn.Tanh(), last), 2)


@pytest.mark.parametrize(
    "network",
    [made("kaehler"), Twice(made().network, 2), shared(), tied(), frozen(), normalised()],
    ids=["kaehler", "subclass", "shared", "tied", "frozen", "normalised"],
)
def test_other_networks_are_left_to_the_general_kernel(network: MetricNetwork) -> None:
    x = points(5)
    assert linear_kernel(network, x) is None
    torch.testing.assert_close(metric_ntk(network, x), ntk(network, x, outputs="full"), rtol=1e-12, atol=1e-14)
