"""Shallow networks of random weights, against the kernels that are generated from the closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import symgeo
from symgeo.pullback import Pullback

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "erf": lambda z: torch.erf(z / 2**0.5),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": torch.nn.functional.softplus,
}
QUANTITIES = {
    "matrix": "metric",
    "log_volume_element": "log_volume",
    "christoffel": "christoffel",
    "riemann": "riemann",
    "ricci": "ricci",
    "scalar_curvature": "scalar_curvature",
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize(("d", "n"), [(2, 5), (3, 8)])
def test_generated_kernels(name: str, d: int, n: int) -> None:
    rng = np.random.default_rng(d)
    W, b, x = rng.normal(size=(n, d)), rng.normal(size=n), rng.normal(size=(6, d))
    weights, biases = torch.from_numpy(W), torch.from_numpy(b)
    geo = Pullback(lambda p: ACTIVATIONS[name](p @ weights.T + biases) / n**0.5)
    metric = symgeo.ShallowNetwork(name, inputs=d, width=n).metric
    for symbolic, numeric in QUANTITIES.items():
        expected = torch.from_numpy(np.asarray(symgeo.generate(getattr(metric, symbolic))(x, W=W, b=b)))
        found = getattr(geo, numeric)(torch.from_numpy(x))
        assert expected.abs().max() > 1e-3
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))
