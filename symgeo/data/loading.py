"""Datasets by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from symgeo.data.cifar import load_cifar10
from symgeo.data.dataset import Dataset
from symgeo.data.digits import load_digits
from symgeo.data.mnist import load_mnist
from symgeo.data.planar import load_planar
from symgeo.data.sinusoid import load_sinusoid
from symgeo.data.xor import load_xor
from symgeo.errors import InputError

NAMES = ("cifar10", "circles", "digits", "mnist", "moons", "sinusoid", "spiral", "xor")


def load(
    name: str = "digits", folder: str | Path | None = None, *, seed: int = 0, dtype: DTypeLike = np.float64
) -> Dataset:
    """The dataset of that name.

    Args:
        name: "xor", "sinusoid", "spiral", "circles" and "moons" (two classes in the plane), "digits" (8 x 8
            images, always there), "mnist" or "cifar10".
        folder: where the files of MNIST or CIFAR-10, or a folder of them, lie; `None` looks in $SYMGEO_DATA, then in
            the cache, then downloads. The other datasets read no files.
        seed: of points in the plane; the four of "xor" and images are not drawn.
        dtype: of the inputs, float64 or float32.

    Raises:
        InputError: the name is unknown, or the dtype is no float.
        DataError: a file is missing, damaged or not what its name says.
    """
    if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise InputError(f"`dtype` must be float64 or float32, not {np.dtype(dtype)}")
    match name:
        case "digits":
            return load_digits(dtype)
        case "cifar10":
            return load_cifar10(folder, dtype)
        case "mnist":
            return load_mnist(folder, dtype)
        case "sinusoid":
            return load_sinusoid(seed, dtype)
        case "spiral" | "circles" | "moons":
            return load_planar(name, seed, dtype)
        case "xor":
            return load_xor(dtype)
    raise InputError(f"`name` must be one of {', '.join(NAMES)}, not {name!r}")
