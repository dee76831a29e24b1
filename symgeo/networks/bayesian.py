r"""What training data does to the metric of a wide network, at first order in 1/n, under Bayesian inference.

A network f(x) = sum_j a_j phi(w_j.x + b_j)/sqrt(n), a ~ N(0, 1), has the likelihood N(y; 0, K_n) once a is integrated
out, where K_n = Phi(X) Phi(X)^T of the training points tends to K = k(X, X). To first order in K_n - K

    <g_mn(x)> = g_mn + (1/2n) sum_ab Psi_ab Cov[phi'(z)^2 w_m w_n, phi(z_a) phi(z_b)] + O(n^-2),
    Psi = C^-1 y y^T C^-1 - C^-1,   C = K + noise^2,   delta log sqrt det g = tr(g^-1 delta g)/2,

with the covariance over the weights of one unit (symgeo.networks.gaussian_average): log N(y; 0, K_n) is linear in
K_n - K at this order, with the slope Psi/2, and K_n and the metric are means over the same n independent units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from symgeo.activations import Activation, activation
from symgeo.errors import InputError, NumericalError
from symgeo.networks.gaussian_average import (
    NODES,
    Array,
    checked_deviations,
    checked_points,
    unit_function,
    unit_nodes,
)


@dataclass(frozen=True)
class BayesianCorrection:
    """The metric at infinite width and the coefficient of 1/n that data adds to its posterior mean.

    Attributes:
        metric: g at infinite width.
        correction: delta, <g> = metric + correction/n + O(n^-2).
        error: estimated absolute error of `correction`, from quadrature.
    """

    metric: Float[Array, "d d"]
    correction: Float[Array, "d d"]
    error: float

    @property
    def log_volume(self) -> float:
        """The coefficient of 1/n in log sqrt det <g>: tr(g^-1 delta)/2."""
        return float(np.trace(np.linalg.solve(self.metric, self.correction)) / 2)

    def at_width(self, width: int) -> Float[Array, "d d"]:
        """The posterior mean at width n to first order."""
        return self.metric + self.correction / width


def bayesian_correction(
    activation_: str | Activation,
    x: Float[Array, " d"],
    inputs: Float[Array, "p d"],
    targets: Float[Array, " p"],
    *,
    sigma: float,
    zeta: float = 0.0,
    noise: float = 0.0,
) -> BayesianCorrection:
    """The 1/n correction of the metric at x for a wide network that has seen the data.

    Args:
        activation_: as for WideNetwork; the quadrature converges fast for smooth ones.
        x: where.
        inputs: p training points.
        targets: their values, of a scalar output.
        sigma: standard deviation of the weights.
        zeta: that of the biases.
        noise: that of the targets; 0 interpolates them.

    Raises:
        InputError: for shapes that do not fit, or deviations out of range.
        NumericalError: for a training kernel that is singular in float64; add noise or drop repeated points.

    >>> data = np.array([[1.0, 0.0]]), np.array([0.0])
    >>> bayesian_correction("erf", np.array([1.0, 0.5]), *data, sigma=1.0).log_volume < 0
    True
    """
    phi = activation(activation_)
    place = checked_points(np.atleast_2d(x), "x")
    points = checked_points(inputs, "inputs", place.shape[1])
    y = np.asarray(targets, dtype=np.float64)
    if y.shape != (len(points),) or not np.isfinite(y).all():
        raise InputError(f"`targets` must be {len(points)} finite numbers, one an input, not of shape {y.shape}")
    sigma, zeta = checked_deviations(sigma, zeta)
    if not (np.isfinite(noise) and noise >= 0):
        raise InputError(f"`noise` must not be negative, not {noise:g}; it is the targets' standard deviation")
    results = [_corrected(phi, place, points, y, sigma, zeta, noise, counts) for counts in NODES]
    error = float(np.abs(results[0][1] - results[1][1]).max())
    return BayesianCorrection(*results[0], error)


def _corrected(
    phi: Activation,
    x: Float[Array, "1 d"],
    points: Float[Array, "p d"],
    y: Float[Array, " p"],
    sigma: float,
    zeta: float,
    noise: float,
    counts: dict[int, int],
) -> tuple[Float[Array, "d d"], Float[Array, "d d"]]:
    value, slope = unit_function(phi, 0), unit_function(phi, 1)
    alone = unit_nodes(x, sigma, zeta, counts)
    metric = np.einsum("q,qmn->mn", alone.weights * slope(alone.z[:, 0]) ** 2, alone.square)
    p = len(points)
    kernel, together = np.empty((p, p)), np.empty((p, p, *metric.shape))
    for a in range(p):
        for b in range(a + 1):
            nodes = unit_nodes(np.stack([x[0], points[a], points[b]]), sigma, zeta, counts)
            pair = nodes.weights * value(nodes.z[:, 1]) * value(nodes.z[:, 2])
            kernel[a, b] = kernel[b, a] = pair.sum()
            together[a, b] = together[b, a] = np.einsum("q,qmn->mn", pair * slope(nodes.z[:, 0]) ** 2, nodes.square)
    C = kernel + noise**2 * np.eye(p)
    if np.linalg.cond(C) > 1e12:
        raise NumericalError(
            f"`inputs`: the kernel of the {p} training points has condition number {np.linalg.cond(C):.0e}; "
            "add noise, or drop points that repeat"
        )
    weighted = np.linalg.solve(C, y)
    psi = np.outer(weighted, weighted) - np.linalg.inv(C)
    covariance = together - kernel[:, :, None, None] * metric
    return metric, np.einsum("ab,abmn->mn", psi, covariance) / 2
