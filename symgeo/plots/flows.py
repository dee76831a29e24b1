"""A flow as a picture: its states at some of its times above, what was measured along it below.

The names of the arrays say what they are: "u" a conformal factor over a surface or along the radius of a disc, "psi"
the radius of a sphere over arclength, "parameters" those of a homogeneous metric, "g" a metric on a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

if TYPE_CHECKING:
    from symgeo.flows import Trajectory

MOMENTS = 4
_LINES = ("-", "--", "-.", ":")

#: Measures that are drawn, panel by panel: the height's label, and measure -> name in the legend.
CURVES: Sequence[tuple[str, Mapping[str, str]]] = (
    ("area", {"area": "area"}),
    ("volume", {"volume": "volume"}),
    (r"scalar curvature $R$", {"min_curvature": "least", "max_curvature": "greatest", "scalar_curvature": "$R$"}),
    (r"radius  (length)", {"neck": "neck", "widest": "widest"}),
    (r"Perelman's $F$", {"F": "$F$"}),
    (r"lowest eigenvalue $\lambda$ of $-4\Delta+R$", {"lambda": r"$\lambda$"}),
    (r"entropy $W$", {"W": "$W$"}),
    (r"$\int R^2\,dV$", {"curvature_squared": r"$\int R^2\,dV$"}),
    ("part of the velocity missed", {"missed": "missed"}),
    ("loss", {"loss": "loss"}),
)
#: Panels whose heights run over many sizes towards a singularity.
RISING = (r"scalar curvature $R$", "loss")
CONSTANT = 1e-4
#: At most so many panels of curves, the first that there are.
PANELS = 3

Draw: TypeAlias = Callable[[Axes, int], object]


@dataclass(frozen=True)
class View:
    """How one state is drawn.

    Attributes:
        draw: into axes, the state of a number.
        shared: whether states of all times go into one panel.
        width: of a panel, in inches.
        height: likewise.
        label: of the colour bar, where there is one.
        scale: of the colours.
    """

    draw: Draw
    shared: bool = False
    width: float = 2.5
    height: float = 2.7
    label: str = ""
    scale: Normalize | None = None


def flow_picture(flow: Trajectory, *, title: str = "") -> Figure:
    """States at four moments, or all in one panel where they are curves, over what was measured along the flow.

    Args:
        flow: a trajectory of any of the flows.
        title: above; what flowed if not given.

    Raises:
        InputError: a flow with nothing that can be drawn.
    """
    view, curves = state_view(flow), _curves(flow)
    if view is None and not curves:
        raise InputError(f"`flow` must have states or measures that can be drawn, got {', '.join(flow.states)}")
    moments = chosen_moments(flow, MOMENTS if view is None or not view.shared else 9)
    with mpl.rc_context(dict(STYLE)):
        columns = 0 if view is None else 1 if view.shared else len(moments)
        width = max(0.0 if view is None else view.width * columns + 1.0, 3.0 * len(curves) + 0.6, 4.5)
        heights = [view.height] if view is not None else []
        heights += [2.6] if curves else []
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.05, wspace=0.03, hspace=0.04)
        figure = Figure(figsize=(width, sum(heights) + 0.4), layout=layout)
        figure.suptitle(title or flow.flow)
        rows = list(figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
        if view is not None:
            _states(rows.pop(0), flow, view, moments)
        if curves:
            _measures(rows[0], flow, curves)
    return figure


def chosen_moments(flow: Trajectory, count: int) -> list[int]:
    """Numbers of states, the first and the last among them, at times as equally spaced as they come."""
    wanted = np.linspace(flow.times[0], flow.times[-1], count)
    return sorted({int(np.abs(flow.times - t).argmin()) for t in wanted})


def state_view(flow: Trajectory) -> View | None:
    """How the states of this flow are drawn; None where only measures are."""
    states, constants = flow.states, flow.constants
    if "u" in states and "first" in constants:
        return _surface_view(flow)
    if "u" in states and "r" in constants:
        return View(_lines(flow, lambda k: (constants["r"], states["u"][k]), "$r$", "conformal factor $u$"), True, 4.5)
    if "psi" in states:
        return View(_outlines(flow), True, 6.0)
    if "g" in states and "points" in constants:
        return _grid_view(flow)
    return None


def _surface_view(flow: Trajectory) -> View:
    """u over its mean, on the torus or the sphere."""
    first, second = flow.constants["first"], flow.constants["second"]
    ball = "Sphere" in flow.flow
    u = flow.states["u"]
    shape = u / u.mean(axis=(1, 2), keepdims=True)
    labels = (r"$\varphi$", r"$\theta$") if ball else ("$x$", "$y$")
    across, up = (second[0], first[:, 0]) if ball else (first[:, 0], second[0])
    values = shape if ball else shape.swapaxes(1, 2)
    return _maps(flow, across, up, values, labels, "$u$ over its mean")


def _grid_view(flow: Trajectory) -> View:
    """The volume element over its mean, in a plane of the first two coordinates."""
    points, g = flow.constants["points"], flow.states["g"]
    root = np.sqrt(np.linalg.det(np.moveaxis(g, (1, 2), (-2, -1))))
    middle = tuple(n // 2 for n in root.shape[3:])
    plane = root[(slice(None), slice(None), slice(None), *middle)]
    along = (slice(None), 0, *middle), (0, slice(None), *middle)
    across, up = points[0][along[0]], points[1][along[1]]
    plane = plane / plane.mean(axis=(1, 2), keepdims=True)
    return _maps(flow, across, up, plane.swapaxes(1, 2), ("$x$", "$y$"), r"$\sqrt{\det g}$ over its mean")


def _maps(
    flow: Trajectory,
    across: Float[np.ndarray, " columns"],
    up: Float[np.ndarray, " rows"],
    values: Float[np.ndarray, "t rows columns"],
    labels: tuple[str, str],
    label: str,
) -> View:
    scale = Normalize(float(values.min()), float(values.max()))

    def draw(axes: Axes, k: int) -> QuadMesh:
        axes.set(title=moment(flow, k), xlabel=labels[0], aspect="equal")
        axes.set_ylabel(labels[1], rotation=0, labelpad=8, va="center")
        axes.locator_params(nbins=4)
        if labels[1] == r"$\theta$":
            axes.invert_yaxis()
        return axes.pcolormesh(across, up, values[k], norm=scale, shading="gouraud", rasterized=True)

    width, height = (2.9, 1.9) if labels[1] == r"$\theta$" else (2.5, 2.7)
    return View(draw, width=width, height=height, label=label, scale=scale)


def _outlines(flow: Trajectory) -> Draw:
    """psi and -psi over arclength from the middle; at the poles the slope is one."""
    s, psi = flow.states["s"], flow.states["psi"]
    half, most = s.max() / 2, 1.08 * psi.max()

    def curve(k: int) -> tuple[np.ndarray, np.ndarray]:
        along = s[k] - s[k].max() / 2
        return np.concatenate([along, along[::-1]]), np.concatenate([psi[k], -psi[k][::-1]])

    made = _lines(flow, curve, "arclength from the middle, $s$", r"radius $\psi$, mirrored")

    def draw(axes: Axes, k: int) -> object:
        axes.set(xlim=(-1.05 * half, 1.05 * half), ylim=(-most, most), aspect="equal")
        return made(axes, k)

    return draw


def _lines(flow: Trajectory, curve: Callable[[int], tuple[np.ndarray, np.ndarray]], across: str, up: str) -> Draw:
    """One curve for each state, darker with time."""
    begin, span = flow.times[0], max(flow.times[-1] - flow.times[0], 1e-300)

    def draw(axes: Axes, k: int) -> object:
        axes.set(xlabel=across, ylabel=up)
        shade = mpl.colormaps["viridis_r"](0.15 + 0.85 * (flow.times[k] - begin) / span)
        return axes.plot(*curve(k), color=shade, linewidth=1.2, label=moment(flow, k))

    return draw


def moment(flow: Trajectory, k: int) -> str:
    """The time of a state, to four digits."""
    return f"$t$ = {flow.times[k]:.4g}"


def _states(figure: object, flow: Trajectory, view: View, moments: list[int]) -> None:
    row = figure.subplots(1, 1 if view.shared else len(moments), squeeze=False)[0]
    for place, k in enumerate(moments):
        view.draw(row[0] if view.shared else row[place], k)
        if place and not view.shared:
            row[place].set_ylabel("")
    if view.shared:
        row[0].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    elif view.scale is not None:
        image = row[-1].collections[0]
        bar = figure.colorbar(image, cax=row[-1].inset_axes((1.06, 0, 0.06, 1)), label=view.label)
        bar.outline.set_linewidth(0.6)


def _curves(flow: Trajectory) -> list[tuple[str, Mapping[str, np.ndarray]]]:
    """The panels of curves that this flow has."""
    found: list[tuple[str, Mapping[str, np.ndarray]]] = []
    if "parameters" in flow.states:
        values = flow.states["parameters"]
        names = flow.constants.get("names", np.arange(1, 1 + values.shape[1]))
        found.append(("parameters of $g$", {str(name): values[:, k] for k, name in enumerate(names)}))
    entropies = {"F", "lambda", "W"} <= set(flow.measures)
    for label, members in CURVES:
        if entropies and not {"F", "lambda", "W"} & set(members):
            continue
        there = {name: flow.measures[key] for key, name in members.items() if key in flow.measures}
        if any(np.any(values) for values in there.values()):
            found.append((label, MappingProxyType(there)))
    return found[:PANELS]


def _measures(figure: object, flow: Trajectory, curves: list[tuple[str, Mapping[str, np.ndarray]]]) -> None:
    for axes, (label, members) in zip(figure.subplots(1, len(curves), squeeze=False)[0], curves, strict=True):
        for number, (name, values) in enumerate(members.items()):
            look = {"linestyle": _LINES[number % len(_LINES)], "color": mpl.colormaps["viridis"](0.28 * (number % 4))}
            axes.plot(flow.times, values, label=name, linewidth=1.4, **look)
        every = np.concatenate(list(members.values()))
        if label in RISING and (every > 0).all() and every.max() > 100 * every.min():
            axes.set_yscale("log")
        elif np.ptp(every) < CONSTANT * np.abs(every).max():
            # What is kept is drawn as a level line, not as its rounding errors.
            axes.set_ylim(every.mean() - 0.05 * abs(every.mean()), every.mean() + 0.05 * abs(every.mean()))
        axes.set(xlabel="time $t$", ylabel=label)
        axes.spines[["top", "right"]].set_visible(False)
        if flow.singular_time is not None:
            name = f"singular at {flow.singular_time:.5g}"
            axes.axvline(flow.singular_time, color="0.55", linestyle=(0, (1, 2)), linewidth=1.2, label=name)
        if len(members) > 1 or flow.singular_time is not None:
            axes.legend(loc="best")
