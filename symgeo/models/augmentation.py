r"""Random views of images, all of a batch at once, drawn from a generator that the caller keeps.

    "crop-flip"   moved by up to an eighth of the side in each direction (black comes in), mirrored half of the time:
                  what supervised trainings on CIFAR-10 see
    "views"       a crop of 0.2 to 1 of the area with sides in ratios from 3/4 to 4/3, brought back to full size,
                  mirrored half of the time; in 4 of 5, brightness and contrast times 0.6 to 1.4, saturation times 0.8
                  to 1.2; grey in 1 of 5: what Barlow Twins sees, but for its blur, its hues and its solarisation

Numbers are drawn on the CPU, so that every device sees the same images, and in the same order for every batch size.

Source: the published settings of arXiv:1512.03385 (crop-flip) and arXiv:2103.03230 (views).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

Images = Float[Tensor, "batch 3 side side"]

# Of red, green and blue in the brightness of a pixel (ITU-R BT.601).
_BRIGHTNESS = (0.299, 0.587, 0.114)


def augmented(x: Float[Tensor, "batch d"], kind: str, generator: torch.Generator) -> Float[Tensor, "batch d"]:
    """A random view of each row of pixels.

    Args:
        x: rows of square images of three channels.
        kind: "none" returns the rows as they are and draws nothing; "crop-flip" or "views", see the module.
        generator: on the CPU; moved on.
    """
    if kind == "none":
        return x
    side = math.isqrt(x.shape[1] // 3)
    return AUGMENTATIONS[kind](x.unflatten(1, (3, side, side)), generator).flatten(1)


def _crop_flip(images: Images, generator: torch.Generator) -> Images:
    batch, _, side, _ = images.shape
    reach = side // 8
    moves = torch.randint(2 * reach + 1, (2, batch), generator=generator).to(images.device)
    flips = _draws(batch, generator, images) < 0.5
    ticks = torch.arange(side, device=images.device)
    rows = moves[0, :, None] + ticks
    columns = moves[1, :, None] + torch.where(flips[:, None], side - 1 - ticks, ticks)
    padded = pad(images, (reach,) * 4)
    number = torch.arange(batch, device=images.device)[:, None, None, None]
    channel = torch.arange(3, device=images.device)[:, None, None]
    return padded[number, channel, rows[:, None, :, None], columns[:, None, None, :]]


def _view(images: Images, generator: torch.Generator) -> Images:
    batch = len(images)

    def between(low: float, high: float) -> Float[Tensor, " batch"]:
        return low + (high - low) * _draws(batch, generator, images)

    area, ratio = between(0.2, 1), between(math.log(3 / 4), math.log(4 / 3)).exp()
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    # In the coordinates of grid_sample the image is [-1, 1]^2 and the crop has half the sides width and height.
    across, down = between(-1, 1) * (1 - width), between(-1, 1) * (1 - height)
    mirror = torch.where(between(0, 1) < 0.5, -1.0, 1.0)
    zero = torch.zeros_like(across)
    theta = torch.stack([torch.stack([mirror * width, zero, across], 1), torch.stack([zero, height, down], 1)], 1)
    grid = affine_grid(theta, list(images.shape), align_corners=False)
    images = grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    jittered = between(0, 1) < 0.8
    brightness, contrast, saturation = between(0.6, 1.4), between(0.6, 1.4), between(0.8, 1.2)
    images = _mixed(images, 0, torch.where(jittered, brightness, 1))
    images = _mixed(images, _grey(images).mean((1, 2, 3), keepdim=True), torch.where(jittered, contrast, 1))
    colour = torch.where(between(0, 1) < 0.2, 0, torch.where(jittered, saturation, 1))
    return _mixed(images, _grey(images), colour)


def _draws(batch: int, generator: torch.Generator, like: Tensor) -> Float[Tensor, " batch"]:
    return torch.rand(batch, generator=generator, dtype=torch.float64).to(like)


def _grey(images: Images) -> Float[Tensor, "batch 1 side side"]:
    return (images * images.new_tensor(_BRIGHTNESS)[:, None, None]).sum(1, keepdim=True)


def _mixed(images: Images, other: Tensor | int, share: Float[Tensor, " batch"]) -> Images:
    """share * image + (1 - share) * other, within the range of pixels."""
    share = share[:, None, None, None]
    return (share * images + (1 - share) * other).clamp(0, 1)


AUGMENTATIONS: Mapping[str, Callable[[Images, torch.Generator], Images]] = MappingProxyType(
    {"crop-flip": _crop_flip, "views": _view}
)
"""Kind -> images and a generator to images."""
