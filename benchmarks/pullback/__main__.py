"""Run the table and write it: `python -m benchmarks.pullback [--cases a,b] [--rounds 7] [--without-jax]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.func import jacfwd, jacrev

from benchmarks.pullback import environment
from benchmarks.pullback.cases import Case, Erf, cases
from benchmarks.pullback.systems import naive, symgeo

SYSTEMS = ("symgeo", "torch.func, forward", "torch.func, reverse", "JAX-jit")
SCALE = {"us/point": 1e6, "ms/point": 1e3, "ms": 1e3}
# A row takes no more rounds once it has taken this long.
ROW_SECONDS = 40.0


@dataclass(frozen=True)
class Row:
    """The least time of each system, in the unit of the case, the spread of ours, and the least that it could be."""

    times: dict[str, float]
    spread: float
    limit: float


def timed(call: Callable[[], object]) -> float:
    """Seconds of processor time of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


class Jax:
    """JAX on a case, in a process that answers one line for each line."""

    def __init__(self, case: Case, interpreter: Path, folder: Path) -> None:
        network, points, plane = case.made()
        layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        kinds = [type(layer).__name__ for layer in network.modules() if isinstance(layer, (nn.Sigmoid, nn.Tanh, Erf))]
        arrays = {f"W{i}": layer.weight.detach().numpy() for i, layer in enumerate(layers)}
        arrays |= {f"b{i}": layer.bias.detach().numpy() for i, layer in enumerate(layers)}
        self.count = min(len(points), 4 * case.slow)
        arrays |= {"points": points[: self.count].numpy(), "plane": np.array([p.numpy() for p in plane])}
        file = folder / "case.npz"
        np.savez(file, quantity=case.quantity, activation=kinds[0], layers=len(layers), **arrays)
        command = [str(interpreter), str(Path(__file__).parent / "jax_worker.py"), str(file)]
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


def check(name: str, found: float, expected: float, dtype: torch.dtype) -> None:
    """Stop where two systems do not agree.

    Raises:
        RuntimeError: they differ.
    """
    if abs(found - expected) > (1e-7 if dtype == torch.float64 else 1e-3) * abs(expected):
        raise RuntimeError(f"{name}: the sum of the magnitudes is {found}, symgeo's {expected}")


def measure(case: Case, rounds: int, interpreter: Path | None, folder: Path) -> Row:
    """The systems in turn, round by round, with the machine's own rates among them."""
    network, points, _ = case.made()
    ours = symgeo(case)
    calls: dict[str, tuple[Callable[[], float], int]] = {"symgeo": (lambda: timed(lambda: ours(points)), case.count)}
    few = points[: case.slow]
    for system, derivative in ((SYSTEMS[1], jacfwd), (SYSTEMS[2], jacrev)):
        theirs = naive(case, derivative)
        if theirs is not None:
            with torch.no_grad():
                check(system, theirs(few[:16]).abs().sum().item(), ours(few[:16]).abs().sum().item(), case.dtype)
            some = few if derivative is jacfwd or case.per == "call" else few[: max(1, case.slow // 16)]
            calls[system] = (lambda theirs=theirs, some=some: timed(lambda: theirs(some)), len(some))
    jax = (
        Jax(case, interpreter, folder)
        if interpreter and "ResNet" not in case.title and case.shape != (3, 32, 32)
        else None
    )
    if jax is not None:
        check("JAX-jit", jax.checksum, ours(points[: jax.count]).abs().sum().item(), case.dtype)
        calls["JAX-jit"] = (jax.seconds, jax.count)
    matrix = torch.rand(1000, 1000, dtype=case.dtype)
    kind = next(layer for layer in network.modules() if isinstance(layer, (nn.Sigmoid, nn.Tanh, Erf, nn.ReLU)))
    z, out = torch.randn(100_000, dtype=case.dtype), torch.empty(100_000, dtype=case.dtype)
    function = torch.exp if isinstance(kind, Erf) else torch.sigmoid  # what the derivative is made of
    best = dict.fromkeys([*calls, "gemm", "function"], float("inf"))
    every: list[float] = []
    start = time.perf_counter()
    with torch.no_grad():
        for done in range(rounds):
            for system, (call, count) in calls.items():
                seconds = call() / (1 if case.per == "call" else count)
                best[system] = min(best[system], seconds)
                every += [seconds] if system == "symgeo" else []
            best["gemm"] = min(best["gemm"], timed(lambda: matrix @ matrix) / 2e9)
            best["function"] = min(best["function"], timed(lambda: function(z, out=out)) / len(z))
            if time.perf_counter() - start > ROW_SECONDS and done >= 2:
                break
    if jax is not None:
        jax.close()
    scale = SCALE[case.unit]
    least = case.flops * best["gemm"] + case.activations * best["function"]
    times = {system: best[system] * scale for system in calls}
    return Row(times, sorted(every)[len(every) // 2] / min(every), least / best["symgeo"])


def cell(row: Row, system: str) -> str:
    """One entry: the time, and how many times ours."""
    if system not in row.times:
        return "-"
    value = row.times[system]
    return f"{value:.3g}" if system == "symgeo" else f"{value:.3g} ({value / row.times['symgeo']:.1f}x)"


def table(rows: dict[str, Row], memory: dict[str, dict[str, float]]) -> str:
    """The page."""
    header = ["case", "unit", *SYSTEMS, "median / least", "fraction of limit"]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    known = cases()
    for name, row in rows.items():
        entries = [cell(row, system) for system in SYSTEMS]
        entries = [known[name].title, known[name].unit, *entries, f"{row.spread:.2f}", f"{row.limit:.2f}"]
        lines.append("| " + " | ".join(entries) + " |")
    peaks = "".join(
        f"\nPeak memory of case {name}, {known[name].count} points, in a fresh process: {found['process']:.0f} MB in "
        f"all, of which the call added {found['call']:.0f} MB and importing torch took {found['torch']:.0f} MB.\n"
        for name, found in memory.items()
    )
    machine = f"torch {torch.__version__}, {platform.machine()}, one thread"
    return (
        f"""# The geometry of networks

Written by `make bench-pullback`. Processor time, the least of interleaved rounds; in brackets, how many times
symgeo's. "median / least" is the noise of our own row. float64 unless stated. symgeo runs through its public surface;
torch.func is differentiation as most people write it (forward: jacfwd, nested for curvature; reverse: jacrev), vmapped;
JAX is the same jitted, compilation not counted. All answers agree. The limit is the time of the matrix products without
which there is no answer, at the machine's measured rate for 1000 x 1000, plus one transcendental function a unit at its
measured rate. {machine}.

"""
        + "\n".join(lines)
        + "\n"
        + peaks
    )


def main() -> None:
    """Run what the arguments ask for and write docs/benchmarks/pullback.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(cases()), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=9, help="repetitions of each system")
    parser.add_argument("--without-jax", action="store_true")
    parser.add_argument("--peers", type=Path, default=Path("build/bench-pullback-jax"), help="JAX's environment")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/pullback.md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    interpreter = None if arguments.without_jax else environment.python(arguments.peers.absolute())
    arguments.peers.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Row] = {}
    for name in arguments.cases.split(","):
        rows[name] = measure(cases()[name], arguments.rounds, interpreter, arguments.peers)
        print(f"{name:4} {rows[name]}", file=sys.stderr, flush=True)
    memory = {}
    for name in ("b", "f"):
        command = [sys.executable, "-m", "benchmarks.pullback.memory", name]
        memory[name] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        alone = [sys.executable, "-c", "import torch; from benchmarks.pullback.resident import peak; print(peak())"]
        memory[name]["torch"] = float(subprocess.run(alone, capture_output=True, text=True, check=True).stdout)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(table(rows, memory))
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
