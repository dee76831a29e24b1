"""The page that the benchmark writes."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.pullback.cases import cases
from benchmarks.pullback.measure import SYSTEMS, Row

SCALE = {"us/point": 1e6, "ms/point": 1e3, "ms": 1e3}


@dataclass
class Found:
    """All that was measured, by the names of the cases."""

    rows: dict[str, Row] = field(default_factory=dict)
    slow: dict[str, dict[str, float]] = field(default_factory=dict)
    targets: dict[str, dict[str, float]] = field(default_factory=dict)
    passes: dict[str, float] = field(default_factory=dict)
    memory: dict[str, dict[str, float]] = field(default_factory=dict)


def cell(row: Row, system: str, scale: float) -> str:
    """One entry: the time, how many times ours, and how many times the limit."""
    if system not in row.times:
        return "-"
    ours, seconds = row.times["symgeo"], row.times[system]
    if system == "symgeo":
        return f"{seconds * scale:.3g}"
    return f"{seconds * scale:.3g} ({seconds / ours:.3g}x of {seconds / ours / row.limit:.3g}x)"


def grid(header: list[str], lines: list[list[str]]) -> str:
    """A table."""
    rule = "|" + "---|" * len(header)
    return "\n".join(["| " + " | ".join(header) + " |", rule, *("| " + " | ".join(line) + " |" for line in lines)])


def page(found: Found, machine: str) -> str:
    """The text."""
    known = cases()
    rows = [
        [known[name].title, known[name].unit]
        + [cell(row, system, SCALE[known[name].unit]) for system in SYSTEMS]
        + [f"{row.spread:.2f}", f"{row.limit:.2f}"]
        for name, row in found.rows.items()
    ]
    parts = [
        f"""# The geometry of networks

Written by `make bench-pullback`. Processor time, the least of interleaved rounds; in brackets, how many times
symgeo's, of how many times could be had at the limit. "median / least" is the noise of our own row. float64 unless
stated. symgeo runs through its public surface; torch.func is differentiation as most people write it (forward: jacfwd,
nested for curvature; reverse: jacrev), vmapped over as many points at once as it is fastest with; JAX is the same
jitted, compilation not counted. All answers agree. The limit is the time of the matrix products without which there is
no answer, a symmetric one counted half, at the machine's measured rate for 1000 x 1000, plus one transcendental
function a unit at its measured rate. {machine}.
""",
        grid(["case", "unit", *SYSTEMS, "median / least", "fraction of limit"], rows),
    ]
    if found.slow:
        lines = [
            [known[name].title, system, f"{seconds:.3g} s", f"{seconds / found.rows[name].times['symgeo']:.2g}x"]
            for name, times in found.slow.items()
            for system, seconds in times.items()
        ]
        parts.append(
            "Slow references, at one or two points: geomstats' PullbackMetric (autograd), and nested Jacobians of the "
            "metric\nby torch.autograd, the way of the code published with papers.\n"
        )
        parts.append(grid(["case", "system", "one point", "symgeo's time"], lines))
    if found.targets:
        lines = [
            [known[name].title, f"{times['flat'] * 1e6:.3g} us"]
            + [f"{seconds * 1e6:.3g} us ({seconds / times['flat']:.2f}x)" for seconds in [*times.values()][1:]]
            for name, times in found.targets.items()
        ]
        header = ["case", "flat", "diagonal", "Fisher"]
        parts.append("Metrics on the features, one point, and how many times the flat one's.\n")
        parts.append(grid(header, lines))
    for title, count in found.passes.items():
        parts.append(f"{title}: {count:.1f} passes forward of the network a point, for two tangents.")
    for name, peak in found.memory.items():
        parts.append(
            f"Peak memory of case {name}, {known[name].count} points, in a fresh process: {peak['process']:.0f} MB in "
            f"all, of which the\ncall added {peak['call']:.0f} MB and importing torch took {peak['torch']:.0f} MB."
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"
