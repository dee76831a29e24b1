"""Train what a configuration says, into a folder, so that nothing computed is ever lost (see `symgeo.calabi_yau.run`).

Where torch's distributed training has been initialised, every process calls this with the same arguments, holds its
share of the points, and the first one writes. The points are the same for any number of processes; Levenberg and
Marquardt's steps are too, up to rounding, and Adam's differ as their batches do.
"""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import torch
from tqdm import tqdm

from symgeo.calabi_yau import parallel
from symgeo.calabi_yau.config import DTYPES, Config
from symgeo.calabi_yau.levenberg import loss_and_positivity
from symgeo.calabi_yau.monge_ampere import Equation, equation, sigma
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.run import BLOCK, FINAL, Run, drawn, load_run, normalisation, untrained
from symgeo.calabi_yau.training import ADAM, SECOND, Record, epochs, optimiser_of
from symgeo.errors import InputError, NumericalError
from symgeo.models import checkpoint
from symgeo.models.checkpoint import Checkpoint, State
from symgeo.models.folder import (
    CONFIG,
    LATEST,
    METRICS,
    epoch_file,
    make_ready,
    newest,
    read_records,
    require_same,
    writing,
)
from symgeo.models.training import versions
from symgeo.storing import store


def train_config(
    config: Config, folder: str | Path, *, resume: bool = True, progress: bool = True, autosave: float = 5.0
) -> Run:
    """Train, or go on training, the potential that the configuration says, in that folder.

    Args:
        config: what to train.
        folder: the run's own; made if need be. A finished run of the same configuration is returned as it is.
        resume: go on where an earlier call stopped; False deletes the run that lies there and starts afresh.
        progress: show a bar with the loss and sigma.
        autosave: seconds between the states that are stored in case of a kill.

    Raises:
        InputError: the folder holds a run of another configuration or cannot be written, or the hypersurface is none.
        DataError: a checkpoint cannot be read.
        NumericalError: the loss is no longer finite, or Adam lost the metric; the last checkpoint stays.
        KeyboardInterrupt: Ctrl-C, after the last whole epoch was stored.
    """
    folder, surface = Path(folder), config.hypersurface()
    rank, size = parallel.world()
    _require_shares(config, size)
    if rank == 0:
        with writing(folder):
            make_ready(folder, (CONFIG, METRICS, LATEST, FINAL), resume=resume)
            if (folder / CONFIG).exists():
                require_same(folder, config.to_dict(), load_run(folder).config.to_dict())
            else:
                kappa, error = normalisation(surface)
                about = {"config": config.to_dict(), "kappa": kappa, "kappa_error": error, "versions": versions()}
                store(folder / CONFIG, json.dumps(about, indent=2) + "\n")
    parallel.barrier()
    run = load_run(folder)
    if not run.finished:
        _go_on(run, rank, size, progress, autosave)
    parallel.barrier()
    return run


def _go_on(run: Run, rank: int, size: int, progress: bool, autosave: float) -> None:
    config, surface = run.config, run.hypersurface()
    begun = time.process_time()
    network = untrained(config, surface, run.kappa)
    there = equation(network, drawn(config, surface, run.kappa, rank=rank, size=size))
    prepared = time.process_time() - begun
    held_out = equation(network, run.validation())

    stored = newest(run.folder, run.epochs)
    done = stored.epoch if stored else 0
    # The state after Adam's last epoch is still Adam's.
    second = done > config.adam_epochs or not config.adam_epochs
    network.to(torch.float64 if second else DTYPES[config.dtype])
    optimiser = optimiser_of(network, config, config.adam_epochs if second else 0)
    state = State(network, optimiser, torch.Generator().manual_seed(config.seed))
    if stored:
        checkpoint.restore(stored, state)
    kept = [r for r in read_records(run.folder / METRICS, Record) if r.epoch <= done] if stored else []
    if rank == 0:
        with writing(run.folder):
            store(run.folder / METRICS, "".join(map(_line, kept)))

    def tested(record: Record) -> Record:
        return dataclasses.replace(record, sigma=_sigma(network, held_out))

    snapshot = stored or checkpoint.capture(state, versions())
    stored_at = time.monotonic()
    with tqdm(
        total=config.epochs, initial=done, unit="epoch", disable=not progress or rank > 0, desc=_title(config)
    ) as bar:
        if not stored:
            loss, _ = loss_and_positivity(network, there.to(next(network.parameters()).dtype))
            _log(run, tested(Record(0, SECOND if second else ADAM, loss, 0, 0, prepared)), rank)
            if 0 in config.saved:
                _write(run, snapshot, epoch_file(0), rank)
        try:
            for record in map(tested, epochs(state, there, config)):
                # The line goes first: a line too many is cut off on resuming, a line too few would be a gap.
                _log(run, record, rank)
                snapshot = checkpoint.capture(state, versions())
                if record.epoch in config.saved:
                    _write(run, snapshot, epoch_file(record.epoch), rank)
                if time.monotonic() - stored_at >= autosave:
                    _write(run, snapshot, LATEST, rank)
                    stored_at = time.monotonic()
                bar.set_postfix(loss=f"{record.loss:.3g}", sigma=f"{record.sigma:.3g}", refresh=False)
                bar.update()
        except (KeyboardInterrupt, NumericalError):
            # The state itself may be in the middle of a step; the snapshot is the last whole epoch.
            _write(run, snapshot, LATEST, rank)
            raise
    _write(run, snapshot, FINAL, rank)
    if rank == 0:
        (run.folder / LATEST).unlink(missing_ok=True)


def _sigma(network: PhiNetwork, held_out: Equation) -> float:
    return sigma(network, held_out.to(next(network.parameters()).dtype))


def _log(run: Run, record: Record, rank: int) -> None:
    if rank == 0:
        with writing(run.folder), (run.folder / METRICS).open("a", encoding="utf-8") as log:
            log.write(_line(record))


def _write(run: Run, snapshot: Checkpoint, name: str, rank: int) -> None:
    if rank == 0:
        with writing(run.folder):
            checkpoint.write(snapshot, run.folder / name)


def _require_shares(config: Config, size: int) -> None:
    """Several processes must have as many points each, in whole blocks, and as many of each batch."""
    if size > 1 and (config.points % (size * BLOCK) or (config.adam_epochs and config.batch % size)):
        raise InputError(
            f"`points` must be a multiple of {size} x {BLOCK} and `batch` of {size} for {size} processes, "
            f"not {config.points} and {config.batch}"
        )


def _title(config: Config) -> str:
    return f"{config.name} ({config.preset}, seed {config.seed})"


def _line(record: Record) -> str:
    return json.dumps(dataclasses.asdict(record)) + "\n"
