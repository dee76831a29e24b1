r"""The geometry of the wide network as the mean over random finite networks, with its standard error.

For every point, NETWORKS finite networks are drawn; their units j (symgeo/crosscheck/units.py) have features
sqrt(rho_j/n) phi(z_j), so that with h = phi'^2

    g = (1/n) sum_j rho_j h w w,   dg = (1/n) sum_j rho_j h' w w w,   ddg = (1/n) sum_j rho_j h'' w w w w.

Christoffel symbols and curvature follow by definition. As they are no means themselves, their standard error and
what is left of their bias come from the jackknife: from all networks but one, for each.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from jaxtyping import Float

from symgeo.activations import Activation
from symgeo.crosscheck.definition import christoffel_and_curvature
from symgeo.crosscheck.units import Units, random_units

NETWORKS = 100
# 2304 groups of units a network: of a closed form, a deviation of 0.3 % shows in every row (tests/crosscheck).
SIDE = 48

Estimates = dict[str, tuple[Float[np.ndarray, "points ..."], Float[np.ndarray, "points ..."]]]


def by_monte_carlo(
    phi: Activation, points: Float[np.ndarray, "points d"], sigma: float, zeta: float, rng: np.random.Generator
) -> Estimates:
    """Mean and standard error of each quantity, by name; where phi' jumps, only what needs no second derivative."""
    of_h = _derivatives(phi)
    samples = [[_moments(of_h, random_units(rng, x, sigma, zeta, SIDE), x) for x in points] for _ in range(NETWORKS)]
    moments = [np.array([[of[k] for of in network] for network in samples]) for k in range(len(of_h))]
    whole = _geometry([moment.mean(0) for moment in moments])
    without = _geometry([(moment.sum(0) - moment) / (NETWORKS - 1) for moment in moments])
    result = {}
    for quantity, left in without.items():
        mean = NETWORKS * whole[quantity] - (NETWORKS - 1) * left.mean(0)
        result[quantity] = mean, np.sqrt((NETWORKS - 1) / NETWORKS * ((left - left.mean(0)) ** 2).sum(0))
    return result


def _derivatives(phi: Activation) -> list:
    # h and, where phi is smooth, h' and h'' as functions of a NumPy array.
    z = sp.Symbol("z", real=True)
    first, second, third = (phi.derivative(z, order) for order in (1, 2, 3))
    h = [first**2, 2 * first * second, 2 * (second**2 + first * third)]
    step = {"Heaviside": lambda t, *_: (t > 0) * 1.0}
    return [sp.lambdify(z, of, [step, "numpy"]) for of in (h if phi.smoothness == "smooth" else h[:1])]


def _moments(of_h: list, units: Units, x: np.ndarray) -> list[np.ndarray]:
    W, b, rho = units
    n, d = W.shape
    z = W @ x + b
    pairs = (W[:, :, None] * W[:, None, :]).reshape(n, -1)
    products = ((W, W), (pairs, W), (pairs, pairs))
    return [
        (left.T @ ((rho * f(z))[:, None] * right) / n).reshape((d,) * (2 + k))
        for k, (f, (left, right)) in enumerate(zip(of_h, products, strict=False))
    ]


def _geometry(moments: list[np.ndarray]) -> dict[str, np.ndarray]:
    g = moments[0]
    values = {"matrix": g, "log_volume_element": np.linalg.slogdet(g)[1] / 2}
    if len(moments) == 3:
        values["christoffel"], values["scalar_curvature"] = christoffel_and_curvature(np.linalg.inv(g), *moments[1:])
    return values
