"""A peer on a case of a network: its weights, points and plane go into the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import nn

from benchmarks.peer import Peer
from benchmarks.pullback.cases import ACTIVATIONS, Case


class NetworkPeer(Peer):
    """A peer that has a network.

    Args:
        case: what to compute.
        interpreter: of its environment.
        worker: the module beside this one that it runs.
        folder: where the file goes.
        count: how many of the points.
    """

    def __init__(self, case: Case, interpreter: Path, worker: str, folder: Path, count: int) -> None:
        network, points, plane = case.made()
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        kind = next(type(layer).__name__ for layer in network.modules() if isinstance(layer, ACTIVATIONS))
        arrays = {f"W{i}": layer.weight.detach().numpy() for i, layer in enumerate(layers)}
        arrays |= {f"b{i}": layer.bias.detach().numpy() for i, layer in enumerate(layers)}
        self.count = min(len(points), count)
        arrays |= {"points": points[: self.count].numpy(), "plane": np.array([p.numpy() for p in plane])}
        about = {"quantity": case.quantity, "activation": kind, "layers": len(layers)}
        super().__init__(interpreter, f"benchmarks.pullback.{worker}", folder / f"{worker}.npz", **about, **arrays)
