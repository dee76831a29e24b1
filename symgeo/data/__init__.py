"""Datasets by name, as NumPy arrays.

`load("sinusoid")`, `load("digits")`, `load("mnist", folder)`: images are rows of pixels in [0, 1]. The first two need
no file; MNIST is read in its official format, and nothing that is read is ever unpickled.
"""

from symgeo.data.dataset import Dataset, Part
from symgeo.data.loading import NAMES, load

__all__ = ["NAMES", "Dataset", "Part", "load"]
