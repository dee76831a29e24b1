r"""The equation that a Ricci-flat Kaehler metric solves, at the points of a sample.

    eta = det g / (kappa |Omega|^2) = 1        loss = E (1 - eta)^2,    sigma = E |1 - eta|

E is over |Omega|^2, that is with the sample's weights w = kappa |Omega|^2 / det g_FS. In a frame where g_FS is the
identity, g = 1 + d dbar phi and eta = det(1 + d dbar phi) / w: n^2 real numbers a point, and no patch is seen any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.calabi_yau import hermitian, jets
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample

_CHUNK = 2000  # points evaluated at once: bounds the memory, changes no result


@dataclass(frozen=True)
class Equation:
    """What the loss needs of a sample, computed once.

    Attributes:
        features: jets in a g_FS-unitary frame.
        weights: as the sample's.
    """

    features: Float[Tensor, "m rows F"]
    weights: Float[Tensor, " m"]

    def __len__(self) -> int:
        return len(self.weights)

    def __getitem__(self, index: Tensor | slice) -> Equation:
        return Equation(self.features[index], self.weights[index])

    def to(self, dtype: torch.dtype) -> Equation:
        """The same in float32 or float64."""
        return Equation(self.features.to(dtype), self.weights.to(dtype))

    def chunks(self, size: int = _CHUNK) -> list[Equation]:
        """Consecutive parts of at most that many points."""
        return [self[i : i + size] for i in range(0, len(self), size)]


def equation(network: PhiNetwork, sample: Sample) -> Equation:
    """The equation at the sample's points for networks with those features."""
    parts = [network.features(sample[i : i + _CHUNK].unitary()) for i in range(0, len(sample), _CHUNK)]
    return Equation(torch.cat(parts), sample.weights)


def metric_entries(phi: Float[Tensor, "m rows"]) -> Float[Tensor, "m n*n"]:
    """1 + d dbar phi, packed, from the jets of phi in a unitary frame."""
    curvature = jets.mixed_entries(phi)
    return hermitian.identity(curvature) + curvature


def eta(network: PhiNetwork, there: Equation) -> Float[Tensor, " m"]:
    """det g / (kappa |Omega|^2)."""
    return hermitian.determinant(metric_entries(network(there.features))) / there.weights


def eta_and_positive(network: PhiNetwork, there: Equation) -> tuple[Tensor, " Tensor"]:
    """eta, and where the metric is positive."""
    g = metric_entries(network(there.features))
    return hermitian.determinant(g) / there.weights, hermitian.positive(g)


@torch.no_grad()
def sigma(network: PhiNetwork, there: Equation) -> float:
    """E |1 - eta| over |Omega|^2."""
    total = sum(float((c.weights * (1 - eta(network, c)).abs()).sum()) for c in there.chunks())
    return total / float(there.weights.sum())
