"""scikit-learn's handwritten digits: 1,797 images of 8 x 8 pixels, shipped with it, so always there.

Source: the test set of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI, 1998).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part
from symgeo.errors import DataError

_SHADES = 16
_TEST = 360  # a fifth


def load_digits(dtype: DTypeLike = np.float64) -> Dataset:
    """The digits as rows of 64 pixels in [0, 1]: 1,437 to learn from and 360 kept apart, drawn once and for all.

    Raises:
        DataError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as read
    except ImportError:
        raise DataError("the digits come with scikit-learn, which is not installed: pip install scikit-learn") from None
    pixels, labels = read(return_X_y=True)
    # The file is ordered by writer: a shuffled split gives both parts the same writers.
    order = np.random.default_rng(0).permutation(len(labels))
    pixels, labels = (pixels[order] / _SHADES).astype(dtype), labels[order].astype(np.int64)
    return Dataset(
        name="digits",
        train=Part(pixels[_TEST:], labels[_TEST:]),
        test=Part(pixels[:_TEST], labels[:_TEST]),
        classes=tuple("0123456789"),
        shape=(8, 8),
        source="scikit-learn's load_digits",
    )
