"""F, W and lambda: known values, monotone with the rates that Perelman states, the one-dimensional flow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from symgeo.errors import InputError
from symgeo.flows import (
    End,
    GridMetric,
    PeriodicGrid,
    entropies,
    f_functional,
    f_rate,
    ground,
    potential,
    spectrum,
    tensor_flow,
    w_functional,
    w_rate,
)
from tests.flows.torus_metrics import wavy

GRID = PeriodicGrid((21, 21))
TIMES = np.linspace(0, 0.05, 11)


def slopes(values: np.ndarray, h: float) -> np.ndarray:
    """Fourth-order central differences."""
    return (values[:-4] - 8 * values[1:-3] + 8 * values[3:-1] - values[4:]) / (12 * h)


@pytest.fixture(scope="module")
def perelman() -> list[tuple[GridMetric, np.ndarray]]:
    x = GRID.points()
    measure = np.exp(0.1 * np.cos(x[0]) + 0.1 * np.sin(x[1]))
    flow = tensor_flow(GRID, wavy(GRID, 0.08, 5), TIMES, gauge="perelman", measure=measure, tolerance=1e-11)
    assert flow.end is End.reached
    metrics = [GridMetric(GRID, g) for g in flow.states["g"]]
    return [(metric, potential(metric, measure)) for metric in metrics]


def test_f_rises_at_its_rate(perelman) -> None:
    values = np.array([f_functional(*pair) for pair in perelman])
    rates = np.array([f_rate(*pair) for pair in perelman])
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(slopes(values, TIMES[1]), rates[2:-2], rtol=1e-4)


def test_w_rises_at_its_rate(perelman) -> None:
    """With (4 pi tau)^(-n/2) e^(-f) dV fixed, f is shifted by a number."""
    taus = 0.7 - TIMES
    shifted = [(metric, f - math.log(4 * math.pi * tau), tau) for (metric, f), tau in zip(perelman, taus, strict=True)]
    values = np.array([w_functional(*each) for each in shifted])
    rates = np.array([w_rate(*each) for each in shifted])
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(slopes(values, TIMES[1]), rates[2:-2], rtol=1e-4)


def test_lambda_rises_at_its_rate() -> None:
    flow = tensor_flow(GRID, wavy(GRID, 0.08, 5), TIMES, tolerance=1e-11)
    grounds = [(GridMetric(GRID, g), ground(GridMetric(GRID, g))) for g in flow.states["g"]]
    values = np.array([found.value for _, found in grounds])
    rates = np.array([f_rate(metric, found.potential) for metric, found in grounds])
    assert (np.diff(values) > 0).all()
    np.testing.assert_allclose(slopes(values, TIMES[1]), rates[2:-2], rtol=1e-4)


def test_lambda_is_the_least_f() -> None:
    metric = GridMetric(GRID, wavy(GRID, 0.08, 5))
    found = ground(metric)
    assert metric.integral(np.exp(-found.potential)) == pytest.approx(1, rel=1e-12)
    assert f_functional(metric, found.potential) == pytest.approx(found.value, rel=1e-6)
    other = found.potential + 0.1 * np.cos(GRID.points()[0])
    other += math.log(metric.integral(np.exp(-other)))
    assert f_functional(metric, other) > found.value


def test_the_spectrum_of_a_flat_torus() -> None:
    metric = GridMetric(GRID, np.broadcast_to(4 * np.eye(2)[:, :, None, None], (2, 2, 21, 21)))
    np.testing.assert_allclose(spectrum(metric, 9), [0, *[1] * 4, *[2] * 4], atol=1e-12)


def test_the_first_variation_of_f() -> None:
    """delta F = -int delta g_ij (Ric + DDf)^ij dm at fixed measure, by differences."""
    from symgeo.flows.perelman import bakry_emery

    g, h = wavy(GRID, 0.08, 5), wavy(GRID, 0.1, 8)
    measure = np.ones(GRID.shape)
    metric = GridMetric(GRID, g)
    tensor = bakry_emery(metric, potential(metric, measure))
    raised = np.einsum("ik...,jl...,kl...->ij...", metric.g_uu, metric.g_uu, tensor)
    expected = -GRID.integral(np.einsum("ij...,ij...->...", raised, h) * measure)

    def value(step: float) -> float:
        moved = GridMetric(GRID, g + step * h)
        return f_functional(moved, potential(moved, measure))

    e = 1e-3
    difference = (8 * (value(e) - value(-e)) - value(2 * e) + value(-2 * e)) / (12 * e)
    assert difference == pytest.approx(expected, rel=1e-7)


def length_density(x: np.ndarray, amplitude: float) -> np.ndarray:
    """1 / rho, rho = 1 + a cos s, at the place s(x) with s + a sin s = x."""
    s = [brentq(lambda s, x=x_: s + amplitude * math.sin(s) - x, x_ - 1, x_ + 1, xtol=1e-14) for x_ in x]
    return 1 / (1 + amplitude * np.cos(s))


def test_in_one_dimension_it_is_a_diffeomorphism() -> None:
    """Length is conserved; e^(-f) obeys the backward heat equation in arclength, 1 + a e^t cos s."""
    grid = PeriodicGrid((21,))
    x = grid.points()[0]
    flow = tensor_flow(
        grid, length_density(x, 0.05)[None, None] ** 2, [0, 0.05, 0.1], gauge="perelman", tolerance=1e-11
    )
    assert flow.end is End.reached
    for t, g in zip(flow.times, flow.states["g"], strict=True):
        np.testing.assert_allclose(np.sqrt(g[0, 0]), length_density(x, 0.05 * math.exp(t)), rtol=1e-7)
    np.testing.assert_allclose(flow.measures["volume"], 2 * math.pi, rtol=1e-12)
    assert (np.diff(flow.measures["F"]) > 0).all()


def test_entropies_are_those_of_each_state() -> None:
    measure = np.exp(0.1 * np.cos(GRID.points()[0]))
    flow = tensor_flow(GRID, wavy(GRID, 0.05, 5), TIMES[:3], gauge="perelman", measure=measure)
    found = entropies(flow, GRID, 0.3)
    last = GridMetric(GRID, flow.states["g"][2])
    tau = 0.3 - TIMES[2]
    f = potential(last, measure) - math.log(4 * math.pi * tau)
    assert found.measures["W"][2] == pytest.approx(w_functional(last, f, tau), rel=1e-12)
    assert found.measures["lambda"][2] == pytest.approx(ground(last).value, rel=1e-9)
    for wrong, message in (
        (lambda: entropies(flow, GRID, TIMES[1]), "`tau` must be positive up to the end"),
        (lambda: entropies(tensor_flow(GRID, wavy(GRID), TIMES[:2]), GRID), "must be Perelman's"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()


def test_times_that_cannot_be_meant() -> None:
    metric = GridMetric(GRID, wavy(GRID))
    for functional in (w_functional, w_rate):
        with pytest.raises(InputError, match="`tau` must be positive"):
            functional(metric, np.zeros(GRID.shape), 0.0)
    big = PeriodicGrid((53, 53))
    metric = GridMetric(big, wavy(big))
    with pytest.raises(InputError, match="coarser grid"):
        spectrum(metric)
