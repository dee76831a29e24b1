"""The metric-NTK of a network that learns the quintic's metric: its spectrum, and how far it moves.

Above, the eigenvalues at epochs 0 and 50: of the positive kernel over real components, and of the complex kernel
without conjugation, a third of whose eigenvalues are negative. Below, the Wasserstein distance between the spectrum and
that of epoch 0, for the network, for the same one linearised, and for gradient descent at three widths. After figure 4
of "Metric flows with neural networks", arXiv:2310.19870.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from symgeo.calabi_yau.ledger import read
from symgeo.plots import save
from symgeo.plots.calabi_yau import Curve, CurvePanel, SpectrumPanel, panel_grid

EXPERIMENTS = ()  # it reads what `python -m symgeo.calabi_yau.studies` measured
IN_REPORT = False
CAPTION = (
    "Above: eigenvalues of the metric-NTK over held-out points of the quintic before and after 50 epochs, of the "
    "positive kernel and of the un-conjugated complex one (seed 0). Below: Wasserstein distance of the spectrum to "
    "the start's, in units of the mean eigenvalue there, for a network trained by Adam beside the same one linearised "
    "and for gradient descent at three widths. Bands: three seeds."
)
DECADES = 7  # of eigenvalues that are told apart, below the largest
MEASURED = Path(__file__).parent / "measured"
DISTANCE = "Wasserstein distance to the start\n(mean eigenvalue there = 1)"


def draw(folder: str | Path = MEASURED) -> Figure:
    """Two spectra, and two panels of distances.

    Raises:
        DataError: nothing was measured, or the file is damaged.
    """
    rows = read(Path(folder) / "calabi-yau-evolution.json")["rows"]
    spectra = rows["trained/0"]["spectra"]
    largest = max(abs(v) for kinds in spectra.values() for values in kinds.values() for v in values)
    smallest = 10.0 ** (np.floor(np.log10(largest)) - DECADES)
    titles = {"positive": "real components (positive kernel)", "unconjugated": "complex components, not conjugated"}
    above = [
        SpectrumPanel(title, [(f"epoch {e}", np.array(kinds[kind])) for e, kinds in spectra.items()], linear=smallest)
        for kind, title in titles.items()
    ]
    training = [
        _curve({"trained": "network", "linearised": "linearised"}[kind], _of(rows, kind), "epochs")
        for kind in ("trained", "linearised")
    ]
    widths = sorted({int(key.split("/")[0].split()[1]) for key in rows if key.startswith("width ")})
    descents = [_curve(f"width {width}", _of(rows, f"width {width}"), "steps") for width in widths]
    below = [
        CurvePanel("training by Adam", "epoch", DISTANCE, training, neutral=0.0),
        CurvePanel("gradient descent", "step", DISTANCE, descents, neutral=0.0),
    ]
    return panel_grid([above, below], width=4.0)


def _of(rows: dict, kind: str) -> list[dict]:
    return [row for key, row in rows.items() if key.split("/")[0] == kind]


def _curve(label: str, rows: list[dict], abscissa: str) -> Curve:
    return Curve(label, np.array(rows[0][abscissa]), np.array([row["distance"] for row in rows]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write cy_spectrum.pdf and cy_spectrum.png into")
    arguments = parser.parse_args()
    save(draw(), Path(arguments.output) / "cy_spectrum")
