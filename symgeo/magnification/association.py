r"""Whether the volume element is greater near the decision boundary, as three numbers.

For the log volume l_i and a closeness c_i (minus the distance, or the entropy of the prediction) at points i, "near"
being the fraction q of the points with the greatest closeness and "far" the others:

    spearman = the correlation of the ranks of l and of c;                       no effect: 0
    auc      = P(l_near > l_far) + P(l_near = l_far) / 2, the area under the     no effect: 1/2
               ROC curve of l as a test for "near" (Mann and Whitney, 1947);
    ratio    = the mean of exp(l) over near, divided by that over far.           no effect: 1

The first two know only the order of the volumes, the last their size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import logsumexp
from scipy.stats import rankdata

from symgeo.errors import InputError

NEAR = 0.1


@dataclass(frozen=True)
class Association:
    """Of the volume with closeness to the boundary; see the module.

    Attributes:
        spearman: in [-1, 1]; positive when the volume grows towards the boundary.
        auc: in [0, 1].
        log_ratio: the natural logarithm of the ratio of mean volumes, near to far.
    """

    spearman: float
    auc: float
    log_ratio: float


def associate(
    log_volume: Float[np.ndarray, " batch"], closeness: Float[np.ndarray, " batch"], near: float = NEAR
) -> Association | None:
    """How the volume goes with closeness; None where either is the same at all points, and nothing can be said.

    Args:
        log_volume: at each point; minus infinity where the metric is singular.
        closeness: greater is nearer; minus infinity is further than can be told.
        near: the fraction of the points that counts as near.

    Raises:
        InputError: arrays of different lengths, fewer than ten points, a NaN, or a fraction outside (0, 1).
    """
    if log_volume.shape != closeness.shape or log_volume.ndim != 1 or len(log_volume) < 10:
        raise InputError(
            f"`log_volume` and `closeness` must be of one length, 10 or more, not {log_volume.shape} and "
            f"{closeness.shape}"
        )
    if np.isnan(log_volume).any() or np.isnan(closeness).any() or np.isposinf(log_volume).any():
        raise InputError("`log_volume` and `closeness` must be numbers: there is a NaN, or an infinite volume")
    if not 0 < near < 1:
        raise InputError(f"`near` must lie between 0 and 1, not {near}")
    if _constant(log_volume) or _constant(closeness):
        return None
    chosen = nearest(closeness, near)
    ranks = rankdata(log_volume)
    return Association(
        spearman=float(np.corrcoef(ranks, rankdata(closeness))[0, 1]),
        auc=_auc(ranks, chosen),
        log_ratio=_log_mean(log_volume[chosen]) - _log_mean(log_volume[~chosen]),
    )


def nearest(closeness: Float[np.ndarray, " batch"], fraction: float) -> Bool[np.ndarray, " batch"]:
    """The fraction of the points with the greatest closeness, at least one; of equal ones the first."""
    count = max(1, round(fraction * len(closeness)))
    chosen = np.zeros(len(closeness), dtype=bool)
    chosen[np.argsort(-closeness, kind="stable")[:count]] = True
    return chosen


def _auc(ranks: Float[np.ndarray, " batch"], chosen: Bool[np.ndarray, " batch"]) -> float:
    # Mann and Whitney: the sum of the ranks of n1 points is n1 (n1 + 1) / 2 plus the number of pairs that they win.
    n1, n2 = int(chosen.sum()), int((~chosen).sum())
    return float((ranks[chosen].sum() - n1 * (n1 + 1) / 2) / (n1 * n2))


def _log_mean(log_volume: Float[np.ndarray, " batch"]) -> float:
    return float(logsumexp(log_volume) - math.log(len(log_volume)))


def _constant(values: Float[np.ndarray, " batch"]) -> bool:
    return bool((values == values[0]).all())
