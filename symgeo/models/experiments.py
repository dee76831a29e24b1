"""An experiment by its name: its configuration, its folder, its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from symgeo.errors import InputError
from symgeo.models.config import Config
from symgeo.models.presets import EXPERIMENTS, ON_DIGITS
from symgeo.models.run import Run
from symgeo.models.training import train_config


def experiment_config(
    name: str, preset: str = "quick", seed: int = 0, data: str | None = None, control: str = "none"
) -> Config:
    """The configuration of an experiment.

    Args:
        name: one of `EXPERIMENTS`, such as "sinusoid", "sinusoid-deep" or "mnist".
        preset: "quick" or "paper".
        seed: of the initial weights and the order of the batches; 0 or more.
        data: another dataset than the experiment's own; "digits" stands in for "mnist" where its files are not at hand.
        control: "none", "shuffled-labels", "frozen-first-layer" or "frozen-features", see `Config`.

    Raises:
        InputError: a name is unknown, or the data do not fit the experiment.
    """
    if name not in EXPERIMENTS:
        raise InputError(f"`name` must be one of {', '.join(EXPERIMENTS)}, not {name!r}")
    presets = EXPERIMENTS[name]
    if preset not in presets:
        raise InputError(f"`preset` must be one of {', '.join(presets)}, not {preset!r}")
    if not 0 <= seed < 2**63:
        raise InputError(f"`seed` must lie between 0 and 2^63, not {seed}")
    config = replace(presets[preset], seed=seed, control=control)
    if data is None or data == config.data:
        return config
    if config.data == "mnist" and data == "digits":
        return replace(config, **ON_DIGITS[preset])
    fitting = "mnist or digits" if config.data == "mnist" else config.data
    raise InputError(f"`data` of the experiment {name} must be {fitting}, not {data!r}")


def default_folder(config: Config, root: str | Path = "runs") -> Path:
    """Where a run lies unless told otherwise.

    runs/sinusoid-quick/seed-0, runs/sinusoid-quick-shuffled-labels/seed-0, runs/mnist-on-digits-quick/seed-0.
    """
    own = EXPERIMENTS[config.experiment][config.preset].data
    name = config.experiment if config.data == own else f"{config.experiment}-on-{config.data}"
    control = "" if config.control == "none" else f"-{config.control}"
    return Path(root) / f"{name}-{config.preset}{control}" / f"seed-{config.seed}"


def train(
    name: str,
    preset: str = "quick",
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    data: str | None = None,
    control: str = "none",
    data_folder: str | Path | None = None,
    resume: bool = True,
    progress: bool = True,
    device: str | torch.device = "cpu",
) -> Run:
    """Train an experiment, or go on with it, and return its run; a finished one returns at once.

    Args:
        name: one of `EXPERIMENTS`, such as "sinusoid" or "mnist".
        preset: "quick" (minutes on two cores) or "paper" (the published setting).
        seed: of the initial weights and the order of the batches.
        folder: the run's own; `None` is `default_folder`, under ./runs.
        data: "digits" trains the experiment "mnist" on scikit-learn's digits, which are always there.
        control: "shuffled-labels", "frozen-first-layer" or "frozen-features" trains that control instead.
        data_folder: where the data's files lie, as for `symgeo.data.load`.
        resume: False deletes the run that lies in the folder and starts afresh.
        progress: show a bar with the loss and the accuracy.
        device: where to compute.

    Raises:
        InputError: an unknown name, or a folder that holds another run or cannot be written.
        DataError: the data cannot be read.
        NumericalError: the loss is no longer finite.
        KeyboardInterrupt: Ctrl-C, after the last whole epoch was stored.
    """
    config = experiment_config(name, preset, seed, data, control)
    return train_config(
        config,
        default_folder(config) if folder is None else folder,
        data_folder=data_folder,
        resume=resume,
        progress=progress,
        device=device,
    )
