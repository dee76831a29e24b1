"""How networks C^0, C^1 and C^2 in depth move a spiral, and the plane around it, layer by layer.

Ten layers of two tanh units; a row a network: x(l+1) = f, x(l) + f, and 2 x(l) - x(l-1) + f, the last with its
momentum. The grid covers the inputs before the first layer. After Hauser and Ray, "Principles of Riemannian geometry in
neural networks" (2017).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.models import Run, SmoothNetwork, load_run
from symgeo.plots import LayerPanel, layer_rows

EXPERIMENTS = ("spiral-c0", "spiral-c1", "spiral")
IN_REPORT = False
CAPTION = (
    "The data and a grid over the inputs as the layers move them, for networks of two units a layer that are C⁰, C¹ "
    "and C² in depth. Each panel has its own axes. One seed each, trained for 200 steps."
)
LAYERS = (0, 2, 4, 6, 8, 10)
NAMES = ("$C^0$, plain", "$C^1$, residual", "$C^2$, with momentum")


def draw(*runs: Run | str | Path, data: bool = True) -> Figure:
    """The data and the grid at some layers.

    Args:
        runs: of the experiments "spiral-c0", "spiral-c1" and "spiral", in this order.
        data: draw the points too, not the grid alone.

    Raises:
        InputError: other runs.
    """
    rows = []
    labels = None
    for run, experiment, name in zip(runs, EXPERIMENTS, NAMES, strict=True):
        run = run if isinstance(run, Run) else load_run(run)
        model = run.model(dtype=torch.float64)
        if run.config.experiment != experiment or not isinstance(model, SmoothNetwork):
            raise InputError(f"`runs` must be of {', '.join(EXPERIMENTS)}, not {run.config.experiment}: {run.folder}")
        part = run.dataset().train
        labels = part.labels
        lines = grid_lines(np.abs(part.inputs).max())
        moved = [s.numpy() for s in model.features.states(torch.from_numpy(lines.reshape(-1, 2)))]
        points = [s.numpy() for s in model.features.states(torch.from_numpy(part.inputs))]
        accuracy = f"{run.metrics[-1].test_accuracy:.1%}"
        panels = [
            LayerPanel(f"layer {l}" if l else "input", moved[l].reshape(lines.shape), points[l] if data else None)
            for l in LAYERS
        ]
        rows.append((f"{name}\ntest accuracy {accuracy}", panels))
    return layer_rows(rows, labels=labels if data else None, classes=("first arm", "second arm"))


def grid_lines(half: float, count: int = 17, steps: int = 121) -> np.ndarray:
    """The lines of a square grid over [-half, half]^2, (2 count, steps, 2)."""
    at, along = np.linspace(-half, half, count), np.linspace(-half, half, steps)
    upright = np.stack(np.broadcast_arrays(at[:, None], along[None]), axis=-1)
    return np.concatenate([upright, upright[..., ::-1]])
