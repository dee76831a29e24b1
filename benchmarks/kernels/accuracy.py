"""The largest relative error of R of three units against 50 digits, ours and of the expanded form."""

from __future__ import annotations

import mpmath as mp
import numpy as np

import symgeo
from benchmarks.kernels.cases import expanded
from benchmarks.kernels.peers import lambdified

PARALLEL = 0.03
"""How far the weights are from parallel; the expanded form loses with its fourth power, ours with its first."""


def exact(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> float:
    """R = -minors/(2 det^2), every number with 50 digits."""
    with mp.workdps(50):
        z = [mp.mpf(w[0]) * mp.mpf(x[0]) + mp.mpf(w[1]) * mp.mpf(x[1]) + mp.mpf(c) for w, c in zip(W, b, strict=True)]
        s = [1 / (1 + mp.exp(-t)) for t in z]
        h = [(t * (1 - t)) ** 2 for t in s]
        dh = [2 * a * (1 - 2 * t) for a, t in zip(h, s, strict=True)]
        w = [[mp.mpf(v) for v in row] for row in W]
        G = [sum(h[j] * w[j][0] ** (2 - m) * w[j][1] ** m for j in range(3)) / 3 for m in range(3)]
        T = [sum(dh[j] * w[j][0] ** (3 - m) * w[j][1] ** m for j in range(3)) / 3 for m in range(4)]
        det = G[0] * G[2] - G[1] ** 2
        minors = (
            G[0] * (T[1] * T[3] - T[2] ** 2) - G[1] * (T[0] * T[3] - T[1] * T[2]) + G[2] * (T[0] * T[2] - T[1] ** 2)
        )
        return float(-minors / (2 * det**2))


def errors(count: int) -> dict[str, float]:
    """System -> largest relative error over networks whose weights are nearly parallel, one point each."""
    rng = np.random.default_rng(8)
    network = symgeo.ShallowNetwork("sigmoid", 2, 3)
    kernels = {
        f"symgeo, {backend}": symgeo.generate(network.metric.scalar_curvature, backend, sizes={"n": 3, "d": 2})
        for backend in ("numpy", "torch", "c")
    }
    plain = lambdified(expanded(network), [*network.points, *network.weights, *network.biases])
    worst = dict.fromkeys([*kernels, "expanded form"], 0.0)
    for _ in range(count):
        W = rng.normal(size=(3, 1)) * rng.normal(size=2) + PARALLEL * rng.normal(size=(3, 2))
        x, b = rng.normal(size=2), rng.normal(size=3)
        truth = exact(x, W, b)
        for name, kernel in kernels.items():
            worst[name] = max(worst[name], abs(float(kernel(x, W=W, b=b)) / truth - 1))
        worst["expanded form"] = max(worst["expanded form"], abs(float(plain(*x, *W.ravel(), *b)) / truth - 1))
    return worst
