"""Measured rows in a JSON file, each computed once: what stops a study loses no row that was finished."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

from symgeo.errors import InputError
from symgeo.storing import read_record, store

_FORMAT = "symgeo calabi-yau 1"
Row = Mapping[str, object]


class Ledger:
    """The rows of a study, by name.

    Args:
        path: of the file, which need not exist.
        study: its name.
        settings: what the rows were measured with; another file's rows are not mixed with these.

    Raises:
        InputError: the file holds another study, or other settings.
        DataError: it is damaged.
    """

    def __init__(self, path: str | Path, study: str, settings: Row) -> None:
        self.path, self.study = Path(path), study
        self.settings = json.loads(json.dumps(settings))
        self.rows: dict[str, Row] = {}
        if self.path.exists():
            stored = read(self.path)
            if (stored["study"], stored["settings"]) != (study, self.settings):
                raise InputError(
                    f"`path` {path} holds {stored['study']} with other settings: delete it, or go elsewhere"
                )
            self.rows = stored["rows"]

    def once(self, name: str, compute: Callable[[], Row]) -> Row:
        """The row of that name, computed and stored if it is not there.

        Raises:
            InputError: the file cannot be written.
        """
        if name not in self.rows:
            self.rows[name] = _rounded(compute())
            rows = ",\n  ".join(f"{json.dumps(key)}: {json.dumps(row)}" for key, row in self.rows.items())
            head = json.dumps({"format": _FORMAT, "study": self.study, "settings": self.settings})[:-1]
            self.path.parent.mkdir(parents=True, exist_ok=True)
            store(self.path, f'{head},\n "rows": {{\n  {rows}\n }}}}\n')
        return self.rows[name]


def read(path: str | Path) -> dict:
    """What a ledger stored: "study", "settings", "rows".

    Raises:
        DataError: there is none, or it is damaged.
    """
    return read_record(
        path,
        _FORMAT,
        lambda record: {key: record[key] for key in ("study", "settings", "rows")},
        missing="no such file: `python -m symgeo.calabi_yau.studies` measures it",
        damaged="delete it and measure again",
    )


def _rounded(value: object) -> object:
    """Six digits; what is not finite is null."""
    if isinstance(value, Mapping):
        return {key: _rounded(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
