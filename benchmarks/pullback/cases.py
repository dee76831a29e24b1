"""The cases: a network, points, what is asked for, and the arithmetic that it cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn

from symgeo.models import ResNet


class Erf(nn.Module):
    """erf(z / sqrt 2)."""

    def forward(self, z: Tensor) -> Tensor:
        """Apply it place by place."""
        return torch.erf(z * 0.5**0.5)


ACTIVATIONS = (nn.Sigmoid, nn.Tanh, Erf, nn.ReLU)


class Block(nn.Module):
    """Two convolutions with batch normalisation around a skip."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """relu(path + skip)."""
        return torch.relu(self.path(x) + self.skip(x))


def perceptron(widths: tuple[int, ...], activation: type[nn.Module]) -> nn.Module:
    """Linear layers, each followed by the activation; weights of variance 1.5 / fan-in."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layer = nn.Linear(inputs, outputs)
        nn.init.normal_(layer.weight, std=(1.5 / inputs) ** 0.5)
        nn.init.normal_(layer.bias, std=0.5)
        layers += [layer, activation()]
    return nn.Sequential(*layers)


def resnet() -> nn.Module:
    """3x32x32 to 512 features, of full rank."""
    blocks = [Block(16, 32, 2), Block(32, 64, 2), Block(64, 128, 2)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1), nn.ReLU(), *blocks, nn.Flatten(), nn.Linear(2048, 512))


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Args:
        title: of the row.
        network: made after seeding.
        shape: of an input.
        quantity: what is asked for, as `systems` calls it.
        count: points for symgeo.
        slow: points for a slow system.
        unit: of the times.
        per: what a time is divided by: points, or the whole call.
        flops: of the matrix products without which there is no answer, for one point, or for all in one call.
        activations: transcendental functions for one point.
        dtype: of the computation.
    """

    title: str
    network: Callable[[], nn.Module]
    shape: tuple[int, ...]
    quantity: str
    count: int
    slow: int
    unit: str
    flops: float
    activations: int = 0
    per: str = "point"
    dtype: torch.dtype = torch.float64

    @cache  # noqa: B019  # a handful of cases, alive as long as the program
    def made(self) -> tuple[nn.Module, Tensor, tuple[Tensor, ...]]:
        """The network, its points (or coordinates in the plane), and the plane where there is one."""
        torch.manual_seed(0)
        network = self.network().eval().to(self.dtype)
        plane = tuple(torch.randn(3, *self.shape, dtype=self.dtype)) if "plane" in self.quantity else ()
        shape = (2,) if plane else self.shape
        return network, torch.rand(self.count, *shape, dtype=self.dtype) * 3 - 1.5, plane


def _convolutions(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Floating-point operations of one forward pass."""
    total = 0.0

    def add(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            total += 2 * layer.weight[0].numel() * output.numel()

    handles = [layer.register_forward_hook(add) for layer in network.modules()]
    with torch.no_grad():
        network.eval()(torch.zeros(1, *shape))
    for handle in handles:
        handle.remove()
    return total


def shallow() -> nn.Module:
    """2-250, sigmoid."""
    return perceptron((2, 250), nn.Sigmoid)


def deep() -> nn.Module:
    """2-64-64-64, tanh."""
    return perceptron((2, 64, 64, 64), nn.Tanh)


def wide() -> nn.Module:
    """784-2000, erf."""
    return perceptron((784, 2000), Erf)


def regressor() -> nn.Module:
    """100-256-256-1, tanh: 91 905 parameters."""
    return nn.Sequential(perceptron((100, 256, 256), nn.Tanh), nn.Linear(256, 1))


def cases() -> dict[str, Case]:
    """All rows, by name."""
    image = (3, 32, 32)
    forward = _convolutions(resnet(), image)
    n, widths = 512, (100, 256, 256, 1)
    kernel = sum(4 * n * i * o + n * n * (i + o) for i, o in pairwise(widths))
    us, ms, volume, curvature = "us/point", "ms", "metric, log det", "christoffel, R"
    return {
        "a": Case("a: metric + log det, 2-250 sigmoid", shallow, (2,), volume, 40_000, 10_000, us, 2500, 250),
        "b": Case("b: Christoffel + R, same", shallow, (2,), curvature, 40_000, 512, us, 4500, 250),
        "c1": Case("c: metric, 2-64-64-64 tanh", deep, (2,), "metric", 20_000, 4096, us, 256 + 6 * 8192 + 384, 192),
        "c2": Case("c: Christoffel + R, same", deep, (2,), curvature, 20_000, 512, us, 256 + 12 * 8192 + 1920, 192),
        "d1": Case(
            "d: log det of the 784 x 784 metric, 784-2000 erf",
            wide, (784,), "log det", 4, 1, ms, 2000 * 784 * 785 + 784**3 / 3 + 2 * 784 * 2000, 2000,
        ),
        "d2": Case("d: metric of a plane, same", wide, (784,), "plane metric", 4096, 256, us, 20_000, 2000),
        "e1": Case(
            "e: log pseudo-det, ResNet 3x32x32 to 512, float32",
            resnet, image, "log pseudo-det", 1, 1, ms, 512 * forward + 512 * 513 * 3072, dtype=torch.float32,
        ),
        "e2": Case(
            "e: metric of a plane, same", resnet, image, "plane metric", 64, 16, "ms/point", 3 * forward,
            dtype=torch.float32,
        ),
        "f": Case(
            f"f: empirical NTK, 91 905 parameters, {n} points", regressor, (100,), "ntk", n, n, ms, kernel,
            n * 512, per="call",
        ),
    }  # fmt: skip


def large() -> Case:
    """A network that nobody differentiates naively, for the passes that a plane through it costs."""
    return Case(
        "e: metric of a plane, ResNet-34 of 64 to 512 channels",
        lambda: ResNet(32, 10).features, (3072,), "plane metric", 16, 1, "ms/point", 0, dtype=torch.float32,
    )  # fmt: skip
