"""What a training is, in numbers: enough, with the code, to repeat it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from symgeo.errors import DataError, InputError
from symgeo.models.augmentation import AUGMENTATIONS
from symgeo.models.barlow import BarlowTwins
from symgeo.models.mlp import MLP
from symgeo.models.objectives import Classification, Objective, Twins
from symgeo.models.resnet import ResNet
from symgeo.models.smooth import SmoothNetwork

Network = MLP | SmoothNetwork | ResNet | BarlowTwins

CONTROLS = ("none", "shuffled-labels", "frozen-first-layer", "frozen-features")
ARCHITECTURES = ("mlp", "smooth-0", "smooth-1", "smooth-2", "resnet")
OBJECTIVES = ("classification", "barlow-twins")
SCHEDULES = ("constant", "cosine")
DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Config:
    """One training of one network with one seed.

    Attributes:
        experiment: which of `symgeo.models.EXPERIMENTS` it belongs to.
        preset: "quick" or "paper".
        data: the dataset's name.
        hidden: the hidden widths; the data give the outer ones.
        activation: a name from `symgeo.models.ACTIVATIONS`.
        parametrisation: of an MLP, "ntk" or "standard", see `symgeo.models.mlp`.
        optimiser: "sgd", "adam" or "adamw".
        learning_rate: its step.
        momentum: of SGD; Adam keeps its own.
        weight_decay: added to the gradient, times the weight; of AdamW, taken off the weight, times the step.
        batch: points a step.
        epochs: passes over the data.
        saved: the epochs whose state is kept, rising, from 0 (before any training) to `epochs`.
        samples: how many training points are used, the first ones; None uses all.
        dtype: "float64" or "float32".
        seed: of the initial weights, of the order of the batches and of the shuffle.
        architecture: "mlp", or "smooth-0", "smooth-1", "smooth-2": layers as wide as the inputs, one for each of
            `hidden`, see `symgeo.models.smooth`.
        gain: of the initial weights of smooth layers.
        control: "none"; "shuffled-labels", the training labels in random order, so that there is nothing to learn but
            the points themselves; "frozen-first-layer", whose random features stay as they were drawn; or, of a
            residual network, "frozen-features", of which only the readout learns.
        blocks: of a residual network, in each of its four stages, whose widths are `hidden`; see
            `symgeo.models.resnet`.
        augmentation: "none", "crop-flip" or "views", see `symgeo.models.augmentation`.
        objective: "classification", or "barlow-twins", of a residual network and without labels.
        projector: widths of the layers behind the features of Barlow Twins.
        redundancy: lambda in their loss, see `symgeo.models.barlow`.
        schedule: "constant", or "cosine", in which the learning rate falls as (1 + cos(pi t / epochs)) / 2.
    """

    experiment: str
    preset: str
    data: str
    hidden: tuple[int, ...]
    activation: str
    parametrisation: str
    optimiser: str
    learning_rate: float
    batch: int
    epochs: int
    saved: tuple[int, ...]
    momentum: float = 0.0
    weight_decay: float = 0.0
    samples: int | None = None
    dtype: str = "float64"
    seed: int = 0
    control: str = "none"
    architecture: str = "mlp"
    gain: float = 1.0
    blocks: tuple[int, ...] = ()
    augmentation: str = "none"
    objective: str = "classification"
    projector: tuple[int, ...] = ()
    redundancy: float = 0.0
    schedule: str = "constant"

    def __post_init__(self) -> None:
        if (
            not self.saved
            or self.saved[0] != 0
            or self.saved[-1] != self.epochs
            or sorted(set(self.saved)) != list(self.saved)
        ):
            raise InputError(f"`saved` must rise from 0 to `epochs` = {self.epochs}, not {self.saved}")
        for name, known in (
            ("dtype", DTYPES),
            ("architecture", ARCHITECTURES),
            ("control", CONTROLS),
            ("optimiser", ("sgd", "adam", "adamw")),
            ("augmentation", ("none", *AUGMENTATIONS)),
            ("objective", OBJECTIVES),
            ("schedule", SCHEDULES),
        ):
            if getattr(self, name) not in known:
                raise InputError(f"`{name}` must be one of {', '.join(known)}, not {getattr(self, name)!r}")
        twins = self.objective == "barlow-twins"
        if self.architecture != "resnet" and (twins or self.control == "frozen-features"):
            what = "barlow-twins" if twins else "frozen-features"
            raise InputError(f"`architecture` must be resnet for {what}, not {self.architecture}")
        if twins and self.control == "frozen-features":
            raise InputError("`control` frozen-features leaves barlow-twins nothing to learn")
        if self.batch < 1 or self.epochs < 1:
            raise InputError(f"`batch` and `epochs` must be at least 1, not {self.batch} and {self.epochs}")

    def network(self, inputs: int, classes: int, generator: torch.Generator) -> Network:
        """The network before training, its weights drawn from the generator."""
        dtype = DTYPES[self.dtype]
        if self.architecture == "resnet":
            return self._resnet(inputs, classes, generator, dtype)
        if self.architecture == "mlp":
            model = MLP(
                (inputs, *self.hidden, classes),
                self.activation,
                parametrisation=self.parametrisation,
                generator=generator,
                dtype=dtype,
            )
            first = model.features[0]
        else:
            model = SmoothNetwork(
                inputs,
                classes,
                depth=len(self.hidden),
                order=int(self.architecture[-1]),
                activation=self.activation,
                gain=self.gain,
                generator=generator,
                dtype=dtype,
            )
            first = model.features.linear[0]
        if self.control == "frozen-first-layer":
            first.requires_grad_(False)
        return model

    def _resnet(
        self, inputs: int, classes: int, generator: torch.Generator, dtype: torch.dtype
    ) -> ResNet | BarlowTwins:
        model = ResNet(
            math.isqrt(inputs // 3),
            classes,
            widths=self.hidden,
            blocks=self.blocks,
            activation=self.activation,
            generator=generator,
            dtype=dtype,
        )
        if self.control == "frozen-first-layer":
            model.features.stem.requires_grad_(False)
        if self.control == "frozen-features":
            model.freeze_features()
        if self.objective == "barlow-twins":
            return BarlowTwins(model, self.projector, self.activation, generator)
        return model

    @property
    def network_title(self) -> str:
        """The network in words, for figures: "ResNet-34 of widths 64, 128, 256, 512, gelu"."""
        widths = ", ".join(map(str, self.hidden))
        if self.architecture == "resnet":
            return f"ResNet-{2 * sum(self.blocks) + 2} of widths {widths}, {self.activation}"
        return (
            f"{'perceptron' if self.architecture == 'mlp' else self.architecture} of widths {widths}, {self.activation}"
        )

    def minimised(self) -> Objective:
        """What the training minimises."""
        if self.objective == "barlow-twins":
            return Twins(self.augmentation, self.redundancy)
        return Classification(self.augmentation)

    def rate(self) -> Callable[[float], float] | None:
        """The learning rate by the epochs before a step; None where it is constant."""
        if self.schedule == "constant":
            return None
        return lambda epoch: self.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2

    def optimiser_of(self, model: nn.Module) -> torch.optim.Optimizer:
        """The optimiser over those of the model's parameters that are not frozen, at its first step."""
        parameters = [p for p in model.parameters() if p.requires_grad]
        if self.optimiser == "sgd":
            return torch.optim.SGD(
                parameters, lr=self.learning_rate, momentum=self.momentum, weight_decay=self.weight_decay
            )
        kind = torch.optim.Adam if self.optimiser == "adam" else torch.optim.AdamW
        return kind(parameters, lr=self.learning_rate, weight_decay=self.weight_decay)

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @staticmethod
    def from_dict(record: dict[str, object]) -> Config:
        """The configuration that `to_dict` gave.

        Raises:
            DataError: a field is missing or unknown.
        """
        try:
            return Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in record.items()})
        except TypeError as error:
            raise DataError(f"not a configuration of this version of symgeo: {error}") from None
