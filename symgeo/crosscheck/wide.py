"""Wide networks: closed forms against integrals, against random finite networks, against autodiff of the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from symgeo.activations import activation
from symgeo.codegen import generate
from symgeo.crosscheck import kernel
from symgeo.crosscheck.deviation import relative_error, z_score
from symgeo.crosscheck.kernel import by_kernel
from symgeo.crosscheck.monte_carlo import NETWORKS, SIDE, by_monte_carlo
from symgeo.crosscheck.quadrature import by_quadrature
from symgeo.crosscheck.rows import Row
from symgeo.networks import WideNetwork

ACTIVATIONS = ("erf", "monomial(3)", "relu", "sin", "gaussian")
QUANTITIES = ("matrix", "log_volume_element", "christoffel", "scalar_curvature")
SIGMA, ZETA = 1.3, 0.6
POINTS = np.array([[0.4, -0.9, 0.3], [-1.2, 0.5, 0.8], [0.1, 0.2, -0.1]])


@dataclass(frozen=True)
class Reference:
    """A quantity at POINTS by another method; `error` is its standard error where that method draws at random."""

    quantity: str
    method: str
    against: str
    value: Float[np.ndarray, "points ..."]
    error: Float[np.ndarray, "points ..."] | None = None


def rows() -> Iterator[Row]:
    """One row for each activation, quantity and method."""
    for name in ACTIVATIONS:
        closed = closed_forms(name)
        for reference in references(name):
            value = closed[reference.quantity]
            if reference.error is None:
                deviation = relative_error(value, reference.value)
            else:
                deviation = z_score(value, reference.value, reference.error)
            yield Row(f"wide {name}", reference.quantity, reference.method, reference.against, deviation, len(POINTS))


def closed_forms(name: str) -> dict[str, Float[np.ndarray, "points ..."]]:
    """The kernels generated from the closed forms, at POINTS."""
    metric = WideNetwork(name).metric
    return {quantity: generate(getattr(metric, quantity))(POINTS, sigma=SIGMA, zeta=ZETA) for quantity in QUANTITIES}


def references(name: str) -> Iterator[Reference]:
    """The same quantities without the closed forms: of the activation they take phi alone."""
    phi = activation(name)
    for quantity, value in by_quadrature(phi, POINTS, SIGMA, ZETA).items():
        yield Reference(quantity, "quadrature", "quadrature over z, and the definition", value)
    # Every activation has networks of its own, so that its rows are evidence of their own.
    rng = np.random.default_rng([2301_11375, ACTIVATIONS.index(name)])
    against = f"{NETWORKS} random networks of {2 * POINTS.shape[1] * SIDE**2:,} units"
    for quantity, (mean, error) in by_monte_carlo(phi, POINTS, SIGMA, ZETA, rng).items():
        yield Reference(quantity, "Monte Carlo", against, mean, error)
    if name in kernel.ACTIVATIONS:
        for quantity, value in by_kernel(name, POINTS, SIGMA, ZETA).items():
            yield Reference(quantity, "autodiff", "autodiff of the kernel k(x, y)", value)
