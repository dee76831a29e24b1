"""Run the table and write it: `python -m benchmarks.pullback [--cases a,b] [--rounds 9] [--without-peers]`."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks import environment
from benchmarks.pullback.cases import cases, large
from benchmarks.pullback.measure import launched, measure
from benchmarks.pullback.page import Found, page
from benchmarks.pullback.references import passes, slow, targets

# geomstats 2.8 asks for NumPy before 2, and differentiates by autograd or torch.
PACKAGES = {"jax": ("jax",), "geomstats": ("geomstats", "autograd", "numpy<2")}
MEMORY = ("b", "f")
SLOW = ("b", "c2")
TARGETS = ("c1", "c2")
PASSES = ("e2",)


def peaks(name: str) -> dict[str, float]:
    """Peak memory of a case in a fresh process, and of one that imports torch and no more."""
    command = [sys.executable, "-m", "benchmarks.pullback.memory", name]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    alone = [sys.executable, "-c", "import torch; from benchmarks.pullback.resident import peak; print(peak())"]
    return found | {"torch": float(subprocess.run(alone, capture_output=True, text=True, check=True).stdout)}


def main() -> None:
    """Run what the arguments ask for and write docs/benchmarks/pullback.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(cases()), help="comma-separated")
    parser.add_argument("--rounds", type=int, default=9, help="repetitions of each system")
    parser.add_argument("--without-peers", action="store_true", help="neither JAX nor geomstats")
    parser.add_argument("--build", type=Path, default=Path("build"), help="where the peers' environments are")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/pullback.md"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    build = arguments.build.absolute()
    build.mkdir(parents=True, exist_ok=True)
    jax, geomstats = (
        None if arguments.without_peers else environment.python(build / f"bench-pullback-{peer}", packages)
        for peer, packages in PACKAGES.items()
    )
    found, known = Found(), cases()
    for name in arguments.cases.split(","):
        peer = launched(known[name], jax, build)
        found.rows[name] = measure(known[name], arguments.rounds, peer)
        if peer is not None:
            peer.close()
        if name in SLOW:
            found.slow[name] = slow(known[name], geomstats, build)
        if name in TARGETS:
            found.targets[name] = targets(known[name], arguments.rounds)
        if name in PASSES:
            found.passes |= {case.title: passes(case, arguments.rounds) for case in (known[name], large())}
        if name in MEMORY:
            found.memory[name] = peaks(name)
        print(f"{name:4} {found.rows[name]}", file=sys.stderr, flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(page(found, f"torch {torch.__version__}, {platform.machine()}, one thread"))
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
