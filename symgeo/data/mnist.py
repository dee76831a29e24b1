"""MNIST: 60,000 + 10,000 handwritten digits of 28 x 28 pixels (LeCun, Cortes and Burges), in the official IDX files.

Where the files are looked for is said in `symgeo.data.official`; a folder may hold the four files or a folder `mnist`
of them. They are held to the format, the counts and the range of the labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, Int64
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part
from symgeo.data.idx import read_idx
from symgeo.data.official import VARIABLE, cache_folder, download, named_home
from symgeo.errors import DataError

SIDE = 28
TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

# SHA-256 of the files as first published; TensorFlow Datasets and others pin the same values.
OFFICIAL = {
    TRAIN_IMAGES: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    TRAIN_LABELS: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    TEST_IMAGES: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    TEST_LABELS: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def load_mnist(folder: str | Path | None = None, dtype: DTypeLike = np.float64) -> Dataset:
    """MNIST as rows of 784 pixels in [0, 1].

    Args:
        folder: where the four files, or a folder `mnist` of them, lie; `None` looks in $SYMGEO_DATA, then in the
            cache, then downloads.
        dtype: of the inputs. All of MNIST is 439 MB in float64 and half of that in float32.

    Raises:
        DataError: a file is missing, damaged or not what its name says, or cannot be downloaded.
    """
    home = _home(folder)
    train = _part(home / TRAIN_IMAGES, home / TRAIN_LABELS, 60_000, dtype)
    test = _part(home / TEST_IMAGES, home / TEST_LABELS, 10_000, dtype)
    return Dataset("mnist", train, test, tuple("0123456789"), (SIDE, SIDE), source=str(home))


def _part(images: Path, labels: Path, count: int, dtype: DTypeLike) -> Part:
    digits: Int64[np.ndarray, " batch"] = read_idx(labels, (count,)).astype(np.int64)
    if digits.max() > 9:
        first = int(np.argmax(digits > 9))
        raise DataError(f"{labels}: label {digits[first]} of image {first} is no digit: the file is damaged")
    pixels: Float[np.ndarray, "batch 784"] = read_idx(images, (count, SIDE, SIDE)).reshape(count, -1).astype(dtype)
    pixels /= 255
    return Part(pixels, digits)


def _home(folder: str | Path | None) -> Path:
    """The folder that holds the four files: the one named, $SYMGEO_DATA, or the cache."""
    named = named_home("MNIST", list(OFFICIAL), ["mnist"], folder)
    if named is not None:
        return named
    cache = cache_folder("MNIST", "mnist")
    for name, checksum in OFFICIAL.items():
        # What else lies there than downloads the user put there.
        if not (cache / name).exists():
            cure = f"copy the four .gz files into {cache}, or into a folder named by ${VARIABLE}"
            download(MIRRORS, name, checksum, cache, cure)
    return cache
