"""What a flow leaves behind: states at times, what was measured at each, and how it ended.

A flow that meets its singularity, loses its step or is stopped by Ctrl-C is no error: what was computed is kept, and
`end` and `message` say what happened. A trajectory is stored as one npz file, written whole or not at all.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from symgeo.errors import DataError, InputError
from symgeo.storing import store

_FORMAT = "symgeo trajectory 1"

#: Called after every step with (time, what was measured): a progress bar, for example.
Progress = Callable[[float, Mapping[str, float]], None]


class End(StrEnum):
    """How a flow ended."""

    reached = "reached"
    singular = "singular"
    stalled = "stalled"
    interrupted = "interrupted"


@dataclass(frozen=True)
class Trajectory:
    """A flow's states.

    Attributes:
        flow: what flowed, in words.
        times: of the states, increasing.
        states: name -> (t, ...), the arrays that make up a state.
        measures: name -> (t,), numbers such as the area.
        constants: what does not flow: grids, weights.
        end: whether the time asked for was reached, the metric became singular, the step underflowed or the accuracy
            was lost (stalled), or the user interrupted.
        message: one line on it, empty where the time was reached.
        singular_time: where the flow ends by itself, as far as it can be told.
    """

    flow: str
    times: Float[ndarray, " t"]
    states: dict[str, ndarray]
    measures: dict[str, ndarray]
    constants: dict[str, ndarray] = field(default_factory=dict)
    end: End = End.reached
    message: str = ""
    singular_time: float | None = None

    @property
    def last(self) -> dict[str, ndarray]:
        """The last good state."""
        return {name: values[-1] for name, values in self.states.items()}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the trajectory to `path`, which ends in .npz.

        Raises:
            InputError: another ending, or a place that cannot be written.
        """
        target = Path(path)
        if target.suffix != ".npz":
            raise InputError(f"`path` must end in .npz, not {target.name!r}")
        record = {
            "format": _FORMAT,
            "flow": self.flow,
            "end": self.end.value,
            "message": self.message,
            "singular_time": self.singular_time,
        }
        arrays = {"times": self.times, "record": np.array(json.dumps(record))}
        for kind, named in (("state", self.states), ("measure", self.measures), ("constant", self.constants)):
            arrays |= {f"{kind}.{name}": np.asarray(values) for name, values in named.items()}
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        return store(target, content.getvalue())


def load(path: str | os.PathLike[str]) -> Trajectory:
    """The trajectory stored at `path`.

    Raises:
        DataError: the file is missing, damaged or no trajectory.
    """
    try:
        with np.load(io.BytesIO(Path(path).read_bytes()), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        record = json.loads(str(arrays.pop("record")))
        if record["format"] != _FORMAT:
            raise KeyError("format")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        raise DataError(f"{path}: not a sound trajectory of symgeo's; run the flow again") from None

    def named(kind: str) -> dict[str, ndarray]:
        return {name.removeprefix(f"{kind}."): a for name, a in arrays.items() if name.startswith(f"{kind}.")}

    return Trajectory(
        record["flow"],
        arrays["times"],
        named("state"),
        named("measure"),
        named("constant"),
        End(record["end"]),
        record["message"],
        record["singular_time"],
    )


class Recorder:
    """Collects states while a flow runs, all of them or those nearest to the times asked for."""

    def __init__(self, flow: str, progress: Progress | None = None) -> None:
        self.flow, self.progress = flow, progress
        # One list, so that an interrupt leaves no state without its time.
        self._kept: list[tuple[float, dict[str, ndarray], dict[str, float]]] = []

    def add(self, time: float, state: Mapping[str, ndarray], measures: Mapping[str, float]) -> None:
        """Keep a state."""
        arrays = {name: np.array(values, dtype=float) for name, values in state.items()}
        numbers = {name: float(value) for name, value in measures.items()}
        self._kept.append((time, arrays, numbers))
        if self.progress is not None:
            self.progress(time, numbers)

    @property
    def time(self) -> float:
        """Of the last state kept."""
        return self._kept[-1][0]

    def measured(self, name: str) -> float:
        """A measure of the last state kept."""
        return self._kept[-1][2][name]

    def done(
        self,
        end: End = End.reached,
        message: str = "",
        singular_time: float | None = None,
        constants: Mapping[str, ndarray] | None = None,
    ) -> Trajectory:
        """The trajectory of what was kept."""
        times, states, measures = zip(*self._kept, strict=True)
        return Trajectory(
            self.flow,
            np.array(times),
            {name: np.stack([s[name] for s in states]) for name in states[0]},
            {name: np.array([m[name] for m in measures]) for name in measures[0]},
            {name: np.asarray(values) for name, values in (constants or {}).items()},
            end,
            message,
            singular_time,
        )


def checked_times(times: object) -> Float[ndarray, " t"]:
    """The times at which states are wanted.

    Raises:
        InputError: not increasing, not finite, or fewer than two.
    """
    given = np.asarray(times, dtype=float)
    if given.ndim != 1 or len(given) < 2 or not np.isfinite(given).all() or (np.diff(given) <= 0).any():
        raise InputError(
            f"`times` must be two or more finite increasing times, the first that of the start, not {times!r}"
        )
    return given
