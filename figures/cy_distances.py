"""Points of the quintic, sorted into clusters, and how far apart they are as a sample grows.

Above, the Fubini-Study distances between 1000 points in 5 batches, as they were drawn, sorted into 10 clusters within
each batch, and sorted into 10 clusters before the batches are cut. Below, the least, mean and largest distance between
two points against their number: in projective space, and along the quintic with Fubini and Study's metric and with a
Ricci-flat one. After figures 2 and 3 (right) of "Metric flows with neural networks", arXiv:2310.19870.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from symgeo.calabi_yau import fermat, sample
from symgeo.calabi_yau.clustering import clustered
from symgeo.calabi_yau.distances import fubini_study_distance
from symgeo.calabi_yau.ledger import read
from symgeo.plots import save
from symgeo.plots.calabi_yau import Curve, CurvePanel, DistancePanel, panel_grid

EXPERIMENTS = ()  # it reads what `python -m symgeo.calabi_yau.studies` measured
IN_REPORT = False
CAPTION = (
    "Above: Fubini-Study distances between 1000 points of the quintic in 5 batches, as drawn, clustered within each "
    "batch, and clustered before the batches are cut (k-means, 10 clusters). Below: least, mean and largest distance "
    "between two points of a sample against its size, in projective space and along shortest paths on the quintic; "
    "bands: three seeds."
)
MEASURED = Path(__file__).parent / "measured"
KINDS = {"none": "no clustering", "batch": "clusters in each batch", "full": "clusters of all points"}
WAYS = {
    "fubini-study": "in projective space",
    "intrinsic, fubini-study": "on the quintic, Fubini–Study metric",
    "intrinsic, ricci-flat": "on the quintic, Ricci-flat metric",
}
EXTENTS = {"largest": "largest", "mean": "mean", "nearest": "mean to the nearest", "least": "least"}


def draw(folder: str | Path = MEASURED, *, points: int = 1000, clusters: int = 10, batches: int = 5) -> Figure:
    """Three distance matrices, and three ways to measure a sample's extent.

    Args:
        folder: of the measured files.
        points: in the matrices.
        clusters: of k-means.
        batches: that the points are cut into.

    Raises:
        DataError: nothing was measured, or the file is damaged.
    """
    rows = read(Path(folder) / "calabi-yau-locality.json")["rows"]
    there = sample(fermat(3), points, 0)
    apart = fubini_study_distance(there.points[:, None], there.points)
    above = []
    for kind, title in KINDS.items():
        made = clustered(there.points, kind, clusters=clusters, batches=batches)
        ordered = apart[made.order][:, made.order].numpy()
        begins = np.arange(batches) * (points // batches)
        above.append(DistancePanel(title, ordered, "Fubini–Study distance", begins))
    keys = [key.split("/") for key in rows if key.startswith("distance/")]
    counts, seeds = (sorted({int(key[i]) for key in keys}) for i in (1, 2))
    below = []
    for way, title in WAYS.items():
        curves = [
            Curve(
                label,
                np.array(counts),
                np.array([[rows[f"distance/{c}/{s}"][way][name] for c in counts] for s in seeds]),
            )
            for name, label in EXTENTS.items()
        ]
        below.append(CurvePanel(title, "points", "distance between two points", curves, log_x=True, log_y=True))
    return panel_grid([above, below], share_y=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", help="the folder to write cy_distances.pdf and cy_distances.png into")
    arguments = parser.parse_args()
    save(draw(), Path(arguments.output) / "cy_distances")
