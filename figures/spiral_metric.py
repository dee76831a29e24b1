"""The metric of every layer of a network that is C^2 in depth: ellipses of both kinds.

The metric of the last layer is pulled back to each layer, g(l) = A_l^{-T} A_L^T A_L A_l^{-1}, with the total Jacobians
A_l of the layers, momentum included. Above, the stretch, with semi-axes sqrt(lambda); below, the unit ball
{u : u^T g u = 1}, with semi-axes 1/sqrt(lambda). After Hauser and Ray, "Principles of Riemannian geometry in neural
networks" (2017).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.models import Run, SmoothNetwork, layer_metrics, load_run
from symgeo.plots import LayerPanel, layer_rows

EXPERIMENTS = ("spiral",)
IN_REPORT = False
CAPTION = (
    "The metric of the last layer, pulled back to some layers of a C² network that has learnt the spiral. Above: the "
    "stretch, semi-axes √λ. Below: the unit ball, semi-axes 1/√λ. All ellipses are drawn with one long axis, whose "
    "length is the colour. One seed."
)
LAYERS = (0, 2, 4, 6, 8)  # at the last the metric is the identity
GLYPHS = {
    "stretch": "stretch,\nsemi-axes $\\sqrt{\\lambda}$",
    "unit ball": "unit ball,\nsemi-axes $1/\\sqrt{\\lambda}$",
}


def draw(run: Run | str | Path, *, side: int = 11) -> Figure:
    """The ellipses of both kinds at some layers of a run of the experiment "spiral".

    Raises:
        InputError: a run of another experiment.
    """
    run = run if isinstance(run, Run) else load_run(run)
    model = run.model(dtype=torch.float64)
    if not isinstance(model, SmoothNetwork):
        raise InputError(f"`run` must be of the experiment spiral, not {run.config.experiment}: {run.folder}")
    half = float(np.abs(run.dataset().train.inputs).max())
    ticks = np.linspace(-half, half, side)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    found = layer_metrics(model.features, torch.from_numpy(grid.reshape(-1, 2)))
    panels = []
    for l in LAYERS:
        there = found.invertible[l].numpy()
        moved = found.x[l].numpy().reshape(side, side, 2)
        title = (f"layer {l}" if l else "input") + ("" if there.all() else f", {(~there).sum()} points singular")
        lines = np.concatenate([moved, moved.swapaxes(0, 1)])
        panels.append(LayerPanel(title, lines, None, found.x[l].numpy()[there], found.metric[l].numpy()[there]))
    return layer_rows([(name, panels) for name in GLYPHS.values()], glyphs=list(GLYPHS))
