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
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from symgeo.errors import DataError, InputError
from symgeo.magnification.measure import entropy
from symgeo.magnification.sections import Plane, plane_through
from symgeo.models import Run, load_run
from symgeo.plots import SectionRow, section_grid
from symgeo.pullback import Pullback

EXPERIMENTS = ("mnist",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "Left: along a line from a 7 to a 6, the length element |dΦ(u)| of the hidden layer; dashed, where the "
    "predicted digit changes. Right, on the plane through a 7, a 6 and a 1, the triangle equilateral: the predicted "
    "digit, the entropy of the prediction, and the volume element √det g of the hidden layer. Before training, "
    "midway, at the end. One seed."
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
    if len(run.epochs) < 3:
        raise DataError(f"{run.folder}: the training was stopped before its third saved epoch: train on")
    first, *between, last = run.epochs
    epochs = (first, min(between, key=lambda epoch: abs(epoch - last / 2)), last)
    test = run.dataset(data_folder).test
    corners = [torch.from_numpy(test.inputs[np.flatnonzero(test.labels == digit)[0]]) for digit in DIGITS]
    plane = plane_through(*corners)
    rows = [_section(run, epoch, plane, side) for epoch in epochs]
    names = [str(digit) for digit in DIGITS]
    return section_grid(rows, plane.extent, plane.corners, names, classes=run.classes)


def _section(run: Run, epoch: int, plane: Plane, side: int) -> SectionRow:
    model = run.model(epoch, dtype=torch.float64)
    grid = plane.grid(side)
    outputs = model(plane.inputs(grid.reshape(-1, 2)))
    geo = Pullback(model.features).on_plane(plane.origin, plane.u, plane.v)
    t = torch.linspace(0, 1, 121, dtype=torch.float64)
    start, end = plane.vertex(0), plane.vertex(1)
    length = torch.linalg.vector_norm(end - start)
    along = Pullback(model.features).on_line(start, (end - start) / length)
    on_line: Float[Tensor, "steps d"] = start + t[:, None] * (end - start)
    return SectionRow(
        f"epoch {epoch:,}",
        t.numpy(),
        along.log_volume(length * t[:, None]).exp().numpy(),
        model(on_line).argmax(1).numpy(),
        outputs.argmax(1).reshape(side, side).numpy(),
        entropy(outputs).log10().reshape(side, side).numpy(),
        (geo.log_volume(grid) / np.log(10)).numpy(),
    )
