"""Sigma against CPU seconds on one thread, into docs/benchmarks/calabi_yau.md: python -m benchmarks.calabi_yau.

Every training is a preset of `symgeo.calabi_yau.presets`, from nothing: drawing the points, their features and all
steps are in its seconds, which are the processor's; measuring sigma on held-out points is not. The reference figures
are what a plain phi-network reached, one thread, and what published notebooks report for theirs.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch

from symgeo.calabi_yau import equation, sample
from symgeo.calabi_yau.euler import Estimate, integrated_euler_number
from symgeo.calabi_yau.measures import Measures, measures
from symgeo.calabi_yau.monge_ampere import eta_and_positive
from symgeo.calabi_yau.presets import PRESETS, preset_config, train
from symgeo.calabi_yau.run import Run, untrained

TARGET = Path(__file__).parents[2] / "docs" / "benchmarks" / "calabi_yau.md"
REFERENCES = {
    "cubic": ("0.098", "0.0014 in 8 s", "-"),
    "k3": ("0.229", "0.0012 in 45 s", "-"),
    "quintic": ("0.369", "0.0057 in 90 s; 0.0018 in 500 s on two threads", "0.0167 in 22 min; 0.0105 in 5 min"),
}
#: What is asked for: sigma, and within how many seconds.
ASKED = {"cubic": ((5e-4, 10), (1e-6, 10)), "k3": ((1e-3, 45), (1e-4, 300)), "quintic": ((5e-3, 90), (3e-4, 600))}
EULER_POINTS = {"cubic": 1000, "k3": 4000, "quintic": 6000}


@dataclass(frozen=True)
class Row:
    """One preset of one hypersurface over the seeds."""

    name: str
    preset: str
    runs: list[Run]

    def line(self) -> str:
        """Of the table."""
        sigmas, seconds = [run.sigma for run in self.runs], [run.seconds for run in self.runs]
        undone = sum(record.undone for run in self.runs for record in run.records)
        parameters = sum(p.numel() for p in self.runs[0].network().parameters())
        reached = "; ".join(self._reached(level) for level, _ in ASKED[self.name])
        return (
            f"| {self.name} | {self.preset} | {parameters} | {self.runs[0].config.points} | "
            f"{_list(sigmas)} | {_list(seconds, '.1f')} | {reached} | {undone} |"
        )

    def _reached(self, level: float) -> str:
        """When sigma fell below the level, in the median over the seeds."""
        times = sorted(_first_below(run, level) for run in self.runs)
        middle = times[len(times) // 2]
        return f"{level:g}: never" if math.isinf(middle) else f"{level:g}: {middle:.2g} s"


def main() -> None:
    """Run everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of each preset but plain, which has one")
    parser.add_argument("--presets", default="algebraic,quick,plain", help="of " + ", ".join(PRESETS["cubic"]))
    parser.add_argument("--runs", type=Path, help="a folder that keeps the trainings; a finished one is not repeated")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        root = arguments.runs or Path(temporary)
        rows = []
        for name in PRESETS:
            for preset in arguments.presets.split(","):
                folders = [
                    root / f"{name}-{preset}" / str(seed) for seed in range(1 if preset == "plain" else arguments.seeds)
                ]
                runs = [train(name, preset, seed, folder, progress=False) for seed, folder in enumerate(folders)]
                rows.append(Row(name, preset, runs))
                print(rows[-1].line(), flush=True)
        geometry = [_geometry(row) for row in rows if row.preset == "quick"]
        step, products = profiled_step()
        print(f"step {step * 1e3:.1f} ms, products {products * 1e3:.1f} ms")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_text(_page(rows, geometry, step, products), encoding="utf-8")
    print(TARGET)


def profiled_step(batch: int = 500, widths: tuple[int, ...] = (96, 96, 96)) -> tuple[float, float]:
    """Seconds of one step of Adam on the quintic in float32, and of its matrix products alone."""
    config = preset_config("quintic", "plain")
    surface = config.hypersurface()
    points = sample(surface, batch, 0)
    config = replace(config, widths=widths, points=batch, batch=batch)
    network = untrained(config, surface, points.kappa).float()
    there = equation(network.double(), points).to(torch.float32)
    network.float().fused = True
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)

    def step() -> None:
        values, positive = eta_and_positive(network, there)
        assert bool(positive.all())
        optimiser.zero_grad()
        (there.weights * (1 - values) ** 2).mean().backward()
        optimiser.step()

    # The products of a step: forward by the weights; backward by the outputs' gradients, but none for the features.
    sizes = (there.features.shape[2], *widths, 1)
    rows = there.features.shape[0] * there.features.shape[1]
    inputs = [torch.randn(rows, size) for size in sizes]
    weights = [torch.randn(out, size) for size, out in pairwise(sizes)]

    def products() -> None:
        for k, weight in enumerate(weights):
            torch.mm(inputs[k], weight.T)
            torch.mm(inputs[k + 1].T, inputs[k])
            if k:
                torch.mm(inputs[k + 1], weight)

    return _least(step), _least(products)


def _least(call: Callable[[], None], repeats: int = 40) -> float:
    """The least processor time of a call."""
    seconds = []
    for _ in range(repeats):
        begun = time.process_time()
        call()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def _geometry(row: Row) -> tuple[Row, Measures, Estimate]:
    run = row.runs[0]
    network, surface = run.network(), run.hypersurface()
    # Points that neither the training nor its validation has seen.
    points = sample(surface, EULER_POINTS[row.name], seed=2**32 - 2)
    return row, measures(network, points), integrated_euler_number(network, points)


def _first_below(run: Run, level: float) -> float:
    seconds = 0.0
    for record in run.records:
        seconds += record.seconds
        if record.sigma is not None and record.sigma < level:
            return seconds
    return math.inf


def _list(values: list[float], form: str = ".2g") -> str:
    return ", ".join(format(value, form) for value in values)


def _page(rows: list[Row], geometry: list[tuple[Row, Measures, Estimate]], step: float, products: float) -> str:
    references = "\n".join(f"| {name} | {' | '.join(values)} |" for name, values in REFERENCES.items())
    table = "\n".join(row.line() for row in rows)
    measured = "\n".join(
        f"| {row.name} | {row.preset} | {m.sigma:.2g} | {m.ricci:.2g} | {m.volume.value:.4f} +- {m.volume.error:.4f} | "
        f"{m.kaehler:.0e} | {m.transition:.0e} | {m.eigenvalue:.3f} | "
        f"{e.value:.1f} +- {e.error:.1f} ({e.exact:.0f}) |"
        for row, m, e in geometry
    )
    return f"""# Calabi-Yau metrics: sigma against CPU seconds

`make bench-calabi-yau` writes this page. One thread; seconds are the processor's, for drawing points, features and
training; sigma = E |1 - eta| over |Omega|^2 on {rows[0].runs[0].config.validation} held-out points, exact kappa.

References: sigma of Fubini and Study's metric; a plain phi-network, one thread; published notebooks.

| | Fubini-Study | plain phi-network | published |
|---|---|---|---|
{references}

One row a preset of `symgeo.calabi_yau.presets`; one number a seed. "plain" is a phi-network on Z_i conj(Z_j)/|Z|^2
trained by Adam, as any hypersurface allows; "quick" and "paper" are phi-networks on the invariants of Fermat's
symmetries, "algebraic" is the logarithm of a polynomial in them, both by Levenberg and Marquardt. "Undone" counts steps
after which the metric was not positive.

| | preset | parameters | points | sigma | CPU seconds | sigma below, first after | undone |
|---|---|---|---|---|---|---|---|
{table}

Geometry of the first seed's metric at points that no training or validation has seen; the exact Euler number in
brackets.

| | preset | sigma | Ricci | volume / exact | Kaehler | transition | least eigenvalue | Euler number |
|---|---|---|---|---|---|---|---|---|
{measured}

One step of Adam on the quintic, 500 points, three layers of 96, float32: {step * 1e3:.1f} ms, of which matrix products
are {products * 1e3:.1f} ms: {step / products:.1f} times.
"""


if __name__ == "__main__":
    main()
