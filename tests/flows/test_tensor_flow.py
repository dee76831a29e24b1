"""Ricci flow of any metric on a torus: curvature against the symbolic engine, three gauges, one geometry."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo
from symgeo.errors import InputError, NumericalError
from symgeo.flows import End, GridMetric, PeriodicGrid, exact, perelman_to_ricci, spectrum, tensor_flow
from symgeo.flows.tensor_flow import deturck_vector, lie_derivative
from tests.flows.torus_metrics import wavy


@pytest.mark.parametrize("d", [2, 3])
def test_curvature_is_that_of_the_symbolic_engine(d: int) -> None:
    coordinates = x, y, z = sp.symbols("x y z", real=True)
    if d == 2:
        coordinates = (x, y)
        matrix = sp.Matrix([[1 + sp.cos(y) / 8, sp.sin(x) / 9], [sp.sin(x) / 9, 1 + sp.cos(x) / 7]])
    else:
        matrix = sp.diag(1 + sp.cos(y) / 8, 1 + sp.sin(z) / 9, 1 + sp.cos(x) / 7)
    metric = symgeo.CoordinateMetric(matrix, coordinates)
    grid = PeriodicGrid((25,) * d) if d == 2 else PeriodicGrid((19,) * d)
    points = np.moveaxis(grid.points(), 0, -1)
    made = GridMetric(grid, np.moveaxis(symgeo.generate(metric.matrix)(points), (-2, -1), (0, 1)))
    atol = 1e-8 if d == 2 else 2e-6
    ricci = np.moveaxis(symgeo.generate(metric.ricci)(points), (-2, -1), (0, 1))
    np.testing.assert_allclose(made.ricci_dd, ricci, atol=atol)
    np.testing.assert_allclose(made.scalar_curvature, symgeo.generate(metric.scalar_curvature)(points), atol=10 * atol)


def test_convergence_in_space_is_geometric() -> None:
    """R of u (dx^2 + dy^2), u = 1 / (3 - 2 cos x), against its closed form."""
    sizes, errors = [15, 21, 27, 33], []
    for n in sizes:
        grid = PeriodicGrid((n, 3))
        s = 2 - 2 * np.cos(grid.points()[0])
        g = np.eye(2)[:, :, None, None] / (1 + s)
        expected = (2 * np.cos(grid.points()[0]) * (1 + s) - 4 * np.sin(grid.points()[0]) ** 2) / (1 + s)
        errors.append(np.abs(GridMetric(grid, g).scalar_curvature - expected).max())
    assert np.polyfit(sizes, np.log(errors), 1)[0] < -0.35  # u's poles are 0.96 from the real axis: e^(-0.48 n)


def test_the_bare_flow_is_the_exact_conformal_one() -> None:
    grid = PeriodicGrid((27, 3))
    x = grid.points()[0]

    def at(t: float) -> np.ndarray:
        return np.eye(2)[:, :, None, None] * exact.torus_mode(x, t, start=2.5)

    flow = tensor_flow(grid, at(0.0), [0, 0.1, 0.3], gauge="bare", tolerance=1e-11)
    for t, g in zip(flow.times, flow.states["g"], strict=True):
        np.testing.assert_allclose(g, at(t), atol=1e-7)
    deturck = tensor_flow(grid, at(0.0), [0, 0.1, 0.3], tolerance=1e-10)
    for name in ("volume", "curvature_squared"):
        np.testing.assert_allclose(deturck.measures[name], flow.measures[name], rtol=1e-6)


@given(st.integers(0, 100))
@settings(deadline=None, derandomize=True, max_examples=3)
def test_three_gauges_one_geometry(seed: int) -> None:
    """Area, int R^2 and the spectrum of -4 Lap + R do not know the diffeomorphisms."""
    grid = PeriodicGrid((21, 21))
    g, x = wavy(grid, 0.08, seed), grid.points()
    measure = np.exp(0.1 * np.cos(x[0]) + 0.1 * np.sin(x[1]))
    found = []
    for gauge in ("deturck", "bare", "perelman"):
        given_measure = measure if gauge == "perelman" else None
        flow = tensor_flow(grid, g, [0, 0.05], gauge=gauge, measure=given_measure)
        assert flow.end is End.reached
        metric = GridMetric(grid, flow.last["g"])
        found.append([flow.measures["volume"][-1], flow.measures["curvature_squared"][-1], *spectrum(metric, 6)[1:]])
        assert abs(flow.measures["total_curvature"]).max() < 1e-12
    np.testing.assert_allclose(found[1], found[0], rtol=1e-7)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-6)


def test_the_diffeomorphism_makes_ricci_flow_of_perelmans() -> None:
    grid = PeriodicGrid((21, 21))
    g, x = wavy(grid, 0.08, 3), grid.points()
    measure = np.exp(0.1 * np.cos(x[0]) + 0.1 * np.sin(x[1]))
    both = perelman_to_ricci(grid, g, [0, 0.03], measure=measure)
    bare = tensor_flow(grid, g, [0, 0.03], gauge="bare")
    np.testing.assert_allclose(both.last["ricci"], bare.last["g"], atol=1e-6)
    assert np.abs(both.last["g"] - bare.last["g"]).max() > 1e-3  # they do differ before


def test_in_three_dimensions() -> None:
    """DeTurck's flow against the bare one, in volume, int R and int R^2; dV/dt = -int R dV."""
    grid = PeriodicGrid((13, 13, 13))
    g = wavy(grid, 0.04, 1)
    flows = [tensor_flow(grid, g, [0, 0.01, 0.02], gauge=gauge, tolerance=1e-8) for gauge in ("deturck", "bare")]
    for name in ("volume", "total_curvature", "curvature_squared"):
        np.testing.assert_allclose(flows[0].measures[name], flows[1].measures[name], rtol=1e-5)
    volume, total = flows[0].measures["volume"], flows[0].measures["total_curvature"]
    assert (volume[2] - volume[0]) / 0.02 == pytest.approx(-total[1], rel=1e-3)


def test_the_error_in_time_follows_the_tolerance() -> None:
    grid = PeriodicGrid((15, 15))
    g = wavy(grid, 0.1, 2)
    best = tensor_flow(grid, g, [0, 0.2], tolerance=1e-13).last["g"]
    tolerances = [1e-8, 1e-9, 1e-10, 1e-11]
    errors = [np.abs(tensor_flow(grid, g, [0, 0.2], tolerance=h).last["g"] - best).max() for h in tolerances]
    assert np.polyfit(np.log(tolerances), np.log(errors), 1)[0] > 0.6
    assert errors[-1] < 1e-8


def test_deturcks_flow_ends_flat() -> None:
    grid = PeriodicGrid((15, 15))
    flow = tensor_flow(grid, wavy(grid, 0.1, 2), [0, 1, 8], tolerance=1e-7)
    assert np.ptp(flow.last["g"], axis=(2, 3)).max() < 1e-2 * np.ptp(flow.states["g"][0], axis=(2, 3)).max()


def test_the_lie_derivative_of_a_scaling() -> None:
    """Along w = grad h in flat space, L_w g = 2 DDh; W of a conformal metric in two dimensions vanishes."""
    grid = PeriodicGrid((9, 9))
    x, y = grid.points()
    flat = np.broadcast_to(np.eye(2)[:, :, None, None], (2, 2, 9, 9))
    h = np.cos(x + y) + np.sin(y)
    metric = GridMetric(grid, flat)
    np.testing.assert_allclose(lie_derivative(grid, grid.gradient(h), flat), 2 * metric.hessian(h), atol=1e-12)
    conformal = GridMetric(grid, flat * np.exp(0.1 * np.cos(x)))
    np.testing.assert_allclose(deturck_vector(conformal), 0, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda grid, g: PeriodicGrid((8, 9)), InputError, "odd numbers"),
        (lambda grid, g: PeriodicGrid((9, 9), (1.0,)), InputError, "one positive length"),
        (lambda grid, g: GridMetric(grid, g[0]), InputError, "must be"),
        (lambda grid, g: GridMetric(grid, g + np.triu(np.ones((2, 2)), 1)[:, :, None, None]), InputError, "symmetric"),
        (lambda grid, g: GridMetric(grid, -g), NumericalError, r"grid point \(0, 0\)"),
        (lambda grid, g: GridMetric(grid, g * np.where(np.eye(9) > 0, np.nan, 1)), NumericalError, "not finite"),
        (lambda grid, g: tensor_flow(grid, g, [0, 1], gauge="harmonic"), InputError, "`gauge`"),
        (lambda grid, g: tensor_flow(grid, g, [0, 1], measure=np.ones((9, 9))), InputError, "goes with"),
        (lambda grid, g: tensor_flow(grid, g, [0, 1], gauge="perelman", measure=-g[0, 0]), InputError, "density"),
        (lambda grid, g: spectrum(GridMetric(grid, g), 82), InputError, "between 1 and the 81"),
    ],
)  # fmt: skip
def test_metrics_that_cannot_be_meant(call, kind, message: str) -> None:
    grid = PeriodicGrid((9, 9))
    with pytest.raises(kind, match=message):
        call(grid, wavy(grid))


def test_too_rough_a_flow_is_kept_as_far_as_it_goes() -> None:
    grid = PeriodicGrid((15, 15))
    flow = tensor_flow(grid, wavy(grid, 0.1, 2), [0, 0.02, 3], gauge="perelman")
    assert flow.end is End.stalled
    assert "last good state is at t = 0.02" in flow.message
    assert len(flow.times) == 2
