"""A GIF whose frames are drawn one after the other on the same axes, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from symgeo.plots.saving import replacing
from symgeo.plots.style import STYLE

_DPI = 110

Shown = TypeVar("Shown")


def save_gif(
    shown: Iterable[Shown],
    draw: Callable[[Axes, Shown], ScalarMappable | None],
    stem: str | Path,
    *,
    size: tuple[float, float],
    frames_per_second: float,
    hold: int,
    label: str = "",
) -> Path:
    """Write one frame for each of what is shown as stem.gif, and return the path.

    Args:
        shown: what each frame shows, at least one.
        draw: draws it on empty axes; what it returns gets a colour bar, the first frame's for all of them.
        stem: the path without its ending; its folder is made if need be.
        size: of the figure, in inches.
        frames_per_second: how fast.
        hold: the last frame is shown as long as that many.
        label: the colour bar's.

    Raises:
        InputError: a path that cannot be written.
    """
    path = Path(stem).with_name(f"{Path(stem).name}.gif")
    with replacing(path) as partial:
        first, *others = _frames(shown, draw, size, label)
        durations = [1000 / frames_per_second] * len(others) + [1000 * hold / frames_per_second]
        first.save(partial, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return path


def _frames(
    shown: Iterable[Shown],
    draw: Callable[[Axes, Shown], ScalarMappable | None],
    size: tuple[float, float],
    label: str,
) -> list[Image.Image]:
    with mpl.rc_context(dict(STYLE)):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
        figure.set_dpi(_DPI)
        canvas, axes, frames = FigureCanvasAgg(figure), figure.subplots(), []
        for each in shown:
            axes.clear()
            image = draw(axes, each)
            if image is not None and not frames:
                bar = figure.colorbar(image, ax=axes, label=label)
                bar.outline.set_linewidth(0.6)
            canvas.draw()
            frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    return frames
