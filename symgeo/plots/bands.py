"""Curves with confidence bands: a grid of panels, a column for each number, the same curves in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator, ScalarFormatter

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

# Okabe and Ito's, told apart by any eye; by line and marker in greyscale.
_LOOKS = (
    {"color": "#0b3c6f", "linestyle": "-", "marker": "o"},
    {"color": "#d55e00", "linestyle": "--", "marker": "s"},
    {"color": "#009e73", "linestyle": "-.", "marker": "^"},
    {"color": "#cc79a7", "linestyle": ":", "marker": "D"},
)


@dataclass(frozen=True)
class Band:
    """A mean with its interval, against an abscissa.

    Attributes:
        label: in the legend.
        x, mean, low, high: of one length, which may be 0 where nothing was measured.
        neutral: the value that means no effect; a dotted line.
        logarithmic: whether the ordinate is.
        bounds: of the ordinate; None lets the curves decide.
    """

    label: str
    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    neutral: float
    logarithmic: bool = False
    bounds: tuple[float, float] | None = None


def band_grid(
    rows: Sequence[tuple[str, Sequence[Sequence[Band]]]], titles: Sequence[str], x_label: str, *, symlog: float
) -> Figure:
    """Panels of bands.

    Args:
        rows: a name and, for each column, the bands to draw.
        titles: of the columns.
        x_label: of the abscissa, which is logarithmic above `symlog` and linear below, so that 0 has a place; linear
            where it ends below 10 `symlog`.
        symlog: where it changes.

    Raises:
        InputError: no row, or a row without a list of bands for every title.
    """
    if not rows or any(len(panels) != len(titles) for _, panels in rows):
        raise InputError(f"`rows` must be one or more, each with bands for the {len(titles)} `titles`")
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.05, wspace=0.03, hspace=0.03)
        figure = Figure(figsize=(2.75 * len(titles) + 0.6, 1.75 * len(rows) + 0.9), layout=layout)
        every = figure.subplots(len(rows), len(titles), squeeze=False)
        for (name, panels), axes_row in zip(rows, every, strict=True):
            for axes, bands in zip(axes_row, panels, strict=True):
                _draw(axes, bands, symlog)
            axes_row[0].set_ylabel(name, labelpad=8)
        for axes, title in zip(every[0], titles, strict=True):
            axes.set_title(title, fontsize=9)
        for axes in every[-1]:
            axes.set_xlabel(x_label)
        handles = list(dict(zip(*every[0][0].get_legend_handles_labels()[::-1], strict=True)).values())
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw(axes: Axes, bands: Sequence[Band], symlog: float) -> None:
    axes.axhline(bands[0].neutral, color="#555555", linestyle=":", linewidth=1, zorder=0)
    for band, look in zip(bands, _LOOKS, strict=False):
        axes.fill_between(band.x, band.low, band.high, color=look["color"], alpha=0.18, linewidth=0)
        axes.plot(band.x, band.mean, label=band.label, markersize=3.2, linewidth=1.3, **look)
    if max((x for band in bands for x in band.x), default=0) > 10 * symlog:
        axes.set_xscale("symlog", linthresh=symlog)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(left=-0.15 * symlog)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    if bands[0].logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(ScalarFormatter())
        axes.yaxis.set_minor_locator(NullLocator())
    means = [m for band in bands for m in band.mean]
    if bands[0].bounds is not None:
        axes.set_ylim(*bands[0].bounds)
    elif bands[0].logarithmic and means:
        # Few seeds make bands that would leave nothing of the curves: they may leave the panel.
        axes.set_ylim(min(*means, bands[0].neutral) / 1.3, max(*means, bands[0].neutral) * 1.3)
    axes.spines[["top", "right"]].set_visible(False)
