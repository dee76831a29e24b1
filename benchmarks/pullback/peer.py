"""A peer on a case, in a process and an environment of its own, which answers one line for each line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
from torch import nn

from benchmarks.pullback.cases import ACTIVATIONS, Case


class Peer:
    """A worker that has the weights and points of a case, and times one call for each line that it is sent.

    Args:
        case: what to compute.
        interpreter: of its environment.
        script: beside this file; it is handed a file of weights, points and plane.
        folder: where that file goes.
        count: how many of the points.
    """

    def __init__(self, case: Case, interpreter: Path, script: str, folder: Path, count: int) -> None:
        network, points, plane = case.made()
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        kind = next(type(layer).__name__ for layer in network.modules() if isinstance(layer, ACTIVATIONS))
        arrays = {f"W{i}": layer.weight.detach().numpy() for i, layer in enumerate(layers)}
        arrays |= {f"b{i}": layer.bias.detach().numpy() for i, layer in enumerate(layers)}
        self.count = min(len(points), count)
        arrays |= {"points": points[: self.count].numpy(), "plane": np.array([p.numpy() for p in plane])}
        file = folder / f"{Path(script).stem}.npz"
        np.savez(file, quantity=case.quantity, activation=kind, layers=len(layers), **arrays)
        command = [str(interpreter), str(Path(__file__).parent / script), str(file)]
        single = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=single)
        self.checksum = self.answer()

    def answer(self) -> float:
        """The next number that it prints."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def seconds(self) -> float:
        """Processor time of one call."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
