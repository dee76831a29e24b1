"""A training as a folder: what it was, how it went, and the network at every saved epoch.

    config.json               the configuration, the data's source, the versions it started with
    metrics.jsonl             one line an epoch
    epoch-000000.safetensors  the full state at every saved epoch, epoch 0 before any training
    latest.safetensors        the full state a few seconds ago; gone when the training is done

Whatever stops it (Ctrl-C, a kill, a power cut), the same call goes on where it stopped, and ends with the same weights,
bit for bit, as if nothing had happened.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from symgeo.data import Dataset, load
from symgeo.errors import DataError
from symgeo.models.config import DTYPES, Config, Network
from symgeo.models.epochs import Metrics
from symgeo.models.folder import CONFIG, METRICS, epoch_file, load_weights, read_records


@dataclass(frozen=True)
class Run:
    """A training that lies in a folder, finished or not.

    Attributes:
        folder: where.
        config: what was trained, and how.
        classes: the names of the classes.
        shape: of one input before it was flattened.
    """

    folder: Path
    config: Config
    classes: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs whose network is at hand, rising."""
        return tuple(e for e in self.config.saved if (self.folder / epoch_file(e)).exists())

    @property
    def finished(self) -> bool:
        """Whether the last epoch is at hand."""
        return self.config.epochs in self.epochs

    @property
    def metrics(self) -> list[Metrics]:
        """One record an epoch, from epoch 0 on."""
        return read_records(self.folder / METRICS, Metrics)

    def model(self, epoch: int | None = None, dtype: torch.dtype | None = None) -> Network:
        """The network after that many epochs, on the CPU, in evaluation mode, its parameters frozen.

        Args:
            epoch: one of `epochs`; `None` is the last of them.
            dtype: of its parameters; `None` keeps the training's. Geometry wants float64.

        Raises:
            DataError: that epoch was not saved, or its file is damaged.
        """
        at_hand = self.epochs
        if epoch is None and at_hand:
            epoch = at_hand[-1]
        if epoch not in at_hand:
            raise DataError(
                f"{self.folder}: epoch {epoch} was not saved; the saved ones are {', '.join(map(str, at_hand))}"
            )
        # The file's weights replace whatever is drawn here.
        model = self.config.network(self._inputs, len(self.classes), torch.Generator().manual_seed(self.config.seed))
        load_weights(model, self.folder / epoch_file(epoch))
        return model.to(dtype or DTYPES[self.config.dtype]).eval().requires_grad_(False)

    def three_epochs(self) -> tuple[int, int, int]:
        """The first saved epoch, the one nearest the middle, and the last.

        Raises:
            DataError: fewer than three were saved.
        """
        if len(self.epochs) < 3:
            raise DataError(f"{self.folder}: the training was stopped before its third saved epoch: train on")
        first, *between, last = self.epochs
        return first, min(between, key=lambda epoch: abs(epoch - last / 2)), last

    def dataset(self, folder: str | Path | None = None) -> Dataset:
        """The data it was trained on, the training part cut to the points that were used, in float64.

        Args:
            folder: where the data's files lie, as for `symgeo.data.load`.
        """
        data = load(self.config.data, folder)
        return replace(data, train=data.train.first(self.config.samples))

    @property
    def _inputs(self) -> int:
        return int(torch.Size(self.shape).numel())


def load_run(folder: str | Path) -> Run:
    """The run that lies in the folder.

    Raises:
        DataError: there is none, or its config.json is damaged.
    """
    folder = Path(folder)
    path = folder / CONFIG
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        config, data = record["config"], record["data"]
        return Run(folder, Config.from_dict(config), tuple(data["classes"]), tuple(data["shape"]))
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} holds no run: `symgeo train NAME --preset quick` makes one") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: damaged ({error!r}): delete the folder and train again") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
