"""geomstats on a case, in its own process and environment: `python -m benchmarks.pullback.geomstats_worker FILE`.

The file holds weights and points. Its Christoffel symbols are those of `PullbackMetric` of an immersion, differentiated
by autograd; its scalar curvature takes minutes a point.
"""

from __future__ import annotations

import sys

import geomstats.backend as gs  # type: ignore[import-not-found]
import numpy as np
from geomstats.geometry.base import ImmersedSet  # type: ignore[import-not-found]
from geomstats.geometry.euclidean import Euclidean  # type: ignore[import-not-found]

from benchmarks.serving import serve

ACTIVATIONS = {"Sigmoid": lambda z: 1 / (1 + gs.exp(-z)), "Tanh": gs.tanh}


class Image(ImmersedSet):
    """The image of a network."""

    def __init__(self, layers, activation):
        self.layers, self.activation = layers, activation
        super().__init__(dim=layers[0][0].shape[1])

    def _define_embedding_space(self):
        return Euclidean(dim=len(self.layers[-1][1]))

    def immersion(self, point):
        """The features."""
        for weight, bias in self.layers:
            point = self.activation(gs.einsum("ij,...j->...i", weight, point) + bias)
        return point


def main(file: str) -> None:
    """Serve one case."""
    data = np.load(file)
    layers = [(data[f"W{i}"], data[f"b{i}"]) for i in range(int(data["layers"]))]
    image, points = Image(layers, ACTIVATIONS[str(data["activation"])]), data["points"]

    def call():
        return [image.metric.christoffels(x) for x in points]

    serve(call, float(sum(np.abs(gamma).sum() for gamma in call())))


if __name__ == "__main__":
    main(sys.argv[1])
