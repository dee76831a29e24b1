r"""The metric-NTK of a phi-network, which drives its metric along gradient descent, and its spectrum.

    Theta(x, x') = sum_I dg(x)/dtheta_I dg(x')/dtheta_I = d dbar d' dbar' Theta_phi(x, x')

between the n^2 real components of g in a g_FS-unitary frame (diagonal, sqrt(2) Re and sqrt(2) Im above it), whose
Euclidean product is Frobenius's. Over m points it is one symmetric positive matrix of size m n^2, and its spectrum
depends on neither patches nor frames. The kernel of the n^2 complex components without conjugation, J J^T, exchanges
g_ab and g_ba: with S = 1 for the diagonal and the real parts, -1 for the imaginary ones, it has the real eigenvalues of

    C^T S C,      Theta = C C^T,

of which n (n - 1)/2 in n^2, a third for n = 3, are negative (as in figure 4 of arXiv:2310.19870).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import wasserstein_distance
from torch import Tensor, nn

from symgeo.calabi_yau import jets
from symgeo.calabi_yau.hermitian import above
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample
from symgeo.errors import InputError
from symgeo.flows.metric_ntk import KernelSpectrum, gram, kernel_spectrum, metric_ntk


class Components(nn.Module):
    """The orthonormal components of d dbar phi from the features' jets, as a module."""

    def __init__(self, network: PhiNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Float[Tensor, "m rows F"]) -> Float[Tensor, "m n*n"]:
        """Diagonal, sqrt(2) Re, sqrt(2) Im."""
        entries = jets.mixed_entries(self.network(features))
        n = jets.dimension(features)
        return torch.cat([entries[:, :n], 2**0.5 * entries[:, n:]], 1)


def phi_ntk(network: PhiNetwork, sample: Sample, *, chunk: int | None = None) -> Float[Tensor, "mc mc"]:
    """Theta over points and components, the components of a point beside each other.

    Args:
        network: at the parameters that are meant.
        sample: m points.
        chunk: how many go through at once.
    """
    return gram(metric_ntk(Components(network), network.features(sample.unitary()), chunk=chunk))


def unconjugated_spectrum(theta: Float[Tensor, "mc mc"], dimension: int) -> KernelSpectrum:
    """The eigenvalues of J J^T over the complex components, in increasing order.

    Args:
        theta: from `phi_ntk`.
        dimension: n, of the hypersurface.

    Raises:
        InputError: a matrix that does not hold n^2 components for each point, or is not symmetric.
    """
    components = dimension**2
    if theta.ndim != 2 or len(theta) % components:
        raise InputError(f"`theta` must have {components} rows for each point, which {tuple(theta.shape)} has not")
    kernel_spectrum(theta)
    pairs = len(above(dimension)[0])
    signs = theta.new_ones(components)
    signs[dimension + pairs :] = -1
    values, vectors = torch.linalg.eigh(theta)
    root = vectors * values.clamp(min=0).sqrt()  # rounding below zero, of a Gram matrix
    found = torch.linalg.eigvalsh(root.mT @ (signs.repeat(len(theta) // components)[:, None] * root)).numpy()
    total = float(found.sum())
    return KernelSpectrum(found, total, total**2 / float((found**2).sum()))


def principal(theta: Float[Tensor, "mc mc"], points: Tensor, count: int) -> Float[Tensor, "kc kc"]:
    """Theta over some of the points, of `count` in all."""
    size = len(theta) // count
    rows = (points[:, None] * size + torch.arange(size)).reshape(-1)
    return theta[rows][:, rows]


@dataclass(frozen=True)
class Difference:
    """How far two spectra are apart, beside what other points of the same kernel would make of it.

    Attributes:
        distance: Wasserstein's between the kernels, each over one half of the points, the mean over random halves.
        noise: the same of the first kernel with itself.
        p_value: the part of the halves in which the noise is at least the distance, counting this test as one.
    """

    distance: float
    noise: float
    p_value: float


def difference(
    first: Float[Tensor, "mc mc"], second: Float[Tensor, "mc mc"], points: int, *, splits: int = 99, seed: int = 0
) -> Difference:
    """Whether two kernels over the same points differ by more than the choice of points explains.

    The points are cut into random halves A and B; W_1(spectrum of the first on A, of the second on B) is held against
    W_1(first on A, first on B), in units of the first's mean eigenvalue.

    Args:
        first: Theta, before training for example.
        second: after.
        points: how many points both have, even.
        splits: random halves.
        seed: of the halves.

    Raises:
        InputError: kernels of different sizes, or an odd number of points.
    """
    if first.shape != second.shape or len(first) % points:
        raise InputError(
            f"`first` and `second` must be kernels over {points} points, "
            f"not {tuple(first.shape)}, {tuple(second.shape)}"
        )
    if points % 2 or points < 4:
        raise InputError(f"`points` must be an even number of at least 4 for halves, not {points}")
    generator = torch.Generator().manual_seed(seed)
    mean = float(first.diagonal().mean())
    apart, noise = np.empty(splits), np.empty(splits)
    for i in range(splits):
        a, b = torch.randperm(points, generator=generator).split(points // 2)
        on_a = torch.linalg.eigvalsh(principal(first, a, points)).numpy()
        apart[i] = wasserstein_distance(on_a, torch.linalg.eigvalsh(principal(second, b, points)).numpy()) / mean
        noise[i] = wasserstein_distance(on_a, torch.linalg.eigvalsh(principal(first, b, points)).numpy()) / mean
    return Difference(float(apart.mean()), float(noise.mean()), float((1 + (noise >= apart).sum()) / (1 + splits)))
