"""How long `generate` takes, for each quantity of each network: the first time, and again for a metric made anew."""

from __future__ import annotations

import time
from collections.abc import Iterator

import symgeo
from symgeo.errors import InputError
from symgeo.geometry.programs import TITLES

ACTIVATIONS = ("erf", "probit", "relu", "gelu", "gaussian_softplus", "sin", "cos", "gaussian", "exp", "tanh", "sigmoid")
ACTIVATIONS += ("softplus", "silu", "monomial(3)")


def metrics() -> Iterator[tuple[str, object]]:
    """Every network that has kernels."""
    for name in ACTIVATIONS:
        yield f"infinite width, {name}", lambda name=name: symgeo.WideNetwork(name).metric
        yield f"finite width, {name}", lambda name=name: symgeo.ShallowNetwork(name, 2, 2).metric
    for name in ("erf", "relu", "gelu"):
        yield f"3 layers, {name}", lambda name=name: symgeo.WideNetwork(name, depth=3).metric
    yield "correlated, erf", lambda: symgeo.WideNetwork("erf", covariance=[[2, 1], [1, 3]]).metric


def seconds(backend: str) -> list[tuple[float, float, str]]:
    """(first, second, what) of every kernel, the slowest first."""
    found = []
    for label, made in metrics():
        for quantity in TITLES:
            try:
                first, second = made(), made()  # type: ignore[operator]
                start = time.process_time()
                symgeo.generate(getattr(first, quantity), backend)
                middle = time.process_time()
                symgeo.generate(getattr(second, quantity), backend)
                found.append((middle - start, time.process_time() - middle, f"{label}: {quantity}"))
            except InputError:
                continue  # curvature of an activation with a kink
    return sorted(found, reverse=True)
