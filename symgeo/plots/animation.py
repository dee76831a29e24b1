"""A sequence of maps as a GIF: one map a frame, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from symgeo.errors import InputError
from symgeo.plots.plane import PlaneMap, draw_map, require_drawable
from symgeo.plots.style import STYLE

_LAST = 8  # the end is shown as long as that many frames
_DPI = 110


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
    path = Path(stem).with_name(f"{Path(stem).name}.gif")
    partial = path.with_name(f".{path.name}.partial.gif")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with mpl.rc_context(dict(STYLE)):
            figure = Figure(figsize=(4.1, 3.4), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
            figure.set_dpi(_DPI)
            canvas = FigureCanvasAgg(figure)
            axes = figure.subplots()
            frames = []
            for number, drawn in enumerate(maps):
                axes.clear()
                image = draw_map(axes, drawn, extent, low, high)
                axes.set_xlabel(axis_labels[0])
                axes.set_ylabel(axis_labels[1], rotation=0, labelpad=8, va="center")
                if not number:
                    bar = figure.colorbar(image, ax=axes, label=label)
                    bar.outline.set_linewidth(0.6)
                canvas.draw()
                frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
        shown = [1000 / frames_per_second] * (len(frames) - 1) + [1000 * _LAST / frames_per_second]
        first, *others = frames
        first.save(partial, format="GIF", save_all=True, append_images=others, duration=shown, loop=0)
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"`stem`: {path} cannot be written ({error.strerror or error}): choose another place"
        ) from None
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
    return path
