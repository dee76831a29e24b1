"""What a fixed kernel learnt on the quintic, at points moved away from those that it learnt from.

The Monge-Ampere loss of the Fubini-Study metric over that of the metric that an element-wise flow made of it, against
the distance by which the points were moved, for the delta kernel, Gaussian kernels and the tangent kernel of a ReLU
network of infinite width. After figure 3 (left) of "Metric flows with neural networks", arXiv:2310.19870.
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
    "Element-wise flows with fixed kernels on the quintic: the loss of the Fubini–Study metric over that of the flow's "
    "at points moved away from those that it learnt from, and at fresh points (right end of each curve, at the mean "
    "distance to the nearest point learnt from). 1 is no gain. Bands: three seeds."
)
MEASURED = Path(__file__).parent / "measured"


def draw(folder: str | Path = MEASURED) -> Figure:
    """Gain against distance, at moved points on the left and near fresh ones on the right.

    Raises:
        DataError: nothing was measured, or the file is damaged.
    """
    rows = read(Path(folder) / "calabi-yau-locality.json")["rows"]
    kernels: dict[str, list[dict]] = {}
    for key, row in rows.items():
        if key.startswith("gain/"):
            kernels.setdefault(key.split("/")[1], []).append(row)
    panels = []
    for title, least in (("all distances", 0.0), ("distances of a sample", 5e-3)):
        curves = []
        for kernel, found in kernels.items():
            x = np.mean([[*row["distance"], row["fresh"]["distance"]] for row in found], axis=0)
            y = np.array([[*row["gain"], row["fresh"]["gain"]] for row in found])
            order = [i for i in np.argsort(x) if x[i] >= least]
            curves.append(Curve(kernel, x[order], y[:, order]))
        panels.append(
            CurvePanel(title, "Fubini–Study distance moved", "gain: loss before / after (1)", curves, True, True, 1.0)
        )
    return panel_grid([panels], width=4.0, height=3.4)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write cy_kernels.pdf and cy_kernels.png into")
    arguments = parser.parse_args()
    save(draw(), Path(arguments.output) / "cy_kernels")
