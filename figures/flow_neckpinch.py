"""A dumbbell under Ricci flow: its neck pinches off in finite time, as fast as theory says.

    psi_neck = sqrt(2 (n - 1) (T - t)),     g = ds^2 + psi^2 g_{S^n},     n = 2

Left, the radius of the spheres over arclength, mirrored, at several times; middle, the neck's and the bells' radius up
to the singular time T; right, the neck's radius over what is left of the time, for three dumbbells, beside the law.
After Angenent and Knopf, An example of neckpinching for Ricci flow on S^{n+1} (2004).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.flows import Trajectory, dumbbell, rotational_flow
from symgeo.plots import STYLE, save
from symgeo.plots.flows import chosen_moments, state_view
from symgeo.storing import store

EXPERIMENTS = ()  # it lets metrics flow by itself, in a minute
IN_REPORT = False
CAPTION = (
    "Ricci flow of dumbbells, rotationally symmetric metrics on the three-sphere. Left: the radius of one over "
    "arclength, mirrored, up to its pinching. Middle: the radius of its neck and of its bells. Right: the neck's "
    "radius over the time that is left, for three dumbbells; the line is the law, √(2 (T − t))."
)
MEASURED = Path(__file__).parent / "measured" / "flow-neckpinch.json"
NECKS = (0.2, 0.25, 0.3)
# The last part of the time, less the last steps, whose T is still uncertain: where the law is measured.
LATE = (2e-3, 5e-2)


def flows() -> dict[float, Trajectory]:
    """Three dumbbells, up to where they pinch."""
    return {neck: rotational_flow(dumbbell(neck), [0, 1]) for neck in NECKS}


def table(made: dict[float, Trajectory]) -> dict[str, object]:
    """The singular time, the exponent of the neck's radius and its factor, of each."""
    rows = []
    for neck, flow in made.items():
        left, radius = _late(flow)
        rows.append(
            {
                "neck": neck,
                "singular_time": float(f"{flow.singular_time:.7g}"),
                "exponent": float(f"{np.polyfit(np.log(left), np.log(radius), 1)[0]:.4f}"),
                "factor": float(f"{radius[-1] / math.sqrt(2 * left[-1]):.4f}"),
            }
        )
    return {"law": {"exponent": 0.5, "factor": 1.0}, "late": list(LATE), "dumbbells": rows}


def draw(made: dict[float, Trajectory] | None = None) -> Figure:
    """The outline, its radii, and the law.

    Args:
        made: flows by the radius of the neck at the start; they are done first if not given.
    """
    made = made or flows()
    shown = max(made)
    flow = made[shown]
    view = state_view(flow)
    assert view is not None
    with mpl.rc_context(dict(STYLE)):
        figure = Figure(figsize=(12.6, 3.5), layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.05, wspace=0.03))
        body, radii, law = figure.subplots(1, 3, width_ratios=(1.7, 1, 1))
        for k in _towards(flow):
            view.draw(body, k)
        body.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        body.set(title=f"dumbbell with a neck of {shown}")
        for name, look in (("neck", "-"), ("widest", "--")):
            label = {"neck": "neck", "widest": "bells"}[name]
            radii.plot(flow.times, flow.measures[name], look, color="#3b528b", label=label, linewidth=1.5)
        radii.axvline(flow.singular_time, color="0.55", linestyle=(0, (1, 2)), label=f"$T$ = {flow.singular_time:.6f}")
        radii.set(xlabel="time $t$", ylabel="radius", ylim=(0, None), title="its radii")
        radii.legend(loc="best")
        for number, (neck, each) in enumerate(made.items()):
            left, radius = each.singular_time - each.times, each.measures["neck"]
            look = {"marker": "os^"[number], "markersize": 3.2, "linestyle": "", "markerfacecolor": "none"}
            shade = mpl.colormaps["viridis"](0.3 * number)
            law.loglog(left[:-1], radius[:-1], label=f"neck {neck}", color=shade, markeredgewidth=0.8, **look)
        ends = np.array([1e-6, 0.1])
        law.loglog(ends, np.sqrt(2 * ends), color="0.3", linewidth=1.0, label=r"$\sqrt{2(T-t)}$", zorder=0)
        law.set(xlabel="time left, $T-t$", ylabel="radius of the neck", title="the law of the neck")
        law.legend(loc="best")
        for axes in (radii, law):
            axes.spines[["top", "right"]].set_visible(False)
    return figure


def animate(stem: str | Path) -> Path:
    """The outline of one dumbbell up to its pinching as stem.gif; the path is returned."""
    from symgeo.plots.flows_animation import save_flow_animation

    return save_flow_animation(rotational_flow(dumbbell(max(NECKS)), [0, 1]), stem)


def _towards(flow: Trajectory) -> Sequence[int]:
    """States at equal times, and the last one."""
    return chosen_moments(flow, 7)


def _late(flow: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Time left and radius of the neck where the law is measured."""
    assert flow.singular_time is not None
    left = flow.singular_time - flow.times
    late = (left > LATE[0] * flow.singular_time) & (left < LATE[1] * flow.singular_time)
    return left[late], flow.measures["neck"][late]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write flow_neckpinch.pdf and .png into")
    arguments = parser.parse_args()
    found = flows()
    store(MEASURED, json.dumps(table(found), indent=1) + "\n")
    save(draw(found), Path(arguments.output) / "flow_neckpinch")
