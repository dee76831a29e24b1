"""Several trainings side by side, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from tqdm import tqdm

from symgeo.errors import InputError
from symgeo.models.config import Config
from symgeo.models.experiments import default_folder
from symgeo.models.run import Run, load_run
from symgeo.models.training import train_config


def train_all(
    configs: Sequence[Config],
    root: str | Path = "runs",
    *,
    jobs: int = 1,
    data_folder: str | Path | None = None,
    resume: bool = True,
    progress: bool = True,
    device: str = "cpu",
) -> list[Run]:
    """Train, or go on with, what the configurations say, each in its default folder under the root.

    The same weights come out for any number of jobs as far as the number of threads is the same: with several jobs,
    each has its share of the cores.

    Args:
        configs: what to train; finished ones return at once.
        root: the folder of the runs.
        jobs: how many are trained at a time.
        data_folder: where the data's files lie, as for `symgeo.data.load`.
        resume: False starts every one afresh.
        progress: show a bar for each with its loss and accuracy.
        device: where to compute, for all of them.

    Returns:
        The runs, in the order of the configurations.

    Raises:
        InputError: fewer than one job, the same configuration twice, or as `train` does.
        DataError, NumericalError: as `train` does; of the first that fails, after the others at work have ended.
    """
    if jobs < 1:
        raise InputError(f"`jobs` must be at least 1, not {jobs}")
    folders = [default_folder(config, root) for config in configs]
    if len(set(folders)) < len(folders):
        raise InputError("`configs` must differ: two trainings cannot share a folder")
    options = {"data_folder": data_folder, "resume": resume, "progress": progress, "device": device}
    if jobs == 1 or len(configs) < 2:
        return [train_config(config, folder, **options) for config, folder in zip(configs, folders, strict=True)]

    # A fork would copy torch's threads in whatever state they are.
    context = multiprocessing.get_context("spawn")
    lock = context.RLock()
    tqdm.set_lock(lock)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    with ProcessPoolExecutor(jobs, context, _prepare, (lock, threads)) as pool:
        waiting = [
            pool.submit(_train, config, folder, {**options, "line": number % jobs})
            for number, (config, folder) in enumerate(zip(configs, folders, strict=True))
        ]
        try:
            for done in as_completed(waiting):
                done.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [load_run(folder) for folder in folders]


def _prepare(lock: object, threads: int) -> None:
    tqdm.set_lock(lock)
    torch.set_num_threads(threads)


def _train(config: Config, folder: Path, options: dict) -> None:
    train_config(config, folder, **options)
