"""The other figures: each draws from a short run, and from the right one only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from symgeo.data import Dataset, Part
from symgeo.data.cifar import CLASSES
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


@pytest.fixture
def photographs(monkeypatch):
    """Photographs of 8 x 8 pixels whose shade tells the class, in place of CIFAR-10."""
    labels = np.arange(60) % 10
    noise = np.random.default_rng(0).random((60, 192)) / 10
    part = Part((noise + labels[:, None] / 12).astype(np.float32), labels)
    data = Dataset("cifar10", part, part, CLASSES, (3, 8, 8), "made here", "shades, made here")
    for module in ("training", "run"):
        monkeypatch.setattr(f"symgeo.models.{module}.load", lambda *_, **__: data)


def test_the_photographs_figures_draw_lines_planes_stages_and_spectra(tmp_path, photographs, monkeypatch):
    monkeypatch.setattr("symgeo.magnification.anchors.outputs_at", lambda _, x: one_hot_of(x))
    tiny = {"hidden": (2, 3, 4, 4), "blocks": (1, 1, 1, 1), "samples": None, "batch": 20, "projector": (5, 6)}
    runs = {name: short(name, tmp_path / name, 2, **tiny) for name in ("cifar10", "barlow-twins")}
    titles = {}
    for name in ("cifar10", "barlow-twins"):
        figure = load("figures", name).draw(runs[name], side=5)
        titles[name] = [axes.get_title() for axes in figure.axes[:3]]
        assert figure.get_supxlabel() == "shades, made here; ResNet-10 of widths 2, 3, 4, 4, gelu; seed 0"
        other = runs["cifar10" if name == "barlow-twins" else "barlow-twins"]
        with pytest.raises(InputError, match=f"`run` must be of the experiment {name}, not {other.config.experiment}"):
            load("figures", name).draw(other)
    assert titles["cifar10"] == ["line from the horse to the frog", "prediction", "entropy"]
    assert titles["barlow-twins"] == ["line from the car to the dog", "line from the car to the frog", "prediction"]
    figure = load("figures", "cifar10-stages").draw(runs["cifar10"], side=5)
    assert [axes.get_title() for axes in figure.axes[:5]] == ["stage 1", "stage 2", "stage 3", "stage 4", "features"]
    figure = load("figures", "cifar10-spectra").draw(runs["cifar10"])
    assert [axes.get_title() for axes in figure.axes[:3]] == ["horse", "frog", "car"]
    assert all(len(line.get_ydata()) == 4 for axes in figure.axes[:3] for line in axes.get_lines())
    for name in ("cifar10-stages", "cifar10-spectra"):
        with pytest.raises(InputError, match="`run` must be of the experiment cifar10, not xor"):
            load("figures", name).draw(replace(runs["cifar10"], config=experiment_config("xor")))


def one_hot_of(x: torch.Tensor) -> torch.Tensor:
    """A network that knows the classes of the shades."""
    shade = x.double().mean(1) - 0.05
    return -(shade[:, None] - torch.arange(10) / 12).abs()


def test_the_magnification_figure_reads_the_committed_tables():
    script = load("figures", "magnification")
    figure = script.draw()
    assert len(figure.axes) % 3 == 0
    trained = [line for line in figure.axes[3].get_lines() if line.get_label() == "trained"]
    assert len(trained[0].get_xdata()) >= 4
    with pytest.raises(DataError, match="no such table"):
        script.draw(preset="paper")
