"""Maps over a plane: a field in colour, the line where a network changes its mind, and the points it learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

_BOUNDARY = {"colors": "white", "linewidths": 1.5}
OUTLINE = withStroke(linewidth=2.9, foreground="#1a1a1a")
_MARKERS = (
    {"marker": "o", "facecolor": "white", "edgecolor": "#1a1a1a"},
    {"marker": "s", "facecolor": "#1a1a1a", "edgecolor": "white"},
)
PANEL = 2.62  # inches, the side of one map


@dataclass(frozen=True)
class PlaneMap:
    """One field over a rectangle.

    Attributes:
        title: above it.
        field: values; row i lies at the i-th height, rising, column j at the j-th abscissa.
        decision: a number at the same places that is positive where one class is predicted and negative where the other
            is; its zero is drawn. None draws no boundary.
    """

    title: str
    field: Float[np.ndarray, "rows columns"]
    decision: Float[np.ndarray, "rows columns"] | None = None


def plane_row(
    maps: Sequence[PlaneMap],
    extent: tuple[float, float, float, float],
    *,
    label: str,
    axis_labels: tuple[str, str] = (r"$x_1$", r"$x_2$"),
    points: Float[np.ndarray, "batch 2"] | None = None,
    labels: Int[np.ndarray, " batch"] | None = None,
    classes: Sequence[str] = (),
) -> Figure:
    """Maps side by side on one colour scale, with a colour bar and a legend.

    The scale runs from the least to the greatest value of all maps, so that equal colours are equal values.

    Args:
        maps: from left to right.
        extent: (left, right, bottom, top), the centres of the outer values.
        label: the colour bar's, with the unit.
        axis_labels: of the abscissa and the height.
        points: drawn on every map.
        labels: the class of each point, 0 or 1.
        classes: the names of the two classes, for the legend.

    Raises:
        InputError: no map, a field with values that are not finite, or maps of different shapes.
    """
    require_drawable(maps)
    low = min(float(m.field.min()) for m in maps)
    high = max(float(m.field.max()) for m in maps)
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.03)
        figure = Figure(figsize=(PANEL * len(maps) + 1.25, PANEL + 1.2), layout=layout)
        row = figure.subplots(1, len(maps), sharex=True, sharey=True, squeeze=False)[0]
        image = None
        for axes, panel in zip(row, maps, strict=True):
            image = draw_map(axes, panel, extent, low, high)
            if points is not None and labels is not None:
                draw_points(axes, points, labels)
            axes.set_xlabel(axis_labels[0])
        row[0].set_ylabel(axis_labels[1], rotation=0, labelpad=8, va="center")
        # As an inset it is as high as the maps, which a bar beside axes of equal scales is not.
        bar = figure.colorbar(image, cax=row[-1].inset_axes((1.05, 0, 0.05, 1)), label=label)
        bar.outline.set_linewidth(0.6)
        handles = legend_handles(classes if points is not None else (), any(m.decision is not None for m in maps))
        if handles:
            legend = figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.5)
            for line in legend.get_lines():
                if line.get_linestyle() == "-":
                    line.set_path_effects([OUTLINE])
    return figure


def draw_map(
    axes: Axes, panel: PlaneMap, extent: tuple[float, float, float, float], low: float, high: float
) -> AxesImage:
    """One map, with equal scales on both axes, its colours running from `low` to `high`; the image is returned."""
    rows, columns = panel.field.shape
    left, right, bottom, top = extent
    # imshow takes the outer edges of the outer pixels, whose centres lie on the extent.
    half_x, half_y = (right - left) / (columns - 1) / 2, (top - bottom) / (rows - 1) / 2
    image = axes.imshow(
        panel.field,
        origin="lower",
        extent=(left - half_x, right + half_x, bottom - half_y, top + half_y),
        vmin=low,
        vmax=high,
        interpolation="bilinear",
    )
    if panel.decision is not None:
        if panel.decision.min() < 0 < panel.decision.max():
            abscissae, heights = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
            lines = axes.contour(abscissae, heights, panel.decision, levels=[0.0], **_BOUNDARY)
            lines.set(path_effects=[OUTLINE])
        else:
            note = "no boundary here: one class everywhere"
            axes.text(0.5, 0.03, note, transform=axes.transAxes, ha="center", va="bottom", color="white", fontsize=7.5)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.set_title(panel.title, pad=6)
    axes.locator_params(nbins=4)
    return image


def draw_points(axes: Axes, points: Float[np.ndarray, "batch 2"], labels: Int[np.ndarray, " batch"]) -> None:
    """The points of two classes, told apart by form and lightness; a few points are drawn larger than many."""
    size = min(36.0, max(6.0, 200 / max(1, len(points))))
    for number, look in enumerate(_MARKERS):
        chosen = points[labels == number]
        axes.scatter(
            chosen[:, 0], chosen[:, 1], s=size, linewidths=0.35 if size < 10 else 0.8, zorder=2, snap=False, **look
        )


def legend_handles(classes: Sequence[str], boundary: bool) -> list[Line2D]:
    """What stands for the boundary and for the points of each class in a legend."""
    handles = []
    if boundary:
        handles.append(Line2D([], [], color="white", linewidth=1.5, label="decision boundary"))
    for name, look in zip(classes, _MARKERS, strict=False):
        handles.append(
            Line2D(
                [],
                [],
                linestyle="none",
                marker=look["marker"],
                markersize=4.5,
                markeredgewidth=0.5,
                markerfacecolor=look["facecolor"],
                markeredgecolor="#1a1a1a",
                label=name,
            )
        )
    return handles


def require_drawable(maps: Sequence[PlaneMap]) -> None:
    """Raise an InputError where there is no map, shapes differ, or a value is not finite."""
    if not maps:
        raise InputError("`maps` is empty: give at least one")
    for panel in maps:
        arrays = [panel.field] if panel.decision is None else [panel.field, panel.decision]
        if any(a.shape != maps[0].field.shape or a.ndim != 2 for a in arrays):
            raise InputError(f"`maps`: {panel.title!r} has another shape than the first, {maps[0].field.shape}")
        if not all(np.isfinite(a).all() for a in arrays):
            raise InputError(f"`maps`: {panel.title!r} has values that are not finite: mask or mend them first")
