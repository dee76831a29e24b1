"""Studies: rows that are measured once, and what the stored ones show."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from symgeo.calabi_yau.comparison import METHODS, Setting
from symgeo.calabi_yau.evolution import Watch
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.ledger import Ledger, read
from symgeo.calabi_yau.locality import NOISES, extent, noised
from symgeo.calabi_yau.presets import DIMENSIONS
from symgeo.calabi_yau.sample import sample
from symgeo.calabi_yau.studies import comparison, evolution, locality, table
from symgeo.errors import DataError, InputError
from symgeo.scripts import load

MEASURED = Path(__file__).parents[2] / "figures" / "measured"
SMALL = Setting(points=40, held_out=40, curved=2, widths=(6, 6), epochs=4, batch=20, steps=10, degree=4, sections=2)
WATCH = Watch(points=4, at=(0, 4), spectra=(0, 4), widths=(6, 12), descent_points=20, descent_steps=10)
SHOWN = ("fubini-study", "balanced", "network", "linearised", "frozen kernel")


def test_a_row_is_computed_once_and_kept(tmp_path):
    path = tmp_path / "deep" / "rows.json"
    calls = []

    def row():
        calls.append(1)
        return {"sigma": 1 / 3, "nothing": float("nan"), "list": [1, 2.0000001]}

    first = Ledger(path, "one", {"points": (1, 2)})
    assert first.once("a", row) == {"sigma": 0.333333, "nothing": None, "list": [1, 2.0]}
    again = Ledger(path, "one", {"points": [1, 2]})
    assert again.once("a", row) == first.rows["a"]
    assert len(calls) == 1
    assert read(path)["rows"] == first.rows
    json.loads(path.read_text())


def test_files_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "rows.json"
    Ledger(path, "one", {"points": 1}).once("a", lambda: {"x": 1})
    with pytest.raises(InputError, match="holds one with other settings"):
        Ledger(path, "one", {"points": 2})
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"rows.json: damaged"):
        Ledger(path, "one", {"points": 1})
    path.write_text('{"format": "x"}', encoding="utf-8")
    with pytest.raises(DataError, match="a JSON file, but not"):
        read(path)
    with pytest.raises(DataError, match=r"no such file: `python -m symgeo.calabi_yau.studies` measures it"):
        read(tmp_path / "none.json")


def test_a_study_that_was_stopped_goes_on(tmp_path):
    path = tmp_path / "rows.json"
    first = comparison(path, SMALL, names=("cubic",), methods=("fubini-study",), seeds=(0,))
    more = comparison(path, SMALL, names=("cubic",), methods=("fubini-study", "delta"), seeds=(0,))
    assert list(more.rows) == ["cubic/fubini-study/0", "cubic/delta/0"]
    assert more.rows["cubic/fubini-study/0"] == first.rows["cubic/fubini-study/0"]
    with pytest.raises(InputError, match="`name` must be one of cubic, k3, quintic"):
        comparison(path, SMALL, names=("quartic",), methods=("delta",), seeds=(0,))


def test_noise_moves_points_by_its_size_and_leaves_them_on_the_hypersurface():
    there = sample(fermat(3), 50, 0)
    near = noised(there, 1e-3)
    assert near.residual() < 1e-12
    with pytest.raises(InputError, match="`size` must be positive"):
        noised(there, 0.0)


def test_a_sample_s_extent():
    there = sample(fermat(2), 60, 0)
    for metric in (None, there.fubini_study):
        found = extent(there, metric)
        assert 0 < found["least"] <= found["nearest"] < found["mean"] < found["largest"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Small studies of all kinds."""
    folder = tmp_path_factory.mktemp("measured")
    comparison(folder / "calabi-yau-comparison.json", SMALL, seeds=(0,), methods=SHOWN)
    evolution(folder / "calabi-yau-evolution.json", SMALL, WATCH, name="k3", seeds=(0, 1))
    locality(folder / "calabi-yau-locality.json", points=30, steps=5, seeds=(0, 1), counts=(30, 60))
    return folder


def test_a_training_s_kernel_moves_and_a_linearised_one_s_does_not(measured):
    rows = read(measured / "calabi-yau-evolution.json")["rows"]
    assert rows["trained/0"]["distance"][-1] > 0.01
    assert max(rows["linearised/0"]["distance"]) < 1e-8
    assert max(rows["linearised/0"]["relative"]) < 1e-8
    assert rows["trained/0"]["alignment"][0] == 1
    for width in WATCH.widths:
        assert rows[f"width {width}/0"]["losses"][-1] < rows[f"width {width}/0"]["losses"][0]


def test_the_figures_show_what_was_measured(measured):
    spectrum = load("figures", "cy-spectrum").draw(measured)
    assert len(spectrum.axes) == 4
    rows = read(measured / "calabi-yau-evolution.json")["rows"]
    drawn = spectrum.axes[2].get_lines()[0].get_ydata()
    np.testing.assert_allclose(drawn, np.mean([rows[f"trained/{s}"]["distance"] for s in (0, 1)], axis=0))
    training = load("figures", "cy-training").draw(measured)
    assert [axes.get_title() for axes in training.axes] == [
        "Fermat cubic, n = 1",
        "Fermat quartic (K3), n = 2",
        "Fermat quintic, n = 3",
    ]
    kernels = load("figures", "cy-kernels").draw(measured)
    assert len(kernels.axes[0].get_lines()[0].get_xdata()) == len(NOISES) + 1
    distances = load("figures", "cy-distances").draw(measured, points=40, clusters=3, batches=2)
    first, second = (distances.axes[i].get_images()[0].get_array() for i in (0, 2))
    np.testing.assert_allclose(np.sort(np.ravel(first)), np.sort(np.ravel(second)))
    assert not np.array_equal(first, second)
    with pytest.raises(DataError, match="no such file"):
        load("figures", "cy-kernels").draw(measured / "elsewhere")


def test_the_learned_metric_s_picture():
    figure = load("figures", "cy-metric").draw(side=6)
    still, learned = (axes.get_images()[0].get_array() for axes in figure.axes[2:4])
    assert np.abs(learned - 1).max() < 1e-6 < 0.05 < np.abs(still - 1).max()
    assert (figure.axes[5].get_images()[0].get_array() > 0).all()


def test_the_table_has_a_row_a_method(measured):
    lines = table(read(measured / "calabi-yau-comparison.json")["rows"]).splitlines()
    assert len(lines) == 2 + len(SHOWN)
    assert lines[0].count("|") == lines[3].count("|") == 11
    assert lines[2].startswith("| fubini-study | 0.")


def means(rows, name, method):
    found = [row["sigma"] for key, row in rows.items() if key.startswith(f"{name}/{method}/")]
    assert len(found) >= 3
    return float(np.mean(found))


def test_what_is_stored_shows_what_the_pages_say():
    """Three seeds of every method; the network beats its frozen kernel on K3 and the quintic, not on the cubic."""
    rows = read(MEASURED / "calabi-yau-comparison.json")["rows"]
    assert {key.split("/")[1] for key in rows} == set(METHODS)
    gaps = {name: means(rows, name, "frozen kernel") / means(rows, name, "network") for name in DIMENSIONS}
    assert gaps["quintic"] > 3
    assert gaps["k3"] > 3
    assert gaps["cubic"] < 0.1
    for name in DIMENSIONS:
        assert means(rows, name, "invariants") < means(rows, name, "network")
        assert means(rows, name, "linearised") > means(rows, name, "network")


def test_the_stored_kernels_move_with_training_and_less_with_width():
    stored = read(MEASURED / "calabi-yau-evolution.json")
    rows, widths = stored["rows"], stored["settings"]["watch"]["widths"]
    for seed in range(3):
        trained = rows[f"trained/{seed}"]
        assert trained["epochs"][-1] == 50
        assert trained["difference"]["p_value"] <= 0.05
        assert trained["difference"]["distance"] > 2 * trained["difference"]["noise"]
        assert trained["distance"][-1] > trained["distance"][1]
        assert max(rows[f"linearised/{seed}"]["distance"]) < 1e-8
    moved = [np.mean([rows[f"width {w}/{s}"]["distance"][-1] for s in range(3)]) for w in widths]
    assert moved == sorted(moved, reverse=True)
