"""The experiments and their presets: "paper" is the published setting, "quick" ends within a minute on one core.

Source: "Neural networks learn to magnify areas near decision boundaries", arXiv:2301.11375.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import torch

from symgeo.errors import InputError
from symgeo.models.config import Config
from symgeo.models.run import Run
from symgeo.models.training import train_config

_SINUSOID = Config(
    experiment="sinusoid",
    preset="paper",
    data="sinusoid",
    hidden=(250,),
    activation="sigmoid",
    parametrisation="ntk",
    optimiser="sgd",
    learning_rate=0.1,
    momentum=0.9,
    batch=50,
    epochs=10_000,
    saved=(0, 10, 30, 100, 200, 300, 500, 1000, 2000, 3000, 5000, 7000, 10_000),
)

_MNIST = Config(
    experiment="mnist",
    preset="paper",
    data="mnist",
    hidden=(2000,),
    activation="sigmoid",
    parametrisation="standard",
    optimiser="adam",
    learning_rate=1e-3,
    weight_decay=1e-4,
    batch=1000,
    epochs=200,
    saved=(0, 1, 5, 20, 50, 100, 150, 200),
    dtype="float32",
)

EXPERIMENTS: Mapping[str, Mapping[str, Config]] = MappingProxyType(
    {
        "sinusoid": {
            # Steps five times as long and a fifth as many: the same way downhill, ending at the same loss (0.07 nats).
            "quick": replace(
                _SINUSOID,
                preset="quick",
                learning_rate=5 * _SINUSOID.learning_rate,
                epochs=_SINUSOID.epochs // 5,
                saved=tuple(epoch // 5 for epoch in _SINUSOID.saved),
            ),
            "paper": _SINUSOID,
        },
        "mnist": {
            # A quarter of the width, and small batches in place of many epochs.
            "quick": replace(
                _MNIST, preset="quick", hidden=(500,), learning_rate=3e-3, batch=50, epochs=3, saved=(0, 1, 3)
            ),
            "paper": _MNIST,
        },
    }
)
"""Experiment name -> preset name -> configuration, for seed 0."""

# The digits are 1,437 images of 64 pixels: batches of 1000 would be one step an epoch, and 3 epochs too few steps.
_ON_DIGITS = {
    "quick": {"data": "digits", "batch": 50, "epochs": 30, "saved": (0, 3, 10, 30)},
    "paper": {"data": "digits", "batch": 50},
}


def experiment_config(name: str, preset: str = "quick", seed: int = 0, data: str | None = None) -> Config:
    """The configuration of an experiment.

    Args:
        name: "sinusoid" or "mnist".
        preset: "quick" or "paper".
        seed: of the initial weights and the order of the batches; 0 or more.
        data: another dataset than the experiment's own; "digits" stands in for "mnist" where its files are not at hand.

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
    config = replace(presets[preset], seed=seed)
    if data is None or data == config.data:
        return config
    if name == "mnist" and data == "digits":
        return replace(config, **_ON_DIGITS[preset])
    fitting = "mnist or digits" if name == "mnist" else config.data
    raise InputError(f"`data` of the experiment {name} must be {fitting}, not {data!r}")


def default_folder(config: Config, root: str | Path = "runs") -> Path:
    """Where a run lies unless told otherwise: runs/sinusoid-quick/seed-0, runs/mnist-on-digits-quick/seed-0."""
    own = EXPERIMENTS[config.experiment][config.preset].data
    name = config.experiment if config.data == own else f"{config.experiment}-on-{config.data}"
    return Path(root) / f"{name}-{config.preset}" / f"seed-{config.seed}"


def train(
    name: str,
    preset: str = "quick",
    seed: int = 0,
    folder: str | Path | None = None,
    *,
    data: str | None = None,
    data_folder: str | Path | None = None,
    resume: bool = True,
    progress: bool = True,
    device: str | torch.device = "cpu",
) -> Run:
    """Train an experiment, or go on with it, and return its run; a finished one returns at once.

    Args:
        name: "sinusoid" or "mnist".
        preset: "quick" (under a minute on one core) or "paper" (the published setting).
        seed: of the initial weights and the order of the batches.
        folder: the run's own; `None` is `default_folder`, under ./runs.
        data: "digits" trains the experiment "mnist" on scikit-learn's digits, which are always there.
        data_folder: where MNIST's files lie, as for `symgeo.data.load`.
        resume: False deletes the run that lies in the folder and starts afresh.
        progress: show a bar with the loss and the accuracy.
        device: where to compute.

    Raises:
        InputError: an unknown name, or a folder that holds another run or cannot be written.
        DataError: the data cannot be read.
        NumericalError: the loss is no longer finite.
        KeyboardInterrupt: Ctrl-C, after the last whole epoch was stored.
    """
    config = experiment_config(name, preset, seed, data)
    return train_config(
        config,
        default_folder(config) if folder is None else folder,
        data_folder=data_folder,
        resume=resume,
        progress=progress,
        device=device,
    )
