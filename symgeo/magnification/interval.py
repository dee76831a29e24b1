r"""The mean over seeds, with a confidence interval.

Student's: mean +- t_{(1 + level)/2, m - 1} s / sqrt(m) for m seeds with standard deviation s, which holds for
measurements that are normally distributed over seeds. The bootstrap's: the quantiles of the mean of m seeds drawn with
replacement, which needs no distribution but is too narrow for few seeds (for m = 5 by about sqrt(4/5), and more for
the tails that it has not seen): Student's is what the tables hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from symgeo.errors import InputError

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that holds the expectation with the given confidence.

    Attributes:
        mean: over the seeds.
        low, high: the ends; without end for a single seed, which tells nothing of the spread.
        count: how many seeds.
    """

    mean: float
    low: float
    high: float
    count: int

    def excludes(self, value: float) -> bool:
        """Whether the value lies outside."""
        return not self.low <= value <= self.high


def student_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's interval for the expectation of which the values are independent draws.

    Raises:
        InputError: no value, one that is not finite, or a level outside (0, 1).
    """
    array = _checked(values, level)
    mean, count = float(array.mean()), len(array)
    if count == 1:
        return Interval(mean, -math.inf, math.inf, 1)
    half = float(student.ppf((1 + level) / 2, count - 1)) * float(array.std(ddof=1)) / math.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def bootstrap_interval(
    values: Sequence[float], level: float = LEVEL, *, draws: int = 10_000, seed: int = 0
) -> Interval:
    """The percentile bootstrap's interval for the expectation of which the values are independent draws.

    Args:
        values: one a seed.
        level: of confidence.
        draws: how many samples of the same size are drawn from the values.
        seed: of the draws.

    Raises:
        InputError: as `student_interval`.
    """
    array = _checked(values, level)
    chosen = np.random.default_rng(seed).integers(len(array), size=(draws, len(array)))
    low, high = np.quantile(array[chosen].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    if len(array) == 1:
        low, high = -math.inf, math.inf
    return Interval(float(array.mean()), float(low), float(high), len(array))


def _checked(values: Sequence[float], level: float) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise InputError(f"`values` must be one finite number a seed, not {list(values)}")
    if not 0 < level < 1:
        raise InputError(f"`level` must lie between 0 and 1, not {level}")
    return array
