"""The three numbers against SciPy, scikit-learn and the definition; their intervals against theirs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from symgeo.errors import InputError
from symgeo.magnification import Association, associate, bootstrap_interval, student_interval
from symgeo.magnification.association import nearest

LAW = settings(deadline=None, derandomize=True, max_examples=40)


def points(seed: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    log_volume, closeness = random.normal(size=(2, 60))
    return (np.round(log_volume), np.round(2 * closeness)) if ties else (log_volume, closeness)


def known(log_volume: np.ndarray, closeness: np.ndarray) -> Association:
    found = associate(log_volume, closeness)
    assert found is not None
    return found


@LAW
@given(st.integers(0, 10**6), st.booleans())
def test_the_numbers_are_those_of_other_libraries(seed, ties):
    log_volume, closeness = points(seed, ties)
    found = known(log_volume, closeness)
    near = nearest(closeness, 0.1)
    assert near.sum() == 6
    assert closeness[near].min() >= closeness[~near].max()
    assert found.spearman == pytest.approx(stats.spearmanr(log_volume, closeness).statistic, abs=1e-12)
    assert found.auc == pytest.approx(roc_auc_score(near, log_volume), abs=1e-12)
    volume = np.exp(log_volume)
    assert found.log_ratio == pytest.approx(np.log(volume[near].mean() / volume[~near].mean()), abs=1e-12)


@LAW
@given(st.integers(0, 10**6), st.floats(-300, 300))
def test_a_unit_of_volume_changes_nothing_and_the_sign_of_closeness_the_sign(seed, shift):
    log_volume, closeness = points(seed, ties=False)
    found, moved, turned = (
        known(v, c) for v, c in ((log_volume, closeness), (log_volume + shift, closeness), (-log_volume, closeness))
    )
    assert moved.log_ratio == pytest.approx(found.log_ratio, abs=1e-10)
    assert turned.spearman == pytest.approx(-found.spearman, abs=1e-12)
    assert turned.auc == pytest.approx(1 - found.auc, abs=1e-12)


def test_known_answers():
    distance = np.linspace(0, 1, 100)
    found = known(-3 * distance, -distance)
    assert (found.spearman, found.auc) == (pytest.approx(1), 1)
    step = np.where(distance < 0.0955, math.log(7.0), 0.0)  # seven times the volume in the nearest decile
    assert known(step, -distance).log_ratio == pytest.approx(math.log(7))
    assert known(step, -distance).auc == 1
    assert associate(np.zeros(100), -distance) is None
    assert associate(-distance, np.full(100, -math.inf)) is None


def test_singular_points_and_points_out_of_reach_are_the_last_in_order():
    random = np.random.default_rng(0)
    log_volume, closeness = random.normal(size=(2, 50))
    closeness[:20] = -math.inf
    log_volume[10:15] = -math.inf
    found = known(log_volume, closeness)
    substitute = known(np.where(np.isinf(log_volume), -1e3, log_volume), np.where(np.isinf(closeness), -9, closeness))
    assert found == substitute


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(9), np.zeros(9)), "of one length, 10 or more"),
        ((np.zeros(12), np.zeros(13)), "of one length, 10 or more"),
        ((np.full(12, np.nan), np.arange(12.0)), "there is a NaN"),
        ((np.arange(12.0), np.arange(12.0), 1.0), "`near` must lie between 0 and 1, not 1"),
    ],
)
def test_what_has_no_order_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        associate(*arguments)


@LAW
@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([0.5, 0.95, 0.99]))
def test_students_interval_is_scipys(seed, count, level):
    values = np.random.default_rng(seed).normal(2, 3, size=count)
    found = student_interval(values.tolist(), level)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.mean, found.count) == (pytest.approx(values.mean()), count)
    p = stats.ttest_1samp(values, 0.7).pvalue
    assert found.excludes(0.7) == (p < 1 - level)


def test_students_interval_holds_the_expectation_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(5, 2, size=(4000, 5))
    held = sum(not student_interval(row.tolist()).excludes(5) for row in draws)
    assert abs(held / 4000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_the_bootstrap_is_scipys_and_narrower_for_few_seeds():
    values = np.random.default_rng(2).normal(size=5)
    found = bootstrap_interval(values.tolist())
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=np.random.default_rng(3))
    spread = values.std() / math.sqrt(5)  # the quantiles' own sampling error is a small part of it
    assert found.low == pytest.approx(theirs.confidence_interval.low, abs=0.06 * spread)
    assert found.high == pytest.approx(theirs.confidence_interval.high, abs=0.06 * spread)
    student = student_interval(values.tolist())
    assert student.low < found.low < found.high < student.high


@pytest.mark.parametrize("interval", [student_interval, bootstrap_interval])
def test_one_seed_says_nothing_of_the_spread(interval):
    found = interval([0.3])
    assert (found.mean, found.low, found.high, found.count) == (0.3, -math.inf, math.inf, 1)
    with pytest.raises(InputError, match="`values` must be one finite number a seed"):
        interval([0.3, math.nan])
    with pytest.raises(InputError, match="`values`"):
        interval([])
    with pytest.raises(InputError, match="`level` must lie between 0 and 1, not 95"):
        interval([0.3, 0.4], 95)
