"""Do trained networks magnify areas near decision boundaries? What was measured, over seeds and against controls.

A row a dataset: the rank correlation of the volume element with closeness to the network's decision boundary, the area
under the ROC curve of the volume as a test for the nearest tenth of the points, and the ratio of the mean volumes
there and elsewhere, over the training. Bands are 95 % confidence intervals over seeds, the dotted line is no effect.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from symgeo.magnification import STUDIES, Interval, Table, read_table
from symgeo.magnification.measure import Row
from symgeo.plots import Band, band_grid

EXPERIMENTS = ()  # it reads tables, which `symgeo measure` makes
IN_REPORT = False
CAPTION = (
    "How the volume element goes with closeness to the decision boundary: rank correlation, area under the ROC curve "
    "for the nearest tenth of the points, and the ratio of mean volumes, over the training. Bands: 95 % confidence "
    "intervals over seeds. Dotted: no effect. Where no curve is drawn the networks have no boundary, or no volume that "
    "varies; shuffled, the four labels of xor are another problem of two classes."
)
MEASURED = Path(__file__).parent / "measured"
NUMBERS = {
    "spearman": ("Spearman correlation of\nvolume with closeness", 0.0, False, (-1.05, 1.05)),
    "auc": ("area under the ROC curve,\nnearest tenth", 0.5, False, (0.0, 1.05)),
    "ratio": ("mean volume near / far\n(no unit)", 1.0, True, None),
}
LABELS = {
    "none": "trained",
    "shuffled-labels": "shuffled labels",
    "frozen-first-layer": "frozen first layer",
    "frozen-features": "frozen features",
}


def draw(folder: str | Path = MEASURED, *, preset: str = "quick", quantity: str = "volume") -> Figure:
    """The three numbers over the training, a row for each study and place that was measured.

    Args:
        folder: of the tables.
        preset: of the trainings.
        quantity: "volume", or "expansion" relative to the untrained network.

    Raises:
        DataError: no table is there, or one is damaged.
    """
    panels = []
    tables = {study: Path(folder) / f"{study}-{preset}.json" for study in STUDIES}
    there = {study: path for study, path in tables.items() if path.exists()} or tables
    for study, path in there.items():
        table = read_table(path)
        for place in dict.fromkeys(row.place for row in table.rows):
            where = "" if place == "plane" else f"\n({place})"
            panels.append((f"{study}{where}", _row(table, study, place, quantity)))
    return band_grid(panels, [label for label, *_ in NUMBERS.values()], "epoch", symlog=1.0)


def _row(table: Table, study: str, place: str, quantity: str) -> list[list[Band]]:
    panels = []
    for name, (_, neutral, logarithmic, bounds) in NUMBERS.items():
        bands = []
        for control, label in LABELS.items():
            rows = table.only(experiment=study, control=control, place=place, quantity=quantity, closeness="distance")
            points = [(row, interval) for row in rows if (interval := _enough(row, name)) is not None]
            bands.append(
                Band(
                    label,
                    [row.epoch for row, _ in points],
                    [i.mean for _, i in points],
                    [i.low for _, i in points],
                    [i.high for _, i in points],
                    neutral,
                    logarithmic,
                    bounds,
                )
            )
        panels.append(bands)
    return panels


def _enough(row: Row, name: str) -> Interval | None:
    """The interval, if at least half of the seeds, and no fewer than three, have a value."""
    interval = getattr(row, name)
    return interval if interval is not None and interval.count >= max(3, row.seeds / 2) else None
