"""Flows of components with a fixed kernel: the gradient, positivity, invariance, and where they stop helping."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from symgeo.calabi_yau.distances import fubini_study_distance
from symgeo.calabi_yau.elementwise import _loss, _metric, elementwise_flow, horizontal
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.sample import at, project, sample
from symgeo.errors import InputError, NumericalError
from symgeo.flows.kernels import gaussian, relu_ntk

KERNELS = {"delta": None, "gaussian": gaussian(0.3), "relu": relu_ntk}


def loss(flow, there):
    eta = torch.linalg.det(flow.metric(there)).real / (there.kappa * there.density)
    return float((there.weights * (1 - eta) ** 2).sum() / there.weights.sum())


def noised(there, size, seed=0):
    z = there.points / there.points.norm(dim=1, keepdim=True)
    noise = torch.randn(z.shape, dtype=z.dtype, generator=torch.Generator().manual_seed(seed))
    return at(there.hypersurface, project(there.hypersurface, z + size * noise))


def test_the_gradient_is_the_loss_s():
    there = sample(fermat(3), 12, 0)
    frame = horizontal(there)
    generator = torch.Generator().manual_seed(0)
    a = 0.01 * torch.randn(12, 5, 5, dtype=torch.complex128, generator=generator)
    a = (a + a.mH).requires_grad_()
    eta = torch.linalg.det(_metric(there.fubini_study, frame, a)).real / (there.kappa * there.density)
    weights = there.weights / there.weights.sum()
    value = (weights * (1 - eta) ** 2).sum()
    value.backward()
    found, gradient = _loss(there, frame, a.detach())
    assert found == pytest.approx(value.item(), rel=1e-12)
    assert a.grad is not None
    assert torch.allclose(gradient, (a.grad + a.grad.mH) / 2, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("name", KERNELS)
def test_the_loss_falls_along_the_flow_and_the_metric_stays_one(name):
    there = sample(fermat(2), 60, 0)
    flow = elementwise_flow(there, KERNELS[name], steps=80)
    assert all(b <= a for a, b in zip(flow.losses, flow.losses[1:], strict=False))
    assert flow.losses[-1] == pytest.approx(loss(flow, there), rel=1e-9)
    assert flow.gain > 10
    assert flow.rejected > 0
    assert (torch.linalg.eigvalsh(flow.metric(there)) > 0).all()
    assert torch.allclose(flow.weights, flow.weights.mH)


def test_the_metric_is_the_same_in_all_patches_and_phases():
    there = sample(fermat(3), 40, 0)
    flow = elementwise_flow(there, gaussian(0.5), steps=40)
    again = at(there.hypersurface, there.points * 1j, patch=(there.patch + 2) % 5)
    etas = [torch.linalg.det(flow.metric(s)).real / s.density for s in (there, again)]
    assert torch.allclose(*etas, rtol=1e-10)


def test_the_delta_kernel_solves_each_point_alone():
    there = sample(fermat(2), 30, 0)
    flow = elementwise_flow(there, None, steps=400)
    assert flow.gain > 1e20
    # One point with another's neighbourhood changes nothing for it.
    alone = elementwise_flow(there[:1], None, steps=400)
    assert alone.gain > 1e20


def test_what_was_learnt_is_lost_with_the_distance():
    """Gains at noised points fall by the square of the distance, and there is none to speak of at fresh points."""
    there, fresh = sample(fermat(3), 150, 0), sample(fermat(3), 150, 1)
    flow = elementwise_flow(there, None, steps=300)
    start = elementwise_flow(there, None, steps=1)
    sizes = (1e-4, 1e-3, 1e-2)
    apart, gains = [], []
    for size in sizes:
        near = noised(there, size)
        apart.append(float(fubini_study_distance(there.points, near.points).mean()))
        fs = torch.linalg.det(near.fubini_study).real / (near.kappa * near.density)
        gains.append(float((near.weights * (1 - fs) ** 2).sum() / near.weights.sum()) / loss(flow, near))
    slope = np.polyfit(np.log(apart), np.log(gains), 1)[0]
    assert -2.2 < slope < -1.8
    assert loss(flow, fresh) > 0.7 * loss(start, fresh)


def test_a_target_ends_the_flow_and_progress_is_told():
    seen = []
    there = sample(fermat(1), 30, 0)
    flow = elementwise_flow(there, None, steps=500, target=1e-6, progress=lambda step, value: seen.append(value))
    assert flow.losses[-1] <= 1e-6 < flow.losses[-2]
    assert seen == list(flow.losses[1:])


def test_what_cannot_be_meant_is_said():
    there = sample(fermat(1), 30, 0)
    with pytest.raises(InputError, match="`steps` must be at least 1, not 0"):
        elementwise_flow(there, None, steps=0)
    with pytest.raises(NumericalError, match="`kernel` is not finite"):
        elementwise_flow(there, lambda x, y: torch.full((len(x), len(y)), math.nan, dtype=torch.float64))
