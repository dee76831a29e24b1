"""Trainings that a name describes: `train("quintic")`.

Hypersurfaces: Fermat's "cubic", "k3" and "quintic". Presets:

    quick      a phi-network of one hidden layer on the symmetries' invariants, Levenberg and Marquardt; seconds
    paper      the same on more points and invariants
    algebraic  the logarithm of a polynomial in the invariants, Levenberg and Marquardt
    plain      a phi-network on Z_i conj(Z_j)/|Z|^2, as for a hypersurface without symmetries, by Adam
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from symgeo.calabi_yau.config import Config, monomials
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.run import Run
from symgeo.calabi_yau.trainer import train_config
from symgeo.errors import InputError

DIMENSIONS = {"cubic": 1, "k3": 2, "quintic": 3}
_NETWORK = {"features": "invariant", "steps": 60, "decay": 1e-12}
_ALGEBRAIC = {"features": "invariant", "head": "logarithm", "steps": 60}
_PLAIN = {"features": "plain", "dtype": "float32", "learning_rate": 3e-3}
PRESETS: dict[str, dict[str, dict[str, object]]] = {
    "cubic": {
        "quick": {**_NETWORK, "degree": 3, "widths": (16,), "points": 1000, "steps": 150, "decay": 1e-15},
        "paper": {**_NETWORK, "degree": 3, "widths": (32,), "points": 4000, "steps": 400, "decay": 1e-16},
        "algebraic": {**_ALGEBRAIC, "degree": 8, "points": 1000},
        "plain": {**_PLAIN, "widths": (32, 32), "points": 2000, "batch": 100, "adam_epochs": 200},
    },
    "k3": {
        "quick": {**_NETWORK, "degree": 8, "widths": (16,), "points": 4000},
        "paper": {**_NETWORK, "degree": 10, "widths": (24,), "points": 10000, "steps": 150, "decay": 1e-13},
        "algebraic": {**_ALGEBRAIC, "degree": 12, "points": 4000},
        "plain": {**_PLAIN, "widths": (64, 64), "points": 10000, "batch": 250, "adam_epochs": 60},
    },
    "quintic": {
        "quick": {**_NETWORK, "degree": 8, "widths": (16,), "points": 4000},
        "paper": {**_NETWORK, "degree": 10, "widths": (24,), "points": 10000, "steps": 100},
        "algebraic": {**_ALGEBRAIC, "degree": 12, "points": 6000},
        "plain": {**_PLAIN, "widths": (64, 64, 64), "points": 20000, "batch": 250, "adam_epochs": 40},
    },
}


def preset_config(name: str, preset: str = "quick", seed: int = 0) -> Config:
    """The configuration of a training.

    Args:
        name: "cubic", "k3" or "quintic".
        preset: "quick", "paper", "algebraic" or "plain".
        seed: of the points, the weights and the order of the batches.

    Raises:
        InputError: a name is unknown, or the seed is out of range.
    """
    if name not in PRESETS:
        raise InputError(f"`name` must be one of {', '.join(PRESETS)}, not {name!r}")
    if preset not in PRESETS[name]:
        raise InputError(f"`preset` must be one of {', '.join(PRESETS[name])}, not {preset!r}")
    surface = fermat(DIMENSIONS[name])
    return replace(Config(name, preset, **monomials(surface), **PRESETS[name][preset]), seed=seed)


def default_folder(config: Config, root: str | Path = "runs") -> Path:
    """Where a run lies unless told otherwise: runs/calabi-yau-quintic-quick/seed-0."""
    return Path(root) / f"calabi-yau-{config.name}-{config.preset}" / f"seed-{config.seed}"


def train(
    name: str,
    preset: str = "quick",
    seed: int = 0,
    output: str | Path | None = None,
    *,
    resume: bool = True,
    progress: bool = True,
) -> Run:
    """Train, or go on training, a potential by its name.

    Args:
        name: "cubic", "k3" or "quintic".
        preset: "quick", "paper", "algebraic" or "plain".
        seed: of the points, the weights and the order of the batches.
        output: the run's folder; `default_folder` if not given.
        resume: go on where an earlier call stopped; False starts afresh.
        progress: show a bar with the loss and sigma.

    Raises:
        InputError: a name is unknown, or the folder holds another run.
        DataError: a checkpoint cannot be read.
    """
    config = preset_config(name, preset, seed)
    folder = default_folder(config) if output is None else Path(output)
    return train_config(config, folder, resume=resume, progress=progress)
