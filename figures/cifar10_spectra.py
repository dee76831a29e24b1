"""The spectrum of the metric at a horse, a frog and a car: the eigenvalues of g that are not zero, over the training.

After "Neural networks learn to magnify areas near decision boundaries", arXiv:2301.11375.
"""

from __future__ import annotations

from pathlib import Path

import torch
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.magnification.anchors import anchors
from symgeo.magnification.spectra import spectrum
from symgeo.models import Run, load_run
from symgeo.plots import spectrum_row

EXPERIMENTS = ("cifar10",)
IN_REPORT = False
READS_DATA = True
CAPTION = (
    "The eigenvalues of the metric that the features of a residual network pull back to the pixels, at a horse, a frog "
    "and a car, in falling order: as many as there are features; the others are zero. One seed."
)
CLASSES = ("horse", "frog", "automobile")


def draw(run: Run | str | Path, *, data_folder: str | Path | None = None) -> Figure:
    """The spectra at every saved epoch.

    Args:
        run: a run of the experiment "cifar10" or "cifar10-relu", or its folder.
        data_folder: where CIFAR-10's files lie, as for `symgeo.data.load`.

    Raises:
        InputError: a run on other data.
        DataError: there is no run, or the data cannot be read.
    """
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.architecture != "resnet":
        raise InputError(f"`run` must be of the experiment cifar10, not {run.config.experiment}: {run.folder}")
    found = anchors(run, CLASSES, data_folder)
    models = {f"epoch {epoch:,}": run.model(epoch, dtype=torch.float64) for epoch in run.epochs}
    panels = []
    for name, x in zip(found.names, found.inputs, strict=True):
        curves = {title: spectrum(model.features, x.double()).numpy() for title, model in models.items()}
        panels.append((name, curves))
    return spectrum_row(panels, found.images, note=found.note)
