"""Spirals, circles and moons: the curves that the points lie around."""

from __future__ import annotations

import numpy as np
import pytest

from symgeo.data import load


@pytest.mark.parametrize("name", ["spiral", "circles", "moons"])
def test_both_parts_hold_a_thousand_points_half_of_each_class_and_differ(name):
    data = load(name)
    for part in (data.train, data.test):
        assert part.inputs.shape == (1000, 2)
        assert np.bincount(part.labels).tolist() == [500, 500]
        assert part.labels[:20].std() > 0  # in random order
    assert not np.isin(data.train.inputs[:, 0], data.test.inputs[:, 0]).any()
    assert np.array_equal(load(name).train.inputs, data.train.inputs)
    assert not np.array_equal(load(name, seed=1).train.inputs, data.train.inputs)
    assert load(name, dtype="float32").train.inputs.dtype == np.float32


def residuals(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The least distance of each point to a fine drawing of its curve, in its own formula."""
    t = np.linspace(0, 2 * np.pi, 20_001)
    if name == "spiral":
        arm = np.stack([np.cos(t), np.sin(t)], axis=1) * (2 * t + np.pi)[:, None]
        curves = [arm, -arm]
    elif name == "circles":
        curves = [np.stack([np.cos(t), np.sin(t)], axis=1) * r for r in (1, 0.5)]
    else:
        upper = np.stack([np.cos(t / 2), np.sin(t / 2)], axis=1)
        curves = [upper, np.array([1, 0.5]) - upper]
    return np.array([np.hypot(*(curves[k] - p).T).min() for p, k in zip(x, y, strict=True)])


@pytest.mark.parametrize(("name", "noise"), [("spiral", 0.2), ("circles", 0.05), ("moons", 0.1)])
def test_the_points_lie_around_their_curves_as_far_as_the_noise(name, noise):
    data = load(name)
    r = residuals(name, data.train.inputs[:400], data.train.labels[:400])
    # Across a curve the noise is one Gaussian: its mean square is noise^2, within 4 standard errors; the ends of open
    # curves, where a point may lie beyond, and their curvature add a few per cent.
    assert np.mean(r**2) == pytest.approx(noise**2, rel=4 * np.sqrt(2 / 400) + 0.05)


def test_the_arms_of_the_spiral_are_filled_evenly_in_the_square_of_the_angle():
    data = load("spiral")
    radius = np.hypot(*data.train.inputs.T)
    u = ((radius - np.pi) / 2 / (2 * np.pi)) ** 2
    counts, _ = np.histogram(u[data.train.labels == 0], bins=5, range=(0, 1))
    assert np.all(np.abs(counts - 100) < 4 * np.sqrt(80) + 10)
