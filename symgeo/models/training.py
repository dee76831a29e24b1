"""Train what a configuration says, into a folder, so that nothing computed is ever lost (see `symgeo.models.run`)."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

import symgeo
from symgeo.data import Dataset, Part, load
from symgeo.errors import InputError
from symgeo.models import checkpoint
from symgeo.models.checkpoint import State
from symgeo.models.config import Config
from symgeo.models.epochs import Metrics, epochs, evaluate
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
from symgeo.models.resnet import settle_statistics
from symgeo.models.run import Run, load_run
from symgeo.storing import store

# Training points whose statistics normalise the features before any training.
SETTLING = 2000


def train_config(
    config: Config,
    folder: str | Path,
    *,
    data_folder: str | Path | None = None,
    resume: bool = True,
    progress: bool = True,
    device: str | torch.device = "cpu",
    autosave: float = 5.0,
    line: int = 0,
) -> Run:
    """Train, or go on training, the network that the configuration says, in that folder.

    Args:
        config: what to train.
        folder: the run's own; made if need be. A finished run of the same configuration is returned as it is.
        data_folder: where the data's files lie, as for `symgeo.data.load`.
        resume: go on where an earlier call stopped; False deletes the run that lies there and starts afresh.
        progress: show a bar with the loss and the accuracy.
        device: where to compute. A resumed run repeats an uninterrupted one exactly on the same device with the same
            number of threads.
        autosave: seconds between the states that are stored in case of a kill.
        line: of the terminal, on which the bar goes, where several trainings run at once.

    Raises:
        InputError: the folder holds a run of another configuration, or cannot be written.
        DataError: the data or a checkpoint cannot be read.
        NumericalError: the loss is no longer finite.
        KeyboardInterrupt: Ctrl-C, after the last whole epoch was stored.
    """
    folder = Path(folder)
    place = _device(device)
    data = load(config.data, data_folder, dtype=config.dtype)
    with writing(folder):
        make_ready(folder, (CONFIG, METRICS, LATEST), resume=resume)
        if (folder / CONFIG).exists():
            require_same(folder, config.to_dict(), load_run(folder).config.to_dict())
        else:
            record = {"config": config.to_dict(), "data": _described(data), "versions": versions()}
            store(folder / CONFIG, (json.dumps(record, indent=2) + "\n").encode())
    run = load_run(folder)
    if not run.finished:
        _go_on(run, data, progress, place, autosave, line)
    return run


def _device(device: str | torch.device) -> torch.device:
    """The device, which must be there."""
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"`device` {str(device)!r} cannot be used ({reason}); take cpu") from None
    return place


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {
        "symgeo": symgeo.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _go_on(run: Run, data: Dataset, progress: bool, device: torch.device, autosave: float, line: int) -> None:
    config = run.config
    train = data.train.first(config.samples)
    if config.control == "shuffled-labels":
        # A generator of its own: the weights and batches are those of the run with the true labels.
        train = Part(train.inputs, np.random.default_rng(config.seed).permutation(train.labels))
    inputs, labels = _tensors(train.inputs, train.labels, device)
    test_inputs, test_labels = _tensors(data.test.inputs, data.test.labels, device)

    generator = torch.Generator().manual_seed(config.seed)
    model = config.network(inputs.shape[1], len(data.classes), generator).to(device)
    objective = config.minimised()
    state = State(model, config.optimiser_of(model), generator)
    stamp = versions()

    def tested(metrics: Metrics) -> Metrics:
        test_loss, test_accuracy = evaluate(model, test_inputs, test_labels)
        return dataclasses.replace(metrics, test_loss=test_loss, test_accuracy=test_accuracy)

    stored = newest(run.folder, run.epochs)
    if stored is not None:
        checkpoint.restore(stored, state)
    else:
        settle_statistics(model.features, inputs[:SETTLING])
        objective.settle(model, inputs, labels)
    kept = [m for m in read_records(run.folder / METRICS, Metrics) if m.epoch <= state.epoch] if stored else []
    with writing(run.folder):
        store(run.folder / METRICS, "".join(map(_line, kept)).encode())
    snapshot = stored or checkpoint.capture(state, stamp)
    stored_at = time.monotonic()

    with (
        writing(run.folder),
        (run.folder / METRICS).open("a", encoding="utf-8") as log,
        tqdm(
            total=config.epochs,
            initial=state.epoch,
            unit="epoch",
            disable=not progress,
            desc=_title(config),
            position=line,
        ) as bar,
    ):
        if stored is None:
            log.write(_line(tested(Metrics(0, *evaluate(model, inputs, labels), seconds=0.0))))
            log.flush()
            checkpoint.write(snapshot, run.folder / epoch_file(0))
        try:
            for metrics in epochs(state, inputs, labels, batch=config.batch, objective=objective, rate=config.rate()):
                keep = metrics.epoch in config.saved
                if keep:
                    objective.settle(model, inputs, labels)
                    metrics = tested(metrics)
                # The line goes first: a line too many is cut off on resuming, a line too few would be a gap.
                log.write(_line(metrics))
                log.flush()
                snapshot = checkpoint.capture(state, stamp)
                if keep:
                    checkpoint.write(snapshot, run.folder / epoch_file(metrics.epoch))
                elif time.monotonic() - stored_at >= autosave:
                    checkpoint.write(snapshot, run.folder / LATEST)
                    stored_at = time.monotonic()
                bar.set_postfix(_shown(metrics), refresh=False)
                bar.update()
                if metrics.epoch == config.epochs:
                    break
        except KeyboardInterrupt:
            # The state itself may be in the middle of a step; the snapshot is the last whole epoch.
            checkpoint.write(snapshot, run.folder / LATEST)
            raise
        (run.folder / LATEST).unlink(missing_ok=True)


def _tensors(inputs: np.ndarray, labels: np.ndarray, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(inputs).to(device), torch.from_numpy(labels).to(device)


def _described(data: Dataset) -> dict[str, object]:
    found = {"classes": list(data.classes), "shape": list(data.shape), "source": data.source}
    return {**found, "variant": data.variant} if data.variant else found


def _title(config: Config) -> str:
    control = "" if config.control == "none" else f", {config.control}"
    return f"{config.experiment} ({config.preset}{control}, seed {config.seed})"


def _shown(metrics: Metrics) -> dict[str, str]:
    accuracy = metrics.test_accuracy if metrics.accuracy is None else metrics.accuracy
    shown = {"loss": f"{metrics.loss:.4f}", "accuracy": None if accuracy is None else f"{accuracy:.1%}"}
    return {name: text for name, text in shown.items() if text is not None}


def _line(metrics: Metrics) -> str:
    absent = ("test_loss", "test_accuracy")
    return json.dumps({k: v for k, v in dataclasses.asdict(metrics).items() if v is not None or k not in absent}) + "\n"
