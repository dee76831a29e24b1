"""The images that planes and lines go through: the first of each class that the trained network tells rightly.

A network of a short training errs on many images; a line from an image that it takes for another would show where it
errs, and not where it parts one class from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.errors import DataError, InputError
from symgeo.magnification.sections import Plane, outputs_at, plane_through
from symgeo.models import Run

_SHORT = {"automobile": "car", "airplane": "plane"}


@dataclass(frozen=True)
class Anchors:
    """Three test images and the plane through them.

    Attributes:
        plane: in the dtype that the network was trained in.
        inputs: the images as the network takes them, in that dtype.
        images: as they are drawn: rows, columns and, if there are any, colours.
        names: of their classes.
        classes: the names of all classes, the car's being short, as in the published figures.
        note: which data and which network, for a figure.
    """

    plane: Plane
    inputs: tuple[Float[Tensor, " d"], ...]
    images: tuple[Float[np.ndarray, "rows columns *colours"], ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    note: str


def anchors(run: Run, names: Sequence[str], data_folder: str | Path | None = None) -> Anchors:
    """The first test image of each of three classes that the run's last network tells rightly.

    Args:
        run: on images of three channels.
        names: of three classes.
        data_folder: where the data's files lie, as for `symgeo.data.load`.

    Raises:
        InputError: a run on other data.
        DataError: the data cannot be read, or the network tells no image of some class rightly.
    """
    if len(run.shape) != 3:
        raise InputError(f"`run` must be on photographs, not of {run.config.experiment}: {run.folder}")
    data, model = run.dataset(data_folder), run.model()
    dtype = next(model.parameters()).dtype
    inputs = []
    for name in names:
        label = run.classes.index(name)
        candidates = torch.from_numpy(data.test.inputs[data.test.labels == label]).to(dtype)
        right = (outputs_at(model, candidates).argmax(1) == label).nonzero()[:, 0]
        if not len(right):
            raise DataError(f"{run.folder}: the network tells no test image of a {name} rightly: train it longer")
        inputs.append(candidates[int(right[0])])
    return Anchors(
        plane_through(*inputs),
        tuple(inputs),
        tuple(image.reshape(run.shape).permute(1, 2, 0).numpy() for image in inputs),
        tuple(_SHORT.get(name, name) for name in names),
        tuple(_SHORT.get(name, name) for name in run.classes),
        f"{data.variant or 'CIFAR-10'}; {run.config.network_title}; seed {run.config.seed}",
    )
