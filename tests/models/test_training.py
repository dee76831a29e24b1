"""Training into a folder: the steps against NumPy, and that no interruption changes the outcome by one bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import DataError, InputError, NumericalError
from symgeo.models import Config, Run, load_run, train_config
from symgeo.models.folder import CONFIG, LATEST, METRICS, epoch_file

TINY = Config(
    experiment="sinusoid",
    preset="quick",
    data="sinusoid",
    hidden=(4,),
    activation="tanh",
    parametrisation="ntk",
    optimiser="sgd",
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=1e-3,
    batch=12,
    epochs=12,
    saved=(0, 5, 12),
    samples=30,
)
ADAM = replace(TINY, optimiser="adam", learning_rate=0.01, dtype="float32")


def run_in(folder: Path, config: Config = TINY, **options) -> Run:
    return train_config(config, folder, progress=False, **options)


def assert_same(run: Run, other: Run) -> None:
    """The same full state at the same epochs, bit for bit, and the same history but for the time it took."""
    assert run.epochs == other.epochs == run.config.saved
    for epoch in run.epochs:
        a, b = ((r.folder / epoch_file(epoch)).read_bytes() for r in (run, other))
        assert a == b
    histories = [[replace(m, seconds=0.0) for m in r.metrics] for r in (run, other)]
    assert histories[0] == histories[1]


def test_the_steps_are_those_of_gradient_descent_with_momentum(tmp_path):
    """An independent NumPy training: forward, backward and v <- 0.9 v + (gradient + decay w), w <- w - 0.1 v."""
    run = run_in(tmp_path / "run")
    x, y = run.dataset().train.inputs, run.dataset().train.labels
    generator = torch.Generator().manual_seed(0)
    shapes = [(4, 2), (4,), (2, 4), (2,)]
    w = [torch.empty(s, dtype=torch.float64).normal_(generator=generator).numpy() for s in shapes]
    velocity = [np.zeros(s) for s in shapes]
    losses = []
    for _ in range(12):
        order, loss = torch.randperm(30, generator=generator).numpy(), 0.0
        for start in range(0, 30, 12):
            i = order[start : start + 12]
            h = np.tanh(x[i] @ w[0].T + w[1])
            logits = h / 2 @ w[2].T + w[3]
            p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            loss -= np.log(p[np.arange(len(i)), y[i]]).sum()
            delta = (p - np.eye(2)[y[i]]) / len(i)
            back = delta @ w[2] / 2 * (1 - h**2)
            gradients = [back.T @ x[i], back.sum(0), delta.T @ h / 2, delta.sum(0)]
            for k in range(4):
                velocity[k] = 0.9 * velocity[k] + gradients[k] + 1e-3 * w[k]
                w[k] -= 0.1 * velocity[k]
        losses.append(loss / 30)
    for ours, theirs in zip(run.model().parameters(), w, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose([m.loss for m in run.metrics[1:]], losses, rtol=1e-11)


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> dict[str, Run]:
    """Runs that nothing interrupted."""
    return {c.optimiser: run_in(tmp_path_factory.mktemp("straight") / "run", c) for c in (TINY, ADAM)}


@pytest.mark.parametrize("config", [TINY, ADAM], ids=["sgd", "adam"])
@settings(deadline=None, derandomize=True, max_examples=8)
@given(steps=st.lists(st.integers(1, 36), min_size=1, max_size=3))
def test_ctrl_c_in_any_step_changes_nothing(config, steps, straight, tmp_path_factory):
    """3 steps an epoch; the interrupt comes inside the optimiser's, after some weights were changed."""
    folder = tmp_path_factory.mktemp("interrupted") / "run"
    kind = torch.optim.SGD if config.optimiser == "sgd" else torch.optim.Adam
    for count in steps:
        with pytest.MonkeyPatch.context() as patch:
            left, step = [count], kind.step

            def interrupted(self, *arguments, left=left, step=step):
                result = step(self, *arguments)
                left[0] -= 1
                if left[0] == 0:
                    raise KeyboardInterrupt
                return result

            patch.setattr(kind, "step", interrupted)
            before = len(load_run(folder).metrics) if (folder / CONFIG).exists() else 1
            # What is left may be fewer steps than that: then it ends before the interrupt.
            try:
                run_in(folder, config, autosave=1e9)
            except KeyboardInterrupt:
                assert len(load_run(folder).metrics) == before + (count - 1) // 3  # the whole epochs, all of them
    run = run_in(folder, config)
    assert_same(run, straight[config.optimiser])
    assert not (folder / LATEST).exists()


CHILD = """
import sys, time, torch
from dataclasses import replace
from tests.models.test_training import TINY, train_config
step = torch.optim.SGD.step
def slow(self, *arguments):
    time.sleep(0.005)
    return step(self, *arguments)
torch.optim.SGD.step = slow
train_config(replace(TINY, epochs=300, saved=(0, 300)), sys.argv[1], progress=False, autosave=0.0)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_a_killed_process_loses_nothing(tmp_path, how):
    folder = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
        # a shell's background jobs, and so their children, ignore interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    patience = time.monotonic() + 120
    while not (folder / METRICS).exists() or (folder / METRICS).read_text().count("\n") < 10:
        assert child.poll() is None, "the child ended before it could be killed"
        assert time.monotonic() < patience
        time.sleep(0.01)
    child.send_signal(how)
    child.wait()
    config = replace(TINY, epochs=300, saved=(0, 300))
    there = load_run(folder)
    assert not there.finished
    assert len(there.metrics) >= 10
    resumed = run_in(folder, config)
    assert_same(resumed, run_in(tmp_path / "straight", config))
    assert not list(folder.glob("*.partial"))


def test_what_a_kill_cut_off_is_written_anew(tmp_path, straight):
    folder = tmp_path / "run"
    run_in(folder)
    (folder / epoch_file(12)).unlink()
    lines = (folder / METRICS).read_text().splitlines(keepends=True)
    (folder / METRICS).write_text("".join(lines[:9]) + lines[9][:7])
    (folder / f"{LATEST}.partial").write_bytes(b"h\x03")
    assert [m.epoch for m in load_run(folder).metrics] == list(range(9))
    assert_same(run_in(folder), straight["sgd"])
    assert {p.name for p in folder.iterdir()} == {p.name for p in straight["sgd"].folder.iterdir()}


def test_a_damaged_line_elsewhere_is_named(tmp_path):
    folder = tmp_path / "run"
    run_in(folder)
    lines = (folder / METRICS).read_text().splitlines()
    (folder / METRICS).write_text("\n".join([*lines[:3], "{", *lines[4:]]) + "\n")
    with pytest.raises(DataError, match=r"metrics\.jsonl: line 4 is damaged"):
        _ = load_run(folder).metrics


def test_a_finished_run_is_returned_as_it_is(tmp_path, straight):
    stamps = {p.name: p.stat().st_mtime_ns for p in straight["sgd"].folder.iterdir()}
    assert run_in(straight["sgd"].folder).config == TINY
    assert {p.name: p.stat().st_mtime_ns for p in straight["sgd"].folder.iterdir()} == stamps


def test_the_folder_says_what_was_run(straight):
    run = straight["sgd"]
    record = json.loads((run.folder / CONFIG).read_text())
    assert record["config"]["seed"] == 0
    assert set(record["versions"]) == {"symgeo", "torch", "numpy", "python", "platform"}
    assert load_run(run.folder) == run
    assert [m.epoch for m in run.metrics] == list(range(13))
    assert [m.epoch for m in run.metrics if m.test_accuracy is not None] == [0, 5, 12]


def test_epoch_0_is_the_network_before_training(straight):
    expected = TINY.network(2, 2, torch.Generator().manual_seed(0))
    for ours, fresh in zip(straight["sgd"].model(0).parameters(), expected.parameters(), strict=True):
        assert torch.equal(ours, fresh)


def test_accuracy_and_loss_are_the_models(straight):
    run = straight["sgd"]
    data = run.dataset()
    x, y = torch.from_numpy(data.test.inputs), torch.from_numpy(data.test.labels)
    log_p = run.model(12)(x).log_softmax(1)
    assert run.metrics[12].test_accuracy == (log_p.argmax(1) == y).double().mean().item()
    assert run.metrics[12].test_loss == pytest.approx(-log_p[torch.arange(len(y)), y].mean().item(), rel=1e-12)
    assert len(data.train) == 30


def test_models_are_frozen_and_of_the_dtype_asked_for(straight):
    run = straight["adam"]
    assert run.model().W.dtype == torch.float32
    model = run.model(5, dtype=torch.float64)
    assert model.W.dtype == torch.float64
    assert not any(p.requires_grad for p in model.parameters())


def test_seeds_differ(tmp_path, straight):
    other = run_in(tmp_path / "run", replace(TINY, seed=1))
    assert not torch.equal(other.model(0).W, straight["sgd"].model(0).W)


def test_another_configuration_is_refused_and_nothing_is_touched(tmp_path):
    folder = tmp_path / "run"
    run_in(folder)
    with pytest.raises(InputError, match=r"holds a run with seed = 0, not 1: choose another folder, .*resume=False"):
        run_in(folder, replace(TINY, seed=1))
    assert load_run(folder).finished


def test_starting_afresh_deletes_the_run_and_nothing_else(tmp_path):
    folder = tmp_path / "run"
    run_in(folder)
    (folder / "notes.txt").write_text("mine")
    fresh = run_in(folder, replace(TINY, seed=1, epochs=2, saved=(0, 2)), resume=False)
    assert fresh.epochs == (0, 2)
    assert not (folder / epoch_file(5)).exists()
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path):
    with pytest.raises(NumericalError, match=r"the loss is nan in epoch \d+: lower `learning_rate`"):
        run_in(tmp_path / "run", replace(TINY, learning_rate=1e200, activation="relu"))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"`folder`: .*file/run cannot be written \(Not a directory\)"):
        run_in(tmp_path / "file" / "run")


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(DataError, match="holds no run: `symgeo train NAME --preset quick` makes one"):
        load_run(tmp_path / "nothing")
    (tmp_path / CONFIG).write_text('{"config": {}')
    with pytest.raises(DataError, match=r"config\.json: damaged"):
        load_run(tmp_path)
    (tmp_path / CONFIG).write_text('{"config": {"depth": 3}, "data": {}}')
    with pytest.raises(DataError, match="not a configuration of this version"):
        load_run(tmp_path)


def test_an_epoch_that_was_not_saved_lists_those_that_were(straight):
    with pytest.raises(DataError, match="epoch 7 was not saved; the saved ones are 0, 5, 12"):
        straight["sgd"].model(7)


def test_weights_of_another_network_are_named(tmp_path, straight):
    folder = tmp_path / "run"
    run_in(folder, replace(TINY, hidden=(5,)))
    os.replace(folder / epoch_file(5), folder / "aside")
    (folder / epoch_file(5)).write_bytes((straight["sgd"].folder / epoch_file(5)).read_bytes())
    with pytest.raises(DataError, match=r"epoch-000005\.safetensors: not the weights of this run's network"):
        load_run(folder).model(5)


def test_progress_shows_loss_and_accuracy(tmp_path, capsys):
    train_config(TINY, tmp_path / "run", progress=True)
    shown = capsys.readouterr().err
    assert "sinusoid (quick, seed 0)" in shown
    assert "loss=" in shown
    assert "accuracy=" in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"saved": (0, 5)}, "`saved` must rise from 0 to `epochs` = 12"),
        ({"saved": (5, 12)}, "`saved`"),
        ({"saved": (0, 5, 5, 12)}, "`saved`"),
        ({"dtype": "float16"}, "`dtype` must be one of float64, float32, not 'float16'"),
        ({"optimiser": "lion"}, "`optimiser` must be one of sgd, adam, adamw, not 'lion'"),
        ({"batch": 0}, "`batch` and `epochs` must be at least 1, not 0 and 12"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(TINY, **change)
