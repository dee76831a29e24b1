"""What four points do to the plane: a network of 10 sigmoid units while it learns exclusive or.

Above, the volume element that the hidden layer pulls back to the plane; below, its scalar curvature; over time, a row
on one scale. The line is the decision boundary, the points are all that the network ever sees. After "Neural networks
learn to magnify areas near decision boundaries", arXiv:2301.11375.
"""

from __future__ import annotations

from pathlib import Path

import torch
from matplotlib.figure import Figure

from symgeo.errors import DataError
from symgeo.magnification import plane_fields
from symgeo.models import Run, load_run
from symgeo.plots import MapRow, PlaneMap, plane_grid, save_animation

EXPERIMENTS = ("xor",)
IN_REPORT = False
CAPTION = (
    "Above: the volume element √det g that the hidden layer pulls back to the plane, as log10. Below: its scalar "
    "curvature R. Line: the decision boundary. Points: all four that there are. One seed."
)
EXTENT = (-1.5, 1.5, -1.5, 1.5)
VOLUME = r"volume element, $\log_{10}\sqrt{\det g}$  (no unit)"
CURVATURE = r"scalar curvature, $R$  (1/length²)"
MOMENTS = (0, 0.25, 0.5, 1)  # of the training


def draw(run: Run | str | Path, *, side: int = 121) -> Figure:
    """The volume element, the curvature and the decision at four moments of a run of the experiment "xor"."""
    run = run if isinstance(run, Run) else load_run(run)
    if not run.finished:
        cure = f"`symgeo train {run.config.experiment} --preset {run.config.preset}` goes on with it"
        raise DataError(f"{run.folder}: the training was stopped: {cure}")
    epochs = [min(run.epochs, key=lambda epoch: abs(epoch - f * run.config.epochs)) for f in MOMENTS]
    volumes, curvatures = [], []
    loss = {m.epoch: m.loss for m in run.metrics}
    for epoch in epochs:
        fields = plane_fields(run.model(epoch, dtype=torch.float64), EXTENT, side, curvature=True)
        assert fields.curvature is not None
        title = f"epoch {epoch:,}\nloss {loss[epoch]:.3f} nats"
        volumes.append(PlaneMap(title, fields.log10_volume, fields.decision))
        curvatures.append(PlaneMap(title, fields.curvature, fields.decision))
    data = run.dataset()
    return plane_grid(
        [MapRow(volumes, VOLUME), MapRow(curvatures, CURVATURE, colours="cividis", asinh=1.0)],
        EXTENT,
        points=data.train.inputs,
        labels=data.train.labels,
        classes=[f"class “{name}”" for name in data.classes],
    )


def animate(run: Run | str | Path, stem: str | Path, *, side: int = 81) -> Path:
    """The volume element at every saved epoch as stem.gif, on one scale; the path is returned."""
    run = run if isinstance(run, Run) else load_run(run)
    maps = []
    for epoch in run.epochs:
        fields = plane_fields(run.model(epoch, dtype=torch.float64), EXTENT, side)
        maps.append(PlaneMap(f"epoch {epoch:,}", fields.log10_volume, fields.decision))
    return save_animation(maps, EXTENT, stem, label=VOLUME)
