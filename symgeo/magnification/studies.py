"""The studies: which networks answer the hypothesis for a dataset, and where they are measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch

from symgeo.data import Dataset
from symgeo.errors import DataError, InputError
from symgeo.magnification.boundary import QUICK
from symgeo.magnification.interval import student_interval
from symgeo.magnification.measure import Row, measure_run, over_seeds
from symgeo.magnification.places import Grid, Place, image_lines
from symgeo.magnification.table import Table
from symgeo.models import Config, Run, default_folder, experiment_config, load_run

# Of the training, as fractions of its length: it moves fastest at first.
MOMENTS = (0, 0.01, 0.05, 0.2, 0.5, 1)


@dataclass(frozen=True)
class Study:
    """Some experiments and controls on one dataset.

    Attributes:
        name: of the study.
        trainings: (experiment, control) pairs.
        places: from the data, where to measure.
        seeds: how many at least.
    """

    name: str
    trainings: tuple[tuple[str, str], ...]
    places: Callable[[Dataset], Sequence[Place]]
    seeds: int = 5

    def configs(self, preset: str = "quick", seeds: int | None = None) -> list[Config]:
        """The configurations to train, seeds 0, 1, ... of each."""
        count = self.seeds if seeds is None else seeds
        if count < 1:
            raise InputError(f"`seeds` must be at least 1, not {count}")
        return [experiment_config(e, preset, seed, control=c) for e, c in self.trainings for seed in range(count)]


# The four labels of xor, shuffled, are another problem of two classes and no control of what is learnt: it is kept for
# completeness.
def _controlled(main: str, *others: str) -> tuple[tuple[str, str], ...]:
    controls = ((main, "shuffled-labels"), (main, "frozen-first-layer"))
    return ((main, "none"), *((name, "none") for name in others), *controls)


def _photographs(data: Dataset) -> Sequence[Place]:
    # In the single precision that the networks are trained in: convolutions in double take eight times as long.
    return image_lines(data.test, 30, dtype=torch.float32, search=QUICK)


STUDIES: Mapping[str, Study] = MappingProxyType(
    {
        study.name: study
        for study in (
            Study("xor", _controlled("xor", "xor-2", "xor-100"), lambda _: [Grid(1.5)]),
            Study(
                "sinusoid",
                _controlled("sinusoid", "sinusoid-5", "sinusoid-20", "sinusoid-deep"),
                lambda _: [Grid(1.0)],
            ),
            Study("mnist", _controlled("mnist"), lambda data: image_lines(data.test, 40)),
            Study(
                "cifar10",
                (("cifar10", "none"), ("cifar10", "shuffled-labels"), ("cifar10", "frozen-features")),
                _photographs,
                seeds=3,
            ),
            # Its control is its own epoch 0: random features and their probe.
            Study("barlow-twins", (("barlow-twins", "none"),), _photographs, seeds=3),
        )
    }
)
"""Study name -> study."""


def measure(
    study: Study,
    preset: str = "quick",
    *,
    seeds: int | None = None,
    root: str | Path = "runs",
    data_folder: str | Path | None = None,
    progress: Callable[[Sequence[Run]], Sequence[Run]] = list,
) -> Table:
    """The table of a study, from runs that are there.

    Args:
        study: one of `STUDIES`, or your own.
        preset: "quick" or "paper".
        seeds: how many; None takes the study's.
        root: the folder of the runs.
        data_folder: where the data's files lie, as for `symgeo.data.load`.
        progress: goes through the runs, such as a tqdm.

    Raises:
        DataError: a run is missing or unfinished; the message says which command makes it.
        NumericalError: a singular metric, or outputs that are not finite.
    """
    configs = study.configs(preset, seeds)
    runs = [_finished(config, study, Path(root)) for config in configs]
    data = runs[0].dataset(data_folder)
    places = study.places(data)
    found = {run.folder: measure_run(run, places, moments(run)) for run in progress(runs)}
    rows: list[Row] = []
    accuracy = {}
    for experiment, control in study.trainings:
        same = [run for run in runs if (run.config.experiment, run.config.control) == (experiment, control)]
        rows += over_seeds(experiment, control, [found[run.folder] for run in same])
        accuracy[experiment, control] = student_interval([run.metrics[-1].test_accuracy for run in same])
    # A dataset that is read names the folder it lay in, which is the reader's own business.
    source = (data.variant or data.name) if len(data.shape) > 1 else data.source
    return Table(study.name, preset, source, accuracy, tuple(rows))


def moments(run: Run) -> list[int]:
    """The saved epochs nearest to `MOMENTS`, rising."""
    return sorted({min(run.epochs, key=lambda epoch: abs(epoch - f * run.config.epochs)) for f in MOMENTS})


def _finished(config: Config, study: Study, root: Path) -> Run:
    folder = default_folder(config, root)
    if (folder / "config.json").exists():
        run = load_run(folder)
        if run.finished:
            return run
    raise DataError(
        f"{folder} holds no finished run: `symgeo measure {study.name} --preset {config.preset} --train` makes what is "
        "missing"
    )
