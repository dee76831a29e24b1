"""The tangent kernel layer by layer, against the whole Jacobian and against its limit at infinite width."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import jacrev, vmap
from torch.nn import functional

from symgeo.errors import InputError
from symgeo.pullback import ntk


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(network: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator) - 0.4)
    return network.double().eval()


class Residual(nn.Module):
    """A block with everything at once: a layer called twice, an activation in place, a scale of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm, self.activation = nn.Linear(6, 6), nn.LayerNorm(6), nn.ReLU(inplace=True)
        self.scale = nn.Parameter(torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.activation(self.layer(self.norm(x))) * self.scale + x)


class Tied(nn.Module):
    """One matrix with two biases, and once as a plain product."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.other = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x).tanh()).sin()
        return functional.linear(y, self.other.weight) + y @ self.other.weight + self.other(y)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(4, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0][:, -1]


class Reordered(nn.Module):
    """Linear layers on a sequence, on a transposed one, and on all places of all points in one dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.straight, self.transposed, self.flattened = nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.transposed(self.straight(x).tanh().transpose(0, 1)).transpose(0, 1)
        return self.flattened(y.reshape(-1, 3)).tanh().reshape(len(x), -1)


class Elsewhere(nn.Module):
    """Layers that see the points in another order, in which the last layer does not; the outputs add up to zero."""

    def __init__(self, order: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 2)
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        order = self.order(x)
        y = self.last(self.norm(self.first(x[order]).tanh())[order.argsort()])
        return torch.cat([y, -y], 1)


class Routed(nn.Module):
    """Points to the left of a line take one way and points to the right of it another."""

    def __init__(self, place: float, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.place, self.left, self.right = place, left, right

    def forward(self, x: Tensor) -> Tensor:
        y = x.new_zeros(len(x), 2)
        aside = x[:, 0] < self.place
        for where, way in ((aside, self.left), (~aside, self.right)):
            if where.any():
                y = y.index_put((where,), way(x[where]))
        return y


class Normalised(nn.Module):
    """Normalisations with scales: one called twice, one without a bias, one over a shape, one of groups."""

    def __init__(self) -> None:
        super().__init__()
        self.twice, self.plain = nn.BatchNorm1d(4), nn.LayerNorm(4, bias=False)
        self.shaped, self.groups = nn.LayerNorm((2, 2)), nn.GroupNorm(2, 4)
        self.twice.running_mean = torch.tensor([0.5, -0.3, 0.2, 0.1])
        self.twice.running_var = torch.tensor([0.5, 1.5, 2.0, 1.0])

    def forward(self, x: Tensor) -> Tensor:
        y = self.twice(self.twice(x).tanh())
        y = y + self.plain(y).sin() + self.shaped(y.view(-1, 2, 2)).flatten(1).cos()
        return self.groups(y[:, :, None] * y[:, None]).tanh().flatten(1)[:, :5]


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, activation="gelu")

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).mean(1)


class Metric(nn.Module):
    """The metric of a network, by derivatives taken within the forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3))

    def forward(self, x: Tensor) -> Tensor:
        jacobian = vmap(jacrev(lambda point: self.network(point[None])[0]))(x)
        return (jacobian.mT @ jacobian).flatten(1)


def half_frozen() -> nn.Module:
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 2))
    network[0].requires_grad_(False)
    network[2].bias.requires_grad_(False)  # pyright: ignore
    network[4].weight.requires_grad_(False)  # pyright: ignore
    return network


IMAGES = [
    nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
    nn.Conv2d(4, 6, 3, stride=2, groups=2, bias=False), nn.GroupNorm(2, 6), nn.Tanh(),
    nn.Conv2d(6, 6, (1, 2), padding=(1, 0), dilation=(2, 1), groups=6), nn.Flatten(), nn.Linear(24, 3),
]  # fmt: skip
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 5, bias=False), nn.SiLU()), (3,)),
    "images": (lambda: nn.Sequential(*IMAGES), (2, 6, 6)),
    "many places": (lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(162, 2)), (1, 10, 10)),
    "convolution of an odd shape": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3, padding="same"), nn.Tanh(), nn.Flatten()),
        (2, 4, 4),
    ),
    "sequence": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 3, 2, 2), nn.Tanh(), nn.Conv1d(4, 4, 2, groups=4), nn.Flatten()),
        (2, 7),
    ),
    "residual": (lambda: nn.Sequential(nn.Linear(3, 6), Residual(), Residual()), (3,)),
    "tied": (Tied, (4,)),
    "recurrent": (Recurrent, (5, 4)),
    "reordered": (Reordered, (5, 4)),
    "backwards": (lambda: Elsewhere(lambda x: torch.arange(len(x)).flip(0)), (3,)),
    "sorted": (lambda: Elsewhere(lambda x: x[:, 0].argsort()), (3,)),
    "routed": (lambda: Routed(0.0, nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))), (3,)),
    "normalised": (Normalised, (4,)),
    "attention": (Attention, (5, 4)),
    "parametrised": (
        lambda: nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)), nn.Tanh()),
        (3,),
    ),
    "metric": (Metric, (2,)),
    "half frozen": (half_frozen, (3,)),
}


def by_the_jacobian(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """(N, M, o, o) from the N x P matrices."""
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]

    def gradient(output: Tensor) -> Tensor:
        return torch.cat(
            [g.flatten() for g in torch.autograd.grad(output, parameters, retain_graph=True, materialize_grads=True)]
        )

    def jacobian(z: Tensor) -> Tensor:
        return torch.stack([torch.stack([gradient(output) for output in row]) for row in network(z)])

    return torch.einsum("iap,jbp->ijab", jacobian(x), jacobian(y))


@pytest.mark.parametrize("chunk", [None, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_kernel_is_that_of_the_jacobian(name: str, chunk: int | None) -> None:
    make, shape = NETWORKS[name]
    network, x, y = made(make()), normal(5, *shape), normal(3, *shape, seed=1)
    for other in (None, y):
        expected = by_the_jacobian(network, x, x if other is None else other)
        close = {"rtol": 0, "atol": 1e-14 * expected.abs().sum((2, 3)).max().item()}
        torch.testing.assert_close(ntk(network, x, other, outputs="full", chunk=chunk), expected, **close)
        trace = expected.diagonal(dim1=2, dim2=3).sum(-1)
        torch.testing.assert_close(ntk(network, x, other, chunk=chunk), trace, **close)
        torch.testing.assert_close(ntk(network, x, other, outputs="sum", chunk=chunk), expected.sum((2, 3)), **close)


def test_an_output_of_each_point() -> None:
    network, x = made(NETWORKS["residual"][0]()), normal(5, 3)

    class Loss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: Tensor) -> Tensor:
            return self.network(z).square().sum(1, keepdim=True)

    kernel = ntk(network, x, output=lambda y: y.square().sum(1, keepdim=True))
    torch.testing.assert_close(kernel, by_the_jacobian(Loss(), x, x)[:, :, 0, 0], rtol=1e-12, atol=1e-12)


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(deadline=None, derandomize=True, max_examples=15)
def test_the_kernel_is_symmetric_and_positive(seed: int, outputs: int) -> None:
    network = made(nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, outputs)), seed)
    x = normal(6, 2, seed=seed)
    kernel = ntk(network, x, outputs="full").permute(0, 2, 1, 3).flatten(2).flatten(0, 1)
    torch.testing.assert_close(kernel, kernel.T, rtol=1e-13, atol=1e-13)
    assert torch.linalg.eigvalsh(kernel).min() > -1e-13 * kernel.diagonal().max()


def test_the_limit_of_infinite_width() -> None:
    """f = sqrt(2/n) sum_j a_j relu(w_j . x): |x||x'| kappa_1 + x . x' kappa_0, the mean over networks of any width."""
    x, seeds, n = normal(4, 3), 60, 200
    kernels = []
    for seed in range(seeds):
        network = nn.Sequential(nn.Linear(3, n, bias=False), nn.ReLU(), nn.Linear(n, 1, bias=False)).double()
        with torch.no_grad():
            network[0].weight.copy_(normal(n, 3, seed=2 * seed))  # pyright: ignore
            network[2].weight.copy_(normal(1, n, seed=2 * seed + 1))  # pyright: ignore
        kernels.append(2 / n * ntk(network, x))
    sample = torch.stack(kernels)
    products, norms = x @ x.T, x.norm(dim=1)
    lengths = norms[:, None] * norms
    cosines = (products / lengths).clamp(-1, 1)
    kappa_0 = (math.pi - cosines.acos()) / math.pi
    kappa_1 = ((1 - cosines**2).sqrt() + (math.pi - cosines.acos()) * cosines) / math.pi
    scores = (sample.mean(0) - (lengths * kappa_1 + products * kappa_0)) / (sample.std(0) / seeds**0.5)
    assert scores.abs().max() < 4


def test_float32_and_the_module_left_as_it_was() -> None:
    network = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 2))
    network(torch.ones(1, 3)).sum().backward()
    before = {k: (p.clone(), p.grad, p.dtype) for k, p in network.named_parameters()}
    x = normal(4, 3).requires_grad_()
    double, single = ntk(network, x), ntk(network, x.float())
    assert (double.dtype, single.dtype) == (torch.float64, torch.float32)
    assert not double.requires_grad
    torch.testing.assert_close(single.double(), double, rtol=1e-5, atol=1e-5)
    with torch.inference_mode():
        torch.testing.assert_close(ntk(network, normal(4, 3)).clone(), double)
    for name, parameter in network.named_parameters():
        value, grad, dtype = before[name]
        assert torch.equal(parameter, value)
        assert parameter.grad is grad
        assert parameter.dtype == dtype
    assert x.grad is None


class Counting(nn.Module):
    """Writes into a buffer at each call."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.register_buffer("calls", torch.zeros(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)  # pyright: ignore
        return self.layer(x)


def test_a_buffer_is_left_as_it_was() -> None:
    network = Counting().double()
    ntk(network, normal(3, 2))
    assert network.calls == 0


@pytest.mark.parametrize("count", [9, 1])
def test_points_that_come_sorted(count: int) -> None:
    """Points x in order, or a single one, and y in order where they are looked at: as they come these show nothing."""
    network = made(Elsewhere(lambda x: x[:, 0].argsort()))
    x = torch.linspace(-1, 1, count, dtype=torch.float64)[:, None] + torch.arange(3)
    y = normal(9, 3)
    y[[0, 2, 5, 8], 0] = torch.tensor([2.0, 3.0, 4.0, 5.0], dtype=torch.float64)
    expected = by_the_jacobian(network, x, y).diagonal(dim1=2, dim2=3).sum(-1)
    torch.testing.assert_close(ntk(network, x, y), expected, rtol=1e-12, atol=1e-14)


def one_apart() -> Tensor:
    """Ten points, one of which, none of the few that are looked at, is to the left of minus 5."""
    x = normal(10, 3)
    x[1, 0] = -7.0
    return x


@pytest.mark.parametrize(
    ("left", "right", "chunk"),
    [
        (nn.Linear(3, 2), nn.Linear(3, 2), 1),  # the first call is of another matrix
        (nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2)), nn.Linear(3, 2), 1),  # there is a second call
        (nn.Linear(3, 2).requires_grad_(False), nn.Linear(3, 2), None),  # the one call is not of all points
        (nn.Linear(3, 2), nn.Linear(3, 2), None),
    ],
)
def test_other_layers_at_a_rare_point(left: nn.Module, right: nn.Module, chunk: int | None) -> None:
    network, x = made(Routed(-5.0, left, right)), one_apart()
    with pytest.raises(InputError, match="runs other layers for other points"):
        ntk(network, x, chunk=chunk)
    others = x[[0, *range(2, 10)]]
    expected = by_the_jacobian(network, others, others).diagonal(dim1=2, dim2=3).sum(-1)
    torch.testing.assert_close(ntk(network, others, chunk=chunk), expected, rtol=1e-12, atol=1e-14)


class Added(nn.Module):
    """A layer of one matrix that runs at all points, and another at some."""

    def __init__(self) -> None:
        super().__init__()
        self.always, self.seldom = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.always(x)
        return y + self.seldom(x) * (x[:, :1] < -5) if (x[:, 0] < -5).any() else y


def test_a_layer_that_only_a_rare_point_runs() -> None:
    """Where the matrices that are listened at are the same at all points, and one more is reached at some."""
    with pytest.raises(InputError, match="runs other layers for other points"):
        ntk(made(Added()), one_apart(), chunk=1)


class Overwriting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = x * 1.0
        z = self.layer(y)
        y += z
        return y


@pytest.mark.parametrize(
    ("network", "arguments", "message"),
    [
        (lambda x: x, {}, "`features` must be a torch module"),
        (nn.Tanh(), {}, "no parameter that requires a gradient"),
        (nn.BatchNorm1d(3), {}, "train mode"),
        (nn.Linear(4, 3), {}, "could not take one"),
        (nn.Linear(3, 2), {"outputs": "mean"}, '"sum" or "full"'),
        (nn.Linear(3, 2), {"chunk": 0}, "`chunk` must be"),
        (nn.Linear(3, 2), {"x": torch.ones(3)}, r"`x` must be points \(N, ...\), not \(3,\): x\[None\]"),
        (nn.Linear(3, 2), {"x": np.ones((4, 3))}, r"`x` must be a torch tensor .*, not ndarray: torch\.as_tensor\(x\)"),
        (nn.Linear(3, 2), {"y": np.ones((4, 3))}, r"`y` must be a torch tensor .*, not ndarray: torch\.as_tensor\(y\)"),
        (nn.Linear(3, 2), {"chunk": 2.5}, "`chunk` must be a positive number of points, a whole one, not 2.5"),
        (nn.Linear(3, 2), {"x": torch.full((1, 3), math.nan)}, "must be finite"),
        (nn.Linear(3, 2), {"y": torch.ones(2, 4)}, r"`y` must be finite torch.float64 points \(M, 3\)"),
        (nn.Linear(3, 2), {"output": torch.sum}, "`output` must make"),
        (Overwriting(), {}, "writes into the input of a layer"),
    ],
)
def test_kernels_that_cannot_be_meant(network: nn.Module, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        ntk(network, **{"x": normal(4, 3), **arguments})
