"""Metric networks: positive by construction or refused; their kernel, and what one step of gradient descent does."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from symgeo.errors import InputError, NumericalError
from symgeo.flows import (
    KernelSpectrum,
    MetricNetwork,
    alignment,
    complex_kernel,
    gram,
    index_diagonal,
    kernel_spectrum,
    metric_network,
    metric_ntk,
    network_flow,
    pack,
    quadratic_loss,
    step_against_kernel,
    unpack,
)
from symgeo.models import MLP

ANSAETZE = ("free", "conformal", "additive", "multiplicative", "matrix", "kaehler")
LENGTHS = (2 * math.pi, 3.0)


def sample(count: int, seed: int = 0, dimension: int = 2) -> Tensor:
    return 3 * torch.rand(count, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def curved(x: Tensor) -> Tensor:
    """A reference that is neither flat nor diagonal."""
    s = 0.2 * x.sin()
    return torch.diag_embed(1.5 + x.cos() ** 2) + s[:, :, None] * s[:, None]


def network_of(ansatz: str, **options) -> MetricNetwork:
    return metric_network(2, ansatz, **{"widths": (7, 5), "lengths": LENGTHS, "reference": curved, **options})


@given(st.integers(0, 1000), st.integers(1, 4))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_packing_keeps_the_scalar_product(seed: int, d: int) -> None:
    a, b = (m + m.mT for m in torch.randn(2, 3, d, d, generator=torch.Generator().manual_seed(seed)).double())
    torch.testing.assert_close((pack(a) * pack(b)).sum(-1), (a * b).sum((-1, -2)))
    torch.testing.assert_close(unpack(pack(a)), a)


@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_every_ansatz_is_a_periodic_metric(ansatz: str) -> None:
    network, x = network_of(ansatz), sample(6)
    g = network.metric(x)
    torch.testing.assert_close(g, g.mT)
    assert (torch.linalg.eigvalsh(g.detach()) > 0).all()
    if ansatz == "free":
        shifted = network.metric(x + torch.tensor([LENGTHS[0], -LENGTHS[1]], dtype=torch.float64))
        torch.testing.assert_close(shifted, g, rtol=1e-12, atol=1e-12)
    # nearer to the reference as the outputs shrink
    small = network_of(ansatz, scale=1e-6).metric(x)
    expected = torch.eye(2).double().expand(6, 2, 2) if ansatz == "free" else curved(x)
    torch.testing.assert_close(small, expected, rtol=1e-4, atol=1e-4)


def test_the_kaehler_ansatz_adds_a_quarter_of_the_laplacian() -> None:
    class Potential(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.tensor(0.3).double())

        def forward(self, x: Tensor) -> Tensor:
            return self.a * (x[:, :1] ** 2 * x[:, 1:] + x[:, 1:].cos())

    x = sample(5)
    expected = 0.3 * (2 * x[:, 1] - x[:, 1].cos()) / 4
    g = unpack(MetricNetwork(Potential(), 2, "kaehler")(x))
    torch.testing.assert_close(g, (1 + expected)[:, None, None] * torch.eye(2).double())


def by_the_jacobian(network: nn.Module, x: Tensor) -> Tensor:
    parameters = dict(network.named_parameters())
    jacobian = jacrev(lambda p: functional_call(network, p, (x,)))(parameters)
    flat = torch.cat([j.flatten(2) for j in jacobian.values()], 2)
    return torch.einsum("iap,jbp->ijab", flat, flat).detach()


@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_the_kernel_is_that_of_the_jacobian_and_positive(ansatz: str) -> None:
    network, x = network_of(ansatz), sample(5)
    theta = metric_ntk(network, x)
    torch.testing.assert_close(theta, by_the_jacobian(network, x), rtol=1e-9, atol=1e-12)
    matrix = gram(theta)
    found = kernel_spectrum(matrix)
    assert found.eigenvalues[0] > -1e-12 * found.eigenvalues[-1]
    assert found.trace == pytest.approx(float(matrix.trace()), rel=1e-12)
    assert 1 <= found.effective_rank <= len(matrix)
    assert alignment(matrix, 3 * matrix) == pytest.approx(1)


def test_spectra() -> None:
    """Of the identity: full rank; distances between spectra are transport costs."""
    one, two = kernel_spectrum(torch.eye(4).double()), kernel_spectrum(3 * torch.eye(4).double())
    assert one.effective_rank == pytest.approx(4)
    assert one.distance(two) == pytest.approx(2)
    assert isinstance(one, KernelSpectrum)


def test_the_unconjugated_complex_kernel_is_not_positive() -> None:
    j = torch.randn(6, 2, 9, generator=torch.Generator().manual_seed(0), dtype=torch.complex128)
    parts = torch.cat([j.real, j.imag], 1)
    theta = torch.einsum("iap,jbp->ijab", parts, parts)
    torch.testing.assert_close(complex_kernel(theta), torch.einsum("iap,jbp->ijab", j, j.conj()))
    torch.testing.assert_close(complex_kernel(theta, conjugated=False), torch.einsum("iap,jbp->ijab", j, j))
    assert kernel_spectrum(gram(complex_kernel(theta))).eigenvalues[0] > -1e-12
    with pytest.raises(InputError, match="must be Hermitian"):
        kernel_spectrum(gram(complex_kernel(theta, conjugated=False)))


@pytest.mark.parametrize("ansatz", ANSAETZE)
def test_one_step_is_the_kernel_to_second_order(ansatz: str) -> None:
    network, x = network_of(ansatz), sample(6)
    target = pack(torch.eye(2).double().expand(6, 2, 2))
    loss = quadratic_loss(target)
    steps = [0.02, 0.01, 0.005, 0.0025]
    tried = [step_against_kernel(network, loss, x, h) for h in steps]
    assert np.polyfit(np.log(steps), np.log([t.error for t in tried]), 1)[0] == pytest.approx(2, abs=0.1)
    wrong = [abs(t.loss_change - t.loss_predicted) for t in tried]
    assert np.polyfit(np.log(steps), np.log(wrong), 1)[0] == pytest.approx(2, abs=0.15)
    assert tried[-1].loss_change == pytest.approx(tried[-1].loss_predicted, rel=0.05)


def test_off_diagonal_kernel_falls_with_the_width() -> None:
    """Between different components of an element-wise network Theta falls as n^(-1/2); their difference, too."""
    x, widths, seeds = sample(3), [16, 64, 256, 1024], 24
    off, apart = [], []
    for n in widths:
        blocks = []
        for seed in range(seeds):
            mlp = MLP((2, n, 3), "tanh", generator=torch.Generator().manual_seed(seed))
            blocks.append(metric_ntk(MetricNetwork(mlp, 2, "additive"), x))
        theta = torch.stack(blocks)
        off.append(float(theta[..., 0, 1].square().mean().sqrt()))
        apart.append(float((theta[..., 0, 0] - theta[..., 1, 1]).square().mean().sqrt()))
    for values in (off, apart):
        assert np.polyfit(np.log(widths), np.log(values), 1)[0] == pytest.approx(-0.5, abs=0.1)


def test_the_index_diagonal_kernel_projects_on_symmetric_matrices() -> None:
    theta = index_diagonal(torch.tensor([[2.0]]).double(), 3)[0, 0]
    h = torch.tensor([[1.0, 2], [2, -1]]).double()
    torch.testing.assert_close(unpack(theta @ pack(h)), 2 * h)


def test_the_loss_falls_at_its_rate() -> None:
    network, x = network_of("matrix"), sample(8)
    flow = network_flow(network, quadratic_loss(pack(curved(x + 0.3))), x, step=2e-3, steps=40)
    loss, rate = flow.measures["loss"], flow.measures["rate"]
    assert (np.diff(loss) < 0).all()
    np.testing.assert_allclose((loss[2:] - loss[:-2]) / (2 * 2e-3), rate[1:-1], rtol=1e-2)
    assert flow.states["g"].shape == (41, 8, 2, 2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: metric_network(2, "exact"), InputError, "`ansatz` must be one of free"),
        (lambda: metric_network(3, "kaehler"), InputError, "`dimension` 3"),
        (lambda: metric_network(2, lengths=(1.0,)), InputError, "2 numbers"),
        (lambda: metric_network(2, lengths=(1.0, -1.0)), InputError, "must be positive"),
        (lambda: MetricNetwork(nn.Linear(2, 2).double(), 2)(sample(4)), InputError, r"must make \(4, 3\)"),
        (lambda: network_of("additive")(torch.ones(4, 3).double()), InputError, r"`x` must be \(batch, 2\)"),
        (lambda: metric_ntk(network_of("additive"), torch.ones(4, 3).double()), InputError, r"must be \(batch, 2\)"),
        (lambda: quadratic_loss(torch.ones(1, 3))(torch.ones(4, 3)), InputError, r"`target` must be \(4, 3\)"),
        (lambda: network_of("additive", scale=30.0).metric(sample(50)), NumericalError, "not positive definite at"),
        (lambda: unpack(torch.ones(5)), InputError, "not 5"),
        (lambda: kernel_spectrum(torch.ones(2, 3)), InputError, "must be square"),
        (lambda: complex_kernel(torch.ones(1, 1, 3, 3)), InputError, "even number"),
        (lambda: network_flow(network_of("free"), torch.sum, sample(2), step=0.0, steps=1), InputError, "`step`"),
        (lambda: network_flow(network_of("free"), torch.sum, sample(2), step=0.1, steps=0), InputError, "`steps`"),
    ],
)  # fmt: skip
def test_networks_that_cannot_be_meant(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
