"""Four flows of one metric under Perelman's functional, and how far each is from Ricci flow.

From the outermost ring to the innermost: gradient descent of a finite network, a fixed kernel of infinite width, a
local fixed kernel, and Perelman's flow, whose kernel is DeWitt's metric on metrics. After figure 1 of "Metric flows
with neural networks", arXiv:2310.19870. Above, what each did to the scalar curvature; below, what is the same in all
coordinates, and what each keeps.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from symgeo.flows import GridMetric, PeriodicGrid, Ring, Trajectory, metric_network, taxonomy, tensor_flow
from symgeo.plots import STYLE, save
from symgeo.storing import store

EXPERIMENTS = ()  # it lets metrics flow by itself, in some ten seconds
IN_REPORT = False
CAPTION = (
    "Four flows that raise Perelman's F from one metric on a torus: gradient descent of a network, a fixed kernel of "
    "infinite width, a local fixed kernel, Perelman's flow. Above: the change of the scalar curvature by the end, "
    "beside that of Ricci flow. Below: the integral of its square and the area, which no change of coordinates "
    "touches. Only Perelman's flow is Ricci flow, up to a diffeomorphism."
)
MEASURED = Path(__file__).parent / "measured" / "flow-taxonomy.json"
POINTS, WIDTH, SEED = 17, 32, 1
# The local flow is ill-posed, as Perelman's is along diffeomorphisms: later its highest modes matter on any grid.
TIMES = np.linspace(0, 0.015, 11)
LENGTH = 0.5  # of the kernel at infinite width
TITLES = {
    "network": f"network of {WIDTH} units",
    "infinite width": f"infinite width, $\\ell$ = {LENGTH}",
    "local": "local kernel",
    "perelman": "Perelman",
}
RICCI = "Ricci flow"
COLOURS = {"network": "#3b528b", "infinite width": "#21918c", "local": "#e08214", "perelman": "#b2182b", RICCI: "0.15"}
STYLES = {"network": ":", "infinite width": "-.", "local": "--", "perelman": (0, (5, 4)), RICCI: "-"}


@dataclass(frozen=True)
class Experiment:
    """The four rings and Ricci flow, from one metric."""

    grid: PeriodicGrid
    rings: Mapping[str, Ring]
    ricci: Trajectory

    def flows(self) -> dict[str, Trajectory]:
        """All five."""
        return {**{name: ring.trajectory for name, ring in self.rings.items()}, RICCI: self.ricci}

    def curvature(self, flow: Trajectory, k: int) -> Float[np.ndarray, "n n"]:
        """R of a state."""
        return GridMetric(self.grid, flow.states["g"][k]).scalar_curvature

    def table(self) -> dict[str, object]:
        """What each conserves, and how far it ends from Ricci flow."""
        start = self.ricci.measures
        return {
            "grid": [POINTS, POINTS],
            "until": float(TIMES[-1]),
            "network": {"widths": [WIDTH], "seed": SEED},
            "kernel_length": LENGTH,
            "start": {"volume": _digits(start["volume"][0]), "curvature_squared": _digits(_squared(self.ricci)[0])},
            "ricci": {"curvature_squared": _digits(_squared(self.ricci)[-1])},
            "rings": {
                name: {
                    "distance_from_ricci": _digits(ring.distance),
                    "conserved": list(ring.conserved),
                    "f_rises": ring.rises,
                    "f_gained": _digits(np.ptp(ring.trajectory.measures["F"])),
                    "volume_changed": _digits(np.ptp(ring.trajectory.measures["volume"])),
                    "curvature_squared": _digits(_squared(ring.trajectory)[-1]),
                }
                for name, ring in self.rings.items()
            },
        }


def experiment() -> Experiment:
    """Let the metric that a network starts with flow in all five ways."""
    grid = PeriodicGrid((POINTS, POINTS))
    network = metric_network(2, "free", widths=(WIDTH,), lengths=grid.lengths, scale=0.3, steepness=0.3, seed=SEED)
    rings = taxonomy(network, grid, TIMES, length=LENGTH)
    start = rings["perelman"].trajectory.states["g"][0]
    return Experiment(grid, rings, tensor_flow(grid, start, TIMES))


def draw(made: Experiment | None = None) -> Figure:
    """Maps of the change of R, and curves of invariants.

    Args:
        made: what flowed; it is done first if not given.
    """
    made = made or experiment()
    flows = made.flows()
    first = made.curvature(made.ricci, 0)
    changes = {name: made.curvature(flow, -1) - first for name, flow in flows.items()}
    with mpl.rc_context(dict(STYLE)):
        layout = ConstrainedLayoutEngine(w_pad=0.05, h_pad=0.05, wspace=0.03)
        figure = Figure(figsize=(13.2, 5.4), layout=layout)
        above, below = np.ravel(figure.subfigures(2, 1, height_ratios=(1.0, 1.05)))
        row = above.subplots(1, 6)
        extremes = float(first.min()), float(first.max())
        _map(row[0], made.grid, first, "$R$ at the start", "viridis", extremes, " ")
        most = max(float(np.abs(change).max()) for change in changes.values())
        for axes, (name, change) in zip(row[1:], changes.items(), strict=True):
            last = axes is row[-1]
            bar = rf"change of $R$ by $t$ = {TIMES[-1]:g}" if last else ""
            _map(axes, made.grid, change, TITLES.get(name, name), "RdBu_r", (-most, most), bar)
        left, middle, right = below.subplots(1, 3, width_ratios=(1, 1, 1.25))
        for name, flow in flows.items():
            look = {"color": COLOURS[name], "linestyle": STYLES[name], "linewidth": 2.6 if name == RICCI else 1.6}
            look["alpha"] = 0.4 if name == RICCI else 1.0
            label = TITLES.get(name, name)
            squared, volume = _squared(flow), flow.measures["volume"]
            left.plot(flow.times, squared / squared[0], label=label, **look)
            middle.plot(flow.times, 1e4 * (volume / volume[0] - 1), **look)
        left.set(xlabel="time $t$", ylabel=r"$\int R^2\,dV$ over its start")
        middle.set(xlabel="time $t$", ylabel="area gained, parts in 10,000")
        for axes in (left, middle):
            axes.spines[["top", "right"]].set_visible(False)
        left.legend(loc="lower left")
        _table(right, made)
    return figure


def _map(
    axes: Axes,
    grid: PeriodicGrid,
    values: Float[np.ndarray, "n n"],
    title: str,
    colours: str,
    limits: tuple[float, float],
    bar: str,
) -> None:
    """Values over one period, with a colour bar if it has a name."""
    x, y = grid.points()
    image = axes.pcolormesh(
        x[:, 0], y[0], values.T, cmap=colours, vmin=limits[0], vmax=limits[1], shading="gouraud", rasterized=True
    )
    axes.set(title=title, aspect="equal", xticks=[0, 2, 4], yticks=[0, 2, 4], xlabel="$x$")
    if title == "$R$ at the start":
        axes.set_ylabel("$y$", rotation=0, labelpad=8, va="center")
    if bar:
        made = axes.figure.colorbar(image, cax=axes.inset_axes((1.05, 0, 0.06, 1)), label=bar)
        made.outline.set_linewidth(0.6)


def _table(axes: Axes, made: Experiment) -> None:
    """What each keeps and how far it ends."""
    axes.axis("off")
    rows = [
        [
            TITLES[name],
            f"{ring.distance:.1e}",
            "yes" if "volume" in ring.conserved else "no",
            "yes" if "total_curvature" in ring.conserved else "no",
            "yes" if ring.rises else "no",
        ]
        for name, ring in made.rings.items()
    ]
    heads = ["flow", "distance from\nRicci flow", "keeps\nthe area", "keeps\n$\\int R\\,dV$", "raises $F$\nall along"]
    table = axes.table(rows, colLabels=heads, loc="center", cellLoc="center", colWidths=[0.36, 0.2, 0.14, 0.14, 0.16])
    table.auto_set_font_size(False)
    table.set_fontsize(8.5)
    table.scale(1, 1.6)
    for (row, _), cell in table.get_celld().items():
        cell.set_linewidth(0)
        cell.visible_edges = "B" if row == 0 else ""
        cell.set_linewidth(0.6)
        if row == 0:
            cell.set_height(1.5 * cell.get_height())


def _squared(flow: Trajectory) -> Float[np.ndarray, " t"]:
    return flow.measures["curvature_squared"]


def _digits(value: float) -> float:
    """Four digits: what another machine finds as well."""
    return float(f"{value:.4g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write flow_taxonomy.pdf and .png into")
    arguments = parser.parse_args()
    found = experiment()
    store(MEASURED, json.dumps(found.table(), indent=1) + "\n")
    save(draw(found), Path(arguments.output) / "flow_taxonomy")
