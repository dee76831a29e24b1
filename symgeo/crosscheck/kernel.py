r"""The geometry of the wide network from its kernel, by automatic differentiation.

    k(x, y) = E[phi(w.x + b) phi(w.y + b)],   g_mn = d^2 k / dx^m dy^n at y = x  (Burges 1999)

The kernel is a finite sum over the nodes of a cubature, in torch, of phi itself, written here by hand: neither its
derivatives nor anything else comes from the symbolic side. A kink has no place here: torch's derivative of a step is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.crosscheck.autodiff import Points, derivative, geometry
from symgeo.crosscheck.units import cubature_units

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "erf": lambda z: torch.erf(z / math.sqrt(2)),
    "monomial(3)": lambda z: z**3,
    "sin": torch.sin,
    "gaussian": lambda z: torch.exp(-(z**2) / 2),
}


def by_kernel(
    activation: str, points: Float[np.ndarray, "points d"], sigma: float, zeta: float
) -> dict[str, Float[np.ndarray, "points ..."]]:
    """Metric, log volume element, Christoffel symbols and scalar curvature, by name."""
    phi = ACTIVATIONS[activation]
    units = [cubature_units(x, sigma, zeta) for x in points]
    W, b, rho = (torch.from_numpy(np.stack(part)) for part in zip(*units, strict=True))

    def features(x: Points) -> Tensor:
        return phi(torch.einsum("pnd,pd->pn", W, x) + b)

    def metric(p: Points) -> Float[Tensor, "batch d d"]:
        # Two copies, so that each argument of the kernel has derivatives of its own.
        x, y = p.clone(), p.clone()
        kernel = (rho * features(x) * features(y)).mean(1)
        return derivative(derivative(kernel, x), y)

    return {quantity: value.numpy() for quantity, value in geometry(metric, torch.from_numpy(points)).items()}
