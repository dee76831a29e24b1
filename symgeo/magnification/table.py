"""The measured table as a small JSON file, which figures and pages read."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path

from symgeo.magnification.association import NEAR
from symgeo.magnification.interval import LEVEL, Interval
from symgeo.magnification.measure import Row
from symgeo.storing import read_record, store

_FORMAT = "symgeo magnification 1"
_NUMBERS = ("spearman", "auc", "ratio")


@dataclass(frozen=True)
class Table:
    """What was measured for one study.

    Attributes:
        study: its name.
        preset: of the trainings.
        source: where the data came from, in words.
        accuracy: experiment and control -> the test accuracy at the end, with its interval over seeds.
        rows: one for each experiment, control, place, epoch, quantity and closeness.
    """

    study: str
    preset: str
    source: str
    accuracy: dict[tuple[str, str], Interval]
    rows: tuple[Row, ...]

    def only(self, **fields: object) -> list[Row]:
        """The rows whose fields have these values: only(experiment="sinusoid", quantity="volume")."""
        return [row for row in self.rows if all(getattr(row, name) == value for name, value in fields.items())]

    def write(self, path: str | Path) -> Path:
        """Store the table, to six significant digits.

        Raises:
            InputError: the file cannot be written.
        """
        record = {
            "format": _FORMAT,
            "study": self.study,
            "preset": self.preset,
            "source": self.source,
            "near": NEAR,
            "confidence": LEVEL,
            "interval": "[mean, low, high, networks]: Student's over seeds; without ends for one network",
        }
        accuracy = [
            json.dumps({"experiment": e, "control": c, "test_accuracy": _stored(i)})
            for (e, c), i in self.accuracy.items()
        ]
        rows = [
            json.dumps({**dataclasses.asdict(row), **{n: _stored(getattr(row, n)) for n in _NUMBERS}})
            for row in self.rows
        ]
        head = json.dumps(record, indent=1).removesuffix("\n}")
        lists = (
            f' "{name}": [\n  ' + ",\n  ".join(items) + "\n ]"
            for name, items in (("accuracy", accuracy), ("rows", rows))
        )
        return store(path, head + ",\n" + ",\n".join(lists) + "\n}\n")


def read_table(path: str | Path) -> Table:
    """The table that `Table.write` stored.

    Raises:
        DataError: there is none, or it is damaged.
    """
    return read_record(
        path,
        _FORMAT,
        lambda record: Table(
            record["study"],
            record["preset"],
            record["source"],
            {(a["experiment"], a["control"]): _interval(a["test_accuracy"]) for a in record["accuracy"]},
            tuple(Row(**{**row, **{n: _interval(row[n]) for n in _NUMBERS}}) for row in record["rows"]),
        ),
        missing="no such table: `symgeo measure NAME --train` makes one",
        damaged="measure again",
    )


def _stored(interval: Interval | None) -> list[float | int | None] | None:
    if interval is None:
        return None
    if interval.count == 1:
        return [float(f"{interval.mean:.6g}"), None, None, 1]
    numbers = (interval.mean, interval.low, interval.high)
    return [
        *(float(f"{v:.6g}") if math.isfinite(v) and v else (0.0 if v == 0 else None) for v in numbers),
        interval.count,
    ]


def _interval(stored: list[float | int | None] | None) -> Interval:
    if stored is None:
        return None
    mean, low, high, count = stored
    return Interval(mean, -math.inf if low is None else low, math.inf if high is None else high, count)
