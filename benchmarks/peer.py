"""A peer on a case, in a process and an environment of its own, which answers one line for each line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
# One thread and double precision, in the words of each.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_ENABLE_X64": "1",
    "GEOMSTATS_BACKEND": "autograd",
}


class Peer:
    """A worker that has the arrays of a case, and times one call for each line that it is sent.

    Args:
        interpreter: of its environment.
        worker: a module that `serving.serve`s; it is handed the file.
        file: where the arrays go.
        arrays: by name.
    """

    def __init__(self, interpreter: Path, worker: str, file: Path, **arrays: object) -> None:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        command = [str(interpreter), "-m", worker, str(file.absolute())]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **SETTINGS}, cwd=ROOT
        )
        self.checksum = self._answer()

    def _answer(self) -> float:
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())

    def seconds(self) -> float:
        """Processor time of one call."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
