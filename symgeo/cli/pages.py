"""The commands that draw: a figure from training runs, and the report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from symgeo.cli.options import Data, DataFolder, Output, Preset, as_typed, made_folder
from symgeo.errors import InputError


@as_typed(path="--output", folder="--run")
def figure(
    name: Annotated[str | None, typer.Argument(help="Which figure; without a name, lists them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    run: Annotated[Path | None, typer.Option(help="Folder of the run to draw; else the experiment's own.")] = None,
    train_first: Annotated[bool, typer.Option("--train", help="Train the experiment first if it was not.")] = False,
    preset: Annotated[Preset, typer.Option(help="Which run to draw.")] = Preset.quick,
    data_folder: DataFolder = None,
    animate: Annotated[bool, typer.Option("--animate", help="Also the training as a GIF, where there is one.")] = False,
    output: Output = Path(),
) -> None:
    """Draw a figure from training runs, as PDF and PNG."""
    from symgeo import models, plots
    from symgeo.scripts import load, scripts

    if name is None and not every:
        for known in scripts("figures"):
            print(known)
        return
    chosen = [load("figures", each) for each in (scripts("figures") if every else [str(name)])]
    if run is not None and (len(chosen) > 1 or len(chosen[0].EXPERIMENTS) != 1):
        raise InputError("`--run` is one run: it goes with a figure that draws one")
    folder = made_folder(output)
    for script in chosen:
        configs = [models.experiment_config(experiment, preset.value) for experiment in script.EXPERIMENTS]
        places = [models.default_folder(config) for config in configs] if run is None else [run]
        for config, place in zip(configs, places, strict=True):
            if train_first:
                models.train_config(config, place, data_folder=data_folder)
            elif not (place / "config.json").exists():
                raise InputError(
                    f"`--run` {place} holds no run of {config.experiment}; make it with: symgeo train "
                    f"{config.experiment} --preset {preset.value}, or draw with --train"
                )
        stem = folder / re.sub(r"^\d+_", "", Path(str(script.__file__)).stem)
        runs = [models.load_run(place) for place in places]
        options = {"data_folder": data_folder} if getattr(script, "READS_DATA", False) else {}
        for path in plots.save(script.draw(*runs, **options), stem):
            print(path)
        if animate and hasattr(script, "animate"):
            print(script.animate(*runs, stem))


@as_typed(path="--output", data="--data")
def report(
    output: Output = Path("report"),
    data: Data = None,
    data_folder: DataFolder = None,
) -> None:
    """The main job, end to end: derive, generate, train, cross-check, draw; one page, report/index.html."""
    from symgeo.report import write_report

    outcome = write_report(made_folder(output), data=data, data_folder=data_folder)
    print(outcome.summary)
    if not outcome.holds:
        raise typer.Exit(1)
