r"""Residual networks for small images: He, Zhang, Ren and Sun's basic blocks on a stem of 3 x 3 without pooling.

    block(h) = phi(N(C(phi(N(C h)))) + shortcut(h)),    f(x) = V Phi(x) + c,    Phi(x) = mean over pixels of stage 4

with 3 x 3 convolutions C and batch normalisation N; the first block of every stage but the first halves the sides, and
its shortcut is a 1 x 1 convolution and N. The activation phi is the same everywhere. Blocks (3, 4, 6, 3) of widths
(64, 128, 256, 512) are ResNet-34; (1, 1, 1, 1) are ResNet-10.

The network takes rows of pixels in [0, 1], as `symgeo.data` has them, and standardises them itself: geometry on its
inputs is in units of the range of a pixel. `features` is Phi; its parts `stem`, `stage1` to `stage4` and `pool` are
layers for `Pullback.layers`.

Source: "Deep residual learning for image recognition", arXiv:1512.03385, with CIFAR's stem.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.models.activations import activation_module

# Of CIFAR-10's training pixels, channel by channel; the usual values.
MEAN = (0.4914, 0.4822, 0.4465)
DEVIATION = (0.2470, 0.2435, 0.2616)
STAGES = ("stage1", "stage2", "stage3", "stage4")


class Standardise(nn.Module):
    """Rows of pixels as images whose channels have mean 0 and deviation 1 over CIFAR-10."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.shape = (3, side, side)

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch 3 side side"]:
        """(x - mean) / deviation."""
        mean, deviation = (x.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return (x.unflatten(1, self.shape) - mean) / deviation


class Block(nn.Module):
    """Two convolutions and a shortcut past them."""

    def __init__(self, inputs: int, outputs: int, stride: int, activation: str) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            _convolution(inputs, outputs, 3, stride),
            nn.BatchNorm2d(outputs),
            activation_module(activation),
            _convolution(outputs, outputs, 3, 1),
            nn.BatchNorm2d(outputs),
        )
        plain = stride == 1 and inputs == outputs
        self.shortcut = (
            nn.Identity() if plain else nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        )
        self.activation = activation_module(activation)

    def forward(self, h: Float[Tensor, "batch inputs rows columns"]) -> Float[Tensor, "batch outputs _ _"]:
        """phi(branch(h) + shortcut(h))."""
        return self.activation(self.branch(h) + self.shortcut(h))


class Pool(nn.Module):
    """The mean over all pixels, channel by channel."""

    def forward(self, h: Float[Tensor, "batch n rows columns"]) -> Float[Tensor, "batch n"]:
        """The means."""
        return h.mean((2, 3))


class ResNet(nn.Module):
    """A residual network of four stages and a linear readout.

    Args:
        side: of the square images, of three channels.
        outputs: how many classes.
        widths: channels in each stage; the stem has as many as the first.
        blocks: in each stage.
        activation: everywhere; `symgeo.models.ACTIVATIONS` lists the names.
        generator: what the initial weights are drawn from; `None` draws from a new generator with seed 0.
        dtype: of the weights.

    Attributes:
        features: (batch, 3 side^2) -> (batch, n), Phi.
        readout: (batch, n) -> (batch, outputs).

    Raises:
        InputError: widths and blocks that are not four each, or an unknown activation.
    """

    def __init__(
        self,
        side: int,
        outputs: int,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        blocks: Sequence[int] = (3, 4, 6, 3),
        activation: str = "gelu",
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if len(widths) != 4 or len(blocks) != 4 or min(*widths, *blocks) < 1:
            raise InputError(
                f"`widths` and `blocks` must be four numbers each, 1 or more, not {tuple(widths)} and {tuple(blocks)}"
            )
        stem = nn.Sequential(
            Standardise(side),
            _convolution(3, widths[0], 3, 1),
            nn.BatchNorm2d(widths[0]),
            activation_module(activation),
        )
        parts: OrderedDict[str, nn.Module] = OrderedDict(stem=stem)
        before = widths[0]
        for number, (name, width, count) in enumerate(zip(STAGES, widths, blocks, strict=True)):
            first = Block(before, width, 1 if number == 0 else 2, activation)
            parts[name] = nn.Sequential(first, *(Block(width, width, 1, activation) for _ in range(count - 1)))
            before = width
        parts["pool"] = Pool()
        self.features = nn.Sequential(parts)
        self.readout = nn.utils.skip_init(nn.Linear, before, outputs)
        self._frozen = False
        self._initialise(generator or torch.Generator().manual_seed(0))
        self.to(dtype)
        if dtype == torch.float32:  # the layout in which convolutions are fastest; it changes no result
            self.to(memory_format=torch.channels_last)

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch classes"]:
        """The outputs f(x)."""
        return self.readout(self.features(x))

    def train(self, mode: bool = True) -> ResNet:
        """The mode; frozen features go on normalising by the statistics that they have."""
        super().train(mode)
        if self._frozen:
            self.features.eval()
        return self

    def freeze_features(self) -> None:
        """From now on only the readout learns."""
        self._frozen = True
        self.features.requires_grad_(False).eval()

    @torch.no_grad()
    def _initialise(self, generator: torch.Generator) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # He's: the variance of gradients is kept
                fan_out = layer.out_channels * layer.kernel_size[0] * layer.kernel_size[1]
                layer.weight.normal_(0, math.sqrt(2 / fan_out), generator=generator)
            elif isinstance(layer, nn.Linear):
                bound = 1 / math.sqrt(layer.in_features)
                for parameter in (layer.weight, layer.bias):
                    parameter.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def settle_statistics(features: nn.Module, x: Float[Tensor, "batch d"], batch: int = 500) -> None:
    """Give the normalisations the mean and variance of these points in place of 0 and 1.

    Before any training the running statistics are those of no data at all: in evaluation the features would then be
    those of another network than the one that training starts from. Plain averages over batches.

    Args:
        features: its batch normalisations are changed in place; without any, nothing is done.
        x: points.
        batch: points at once.
    """
    norms = [layer for layer in features.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    if not norms:
        return
    momenta, training = [layer.momentum for layer in norms], features.training
    for layer in norms:
        layer.reset_running_stats()
        layer.momentum = None  # torch's sign for a plain average
    features.train()
    for part in x.split(batch):
        features(part)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    features.train(training)


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Conv2d:
    """A convolution whose weights are yet to be drawn: its own draw would move torch's global generator."""
    layer = nn.utils.skip_init(
        nn.Conv2d, inputs, outputs, kernel_size=size, stride=stride, padding=size // 2, bias=False
    )
    assert isinstance(layer, nn.Conv2d)
    return layer
