r"""The Euler number of a hypersurface by integrating the top Chern form of a metric on it.

    chi = int c_n,    c_n = det of i Omega / 2 pi,    Omega^e_a = g^{e bbar} R_{a bbar c dbar} dz^c dzbar^d

In components, with R^e_a c d = g^{e bbar} R_{a bbar c dbar} and the Lebesgue measure of the real coordinates,

    c_n = pi^{-n} sum_{s, p, q} sgn(s p q) prod_a R^{s(a)}_{a p(a) q(a)} d^{2n}x

over permutations s, p, q of n indices: (i/2 pi)^n prod dz^k dzbar^k = pi^{-n} d^{2n}x. The integral is D/n! times the
mean of c_n/det g_FS over points distributed as det g_FS. It is the same for every metric; for a polynomial of degree
D in D variables it is (the coefficient of h^n in (1 + h)^D / (1 + D h)) D: 0, 24, -200 for D = 3, 4, 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations, product

import torch
from jaxtyping import Complex, Float, Int
from torch import Tensor

from symgeo.calabi_yau.curvature import metric_jets, riemann
from symgeo.calabi_yau.hypersurface import Hypersurface
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.sample import Sample
from symgeo.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """A Monte Carlo estimate.

    Attributes:
        value: the mean.
        error: its standard error, from the random lines, which are independent.
        exact: what it estimates.
    """

    value: float
    error: float
    exact: float

    @property
    def z(self) -> float:
        """How many standard errors it is away; with no error, 0 where the values agree and infinite where not."""
        away = self.value - self.exact
        if self.error == 0:
            return math.copysign(math.inf, away) if away else 0.0
        return away / self.error


def euler_number(hypersurface: Hypersurface) -> int:
    """chi of the smooth hypersurface, from its Chern class (1 + h)^D / (1 + D h)."""
    D, n = hypersurface.degree, hypersurface.dimension
    return D * sum(math.comb(D, k) * (-D) ** (n - k) for k in range(n + 1))


def integrated_euler_number(network: PhiNetwork, sample: Sample) -> Estimate:
    """chi as the integral of the metric's top Chern form over the sample's points.

    Args:
        network: its metric; in the sample's precision.
        sample: from `sample`, in coordinates; lines that were cut do not count.

    Raises:
        InputError: fewer than two whole lines.
    """
    D, n = sample.hypersurface.degree, sample.hypersurface.dimension
    jets = metric_jets(network, sample)
    raised = torch.einsum("mbe,mabcd->meacd", torch.linalg.inv(jets.g), riemann(jets))
    density = chern_density(raised) / torch.linalg.det(sample.fubini_study).real
    return line_mean(density * (D / math.factorial(n)), sample.line, exact=euler_number(sample.hypersurface))


def chern_density(curvature: Complex[Tensor, "m n n n n"]) -> Float[Tensor, " m"]:
    """c_n over the Lebesgue measure, from R^e_{a c dbar} with indices (e, a, c, d)."""
    n = curvature.shape[1]
    total = torch.zeros_like(curvature[:, 0, 0, 0, 0])
    for s, p, q in product(permutations(range(n)), repeat=3):
        term = torch.stack([curvature[:, s[a], a, p[a], q[a]] for a in range(n)]).prod(0)
        total = total + _sign(s) * _sign(p) * _sign(q) * term
    return total.real / math.pi**n


def line_mean(values: Float[Tensor, " m"], line: Int[Tensor, " m"], exact: float) -> Estimate:
    """The mean over whole lines, with the standard error that their independence gives.

    Args:
        values: one a point.
        line: which line each point is on; a line with fewer points than others was cut, and does not count.
        exact: what is estimated.

    Raises:
        InputError: fewer than two whole lines, which have no spread.
    """
    _, place, points = torch.unique(line, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(points), dtype=values.dtype).index_add(0, place, values)
    lines = (sums / points)[points == points.max()]
    if len(lines) < 2:
        raise InputError(f"`line`: an error needs two whole lines, not {len(lines)}; take more points of the sample")
    return Estimate(float(lines.mean()), float(lines.std()) / math.sqrt(len(lines)), exact)


def _sign(permutation: tuple[int, ...]) -> int:
    n = len(permutation)
    return (-1) ** sum(permutation[i] > permutation[j] for i in range(n) for j in range(i + 1, n))
