"""Jets through operations, against reverse mode of reverse mode, which takes another way through torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.func import jacrev
from torch.nn import functional

from symgeo.errors import InputError
from symgeo.pullback.chart import Chart
from symgeo.pullback.pointwise import FORMULAS, POINTWISE, derivatives
from symgeo.pullback.propagation import propagate


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(network: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.3)
        for name, buffer in network.named_buffers():
            if name.endswith("running_var"):
                buffer.add_(1)
    return network.double().eval()


class Residual(nn.Module):
    """A block as people write them: normalised, in place, with a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.layer, self.batch_norm = nn.LayerNorm(width), nn.Linear(width, width), nn.BatchNorm1d(width)

    def forward(self, x: Tensor) -> Tensor:
        y = 1.5 * torch.tanh(self.layer(self.norm(x)))
        y += x
        return self.batch_norm(y)


class Images(nn.Module):
    """Convolutions with a branch, pooling and a softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, stride=2, groups=2)
        self.norm, self.group, self.last = nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.gelu(self.norm(self.first(x)))
        y = y + functional.silu(self.group(y))
        y = functional.avg_pool2d(y, 2)
        return functional.softmax(self.last(torch.flatten(y, 1)[:, :8]), -1)


class Recurrent(nn.Module):
    """A loop in time, written by torch itself."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = seeded(nn.GRU(4, 3, batch_first=True))

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0].flatten(1)


def assorted(x: Tensor) -> Tensor:
    parts = [
        x.sin() * x[:, :1],
        torch.stack([x[:, 0] ** 2, x[:, 1].exp() / (1 + x[:, 0] ** 2)], 1),
        torch.einsum("bi,bj->bij", x, x.cos()).flatten(1),
        x.norm(dim=1, keepdim=True),
        x.mean(1, keepdim=True).expand(-1, 3),
        functional.softplus(x) - x / 2,
        3 - x,
        x - x.sin(),
        x.sin() - x,
        x.roll(1, 1) * x,
        torch.where(x > 0, x.sin(), x**3),
    ]
    return torch.cat(parts, 1)


def reshaped(x: Tensor) -> Tensor:
    grid = torch.stack([x, x.sin(), torch.ones(len(x), 3, dtype=x.dtype)], 2)
    parts = [
        grid.transpose(1, 2).flatten(1),
        grid.permute(0, 2, 1)[:, 1:, ::2].flatten(1),
        grid.diagonal(dim1=1, dim2=2),
        grid[:, 1] * grid[:, :, 1],
        x.unsqueeze(1).squeeze(1) ** 2,
        x.index_select(1, torch.tensor([2, 0])),
        functional.softmax(grid.cos(), 1).flatten(1),
        functional.log_softmax(x * x, -1),
        torch.cat([x, normal(1, 2).expand(len(x), -1)], 1).exp(),
        torch.cat([x.T, x.T.sin()]).T,
    ]
    return torch.cat(parts, -1)


def solved(x: Tensor) -> Tensor:
    matrix = torch.eye(3, dtype=x.dtype) + x.sin()[:, :, None] * x[:, None] / 4
    return torch.cat([torch.linalg.solve(matrix, x), torch.linalg.det(matrix)[:, None]], 1)


def in_place(x: Tensor) -> Tensor:
    y = x * 2
    y += x.cos() * x
    y.sin_()
    return y.mul_(3)


def written(x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[:, 0] = x[:, 1].sin()
    y[:, 1] = x[:, 0] * x[:, 2]
    return y


def aliased(x: Tensor) -> Tensor:
    y = x.sin()
    z = y.view(-1, 3)
    z.add_(x)
    return y * 1.0


def divided(x: Tensor) -> Tensor:
    """By numbers of lower precision, and integers."""
    y = torch.cat([x, x.sin()], 1)
    return y / torch.tensor(3.0) + y / torch.arange(3, 9) + torch.sin(y / normal(6).float().abs()) / torch.tensor(7)


def instance_norm(x: Tensor) -> Tensor:
    return functional.instance_norm(torch.stack([x, x.sin()], 1)).flatten(1)


MAPS: dict[str, tuple[Callable[[Tensor], Tensor], tuple[int, ...]]] = {
    "shallow": (seeded(nn.Sequential(nn.Linear(3, 9), nn.Sigmoid())), (3,)),
    "shallow scaled": (lambda x: torch.erf(x @ normal(3, 4)) * 0.3 / 7, (3,)),
    "two pointwise": (lambda x: (x @ normal(3, 4)).sin().exp(), (3,)),
    "deep": (seeded(nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8, bias=False), nn.SiLU())), (3,)),
    "residual": (seeded(nn.Sequential(nn.Linear(3, 8), Residual(8), nn.ELU(), Residual(8))), (3,)),
    "images": (seeded(Images()), (2, 5, 5)),
    "convolution": (seeded(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ELU(), nn.Flatten())), (2, 4, 4)),
    "smooth activations": (seeded(nn.Sequential(nn.Linear(3, 6), nn.Softplus(), nn.GELU(), nn.LogSigmoid())), (3,)),
    "assorted": (assorted, (3,)),
    "reshaped": (reshaped, (3,)),
    "solve": (solved, (3,)),
    "in place": (in_place, (3,)),
    "written into": (written, (3,)),
    "aliased": (aliased, (3,)),
    "divided": (divided, (3,)),
    "instance norm": (instance_norm, (3,)),
    "identity": (lambda x: x, (3,)),
    "affine": (lambda x: 2 * x + 1, (3,)),
    "constant": (lambda x: torch.ones(len(x), 2, dtype=x.dtype), (3,)),
    "logsumexp": (lambda x: torch.logsumexp(x, 1, keepdim=True), (3,)),
    "recurrent": (Recurrent(), (2, 4)),
}


def reverse(
    function: Callable[[Tensor], Tensor], inputs: Tensor, tangents: Tensor
) -> tuple[list[Tensor], list[Tensor]]:
    firsts, seconds = [], []
    for point in inputs:

        def one(p: Tensor) -> Tensor:
            return function(p[None])[0]

        flat, size = tangents.flatten(1), point.numel()
        jacobian = jacrev(one)(point).reshape(-1, size)
        hessian = jacrev(jacrev(one))(point).reshape(-1, size, size)
        firsts.append(torch.einsum("ai,ni->an", flat, jacobian))
        upper, lower = torch.triu_indices(len(flat), len(flat))
        seconds.append(torch.einsum("ai,bj,nij->abn", flat, flat, hessian)[upper, lower])
    return firsts, seconds


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("section", [False, True])
@pytest.mark.parametrize("name", MAPS)
def test_jets_against_reverse_mode(name: str, section: bool, batch: int) -> None:
    function, shape = MAPS[name]
    chart = Chart(shape, normal(*shape, seed=1), normal(2, *shape, seed=2)) if section else Chart(shape)
    coordinates = normal(batch, chart.dimension, seed=3)
    with torch.no_grad():
        jet = propagate(function, chart, coordinates, 2)
        slopes = propagate(function, chart, coordinates, 1)
        first, second = reverse(function, chart.inputs(coordinates), chart.tangents(coordinates))
    for ours, theirs in ((jet.first, first), (jet.second, second), (slopes.first, first)):
        expected = torch.stack(theirs, 1)
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-13 * (1 + expected.abs().max().item()))


def test_a_transformer_layer_against_differences() -> None:
    """Its fused attention has no second derivative in torch at all."""
    layer = seeded(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, activation="gelu"))
    chart, x, h = Chart((3, 4)), normal(1, 12, seed=4), 1e-5

    def first(at: Tensor) -> Tensor:
        return propagate(lambda y: layer(y).flatten(1), chart, at, 1).first

    with torch.no_grad():
        second = propagate(lambda y: layer(y).flatten(1), chart, x, 2).second
        upper, lower = torch.triu_indices(12, 12)
        steps = h * torch.eye(12, dtype=torch.float64)
        slopes = torch.stack([(first(x + step) - first(x - step)) / (2 * h) for step in steps])
    torch.testing.assert_close(second, slopes[upper, lower], rtol=0, atol=1e-8 * second.abs().max().item())
    assert torch.backends.mha.get_fastpath_enabled()


def test_what_torch_differentiates_wrongly_is_refused() -> None:
    """Writing into a tensor leaves the map to torch, whose second derivative of layer_norm is wrong."""

    def function(x: Tensor) -> Tensor:
        return functional.layer_norm(written(x), (3,))

    x = normal(2, 3)
    assert propagate(function, Chart((3,)), x, 1).first.shape == (3, 2, 3)
    with pytest.raises(InputError, match=r"writes into tensors.*native_layer_norm"):
        propagate(function, Chart((3,)), x, 2)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_formulas_for_derivatives(name: str) -> None:
    function = getattr(torch.ops.aten, name)
    z = torch.linspace(-6, 6, 41, dtype=torch.float64)
    value, slope, bend = derivatives(name, function, z, 2)
    by_pulling = derivatives("none of them", function, z, 2)
    value = value if isinstance(value, Tensor) else value()
    for ours, theirs in zip((value, slope, bend), by_pulling, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)  # pyright: ignore


@pytest.mark.parametrize("name", sorted(POINTWISE - {"_prelu_kernel", "hardsigmoid", "hardswish"}))
def test_every_pointwise_function_is_one(name: str) -> None:
    """Its derivative along ones is its slope at each place, whatever stands elsewhere."""
    arguments = {"pow": (2.5,), "clamp": (0.3, 0.7), "clamp_min": (0.5,), "clamp_max": (0.5,), "threshold": (0.5, 0.1)}

    def function(z: Tensor) -> Tensor:
        return getattr(torch.ops.aten, name)(z, *arguments.get(name, ()))

    shift = 1.0 if name == "acosh" else 0.0
    z, h = torch.tensor([0.11, 0.35, 0.62, 0.83], dtype=torch.float64) + shift, 1e-5
    _, slope, bend = derivatives(name, function, z, 2)
    one_by_one = torch.stack([(function(z + h) - function(z - h)) / (2 * h), slope])
    torch.testing.assert_close(one_by_one[0], one_by_one[1], rtol=1e-6, atol=1e-8)
    up, down = (derivatives(name, function, z + s * h, 1)[1] for s in (1, -1))
    torch.testing.assert_close((up - down) / (2 * h), bend, rtol=1e-6, atol=1e-8)
    alone = torch.stack([derivatives(name, function, place[None], 2)[2][0] for place in z])
    torch.testing.assert_close(alone, bend, rtol=1e-12, atol=0)


def test_an_input_written_into_before_an_operation_that_stops_jets() -> None:
    """The second attempt starts from the input, not from what the first made of it."""

    def function(x: Tensor) -> Tensor:
        y = (x * 1.0).mul_(2)
        z = torch.empty_like(y)
        z.copy_(y.sin())
        return z + y**2

    x = normal(3, 2)
    with torch.no_grad():
        jet = propagate(function, Chart((2,)), x, 2)
        first, second = reverse(lambda t: (2 * t).sin() + 4 * t**2, x, torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(jet.first, torch.stack(first, 1))
    torch.testing.assert_close(jet.second, torch.stack(second, 1))


def test_the_first_layer_of_a_section_is_not_confused_with_another() -> None:
    """Matrices made anew at every call may lie where an older one lay."""
    seed, chart = normal(5, 6), Chart((5,), normal(5, seed=1), normal(2, 5, seed=2))

    def function(x: Tensor) -> Tensor:
        return torch.cat([x @ (seed * i / 20).exp() for i in range(6)], 1).sin()

    t = normal(3, 2, seed=3)
    with torch.no_grad():
        first, _ = reverse(function, chart.inputs(t), chart.tangents(t))
        for _ in range(2):
            torch.testing.assert_close(propagate(function, chart, t, 1).first, torch.stack(first, 1))
        seed.mul_(2)
        first, _ = reverse(function, chart.inputs(t), chart.tangents(t))
        torch.testing.assert_close(propagate(function, chart, t, 1).first, torch.stack(first, 1))
