"""The geometry of every layer: a network of three layers of 8 sigmoid units that has learnt a sinusoid.

From left to right, the first, second and third hidden layer; above, the volume element that each pulls back to the
inputs, below, its scalar curvature. Each row is on one scale; the line is the decision boundary.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from matplotlib.figure import Figure

from symgeo.magnification.fields import plane_grid_points
from symgeo.models import Run, load_run
from symgeo.plots import MapRow, PlaneMap, plane_grid
from symgeo.pullback import Pullback

EXPERIMENTS = ("sinusoid-deep",)
IN_REPORT = False
CAPTION = (
    "The first, second and third hidden layer of a trained network. Above: the volume element √det g that the layer "
    "pulls back to the inputs, as log10. Below: its scalar curvature R. Line: the decision boundary. One seed."
)
EXTENT = (-1.5, 1.5, -1.5, 1.5)
VOLUME = r"volume element, $\log_{10}\sqrt{\det g}$  (no unit)"
CURVATURE = r"scalar curvature, $R$  (1/length²)"


def draw(run: Run | str | Path, *, side: int = 121) -> Figure:
    """The volume element and the curvature of each hidden layer at the end of a run of "sinusoid-deep"."""
    run = run if isinstance(run, Run) else load_run(run)
    model = run.model(dtype=torch.float64)
    grid = plane_grid_points(EXTENT, side)
    below, above = model(grid.reshape(-1, 2)).unbind(1)
    decision = (above - below).reshape(side, side).numpy()
    layers = Pullback(model.features).layers()
    # A hidden layer is an affine map, the activation and a factor: its last part is every third.
    for name in list(layers):
        if int(name) % 3 != 2:
            del layers[name]
    found = layers.evaluate(grid, "log_volume", "scalar_curvature")
    volumes, curvatures = [], []
    for number, fields in enumerate(found.values(), start=1):
        title = f"hidden layer {number}"
        volumes.append(PlaneMap(title, (fields["log_volume"] / math.log(10)).numpy(), decision))
        curvatures.append(PlaneMap(title, fields["scalar_curvature"].numpy(), decision))
    data = run.dataset()
    return plane_grid(
        [MapRow(volumes, VOLUME), MapRow(curvatures, CURVATURE, colours="cividis", asinh=1.0)],
        EXTENT,
        points=data.train.inputs,
        labels=data.train.labels,
        classes=[f"class “{name}”" for name in data.classes],
    )
