"""What a training of a Calabi-Yau metric is, in numbers: enough, with the code, to repeat it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import torch

from symgeo.calabi_yau.hypersurface import Hypersurface, hypersurface
from symgeo.calabi_yau.network import Architecture
from symgeo.errors import DataError, InputError

DTYPES = {"float32": torch.float32, "float64": torch.float64}
#: The points' seeds are 2^25 apart, of the 2^32 that torch's generator tells apart.
SEEDS = 128


@dataclass(frozen=True)
class Config:
    """One training of one potential with one seed: Adam first, then Levenberg and Marquardt's steps in float64.

    Attributes:
        name: of the preset's hypersurface, or any other.
        preset: what it belongs to.
        exponents: of the hypersurface's monomials.
        coefficients: theirs, as (real, imaginary).
        features: "plain" or "invariant", see `Architecture`.
        degree: of the invariants.
        widths: of the hidden layers.
        activation: "gelu", "tanh" or "square".
        head: "linear" or "logarithm".
        points: of the training sample; `batch` divides it.
        validation: how many points the reported sigma is measured on; no training sees them.
        adam_epochs: passes over the points, with a learning rate that falls as (1 + cos(pi t)) / 2.
        learning_rate: Adam's first.
        batch: points a step of Adam.
        steps: at most so many of Levenberg and Marquardt's.
        tolerance: these steps end where one lowers the loss by less than this fraction of it.
        decay: of the parameters' squares in their loss; without it hidden units can become steps too sharp for the
            points to see, and the curvature suffers.
        dtype: of Adam's phase, "float32" or "float64".
        seed: of the points, the weights and the order of the batches.
        saved: epochs whose whole state is kept, besides the last; 0 is before any training.
    """

    name: str
    preset: str
    exponents: tuple[tuple[int, ...], ...]
    coefficients: tuple[tuple[float, float], ...]
    features: str
    points: int
    degree: int = 0
    widths: tuple[int, ...] = ()
    activation: str = "gelu"
    head: str = "linear"
    validation: int = 5000
    adam_epochs: int = 0
    learning_rate: float = 3e-3
    batch: int = 250
    steps: int = 0
    tolerance: float = 1e-4
    decay: float = 0.0
    dtype: str = "float64"
    seed: int = 0
    saved: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise InputError(f"`dtype` must be one of {', '.join(DTYPES)}, not {self.dtype!r}")
        for field in ("points", "degree", "validation", "adam_epochs", "batch", "steps", "seed"):
            if not _whole(value := getattr(self, field)):
                raise InputError(f"`{field}` must be an integer, not {value!r}")
        for field in ("widths", "saved"):
            if not all(map(_whole, values := getattr(self, field))):
                raise InputError(f"`{field}` must hold integers, not {values!r}")
        if self.features == "invariant" and self.degree < 2:
            raise InputError(f"`degree` must be at least 2 for invariants, not {self.degree}: p_2 is the first")
        if self.points < 1 or self.validation < 1:
            raise InputError(f"`points` and `validation` must be positive, not {self.points} and {self.validation}")
        if self.adam_epochs and not (self.batch > 0 and self.points % self.batch == 0):
            raise InputError(
                f"`batch` must divide `points`, and {self.batch} does not divide {self.points}: take a divisor"
            )
        if self.adam_epochs < 0 or self.steps < 0 or self.epochs == 0:
            raise InputError(
                f"`adam_epochs` and `steps` must be 0 or more, not both 0: {self.adam_epochs}, {self.steps}"
            )
        if self.adam_epochs and not 0 < self.learning_rate < float("inf"):
            raise InputError(f"`learning_rate` must be positive and finite, not {self.learning_rate}")
        for field in ("tolerance", "decay"):
            if not 0 <= (value := getattr(self, field)) < float("inf"):
                raise InputError(f"`{field}` must be finite and not negative, not {value}")
        if not 0 <= self.seed < SEEDS:
            raise InputError(
                f"`seed` must lie between 0 and {SEEDS - 1}, not {self.seed}: beyond, the points of others come again"
            )
        if list(self.saved) != sorted(set(self.saved)) or any(not 0 <= e <= self.epochs for e in self.saved):
            raise InputError(f"`saved` must rise within 0 .. {self.epochs}, not {self.saved}")
        _ = self.architecture  # its own errors come now

    @property
    def epochs(self) -> int:
        """Adam's epochs and the highest number of later steps, each of which counts as one."""
        return self.adam_epochs + self.steps

    @property
    def architecture(self) -> Architecture:
        """Of the potential."""
        return Architecture(self.features, self.degree, self.widths, self.activation, self.head)

    def hypersurface(self) -> Hypersurface:
        """Where the metric lives.

        Raises:
            InputError: not Calabi-Yau, or known to be singular.
        """
        return hypersurface(self.exponents, [complex(*c) for c in self.coefficients], self.name)

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @staticmethod
    def from_dict(record: dict[str, object]) -> Config:
        """The configuration that `to_dict` gave.

        Raises:
            DataError: the record has other fields.
        """

        def frozen(value: object) -> object:
            return tuple(map(frozen, value)) if isinstance(value, list) else value

        try:
            return Config(**{key: frozen(value) for key, value in record.items()})
        except TypeError as error:
            raise DataError(f"not a configuration of this version ({error}): delete the folder, train again") from None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def monomials(surface: Hypersurface) -> dict[str, tuple]:
    """The fields `exponents` and `coefficients` of a hypersurface."""
    return {
        "exponents": tuple(map(tuple, surface.exponents.tolist())),
        "coefficients": tuple((c.real, c.imag) for c in surface.coefficients.tolist()),
    }
