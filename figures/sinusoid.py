"""How a network of 250 sigmoid units stretches and bends the plane while it learns a sinusoid.

Above, the volume element that the hidden layer pulls back to the plane; below, its scalar curvature:

    g_mn(x) = (1/n) sum_j phi'(z_j)^2 W_jm W_jn,   z_j = W_j . x + b_j,

before training, midway and at the end, a row on one scale; the line is the decision boundary, the points are those
that the network learnt from. After figure 1 of "Neural networks learn to magnify areas near decision boundaries",
arXiv:2301.11375.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from matplotlib.figure import Figure

from symgeo.errors import DataError, InputError
from symgeo.magnification import PlaneFields, plane_fields
from symgeo.models import Run, load_run
from symgeo.plots import MapRow, PlaneMap, plane_grid, save, save_animation

EXPERIMENT = "sinusoid"
EXPERIMENTS = (EXPERIMENT,)
IN_REPORT = True
CAPTION = (
    "Above: the volume element √det g that the hidden layer pulls back to the plane, as log10. Below: its scalar "
    "curvature R. Before training, midway and at the end, a row on one scale. Line: the decision boundary. Points: "
    "what the network learnt from. One seed; after figure 1 of arXiv:2301.11375."
)
EXTENT = (-1.5, 1.5, -1.5, 1.5)
VOLUME = r"volume element, $\log_{10}\sqrt{\det g}$  (no unit)"
CURVATURE = r"scalar curvature, $R$  (1/length²)"


def draw(run: Run | str | Path, *, epochs: tuple[int, ...] | None = None, side: int = 121) -> Figure:
    """The volume element and the curvature over the plane at some epochs of a run.

    Args:
        run: a run of the experiment "sinusoid", or its folder.
        epochs: saved epochs of the run; None takes the first, the one nearest the middle, and the last.
        side: the maps are side x side points.

    Raises:
        InputError: a run of another experiment.
        DataError: there is no run, or an epoch that was not saved.
    """
    run = _checked(run)
    epochs = start_middle_end(run) if epochs is None else epochs
    fields = [fields_at(run, epoch, side) for epoch in epochs]
    accuracy = {m.epoch: m.test_accuracy for m in run.metrics}
    titles = [title(epoch, accuracy.get(epoch)) for epoch in epochs]
    volumes = [PlaneMap(t, f.log10_volume, f.decision) for t, f in zip(titles, fields, strict=True)]
    curvatures = [PlaneMap(t, f.curvature, f.decision) for t, f in zip(titles, fields, strict=True)]
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
    run = _checked(run)
    fields = {epoch: fields_at(run, epoch, side, curvature=False) for epoch in run.epochs}
    maps = [PlaneMap(title(epoch, None), f.log10_volume, f.decision) for epoch, f in fields.items()]
    return save_animation(maps, EXTENT, stem, label=VOLUME)


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


def fields_at(run: Run, epoch: int, side: int, *, curvature: bool = True) -> PlaneFields:
    """The fields of the network at an epoch."""
    return plane_fields(run.model(epoch, dtype=torch.float64), EXTENT, side, curvature=curvature)


def title(epoch: int, accuracy: float | None) -> str:
    """What stands above a map."""
    return f"epoch {epoch:,}" + ("" if accuracy is None else f"\ntest accuracy {accuracy:.1%}")


def _checked(run: Run | str | Path) -> Run:
    run = run if isinstance(run, Run) else load_run(run)
    if run.config.experiment != EXPERIMENT:
        raise InputError(f"`run` must be of the experiment {EXPERIMENT}, not {run.config.experiment}: {run.folder}")
    return run


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="the folder of a run that `symgeo train sinusoid` made")
    parser.add_argument("--output", default=".", help="the folder to write sinusoid.pdf and sinusoid.png into")
    arguments = parser.parse_args()
    save(draw(arguments.run), Path(arguments.output) / "sinusoid")
