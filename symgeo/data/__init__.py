"""Datasets by name, as NumPy arrays.

`load("sinusoid")`, `load("digits")`, `load("mnist", folder)`, `load("cifar10")`: images are rows of pixels in [0, 1].
The first two need no file; MNIST and CIFAR-10 are read in their official formats, and nothing is ever unpickled.
"""

from symgeo.data.dataset import Dataset, Part
from symgeo.data.loading import NAMES, load

__all__ = ["NAMES", "Dataset", "Part", "load"]
