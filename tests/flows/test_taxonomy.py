"""Finite networks that track Ricci flow, and the four kinds of kernel under Perelman's functional."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from symgeo.errors import InputError
from symgeo.flows import (
    End,
    PeriodicGrid,
    descent_flow,
    fixed_kernel_flow,
    metric_network,
    natural_flow,
    periodic_gaussian,
    taxonomy,
    tensor_flow,
)
from symgeo.flows.grid_network import GridNetwork
from tests.flows.torus_metrics import wavy

GRID = PeriodicGrid((13, 13))
TIMES = np.linspace(0, 0.03, 4)


def network_of(*widths: int, ansatz: str = "free", seed: int = 1):
    return metric_network(2, ansatz, widths=widths, lengths=GRID.lengths, steepness=0.3, seed=seed)


def test_the_natural_gradient_tracks_ricci_flow_as_far_as_the_network_can() -> None:
    """More directions miss less of the velocity, and the distance from DeTurck's flow is of the part that is missed."""
    network, far, missed = network_of(20), [], []
    for cut in (1e-1, 1e-2, 1e-3, 1e-4):
        flow = natural_flow(network, GRID, TIMES, cut=cut)
        assert flow.end is End.reached
        ricci = tensor_flow(GRID, flow.states["g"][0], TIMES)
        moved = np.linalg.norm(ricci.last["g"] - ricci.states["g"][0])
        far.append(np.linalg.norm(flow.last["g"] - ricci.last["g"]) / moved)
        missed.append(flow.measures["missed"].max())
    assert (np.diff(missed) < 0).all()
    assert (np.diff(far) < 0).all()
    assert (np.array(far) < 2 * np.array(missed)).all()
    assert far[-1] < 0.05


def test_only_perelmans_kernel_is_ricci_flow() -> None:
    rings = taxonomy(network_of(24), GRID, TIMES)
    assert all(ring.rises for ring in rings.values())
    distances = [rings[name].distance for name in ("network", "infinite width", "local", "perelman")]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-4
    assert distances[-2] > 1e-2
    assert "volume" in rings["perelman"].conserved  # chi = 0
    assert "volume" not in rings["local"].conserved
    for ring in rings.values():
        assert "total_curvature" in ring.conserved


def test_a_short_kernel_is_local() -> None:
    """Smoothing with length l departs from the local flow as l^2."""
    g = wavy(GRID, 0.05, 4)
    local = fixed_kernel_flow(GRID, g, [0, 0.02], tolerance=1e-11).last["g"]
    lengths, gaps = [0.2, 0.1, 0.05, 0.025], []
    for l in lengths:
        smooth = fixed_kernel_flow(GRID, g, [0, 0.02], smoothing=periodic_gaussian(GRID, l), tolerance=1e-11)
        gaps.append(np.abs(smooth.last["g"] - local).max())
    assert np.polyfit(np.log(lengths), np.log(gaps), 1)[0] == pytest.approx(2, abs=0.1)


def test_on_the_flat_identity_indices_do_not_matter() -> None:
    """Where g is near delta the local flow is Perelman's: they differ in the second order of g - delta."""
    sizes, gaps = [0.04, 0.02, 0.01], []
    for size in sizes:
        g = np.eye(2)[:, :, None, None] + size * (wavy(GRID, 1.0, 4) - np.diag([1, 1.2])[:, :, None, None])
        local = fixed_kernel_flow(GRID, g, [0, 0.02], tolerance=1e-11).last["g"]
        perelman = tensor_flow(GRID, g, [0, 0.02], gauge="perelman", tolerance=1e-11).last["g"]
        gaps.append(np.abs(local - perelman).max())
    # l = 2 (Ric + DDf)^ij against -2 (Ric + DDf)_ij: a factor of the measure, which is one here.
    assert np.polyfit(np.log(sizes), np.log(gaps), 1)[0] == pytest.approx(2, abs=0.15)


def test_a_flow_that_its_grid_no_longer_holds_is_kept_as_far_as_it_goes() -> None:
    """Backwards along some directions, the local flow makes its highest modes grow."""
    flow = fixed_kernel_flow(GRID, wavy(GRID, 0.2, 4), np.linspace(0, 1, 101))
    assert flow.end is End.stalled
    assert "the highest modes have grown" in flow.message
    assert GRID.tail(flow.last["g"]) < 1e-3


def test_gradients_are_pulled_back_by_the_jacobian() -> None:
    made = GridNetwork(network_of(5), GRID)
    l = wavy(GRID, 0.3, 7)
    packed = torch.einsum("nop,no->p", made.jacobian(made.start), _packed(made, l))
    torch.testing.assert_close(made.pulled_gradient(made.start, l), packed, rtol=1e-9, atol=1e-12)


def _packed(made: GridNetwork, l: np.ndarray) -> torch.Tensor:
    from symgeo.flows import pack

    return pack(made.on_points(l))


def test_descent_raises_f() -> None:
    flow = descent_flow(network_of(12, ansatz="conformal"), GRID, [0, 0.05, 0.1])
    assert (np.diff(flow.measures["F"]) > 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: natural_flow(network_of(4), PeriodicGrid((13, 13, 3)), TIMES), "`network` has dimension 2, but"),
        (lambda: natural_flow(metric_network(2, widths=(4,)), GRID, TIMES), "not periodic"),
        (lambda: natural_flow(network_of(4), GRID, TIMES, cut=0), "`cut` must be"),
        (lambda: periodic_gaussian(GRID, 0.0), "the kernel is local"),
        (lambda: fixed_kernel_flow(GRID, wavy(GRID), TIMES, measure=-np.ones(GRID.shape)), "positive density"),
    ],
)
def test_flows_that_cannot_be_meant(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
