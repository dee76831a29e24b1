"""Where a network that learnt without labels magnifies the space of photographs: a dog, a frog and a car.

Along the lines from the car to the dog and to the frog, the length element of the features, and where the decision of a
linear probe changes; on the plane through the three, that decision, its entropy and the volume element. The probe is
fitted to the features of each epoch. After "Neural networks learn to magnify areas near decision boundaries",
arXiv:2301.11375.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.magnification.anchors import anchors
from symgeo.magnification.sections import section
from symgeo.models import Run, load_run
from symgeo.plots import Corners, section_grid

EXPERIMENTS = ("barlow-twins",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "A network trained by Barlow Twins, without labels; decisions are those of a linear probe of its features at each "
    "epoch. Left: along lines from a car to a dog and to a frog, the length element |dΦ(u)| of the features; dashed, "
    "where the decision changes. Right, on the plane through the three: the decision for mixtures of the three, its "
    "entropy, and the volume element √det g. Before training, midway, at the end. One seed."
)
CLASSES = ("automobile", "dog", "frog")
ENDS = ((0, 1), (0, 2))


def draw(run: Run | str | Path, *, data_folder: str | Path | None = None, side: int = 61) -> Figure:
    """The lines and the plane at the first saved epoch, the one nearest the middle, and the last.

    Args:
        run: a run of the experiment "barlow-twins", or its folder.
        data_folder: where CIFAR-10's files lie, as for `symgeo.data.load`.
        side: the maps are side x side points.

    Raises:
        InputError: a run of another experiment.
        DataError: there is no run, fewer than three epochs were saved, or the data cannot be read.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.objective != "barlow-twins":
        raise InputError(f"`run` must be of the experiment barlow-twins, not {run.config.experiment}: {run.folder}")
    found = anchors(run, CLASSES, data_folder)
    rows = [
        (f"epoch {epoch:,}", section(run.model(epoch), found.plane, side, ends=ENDS)) for epoch in run.three_epochs()
    ]
    corners = Corners(found.plane.corners, found.names, found.images)
    return section_grid(rows, found.plane.extent, corners, classes=found.classes, ends=ENDS, note=found.note)
