"""Several trainings at once, and the controls: that each is what it would be alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from symgeo.errors import InputError
from symgeo.models import default_folder, experiment_config, load_run, train_all, train_config
from symgeo.models.folder import epoch_file

TINY = replace(experiment_config("sinusoid-5"), epochs=3, saved=(0, 3), samples=60)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_two_at_a_time_end_with_the_same_weights_as_one_after_the_other(tmp_path):
    configs = [replace(TINY, seed=seed) for seed in range(2)]
    alone = train_all(configs, tmp_path / "alone", progress=False)
    beside = train_all(configs, tmp_path / "beside", jobs=2, progress=False)  # a thread each, on two cores
    assert [run.config.seed for run in beside] == [0, 1]
    for a, b in zip(alone, beside, strict=True):
        assert b.folder == default_folder(b.config, tmp_path / "beside")
        assert (a.folder / epoch_file(3)).read_bytes() == (b.folder / epoch_file(3)).read_bytes()
    assert len({(run.folder / epoch_file(3)).read_bytes() for run in alone}) == 2


def test_a_failure_in_one_process_is_raised_here_and_the_others_are_kept(tmp_path):
    other = replace(TINY, seed=1)
    train_config(replace(other, learning_rate=0.7), default_folder(other, tmp_path), progress=False)
    with pytest.raises(InputError, match=r"holds a run with learning_rate = 0\.7, not 0\.5: choose another folder"):
        train_all([TINY, other], tmp_path, jobs=2, progress=False)
    assert load_run(default_folder(TINY, tmp_path)).finished


def test_what_cannot_be_meant_is_refused(tmp_path):
    with pytest.raises(InputError, match="`jobs` must be at least 1, not 0"):
        train_all([TINY], tmp_path, jobs=0)
    with pytest.raises(InputError, match="`configs` must differ"):
        train_all([TINY, TINY], tmp_path)


def test_a_frozen_first_layer_stays_and_the_readout_learns(tmp_path):
    run = train_config(replace(TINY, control="frozen-first-layer"), tmp_path / "frozen", progress=False)
    start, end = run.model(0), run.model(3)
    assert torch.equal(start.W, end.W)
    assert torch.equal(start.b, end.b)
    assert not torch.equal(start.readout[0].weight, end.readout[0].weight)
    free = train_config(TINY, tmp_path / "free", progress=False)
    assert torch.equal(free.model(0).W, start.W)  # the same draw
    assert not torch.equal(free.model(3).W, start.W)


def test_shuffled_labels_are_the_same_labels_on_other_points(tmp_path):
    config = replace(TINY, hidden=(20,), epochs=300, saved=(0, 300))
    true, shuffled = (
        train_config(replace(config, control=control), tmp_path / control, progress=False)
        for control in ("none", "shuffled-labels")
    )
    assert torch.equal(true.model(0).W, shuffled.model(0).W)
    labels = true.dataset().train.labels
    share = max(np.mean(labels), 1 - np.mean(labels))
    # Nothing about the test points can be learnt from shuffled labels: 4 standard errors of 2,000 points, with the
    # points themselves, 60 to learn from, deciding where the boundary happens to lie.
    learnt, guessed = true.metrics[-1].test_accuracy, shuffled.metrics[-1].test_accuracy
    assert learnt is not None
    assert guessed is not None
    assert learnt > 0.75
    assert guessed < share + 0.1
    assert true.metrics[0].test_accuracy == shuffled.metrics[0].test_accuracy
