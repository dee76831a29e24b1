r"""The metric-NTK, what drives a metric that gradient descent on a network's parameters makes flow.

    Theta_ijkl(x, x') = sum_I dg_ij(x)/dtheta_I dg_kl(x')/dtheta_I          (Halverson and Ruehle, arXiv:2310.19870)

In the orthonormal packing of symmetric matrices it is a positive semi-definite Gram matrix over points and components.
It is summed layer by layer (`linear_kernel`, `symgeo.pullback.ntk`), never as the product of N x P matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Complex, Float
from scipy.stats import wasserstein_distance
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.flows.linear_kernel import linear_kernel
from symgeo.pullback import ntk


def metric_ntk(
    network: nn.Module, x: Float[Tensor, "N d"], y: Float[Tensor, "M d"] | None = None, *, chunk: int | None = None
) -> Float[Tensor, "N M o o"]:
    """Theta between the packed components at x and at y.

    Args:
        network: what makes packed components of points, a MetricNetwork for example.
        x: points.
        y: others; None for x itself.
        chunk: how many points go through at once.

    Raises:
        InputError: a module or points that cannot be meant.
    """
    made = linear_kernel(network, x, y) if chunk is None else None
    return ntk(network, x, y, outputs="full", chunk=chunk) if made is None else made


def gram(theta: Float[Tensor, "N M o o"]) -> Float[Tensor, "No Mo"]:
    """Theta as one matrix over (point, component)."""
    n, m, o, p = theta.shape
    return theta.permute(0, 2, 1, 3).reshape(n * o, m * p)


def index_diagonal(scalar: Float[Tensor, "N M"], count: int) -> Float[Tensor, "N M o o"]:
    """(delta_ik delta_jl + delta_il delta_jk)/2 Theta(x, x'), in the packing: the identity times Theta."""
    return scalar[..., None, None] * torch.eye(count, dtype=scalar.dtype, device=scalar.device)


def complex_kernel(theta: Float[Tensor, "N M p p"], *, conjugated: bool = True) -> Complex[Tensor, "N M o o"]:
    """The kernel of complex components from that of (real parts, imaginary parts).

    J J^dagger is Hermitian and positive; J J^T, un-conjugated, is complex symmetric and is neither.

    Raises:
        InputError: an odd number of real components.
    """
    if theta.shape[-1] % 2:
        raise InputError(f"`theta` must hold real and imaginary parts, an even number, not {theta.shape[-1]}")
    o = theta.shape[-1] // 2
    rr, ri, ir, ii = theta[..., :o, :o], theta[..., :o, o:], theta[..., o:, :o], theta[..., o:, o:]
    return torch.complex(rr + ii, ir - ri) if conjugated else torch.complex(rr - ii, ir + ri)


@dataclass(frozen=True)
class KernelSpectrum:
    """Eigenvalues of a Gram matrix, in increasing order, and what they say.

    Attributes:
        eigenvalues: in increasing order.
        trace: their sum.
        effective_rank: trace^2 / sum of squares.
    """

    eigenvalues: Float[np.ndarray, " m"]
    trace: float
    effective_rank: float

    def distance(self, other: KernelSpectrum) -> float:
        """Wasserstein's, between the two sets of eigenvalues."""
        return float(wasserstein_distance(self.eigenvalues, other.eigenvalues))


def kernel_spectrum(matrix: Float[Tensor, "m m"]) -> KernelSpectrum:
    """The spectrum of a symmetric (or Hermitian) Gram matrix.

    Raises:
        InputError: not square, or not Hermitian.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"`matrix` must be square, not {tuple(matrix.shape)}: gram(theta) makes one of a kernel")
    if not torch.allclose(matrix, matrix.mH, rtol=1e-8, atol=1e-10 * float(matrix.abs().max())):
        raise InputError("`matrix` must be Hermitian, which an un-conjugated kernel is not")
    values = torch.linalg.eigvalsh(matrix).numpy()
    total = float(values.sum())
    return KernelSpectrum(values, total, total**2 / float((values**2).sum()))


def alignment(a: Float[Tensor, "m m"], b: Float[Tensor, "m m"]) -> float:
    """The cosine between two kernels, <A, B> / (|A| |B|)."""
    return float((a * b).sum() / (a.norm() * b.norm()))
