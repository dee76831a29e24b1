"""Two classes in the plane on either side of a sinusoid: y = 1[x2 > 3/5 sin(7 x1 - 1)], x uniform on [-1, 1]^2.

Source: "Neural networks learn to magnify areas near decision boundaries", arXiv:2301.11375, figure 1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part

_TRAIN = 400
_TEST = 2000


def sinusoid_boundary(x1: Float[np.ndarray, "*points"]) -> Float[np.ndarray, "*points"]:
    """The height x2 = 3/5 sin(7 x1 - 1) of the true boundary above x1."""
    return 0.6 * np.sin(7 * x1 - 1)


def load_sinusoid(seed: int = 0, dtype: DTypeLike = np.float64) -> Dataset:
    """400 points to learn from and 2,000 kept apart.

    Args:
        seed: of the points; the same seed gives the same points on every machine.
        dtype: of the inputs.
    """
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, size=(_TRAIN + _TEST, 2))
    y = (x[:, 1] > sinusoid_boundary(x[:, 0])).astype(np.int64)
    x = x.astype(dtype)
    return Dataset(
        name="sinusoid",
        train=Part(x[:_TRAIN], y[:_TRAIN]),
        test=Part(x[_TRAIN:], y[_TRAIN:]),
        classes=("below", "above"),
        shape=(2,),
        source=f"drawn with seed {seed}",
    )
