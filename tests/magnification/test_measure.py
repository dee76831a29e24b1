"""The measure on whole runs: against the definitions, and from runs to a table and back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from symgeo.data import Part
from symgeo.errors import DataError, InputError
from symgeo.magnification import (
    STUDIES,
    Association,
    Grid,
    Measurement,
    Study,
    Table,
    image_lines,
    measure,
    measure_run,
    over_seeds,
    read_table,
)
from symgeo.magnification.measure import entropy
from symgeo.magnification.studies import moments
from symgeo.models import MLP, default_folder, load_run, train, train_config
from symgeo.pullback import Pullback

PAIRS = [(q, c) for q in ("volume", "expansion") for c in ("distance", "entropy")]


def test_a_grid_covers_its_square():
    grid = Grid(1.5, side=7)
    assert grid.x.shape == (49, 2)
    assert sorted(set(grid.x[:, 0].tolist())) == [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
    assert grid.reach == pytest.approx(math.hypot(3, 3))


def test_lines_join_images_of_other_classes_and_of_the_same():
    random = np.random.default_rng(0)
    part = Part(random.random((60, 5)), random.integers(0, 4, 60))
    between, within = image_lines(part, 7, seed=1)
    label = {tuple(row): int(digit) for row, digit in zip(part.inputs, part.labels, strict=True)}
    ends = [
        [(label[tuple(a)], label[tuple(b)]) for a, b in zip(*p, strict=True)]
        for p in ((between.starts.tolist(), between.ends.tolist()), (within.starts.tolist(), within.ends.tolist()))
    ]
    assert len(ends[0]) == len(ends[1]) == 7
    assert all(a != b for a, b in ends[0])
    assert all(a == b for a, b in ends[1])
    used = torch.cat([between.starts, between.ends, within.starts, within.ends])
    assert len({tuple(row) for row in used.tolist()}) == 28
    with pytest.raises(DataError, match="60 images are too few for 16 lines between classes and 16 within"):
        image_lines(part, 16)


def test_the_volume_of_a_line_is_the_stretch_of_a_unit_step():
    part = Part(np.random.default_rng(0).random((30, 6)), np.arange(30) % 2)
    (lines, _) = image_lines(part, 3)
    model = MLP((6, 9, 2), "tanh", generator=torch.Generator().manual_seed(1)).requires_grad_(False)
    u = torch.nn.functional.normalize(lines.ends - lines.starts, dim=1).repeat_interleave(11, 0)
    h = 1e-6  # central differences: an error of h^2 and of eps / h
    stretch = torch.linalg.vector_norm(model.features(lines.x + h * u) - model.features(lines.x - h * u), dim=1) / (
        2 * h
    )
    torch.testing.assert_close(lines.log_volume(model.features), stretch.log(), rtol=0, atol=1e-8)
    assert torch.equal(lines.x[:11][[0, -1]], torch.stack([lines.starts[0], lines.ends[0]]))


def test_entropy_is_scipys_and_keeps_its_digits():
    f = torch.randn(20, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(entropy(f), stats.entropy(torch.softmax(f, 1).numpy(), axis=1), rtol=1e-13)
    # Two classes, lead L: the entropy tends to (1 + L) e^-L.
    assert entropy(torch.tensor([[600.0, 0.0]], dtype=torch.float64)).item() == pytest.approx(601 * math.exp(-600))


@pytest.fixture(scope="module")
def study() -> Study:
    return Study(
        "tiny",
        (("sinusoid-5", "none"), ("sinusoid-5", "frozen-first-layer")),
        lambda _: [Grid(1.0, 6, directions=4)],
        2,
    )


@pytest.fixture(scope="module")
def root(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for config in study.configs():
        # The folder of the whole training, ended early: what is measured is a run as it lies there.
        train_config(replace(config, epochs=8, saved=(0, 2, 8)), default_folder(config, folder), progress=False)
    return folder


def test_a_run_is_measured_by_the_definitions(study, root):

    run = load_run(root / "sinusoid-5-quick" / "seed-0")
    found = measure_run(run, [Grid(1.0, 6)], [0, 8])
    assert [(m.epoch, m.place) for m in found] == [(0, "plane"), (8, "plane")]
    x = Grid(1.0, 6).x
    volumes = [Pullback(run.model(epoch).features).log_volume(x).numpy() for epoch in (0, 8)]
    p = torch.softmax(run.model(8)(x), 1).numpy()
    expected = stats.spearmanr(volumes[1] - volumes[0], stats.entropy(p, axis=1)).statistic
    expansion = found[1].associations["expansion", "entropy"]
    assert expansion is not None
    assert expansion.spearman == pytest.approx(expected, abs=1e-9)
    assert found[0].associations["expansion", "distance"] is None  # nothing has expanded yet


def test_a_study_goes_from_runs_to_a_table_and_back(study, root, tmp_path):
    table = measure(study, root=root)
    assert len(table.rows) == 2 * 3 * 4  # trainings, epochs, pairs
    frozen = table.only(control="frozen-first-layer", quantity="expansion")
    assert frozen
    assert all(row.spearman is None for row in frozen)  # its features never move
    assert all(row.seeds == 2 for row in table.rows)
    again = read_table(table.write(tmp_path / "table.json"))
    assert [(r.experiment, r.epoch, r.quantity) for r in again.rows] == [
        (r.experiment, r.epoch, r.quantity) for r in table.rows
    ]
    for a, b in zip(table.rows, again.rows, strict=True):
        for name in ("spearman", "auc", "ratio"):
            mine, read = getattr(a, name), getattr(b, name)
            assert (mine is None) == (read is None)
            if mine is not None:
                assert (read.mean, read.count) == (pytest.approx(mine.mean, rel=1e-5), mine.count)
                assert (read.low, read.high) == (pytest.approx(mine.low, rel=1e-5), pytest.approx(mine.high, rel=1e-5))
    assert again.accuracy.keys() == table.accuracy.keys()


def test_what_is_missing_is_named_with_its_cure(study, root, tmp_path):
    with pytest.raises(DataError, match=r"seed-2 holds no finished run: `symgeo measure tiny --preset quick --train`"):
        measure(study, seeds=3, root=root)
    with pytest.raises(DataError, match=r"no such table: `symgeo measure NAME --train` makes one"):
        read_table(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"format": "symgeo magnification 1", "study"')
    with pytest.raises(DataError, match=r"half\.json: damaged"):
        read_table(tmp_path / "half.json")


def test_seeds_make_means_with_intervals_and_those_without_a_boundary_do_not_count():
    values = [0.2, 0.4, 0.9]
    seeds = [
        [Measurement(5, "plane", dict.fromkeys(PAIRS, Association(v, 0.5 + v / 2, math.log(1 + v))))] for v in values
    ]
    seeds.append([Measurement(5, "plane", dict.fromkeys(PAIRS, None))])
    rows = over_seeds("e", "none", seeds)
    assert [(r.quantity, r.closeness) for r in rows] == PAIRS
    row = rows[0]
    low, high = stats.ttest_1samp(values, 0).confidence_interval()
    assert row.spearman is not None
    assert row.ratio is not None
    assert (row.spearman.low, row.spearman.high, row.spearman.count, row.seeds) == (
        pytest.approx(low), pytest.approx(high), 3, 4,
    )  # fmt: skip
    assert row.ratio.mean == pytest.approx((1.2 * 1.4 * 1.9) ** (1 / 3))
    with pytest.raises(InputError, match="`measurements` must be of the same places and epochs"):
        over_seeds("e", "none", [seeds[0], [Measurement(6, "plane", seeds[0][0].associations)]])


def test_one_seed_has_no_interval_in_the_table_nor_after_it(tmp_path):
    association = Association(0.3, 0.6, 0.1)
    rows = over_seeds("e", "none", [[Measurement(5, "plane", dict.fromkeys(PAIRS, association))]])
    table = Table("tiny", "quick", "nowhere", {}, tuple(rows))
    (again, *_) = read_table(table.write(tmp_path / "table.json")).rows
    assert again.ratio is not None
    assert (again.ratio.low, again.ratio.high, again.ratio.count) == (-math.inf, math.inf, 1)
    assert again.ratio.mean == pytest.approx(math.exp(0.1), rel=1e-5)


def test_the_studies_hold_both_controls_and_enough_seeds():
    for name, study in STUDIES.items():
        assert study.name == name
        frozen = "frozen-features" if name == "cifar10" else "frozen-first-layer"
        # Barlow Twins learn without labels, and what is frozen is their epoch 0.
        controls = set() if name == "barlow-twins" else {"shuffled-labels", frozen}
        assert {c for e, c in study.trainings if e == name} == {"none", *controls}
        assert study.seeds >= (3 if name in ("mnist", "cifar10", "barlow-twins") else 5)
        assert len(study.configs("paper")) == study.seeds * len(study.trainings)


def test_moments_are_saved_epochs_from_the_first_to_the_last(root):

    run = load_run(root / "sinusoid-5-quick" / "seed-0")
    assert moments(run) == [0, 2, 8]


@pytest.mark.slow
def test_the_trained_sinusoid_magnifies_its_boundary(tmp_path):
    run = train("sinusoid-20", folder=tmp_path / "run", progress=False)
    (found,) = measure_run(run, [Grid(1.0)], [run.config.epochs])
    at_the_end = found.associations["volume", "distance"]
    assert at_the_end is not None
    assert at_the_end.auc > 0.6
