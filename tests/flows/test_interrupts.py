"""Ctrl-C ends every kind of flow with what was computed so far, wherever it comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from symgeo.flows import (
    End,
    FlatTorus,
    PeriodicGrid,
    Trajectory,
    conformal_flow,
    descent_flow,
    disc_flow,
    dumbbell,
    exact,
    fixed_kernel_flow,
    homogeneous_flow,
    kernel_flow,
    load,
    metric_network,
    natural_flow,
    network_flow,
    perelman_to_ricci,
    quadratic_loss,
    rotational_flow,
    tensor_flow,
)
from tests.flows.families import FAMILIES
from tests.flows.torus_metrics import wavy

GRID = PeriodicGrid((9, 9))
TIMES = np.linspace(0, 0.005, 6)


def cigar(progress) -> Trajectory:
    def u(r_squared: np.ndarray) -> np.ndarray:
        return exact.cigar(r_squared, 0.0)

    return disc_flow(u, lambda t: float(exact.cigar(1.0, t)), TIMES, progress=progress)


def network(*widths: int):
    return metric_network(2, "free", widths=widths or (4,), lengths=GRID.lengths, steepness=0.3, seed=1)


def torus(progress) -> Trajectory:
    surface = FlatTorus(16)
    return conformal_flow(surface, np.exp(0.2 * np.cos(surface.points()[0])), TIMES, progress=progress)


def plain(progress) -> Trajectory:
    x = torch.rand(5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    trained = network()
    return network_flow(trained, quadratic_loss(trained(x).detach() + 0.1), x, step=0.01, steps=5, progress=progress)


FLOWS: Mapping[str, Callable[..., Trajectory]] = {
    "conformal": torus,
    "rotational": lambda p: rotational_flow(dumbbell(0.5, points=65), TIMES, every_step=False, progress=p),
    "homogeneous": lambda p: homogeneous_flow(FAMILIES["sphere"](3), {"rho": 1.0}, TIMES, progress=p),
    "disc": cigar,
    "deturck": lambda p: tensor_flow(GRID, wavy(GRID, 0.02, 4), TIMES, progress=p),
    "bare": lambda p: tensor_flow(GRID, wavy(GRID, 0.02, 4), TIMES, gauge="bare", progress=p),
    "perelman": lambda p: tensor_flow(GRID, wavy(GRID, 0.02, 4), TIMES, gauge="perelman", progress=p),
    "diffeomorphism": lambda p: perelman_to_ricci(GRID, wavy(GRID, 0.02, 4), TIMES, progress=p),
    "fixed kernel": lambda p: fixed_kernel_flow(GRID, wavy(GRID, 0.02, 4), TIMES, progress=p),
    "descent": lambda p: descent_flow(network(), GRID, TIMES, progress=p),
    "natural": lambda p: natural_flow(network(), GRID, TIMES, cut=0.1, progress=p),
    "network": plain,
    "kernel": lambda p: kernel_flow(torch.eye(3).double(), lambda g: g, torch.ones(3, 1).double(), TIMES, progress=p),
}


@pytest.mark.parametrize("name", FLOWS)
def test_what_was_kept_is_what_would_have_been(name: str, tmp_path) -> None:
    """Stopped at its third state, a flow is the beginning of the flow that was not."""
    seen: list[float] = []

    def stop(time: float, measures: object) -> None:
        seen.append(time)
        if len(seen) == 3:
            raise KeyboardInterrupt

    flow = FLOWS[name](stop)
    assert flow.end is End.interrupted
    assert flow.message.startswith("stopped at t = ")
    np.testing.assert_array_equal(flow.times, seen)
    whole = FLOWS[name](None)
    assert whole.end is End.reached
    for key, values in flow.states.items():
        assert len(values) == 3
        np.testing.assert_allclose(values, whole.states[key][:3], rtol=1e-12, atol=1e-12)
    for key, values in flow.measures.items():
        np.testing.assert_allclose(values, whole.measures[key][:3], rtol=1e-9, atol=1e-9)
    stored = load(flow.save(tmp_path / "stopped.npz"))
    assert stored.end is End.interrupted
    np.testing.assert_array_equal(stored.times, flow.times)


class Calls:
    """A function that is interrupted at a call of some number."""

    def __init__(self, function: Callable, last: int) -> None:
        self.function, self.left = function, last

    def __call__(self, *arguments, **named):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.function(*arguments, **named)


def test_within_a_step_the_last_state_is_the_one_before() -> None:
    sphere = FAMILIES["sphere"](3)
    count = Calls(sphere.ricci, 10**9)
    homogeneous_flow(replace(sphere, ricci=count), {"rho": 1.0}, [0, 0.1, 0.2])
    needed = 10**9 - count.left
    for last in (needed // 3, needed // 2, needed - 2):
        stopped = homogeneous_flow(replace(sphere, ricci=Calls(sphere.ricci, last)), {"rho": 1.0}, [0, 0.1, 0.2])
        assert stopped.end is End.interrupted
        assert 1 <= len(stopped.times) <= 2
        r2 = exact.sphere_radius_squared(stopped.times[-1], 3)
        assert stopped.last["parameters"][0] == pytest.approx(r2, rel=1e-9)


def test_within_a_step_of_a_fixed_kernel() -> None:
    start = torch.ones(2, 1, dtype=torch.float64)
    kernel = torch.eye(2, dtype=torch.float64)
    for last in (3, 20, 40):
        flow = kernel_flow(kernel, Calls(lambda g: g, last), start, np.linspace(0, 2, 5))
        assert flow.end is End.interrupted
        np.testing.assert_allclose(flow.last["g"], math.exp(-flow.times[-1]), rtol=1e-7)
