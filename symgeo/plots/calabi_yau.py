"""Panels of what is measured on Calabi-Yau hypersurfaces: curves with the spread over seeds, spectra, distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

# Okabe and Ito's, in an order of falling contrast, each with its own line and marker.
_LOOKS = (
    {"color": "#0b3c6f", "linestyle": "-", "marker": "o"},
    {"color": "#d55e00", "linestyle": "--", "marker": "s"},
    {"color": "#009e73", "linestyle": "-.", "marker": "^"},
    {"color": "#cc79a7", "linestyle": ":", "marker": "D"},
    {"color": "#56b4e9", "linestyle": (0, (5, 1)), "marker": "v"},
    {"color": "#8a6d00", "linestyle": (0, (1, 1)), "marker": "P"},
)


@dataclass(frozen=True)
class Curve:
    """Values over an abscissa, of one seed or several.

    Attributes:
        label: in the legend.
        x: the abscissa, of each seed or common to all.
        y: one row a seed; the mean is drawn (of logarithms where the ordinate is logarithmic), and all rows as a band.
        level: a horizontal line at the mean of y instead, where there is no abscissa.
    """

    label: str
    x: Float[np.ndarray, " points"]
    y: Float[np.ndarray, "seeds points"]
    level: bool = False


@dataclass(frozen=True)
class CurvePanel:
    """Curves on common axes.

    Attributes:
        title: above.
        x_label: with the unit.
        y_label: with the unit.
        curves: what is drawn.
        log_x: whether the abscissa is logarithmic.
        log_y: whether the ordinate is.
        neutral: a thin line at the value that means no effect.
    """

    title: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    log_x: bool = False
    log_y: bool = False
    neutral: float | None = None


@dataclass(frozen=True)
class SpectrumPanel:
    """Histograms of eigenvalues of both signs.

    Attributes:
        title: above.
        spectra: a label and the eigenvalues of each.
        linear: a power of ten; eigenvalues below it share the bins around zero, beyond it bins are logarithmic.
    """

    title: str
    spectra: Sequence[tuple[str, Float[np.ndarray, " m"]]]
    linear: float


@dataclass(frozen=True)
class DistancePanel:
    """The distances between points, in the order of the points.

    Attributes:
        title: above.
        distances: of all pairs.
        label: of the colours, with the unit.
        batches: where a batch begins.
    """

    title: str
    distances: Float[np.ndarray, "m m"]
    label: str
    batches: Int[np.ndarray, " k"]


Panel = CurvePanel | SpectrumPanel | DistancePanel


def panel_grid(
    rows: Sequence[Sequence[Panel]], *, width: float = 3.4, height: float = 3.0, share_y: bool = False
) -> Figure:
    """Panels in rows; distances share one scale, and curves of one label look the same in all panels.

    A row whose panels all have the same curves has one legend below it.

    Args:
        rows: from top to bottom.
        width: inches, of a panel.
        height: of a panel.
        share_y: whether the curves of a row have one ordinate.

    Raises:
        InputError: no panel, or an empty one.
    """
    if not rows or not all(rows):
        raise InputError("`rows` must hold at least one panel each")
    panels = [panel for row in rows for panel in row]
    for panel in panels:
        if not isinstance(panel, DistancePanel) and not (
            panel.curves if isinstance(panel, CurvePanel) else panel.spectra
        ):
            raise InputError(f"`rows`: nothing to draw in {panel.title!r}")
    labels = dict.fromkeys(c.label for panel in panels if isinstance(panel, CurvePanel) for c in panel.curves)
    looks = {label: _LOOKS[i % len(_LOOKS)] for i, label in enumerate(labels)}
    scale = [float(p.distances.max()) for p in panels if isinstance(p, DistancePanel)]
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.04)
        columns = max(len(row) for row in rows)
        figure = Figure(figsize=(width * columns + 0.2, height * len(rows)), layout=layout)
        for part, row in zip(np.ravel(figure.subfigures(len(rows), 1, squeeze=False)), rows, strict=True):
            every = part.subplots(1, len(row), squeeze=False)[0]
            named = [[c.label for c in panel.curves] for panel in row if isinstance(panel, CurvePanel)]
            together = len(named) == len(row) > 1 and all(names == named[0] for names in named)
            shown = [axes for axes, panel in zip(every, row, strict=True) if isinstance(panel, DistancePanel)]
            for axes, panel in zip(every, row, strict=True):
                axes.set_title(panel.title, fontsize=9)
                if isinstance(panel, CurvePanel):
                    _curves(axes, panel, looks)
                    if not together:
                        axes.legend(fontsize=7.5, handlelength=2.6)
                elif isinstance(panel, SpectrumPanel):
                    _spectra(axes, panel)
                else:
                    image = _distances(axes, panel, max(scale))
                    if axes is shown[-1]:
                        bar = part.colorbar(image, ax=shown, label=panel.label, fraction=0.04, pad=0.01)
                        bar.outline.set_linewidth(0.6)
            if share_y and len(named) == len(row):
                low, high = (f(axes.get_ylim()[i] for axes in every) for i, f in enumerate((min, max)))
                for axes in every:
                    axes.set_ylim(low, high)
            if together:
                part.legend(*every[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(named[0]))
    return figure


def _curves(axes: Axes, panel: CurvePanel, looks: dict[str, dict]) -> None:
    if panel.log_x:
        axes.set_xscale("log")
    if panel.log_y:
        axes.set_yscale("log")
    for curve in panel.curves:
        look = looks[curve.label]
        y = np.atleast_2d(curve.y)
        mean = np.exp(np.log(y).mean(0)) if panel.log_y else y.mean(0)
        if curve.level:
            axes.axhline(
                float(mean[0]), color=look["color"], linestyle=look["linestyle"], label=curve.label, linewidth=1.2
            )
            axes.axhspan(float(y.min()), float(y.max()), color=look["color"], alpha=0.12, linewidth=0)
            continue
        axes.plot(curve.x, mean, label=curve.label, linewidth=1.3, markersize=3.2, **look)
        if len(y) > 1:
            axes.fill_between(curve.x, y.min(0), y.max(0), color=look["color"], alpha=0.15, linewidth=0)
    if panel.neutral is not None:
        axes.axhline(panel.neutral, color="#808080", linewidth=0.6)
    axes.set(xlabel=panel.x_label, ylabel=panel.y_label)
    axes.spines[["top", "right"]].set_visible(False)


def _spectra(axes: Axes, panel: SpectrumPanel) -> None:
    largest = max(float(np.abs(values).max()) for _, values in panel.spectra)
    negative = min(float(values.min()) for _, values in panel.spectra) < -panel.linear
    decades = max(1, int(np.ceil(np.log10(largest / panel.linear))))
    positive = panel.linear * 10.0 ** np.linspace(0, decades, 4 * decades + 1)
    edges = np.concatenate([-positive[::-1], positive]) if negative else np.concatenate([[-panel.linear], positive])
    for (label, values), look, fill in zip(panel.spectra, _LOOKS, (0.30, 0.0), strict=False):
        axes.hist(values, edges, histtype="stepfilled", color=look["color"], alpha=fill)
        axes.hist(
            values, edges, histtype="step", color=look["color"], linestyle=look["linestyle"], label=label, linewidth=1.3
        )
    axes.set_xscale("symlog", linthresh=panel.linear)
    step = -(-decades // (3 if negative else 6))
    ticks = [panel.linear * 10.0**k for k in range(decades % step, decades + 1, step)]
    places = [*(-t for t in reversed(ticks)), 0, *ticks] if negative else [0, *ticks]
    axes.set_xticks(places, labels=[_power(t) for t in places])
    axes.minorticks_off()
    axes.set(xlabel="eigenvalue of the metric-NTK (1)", ylabel="eigenvalues in the bin")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=7.5)


def _power(value: float) -> str:
    if value == 0:
        return "0"
    exponent = round(float(np.log10(abs(value))))
    return f"${'-' if value < 0 else ''}10^{{{exponent}}}$"


def _distances(axes: Axes, panel: DistancePanel, highest: float):
    image = axes.imshow(panel.distances, vmin=0, vmax=highest, cmap="viridis", interpolation="antialiased")
    for place in panel.batches[1:]:
        axes.axhline(place - 0.5, color="white", linewidth=0.5, linestyle=":")
        axes.axvline(place - 0.5, color="white", linewidth=0.5, linestyle=":")
    axes.set(xlabel="point", ylabel="point")
    axes.locator_params(nbins=5)
    return image
