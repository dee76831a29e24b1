r"""What a learned metric is worth: how flat, how much a metric, and what holds whatever its weights are.

    sigma         E |1 - eta|
    ricci         Vol^{1/n} E |g^{a bbar} Ric_{a bbar}|, Vol = D/n!    (Anderson et al., arXiv:2012.04656, scale-free)
    volume        int det g / (D/n!), which cohomology fixes at 1: a Monte Carlo estimate with its error
    kaehler       max |d_c g_{a bbar} - d_a g_{c bbar}| over max |d_c g_{a bbar}|: zero but for rounding
    transition    max |g' - T^T g conj(T)| over max |g'| between two patches: zero but for rounding
    eigenvalue    the smallest of g against g_FS over the points: positive where g is a metric

E is over |Omega|^2 d^{2n}x. Here `ricci` differs in its definition from that of arXiv:2012.04656 and those after it,
who average over the metric's own volume det g d^{2n}x: theirs is the same mean with a factor eta, E eta |...|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from symgeo.calabi_yau.curvature import metric_jets, scalar_curvature
from symgeo.calabi_yau.euler import Estimate, line_mean
from symgeo.calabi_yau.monge_ampere import equation, sigma
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample, at
from symgeo.errors import InputError


@dataclass(frozen=True)
class Measures:
    """The module's numbers for one metric."""

    sigma: float
    ricci: float
    volume: Estimate
    kaehler: float
    transition: float
    eigenvalue: float


def measures(network: PhiNetwork, sample: Sample, curved: int = 500) -> Measures:
    """All of them over a sample.

    Args:
        network: the metric's potential, in the sample's precision.
        sample: from `sample`, in coordinates, held out from training.
        curved: how many of its points, the first ones, have their curvature measured, which is the longest part.

    Raises:
        InputError: no points to measure curvature at, fewer than two whole lines of points, or a sample that is not in
            coordinates.
    """
    if not 0 < curved:
        raise InputError(f"`curved` must be positive, not {curved}")
    few = sample[:curved]
    jets = metric_jets(network, few)
    kaehler = jets.first - jets.first.permute(0, 3, 2, 1)
    scalar = scalar_curvature(jets).abs()
    n = sample.hypersurface.dimension
    volume = sample.hypersurface.degree / math.factorial(n)
    return Measures(
        sigma=sigma(network, equation(network, sample)),
        ricci=volume ** (1 / n) * float((few.weights * scalar).sum() / few.weights.sum()),
        volume=volume_ratio(network, sample),
        kaehler=float(kaehler.abs().max() / jets.first.abs().max()),
        transition=transition_loss(network, few),
        eigenvalue=smallest_eigenvalue(network, sample),
    )


@torch.no_grad()
def volume_ratio(network: PhiNetwork, sample: Sample) -> Estimate:
    """int det g / int det g_FS, which is 1: the mean of det g / det g_FS over points distributed as det g_FS."""
    g = network.metric(sample.unitary())
    return line_mean(torch.linalg.det(g).real, sample.line, exact=1.0)


@torch.no_grad()
def smallest_eigenvalue(network: PhiNetwork, sample: Sample) -> float:
    """The smallest eigenvalue of g relative to g_FS over the points."""
    return float(torch.linalg.eigvalsh(network.metric(sample.unitary())).min())


@torch.no_grad()
def transition_loss(network: PhiNetwork, sample: Sample) -> float:
    """How far g in the patch of the second largest coordinate is from g transformed to it.

    With Z' = Z / Z_a', the frames dZ'/dx' and dZ/dx span one tangent space of the hypersurface modulo Z, and
    T = dx/dx' is read off the components of dZ'/dx' orthogonal to Z.
    """
    rows = torch.arange(len(sample))
    second = sample.points.abs().argsort(1)[:, -2]
    other = at(sample.hypersurface, sample.points, patch=second, kappa=sample.kappa)
    scale = sample.points[rows, second][:, None, None]
    Z = sample.points[:, :, None]
    unit = Z / Z.norm(dim=1, keepdim=True)
    # Tangent vectors of the hypersurface at Z are those of its cone modulo Z itself.
    here, there = (x - unit @ (unit.mH @ x) for x in (sample.frame, scale * other.frame))
    T = torch.linalg.lstsq(here, there).solution
    expected = T.mT @ network.metric(sample) @ T.conj()
    actual = network.metric(other)
    return float((actual - expected).abs().max() / actual.abs().max())
