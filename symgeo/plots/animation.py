"""A sequence of maps as a GIF: one map a frame, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from symgeo.plots.gif import save_gif
from symgeo.plots.plane import PlaneMap, draw_map, require_drawable

_LAST = 8  # the end is shown as long as that many frames


def save_animation(
    maps: Sequence[PlaneMap],
    extent: tuple[float, float, float, float],
    stem: str | Path,
    *,
    label: str,
    axis_labels: tuple[str, str] = (r"$x_1$", r"$x_2$"),
    frames_per_second: float = 3.0,
) -> Path:
    """Write the maps, one after the other, as stem.gif, and return the path.

    Args:
        maps: the frames.
        extent: (left, right, bottom, top), the centres of the outer values.
        stem: the path without its ending; its folder is made if need be.
        label: the colour bar's, with the unit.
        axis_labels: of the abscissa and the height.
        frames_per_second: how fast; the last frame is held for longer.

    Raises:
        InputError: maps that cannot be drawn, or a path that cannot be written.
    """
    require_drawable(maps)
    low = min(float(m.field.min()) for m in maps)
    high = max(float(m.field.max()) for m in maps)

    def draw(axes: Axes, panel: PlaneMap) -> AxesImage:
        axes.set_xlabel(axis_labels[0])
        axes.set_ylabel(axis_labels[1], rotation=0, labelpad=8, va="center")
        return draw_map(axes, panel, extent, low, high)

    return save_gif(maps, draw, stem, size=(4.1, 3.4), frames_per_second=frames_per_second, hold=_LAST, label=label)
