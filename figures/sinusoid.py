"""How a network of 250 sigmoid units stretches the plane while it learns a sinusoid.

Colour is the volume element that the hidden layer pulls back to the plane,

    sqrt(det g),   g_mn(x) = (1/n) sum_j phi'(z_j)^2 W_jm W_jn,   z_j = W_j . x + b_j,

as log10, on one scale, before training, midway and at the end; the line is the decision boundary, the points are those
that the network learnt from. After figure 1 of "Neural networks learn to magnify areas near decision boundaries",
arXiv:2301.11375.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from symgeo.errors import DataError, InputError
from symgeo.models import Run, load_run
from symgeo.plots import PlaneMap, plane_row, save
from symgeo.pullback import Pullback

EXPERIMENT = "sinusoid"
CAPTION = (
    "Colour: the volume element √det g that the hidden layer pulls back to the plane, as log10, on one scale, before "
    "training, midway and at the end. Line: the decision boundary. Points: what the network learnt from. One seed; "
    "after figure 1 of arXiv:2301.11375."
)
EXTENT = (-1.5, 1.5, -1.5, 1.5)


def draw(run: Run | str | Path, *, epochs: tuple[int, ...] | None = None, side: int = 181) -> Figure:
    """The volume element over the plane at some epochs of a run.

    Args:
        run: a run of the experiment "sinusoid", or its folder.
        epochs: saved epochs of the run; None takes the first, the one nearest the middle, and the last.
        side: the maps are side x side points.

    Raises:
        InputError: a run of another experiment.
        DataError: there is no run, or an epoch that was not saved.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.experiment != EXPERIMENT:
        raise InputError(f"`run` must be of the experiment {EXPERIMENT}, not {run.config.experiment}: {run.folder}")
    epochs = start_middle_end(run) if epochs is None else epochs
    accuracy = {m.epoch: m.test_accuracy for m in run.metrics}
    maps = [plane_map(run, epoch, accuracy.get(epoch), side) for epoch in epochs]
    data = run.dataset()
    return plane_row(
        maps,
        EXTENT,
        label=r"volume element, $\log_{10}\sqrt{\det g}$  (no unit)",
        points=data.train.inputs,
        labels=data.train.labels,
        classes=[f"class “{name}”" for name in data.classes],
    )


def start_middle_end(run: Run) -> tuple[int, ...]:
    """The first saved epoch, the one nearest half the last, and the last.

    Raises:
        DataError: fewer than three epochs were saved so far.
    """
    if len(run.epochs) < 3:
        cure = f"`symgeo train {EXPERIMENT} --preset {run.config.preset}` goes on with it"
        raise DataError(f"{run.folder}: the training was stopped before its third saved epoch: {cure}")
    first, *between, last = run.epochs
    return first, min(between, key=lambda epoch: abs(epoch - last / 2)), last


def plane_map(run: Run, epoch: int, accuracy: float | None, side: int) -> PlaneMap:
    """log10 sqrt(det g) of the hidden layer, and the difference of the two outputs, on a square grid."""
    model = run.model(epoch, dtype=torch.float64)
    left, right, bottom, top = EXTENT
    x1, x2 = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    grid = torch.from_numpy(np.stack([x1, x2], axis=-1))
    log_volume = Pullback(model.features).log_volume(grid)
    below, above = model(grid.reshape(-1, 2)).unbind(1)
    title = f"epoch {epoch:,}" + ("" if accuracy is None else f"\ntest accuracy {accuracy:.1%}")
    return PlaneMap(title, (log_volume / math.log(10)).numpy(), (above - below).reshape(side, side).numpy())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the folder of a run that `symgeo train sinusoid` made")
    parser.add_argument("--output", default=".", help="the folder to write sinusoid.pdf and sinusoid.png into")
    arguments = parser.parse_args()
    save(draw(arguments.run), Path(arguments.output) / "sinusoid")
