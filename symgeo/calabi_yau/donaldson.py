r"""The balanced algebraic metric: Donaldson's approximation of a Ricci-flat metric, without a network.

With a basis s_1, ..., s_K of the homogeneous polynomials of degree k on the hypersurface,

    g_ab = d_a dbar_b log(s^T G conj(s)) / (pi k),      G = (T^T)^{-1},
    T_ij = K / vol  int s_i conj(s_j) / (s^T G conj(s)) |Omega|^2

The balanced G is a fixed point, reached by iterating; |1 - eta| falls like k^{-2} as k grows. The integral is a sum
over a sample, averaged over the hypersurface's symmetries. Source: Donaldson, "Some numerical results in complex
differential geometry" (math/0512625); Douglas, Karp, Lukic and Reinbacher (hep-th/0612075).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Complex
from torch import Tensor

from symgeo.calabi_yau.hypersurface import Hypersurface
from symgeo.calabi_yau.sample import Sample
from symgeo.calabi_yau.sections import Sections
from symgeo.errors import InputError, NumericalError

# The iteration converges geometrically, the slower the higher the degree: more steps than this mean that it does not.
STEPS = 400


@dataclass(frozen=True)
class BalancedMetric:
    """A metric from sections.

    Attributes:
        sections: s_i.
        root: L with G = L L^dagger, so that s^T G conj(s) = |L^T s|^2.
        steps: how many were iterated.
    """

    sections: Sections
    root: Complex[Tensor, "K K"]
    steps: int

    def metric(self, sample: Sample) -> Complex[Tensor, "m n n"]:
        """g_ab at the points of a sample, in their coordinates."""
        unit, frame = _unit(sample)
        s = self.sections.values(unit) @ self.root
        ds = torch.einsum("mKN,mNn,KJ->mnJ", self.sections.gradients(unit), frame, self.root)
        density = (s.abs() ** 2).sum(1)[:, None, None]
        first = torch.einsum("maJ,mJ->ma", ds, s.conj())
        mixed = ds @ ds.mH
        squared = first[:, :, None] * first[:, None, :].conj()
        return (mixed / density - squared / density**2) / (math.pi * self.sections.degree)


def balanced_metric(
    hypersurface: Hypersurface, sample: Sample, degree: int, *, tolerance: float = 1e-10
) -> BalancedMetric:
    """The fixed point of the T-operator.

    Args:
        hypersurface: whose points the sample has.
        sample: what the integrals are summed over. Its noise stays in the metric, where symmetries do not remove it:
            ten times K^2 points or more leave little.
        degree: k.
        tolerance: of log(s^T G conj(s)) from one step to the next, at every point.

    Raises:
        InputError: a degree below 1, or fewer points than sections.
        NumericalError: no fixed point was reached.
    """
    sections = Sections(hypersurface, degree)
    count = len(sections)
    if len(sample.points) < count:
        raise InputError(f"`sample` must have at least {count} points, as many as sections, not {len(sample.points)}")
    unit, _ = _unit(sample)
    s = sections.values(unit)
    weights = sample.weights / sample.weights.sum() * count
    root = torch.eye(count, dtype=s.dtype)
    before = (s.abs() ** 2).sum(1).log()
    for step in range(1, STEPS + 1):
        scaled = s * (weights / before.exp()).sqrt()[:, None]
        root = _inverse_root(sections.symmetric(scaled.T @ scaled.conj()))
        after = ((s @ root).abs() ** 2).sum(1).log()
        change = float((after - before).abs().max())
        if change < tolerance:
            return BalancedMetric(sections, root, step)
        before = after
    raise NumericalError(
        f"`sample` gives no fixed point at degree {degree}: still moving by {change:.1e} after {STEPS} steps; "
        f"take more points than {len(sample.points)}"
    )


def _inverse_root(t: Complex[Tensor, "K K"]) -> Complex[Tensor, "K K"]:
    """L with L L^dagger = (T^T)^{-1}."""
    lower, failed = torch.linalg.cholesky_ex(t.T)
    if failed:
        raise NumericalError("`sample` makes the sections linearly dependent: take more points")
    return torch.linalg.solve_triangular(lower, torch.eye(len(t), dtype=t.dtype), upper=False).mH


def _unit(sample: Sample) -> tuple[Complex[Tensor, "m N"], Complex[Tensor, "m N n"]]:
    """Representatives of unit norm, whose powers neither grow nor vanish; the metric does not depend on the scale."""
    norm = sample.points.norm(dim=1)
    return sample.points / norm[:, None], sample.frame / norm[:, None, None]
