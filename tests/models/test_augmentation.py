"""Random views: what may come out, that all of it does, and that chance is the generator's alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.models.augmentation import augmented


def pixels(count: int, side: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3 * side**2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def view(x: torch.Tensor, kind: str, seed: int = 0) -> torch.Tensor:
    return augmented(x, kind, torch.Generator().manual_seed(seed))


def crops(image: np.ndarray) -> list[np.ndarray]:
    """Every crop of the image with a black frame of an eighth of its side, and every mirror image of one."""
    side = image.shape[1]
    frame = side // 8
    padded = np.pad(image, ((0, 0), (frame, frame), (frame, frame)))
    found = [padded[:, i : i + side, j : j + side] for i in range(2 * frame + 1) for j in range(2 * frame + 1)]
    return found + [crop[:, :, ::-1] for crop in found]


@settings(deadline=None, derandomize=True, max_examples=20)
@given(seed=st.integers(0, 2**32), side=st.sampled_from([8, 16]))
def test_a_crop_and_flip_is_one_of_all_there_are(seed, side):
    x = pixels(4, side, seed)
    for image, row in zip(x.numpy().reshape(4, 3, side, side), view(x, "crop-flip", seed).numpy(), strict=True):
        assert any(np.array_equal(row.reshape(3, side, side), crop) for crop in crops(image))


def test_every_crop_comes_equally_often():
    image = pixels(1).numpy().reshape(3, 8, 8)
    places = {crop.tobytes(): place for place, crop in enumerate(crops(image))}
    count = 18 * 400
    drawn = view(pixels(1).expand(count, -1), "crop-flip").numpy()
    found = np.bincount([places[row.tobytes()] for row in drawn], minlength=18)
    # Chi squared with 17 degrees of freedom is above 50 once in 40,000 draws.
    assert ((found - 400) ** 2 / 400).sum() < 50


@pytest.mark.parametrize("kind", ["crop-flip", "views"])
def test_a_generator_that_is_put_back_gives_the_same_views(kind):
    x, generator = pixels(6), torch.Generator().manual_seed(3)
    state = generator.get_state()
    first, second = augmented(x, kind, generator), augmented(x, kind, generator)
    generator.set_state(state)
    assert torch.equal(augmented(x, kind, generator), first)
    assert torch.equal(augmented(x, kind, generator), second)
    assert not torch.equal(first, second)
    assert torch.equal(augmented(x, "none", generator), x)


def test_views_stay_pixels_and_some_are_grey():
    x = pixels(2000, 16)
    images = view(x, "views").reshape(2000, 3, 16, 16)
    assert images.min() >= 0
    assert images.max() <= 1
    grey = ((images[:, 0] - images[:, 1]).abs() < 1e-12).flatten(1).all(1).double().mean().item()
    assert abs(grey - 0.2) < 5 * (0.2 * 0.8 / 2000) ** 0.5
    assert not torch.allclose(images.flatten(1), x)


def test_a_view_is_a_part_of_the_image():
    """Of an image whose brightness is its column, a view's columns go on evenly, over 0.39 to 1 of the width."""
    side = 32
    ramp = torch.linspace(0.3, 0.6, side, dtype=torch.float64)
    x = ramp.expand(400, 3, side, side).flatten(1)
    images = view(x, "views", seed=5).reshape(400, 3, side, side)
    middle = images[:, 0, side // 2, 4:-4]  # off the edges, where the reflection begins
    steps = middle.diff(dim=1)
    assert (steps.std(1) < 1e-9).double().mean() > 0.95
    contrast = (steps.mean(1) / ramp.diff().mean()).abs()
    # sqrt(0.2 * 3/4) = 0.39 of the width at least, times brightness and contrast of 0.6 to 1.4 each.
    assert contrast.min() > 0.38 * 0.6**2
    assert contrast.max() < 1.4**2 + 1e-9
    mirrored = (steps.mean(1) < 0).double().mean().item()
    assert abs(mirrored - 0.5) < 5 * 0.5 / 20
