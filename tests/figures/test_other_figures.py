"""The other figures: each draws from a short run, and from the right one only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from symgeo.errors import DataError, InputError
from symgeo.models import Run, experiment_config, layer_metrics, train_config
from symgeo.scripts import load, scripts


def short(name: str, folder: Path, epochs: int = 4, **changes) -> Run:
    config = replace(experiment_config(name), epochs=epochs, saved=(0, 1, epochs), **changes)
    return train_config(config, folder, progress=False)


def test_every_script_says_what_it_draws():
    for name in scripts("figures"):
        script = load("figures", name)
        assert isinstance(script.EXPERIMENTS, tuple)
        assert isinstance(script.IN_REPORT, bool)
        assert len(script.CAPTION) > 40


def test_xor_has_a_column_for_each_moment(tmp_path):
    script = load("figures", "xor")
    figure = script.draw(short("xor", tmp_path), side=9)
    titles = [axes.get_title().split("\n")[0] for axes in figure.axes[:4]]
    assert titles == ["epoch 0", "epoch 1", "epoch 1", "epoch 4"]
    assert all(np.isfinite(axes.get_images()[0].get_array()).all() for axes in figure.axes[:8])


def test_the_deep_figure_has_a_column_for_each_hidden_layer(tmp_path):
    script = load("figures", "sinusoid-deep")
    figure = script.draw(short("sinusoid-deep", tmp_path), side=9)
    assert [axes.get_title() for axes in figure.axes[:3]] == ["hidden layer 1", "hidden layer 2", "hidden layer 3"]
    fields = [axes.get_images()[0].get_array() for axes in figure.axes[:3]]
    assert not np.array_equal(fields[0], fields[1])


def test_the_spiral_figures_draw_the_layers_of_their_runs(tmp_path):
    script, metric = load("figures", "spiral"), load("figures", "spiral-metric")
    runs = [short(name, tmp_path / name) for name in script.EXPERIMENTS]
    figure = script.draw(*runs)
    assert len(figure.axes) == 18
    model = runs[2].model()
    points = figure.axes[17].collections[1].get_offsets()
    part = runs[2].dataset().train
    states = model.features.states(torch.from_numpy(part.inputs[part.labels == 0]))
    np.testing.assert_allclose(points, states[10], rtol=1e-12)
    bare = script.draw(*runs, data=False)
    assert len(bare.axes[17].collections) == 1
    with pytest.raises(InputError, match="`runs` must be of spiral-c0, spiral-c1, spiral, not spiral"):
        script.draw(*runs[::-1])
    drawn = metric.draw(runs[2], side=3)
    half = np.abs(part.inputs).max()
    ticks = torch.linspace(-half, half, 3, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), -1).reshape(-1, 2)
    found = layer_metrics(model.features, grid)
    expected = np.log10(np.sqrt(np.linalg.eigvalsh(found.metric[2])[:, 1]))
    (shown,) = (c for c in drawn.axes[1].collections if c.get_array() is not None)
    np.testing.assert_allclose(shown.get_array(), expected, rtol=1e-9)


def test_mnist_draws_the_line_and_the_plane(tmp_path):
    script = load("figures", "mnist")
    config = replace(experiment_config("mnist", data="digits"), hidden=(12,), epochs=2, saved=(0, 1, 2))
    run = train_config(config, tmp_path, progress=False)
    figure = script.draw(run, side=9)
    assert figure.axes[0].get_title() == "line from the 7 to the 6"
    assert figure.axes[1].get_images()[0].get_array().shape == (9, 9)
    with pytest.raises(InputError, match="`run` must be of the experiment mnist, not xor"):
        script.draw(short("xor", tmp_path / "xor"))


def test_the_magnification_figure_reads_the_committed_tables():
    script = load("figures", "magnification")
    figure = script.draw()
    assert len(figure.axes) % 3 == 0
    trained = [line for line in figure.axes[3].get_lines() if line.get_label() == "trained"]
    assert len(trained[0].get_xdata()) >= 4
    with pytest.raises(DataError, match="no such table"):
        script.draw(preset="paper")
