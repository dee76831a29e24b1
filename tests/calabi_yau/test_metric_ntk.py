"""The metric-NTK of a phi-network: against autograd, in every frame, its spectra, and when two of them differ."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call, jacrev

from symgeo.calabi_yau.comparison import plain_network
from symgeo.calabi_yau.frozen import FrozenNetwork
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.sample import at, sample
from symgeo.calabi_yau.spectrum import difference, phi_ntk, principal, unconjugated_spectrum
from symgeo.errors import InputError
from symgeo.flows.metric_ntk import complex_kernel, kernel_spectrum


def network_and_points(n, m=6, widths=(7, 5)):
    there = sample(fermat(n), m, 1)
    return plain_network(there, widths, 0.5, seed=2), there


def jacobian(network, there):
    """Of g_ab in the unitary frame, complex, one row a component, by automatic differentiation."""
    unitary = there.unitary()
    theta = {name: p.detach() for name, p in network.named_parameters()}

    class Metric(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = network

        def forward(self, part):
            return torch.view_as_real(self.inner.metric(unitary))

    made = jacrev(lambda t: functional_call(Metric(), {f"inner.{k}": v for k, v in t.items()}, (0,)))(theta)
    flat = torch.cat([v.flatten(4) for v in made.values()], -1)
    return torch.complex(flat[..., 0, :], flat[..., 1, :]).flatten(0, 2)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_kernel_is_that_of_automatic_differentiation(n):
    network, there = network_and_points(n)
    j = jacobian(network, there)
    found = kernel_spectrum(phi_ntk(network, there)).eigenvalues
    # Over all n^2 complex entries the positive kernel is J J^dagger, with the same eigenvalues.
    exact = torch.linalg.eigvalsh(j @ j.mH).numpy()
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-11 * exact.max())


@pytest.mark.parametrize("n", [1, 2, 3])
def test_without_conjugation_part_of_the_spectrum_is_negative(n):
    network, there = network_and_points(n)
    j = jacobian(network, there)
    exact = torch.linalg.eigvals(j @ j.mT)
    assert float(exact.imag.abs().max()) < 1e-9 * float(exact.abs().max())
    found = unconjugated_spectrum(phi_ntk(network, there), n).eigenvalues
    wanted = exact.real.sort().values.numpy()
    assert found == pytest.approx(wanted, rel=1e-8, abs=1e-10 * abs(wanted).max())
    assert (found < 0).sum() == len(there) * n * (n - 1) // 2
    real = jacobian(network, there)
    pairs = torch.cat([real.real, real.imag])
    theta = (pairs @ pairs.T)[None, None]
    assert torch.allclose(complex_kernel(theta, conjugated=False)[0, 0], j @ j.mT, rtol=1e-10, atol=1e-12)


def test_the_spectrum_depends_on_neither_patch_nor_phase():
    network, there = network_and_points(3, 8)
    again = at(there.hypersurface, there.points * 1j, patch=(there.patch + 1) % 5)
    first, second = (kernel_spectrum(phi_ntk(network, s)).eigenvalues for s in (there, again))
    assert first == pytest.approx(second, rel=1e-9, abs=1e-11 * first.max())


def test_chunks_change_nothing():
    network, there = network_and_points(2, 9)
    assert torch.allclose(phi_ntk(network, there), phi_ntk(network, there, chunk=2), rtol=1e-12)


def test_the_linearised_network_s_kernel_stays_what_it_was():
    network, there = network_and_points(3)
    frozen = FrozenNetwork(network)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in frozen.delta:
            p.copy_(torch.randn(p.shape, generator=generator, dtype=p.dtype))
    start = phi_ntk(network, there)
    assert torch.allclose(phi_ntk(frozen, there), start, rtol=1e-10, atol=1e-12 * float(start.max()))
    with torch.no_grad():
        for p in network.parameters():
            p.mul_(1.1)
    assert not torch.allclose(phi_ntk(network, there), start, rtol=0.01)


def test_principal_parts_are_kernels_over_fewer_points():
    network, there = network_and_points(2, 6)
    chosen = torch.tensor([4, 1])
    assert torch.allclose(principal(phi_ntk(network, there), chosen, 6), phi_ntk(network, there[chosen]), rtol=1e-12)


def test_kernels_differ_where_more_than_the_points_do():
    network, there = network_and_points(2, 24)
    theta = phi_ntk(network, there)
    # a fifth more is less than one half of the points differs from the other: noise is 0.25 of the mean eigenvalue
    near = difference(theta, 1.2 * theta, 24, splits=39)
    assert near.p_value > 0.05
    assert near.distance < 2 * near.noise
    apart = difference(theta, 5 * theta, 24, splits=39)
    assert apart.p_value == pytest.approx(1 / 40)
    assert apart.distance > 5 * apart.noise


def test_what_cannot_be_meant_is_said():
    theta = torch.eye(8, dtype=torch.float64)
    with pytest.raises(InputError, match="`theta` must have 9 rows for each point"):
        unconjugated_spectrum(theta, 3)
    with pytest.raises(InputError, match="`points` must be an even number of at least 4"):
        difference(theta[:3, :3], theta[:3, :3], 3)
    with pytest.raises(InputError, match="must be kernels over 3 points"):
        difference(theta, theta, 3)
