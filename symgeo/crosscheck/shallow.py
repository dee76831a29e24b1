"""Shallow networks: kernels against autodiff of the symbolic feature map, and against Pullback on trained networks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from symgeo.codegen import generate
from symgeo.crosscheck.autodiff import geometry, pullback_metric
from symgeo.crosscheck.deviation import relative_error
from symgeo.crosscheck.rows import Row
from symgeo.crosscheck.wide import QUANTITIES
from symgeo.models import Run
from symgeo.networks import ShallowNetwork
from symgeo.pullback import Pullback

ACTIVATIONS = ("erf", "monomial(3)", "tanh", "sigmoid")
INPUTS, WIDTH = 3, 8


def rows() -> Iterator[Row]:
    """Random networks: one row for each activation, quantity and backend."""
    rng = np.random.default_rng(17)
    W, b, x = rng.normal(size=(WIDTH, INPUTS)), rng.normal(size=WIDTH), rng.normal(size=(5, INPUTS))
    for name in ACTIVATIONS:
        network = ShallowNetwork(name, inputs=INPUTS, width=WIDTH)
        features = generate(network.feature_map, "torch")
        reference = geometry(pullback_metric(lambda p, f=features: f(p, W=W, b=b)), torch.from_numpy(x))
        for backend in ("numpy", "torch"):
            for quantity in QUANTITIES:
                value = np.asarray(generate(getattr(network.metric, quantity), backend)(x, W=W, b=b))
                error = relative_error(value, reference[quantity].numpy())
                against = f"{backend} kernel vs autodiff of the feature map"
                yield Row(f"shallow {name}", quantity, "autodiff", against, error, len(x))


def sinusoid_rows(run: Run) -> Iterator[Row]:
    """A trained network of two inputs: kernels at the network's own weights against Pullback of its features."""
    model = run.model(dtype=torch.float64)
    x = torch.cartesian_prod(*[torch.linspace(-1.5, 1.5, 21, dtype=torch.float64)] * 2)
    width = model.W.shape[0]
    subject = f"sinusoid network, {width} {run.config.activation} units, epoch {run.epochs[-1]}"
    yield from _trained(subject, run.config.activation, model.W, model.b, x, Pullback(model.features))


def mnist_rows(run: Run, images: torch.Tensor) -> Iterator[Row]:
    """A trained image network on the plane through three images p, q, r: x = p + a (q - p) + b (r - p).

    The section of a shallow network is a shallow network with weights W [q - p, r - p] and biases W p + b, so that the
    closed form applies in the plane too.
    """
    model = run.model(dtype=torch.float64)
    p, q, r = images.double()
    plane = torch.stack([q - p, r - p], dim=1)
    x = torch.cartesian_prod(*[torch.linspace(-0.2, 1.2, 9, dtype=torch.float64)] * 2)
    subject = f"{run.config.data} network, {model.W.shape[0]} {run.config.activation} units, plane of three images"
    geo = Pullback(model.features).on_plane(p, q - p, r - p)
    yield from _trained(subject, run.config.activation, model.W @ plane, model.W @ p + model.b, x, geo)


def _trained(
    subject: str, activation: str, W: torch.Tensor, b: torch.Tensor, x: torch.Tensor, geo: Pullback
) -> Iterator[Row]:
    metric = ShallowNetwork(activation, inputs=2, width=2).metric
    numeric = {
        "matrix": geo.metric,
        "log_volume_element": geo.log_volume,
        "christoffel": geo.christoffel,
        "scalar_curvature": geo.scalar_curvature,
    }
    for quantity in QUANTITIES:
        value = generate(getattr(metric, quantity))(x.numpy(), W=W.numpy(), b=b.numpy())
        error = relative_error(value, numeric[quantity](x).numpy())
        yield Row(subject, quantity, "trained network", "Pullback of the trained torch network", error, len(x))
