"""The kernels that are timed: what each system computes, at which points, and the peer that it is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sympy as sp
import torch

import symgeo
from benchmarks.kernels.peers import lambdified, nested_jacobians, plain_c
from benchmarks.peer import Peer

Call = Callable[[], object]
JAX = "benchmarks.kernels.jax_worker"


@dataclass
class Case:
    """Calls by system, each over so many points; `values` are ours, for the others to agree with."""

    title: str
    unit: str
    scale: float
    points: int
    calls: dict[str, Call] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    jax: Peer | None = None
    tolerance: float = 1e-6

    def add(self, system: str, call: Call, count: int | None = None) -> None:
        """A system, called on the first `count` points."""
        self.calls[system], self.counts[system] = call, count or self.points


def _numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def wide(folder: Path, jax: Path | None, share: float) -> Case:
    """R of the infinitely wide erf network, d = 3."""
    n, sigma, zeta = int(1_000_000 * share), 1.3, 0.6
    case = Case("infinite width, erf, R, d = 3", "ns/point", 1e9, n)
    metric = symgeo.WideNetwork("erf").metric
    x = _numbers(1, n, 3)
    rows, columns = torch.from_numpy(x), torch.from_numpy(np.ascontiguousarray(x.T)).T
    for system, backend, compiled, points in (
        ("numpy", "numpy", False, x),
        ("torch", "torch", False, rows),
        ("torch, compiled", "torch", True, rows),
        ("torch, compiled, points in columns", "torch", True, columns),
        ("c", "c", False, x),
    ):
        kernel = symgeo.generate(metric.scalar_curvature, backend, compile=compiled)
        case.add(system, lambda k=kernel, p=points: k(p, sigma=sigma, zeta=zeta))
    coordinates = sp.symbols("x1:4", real=True)
    names = [metric.symbols[name] for name in ("sigma", "zeta")]
    expression = metric.scalar_curvature().subs({metric.s: sum(c**2 for c in coordinates), metric.dimension: 3})
    plain = lambdified(expression, [*coordinates, *names])
    case.add("lambdify, cse", lambda: plain(x[:, 0], x[:, 1], x[:, 2], sigma, zeta))
    c = plain_c(expression, list(coordinates), names, folder, "wide_erf")
    case.add("SymPy cse in C, -ffast-math", lambda: c(x, [sigma, zeta]))
    bare, numbers = torch.compile(_bare), torch.tensor([sigma, zeta], dtype=torch.float64)
    case.add("bare formula, torch.compile", lambda: bare(rows, *numbers))
    if jax:
        case.jax = Peer(jax, JAX, folder / "wide.npz", kind="wide", points=x, sigma=sigma, zeta=zeta)
    return case


def _bare(x: torch.Tensor, sigma: torch.Tensor, zeta: torch.Tensor) -> torch.Tensor:
    """R in three dimensions, written down: what Inductor makes of it, without any check, bounds what it can make."""
    s, c = (x**2).sum(1), 1 + 2 * zeta**2
    return -5 * torch.pi * sigma**2 / c * s / torch.sqrt(c + 2 * sigma**2 * s)


def few_units(folder: Path, jax: Path | None, share: float) -> Case:
    """R of a network of three sigmoid units, its weights arguments."""
    n = int(1_000_000 * share)
    case = Case("3 sigmoid units, symbolic weights, R", "ns/point", 1e9, n)
    network = symgeo.ShallowNetwork("sigmoid", 2, 3)
    x, W, b = _numbers(2, n, 2), _numbers(3, 3, 2), _numbers(4, 3)
    sizes = {"n": 3, "d": 2}
    for system, backend, compiled, fixed in (
        ("numpy", "numpy", False, sizes),
        ("numpy, any n and d", "numpy", False, None),
        ("torch", "torch", False, sizes),
        ("torch, compiled", "torch", True, sizes),
        ("c", "c", False, sizes),
        ("c, any n and d", "c", False, None),
    ):
        kernel = symgeo.generate(network.metric.scalar_curvature, backend, compile=compiled, sizes=fixed)
        given = [torch.from_numpy(a) if backend == "torch" else a for a in (x, W, b)]
        case.add(system, lambda k=kernel, g=given: k(g[0], W=g[1], b=g[2]))
    expression, z = expanded(network), [*W.ravel(), *b]
    symbols = [*sp.flatten(network.weights.tolist()), *network.biases]
    plain = lambdified(expression, [*network.points, *symbols])
    case.add("lambdify, cse", lambda: plain(x[:, 0], x[:, 1], *z))
    c = plain_c(expression, list(network.points), symbols, folder, "few_units")
    case.add("SymPy cse in C, -ffast-math", lambda: c(x, z))
    case.tolerance = 1e-4  # the expanded form loses that much here and there
    return case


def expanded(network: symgeo.ShallowNetwork) -> sp.Expr:
    """R as it comes out of the metric's components with det g = g11 g22 - g12^2, the form that others generate."""
    z = network.preactivations
    W, n = network.weights, network.width
    # phi'^2 as e^-z/(1 + e^-z)^2 squared, and its derivative
    t = sp.Symbol("t", real=True)
    square = (sp.exp(-t) / (1 + sp.exp(-t)) ** 2) ** 2
    h = [square.subs(t, zj) for zj in z]
    dh = [square.diff(t).subs(t, zj) for zj in z]
    G = [sum(h[j] * W[j, 0] ** (2 - m) * W[j, 1] ** m for j in range(n)) / n for m in range(3)]
    T = [sum(dh[j] * W[j, 0] ** (3 - m) * W[j, 1] ** m for j in range(n)) / n for m in range(4)]
    det = G[0] * G[2] - G[1] ** 2
    minors = G[0] * (T[1] * T[3] - T[2] ** 2) - G[1] * (T[0] * T[3] - T[1] * T[2]) + G[2] * (T[0] * T[2] - T[1] ** 2)
    return -minors / (2 * det**2)


def finite_width(folder: Path, jax: Path | None, share: float) -> Case:
    """R of a network of 250 sigmoid units and two inputs."""
    n = int(100_000 * share)
    case = Case("250 sigmoid units, 2 inputs, R", "us/point", 1e6, n)
    metric = symgeo.ShallowNetwork("sigmoid", 2, 2).metric
    x, W, b = _numbers(5, n, 2), _numbers(6, 250, 2), _numbers(7, 250)
    tensors = [torch.from_numpy(a) for a in (x, W, b)]
    for system, backend, compiled in (
        ("numpy", "numpy", False),
        ("torch", "torch", False),
        ("torch, compiled", "torch", True),
        ("c", "c", False),
    ):
        kernel = symgeo.generate(metric.scalar_curvature, backend, compile=compiled)
        given = tensors if backend == "torch" else [x, W, b]
        case.add(system, lambda k=kernel, g=given: k(g[0], W=g[1], b=g[2]))
    nested = nested_jacobians(*tensors[1:])
    few = max(1, n // 50)
    case.add("torch, nested jacobians", lambda: nested(tensors[0][:few]), few)
    if jax:
        case.jax = Peer(jax, JAX, folder / "shallow.npz", kind="shallow", points=x[: n // 5], W=W, b=b)
        case.counts["JAX-jit"] = n // 5
    return case


CASES = {"wide": wide, "few-units": few_units, "finite-width": finite_width}
