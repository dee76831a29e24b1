"""Results have the dtype of the points, whatever precision the map goes through on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from symgeo.pullback import Pullback

Map = Callable[[Tensor, Tensor, nn.Module, nn.Module], Tensor]
# The map, of points, a vector, and two layers.
MAPS: dict[str, Map] = {
    "times": lambda x, u, first, _: first(x).tanh() * u,
    "times, then a layer": lambda x, u, first, second: second((first(x).tanh() * u).to(x.dtype)).tanh(),
    "over": lambda x, u, first, _: first(x).tanh() / u,
    "plus": lambda x, u, first, _: first(x).tanh() + u,
    "minus": lambda x, u, first, _: u - first(x).tanh(),
    "one for each point": lambda x, u, first, _: first(x).tanh() * u.expand(len(x), 5),
    "affine": lambda x, u, first, _: (first(x) * u).tanh(),
    "affine and moved": lambda x, u, first, _: (first(x) + u).tanh(),
    "inputs": lambda x, u, first, _: first((x * u[:2]).to(x.dtype)).tanh(),
    "a chain": lambda x, u, first, second: (second(first(x).tanh()) * u).tanh() / u,
    "a power": lambda x, u, first, _: (first(x).tanh() + 2) ** u,
}


@pytest.mark.parametrize("count", [3, 700])
@pytest.mark.parametrize("name", MAPS)
def test_a_double_on_the_way(name: str, count: int) -> None:
    torch.manual_seed(0)
    first, second, u, x = nn.Linear(2, 5), nn.Linear(5, 5), torch.rand(5) + 1, torch.randn(count, 2)
    double = Pullback(lambda z: MAPS[name](z, u.double(), first, second).to(z.dtype))
    exact = Pullback(lambda z: in_double(name, z, u, first, second)).evaluate(
        x.double(), "metric", "log_volume", "christoffel", "scalar_curvature"
    )
    stretches = torch.linalg.eigvalsh(exact["metric"])
    condition = (stretches[:, 1] / stretches[:, 0]).max().item()
    for quantity, expected in exact.items():
        found = getattr(double, quantity)(x)
        assert found.dtype == torch.float32
        # Single precision where the metric is conditioned worst; what comes is below once that.
        allowed = 10 * torch.finfo(torch.float32).eps * condition * expected.abs().amax().item()
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=allowed)
    assert double.volume(x).log.dtype == torch.float32
    assert double.sectional_curvature(x, torch.tensor([1.0, 0]), torch.tensor([0, 1.0])).dtype == torch.float32


def in_double(name: str, z: Tensor, u: Tensor, first: nn.Linear, second: nn.Linear) -> Tensor:
    def layer(linear: nn.Linear) -> Callable[[Tensor], Tensor]:
        return lambda y: functional.linear(y, linear.weight.double(), linear.bias.double())

    return MAPS[name](z, u.double(), layer(first), layer(second))  # pyright: ignore


@pytest.mark.parametrize("d", [2, 9])
def test_an_operation_that_torch_makes_a_loop_of(d: int) -> None:
    """Says nothing of torch's loops: warnings are errors here. Of many inputs gradients are taken, not derivatives."""
    torch.manual_seed(0)
    layer, x = nn.Bilinear(d, d, 2).double(), torch.randn(4, d, dtype=torch.float64)
    geo = Pullback(lambda z: layer(z, z))
    matrix = layer.weight + layer.weight.mT
    jacobian = torch.einsum("nij,bj->bni", matrix, x).detach()
    torch.testing.assert_close(geo.metric(x), jacobian.mT @ jacobian)
    if d == 2:
        assert geo.scalar_curvature(x).abs().max() < 1e-9  # of a map between planes
