r"""Wide networks: closed forms against quadrature, against random finite networks, against autodiff of the metric."""

from __future__ import annotations

from collections.abc import Iterator

import mpmath as mp
import numpy as np
import sympy as sp
import torch
from jaxtyping import Float

from symgeo.activations import Activation
from symgeo.codegen import generate
from symgeo.crosscheck.autodiff import geometry
from symgeo.crosscheck.rows import Row
from symgeo.gaussian import expectation
from symgeo.networks import WideNetwork

ACTIVATIONS = ("erf", "monomial(3)", "relu", "sin", "gaussian")
QUANTITIES = ("matrix", "log_volume_element", "christoffel", "scalar_curvature")
SIGMA, ZETA = 1.3, 0.6
POINTS = np.array([[0.4, -0.9, 0.3], [-1.2, 0.5, 0.8], [0.1, 0.2, -0.1]])

Values = dict[str, Float[np.ndarray, "points ..."]]


def rows() -> Iterator[Row]:
    """One row for each activation, quantity and method."""
    for name in ACTIVATIONS:
        network = WideNetwork(name)
        subject = f"wide {name}"
        closed = {q: generate(getattr(network.metric, q))(POINTS, sigma=SIGMA, zeta=ZETA) for q in QUANTITIES}
        for quantity, value in by_quadrature(network.activation).items():
            error = relative_error(closed[quantity], value)
            yield Row(subject, quantity, "quadrature", "quadrature of E[phi'^2]", error, len(POINTS))
        for quantity, (mean, error) in by_monte_carlo(network.activation).items():
            z = np.abs(closed[quantity] - mean) / error
            # Components that hold exactly in every network have no scatter: they must agree to rounding.
            exact = error <= 1e-14 * np.abs(mean).max()
            z[exact] = np.where(np.abs(closed[quantity] - mean)[exact] <= 1e-10 * np.abs(mean).max(), 0.0, np.inf)
            against = f"{NETWORKS} random networks of {WIDTH:,} units"
            yield Row(subject, quantity, "Monte Carlo", against, float(z.max()), len(POINTS))
        metric = generate(network.metric.matrix, "torch")
        reference = geometry(lambda x, g=metric: g(x, sigma=SIGMA, zeta=ZETA), torch.from_numpy(POINTS))
        for quantity in ("christoffel", "scalar_curvature"):
            error = relative_error(closed[quantity], reference[quantity].numpy())
            yield Row(subject, quantity, "autodiff", "autodiff of the metric", error, len(POINTS))


def relative_error(value: np.ndarray, reference: np.ndarray) -> float:
    """The largest deviation over points, relative to the largest component there; absolute where all vanish."""
    axes = tuple(range(1, reference.ndim))
    scale = np.abs(reference).max(axis=axes) if axes else np.abs(reference)
    scale = np.where(scale < 1e-12, 1.0, scale)
    deviation = np.abs(value - reference).max(axis=axes) if axes else np.abs(value - reference)
    return float((deviation / scale).max())


def by_quadrature(phi: Activation) -> Values:
    """The geometry from Omega(s) = log(sigma^2 G(sigma^2 s + zeta^2)), with G, G' and G'' by quadrature.

    The derivatives in v fall on the Gaussian's density, so that phi' needs no derivative and kinks do no harm:
    G' = E[phi'^2 (z^2/v - 1)]/(2 v), G'' = E[phi'^2 (z^4/v^2 - 6 z^2/v + 3)]/(4 v^2); d/ds = sigma^2 d/dv.

    R = 2 (d-1) K_rt + (d-1)(d-2) K_tt with K_rt = -2 s e^-Omega Omega' (Omega' + s Omega'')/A^2 and
    K_tt = -s e^-Omega Omega'^2/A, A = 1 + 2 s Omega'.
    """
    z = sp.Symbol("z", real=True)
    square = sp.lambdify(z, phi.derivative(z) ** 2, ["mpmath", {"Heaviside": lambda t, _: mp.mpf(t > 0)}])
    values: dict[str, list] = {q: [] for q in QUANTITIES}
    d = POINTS.shape[1]
    with mp.workdps(40):
        for x in POINTS:
            s = mp.fsum(mp.mpf(t) ** 2 for t in x)
            v = mp.mpf(SIGMA) ** 2 * s + mp.mpf(ZETA) ** 2
            moments = [expectation(lambda t, k=k: square(t) * t**k, v).value / v ** (k // 2) for k in (0, 2, 4)]
            G = moments[0]
            G1 = mp.mpf(SIGMA) ** 2 * (moments[1] - moments[0]) / (2 * v)
            G2 = mp.mpf(SIGMA) ** 4 * (moments[2] - 6 * moments[1] + 3 * moments[0]) / (4 * v**2)
            conformal, o1 = mp.mpf(SIGMA) ** 2 * G, G1 / G
            o2 = G2 / G - o1**2
            A = 1 + 2 * s * o1
            K_rt, K_tt = -2 * s * o1 * (o1 + s * o2) / (conformal * A**2), -s * o1**2 / (conformal * A)
            values["scalar_curvature"].append(float(2 * (d - 1) * K_rt + (d - 1) * (d - 2) * K_tt))
            values["log_volume_element"].append(float((d * mp.log(conformal) + mp.log(A)) / 2))
            outer, one = np.outer(x, x), np.eye(d)
            values["matrix"].append(float(conformal) * (one + 2 * float(o1) * outer))
            mixed = np.einsum("b,mc->mbc", x, one) + np.einsum("c,mb->mbc", x, one)
            along = float(o1 / A) * one + 2 * float((o2 - o1**2) / A) * outer
            values["christoffel"].append(float(o1) * mixed + np.einsum("m,bc->mbc", x, along))
    return {quantity: np.array(value) for quantity, value in values.items()}


NETWORKS, WIDTH = 200, 10_000


def by_monte_carlo(phi: Activation) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and standard error of the finite networks' geometry, leave-one-out (jackknife) over random networks.

    g and T_abc are means over units; the rest is a smooth function of them, whose bias the jackknife removes to
    second order. Every network's weights and biases are drawn anew, from a fixed seed.
    """
    z = sp.Symbol("z", real=True)
    first = sp.lambdify(z, phi.derivative(z), ["numpy", {"Heaviside": lambda t, _: (t > 0) * 1.0}])
    d = POINTS.shape[1]
    smooth = phi.smoothness == "smooth"
    second = sp.lambdify(z, phi.derivative(z, 2), "numpy") if smooth else None
    rng = np.random.default_rng(2301_11375)
    g, T = np.zeros((NETWORKS, len(POINTS), d, d)), np.zeros((NETWORKS, len(POINTS), d, d, d))
    for k in range(NETWORKS):
        W, b = SIGMA * rng.standard_normal((WIDTH, d)), ZETA * rng.standard_normal(WIDTH)
        outer = np.einsum("ja,jb->jab", W, W).reshape(WIDTH, -1)
        cubic = np.einsum("jx,jc->jxc", outer, W).reshape(WIDTH, -1)
        preactivation = POINTS @ W.T + b
        slope = np.broadcast_to(first(preactivation), preactivation.shape)
        g[k] = (slope**2 @ outer / WIDTH).reshape(-1, d, d)
        if second is not None:
            T[k] = (2 * (slope * second(preactivation)) @ cubic / WIDTH).reshape(-1, d, d, d)
    whole, without = (g.mean(0), T.mean(0)), [(s.sum(0) - s) / (NETWORKS - 1) for s in (g, T)]
    quantities = QUANTITIES if smooth else QUANTITIES[:2]
    full = _from_moments(whole[0][None], whole[1][None])
    left = _from_moments(*without)
    result = {}
    for quantity in quantities:
        estimates = left[quantity]
        mean = NETWORKS * full[quantity][0] - (NETWORKS - 1) * estimates.mean(0)
        spread = np.sqrt((NETWORKS - 1) / NETWORKS * ((estimates - estimates.mean(0)) ** 2).sum(0))
        result[quantity] = (mean, spread)
    return result


def _from_moments(g: np.ndarray, T: np.ndarray) -> Values:
    """The geometry of a Hessian metric from g_ab and T_abc = d_a g_bc: R = (|T|^2 - |tr T|^2)/4."""
    inverse = np.linalg.inv(g)
    raised = np.einsum("...ae,...ebc->...abc", inverse, T)  # T^a_bc
    trace = np.einsum("...aac->...c", raised)
    square = np.einsum("...abc,...bad,...cd->...", raised, raised, inverse)
    return {
        "matrix": g,
        "log_volume_element": np.linalg.slogdet(g)[1] / 2,
        "christoffel": raised / 2,
        "scalar_curvature": (square - np.einsum("...a,...ab,...b->...", trace, inverse, trace)) / 4,
    }
