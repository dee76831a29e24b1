"""All comparisons, one after the other, and the trained networks that some of them need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from symgeo import data as datasets
from symgeo.crosscheck import shallow, wide
from symgeo.crosscheck.rows import Row
from symgeo.errors import DataError
from symgeo.models import Run, default_folder, experiment_config, train


@dataclass(frozen=True)
class Trained:
    """The trained networks of the table, and what there is to say about them."""

    sinusoid: Run
    images: Run
    notes: tuple[str, ...] = ()


def trained_runs(
    root: str | os.PathLike[str], data: str | None = None, folder: str | os.PathLike[str] | None = None
) -> Trained:
    """The quick runs under `root`, trained now where they are not there yet.

    Args:
        root: the folder of runs.
        data: "mnist" or "digits"; None takes MNIST where it can be had, else the digits, with a note.
        folder: where MNIST's files lie, as for `symgeo.data.load`.

    Raises:
        DataError: MNIST was asked for by name, or a folder was named for it, and it cannot be had.
    """
    notes: tuple[str, ...] = ()
    if data is None:
        data = "mnist"
        try:
            datasets.load(data, folder)
        except DataError as error:
            if folder is not None or os.environ.get("SYMGEO_DATA"):
                raise  # a folder that was named and does not serve is a mistake to mend
            data = "digits"
            notes = (f"MNIST was not at hand, scikit-learn's digits stand in for it: {error}",)
    config = experiment_config("mnist", data=data)
    sinusoid = train("sinusoid", folder=default_folder(experiment_config("sinusoid"), Path(root)))
    images = train("mnist", folder=default_folder(config, Path(root)), data=data, data_folder=folder)
    return Trained(sinusoid, images, notes)


def crosscheck(
    sinusoid: Run | None = None, images: Run | None = None, folder: str | os.PathLike[str] | None = None
) -> Iterator[Row]:
    """The rows of the cross-check table, as they are computed.

    Args:
        sinusoid: a trained two-input network; None leaves its rows out.
        images: a trained image network (MNIST or digits); None leaves its rows out.
        folder: where the images' files lie, as for `symgeo.data.load`.
    """
    yield from wide.rows()
    yield from shallow.rows()
    if sinusoid is not None:
        yield from shallow.sinusoid_rows(sinusoid)
    if images is not None:
        yield from shallow.mnist_rows(images, torch.from_numpy(three_images(images, folder)))


def three_images(run: Run, folder: str | os.PathLike[str] | None = None) -> np.ndarray:
    """The first test image of a 7, a 6 and a 1, as in the published planes."""
    test = run.dataset(folder).test
    return np.stack([test.inputs[np.flatnonzero(test.labels == digit)[0]] for digit in (7, 6, 1)])
