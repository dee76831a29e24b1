"""What a dataset is: two parts of labelled points, and what the labels mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from symgeo.errors import DataError, InputError


@dataclass(frozen=True)
class Part:
    """Labelled points: `inputs[i]` belongs to class number `labels[i]`."""

    inputs: Float[np.ndarray, "batch d"]
    labels: Int64[np.ndarray, " batch"]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int | None) -> Part:
        """The first `count` points; all of them for `None`.

        Raises:
            InputError: `count` is not between 1 and the number of points.
        """
        if count is None:
            return self
        if not 1 <= count <= len(self):
            raise InputError(f"`count` must lie between 1 and {len(self)} (the points there are), not {count}")
        return Part(self.inputs[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """A training and a test part over the same classes.

    Attributes:
        name: what `load` calls it.
        train: the points to learn from.
        test: the points kept apart.
        classes: the name of each class; labels index it.
        shape: the shape of one input before it was flattened to d numbers: (2,), (28, 28).
        source: where the data came from, in words.
        variant: what sets the files apart from the official ones, in words that a figure repeats; empty if nothing.
    """

    name: str
    train: Part
    test: Part
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    source: str
    variant: str = ""

    def __post_init__(self) -> None:
        for kind, part in (("training", self.train), ("test", self.test)):
            if len(part.inputs) != len(part.labels):
                raise DataError(
                    f"{self.source}: {len(part.inputs)} {kind} inputs but {len(part.labels)} labels: "
                    "the files do not belong together"
                )
            if part.labels.min() < 0 or part.labels.max() >= len(self.classes):
                first = int(np.flatnonzero((part.labels < 0) | (part.labels >= len(self.classes)))[0])
                raise DataError(
                    f"{self.source}: {kind} label {part.labels[first]} of point {first} is not between 0 and "
                    f"{len(self.classes) - 1}: the file is damaged or not of this dataset"
                )
