"""A flow as a GIF: its states one after the other, on one scale, with the time above."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from symgeo.errors import InputError
from symgeo.plots.flows import chosen_moments, moment, state_view
from symgeo.plots.gif import save_gif

if TYPE_CHECKING:
    from symgeo.flows import Trajectory

FRAMES = 60
_LAST = 12  # the end is shown as long as that many frames


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

    def draw(axes: Axes, k: int) -> ScalarMappable | None:
        view.draw(axes, k)
        axes.set_title(moment(flow, k))
        return None if view.scale is None else axes.collections[0]

    width = view.width if view.shared else view.width + 1.4
    return save_gif(
        chosen_moments(flow, FRAMES),
        draw,
        stem,
        size=(width, 3.2),
        frames_per_second=frames_per_second,
        hold=_LAST,
        label=view.label,
    )
