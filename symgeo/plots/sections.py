"""Sections through images: a row a moment of the training, curves along lines and three maps of a plane.

The prediction is drawn where the plane holds mixtures of its three corners, and the corners themselves beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import matplotlib as mpl
import numpy as np
from jaxtyping import Bool, Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from scipy.spatial import KDTree

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

_ENTROPY = r"$\log_{10}$ of the entropy in nats"
VOLUME = r"$\log_{10}\sqrt{\det g}$  (no unit)"
_HALO = [withStroke(linewidth=2.2, foreground="white")]


class Curve(Protocol):
    """A curve along a line between two corners."""

    @property
    def t(self) -> Float[np.ndarray, " steps"]:
        """The parameter along the line, from 0 to 1."""
        ...

    @property
    def length(self) -> Float[np.ndarray, " steps"]:
        """The length element."""
        ...

    @property
    def classes(self) -> Int[np.ndarray, " steps"]:
        """The predicted class."""
        ...


class Sectioned(Protocol):
    """One network on lines and on a plane; row i of a field lies at the i-th height, rising."""

    @property
    def lines(self) -> Sequence[Curve]:
        """One curve between every two corners."""
        ...

    @property
    def classes(self) -> Int[np.ndarray, "rows columns"]:
        """The predicted class at each point of the plane."""
        ...

    @property
    def log10_entropy(self) -> Float[np.ndarray, "rows columns"]:
        """log10 of the prediction's entropy in nats."""
        ...

    @property
    def log10_volume(self) -> Float[np.ndarray, "rows columns"]:
        """log10 of the volume element."""
        ...

    @property
    def inside(self) -> Bool[np.ndarray, "rows columns"]:
        """Where the prediction is drawn."""
        ...


@dataclass(frozen=True)
class Corners:
    """The three images that a plane goes through.

    Attributes:
        places: their coordinates.
        names: of their classes.
        images: grey (rows, columns) or coloured (rows, columns, 3), values in [0, 1]; none are drawn if there are none.
    """

    places: Sequence[tuple[float, float]]
    names: Sequence[str]
    images: Sequence[Float[np.ndarray, "rows columns *channels"]] = ()


def section_grid(
    rows: Sequence[tuple[str, Sectioned]],
    extent: tuple[float, float, float, float],
    corners: Corners,
    *,
    classes: Sequence[str],
    ends: Sequence[tuple[int, int]] = ((0, 1),),
    note: str = "",
) -> Figure:
    """Rows of curves and three maps; the entropies on one scale, the volumes each on its own.

    Args:
        rows: from top to bottom, a title and what to draw.
        extent: (left, right, bottom, top) of the maps, the centres of the outer values.
        corners: the three images.
        classes: the names of all classes.
        ends: the corners that each line goes from and to.
        note: below the figure: which data, which network.

    Raises:
        InputError: no row, or a row without a line for each of `ends`.
    """
    if not rows or any(len(row.lines) != len(ends) for _, row in rows):
        raise InputError(f"`rows` must be one or more, each with the {len(ends)} lines that `ends` names")
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.02, hspace=0.02)
        figure = Figure(figsize=(3.1 * (3 + len(ends)), 2.45 * len(rows) + (0.85 if note else 0.6)), layout=layout)
        every = figure.subplots(len(rows), 3 + len(ends), squeeze=False)
        # Ten greys of one lightness step each would not be told apart: colours, and the class itself on its region.
        palette = ListedColormap(mpl.colormaps["tab20"].colors[1::2][: len(classes)]).with_extremes(bad="#efefef")
        class_norm = BoundaryNorm(np.arange(len(classes) + 1) - 0.5, len(classes))
        low = min(float(row.log10_entropy.min()) for _, row in rows)
        high = max(float(row.log10_entropy.max()) for _, row in rows)
        for (title, row), (*lines, prediction, uncertainty, volume) in zip(rows, every, strict=True):
            for axes, curve in zip(lines, row.lines, strict=True):
                _line(axes, curve, classes)
            lines[0].set_ylabel(f"{title}\n" + r"$|d\Phi(u)|$  (no unit)")
            shown = np.ma.array(row.classes, mask=~row.inside)
            draw_map(prediction, shown, extent, corners, cmap=palette, norm=class_norm)
            _name_regions(prediction, shown, extent, corners.places, classes)
            # Each bar is an inset as high as its map.
            for axes, field, look, label in (
                (uncertainty, row.log10_entropy, {"cmap": "viridis", "vmin": low, "vmax": high}, _ENTROPY),
                (volume, row.log10_volume, {"cmap": "magma"}, VOLUME),
            ):
                image = draw_map(axes, field, extent, corners, **look)
                bar = figure.colorbar(image, cax=axes.inset_axes((1.05, 0, 0.05, 1)), label=label)
                bar.outline.set_linewidth(0.6)
                bar.locator = MaxNLocator(5)
        for axes, (start, end) in zip(every[0], ends, strict=False):
            axes.set_title(f"line from the {corners.names[start]} to the {corners.names[end]}")
        titles = ("prediction", "entropy", "volume element of the plane")
        for axes, title in zip(every[0, len(ends) :], titles, strict=True):
            axes.set_title(title)
        for axes in every[-1, : len(ends)]:
            axes.set_xlabel(r"$t$, from the first image to the second")
        for axes in every[-1, len(ends) :]:
            axes.set_xlabel("distance (a pixel's range is 1)")
        for axes in every[:, len(ends)]:
            _thumbnails(axes, extent, corners)
        if note:
            figure.supxlabel(note, fontsize=8)
    return figure


def _line(axes: Axes, curve: Curve, names: Sequence[str]) -> None:
    axes.plot(curve.t, curve.length, color="#0b3c6f", linewidth=1.4)
    low, high = float(curve.length.min()), float(curve.length.max())
    # Room for the names below the curve; a curve that hardly moves is shown as one.
    span = max(high - low, 0.05 * high)
    floor = low - 0.3 * span
    look = {"ha": "center", "color": "#d55e00", "fontsize": 8}
    for place in np.flatnonzero(np.diff(curve.classes)):
        axes.axvline((curve.t[place] + curve.t[place + 1]) / 2, color="#d55e00", linestyle="--", linewidth=1)
    edges = [0, *(np.flatnonzero(np.diff(curve.classes)) + 1), len(curve.t)]
    for first, last in itertools.pairwise(edges):
        name = names[int(curve.classes[first])]
        if curve.t[last - 1] - curve.t[first] > 0.04 + 0.02 * len(name):
            middle = (curve.t[first] + curve.t[last - 1]) / 2
            axes.text(middle, floor + 0.06 * span, f"“{name}”", **look)
    axes.set(xlim=(0, 1), ylim=(floor, high + 0.1 * span))
    axes.set_box_aspect(1)
    axes.spines[["top", "right"]].set_visible(False)


def draw_map(
    axes: Axes, field: np.ndarray, extent: tuple[float, float, float, float], corners: Corners, **look: object
) -> AxesImage:
    """The field, the triangle and the names of its corners; returns the image."""
    left, right, bottom, top = extent
    rows, columns = field.shape
    # imshow takes the outer edges of the outer pixels, whose centres lie on the extent.
    half_x, half_y = (right - left) / (columns - 1) / 2, (top - bottom) / (rows - 1) / 2
    image = axes.imshow(
        field, origin="lower", extent=(left - half_x, right + half_x, bottom - half_y, top + half_y), **look
    )
    closed = [*corners.places, corners.places[0]]
    axes.plot(*zip(*closed, strict=True), color="white", linewidth=0.7, linestyle=":")
    for (x, y), name in zip(corners.places, corners.names, strict=True):
        axes.plot(x, y, marker="o", markersize=3.5, markerfacecolor="white", markeredgecolor="#1a1a1a")
        axes.annotate(name, (x, y), (5, 3), textcoords="offset points", fontsize=9, path_effects=_HALO)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
    axes.locator_params(nbins=4)
    return image


def _thumbnails(axes: Axes, extent: tuple[float, float, float, float], corners: Corners) -> None:
    """The three images in the corners of the map that are nearest, where the triangle leaves room."""
    left, right, bottom, top = extent
    size = 0.24
    for (x, y), image in zip(corners.places, corners.images, strict=False):
        on_left, above = x < (left + right) / 2 + 0.1 * (right - left), y > (bottom + top) / 2
        inset = axes.inset_axes((0.02 if on_left else 0.98 - size, 0.98 - size if above else 0.02, size, size))
        inset.imshow(image, cmap="gray", vmin=0, vmax=1)
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set(linewidth=0.5, color="#555555")


def _name_regions(
    axes: Axes, field: np.ma.MaskedArray, extent, corners: Sequence[tuple[float, float]], classes: Sequence[str]
) -> None:
    """The name of each class where its region is widest and clear of the corners, if it is large enough."""
    left, right, bottom, top = extent
    ys, xs = np.mgrid[bottom : top : 1j * field.shape[0], left : right : 1j * field.shape[1]]
    near = np.min([np.hypot(xs - x, ys - y) for x, y in corners], axis=0)
    edge = np.minimum(np.minimum(xs - left, right - xs), np.minimum(ys - bottom, top - ys))
    look = {"ha": "center", "va": "center", "fontsize": 8.5, "color": "#1a1a1a", "path_effects": _HALO}
    for number in np.unique(field.compressed()):
        inside = (field == number).filled(False)
        if inside.sum() < 0.02 * field.size:
            continue
        others = np.stack([xs[~inside], ys[~inside]], axis=1)
        clear = np.minimum(near, edge)[inside]
        if len(others):
            clear = np.minimum(clear, KDTree(others).query(np.stack([xs[inside], ys[inside]], axis=1))[0])
        best = int(np.argmax(clear))
        axes.text(xs[inside][best], ys[inside][best], f"“{classes[int(number)]}”", **look)
