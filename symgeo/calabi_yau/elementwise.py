r"""Metrics that flow with a fixed kernel, component by component: networks of infinite width.

    g_ab(x) = g_FS + t_a^T A(x) conj(t_b),      dA(x)/dt = - sum_j Theta(x, x_j) dL/dA(x_j),
    L = mean of w (1 - eta)^2,                  dL/dA = 2 w (eta - 1) eta  conj(t) g^{-1} t^T / m

A is a Hermitian matrix of N x N, the same kernel for all its components; t the part of the frame dZ/dx that is
orthogonal to a Z of unit norm. Components of g in a patch's coordinates are no functions on the hypersurface, those of
A are: g does not depend on patch or phase. Kernels are of the phase-free coordinates Z Z^dagger. After section 5 of
"Metric flows with neural networks", arXiv:2310.19870. This g need not be Kaehler: nothing ties the As together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from symgeo.calabi_yau.distances import phase_free
from symgeo.calabi_yau.sample import Sample
from symgeo.errors import InputError, NumericalError
from symgeo.flows.kernels import Kernel

Progress = Callable[[int, float], None]

# Explicit steps: longer by GROW after one that lowers the loss, shorter by SHRINK after one that does not.
GROW, SHRINK = 1.1, 0.5
# The first step changes no A by more than this, in the components that g_FS has of order one.
FIRST = 0.01
# Steps so short that nothing changes any more.
SHORTEST = 1e-12
_CHUNK = 200


@dataclass(frozen=True)
class ElementwiseFlow:
    """What a fixed kernel made of the Fubini-Study metric.

    Attributes:
        points: x_j, that it learned from.
        kernel: Theta; None for the delta kernel.
        weights: c_j with A(x) = sum_j Theta(x, x_j) c_j.
        losses: L, before the first step and after each.
        rejected: how many steps were too long: the loss rose, or a metric lost its positivity.
    """

    points: Complex[Tensor, "m N"]
    kernel: Kernel | None
    weights: Complex[Tensor, "m N N"]
    losses: tuple[float, ...]
    rejected: int

    @property
    def gain(self) -> float:
        """The loss at the start over that at the end, at the points that it learned from."""
        return self.losses[0] / self.losses[-1] if self.losses[-1] else math.inf

    def ambient(self, points: Complex[Tensor, "k N"]) -> Complex[Tensor, "k N N"]:
        """A at any points; with the delta kernel, that of the nearest point that it learned from.

        The delta kernel moves no other point at all: a constant around each is the kindest reading.
        """
        if self.kernel is None:
            # Of unit length, the nearest has the largest product.
            return self.weights[(phase_free(points) @ phase_free(self.points).T).argmax(1)]
        return _spread(_matrix(self.kernel, phase_free(points), phase_free(self.points)), self.weights)

    def metric(self, sample: Sample) -> Complex[Tensor, "k n n"]:
        """g at the points of a sample, in their coordinates."""
        return _metric(sample.fubini_study, horizontal(sample), self.ambient(sample.points))


def elementwise_flow(
    sample: Sample, kernel: Kernel | None, *, steps: int = 1000, target: float = 0.0, progress: Progress | None = None
) -> ElementwiseFlow:
    """The flow of the Monge-Ampere loss from the Fubini-Study metric.

    Args:
        sample: what it learns from.
        kernel: Theta of `phase_free` coordinates, from `symgeo.flows.kernels`; None for the delta kernel.
        steps: tried at most.
        target: the loss at which it ends.
        progress: called with every step's number and loss.

    Raises:
        InputError: no step.
        NumericalError: a kernel that is not finite.
    """
    if steps < 1:
        raise InputError(f"`steps` must be at least 1, not {steps}")
    frame, count = horizontal(sample), len(sample.points)
    x = phase_free(sample.points)
    theta = None if kernel is None else _matrix(kernel, x, x)
    if theta is not None and not theta.isfinite().all():
        raise NumericalError("`kernel` is not finite between some of the points: choose another")

    def spread(c: Tensor) -> Tensor:
        return c if theta is None else _spread(theta, c)

    weights = frame.new_zeros(count, frame.shape[1], frame.shape[1])
    loss, gradient = _loss(sample, frame, spread(weights))
    step = FIRST / float(spread(gradient).abs().max())
    shortest, losses, rejected = SHORTEST * step, [loss], 0
    for number in range(1, steps + 1):
        tried = weights - step * gradient
        new, new_gradient = _loss(sample, frame, spread(tried))
        if new <= loss:
            weights, loss, gradient, step = tried, new, new_gradient, GROW * step
        else:
            rejected += 1
            step *= SHRINK
        losses.append(loss)
        if progress is not None:
            progress(number, loss)
        if loss <= target or step < shortest:
            break
    return ElementwiseFlow(sample.points, kernel, weights, tuple(losses), rejected)


def horizontal(sample: Sample) -> Complex[Tensor, "m N n"]:
    """The frame of a representative of unit norm, without its part along that."""
    norm = sample.points.norm(dim=1)
    z, frame = sample.points / norm[:, None], sample.frame / norm[:, None, None]
    return frame - z[:, :, None] * (z.conj()[:, None, :] @ frame)


def _matrix(kernel: Kernel, x: Float[Tensor, "k d"], y: Float[Tensor, "m d"]) -> Float[Tensor, "k m"]:
    """Theta, some rows at once: kernels hold the differences of all pairs."""
    return torch.cat([kernel(part, y) for part in x.split(_CHUNK)])


def _spread(theta: Float[Tensor, "k m"], weights: Complex[Tensor, "m N N"]) -> Complex[Tensor, "k N N"]:
    """sum_j Theta(x, x_j) c_j, in real arithmetic."""
    real = torch.view_as_real(weights)
    return torch.view_as_complex((theta @ real.flatten(1)).unflatten(1, real.shape[1:]).contiguous())


def _metric(start: Tensor, frame: Tensor, ambient: Tensor) -> Complex[Tensor, "m n n"]:
    return start + frame.mT @ ambient @ frame.conj()


def _loss(sample: Sample, frame: Tensor, ambient: Tensor) -> tuple[float, Complex[Tensor, "m N N"]]:
    """L and dL/dA; infinite where some g is not positive definite."""
    g = _metric(sample.fubini_study, frame, ambient)
    lower, failed = torch.linalg.cholesky_ex(g)
    if failed.any():
        return float("inf"), ambient
    eta = lower.diagonal(dim1=1, dim2=2).real.prod(1) ** 2 / (sample.kappa * sample.density)
    weights: Float[Tensor, " m"] = sample.weights / sample.weights.sum()
    half = torch.linalg.solve_triangular(lower, frame.mT, upper=False)
    gradient = half.mH @ half
    slope = 2 * weights * (eta - 1) * eta
    return float((weights * (1 - eta) ** 2).sum()), slope[:, None, None] * gradient
