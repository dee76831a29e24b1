"""A table that can fail, and says so."""

import json
import math

import numpy as np
import pytest

from symgeo.crosscheck import Row, failures, table, write_json
from symgeo.crosscheck.deviation import relative_error, z_score

GOOD = Row("wide erf", "matrix", "quadrature", "quadrature of E[phi'^2]", 1e-15, 3)
BAD = Row("wide erf", "matrix", "Monte Carlo", "200 random networks", 9.0, 3)


def test_limits_decide():
    assert GOOD.passed
    assert not BAD.passed
    assert failures([GOOD, BAD]) == [BAD]


@pytest.mark.parametrize("deviation", [math.nan, math.inf])
def test_what_is_no_number_fails(deviation):
    assert not Row("a", "b", "autodiff", "c", deviation, 1).passed


def test_table_counts():
    assert table([GOOD]).splitlines()[-1] == "1 comparisons, all hold"
    text = table([GOOD, BAD])
    assert text.splitlines()[-1] == "2 comparisons, 1 do not hold"
    assert "FAIL  wide erf" in text


def test_json(tmp_path):
    record = json.loads(write_json([GOOD, BAD], tmp_path / "rows.json").read_text())
    assert [r["passed"] for r in record] == [True, False]
    assert record[1]["measure"] == "z-score"


def test_relative_error_is_per_point():
    reference = np.array([[1e6, 0.0], [1e-3, 2e-3]])
    value = reference + np.array([[0.0, 1.0], [0.0, 1e-6]])
    assert relative_error(value, reference) == pytest.approx(5e-4)
    assert relative_error(np.array([1e-3]), np.array([0.0])) == pytest.approx(1e-3)
    assert math.isnan(relative_error(np.array([np.nan, 1.0]), np.array([1.0, 1.0])))


def test_what_is_small_is_held_against_its_own_size():
    assert relative_error(np.array([2e-13]), np.array([1e-13])) == pytest.approx(1)
    assert relative_error(np.array([0.0]), np.array([1e-25])) == pytest.approx(1)
    assert relative_error(np.array([1e-3]), np.array([1e-40])) == pytest.approx(1e-3)


def test_z_score_is_the_largest_component():
    mean, error = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.1, 0.1], [0.5, 0.1]])
    assert z_score(mean + np.array([[0.0, -0.3], [1.0, 0.0]]), mean, error) == pytest.approx(3)
    # No scatter means that nothing was measured, not that all agrees.
    assert math.isnan(z_score(mean, mean, np.zeros_like(error)))
