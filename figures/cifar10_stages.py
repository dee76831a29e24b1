"""What each stage of a residual network does to the plane through a horse, a frog and a car.

The volume element that the stem, each of the four stages and the pooled features pull back to the plane, before
training and at its end.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.magnification.anchors import anchors
from symgeo.magnification.sections import stage_volumes
from symgeo.models import Run, load_run
from symgeo.plots import Corners, StageRow, stage_grid

EXPERIMENTS = ("cifar10",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "The volume element √det g of the plane through a horse, a frog and a car, pulled back from each stage of a "
    "residual network and from the mean over pixels of the last, before training and at its end. Every map has its own "
    "scale. One seed."
)
CLASSES = ("horse", "frog", "automobile")
TITLES = {"stage1": "stage 1", "stage2": "stage 2", "stage3": "stage 3", "stage4": "stage 4", "pool": "features"}


def draw(run: Run | str | Path, *, data_folder: str | Path | None = None, side: int = 41) -> Figure:
    """The stages' maps at the first and the last saved epoch.

    Args:
        run: a run of the experiment "cifar10" or "cifar10-relu", or its folder.
        data_folder: where CIFAR-10's files lie, as for `symgeo.data.load`.
        side: the maps are side x side points.

    Raises:
        InputError: a run on other data.
        DataError: there is no run, or the data cannot be read.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.architecture != "resnet":
        raise InputError(f"`run` must be of the experiment cifar10, not {run.config.experiment}: {run.folder}")
    found = anchors(run, CLASSES, data_folder)
    rows = []
    for epoch in (run.epochs[0], run.epochs[-1]):
        volumes = stage_volumes(run.model(epoch).features, found.plane, side, list(TITLES))
        rows.append(StageRow(f"epoch {epoch:,}", {TITLES[stage]: field for stage, field in volumes.items()}))
    corners = Corners(found.plane.corners, found.names, found.images)
    return stage_grid(rows, found.plane.extent, corners, note=found.note)
