"""Spectra of the metric at inputs: a panel an input, a curve a moment of the training, over the rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

# Rising in darkness with the training; by line in greyscale.
_LINES = ("-", "--", "-.", ":")


def spectrum_row(
    panels: Sequence[tuple[str, Mapping[str, Float[np.ndarray, " rank"]]]],
    images: Sequence[Float[np.ndarray, "rows columns *channels"]] = (),
    *,
    note: str = "",
) -> Figure:
    """Eigenvalues in falling order on a logarithmic scale, the same for all panels.

    Args:
        panels: the title of each, and its curves by their names.
        images: one for each panel, drawn in it; values in [0, 1].
        note: below the figure: which data, which network.

    Raises:
        InputError: no panel, or an eigenvalue that is not positive.
    """
    if not panels or any(not (values > 0).all() for _, curves in panels for values in curves.values()):
        raise InputError("`panels` must be one or more, with positive eigenvalues: leave out those of rank zero")
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, wspace=0.02)
        figure = Figure(figsize=(3.0 * len(panels) + 0.5, 3.4), layout=layout)
        row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        shades = mpl.colormaps["viridis_r"](np.linspace(0.15, 1, max(len(curves) for _, curves in panels)))
        for number, (axes, (title, curves)) in enumerate(zip(row, panels, strict=True)):
            for index, (name, values) in enumerate(curves.items()):
                look = {"color": shades[index], "linestyle": _LINES[index % len(_LINES)], "linewidth": 1.4}
                axes.plot(np.arange(1, len(values) + 1), values, label=name, **look)
            axes.set(title=title, yscale="log", xlabel="rank of the eigenvalue")
            axes.spines[["top", "right"]].set_visible(False)
            if number < len(images):
                inset = axes.inset_axes((0.03, 0.04, 0.28, 0.3))
                inset.imshow(images[number], cmap="gray", vmin=0, vmax=1)
                inset.set(xticks=[], yticks=[])
        row[0].set_ylabel(r"eigenvalue of $g$  (no unit)")
        figure.legend(*row[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(shades))
        if note:
            figure.suptitle(note, fontsize=8)
    return figure
