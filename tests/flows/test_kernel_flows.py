"""Fixed kernels: their networks, the closed-form flow, locality."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.flows import (
    CosineFeatures,
    QuadraticFlow,
    delta,
    erf_ntk,
    gaussian,
    gram,
    kernel_flow,
    limit,
    metric_network,
    metric_ntk,
    network_flow,
    pack,
    quadratic_loss,
    relu_ntk,
)
from symgeo.models import MLP
from symgeo.pullback import ntk


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_relu_kernel_is_that_of_wide_networks() -> None:
    x, n, seeds = normal(4, 3), 200, 60
    found = []
    for seed in range(seeds):
        network = nn.Sequential(nn.Linear(3, n, bias=False), nn.ReLU(), nn.Linear(n, 1, bias=False)).double()
        with torch.no_grad():
            network[0].weight.copy_(normal(n, 3, seed=2 * seed))  # pyright: ignore
            network[2].weight.copy_(normal(1, n, seed=2 * seed + 1))  # pyright: ignore
        found.append(2 / n * ntk(network, x))
    sampled = torch.stack(found)
    assert ((sampled.mean(0) - relu_ntk(x, x)) / (sampled.std(0) / seeds**0.5)).abs().max() < 4


def test_the_erf_kernel_is_that_of_wide_networks() -> None:
    x, seeds = normal(4, 3), 60
    found = []
    for seed in range(seeds):
        # the bias of the readout adds one
        mlp = MLP((3, 200, 1), "erf", generator=torch.Generator().manual_seed(seed))
        found.append(ntk(mlp, x) - 1)
    sampled = torch.stack(found)
    assert ((sampled.mean(0) - erf_ntk()(x, x)) / (sampled.std(0) / seeds**0.5)).abs().max() < 4


def test_the_cosine_network_tends_to_the_gaussian_kernel() -> None:
    x, counts = normal(5, 2), [64, 256, 1024, 4096]
    errors = []
    for count in counts:
        sampled = torch.stack([ntk(CosineFeatures(2, count, 0.8, seed=seed), x) for seed in range(20)])
        errors.append(float((sampled - gaussian(0.8)(x, x)).square().mean().sqrt()))
    assert np.polyfit(np.log(counts), np.log(errors), 1)[0] == pytest.approx(-0.5, abs=0.06)
    assert ((sampled.mean(0) - gaussian(0.8)(x, x)) / (sampled.std(0) / 20**0.5)).abs().max() < 4.5


def test_locality() -> None:
    """(2 pi l^2)^(-1/2) int Theta f - f = l^2 f'' / 2 + O(l^4): slope 2; the mass at a point stays one."""
    y = torch.linspace(-8, 8, 6401, dtype=torch.float64)[:, None]
    x = torch.tensor([[-0.7], [0.2], [1.1]]).double()
    lengths = [0.4, 0.2, 0.1, 0.05]
    errors = []
    for l in lengths:
        weights = gaussian(l)(x, y) * float(y[1] - y[0]) / math.sqrt(2 * math.pi * l**2)
        torch.testing.assert_close(weights.sum(1), torch.ones(3).double(), rtol=1e-10, atol=0)
        smoothed = (weights * y[:, 0].sin()).sum(1)
        errors.append(float((smoothed - x[:, 0].sin()).abs().max()))
    assert np.polyfit(np.log(lengths), np.log(errors), 1)[0] == pytest.approx(2, abs=0.05)
    assert errors[-1] == pytest.approx(0.05**2 / 2 * math.sin(1.1), rel=1e-2)


def test_on_a_sample_the_limit_is_the_identity() -> None:
    x = normal(6, 2)
    torch.testing.assert_close(gaussian(0.02)(x, x), delta(x, x))
    assert torch.equal(delta(x, x), torch.eye(6).double())


@given(st.integers(0, 1000))
@settings(deadline=None, derandomize=True, max_examples=10)
def test_kernels_are_positive(seed: int) -> None:
    x = normal(8, 2, seed=seed)
    for kernel in (gaussian(0.7), relu_ntk, erf_ntk(1.2, 0.4)):
        matrix = kernel(x, x)
        torch.testing.assert_close(matrix, matrix.T)
        assert torch.linalg.eigvalsh(matrix)[0] > -1e-12


def test_the_closed_form_is_the_integrated_flow() -> None:
    x = normal(7, 2)
    kernel, start, target = gaussian(1.0)(x, x), normal(7, 3, seed=1), normal(7, 3, seed=2)
    closed = QuadraticFlow(kernel, start, target)
    flow = kernel_flow(
        kernel, lambda g: g - target, start, [0, 0.5, 4.0], loss=lambda g: float(((g - target) ** 2).sum() / 2)
    )
    measures = flow.measures["loss"], flow.measures["speed"]
    for t, g, loss, speed in zip(flow.times, flow.states["g"], *measures, strict=True):
        np.testing.assert_allclose(g, closed.at(t).numpy(), atol=1e-8)
        assert loss == pytest.approx(closed.loss(t), rel=1e-7)
        e = 1e-4
        assert speed == pytest.approx((closed.loss(t - e) - closed.loss(t + e)) / (2 * e), rel=1e-6)
    # Elsewhere: at the sample itself it is the same, and after a long time the kernel's interpolation.
    torch.testing.assert_close(closed.elsewhere(0.5, kernel, start), closed.at(0.5))
    y = normal(3, 2, seed=5)
    weights = limit(kernel, start, target, x)
    zero = torch.zeros(3, 3).double()
    torch.testing.assert_close(
        closed.elsewhere(1e9, gaussian(1.0)(y, x), zero), gaussian(1.0)(y, x) @ weights, rtol=1e-5, atol=1e-5
    )


def test_a_wide_network_flows_as_its_frozen_kernel() -> None:
    """The distance falls with the width, about as n^(-1/2) or faster."""
    x, widths, gaps = normal(4, 2), [64, 256, 1024], []
    for n in widths:
        network = metric_network(2, "additive", widths=(n,), scale=0.3, seed=1)
        start = network(x).detach().reshape(-1, 1)
        target = start + 0.1 * normal(12, 1, seed=3)
        frozen = QuadraticFlow(gram(metric_ntk(network, x)), start, target)
        flow = network_flow(network, quadratic_loss(target.reshape(4, 3)), x, step=2e-3, steps=500, every=500)
        reached = pack(torch.from_numpy(flow.last["g"])).reshape(-1, 1)
        gaps.append(float((reached - frozen.at(1.0)).abs().max()))
    assert np.polyfit(np.log(widths), np.log(gaps), 1)[0] < -0.35


def test_kernels_that_cannot_be_meant() -> None:
    x = normal(5, 2)
    x[3] = x[1]
    kernel, zero = gaussian(0.5)(x, x), torch.zeros(5, 1).double()
    with pytest.raises(InputError, match="points 1 and 3 of `x` are the same"):
        limit(kernel, zero, zero + 1, x)
    with pytest.raises(InputError, match="the kernel `delta`"):
        gaussian(0.0)
    with pytest.raises(InputError, match="nor both zero"):
        erf_ntk(0.0, 0.0)
    with pytest.raises(InputError, match=r"`kernel` must be \(4, 4\)"):
        QuadraticFlow(kernel, zero[:4], zero[:4])
    with pytest.raises(InputError, match="alike"):
        QuadraticFlow(kernel, zero, zero[:, 0])
    with pytest.raises(InputError, match="must be symmetric"):
        QuadraticFlow(kernel.triu(), zero, zero)
    with pytest.raises(InputError, match="positive semi-definite"):
        QuadraticFlow(-torch.eye(5).double(), zero, zero)
    with pytest.raises(InputError, match=r"`kernel` must be \(4, 4\)"):
        kernel_flow(kernel, lambda g: g, zero[:4], [0, 1])
