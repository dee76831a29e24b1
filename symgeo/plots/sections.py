"""Sections through images: a row a moment of the training, a curve along a line and three maps of a plane."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from scipy.spatial import KDTree

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

_ENTROPY = r"$\log_{10}$ of the entropy in nats"
_VOLUME = r"$\log_{10}\sqrt{\det g}$  (no unit)"
_HALO = [withStroke(linewidth=2.2, foreground="white")]


@dataclass(frozen=True)
class SectionRow:
    """One network on a line and on a plane.

    Attributes:
        title: to the left.
        t: along the line, from 0 to 1.
        length: the length element there.
        line_classes: the predicted class there.
        classes: the predicted class on the plane; row i lies at the i-th height, rising.
        log10_entropy: of the prediction, the entropy in nats, on the plane.
        log10_volume: on the plane.
    """

    title: str
    t: Float[np.ndarray, " steps"]
    length: Float[np.ndarray, " steps"]
    line_classes: Int[np.ndarray, " steps"]
    classes: Int[np.ndarray, "rows columns"]
    log10_entropy: Float[np.ndarray, "rows columns"]
    log10_volume: Float[np.ndarray, "rows columns"]


def section_grid(
    rows: Sequence[SectionRow],
    extent: tuple[float, float, float, float],
    corners: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    classes: Sequence[str],
) -> Figure:
    """Rows of a curve and three maps; the entropies on one scale, the volumes each on its own.

    Args:
        rows: from top to bottom.
        extent: (left, right, bottom, top) of the maps, the centres of the outer values.
        corners: the coordinates of the three images; the line goes from the first to the second.
        names: their classes' names.
        classes: the names of all classes.

    Raises:
        InputError: no row.
    """
    if not rows:
        raise InputError("`rows` is empty: give at least one")
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.02, hspace=0.02)
        figure = Figure(figsize=(12.4, 2.45 * len(rows) + 0.6), layout=layout)
        every = figure.subplots(len(rows), 4, squeeze=False)
        # Ten greys of one lightness step each would not be told apart: colours, and the digit itself on its region.
        palette = ListedColormap(mpl.colormaps["tab20"].colors[1::2][: len(classes)])
        class_norm = BoundaryNorm(np.arange(len(classes) + 1) - 0.5, len(classes))
        low = min(float(row.log10_entropy.min()) for row in rows)
        high = max(float(row.log10_entropy.max()) for row in rows)
        for row, (line, prediction, uncertainty, volume) in zip(rows, every, strict=True):
            _line(line, row)
            line.set_ylabel(f"{row.title}\n" + r"$|d\Phi(u)|$  (no unit)")
            _map(prediction, row.classes, extent, corners, names, cmap=palette, norm=class_norm)
            _name_regions(prediction, row.classes, extent, corners, classes)
            # Each bar is an inset as high as its map.
            for axes, field, look, label in (
                (uncertainty, row.log10_entropy, {"cmap": "viridis", "vmin": low, "vmax": high}, _ENTROPY),
                (volume, row.log10_volume, {"cmap": "magma"}, _VOLUME),
            ):
                image = _map(axes, field, extent, corners, names, **look)
                bar = figure.colorbar(image, cax=axes.inset_axes((1.05, 0, 0.05, 1)), label=label)
                bar.outline.set_linewidth(0.6)
                bar.locator = MaxNLocator(5)
        titles = (f"line from the {names[0]} to the {names[1]}", "prediction", "entropy", "volume element of the plane")
        for axes, title in zip(every[0], titles, strict=True):
            axes.set_title(title)
        every[-1, 0].set_xlabel(r"$t$, from the first image to the second")
        for axes in every[-1, 1:]:
            axes.set_xlabel("distance (a pixel's range is 1)")
    return figure


def _line(axes: Axes, row: SectionRow) -> None:
    axes.plot(row.t, row.length, color="#0b3c6f", linewidth=1.4)
    low, high = float(row.length.min()), float(row.length.max())
    # Room for the names below the curve; a curve that hardly moves is shown as one.
    span = max(high - low, 0.05 * high)
    floor = low - 0.3 * span
    look = {"ha": "center", "color": "#d55e00", "fontsize": 8}
    for place in np.flatnonzero(np.diff(row.line_classes)):
        axes.axvline((row.t[place] + row.t[place + 1]) / 2, color="#d55e00", linestyle="--", linewidth=1)
    edges = [0, *(np.flatnonzero(np.diff(row.line_classes)) + 1), len(row.t)]
    for first, last in itertools.pairwise(edges):
        if row.t[last - 1] - row.t[first] > 0.06:
            middle = (row.t[first] + row.t[last - 1]) / 2
            axes.text(middle, floor + 0.06 * span, f"“{row.line_classes[first]}”", **look)
    axes.set(xlim=(0, 1), ylim=(floor, high + 0.1 * span))
    axes.set_box_aspect(1)
    axes.spines[["top", "right"]].set_visible(False)


def _map(axes: Axes, field: np.ndarray, extent, corners, names: Sequence[str], **look):
    left, right, bottom, top = extent
    rows, columns = field.shape
    # imshow takes the outer edges of the outer pixels, whose centres lie on the extent.
    half_x, half_y = (right - left) / (columns - 1) / 2, (top - bottom) / (rows - 1) / 2
    image = axes.imshow(
        field, origin="lower", extent=(left - half_x, right + half_x, bottom - half_y, top + half_y), **look
    )
    closed = [*corners, corners[0]]
    axes.plot(*zip(*closed, strict=True), color="white", linewidth=0.7, linestyle=":")
    for (x, y), name in zip(corners, names, strict=True):
        axes.plot(x, y, marker="o", markersize=3.5, markerfacecolor="white", markeredgecolor="#1a1a1a")
        axes.annotate(name, (x, y), (5, 3), textcoords="offset points", fontsize=9, path_effects=_HALO)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.locator_params(nbins=4)
    return image


def _name_regions(axes: Axes, field: np.ndarray, extent, corners, classes: Sequence[str]) -> None:
    """The name of each class where its region is widest and clear of the corners, if it is large enough."""
    left, right, bottom, top = extent
    ys, xs = np.mgrid[bottom : top : 1j * field.shape[0], left : right : 1j * field.shape[1]]
    near = np.min([np.hypot(xs - x, ys - y) for x, y in corners], axis=0)
    edge = np.minimum(np.minimum(xs - left, right - xs), np.minimum(ys - bottom, top - ys))
    look = {"ha": "center", "va": "center", "fontsize": 8.5, "color": "#1a1a1a", "path_effects": _HALO}
    for number in np.unique(field):
        inside = field == number
        if inside.sum() < 0.02 * field.size:
            continue
        others = np.stack([xs[~inside], ys[~inside]], axis=1)
        clear = np.minimum(near, edge)[inside]
        if len(others):
            clear = np.minimum(clear, KDTree(others).query(np.stack([xs[inside], ys[inside]], axis=1))[0])
        best = int(np.argmax(clear))
        axes.text(xs[inside][best], ys[inside][best], f"“{classes[int(number)]}”", **look)
