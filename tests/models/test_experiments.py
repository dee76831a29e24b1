"""The experiments: their published settings, their folders, and that the quick ones learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from symgeo.errors import InputError
from symgeo.models import EXPERIMENTS, default_folder, experiment_config, train
from symgeo.pullback import Pullback


def test_the_paper_presets_are_the_published_settings():
    sinusoid = experiment_config("sinusoid", "paper")
    assert (sinusoid.hidden, sinusoid.activation, sinusoid.parametrisation) == ((250,), "sigmoid", "ntk")
    assert (sinusoid.optimiser, sinusoid.learning_rate, sinusoid.momentum) == ("sgd", 0.1, 0.9)
    assert (sinusoid.batch, sinusoid.epochs, sinusoid.samples) == (50, 10_000, None)
    mnist = experiment_config("mnist", "paper")
    assert (mnist.hidden, mnist.activation, mnist.optimiser) == ((2000,), "sigmoid", "adam")
    xor = experiment_config("xor", "paper")
    assert (xor.activation, xor.optimiser, xor.learning_rate, xor.momentum) == ("sigmoid", "sgd", 0.02, 0.9)
    assert (xor.weight_decay, xor.batch, xor.epochs) == (1e-4, 4, 2000)
    widths = {name: config["paper"].hidden for name, config in EXPERIMENTS.items()}
    assert [widths[n] for n in ("xor-2", "xor", "xor-100")] == [(2,), (10,), (100,)]
    assert [widths[f"sinusoid{n}"] for n in ("-5", "-20", "", "-deep")] == [(5,), (20,), (250,), (8, 8, 8)]
    assert (mnist.learning_rate, mnist.weight_decay, mnist.batch, mnist.epochs) == (1e-3, 1e-4, 1000, 200)


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_every_preset_says_its_own_name(name, preset):
    config = experiment_config(name, preset, seed=3)
    assert (config.experiment, config.preset, config.seed) == (name, preset, 3)
    assert len(config.saved) >= 3  # start, middle and end


def test_runs_have_folders_of_their_own():
    assert default_folder(experiment_config("sinusoid")) == Path("runs/sinusoid-quick/seed-0")
    control = experiment_config("sinusoid", seed=1, control="shuffled-labels")
    assert default_folder(control) == Path("runs/sinusoid-quick-shuffled-labels/seed-1")
    on_digits = experiment_config("mnist", "paper", 2, data="digits")
    assert default_folder(on_digits, "there") == Path("there/mnist-on-digits-paper/seed-2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sinus",), "`name` must be one of xor, .*sinusoid, .*mnist, .*not 'sinus'"),
        (("mnist", "fast"), "`preset` must be one of quick, paper, not 'fast'"),
        (("mnist", "quick", -1), "`seed` must lie between 0 and 2\\^63, not -1"),
        (("mnist", "quick", 0, "sinusoid"), "`data` of the experiment mnist must be mnist or digits, not 'sinusoid'"),
        (("xor", "quick", 0, None, "shuffled"), "`control` must be one of none, shuffled-labels, .* not 'shuffled'"),
        (("sinusoid", "quick", 0, "digits"), "`data` of the experiment sinusoid must be sinusoid, not 'digits'"),
    ],
)
def test_what_is_unknown_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        experiment_config(*arguments)


def test_mnist_on_the_digits_learns_them(tmp_path):
    run = train("mnist", "quick", folder=tmp_path / "run", data="digits", progress=False)
    assert run.model().widths == (64, 500, 10)
    assert run.shape == (8, 8)
    assert run.metrics[0].test_accuracy is not None
    assert run.metrics[0].test_accuracy < 0.3
    # A linear classifier of the raw pixels gets 95 % here (scikit-learn's LogisticRegression).
    assert run.metrics[-1].test_accuracy is not None
    assert run.metrics[-1].test_accuracy > 0.95


@pytest.mark.slow
def test_the_quick_sinusoid_learns_and_magnifies_the_boundary(tmp_path):
    run = train("sinusoid", "quick", folder=tmp_path / "run", progress=False)
    assert run.metrics[-1].test_accuracy is not None
    assert run.metrics[-1].test_accuracy > 0.95
    data = run.dataset()
    x = torch.from_numpy(data.test.inputs)
    height = data.test.inputs[:, 1] - 0.6 * np.sin(7 * data.test.inputs[:, 0] - 1)
    slope = 4.2 * np.cos(7 * data.test.inputs[:, 0] - 1)
    distance = np.abs(height) / np.sqrt(1 + slope**2)  # to first order
    near, far = distance < np.quantile(distance, 0.25), distance > np.quantile(distance, 0.75)
    contrast = {}
    for epoch in (0, run.epochs[-1]):
        log_volume = Pullback(run.model(epoch).features).log_volume(x).numpy()
        contrast[epoch] = log_volume[near].mean() - log_volume[far].mean()
    assert contrast[run.epochs[-1]] > contrast[0] + 0.2
