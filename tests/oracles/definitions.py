"""Thirty digits of every closed form, by definitions alone: `python -m tests.oracles.definitions` writes values.json.

Nothing of the derivations is used. A wide network's metric at a point at distance r from the origin has, by the law of
large numbers and with z = w.x + b ~ N(0, v), v = sigma^2 r^2 + zeta^2,

    g_tt = sigma^2 E[phi'(z)^2],    g_rr = E[phi'(z)^2 w_r^2],    E[w_r^2 | z] = sigma^2 zeta^2/v + (sigma^2 r z/v)^2,

integrated numerically. In the arc length rho, d rho = sqrt(g_rr) dr, it is d rho^2 + f^2 dOmega^2, f = r sqrt(g_tt), so
that K_rt = -f''/f and K_tt = (1 - f'^2)/f^2, differentiated numerically. A shallow network is an embedding with
J = phi'(z_j) w_ja/sqrt n and H = phi''(z_j) w_ja w_jb/sqrt n, its curvature Gauss's, phi differentiated numerically.

Every symbol has a value of its own, made from its name by a hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import mpmath
import sympy as sp

from symgeo.activations import activation, log1pexp, logistic

mp: Any = mpmath.mp  # floats below are mpmath's

VALUES = Path(__file__).parent / "values.json"
DIGITS = 30
# phi' of each activation, typed by hand
WIDE: dict[str, Callable[[float], float]] = {
    "erf": lambda z: 2 * mp.npdf(z),
    "probit": mp.npdf,
    "relu": lambda z: mp.mpf(z > 0),
    "leaky_relu": lambda z: mp.mpf(1) if z > 0 else mp.mpf(1) / 100,
    "monomial(3)": lambda z: 3 * z**2,
    "rectified_monomial(2)": lambda z: 2 * z if z > 0 else mp.mpf(0),
    "gelu": lambda z: mp.ncdf(z) + z * mp.npdf(z),
    "gaussian_softplus": mp.ncdf,
    "sin": mp.cos,
    "cos": lambda z: -mp.sin(z),
    "gaussian": lambda z: -z * mp.exp(-(z**2) / 2),
    "exp": mp.exp,
}
SHALLOW = ("erf", "probit", "monomial(3)", "gelu", "gaussian_softplus", "sin", "cos", "gaussian", "exp")
SHALLOW += ("tanh", "sigmoid", "softplus", "silu")
QUANTITIES = ("a", "b", "determinant", "volume_element", "K_rt", "K_tt", "scalar_curvature")
SHALLOW_QUANTITIES = ("determinant", "volume_element", "scalar_curvature")


def value_of(name: str) -> sp.Rational:
    """A rational number between 0.3 and 1.7, always the same for the same name."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return sp.Rational(3, 10) + sp.Rational(number % 1400, 1000)


def number(name: str) -> float:
    """The same, for mpmath."""
    value = value_of(name)
    return mp.mpf(value.p) / value.q


def _function(name: str) -> Callable[[float], float]:
    z = sp.Symbol("z", real=True)
    phi = activation(name).phi(z)
    own = phi.has(logistic, log1pexp)
    return sp.lambdify(z, phi.rewrite(sp.exp) if own else phi, "mpmath")


def wide(name: str) -> dict[str, str]:
    """The wide network's quantities at the hashed symbols, in d dimensions, d hashed too."""
    slope = WIDE[name]
    with mp.workdps(2 * DIGITS):
        s, sigma, zeta, d = (number(symbol) for symbol in ("s", "sigma", "zeta", "d"))

    def metric(r: float) -> tuple[float, float]:
        v = sigma**2 * r**2 + zeta**2
        root = mp.sqrt(v)

        def both(t: float) -> complex:
            """Two integrands at once, as real and imaginary part."""
            share = mp.npdf(t) * slope(root * t) ** 2
            return mp.mpc(share, share * (sigma**2 * zeta**2 / v + (sigma**2 * r * root * t / v) ** 2))

        total = mp.quad(both, [-20, -10, -4, 0, 4, 10, 20])
        return sigma**2 * total.real, total.imag

    with mp.workdps(DIGITS + 20):
        r = mp.sqrt(s)
        a, A = metric(r)
        f0 = r * mp.sqrt(a)
        jet = mp.taylor(lambda t: t * mp.sqrt(metric(t)[0]), r, 2)
        dA = mp.diff(lambda t: mp.sqrt(metric(t)[1]), r)
        f1 = jet[1] / mp.sqrt(A)
        f2 = (2 * jet[2] - jet[1] * dA / mp.sqrt(A)) / A
        K_rt, K_tt = -f2 / f0, (1 - f1**2) / f0**2
        determinant = a ** (d - 1) * A
        values = (a, (A - a) / s, determinant, mp.sqrt(determinant), K_rt, K_tt)
        R = 2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt
        return {quantity: mp.nstr(value, DIGITS) for quantity, value in zip(QUANTITIES, (*values, R), strict=True)}


def shallow(name: str) -> dict[str, str]:
    """The quantities of three units of two inputs at the hashed symbols."""
    phi, n, d = _function(name), 3, 2
    with mp.workdps(DIGITS + 30):
        W = mp.matrix(n, d)
        for j, i in product(range(n), range(d)):
            W[j, i] = number(f"W_{j + 1}_{i + 1}")
        x = [number(f"x_{i + 1}") for i in range(d)]
        z = [number(f"b_{j + 1}") + mp.fsum(W[j, i] * x[i] for i in range(d)) for j in range(n)]
        first, second = ([mp.diff(phi, value, k) / mp.sqrt(n) for value in z] for k in (1, 2))
        J = mp.matrix(n, d)
        for j, i in product(range(n), range(d)):
            J[j, i] = first[j] * W[j, i]
        H = {
            (a, b): mp.matrix([second[j] * W[j, a] * W[j, b] for j in range(n)]) for a, b in product(range(d), repeat=2)
        }
        g = J.T * J
        inverse = g**-1
        normal = mp.eye(n) - J * inverse * J.T
        R = mp.mpf(0)
        for a, b, c, e in product(range(d), repeat=4):
            gauss = (H[a, c].T * normal * H[b, e])[0] - (H[a, e].T * normal * H[b, c])[0]
            R += inverse[a, c] * inverse[b, e] * gauss
        determinant = mp.det(g)
        values = (determinant, mp.sqrt(determinant), R)
        return {quantity: mp.nstr(v, DIGITS) for quantity, v in zip(SHALLOW_QUANTITIES, values, strict=True)}


def main() -> None:
    """Compute all, write the file."""
    values = {f"wide {name}": wide(name) for name in WIDE} | {f"shallow {name}": shallow(name) for name in SHALLOW}
    VALUES.write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
