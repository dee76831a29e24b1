"""Run the table and write it: `python -m benchmarks.symbolic [--limit 120] [--cases kerr,wide4] [--systems ...]`.

Seconds are of processor time, by the process's own clock, and so is the limit: other work on the machine then neither
slows a row much nor ends it early. Each cell is kept in a journal beside the peers' environment as soon as it is
known; an interrupted run goes on from there with `--resume`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from benchmarks import environment
from benchmarks.symbolic import maxima
from benchmarks.symbolic.cases import CASES, HARDER_THAN

WORKER = Path(__file__).parent / "worker.py"
PACKAGES = ("einsteinpy", "einsteinengine", "tensoratlas")
PEERS = ("EinsteinPy", "EinsteinEngine", "TensorAtlas", "sympy.diffgeom")
SYSTEMS = ("symgeo", *PEERS, "Maxima ctensor")
REPEATS = 3  # of our own row, the best taken; a peer's row is long enough to be steady


def stop_after(limit: float) -> None:
    """Let the kernel end this process after `limit` seconds of processor time."""
    resource.setrlimit(resource.RLIMIT_CPU, (round(limit), round(limit) + 5))


def measure(system: str, name: str, limit: float, peers: Path | None) -> dict[str, object]:
    """Return seconds and checks of one system on one case, or why there are none."""
    try:
        if system == "Maxima ctensor":
            return maxima.run(name, limit, stop_after)
        interpreter = sys.executable if system == "symgeo" else str(peers)
        command = [interpreter, str(WORKER), system, name]
        single = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=single, preexec_fn=lambda: stop_after(limit)
        )
        if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return {"timeout": limit}
        if done.returncode:
            return {"error": (done.stderr.strip().splitlines() or ["no message"])[-1][:120]}
        return json.loads(done.stdout.splitlines()[-1])
    except TimeoutError:
        return {"timeout": limit}


def best(system: str, name: str, limit: float, peers: Path | None) -> dict[str, object]:
    """Our own rows are milliseconds: the best of a few fresh processes."""
    runs = [measure(system, name, limit, peers) for _ in range(REPEATS if system == "symgeo" else 1)]
    timed = [run for run in runs if "seconds" in run]
    return min(timed, key=lambda run: float(str(run["seconds"]))) if timed else runs[0]


def cell(result: dict[str, object], ours: float | None) -> str:
    """One entry: seconds and the ratio to ours, or what went wrong."""
    if "timeout" in result:
        ratio = f" (> {float(str(result['timeout'])) / ours:,.0f}x)" if ours else ""
        return f"> {result['timeout']:g}{ratio}"
    if "skipped" in result:
        return "-"
    if "seconds" not in result:
        return "fails"
    seconds = float(str(result["seconds"]))
    notes = {True: "", False: ", wrong value"}.get(result["right"], ", not evaluated")
    notes += "" if result["zero_recognised"] else ", zero not recognised"
    ratio = f" ({seconds / ours:,.0f}x)" if ours else ""
    return f"{seconds:.3g}{ratio}{notes}"


def table(results: dict[str, dict[str, dict[str, object]]], systems: list[str], limit: float) -> str:
    """The page."""
    header = ["case", *systems]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for name, row in results.items():
        own = row.get("symgeo", {})
        ours = float(str(own["seconds"])) if "seconds" in own else None
        entries = [cell(row[system], None if system == "symgeo" else ours) for system in systems]
        lines.append("| " + " | ".join([CASES[name]().title, *entries]) + " |")
    machine = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, one thread"
    page = f"""# Metric to scalar curvature, in seconds

Written by `make bench-symbolic`. Every cell is a fresh process, from the matrix to a SymPy expression, in seconds of
processor time; imports are not counted (Maxima: its start is). In brackets: how many times symgeo's time. The limit was
{limit:g} s, or what the cell says. Each answer is evaluated at a rational point and compared, to 25 digits, with the
closed form or, where there is none, with the definition at that point. "Zero not recognised": a vacuum whose scalar
curvature was not returned as 0. "Not evaluated": an answer in objects of the system's own that could not be put in
numbers. "Fails": an error of the system itself. "-": not tried, since the system did not end on an easier case of the
kind.

{machine}. The rows below the last network of three units are our choice of harder ones.

"""
    return page + "\n".join(lines) + "\n"


def main() -> None:
    """Run what the arguments ask for and write docs/benchmarks/symbolic.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one cell")
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma-separated")
    parser.add_argument("--peers", type=Path, default=Path("build/bench-symbolic-peers"), help="their environment")
    parser.add_argument("--resume", action="store_true", help="keep the cells of an interrupted run")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/symbolic.md"))
    arguments = parser.parse_args()
    systems, names = arguments.systems.split(","), arguments.cases.split(",")
    if "Maxima ctensor" in systems and shutil.which("maxima") is None:
        print("Maxima ctensor: skipped, no `maxima` on the path", file=sys.stderr)
        systems.remove("Maxima ctensor")
    peers = environment.python(arguments.peers.absolute(), PACKAGES) if set(systems) & set(PEERS) else None
    journal = arguments.peers.with_name("bench-symbolic.json")
    results: dict[str, dict[str, dict[str, object]]] = {}
    if arguments.resume and journal.exists():
        results = json.loads(journal.read_text())
    journal.parent.mkdir(parents=True, exist_ok=True)
    # our own rows first, close together in time
    for system, name in [(system, name) for system in systems for name in names]:
        row = results.setdefault(name, {})
        easier = results.get(HARDER_THAN.get(name, ""), {}).get(system, {})
        if "timeout" in easier or "skipped" in easier:
            row[system] = {"skipped": True}
        elif system not in row:
            row[system] = best(system, name, arguments.limit, peers)
            journal.write_text(json.dumps(results))
        print(f"{name:16} {system:16} {row[system]}", file=sys.stderr, flush=True)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(table(results, systems, arguments.limit))
    print(arguments.output.read_text())


if __name__ == "__main__":
    main()
