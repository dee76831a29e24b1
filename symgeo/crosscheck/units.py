r"""Units of a wide network, drawn as seen from one point x: at random, or as the nodes of a cubature.

(w/sigma, b/zeta) is standard normal in d + 1 dimensions. In an orthonormal frame e_0, ..., e_d whose e_0 lies along
(sigma x, zeta), its first coordinate t is the preactivation, z = w.x + b = sqrt(sigma^2 s + zeta^2) t, and the others,
xi, leave z alone. Each unit carries a factor rho: the mean of f(w, b) over the wide network is that of rho f
over units.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import chdtri, ndtri

# How many times too wide weights are drawn: it takes the tails into the body. Anything from 1.3 to 1.5 does as well.
WIDENED = 1.4


class Units(NamedTuple):
    """Weights, biases, and each unit's factor rho."""

    W: Float[np.ndarray, "n d"]
    b: Float[np.ndarray, " n"]
    rho: Float[np.ndarray, " n"]


def random_units(rng: np.random.Generator, x: Float[np.ndarray, " d"], sigma: float, zeta: float, side: int) -> Units:
    r"""The hidden layer of one random network of 2 d side^2 units, each of which is Gaussian as in the wide network.

    Weights are drawn `WIDENED` times too wide, and rho is the ratio of the densities: a network of features
    sqrt(rho/n) phi(z) has the wide network's kernel for its mean. Units of one network depend on each other, which
    changes no mean but lowers the scatter; networks are independent.

    - Stratified: side^2 groups take their t from as many equally probable intervals, one each. So they do the length of
      xi, in an order such that `side` neighbours in t share out the `side` times wider intervals among them.
    - Orthogonal and antithetic: the 2 d units of a group have xi along both directions of d orthogonal axes, turned
      at random (Yu et al. 2016, Orthogonal random features).
    """
    d, groups = len(x), side**2
    t = WIDENED * ndtri((np.arange(groups) + rng.random(groups)) / groups)
    wide = rng.random((side, side)).argsort(axis=1)  # one row for `side` neighbours in t
    narrow = np.take_along_axis(rng.random((side, side)).argsort(axis=0), wide, axis=1)
    tail = (wide + (narrow + rng.random((side, side))) / side).ravel() / side
    length = WIDENED * np.sqrt(chdtri(d, tail))  # chdtri is the upper quantile of |xi|^2
    axes = np.linalg.qr(rng.standard_normal((groups, d, d)))[0]
    xi = length[:, None, None] * np.concatenate([axes, -axes], axis=1)
    rho = WIDENED ** (d + 1) * np.exp(-(1 - WIDENED**-2) * (t**2 + length**2) / 2)
    return _placed(np.repeat(t, 2 * d), xi.reshape(-1, d), np.repeat(rho, 2 * d), x, sigma, zeta)


def cubature_units(x: Float[np.ndarray, " d"], sigma: float, zeta: float) -> Units:
    """121 x 3^d units that stand for all: the trapezoidal rule in t, three Gauss-Hermite nodes in each xi.

    The trapezoidal rule of step h errs by the integrand's Fourier transform at 2 pi/h, relatively: for
    exp(-v t^2 - t^2/2) by 2 exp(-pi^2/(h^2 (v + 1/2))), 6e-20 at v = 5. In xi, polynomials up to degree 5 are exact.
    """
    d, h = len(x), 0.2
    t = h * np.arange(-60, 61)
    along = h * np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
    xi = np.array(list(product((-np.sqrt(3), 0.0, np.sqrt(3)), repeat=d)))
    across = np.prod(np.where(xi == 0, 2 / 3, 1 / 6), axis=1)
    n = len(t) * len(xi)
    # rho counts n times, as the mean over units divides by it.
    rho = n * np.repeat(along, len(xi)) * np.tile(across, len(t))
    return _placed(np.repeat(t, len(xi)), np.tile(xi, (len(t), 1)), rho, x, sigma, zeta)


def _placed(t: np.ndarray, xi: np.ndarray, rho: np.ndarray, x: np.ndarray, sigma: float, zeta: float) -> Units:
    along = np.append(sigma * x, zeta)
    # QR of a matrix whose first column is e_0 completes it to a frame, up to signs, which xi's symmetry does not see.
    frame = np.linalg.qr(np.column_stack([along, np.eye(len(along))[:, :-1]]))[0]
    frame[:, 0] = along / np.linalg.norm(along)
    standard = np.column_stack([t, xi]) @ frame.T
    return Units(sigma * standard[:, :-1], zeta * standard[:, -1], rho)
