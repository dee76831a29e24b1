"""The commands on trained networks: train an experiment, measure its magnification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symgeo.cli.options import Data, DataFolder, Jobs, Output, Preset, as_typed, made_folder, progress_bar
from symgeo.errors import InputError

Seed = Annotated[int, typer.Option(help="Seed of the initial weights and of the batches.")]


@as_typed(data="--data", control="--control", seed="--seed", jobs="--jobs", device="--device", folder="--folder")
def train(
    name: Annotated[str, typer.Argument(help="Such as sinusoid, mnist or cifar10; a wrong name lists them all.")],
    preset: Annotated[
        Preset, typer.Option(help="quick: minutes on one core. paper: the published setting.")
    ] = Preset.quick,
    seed: Seed = 0,
    seeds: Annotated[int, typer.Option(help="How many, counted from --seed on.")] = 1,
    jobs: Jobs = 1,
    control: Annotated[
        str, typer.Option(help="A control: shuffled-labels, frozen-first-layer; of ResNets, frozen-features.")
    ] = "none",
    data: Data = None,
    data_folder: DataFolder = None,
    folder: Annotated[Path | None, typer.Option(help="The run's own folder; else runs/NAME-PRESET/seed-SEED.")] = None,
    resume: Annotated[bool, typer.Option(help="--no-resume deletes an earlier run in the folder.")] = True,
    device: Annotated[str, typer.Option(help="Where to compute, such as cpu or cuda.")] = "cpu",
) -> None:
    """Train an experiment's network, or go on with it exactly where it stopped."""
    from symgeo import models

    if seeds < 1:
        raise InputError(f"`--seeds` must be at least 1, not {seeds}")
    if folder is not None and seeds > 1:
        raise InputError(f"`--folder` holds one run: leave it out, and each of the {seeds} seeds has its own")
    configs = [models.experiment_config(name, preset.value, seed + i, data, control) for i in range(seeds)]
    if folder is not None:
        options = {"data_folder": data_folder, "resume": resume, "device": device}
        runs = [models.train_config(configs[0], folder, **options)]
    else:
        runs = models.train_all(configs, jobs=jobs, data_folder=data_folder, resume=resume, device=device)
    for run in runs:
        if not run.metrics:
            raise InputError(f"`--folder` {run.folder} has lost its metrics.jsonl; train afresh with --no-resume")
        last = run.metrics[-1]
        print(f"{run.folder}: epoch {last.epoch}, loss {last.loss:.4f}, test accuracy {last.test_accuracy:.1%}")


@as_typed(seeds="--seeds", jobs="--jobs", path="--output")
def measure(
    name: Annotated[str, typer.Argument(help="xor, sinusoid, mnist, cifar10 or barlow-twins.")],
    preset: Annotated[Preset, typer.Option(help="Which runs to measure.")] = Preset.quick,
    seeds: Annotated[int | None, typer.Option(help="How many; else 5, of photographs 3.")] = None,
    jobs: Jobs = 1,
    train_first: Annotated[bool, typer.Option("--train", help="Train first what is missing, controls too.")] = False,
    data_folder: DataFolder = None,
    output: Output = Path(),
) -> None:
    """Measure whether the volume element grows towards the decision boundary, over seeds and against controls."""
    from symgeo import magnification, models

    if name not in magnification.STUDIES:
        raise InputError(f"`study` {name!r} is unknown; there are {', '.join(magnification.STUDIES)}")
    study = magnification.STUDIES[name]
    if train_first:
        models.train_all(study.configs(preset.value, seeds), jobs=jobs, data_folder=data_folder)
    table = magnification.measure(
        study,
        preset.value,
        seeds=seeds,
        data_folder=data_folder,
        progress=lambda runs: progress_bar(runs, "measure"),
    )
    print(table.write(made_folder(output) / f"{name}-{preset.value}.json"))
