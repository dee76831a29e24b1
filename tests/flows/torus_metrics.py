"""Metrics on a torus for the tests: smooth, far from flat, in general position."""

from __future__ import annotations

import numpy as np

from symgeo.flows import PeriodicGrid


def wavy(grid: PeriodicGrid, size: float = 0.1, seed: int = 0) -> np.ndarray:
    """A constant metric plus waves of the lowest modes, with amplitudes up to about `size`."""
    random = np.random.default_rng(seed)
    d, x = grid.dimension, grid.points()
    g = np.zeros((d, d, *grid.shape))
    for i in range(d):
        for j in range(i + 1):
            wave = 0.0
            for _ in range(2):
                k = random.integers(-1, 2, size=d)
                wave = wave + random.uniform(-size, size) * np.cos(np.tensordot(k, x, 1) + random.uniform(0, 2 * np.pi))
            g[i, j] = g[j, i] = wave + (1 + 0.2 * i if i == j else 0)
    return g
