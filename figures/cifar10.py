"""Where a residual network magnifies the space of photographs: the plane through a horse, a frog and a car.

Along the line from the horse to the frog, the length element of the features, |d Phi(x(t)) u| with |u| = 1, before
training, midway and at the end, and where the prediction changes. On the plane, the prediction, its entropy and the
volume element that the features pull back to the plane. After "Neural networks learn to magnify areas near decision
boundaries", arXiv:2301.11375.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.magnification.anchors import anchors
from symgeo.magnification.sections import section
from symgeo.models import Run, load_run
from symgeo.plots import Corners, section_grid

EXPERIMENTS = ("cifar10",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "Left: along a line from a horse to a frog, the length element |dΦ(u)| of the features of a residual network; "
    "dashed, where the prediction changes. Right, on the plane through a horse, a frog and a car, the triangle "
    "equilateral: the prediction for mixtures of the three, its entropy, and the volume element √det g of the "
    "features. Before training, midway, at the end. The images are the first test images of their classes that the "
    "trained network tells rightly. One seed."
)
CLASSES = ("horse", "frog", "automobile")


def draw(run: Run | str | Path, *, data_folder: str | Path | None = None, side: int = 61) -> Figure:
    """The line and the plane at the first saved epoch, the one nearest the middle, and the last.

    Args:
        run: a run of the experiment "cifar10" or "cifar10-relu", or its folder.
        data_folder: where CIFAR-10's files lie, as for `symgeo.data.load`.
        side: the maps are side x side points.

    Raises:
        InputError: a run on other data.
        DataError: there is no run, fewer than three epochs were saved, or the data cannot be read.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.objective != "classification" or run.config.data != "cifar10":
        raise InputError(f"`run` must be of the experiment cifar10, not {run.config.experiment}: {run.folder}")
    found = anchors(run, CLASSES, data_folder)
    rows = [(f"epoch {epoch:,}", section(run.model(epoch), found.plane, side)) for epoch in run.three_epochs()]
    corners = Corners(found.plane.corners, found.names, found.images)
    return section_grid(rows, found.plane.extent, corners, classes=found.classes, note=found.note)
