"""Networks whose kernel is frozen: linear in their parameters, trained like others, and solved to convergence."""

from __future__ import annotations

import pytest
import torch

from symgeo.calabi_yau.comparison import METHODS, Outcome, Setting, Task, measured, plain_network
from symgeo.calabi_yau.curvature import metric_jets, ricci
from symgeo.calabi_yau.donaldson import balanced_metric
from symgeo.calabi_yau.elementwise import elementwise_flow
from symgeo.calabi_yau.frozen import FrozenNetwork, TangentModel, residual_gradients, ridge_scan, tangent_equation
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.measures import measures
from symgeo.calabi_yau.monge_ampere import equation, eta, sigma
from symgeo.calabi_yau.sample import at, sample
from symgeo.errors import InputError, NumericalError
from symgeo.flows.kernels import gaussian, relu_ntk


def start(n=2, m=40, widths=(8, 8), readout=0.3):
    there = sample(fermat(n), m, 0)
    network = plain_network(there, widths, readout, seed=1)
    return network, there, equation(network, there)


def moved(model, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(size * torch.randn(p.shape, generator=generator, dtype=p.dtype))
    return model


def test_it_is_linear_and_tangent_to_the_network():
    network, _, points = start()
    phi = network(points.features)
    frozen = FrozenNetwork(network)
    assert torch.allclose(frozen(points.features), phi, rtol=1e-12)
    once, twice = (moved(FrozenNetwork(network), k * 0.1)(points.features) - phi for k in (1, 2))
    assert torch.allclose(twice, 2 * once, rtol=1e-9, atol=1e-12)
    # The network itself is off by the square of the change.
    errors = []
    for size in (1e-2, 1e-3):
        other, _, _ = start()
        linear = moved(FrozenNetwork(network), size)(points.features)
        errors.append(float((moved(other, size)(points.features) - linear).abs().max().detach()))
    assert 50 < errors[0] / errors[1] < 200


def test_its_metric_is_that_of_its_potential_and_casts_reach_all_of_it():
    network, there, points = start(3, 10)
    frozen = moved(FrozenNetwork(network), 0.05)
    g = frozen.metric(there)
    found = torch.linalg.det(g).real / (there.kappa * there.density)
    assert torch.allclose(found, eta(frozen, points), rtol=1e-10)
    single = FrozenNetwork(network).float()
    assert single(points.features.float()).dtype == torch.float32
    assert single.network.readout.weight.dtype == torch.float32
    assert network.readout.weight.dtype == torch.float64


def test_the_tangent_model_is_the_frozen_network():
    network, there, points = start(3, 12)
    frozen = moved(FrozenNetwork(network), 0.03)
    tangents, model = tangent_equation(frozen, points), TangentModel(frozen)
    assert torch.allclose(eta(model, tangents), eta(frozen, points), rtol=1e-10)
    loss, other = (((1 - eta(m, e)) ** 2).sum() for m, e in ((model, tangents), (frozen, points)))
    (gradient,) = torch.autograd.grad(loss, [model.delta])
    wanted = torch.cat([g.flatten() for g in torch.autograd.grad(other, list(frozen.delta))])
    assert torch.allclose(gradient, wanted, rtol=1e-9, atol=1e-12)
    assert torch.equal(model.into(FrozenNetwork(network)).metric(there), frozen.metric(there))


def test_residuals_gradients_are_those_of_differences():
    network, _, points = start(2, 5, (4,))
    a = residual_gradients(network, points)
    scale = (points.weights / points.weights.sum()).sqrt()
    vector = torch.nn.utils.parameters_to_vector(network.parameters()).detach()
    generator = torch.Generator().manual_seed(3)
    direction = torch.randn(vector.shape, generator=generator, dtype=vector.dtype)
    values = []
    for sign in (1, -1):
        torch.nn.utils.vector_to_parameters(vector + sign * 1e-5 * direction, network.parameters())
        values.append((scale * (eta(network, points) - 1)).detach())
    assert torch.allclose(a @ direction, (values[0] - values[1]) / 2e-5, rtol=1e-6, atol=1e-9)


def test_a_solution_is_stationary_and_smaller_ridges_fit_better():
    network, _, points = start(2, 60)
    held_out = equation(network, sample(fermat(2), 200, 5))
    scan = ridge_scan(network, points, held_out, ridges=(1e-2, 1e-1, 1e-4))
    assert [s.ridge for s in scan] == [1e-1, 1e-2, 1e-4]
    losses = [s.loss for s in scan]
    assert losses == sorted(losses, reverse=True)
    assert all(s.converged for s in scan)
    before = float((points.weights * (1 - eta(network, points).detach()) ** 2).sum() / points.weights.sum())
    assert losses[-1] < 0.05 * before
    unit = float((residual_gradients(network, points) ** 2).sum(1).mean())
    for solution in scan[:2]:
        model = solution.network
        loss = (points.weights * (1 - eta(model, points)) ** 2).sum() / points.weights.sum()
        of_loss = torch.autograd.grad(loss, list(model.delta))
        of_ridge = [2 * solution.ridge * unit * p.detach() for p in model.delta]
        both, alone = (
            torch.cat([(a * on + b).flatten() for a, b in zip(of_loss, of_ridge, strict=True)]) for on in (1, 0)
        )
        assert both.norm() < 0.1 * alone.norm()
        assert sigma(model, held_out) == pytest.approx(solution.held_out)


def test_what_cannot_be_meant_is_said():
    network, _, points = start()
    with pytest.raises(InputError, match=r"`ridges` must be positive, not \[0.1, 0\]"):
        ridge_scan(network, points, points, ridges=(0.1, 0))
    wild, _, points = start(readout=100.0)
    with pytest.raises(NumericalError, match="not positive: draw a smaller readout"):
        ridge_scan(wild, points, points)


SMALL = Setting(
    points=100, held_out=200, curved=10, widths=(16, 16), epochs=10, batch=20, steps=60, degree=6, sections=2
)


@pytest.fixture(scope="module")
def rows():
    task = Task.of("k3", 0, SMALL)
    return {name: measured(task, method(task)) for name, method in METHODS.items()}


def test_every_method_is_measured_on_the_same_points(rows):
    assert 0.2 < rows["fubini-study"]["sigma"] < 0.26
    assert rows["fubini-study"]["lowest"] == pytest.approx(1, abs=1e-12)
    for name, row in rows.items():
        assert row["lowest"] > 0, name
        assert (row["ricci"] is None) == (name == "delta")
    assert rows["invariants"]["sigma"] < 0.01 * rows["fubini-study"]["sigma"]
    assert rows["invariants"]["ricci"] < 0.05 * rows["fubini-study"]["ricci"]
    assert rows["frozen kernel"]["sigma"] < 0.8 * rows["fubini-study"]["sigma"]
    assert rows["delta"]["sigma"] > 0.8 * rows["fubini-study"]["sigma"]


def test_the_measures_are_those_of_the_room():
    task = Task.of("quintic", 0, SMALL)
    network = task.network().requires_grad_(False)
    row = measured(task, Outcome(network, 0.0))
    wanted = measures(network, task.held_out, curved=SMALL.curved)
    assert row["sigma"] == pytest.approx(wanted.sigma, rel=1e-9)
    assert row["ricci"] == pytest.approx(wanted.ricci, rel=1e-9)
    assert row["lowest"] == pytest.approx(wanted.eigenvalue, rel=1e-9)


def test_a_training_says_how_it_went(rows):
    for name in ("network", "linearised"):
        epochs, seconds, values = zip(*rows[name]["curve"], strict=True)
        assert epochs == tuple(range(11))
        assert list(seconds) == sorted(seconds)
        assert values[-1] == pytest.approx(rows[name]["sigma"], rel=0.02)


def test_ricci_tensors_are_those_of_differences():
    """-d dbar log g on the cubic, from the jets of every kind of metric, beside means over circles."""
    there = sample(fermat(1), 3, 7)
    network, learned = plain_network(there, (8,), 0.3, seed=1), sample(fermat(1), 80, 0)
    found = {
        "frozen": moved(FrozenNetwork(network), 0.1),
        "balanced": balanced_metric(fermat(1), learned, 3),
        "gaussian": elementwise_flow(learned, gaussian(0.5), steps=20),
        "relu": elementwise_flow(learned, relu_ntk, steps=20),
    }
    step, rows = 2e-3, torch.arange(3)
    free = 3 - there.patch - there.dependent

    def log_g(geometry, dx):
        z = there.points.clone()
        z[rows, free] += dx
        # The dependent coordinate is a root of z^3 = -(1 + x^3): the branch nearest to the one before.
        cube = -(1 + z[rows, free] ** 3)
        roots = cube[:, None] ** (1 / 3) * torch.exp(2j * torch.pi * torch.arange(3, dtype=torch.float64) / 3)
        z[rows, there.dependent] = roots[rows, (roots - z[rows, there.dependent][:, None]).abs().argmin(1)]
        near = at(fermat(1), z, patch=there.patch, dependent=there.dependent)
        with torch.no_grad():
            return geometry.metric(near)[:, 0, 0].real.log()

    for name, geometry in found.items():
        centre = log_g(geometry, 0)
        ring, wide = (torch.stack([log_g(geometry, r * step * 1j**k) for k in range(4)]).mean(0) for r in (1, 2))
        wanted = -(16 * ring - wide - 15 * centre) / (12 * step**2)
        exact = ricci(metric_jets(geometry, there))[:, 0, 0].real
        assert torch.allclose(exact, wanted, rtol=1e-5, atol=1e-5), name


@pytest.mark.slow  # about two minutes: full trainings, a frozen kernel solved
def test_the_network_beats_its_frozen_kernel_by_three_times_on_the_quintic():
    task = Task.of("quintic", 0, Setting(curved=1))
    network, frozen = (measured(task, METHODS[name](task))["sigma"] for name in ("network", "frozen kernel"))
    assert 3 * network < frozen
