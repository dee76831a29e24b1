"""A training as a folder: what it was, how it went, and the potential at its end.

    config.json               the configuration, kappa and its error, the versions it started with
    metrics.jsonl             one line an epoch, epoch 0 before any training
    epoch-000000.safetensors  the full state at an epoch that was asked for
    latest.safetensors        the full state a few seconds ago; gone when the training is done
    final.safetensors         the full state at the end

Whatever stops it (Ctrl-C, a kill, a power cut), the same call goes on where it stopped, and ends with the same weights,
bit for bit, as if nothing had happened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from symgeo.calabi_yau.config import Config
from symgeo.calabi_yau.hypersurface import Hypersurface
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import ESTIMATE, Sample, concatenated, estimated_kappa, sample
from symgeo.calabi_yau.training import Record
from symgeo.errors import DataError
from symgeo.models.folder import CONFIG, METRICS, epoch_file, load_weights, read_records

FINAL = "final.safetensors"
KAPPA_SEED = 2**32 - 1  # the last that torch tells apart, which no block of `drawn` has
BLOCK = 1000  # points drawn from one seed, so that several processes draw the same points as one does


@dataclass(frozen=True)
class Run:
    """A training that lies in a folder, finished or not.

    Attributes:
        folder: where.
        config: what was trained, and how.
        kappa: the normalisation that it used.
        kappa_error: its standard error; 0 where it is exact.
    """

    folder: Path
    config: Config
    kappa: float
    kappa_error: float

    @property
    def finished(self) -> bool:
        """Whether the end is at hand."""
        return (self.folder / FINAL).exists()

    @property
    def epochs(self) -> tuple[int, ...]:
        """The saved epochs whose state is at hand, rising."""
        return tuple(e for e in self.config.saved if (self.folder / epoch_file(e)).exists())

    @property
    def records(self) -> list[Record]:
        """One an epoch, from epoch 0 on."""
        return read_records(self.folder / METRICS, Record)

    @property
    def sigma(self) -> float:
        """E |1 - eta| on the validation points, at the end.

        Raises:
            DataError: the training has not come to its end.
        """
        self._require_finished()
        return self.records[-1].sigma

    @property
    def seconds(self) -> float:
        """CPU seconds of the training: points, features, all epochs; validation left out."""
        return sum(record.seconds for record in self.records)

    def hypersurface(self) -> Hypersurface:
        """Where the metric lives."""
        return self.config.hypersurface()

    def network(self, epoch: int | None = None) -> PhiNetwork:
        """The potential at the end, or at a saved epoch, in float64, its weights frozen.

        Raises:
            DataError: that state is not at hand, or damaged.
        """
        if epoch is None:
            self._require_finished()
        elif epoch not in self.epochs:
            raise DataError(f"{self.folder}: epoch {epoch} was not saved; the saved ones are {self.epochs}")
        network = untrained(self.config, self.hypersurface(), self.kappa)
        load_weights(network, self.folder / (FINAL if epoch is None else epoch_file(epoch)))
        return network.double().requires_grad_(False)

    def validation(self) -> Sample:
        """The points that sigma is measured on."""
        return drawn(self.config, self.hypersurface(), self.kappa, validation=True)

    def _require_finished(self) -> None:
        if not self.finished:
            raise DataError(f"{self.folder}: the training has not come to its end: call it again, it goes on")


def load_run(folder: str | Path) -> Run:
    """The run that lies in the folder.

    Raises:
        DataError: there is none, or its config.json is damaged.
    """
    folder = Path(folder)
    path = folder / CONFIG
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return Run(folder, Config.from_dict(record["config"]), record["kappa"], record["kappa_error"])
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} holds no run of a Calabi-Yau metric: train one there") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: damaged ({error!r}): delete the folder and train again") from None


def normalisation(surface: Hypersurface) -> tuple[float, float]:
    """kappa, and its standard error where it has to be estimated, from lines that no training draws."""
    return (surface.kappa, 0.0) if surface.kappa is not None else estimated_kappa(surface, ESTIMATE, seed=KAPPA_SEED)


def drawn(
    config: Config, surface: Hypersurface, kappa: float, *, validation: bool = False, rank: int = 0, size: int = 1
) -> Sample:
    """The training points, or the validation points, or this process's share of their blocks."""
    count = config.validation if validation else config.points
    first = (2 * config.seed + int(validation)) << 24
    blocks = range(rank, -(-count // BLOCK), size)
    return concatenated([sample(surface, min(BLOCK, count - b * BLOCK), first + b, kappa=kappa) for b in blocks])


def untrained(config: Config, surface: Hypersurface, kappa: float) -> PhiNetwork:
    """The potential before training; its features are scaled on the first block, which every process can draw."""
    first = replace(config, points=min(config.points, BLOCK))
    return PhiNetwork(config.architecture, drawn(first, surface, kappa), seed=config.seed)
