"""The volume element of a plane as each stage of a network pulls it back: a row a moment, a column a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from symgeo.errors import InputError
from symgeo.plots.sections import VOLUME, Corners, draw_map
from symgeo.plots.style import STYLE


@dataclass(frozen=True)
class StageRow:
    """One network.

    Attributes:
        title: to the left.
        log10_volume: of each stage, by the title of its column.
    """

    title: str
    log10_volume: Mapping[str, Float[np.ndarray, "rows columns"]]


def stage_grid(
    rows: Sequence[StageRow], extent: tuple[float, float, float, float], corners: Corners, *, note: str = ""
) -> Figure:
    """Maps of volume elements, each on its own scale: stages differ by factors that would hide all else.

    Args:
        rows: from top to bottom, of the same stages.
        extent: (left, right, bottom, top) of the maps, the centres of the outer values.
        corners: the three images.
        note: below the figure: which data, which network.

    Raises:
        InputError: no row, or rows of different stages.
    """
    if not rows or any(list(row.log10_volume) != list(rows[0].log10_volume) for row in rows):
        raise InputError("`rows` must be one or more, all of the same stages in the same order")
    titles = list(rows[0].log10_volume)
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.02, hspace=0.02)
        figure = Figure(figsize=(2.75 * len(titles) + 0.3, 2.2 * len(rows) + 0.8), layout=layout)
        every = figure.subplots(len(rows), len(titles), squeeze=False)
        for row, axes_row in zip(rows, every, strict=True):
            for axes, title in zip(axes_row, titles, strict=True):
                image = draw_map(axes, row.log10_volume[title], extent, corners, cmap="magma")
                last = axes is axes_row[-1]
                bar = figure.colorbar(image, cax=axes.inset_axes((1.05, 0, 0.05, 1)), label=VOLUME if last else "")
                bar.outline.set_linewidth(0.6)
                bar.locator = MaxNLocator(5)
            axes_row[0].set_ylabel(row.title)
        for axes, title in zip(every[0], titles, strict=True):
            axes.set_title(title)
        for axes in every[-1]:
            axes.set_xlabel("distance (a pixel's range is 1)")
        if note:
            figure.supxlabel(note, fontsize=8)
    return figure
