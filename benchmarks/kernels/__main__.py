"""Run the tables and write them: `python -m benchmarks.kernels [--cases a,b] [--rounds 9] [--share 1.0]`."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks import environment
from benchmarks.kernels.accuracy import PARALLEL, errors
from benchmarks.kernels.cases import CASES, Case
from benchmarks.kernels.generation import seconds


def check(case: Case, ours: np.ndarray) -> None:
    """Stop where two systems do not agree.

    Raises:
        RuntimeError: they differ.
    """
    for system, call in case.calls.items():
        value = np.asarray(call())
        difference = np.abs(value - ours[: len(value)]) / (np.abs(ours[: len(value)]) + np.median(np.abs(ours)))
        if not difference.max() < case.tolerance:
            raise RuntimeError(f"{case.title}: {system} differs from ours by {difference.max():.1e}")
    if case.jax is not None:
        count = case.counts.get("JAX-jit", case.points)
        expected = np.abs(ours[:count]).sum()
        if abs(case.jax.checksum / expected - 1) > case.tolerance:
            raise RuntimeError(f"{case.title}: JAX's sum of magnitudes is {case.jax.checksum}, ours {expected}")


def measure(case: Case, rounds: int) -> dict[str, float]:
    """The least processor time a point, the systems in turn, round by round."""
    best = dict.fromkeys(case.calls, float("inf")) | ({"JAX-jit": float("inf")} if case.jax else {})
    for _ in range(rounds):
        for system, call in case.calls.items():
            start = time.process_time()
            call()
            best[system] = min(best[system], (time.process_time() - start) / case.counts[system])
        if case.jax is not None:
            best["JAX-jit"] = min(best["JAX-jit"], case.jax.seconds() / case.counts.get("JAX-jit", case.points))
    if case.jax is not None:
        case.jax.close()
    return best


OURS = ("numpy", "torch", "c")


def table(case: Case, best: dict[str, float]) -> str:
    """One case: a row a system, with the ratio to our fastest and, for ours, to each peer."""
    peers = [system for system in best if not system.startswith(OURS) or "nested" in system]
    header = ["system", case.unit, *(f"faster than {peer}" for peer in peers)]
    lines = [f"## {case.title}\n", "| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for system, value in best.items():
        ours = system not in peers
        ratios = [f"{best[peer] / value:.2f}x" if ours else "-" for peer in peers]
        name = f"symgeo, {system}" if ours else system
        lines.append("| " + " | ".join([name, f"{value * case.scale:.3g}", *ratios]) + " |")
    return "\n".join(lines) + "\n"


def generation() -> str:
    """The slowest kernels to generate."""
    lines = [
        "## Generation\n",
        "| backend | kernels | slowest, s | which | over 2 s | slowest again, ms |",
        "|" + "---|" * 6,
    ]
    for backend in ("numpy", "torch", "c"):
        found = seconds(backend)
        over = sum(first > 2 for first, _, _ in found)
        again = max(second for _, second, _ in found) * 1e3
        lines.append(f"| {backend} | {len(found)} | {found[0][0]:.2f} | {found[0][2]} | {over} | {again:.1f} |")
    return "\n".join(lines) + "\n"


def accuracy(count: int) -> str:
    """Errors of the three units."""
    lines = [
        f"## Accuracy\n\nLargest relative error of R of three sigmoid units, {count} networks with weights parallel to "
        f"{PARALLEL}, against 50 digits.\n",
        "| system | error |",
        "|---|---|",
        *(f"| {name} | {value:.1e} |" for name, value in errors(count).items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run what the arguments ask for and write docs/benchmarks/kernels.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=9, help="repetitions of each system")
    parser.add_argument("--share", type=float, default=1.0, help="of the points, for a trial")
    parser.add_argument("--without-jax", action="store_true")
    parser.add_argument("--peers", type=Path, default=Path("build/bench-kernels-peers"), help="JAX's environment")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/kernels.md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    interpreter = None if arguments.without_jax else environment.python(arguments.peers.absolute(), ("jax",))
    arguments.peers.mkdir(parents=True, exist_ok=True)
    parts = []
    for name in arguments.cases.split(","):
        case = CASES[name](arguments.peers, interpreter, arguments.share)
        check(case, np.asarray(case.calls["numpy"]()))
        parts.append(table(case, measure(case, arguments.rounds)))
        print(parts[-1], file=sys.stderr, flush=True)
    parts += [accuracy(200), generation()]
    machine = f"torch {torch.__version__}, {platform.machine()}, one thread, float64"
    page = f"""# Generated kernels

Written by `make bench-kernels`. Processor time of one call, the least of interleaved rounds, compilation not counted;
the checks of arguments and values that symgeo's kernels make are. "SymPy cse in C" is one loop over the points,
compiled with -O3 -march=native -ffast-math, as NRPy and SymForce generate it; symgeo's C keeps IEEE arithmetic.
"JAX-jit" is the closed form for infinite width, and nested jacfwd of the metric for finite width. All answers agree.
"Bare formula" is the formula written down in torch, without any check: of points in rows Inductor makes a loop that
takes one point at a time, and a compiled kernel takes about as long; of points in columns it makes vector instructions.
lambdify's time is mostly that of fresh pages for temporaries as large as the points, 7 to 13 ns from one state of the
machine's memory to another. NumPy's in blocks is that of its passes over a block, 0.3 to 1.2 ns each: written by hand
with reused buffers, constants drawn out of the root and one dot product as check, they take 5.2 to 5.5 ns in all.
{machine}.

"""
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(page + "\n".join(parts))
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
