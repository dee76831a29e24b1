"""sigma against seconds, for a network and its linearisation, beside fixed kernels that need no training.

A panel a hypersurface: the curves are trainings by Adam on the same points, the horizontal lines what the other
methods reach on them, measured on held-out points. sigma = 0 is the Ricci-flat metric.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from symgeo.calabi_yau.ledger import read
from symgeo.plots import save
from symgeo.plots.calabi_yau import Curve, CurvePanel, panel_grid

EXPERIMENTS = ()  # it reads what `python -m symgeo.calabi_yau.studies` measured
IN_REPORT = False
CAPTION = (
    "sigma = E |1 − eta| on held-out points of the Fermat cubic, quartic and quintic: trainings by Adam against CPU "
    "seconds (a network and its linearisation), and, as horizontal lines, the linearisation solved to convergence, "
    "the balanced metric, and the Fubini–Study metric. The same points for network and kernels. Bands: three seeds. "
    "The derivatives of the linearisation, taken once, are not in its seconds."
)
MEASURED = Path(__file__).parent / "measured"
NAMES = {"cubic": "Fermat cubic, n = 1", "k3": "Fermat quartic (K3), n = 2", "quintic": "Fermat quintic, n = 3"}
CURVES = {"network": "network", "linearised": "linearised"}
LEVELS = {"frozen kernel": "frozen kernel, solved", "balanced": "balanced metric", "fubini-study": "Fubini–Study"}


def draw(folder: str | Path = MEASURED) -> Figure:
    """A panel a hypersurface.

    Raises:
        DataError: nothing was measured, or the file is damaged.
    """
    rows = read(Path(folder) / "calabi-yau-comparison.json")["rows"]
    panels = []
    for name, title in NAMES.items():
        curves = []
        for method, label in CURVES.items():
            runs = [np.array(row["curve"]) for row in _of(rows, name, method)]
            curves.append(Curve(label, np.mean([r[1:, 1] for r in runs], axis=0), np.array([r[1:, 2] for r in runs])))
        for method, label in LEVELS.items():
            values = np.array([[row["sigma"]] for row in _of(rows, name, method)])
            curves.append(Curve(label, np.zeros(1), values, level=True))
        panels.append(CurvePanel(title, "CPU seconds", r"$\sigma$ on held-out points (1)", curves, True, True))
    return panel_grid([panels], height=3.4, share_y=True)


def _of(rows: dict, name: str, method: str) -> list[dict]:
    return [row for key, row in rows.items() if key.startswith(f"{name}/{method}/")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write cy_training.pdf and cy_training.png into")
    arguments = parser.parse_args()
    save(draw(), Path(arguments.output) / "cy_training")
