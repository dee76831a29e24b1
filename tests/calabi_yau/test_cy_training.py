import dataclasses
import json
import multiprocessing
import os
import signal
import time

import pytest
import torch

from symgeo.calabi_yau import Architecture, PhiNetwork, dwork, equation, fermat, hypersurface, sample, sigma
from symgeo.calabi_yau import run as run_module
from symgeo.calabi_yau.config import SEEDS, Config, monomials
from symgeo.calabi_yau.levenberg import LevenbergMarquardt, NormalEquations, loss_and_positivity, normal_equations
from symgeo.calabi_yau.monge_ampere import eta
from symgeo.calabi_yau.presets import default_folder, preset_config, train
from symgeo.calabi_yau.run import drawn, load_run
from symgeo.calabi_yau.trainer import train_config
from symgeo.errors import DataError, InputError, NumericalError
from symgeo.models.folder import LATEST


def config(n=1, **changes):
    base = {"features": "invariant", "degree": 4, "head": "logarithm", "points": 400, "validation": 300, "steps": 8}
    return Config("test", "own", **monomials(fermat(n)), **{**base, **changes})


BOTH = {
    "features": "plain",
    "head": "linear",
    "widths": (8,),
    "dtype": "float32",
    "adam_epochs": 4,
    "batch": 100,
    "steps": 4,
}


def weights(run):
    return torch.nn.utils.parameters_to_vector(run.network().parameters())


def test_jacobian_is_autograds():
    points = sample(fermat(2), 30, 0)
    network = PhiNetwork(Architecture("plain", 0, (5,), "tanh"), points, seed=0)
    torch.nn.init.normal_(network.readout.weight, std=0.05, generator=torch.Generator().manual_seed(0))
    there = equation(network, points)
    system = normal_equations(network, there, decay=0.01)
    parameters = list(network.parameters())
    theta = torch.nn.utils.parameters_to_vector(parameters)
    r = (there.weights / there.weights.sum()).sqrt() * (1 - eta(network, there))
    rows = []
    for x in r:
        gradient = torch.autograd.grad(x, parameters, retain_graph=True)
        rows.append(torch.cat([g.flatten() for g in gradient]))
    J = torch.stack(rows)
    torch.testing.assert_close(
        system.matrix, J.T @ J + 0.01 * torch.eye(len(theta), dtype=torch.float64), rtol=1e-10, atol=1e-13
    )
    torch.testing.assert_close(system.gradient, (J.T @ r + 0.01 * theta).detach(), rtol=1e-10, atol=1e-13)
    assert system.loss == pytest.approx(float((r @ r + 0.01 * theta @ theta).detach()), rel=1e-12)
    assert system.loss == pytest.approx(loss_and_positivity(network, there, 0.01)[0], rel=1e-12)


def test_a_step_that_does_not_help_is_undone_and_counted():
    theta = torch.nn.Parameter(torch.tensor([3.0, -1.0], dtype=torch.float64))
    system = NormalEquations(torch.eye(2, dtype=torch.float64), theta.detach().clone(), 10.0)
    optimiser = LevenbergMarquardt([theta], 1e-4)
    answers = iter([(1.0, False), (11.0, True), (9.0, True)])
    tried = []

    def evaluate():
        tried.append(theta.detach().clone())
        return next(answers)

    assert optimiser.step(system, evaluate) == 9.0
    assert {k: optimiser.record[k] for k in ("accepted", "rejected", "indefinite")} == {
        "accepted": 1,
        "rejected": 1,
        "indefinite": 1,
    }
    lengths = [float((x - torch.tensor([3.0, -1.0])).norm()) for x in tried]
    assert lengths == sorted(lengths, reverse=True)
    before = theta.detach().clone()
    assert optimiser.step(system, lambda: (20.0, True)) is None
    assert optimiser.record["converged"]
    assert torch.equal(theta.detach(), before)


@pytest.mark.parametrize(("n", "degree", "below"), [(1, 4, 5e-4), (2, 6, 1e-3), (3, 7, 5e-3)])
def test_short_trainings_reach_the_reference_sigmas(tmp_path, n, degree, below):
    run = train_config(config(n, degree=degree, points=1000, steps=12), tmp_path, progress=False)
    assert run.sigma < below
    assert (run.records[0].sigma or 0) > 0.08  # Fubini and Study's
    losses = [record.loss for record in run.records]
    assert losses == sorted(losses, reverse=True)


def test_the_cubics_metric_is_the_flat_one(tmp_path):
    run = train_config(config(degree=8, points=600, steps=40), tmp_path, progress=False)
    points = sample(fermat(1), 200, 77)
    ratio = run.network().metric(points)[:, 0, 0].real / points.density
    # The Ricci-flat metric of a curve is |Omega|^2 up to its scale, which is kappa.
    assert float((ratio / points.kappa - 1).abs().max()) < 1e-12


def test_phi_network_of_a_hidden_layer(tmp_path):
    run = train_config(config(2, degree=6, head="linear", widths=(8,), decay=1e-12, steps=25), tmp_path, progress=False)
    assert run.sigma < 1e-3


@pytest.mark.parametrize(("n", "below"), [(1, 2e-3), (2, 0.03)])
def test_bihomogeneous_networks(tmp_path, n, below):
    """Of bidegree 2: what 2 can do, an algebraic metric of degree 2 in all sections, bounds it."""
    own = config(n, features="plain", activation="square", widths=(16,), points=1500, steps=20, decay=1e-10)
    assert own.architecture.bidegree == 2
    assert train_config(own, tmp_path, progress=False).sigma < below


def test_a_hypersurface_without_symmetries_or_formulas(tmp_path):
    surface = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0]], [1, 1, 1, 0.5])
    own = Config(
        "own", "own", **monomials(surface), features="plain", widths=(12,), activation="tanh", points=1000, steps=30
    )
    run = train_config(own, tmp_path, progress=False)
    assert run.kappa_error > 0
    assert run.sigma < 3e-3
    # 1 - eta cannot be smaller than what kappa is wrong by, nor is it larger by much.
    assert run.sigma < 0.1 * run.records[0].sigma


@pytest.mark.parametrize(("n", "degree", "below"), [(1, 6, 1e-8), (2, 8, 3e-3)])
def test_dworks_hypersurface_off_fermats_point(tmp_path, n, degree, below):
    """The learned volume is fixed by cohomology, so that sigma bounds the error of the exact kappa's formula too."""
    own = Config(
        "dwork", "own", **monomials(dwork(n, 0.4 + 0.3j)), features="invariant", degree=degree, head="logarithm",
        points=1000, validation=500, steps=15,
    )  # fmt: skip
    assert train_config(own, tmp_path, progress=False).sigma < below


def test_kappa_is_estimated_from_lines_of_its_own(monkeypatch):
    """With lines of the training points its error would go with theirs."""
    seeds = {"points": [], "kappa": []}

    def points(surface, count, seed, **given):
        seeds["points"].append(seed)
        return sample(surface, 4, seed, kappa=1.0)

    def kappa(surface, count, seed):
        seeds["kappa"].append(seed)
        return 1.0, 0.0

    monkeypatch.setattr(run_module, "sample", points)
    monkeypatch.setattr(run_module, "estimated_kappa", kappa)
    surface = hypersurface([[3, 0, 0], [0, 3, 0], [0, 0, 3], [2, 1, 0]], [1, 1, 1, 0.5])
    for seed in (0, 1, SEEDS - 1):
        own = config(seed=seed, points=20_000, validation=20_000)
        run_module.normalisation(surface)
        for validation in (False, True):
            drawn(own, surface, 1.0, validation=validation)
    assert len(set(seeds["points"])) == 3 * 2 * 20
    assert len(seeds["kappa"]) == 3
    assert not set(seeds["points"]) & set(seeds["kappa"])


@pytest.mark.parametrize("stop", [1, 4, 5, 7])
def test_a_resumed_training_is_the_uninterrupted_one(tmp_path, monkeypatch, stop):
    """Ctrl-C after an epoch of Adam's, between the phases, and after a step of Levenberg and Marquardt's."""
    own = config(**BOTH)
    whole = train_config(own, tmp_path / "whole", progress=False)

    from symgeo.calabi_yau import trainer as module

    true_sigma, calls = module._sigma, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == stop + 2:
            raise KeyboardInterrupt
        return true_sigma(*arguments)

    monkeypatch.setattr(module, "_sigma", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_config(own, tmp_path / "resumed", progress=False)
    monkeypatch.undo()
    assert (tmp_path / "resumed" / LATEST).exists()
    assert not load_run(tmp_path / "resumed").finished
    resumed = train_config(own, tmp_path / "resumed", progress=False)
    assert torch.equal(weights(resumed), weights(whole))
    assert [(r.epoch, r.loss, r.sigma) for r in resumed.records] == [(r.epoch, r.loss, r.sigma) for r in whole.records]
    assert resumed.finished
    assert not (tmp_path / "resumed" / LATEST).exists()


def test_saved_epochs_and_a_finished_run_is_returned(tmp_path):
    own = config(**BOTH, saved=(0, 2, 5))
    run = train_config(own, tmp_path, progress=False)
    assert run.epochs == (0, 2, 5)
    start = torch.nn.utils.parameters_to_vector(run.network(0).readout.parameters())
    assert float(start.abs().max()) == 0
    assert sigma(run.network(5), equation(run.network(5), run.validation())) == pytest.approx(
        run.records[5].sigma, rel=1e-9
    )
    before = (tmp_path / "metrics.jsonl").read_bytes()
    train_config(own, tmp_path, progress=False)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    assert [json.loads(line)["phase"] for line in before.splitlines()] == ["adam"] * 5 + ["levenberg-marquardt"] * 4
    with pytest.raises(DataError, match="epoch 1 was not saved"):
        run.network(1)


def test_adams_steps_that_lose_positivity_are_undone_and_counted(tmp_path):
    """A rate that loses the metric within an epoch, of which nothing is kept, until it has fallen far enough."""
    own = config(
        3,
        **{
            **BOTH,
            "widths": (64, 64),
            "points": 1000,
            "batch": 20,
            "learning_rate": 0.01,
            "adam_epochs": 6,
            "steps": 0,
        },
        saved=(1, 2),
    )
    run = train_config(own, tmp_path, progress=False)
    assert run.records[1].undone == 50
    assert run.records[1].sigma == run.records[0].sigma
    assert run.records[-1].undone == 0
    assert run.sigma < run.records[0].sigma
    for epoch in (1, 2, None):
        network = run.network(epoch)
        there = equation(network, drawn(own, run.hypersurface(), run.kappa))
        assert loss_and_positivity(network, there)[1]


def test_adam_that_only_loses_positivity_ends_in_one_line(tmp_path):
    own = config(**{**BOTH, "learning_rate": 1.0, "adam_epochs": 2})
    with pytest.raises(
        NumericalError, match=r"each of Adam's 2 epochs .* a lower `learning_rate` or a larger"
    ) as caught:
        train_config(own, tmp_path, progress=False)
    assert "\n" not in str(caught.value)
    assert not load_run(tmp_path).finished
    with pytest.raises(NumericalError, match="each of Adam's 2 epochs"):
        train_config(own, tmp_path, progress=False)


def test_a_loss_that_is_no_number_leaves_the_checkpoint(tmp_path, monkeypatch):
    own = config(**BOTH)
    from symgeo.calabi_yau import training as module

    true_eta, calls = module.eta_and_positive, []

    def broken(*arguments, **options):
        calls.append(1)
        values, positive = true_eta(*arguments, **options)
        return values * (float("nan") if len(calls) == 11 else 1), positive

    monkeypatch.setattr(module, "eta_and_positive", broken)
    with pytest.raises(
        NumericalError, match="epoch 3: the loss is nan: train afresh in another folder with a lower"
    ) as caught:
        train_config(own, tmp_path / "a", progress=False)
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    resumed = train_config(own, tmp_path / "a", progress=False)
    whole = train_config(own, tmp_path / "b", progress=False)
    assert torch.equal(weights(resumed), weights(whole))


def process(rank, size, folder, own):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting-{size}", rank=rank, world_size=size
    )
    train_config(own, f"{folder}/of-{size}", progress=False)
    torch.distributed.destroy_process_group()


def in_processes(size, folder, own):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=process, args=(rank, size, folder, own)) for rank in range(size)]
    for p in processes:
        p.start()
    for p in processes:
        p.join(120)
        assert p.exitcode == 0
    return load_run(f"{folder}/of-{size}")


def test_two_processes_take_the_steps_of_one(tmp_path):
    own = config(2, degree=6, points=2000, steps=5)
    alone = train_config(own, tmp_path / "alone", progress=False)
    together = in_processes(2, str(tmp_path), own)
    assert len(together.records) == len(alone.records)
    for one, two in zip(alone.records, together.records, strict=True):
        assert one.loss == pytest.approx(two.loss, rel=1e-7)
    torch.testing.assert_close(weights(together), weights(alone), rtol=1e-5, atol=1e-8)


@pytest.mark.slow
def test_adam_in_two_processes(tmp_path):
    own = config(2, **{**BOTH, "points": 2000, "adam_epochs": 10, "steps": 0, "dtype": "float64"})
    alone = train_config(own, tmp_path / "alone", progress=False)
    together = in_processes(2, str(tmp_path), own)
    # Other batches, the same descent.
    assert together.sigma == pytest.approx(alone.sigma, rel=0.3)
    assert together.records[0].loss == pytest.approx(alone.records[0].loss, rel=1e-10)


def killed(folder, own):
    torch.set_num_threads(1)
    train_config(own, folder, progress=False, autosave=0.0)


@pytest.mark.slow
def test_a_killed_training_goes_on(tmp_path):
    own = config(**{**BOTH, "adam_epochs": 200})
    context = multiprocessing.get_context("spawn")
    victim = context.Process(target=killed, args=(str(tmp_path / "killed"), own))
    victim.start()
    while not (tmp_path / "killed" / LATEST).exists():
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    assert not load_run(tmp_path / "killed").finished
    resumed = train_config(own, tmp_path / "killed", progress=False)
    assert torch.equal(weights(resumed), weights(train_config(own, tmp_path / "whole", progress=False)))


def test_presets(tmp_path):
    for name in ("cubic", "k3", "quintic"):
        for preset in ("quick", "paper", "algebraic", "plain"):
            own = preset_config(name, preset, 3)
            assert Config.from_dict(own.to_dict()) == own
            assert default_folder(own).parts == ("runs", f"calabi-yau-{name}-{preset}", "seed-3")
    run = train("cubic", "algebraic", 1, tmp_path / "cubic", progress=False)
    assert run.sigma < 1e-12
    assert run.seconds > 0


def test_bad_input_is_one_line(tmp_path):
    run = train_config(config(steps=1), tmp_path / "run", progress=False)
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.json").write_bytes((run.folder / "config.json").read_bytes())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    four = {"exponents": ((4, 0, 0), (0, 4, 0), (0, 0, 4)), "coefficients": ((1.0, 0.0),) * 3}
    for make, message, kind in [
        (lambda: config(**{**BOTH, "batch": 150}), "150 does not divide 400: take a divisor", InputError),
        (lambda: config(steps=0), "not both 0", InputError),
        (lambda: config(points=0), "`points` and `validation` must be positive", InputError),
        (lambda: config(dtype="float16"), "`dtype` must be one of float32, float64", InputError),
        (lambda: config(seed=-1), "`seed` must lie between", InputError),
        (lambda: config(seed=128), "between 0 and 127, not 128: beyond", InputError),
        (lambda: sample(fermat(1), 3, 2**32), "`seed` must be an integer from 0 to", InputError),
        (lambda: sample(fermat(1), 3, -1), "`seed` must be an integer from 0 to", InputError),
        (lambda: config(decay=-1.0), "`decay` must be finite and not negative, not -1", InputError),
        (lambda: config(decay=float("nan")), "`decay` must be finite", InputError),
        (lambda: config(tolerance=float("nan")), "`tolerance` must be finite", InputError),
        (lambda: config(points=30.5), "`points` must be an integer, not 30.5", InputError),
        (lambda: config(steps=2.5), "`steps` must be an integer", InputError),
        (lambda: config(widths=(8.5,)), "`widths` must hold integers", InputError),
        (lambda: config(degree=1), "`degree` must be at least 2 for invariants, not 1", InputError),
        (lambda: config(saved=(3, 1)), "`saved` must rise within 0 .. 8", InputError),
        (lambda: config(**{**BOTH, "learning_rate": 0.0}), "`learning_rate` must be positive", InputError),
        (lambda: train_config(config(steps=2), run.folder, progress=False), "steps = 1, not 2", InputError),
        (lambda: train_config(dataclasses.replace(config(), **four), tmp_path / "x"), "not Calabi-Yau", InputError),
        (lambda: load_run(tmp_path / "none"), "holds no run", DataError),
        (lambda: load_run(tmp_path / "broken"), "damaged", DataError),
        (lambda: load_run(unfinished).network(), "has not come to its end", DataError),
        (lambda: train("sextic"), "`name` must be one of cubic, k3, quintic, not 'sextic'", InputError),
        (lambda: train("cubic", "slow"), "`preset` must be one of quick, paper, algebraic, plain", InputError),
        (lambda: Config.from_dict({"name": "x"}), "not a configuration of this version", DataError),
    ]:
        with pytest.raises(kind, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()
