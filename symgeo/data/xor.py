"""Exclusive or: the four corners (+-1, +-1) of a square, class 1 where the signs differ.

Four points are all there is: the test part is the training part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part


def load_xor(dtype: DTypeLike = np.float64) -> Dataset:
    """The four points."""
    x = np.array([[-1, -1], [1, 1], [-1, 1], [1, -1]], dtype=dtype)
    part = Part(x, np.array([0, 0, 1, 1], dtype=np.int64))
    return Dataset("xor", part, part, ("same sign", "other sign"), (2,), source="the four points of exclusive or")
