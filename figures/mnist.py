"""Where a network magnifies the space of digits: a line from a 7 to a 6, and the plane through a 7, a 6 and a 1.

Along the line, the length element of the hidden layer, |d Phi(x(t)) u| with |u| = 1, before training, midway and at the
end, and where the prediction changes. On the plane, the predicted digit, the entropy of the prediction and the volume
element that the hidden layer pulls back to the plane. After "Neural networks learn to magnify areas near decision
boundaries", arXiv:2301.11375.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.magnification.sections import plane_through, section
from symgeo.models import Run, load_run
from symgeo.plots import Corners, section_grid

EXPERIMENTS = ("mnist",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "Left: along a line from a 7 to a 6, the length element |dΦ(u)| of the hidden layer; dashed, where the "
    "predicted digit changes. Right, on the plane through a 7, a 6 and a 1, the triangle equilateral: the predicted "
    "digit of mixtures of the three, the entropy of the prediction, and the volume element √det g of the hidden "
    "layer. Before training, midway, at the end. One seed."
)
DIGITS = (7, 6, 1)


def draw(run: Run | str | Path, *, data_folder: str | Path | None = None, side: int = 61) -> Figure:
    """The line and the plane at the first saved epoch, the one nearest the middle, and the last.

    Args:
        run: a run of the experiment "mnist", or its folder.
        data_folder: where MNIST's files lie, as for `symgeo.data.load`.
        side: the maps are side x side points.

    Raises:
        InputError: a run on other data.
        DataError: there is no run, fewer than three epochs were saved, or the data cannot be read.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.data not in ("mnist", "digits"):
        raise InputError(f"`run` must be of the experiment mnist, not {run.config.experiment}: {run.folder}")
    test = run.dataset(data_folder).test
    images = [test.inputs[np.flatnonzero(test.labels == digit)[0]] for digit in DIGITS]
    plane = plane_through(*map(torch.from_numpy, images))
    rows = [
        (f"epoch {epoch:,}", section(run.model(epoch, dtype=torch.float64), plane, side))
        for epoch in run.three_epochs()
    ]
    corners = Corners(plane.corners, [str(digit) for digit in DIGITS], [image.reshape(run.shape) for image in images])
    return section_grid(rows, plane.extent, corners, classes=run.classes)
