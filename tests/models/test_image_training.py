"""Residual networks in training: exact resumption with views, statistics and probe; paper presets take a step."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from symgeo.data import Dataset, Part
from symgeo.data.cifar import CLASSES
from symgeo.errors import DataError
from symgeo.magnification.anchors import anchors
from symgeo.models import Config, Run, experiment_config, load_run, train_config
from symgeo.models.checkpoint import State
from symgeo.models.epochs import epochs
from symgeo.models.folder import epoch_file
from symgeo.models.resnet import settle_statistics

TINY = {"hidden": (2, 3, 4, 4), "blocks": (1, 1, 1, 1), "samples": 26, "batch": 8, "epochs": 4, "saved": (0, 2, 4)}
CIFAR10 = replace(experiment_config("cifar10"), **TINY)
TWINS = replace(experiment_config("barlow-twins"), **TINY, projector=(5, 6))
CONFIGS = {
    "classification": CIFAR10,
    "relu": replace(CIFAR10, activation="relu"),
    "frozen-features": replace(CIFAR10, control="frozen-features"),
    "frozen-first-layer": replace(CIFAR10, control="frozen-first-layer"),
    "twins": TWINS,
}


@pytest.fixture(autouse=True)
def _images(monkeypatch):
    """Small photographs in place of CIFAR-10: noise whose brightness tells the class, of which there are ten."""
    random = np.random.default_rng(0)

    def part(count: int) -> Part:
        labels = np.arange(count) % 10
        inputs = np.clip(random.random((count, 192)) / 2 + labels[:, None] / 20, 0, 1)
        return Part(inputs.astype(np.float32), labels.astype(np.int64))

    data = Dataset("cifar10", part(40), part(30), CLASSES, (3, 8, 8), "made here", "noise, made here")
    for module in ("training", "run"):
        monkeypatch.setattr(f"symgeo.models.{module}.load", lambda *_, **__: data)


def run_in(folder: Path, config: Config, **options) -> Run:
    return train_config(config, folder, progress=False, **options)


@pytest.mark.parametrize("kind", CONFIGS)
def test_an_interrupted_training_ends_as_if_nothing_had_happened(kind, tmp_path, monkeypatch):
    config = CONFIGS[kind]
    straight = run_in(tmp_path / "straight", config)
    step = torch.optim.SGD.step
    for count in (6, 7):  # in the second epoch, and after its end
        left = [count]

        def interrupted(self, *arguments, left=left):
            step(self, *arguments)
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

        monkeypatch.setattr(torch.optim.SGD, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_in(tmp_path / "broken", config, autosave=0.0)
    monkeypatch.setattr(torch.optim.SGD, "step", step)
    broken = run_in(tmp_path / "broken", config)
    for epoch in config.saved:
        a, b = ((run.folder / epoch_file(epoch)).read_bytes() for run in (straight, broken))
        assert a == b
    assert [replace(m, seconds=0) for m in straight.metrics] == [replace(m, seconds=0) for m in broken.metrics]


def test_epoch_0_is_the_network_that_training_starts_from(tmp_path):
    run = run_in(tmp_path, CIFAR10)
    x = torch.from_numpy(run.dataset().train.inputs)
    model = run.model(0)

    def biased(layer, inputs, _output):
        """torch keeps the variance with n - 1 and normalises a batch by that with n."""
        n = inputs[0].numel() / inputs[0].shape[1]
        layer.running_var *= (n - 1) / n

    handles = [m.register_forward_hook(biased) for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    before = {name: tensor.clone() for name, tensor in model.named_buffers()}
    model(x)
    for handle in handles:
        handle.remove()
    evaluated = model(x)
    trained = model.train()(x)
    torch.testing.assert_close(evaluated, trained, rtol=1e-4, atol=1e-4)
    assert not any(torch.equal(before[n], t) for n, t in model.named_buffers() if n.endswith("running_var"))


@pytest.mark.parametrize(("kind", "still"), [("frozen-features", ""), ("frozen-first-layer", "stem.1.")])
def test_what_is_frozen_does_not_move_and_the_rest_does(kind, still, tmp_path):
    run = run_in(tmp_path, CONFIGS[kind])
    first, last = (run.model(epoch) for epoch in (0, 4))
    moved = {name for name, tensor in last.named_parameters() if not torch.equal(tensor, first.get_parameter(name))}
    assert "readout.weight" in moved
    assert not any(name.startswith(f"features.{still}") for name in moved)
    assert any(name.startswith("features.") for name in moved) == bool(still)


def test_twins_decide_by_a_probe_of_each_saved_epoch(tmp_path):
    run = run_in(tmp_path, TWINS)
    assert [m.accuracy is None for m in run.metrics] == [False, True, True, True, True]
    assert run.metrics[-1].test_accuracy is not None
    data = run.dataset()
    model = run.model()
    right = model(torch.from_numpy(data.test.inputs)).argmax(1).numpy() == data.test.labels
    assert right.mean() == pytest.approx(run.metrics[-1].test_accuracy)
    # The last two of 26 images in batches of 8 make a batch of their own; a batch of one is left out.
    single = run_in(tmp_path / "single", replace(TWINS, samples=25))
    assert all(math.isfinite(m.loss) for m in single.metrics)


def test_anchors_are_images_that_the_network_tells_rightly(tmp_path):
    run = run_in(tmp_path, TWINS)
    data, model = run.dataset(), run.model()
    predicted = model(torch.from_numpy(data.test.inputs)).argmax(1).numpy()
    told = [c for c in range(10) if (predicted[data.test.labels == c] == c).any()]
    missed = [c for c in range(10) if c not in told]
    assert len(told) >= 3
    found = anchors(run, [data.classes[c] for c in told[:3]])
    for c, x in zip(told, found.inputs, strict=False):
        mine = (data.test.labels == c) & (predicted == c)
        np.testing.assert_array_equal(x, data.test.inputs[np.flatnonzero(mine)[0]])
        assert model(x[None]).argmax() == c
    assert found.images[0].shape == (8, 8, 3)
    assert found.note == "noise, made here; ResNet-10 of widths 2, 3, 4, 4, gelu; seed 0"
    assert missed
    with pytest.raises(DataError, match="tells no test image of a"):
        anchors(run, [data.classes[missed[0]], *[data.classes[c] for c in told[:2]]])


def test_the_learning_rate_falls_as_a_cosine(tmp_path):
    config = replace(CIFAR10, samples=None, batch=10)
    generator = torch.Generator().manual_seed(0)
    model = config.network(192, 10, generator)
    state = State(model, config.optimiser_of(model), generator)
    x, y = torch.rand(40, 192), torch.arange(40) % 10
    rates = []
    state.optimiser.register_step_post_hook(lambda optimiser, *_: rates.append(optimiser.param_groups[0]["lr"]))
    for metrics in epochs(state, x, y, batch=10, objective=config.minimised(), rate=config.rate()):
        if metrics.epoch == 4:
            break
    expected = 0.05 * (1 + np.cos(np.pi * np.arange(16) / 16)) / 2
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["cifar10", "cifar10-relu", "barlow-twins"])
def test_the_paper_presets_take_a_step(name):
    """ResNet-34 on 32 x 32 pixels, one batch of four: the loss is finite, and every part that should learn moves."""
    config = experiment_config(name, "paper")
    assert (config.hidden, config.blocks) == ((64, 128, 256, 512), (3, 4, 6, 3))
    assert (config.learning_rate, config.momentum, config.weight_decay, config.batch) == (0.01, 0.9, 1e-4, 1024)
    assert config.epochs == (1000 if name == "barlow-twins" else 200)
    generator = torch.Generator().manual_seed(0)
    model = config.network(3072, 10, generator)
    x, y = torch.rand(4, 3072, generator=generator), torch.arange(4)
    settle_statistics(model.features, x)
    before = {name: p.clone() for name, p in model.named_parameters()}
    state = State(model, config.optimiser_of(model), generator)
    metrics = next(epochs(state, x, y, batch=4, objective=config.minimised(), rate=config.rate()))
    assert math.isfinite(metrics.loss)
    still = {name for name, p in model.named_parameters() if torch.equal(p, before[name])}
    assert still == ({"readout.weight", "readout.bias"} if name == "barlow-twins" else set())


def test_a_run_of_before_residual_networks_still_loads(tmp_path):
    run = run_in(tmp_path, CIFAR10)
    path = run.folder / "config.json"
    text = path.read_text()
    path.write_text(text.replace('"augmentation": "crop-flip",\n', "").replace('"schedule": "cosine"', '"gain": 1.0'))
    config = load_run(run.folder).config
    assert (config.augmentation, config.schedule) == ("none", "constant")
