"""Rows of maps over one plane: a field a row, each row with its own scale and colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.errors import InputError
from symgeo.plots.plane import OUTLINE, PANEL, PlaneMap, draw_map, draw_points, legend_handles, require_drawable
from symgeo.plots.style import STYLE


@dataclass(frozen=True)
class MapRow:
    """Maps side by side on one colour scale.

    Attributes:
        maps: from left to right.
        label: the colour bar's, with the unit.
        colours: the name of a colour map that rises in lightness.
        asinh: None for a linear scale; else the scale is asinh(value / asinh), linear well below that value and
            logarithmic well above it, for fields of both signs and many sizes. Values beyond the 0.5 % and 99.5 %
            quantiles then share the end colours, which the bar's arrows say.
    """

    maps: Sequence[PlaneMap]
    label: str
    colours: str = "magma"
    asinh: float | None = None


def plane_grid(
    rows: Sequence[MapRow],
    extent: tuple[float, float, float, float],
    *,
    axis_labels: tuple[str, str] = (r"$x_1$", r"$x_2$"),
    points: Float[np.ndarray, "batch 2"] | None = None,
    labels: Int[np.ndarray, " batch"] | None = None,
    classes: Sequence[str] = (),
    panel: float = PANEL,
) -> Figure:
    """Rows of maps with the decision boundary and the points on each.

    Args:
        rows: from top to bottom, each of as many maps as the first; titles are drawn over the first row only, where
            the others repeat them.
        extent: (left, right, bottom, top), the centres of the outer values.
        axis_labels: of the abscissa and the height.
        points: drawn on every map.
        labels: the class of each point, 0 or 1.
        classes: the names of the two classes, for the legend.
        panel: inches, the side of one map.

    Raises:
        InputError: no row, rows of different lengths, or maps that cannot be drawn.
    """
    if not rows or any(len(row.maps) != len(rows[0].maps) for row in rows):
        raise InputError("`rows` must be one or more, all of as many maps")
    for row in rows:
        require_drawable(row.maps)
    columns = len(rows[0].maps)
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.03, hspace=0.03)
        size = (panel * columns + 1.35, panel * len(rows) + 0.5 + 0.35 * len(rows))
        figure = Figure(figsize=size, layout=layout)
        every = figure.subplots(len(rows), columns, sharex=True, sharey=True, squeeze=False)
        for number, (row, axes_row) in enumerate(zip(rows, every, strict=True)):
            norm, extend = _norm(row)
            image = None
            for axes, drawn, above in zip(axes_row, row.maps, rows[0].maps, strict=True):
                image = draw_map(axes, drawn, extent, 0, 1)
                image.set_cmap(row.colours)
                image.set_norm(norm)
                if number and drawn.title == above.title:
                    axes.set_title("")
                if points is not None and labels is not None:
                    draw_points(axes, points, labels)
                if number == len(rows) - 1:
                    axes.set_xlabel(axis_labels[0])
            axes_row[0].set_ylabel(axis_labels[1], rotation=0, labelpad=8, va="center")
            # As an inset it is as high as the maps, which a bar beside axes of equal scales is not.
            cax = axes_row[-1].inset_axes((1.05, 0, 0.05, 1))
            bar = figure.colorbar(image, cax=cax, label=row.label, extend=extend)
            if row.asinh is not None:
                ticks = _signed_decades(norm, row.asinh)
                bar.set_ticks(ticks, labels=[_decade(t) for t in ticks])
                bar.minorticks_off()
            bar.outline.set_linewidth(0.6)
        boundary = any(drawn.decision is not None for row in rows for drawn in row.maps)
        handles = legend_handles(classes if points is not None else (), boundary)
        if handles:
            legend = figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.5)
            for line in legend.get_lines():
                if line.get_linestyle() == "-":
                    line.set_path_effects([OUTLINE])
    return figure


def _norm(row: MapRow) -> tuple[Normalize, str]:
    values = np.concatenate([drawn.field.ravel() for drawn in row.maps])
    if row.asinh is None:
        return Normalize(float(values.min()), float(values.max())), "neither"
    low, high = np.quantile(values, [0.005, 0.995])
    return AsinhNorm(linear_width=row.asinh, vmin=float(low), vmax=float(high)), "both"


def _signed_decades(norm: Normalize, unit: float) -> list[float]:
    """Zero and plus and minus some of unit, 10 unit, 100 unit, ...: few enough to stand beside each other."""
    assert norm.vmin is not None
    assert norm.vmax is not None
    reach = max(-norm.vmin, norm.vmax)
    decades = int(np.log10(reach / unit)) if reach > unit else 0
    step = 1 + decades // 3
    # At their step from zero: all decades near unit are drawn over each other around it.
    powers = [unit * 10.0**k for k in range(0 if step == 1 else step, decades + 1, step)]
    return [t for t in (*(-p for p in reversed(powers)), 0.0, *powers) if norm.vmin <= t <= norm.vmax]


def _decade(value: float) -> str:
    if abs(value) < 1000:
        return f"{value:g}".replace("-", "−")
    sign, exponent = "-" if value < 0 else "", round(float(np.log10(abs(value))))
    return f"${sign}10^{{{exponent}}}$" if abs(value) == 10.0**exponent else f"{value:.0e}"
