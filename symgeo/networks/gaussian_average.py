r"""Averages over the weights of one unit, z_i = w.x_i + b at several points, w ~ N(0, sigma^2), b ~ N(0, zeta^2).

Only the span of the points (sigma x_i, zeta) matters: with Q an orthonormal basis of it and xi = Q^T (w/sigma, b/zeta)
standard normal in at most k dimensions, every z_i is linear in xi, and with Q_w the rows of Q that belong to w

    E[w | xi] = sigma Q_w xi,     E[w w^T | xi] = sigma^2 (Q_w xi xi^T Q_w^T + 1 - Q_w Q_w^T).

No covariance is inverted, so that equal or parallel points are points like others. The integral over xi is a product of
Gauss-Hermite rules; its error is estimated with a coarser one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy as sp
from jaxtyping import Float
from scipy import special

from symgeo.activations import Activation
from symgeo.errors import InputError

_z = sp.Symbol("z", real=True)
# Nodes a dimension, for averages over a span of so many dimensions: the rule, and the coarser one for its error.
NODES = ({0: 1, 1: 160, 2: 90, 3: 48}, {0: 1, 1: 120, 2: 68, 3: 36})
Array = np.ndarray


@dataclass(frozen=True)
class UnitNodes:
    """Nodes of the average over one unit: preactivations at the points, and the moments of w given these.

    Attributes:
        weights: of the quadrature.
        z: preactivations at each point.
        mean: E[w | xi].
        square: E[w w^T | xi].
    """

    weights: Float[Array, " nodes"]
    z: Float[Array, "nodes points"]
    mean: Float[Array, "nodes d"]
    square: Float[Array, "nodes d d"]


def unit_nodes(points: Float[Array, "points d"], sigma: float, zeta: float, counts: dict[int, int]) -> UnitNodes:
    """Nodes for an average that depends on w and b through the preactivations at the points, and on w.

    Args:
        points: at most three.
        sigma: standard deviation of w.
        zeta: that of b.
        counts: nodes a dimension, by the dimension of the points' span.
    """
    d = points.shape[1]
    extended = np.concatenate([sigma * points, np.full((len(points), 1), zeta)], 1)
    left, sizes, _ = np.linalg.svd(extended.T, full_matrices=False)
    basis = left[:, sizes > 1e-12 * max(sizes.max(), 1e-300)]
    rank = basis.shape[1]
    nodes, weights = np.polynomial.hermite_e.hermegauss(counts[rank])
    xi = np.stack(np.meshgrid(*[nodes] * rank, indexing="ij"), -1).reshape(-1, rank)
    product = np.prod(np.stack(np.meshgrid(*[weights] * rank, indexing="ij"), -1).reshape(-1, rank), 1)
    product = product / np.sqrt(2 * np.pi) ** rank
    # Beyond the last digit a node only costs.
    kept = product > 1e-18 * product.max()
    xi, product = xi[kept], product[kept]
    mean = sigma * xi @ basis[:d].T
    across = sigma**2 * (np.eye(d) - basis[:d] @ basis[:d].T)
    return UnitNodes(product, xi @ (extended @ basis).T, mean, mean[:, :, None] * mean[:, None, :] + across)


@cache
def unit_function(phi: Activation, order: int) -> Callable[[Array], Array]:
    """The derivative of an activation of an order, as a NumPy function."""
    modules = [{"logistic": special.expit, "log1pexp": lambda z: np.logaddexp(0, z)}, "scipy", "numpy"]
    function = sp.lambdify(_z, phi.derivative(_z, order), modules, cse=True)
    return lambda z: np.broadcast_to(function(z), z.shape)


def checked_points(value: object, name: str, dimension: int | None = None) -> Float[Array, "points d"]:
    """Points as rows of a float64 array.

    Raises:
        InputError: for another shape, or numbers that are not finite.
    """
    points = np.asarray(value, dtype=np.float64)
    if points.ndim != 2 or not points.size or not np.isfinite(points).all():
        raise InputError(f"`{name}` must be finite points, one a row, not an array of shape {points.shape}")
    if dimension is not None and points.shape[1] != dimension:
        raise InputError(f"`{name}` has points of {points.shape[1]} coordinates, but `x` has {dimension}")
    return points


def checked_deviations(sigma: float, zeta: float) -> tuple[float, float]:
    """The deviations of weights and biases as floats.

    Raises:
        InputError: unless sigma > 0 and zeta >= 0.
    """
    sigma, zeta = float(sigma), float(zeta)
    if not (np.isfinite(sigma) and sigma > 0):
        raise InputError(f"`sigma` must be positive, not {sigma:g}; it is the weights' standard deviation")
    if not (np.isfinite(zeta) and zeta >= 0):
        raise InputError(f"`zeta` must not be negative, not {zeta:g}; it is the biases' standard deviation")
    return sigma, zeta
