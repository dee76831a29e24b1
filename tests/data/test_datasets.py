"""The datasets that need no file: what they hold, and that they never change."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from symgeo.data import NAMES, Dataset, Part, load
from symgeo.errors import DataError, InputError


def test_sinusoid_is_labelled_by_its_own_formula():
    data = load("sinusoid")
    assert data.train.inputs.shape == (400, 2)
    for part in (data.train, data.test):
        assert np.abs(part.inputs).max() <= 1
        np.testing.assert_array_equal(part.labels, part.inputs[:, 1] > 0.6 * np.sin(7 * part.inputs[:, 0] - 1))


def test_sinusoid_is_uniform_on_the_square():
    # Means and second moments of 2400 uniform points: z-scores against their exact variances, 1/3 and 4/45.
    x = np.concatenate([load("sinusoid").train.inputs, load("sinusoid").test.inputs])
    z_mean = x.mean(0) * np.sqrt(len(x) * 3)
    z_square = ((x**2).mean(0) - 1 / 3) * np.sqrt(len(x) * 45 / 4)
    assert np.abs([z_mean, z_square]).max() < 4


def test_sinusoid_depends_on_its_seed_alone():
    np.testing.assert_array_equal(load("sinusoid", seed=3).train.inputs, load("sinusoid", seed=3).train.inputs)
    assert not np.array_equal(load("sinusoid", seed=3).train.inputs, load("sinusoid", seed=4).train.inputs)
    # NumPy's own documentation shows these two as the first numbers of seed 0 in [0, 1).
    first = 2 * np.array([0.6369616873214543, 0.2697867137638703]) - 1
    np.testing.assert_array_equal(load("sinusoid").train.inputs[0], first)


def test_digits_are_all_there_once():
    data = load("digits")
    assert data.train.inputs.shape == (1437, 64)
    assert data.test.inputs.shape == (360, 64)
    assert data.shape == (8, 8)
    everything = np.concatenate([data.train.inputs, data.test.inputs])
    assert everything.min() == 0
    assert everything.max() == 1
    assert len(np.unique(everything, axis=0)) == 1797
    # UCI's description of the set states how often each digit occurs.
    counts = np.bincount(np.concatenate([data.train.labels, data.test.labels]))
    np.testing.assert_array_equal(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


@pytest.mark.parametrize("name", ["sinusoid", "digits"])
def test_dtype_is_as_asked(name):
    assert load(name).train.inputs.dtype == np.float64
    assert load(name, dtype=np.float32).train.inputs.dtype == np.float32
    with pytest.raises(InputError, match="`dtype` must be float64 or float32, not int64"):
        load(name, dtype=np.int64)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=", ".join(NAMES)):
        load("minst")


def test_first_takes_the_first_points_and_no_more_than_there_are():
    part = load("sinusoid").train
    np.testing.assert_array_equal(part.first(7).inputs, part.inputs[:7])
    assert part.first(None) is part
    for count in (0, 401):
        with pytest.raises(InputError, match=f"between 1 and 400 .*, not {count}"):
            part.first(count)


def test_a_dataset_refuses_labels_out_of_range_and_parts_that_do_not_match():
    x, y = np.zeros((3, 2)), np.array([0, 1, 2])
    good = Part(x, np.array([0, 1, 0]))
    with pytest.raises(DataError, match="training label 2 of point 2 is not between 0 and 1"):
        Dataset("t", Part(x, y), good, ("a", "b"), (2,), "here")
    with pytest.raises(DataError, match="3 test inputs but 2 labels"):
        Dataset("t", good, Part(x, y[:2]), ("a", "b"), (2,), "here")


def test_importing_the_room_imports_nothing_heavy():
    code = "import sys, symgeo.data; print([m for m in ('torch', 'sympy', 'sklearn', 'pooch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
