"""The sinusoid figure: that what is drawn is the run's volume element and boundary, by a computation of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.contour import ContourSet
from PIL import Image

from symgeo.errors import DataError, InputError
from symgeo.models import Run, experiment_config, train_config

SCRIPT = Path(__file__).parents[2] / "figures" / "sinusoid.py"
SIDE = 41


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sinusoid_figure", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    config = replace(experiment_config("sinusoid"), hidden=(12,), epochs=30, saved=(0, 2, 14, 30))
    return train_config(config, tmp_path_factory.mktemp("sinusoid"), progress=False)


def test_the_maps_are_log10_of_the_volume_element(script, run):
    figure = script.draw(run, side=SIDE)
    x = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, SIDE), np.linspace(-1.5, 1.5, SIDE)), axis=-1)
    for axes, epoch in zip(figure.axes[:3], (0, 14, 30), strict=True):
        model = run.model(epoch)
        w, b = model.W.numpy(), model.b.numpy()
        slope = 1 / (4 * np.cosh((x @ w.T + b) / 2) ** 2)
        metric = np.einsum("yxj,jm,jn->yxmn", slope**2, w, w) / 12
        expected = np.log10(np.sqrt(np.linalg.det(metric)))
        np.testing.assert_allclose(axes.get_images()[0].get_array(), expected, rtol=0, atol=1e-10)
        assert axes.get_title().startswith(f"epoch {epoch}\ntest accuracy ")


def test_the_maps_below_are_the_scalar_curvature(script, run):
    figure = script.draw(run, side=21)
    x = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 21), np.linspace(-1.5, 1.5, 21)), axis=-1)
    for axes, epoch in zip(figure.axes[3:6], (0, 14, 30), strict=True):
        model = run.model(epoch)
        w = model.W.numpy()
        p = 1 / (1 + np.exp(-(x @ w.T + model.b.numpy())))
        first, second = p * (1 - p), p * (1 - p) * (1 - 2 * p)
        g = np.einsum("yxj,jm,jn->yxmn", first**2, w, w) / 12
        t = 2 * np.einsum("yxj,ja,jb,jc->yxabc", first * second, w, w, w) / 12
        # d = 2: R = -det[[g11, g12, g22], [T111, T112, T122], [T112, T122, T222]] / (2 (det g)^2)
        rows = [
            [g[..., 0, 0], g[..., 0, 1], g[..., 1, 1]],
            [t[..., 0, 0, 0], t[..., 0, 0, 1], t[..., 0, 1, 1]],
            [t[..., 0, 0, 1], t[..., 0, 1, 1], t[..., 1, 1, 1]],
        ]
        above = np.linalg.det(np.moveaxis(np.array(rows), (0, 1), (-2, -1)))
        expected = -above / (2 * np.linalg.det(g) ** 2)
        np.testing.assert_allclose(axes.get_images()[0].get_array(), expected, rtol=1e-7, atol=1e-9)


def test_the_animation_has_a_frame_for_every_saved_epoch(script, run, tmp_path):
    path = script.animate(run, tmp_path / "sinusoid", side=9)
    with Image.open(path) as film:
        assert film.n_frames == len(run.epochs)
        assert film.format == "GIF"
    assert [p.name for p in tmp_path.iterdir()] == ["sinusoid.gif"]


def test_the_boundary_is_where_the_outputs_are_equal(script, run):
    figure = script.draw(run, side=SIDE)
    (contour,) = [c for c in figure.axes[2].get_children() if isinstance(c, ContourSet)]
    model = run.model(30)
    points = np.concatenate([p.vertices for p in contour.get_paths()])
    hidden = 1 / (1 + np.exp(-(points @ model.W.numpy().T + model.b.numpy()))) / 12**0.5
    linear = model.readout[0]
    v = (linear.weight[1] - linear.weight[0]).numpy()
    difference = hidden @ v + (linear.bias[1] - linear.bias[0]).item()
    # Linear interpolation along grid lines h = 3/40 apart errs by max |f''| h^2 / 8; |logistic''| <= 1/(6 sqrt 3).
    second = (np.abs(v) * (model.W.numpy() ** 2).max(1)).sum() / 12**0.5 / (6 * 3**0.5)
    assert len(points) > 20
    assert np.abs(difference).max() <= second * (3 / (SIDE - 1)) ** 2 / 8


def test_the_points_are_those_it_learnt_from(script, run):
    figure = script.draw(run, side=SIDE)
    drawn = np.concatenate([c.get_offsets() for c in figure.axes[0].collections if not isinstance(c, ContourSet)])
    assert {tuple(p) for p in drawn} == {tuple(p) for p in run.dataset().train.inputs}


def test_epochs_can_be_chosen(script, run):
    titles = [axes.get_title().split("\n")[0] for axes in script.draw(run, epochs=(2, 30), side=5).axes]
    assert titles == ["epoch 2", "epoch 30", "", ""]  # the row below is of the same epochs
    with pytest.raises(DataError, match="epoch 3 was not saved; the saved ones are 0, 2, 14, 30"):
        script.draw(run, epochs=(3,), side=5)


def test_without_a_run_it_says_what_makes_one_and_trains_nothing(script, tmp_path):
    with pytest.raises(DataError, match="symgeo train"):
        script.draw(tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_runs_that_do_not_fit_are_refused(script, run, tmp_path):
    with pytest.raises(InputError, match="`run` must be of the experiment sinusoid, not mnist"):
        script.draw(replace(run, config=replace(run.config, experiment="mnist")))
    config = replace(run.config, epochs=2, saved=(0, 2))
    with pytest.raises(DataError, match="before its third saved epoch: `symgeo train sinusoid --preset quick`"):
        script.draw(train_config(config, tmp_path, progress=False))


def test_the_script_runs_anywhere_and_writes_both_files(run, tmp_path):
    command = [sys.executable, str(SCRIPT), str(run.folder), "--output", "out"]
    subprocess.run(command, cwd=tmp_path, check=True, env={"PYTHONPATH": str(SCRIPT.parents[1]), "PATH": ""})
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["sinusoid.pdf", "sinusoid.png"]
