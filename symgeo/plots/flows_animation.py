"""A flow as a GIF: its states one after the other, on one scale, with the time above."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from symgeo.errors import InputError
from symgeo.plots.flows import View, chosen_moments, moment, state_view
from symgeo.plots.style import STYLE

if TYPE_CHECKING:
    from symgeo.flows import Trajectory

FRAMES = 60
_LAST = 12  # the end is shown as long as that many frames
_DPI = 110


def save_flow_animation(flow: Trajectory, stem: str | Path, *, frames_per_second: float = 10.0) -> Path:
    """Write the states of a flow as stem.gif, and return the path.

    Args:
        flow: a trajectory with states that are drawn: conformal, rotationally symmetric, or on a grid.
        stem: the path without its ending; its folder is made if need be.
        frames_per_second: how fast; the last frame is held for longer.

    Raises:
        InputError: a flow whose states are no pictures, or a path that cannot be written.
    """
    view = state_view(flow)
    if view is None:
        raise InputError(f"`flow`: the states of {flow.flow!r} are no pictures; its curves are drawn by flow_picture")
    path = Path(stem).with_name(f"{Path(stem).name}.gif")
    partial = path.with_name(f".{path.name}.partial.gif")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        first, *others = _frames(flow, view)
        held = [1000 / frames_per_second] * len(others) + [1000 * _LAST / frames_per_second]
        first.save(partial, format="GIF", save_all=True, append_images=others, duration=held, loop=0)
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"`stem`: {path} cannot be written ({error.strerror or error}): choose another place"
        ) from None
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
    return path


def _frames(flow: Trajectory, view: View) -> list[Image.Image]:
    with mpl.rc_context(dict(STYLE)):
        wide = view.width if view.shared else view.width + 1.4
        figure = Figure(figsize=(wide, 3.2), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06))
        figure.set_dpi(_DPI)
        canvas, axes, frames = FigureCanvasAgg(figure), figure.subplots(), []
        for k in chosen_moments(flow, FRAMES):
            axes.clear()
            view.draw(axes, k)
            axes.set_title(moment(flow, k))
            if view.scale is not None and len(figure.axes) == 1:
                bar = figure.colorbar(axes.collections[0], ax=axes, label=view.label)
                bar.outline.set_linewidth(0.6)
            canvas.draw()
            frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    return frames
