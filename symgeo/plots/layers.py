"""What layers do to the plane: points and a grid as each layer moves them, and the metric of each layer as ellipses.

A metric g at a point is drawn by one of two glyphs, both along its eigenvectors v with eigenvalues lambda:

    stretch     semi-axes sqrt(lambda) v     long where a step grows
    unit ball   semi-axes v / sqrt(lambda)   {u : u^T g u = 1}, long where a step shrinks

All ellipses of a figure are drawn with one long axis; the shade tells how long it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.errors import InputError
from symgeo.plots.plane import draw_points, legend_handles
from symgeo.plots.style import STYLE

GLYPHS = ("stretch", "unit ball")
_PANEL = 1.85  # inches


@dataclass(frozen=True)
class LayerPanel:
    """One layer's plane.

    Attributes:
        title: above it.
        lines: curves, such as the images of the lines of a grid.
        points: images of data; None draws none.
        centres: where the metric is drawn; None draws no ellipse.
        metric: there.
    """

    title: str
    lines: Float[np.ndarray, "curves steps 2"]
    points: Float[np.ndarray, "batch 2"] | None = None
    centres: Float[np.ndarray, "ellipses 2"] | None = None
    metric: Float[np.ndarray, "ellipses 2 2"] | None = None


@dataclass(frozen=True)
class Ellipses:
    """How metrics are drawn: the semi-axes and the angle of the longer, in radians from the abscissa."""

    long: Float[np.ndarray, " ellipses"]
    short: Float[np.ndarray, " ellipses"]
    angle: Float[np.ndarray, " ellipses"]


def ellipses(metric: Float[np.ndarray, "ellipses 2 2"], glyph: str) -> Ellipses:
    """The ellipses of positive definite metrics.

    Raises:
        InputError: an unknown glyph, or a metric that is not positive definite.
    """
    if glyph not in GLYPHS:
        raise InputError(f"`glyph` must be one of {', '.join(GLYPHS)}, not {glyph!r}")
    if not np.isfinite(metric).all():
        raise InputError("`metric` has entries that are not finite: leave these points out")
    values, vectors = np.linalg.eigh(metric)
    if not (values > 0).all():
        raise InputError("`metric` must be positive definite: leave singular points out")
    roots = np.sqrt(values)
    long, column = (roots[:, 1], 1) if glyph == "stretch" else (1 / roots[:, 0], 0)
    short = roots[:, 0] if glyph == "stretch" else 1 / roots[:, 1]
    along = vectors[:, :, column]  # eigenvectors are columns
    return Ellipses(long, short, np.arctan2(along[:, 1], along[:, 0]))


def layer_rows(
    rows: Sequence[tuple[str, Sequence[LayerPanel]]],
    *,
    labels: Int[np.ndarray, " batch"] | None = None,
    classes: Sequence[str] = (),
    glyphs: Sequence[str | None] = (),
) -> Figure:
    """Panels in rows, each on its own axes, for the layers' planes are different ones.

    Args:
        rows: a name and panels, as many in each row.
        labels: the class of each point.
        classes: the names of the classes.
        glyphs: for each row how its metrics are drawn.

    Raises:
        InputError: no row, rows of different lengths, or a metric that cannot be drawn.
    """
    if not rows or any(len(panels) != len(rows[0][1]) for _, panels in rows):
        raise InputError("`rows` must be one or more, all with as many panels")
    glyphs = glyphs or [None] * len(rows)
    sizes = [np.log10(ellipses(p.metric, g).long) for (_, ps), g in zip(rows, glyphs, strict=True) if g for p in ps]
    span = (float(min(map(np.min, sizes))), float(max(map(np.max, sizes)))) if sizes else (0.0, 1.0)
    columns = len(rows[0][1])
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.04, wspace=0.02, hspace=0.03)
        size = (
            _PANEL * columns + (1.1 if sizes else 0.3),
            (_PANEL + 0.02) * len(rows) + (0.35 if labels is not None else 0.05),
        )
        figure = Figure(figsize=size, layout=layout)
        every = figure.subplots(len(rows), columns, squeeze=False)
        drawn = None
        for (name, panels), axes_row, glyph in zip(rows, every, glyphs, strict=True):
            for axes, panel in zip(axes_row, panels, strict=True):
                drawn = _draw(axes, panel, labels, glyph, span) or drawn
            axes_row[0].set_ylabel(name)
        if drawn is not None:
            bar = figure.colorbar(drawn, ax=every, shrink=0.8, label=r"long semi-axis, $\log_{10}$  (no unit)")
            bar.outline.set_linewidth(0.6)
        handles = legend_handles(classes if labels is not None else (), boundary=False)
        if handles:
            figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.5)
    return figure


def _draw(
    axes: Axes, panel: LayerPanel, labels: np.ndarray | None, glyph: str | None, span: tuple[float, float]
) -> EllipseCollection | None:
    axes.add_collection(LineCollection(list(panel.lines), colors="#8a94a6", linewidths=0.45, zorder=0))
    everything = panel.lines.reshape(-1, 2)
    if panel.points is not None and labels is not None:
        draw_points(axes, panel.points, labels)
        everything = np.concatenate([everything, panel.points])
    low, high = everything.min(axis=0), everything.max(axis=0)
    # A square around everything, so that angles are as they are.
    half = 0.54 * max(float((high - low).max()), 1e-9)
    centre = (low + high) / 2
    axes.set(xlim=(centre[0] - half, centre[0] + half), ylim=(centre[1] - half, centre[1] + half), aspect="equal")
    axes.set_title(panel.title, fontsize=9, pad=3)
    axes.locator_params(nbins=3)
    axes.tick_params(labelsize=6.5)
    if glyph is None or panel.centres is None or panel.metric is None:
        return None
    look = ellipses(panel.metric, glyph)
    width = np.full(len(look.long), 2 * half / 14)
    drawn = EllipseCollection(
        width,
        width * look.short / look.long,
        np.degrees(look.angle),
        units="xy",
        offsets=panel.centres,
        offset_transform=axes.transData,
        cmap="viridis",
        edgecolors="#1a1a1a",
        linewidths=0.35,
        zorder=3,
    )
    drawn.set_array(np.log10(look.long))
    drawn.set_clim(*span)
    axes.add_collection(drawn, autolim=False)
    return drawn
