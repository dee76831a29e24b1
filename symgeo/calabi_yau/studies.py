"""The studies of this room, each a JSON file of rows: `python -m symgeo.calabi_yau.studies --output figures/measured`.

    comparison   networks beside fixed kernels: every method, hypersurface and seed
    evolution    the metric-NTK along training: trained, linearised, and over widths
    locality     the reach of fixed kernels, and distances between points

What is there is kept, what is missing is measured: a study that was stopped goes on. The comparison is printed as a
table.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from tqdm import tqdm

from symgeo.calabi_yau.comparison import METHODS, Setting, Task, invariant_potential, measured
from symgeo.calabi_yau.evolution import Watch, trained, widened
from symgeo.calabi_yau.hypersurface import fermat
from symgeo.calabi_yau.ledger import Ledger, Row
from symgeo.calabi_yau.locality import extent, gains
from symgeo.calabi_yau.network import PhiNetwork
from symgeo.calabi_yau.presets import DIMENSIONS
from symgeo.calabi_yau.sample import sample
from symgeo.errors import InputError, SymgeoError
from symgeo.flows.kernels import Kernel, gaussian, relu_ntk

SEEDS = (0, 1, 2)
COUNTS = (30, 100, 300, 1000, 2000)
KERNELS: Mapping[str, Kernel | None] = MappingProxyType(
    {"delta": None, "gaussian, l = 0.1": gaussian(0.1), "gaussian, l = 0.5": gaussian(0.5), "relu": relu_ntk}
)


def comparison(
    path: str | Path,
    setting: Setting | None = None,
    *,
    names: tuple[str, ...] = tuple(DIMENSIONS),
    methods: tuple[str, ...] = tuple(METHODS),
    seeds: tuple[int, ...] = SEEDS,
) -> Ledger:
    """Rows "quintic/network/0".

    Raises:
        InputError: an unknown name, or a file of other settings.
    """
    setting = setting or Setting()
    ledger = Ledger(path, "comparison", asdict(setting))
    wanted = [(name, seed, method) for seed in seeds for name in names for method in methods]
    tasks: dict[tuple[str, int], Task] = {}
    for name, seed, method in tqdm(wanted, desc="comparison", disable=None):

        def row(name: str = name, seed: int = seed, method: str = method) -> Row:
            if (name, seed) not in tasks:
                tasks.clear()
                tasks[name, seed] = Task.of(name, seed, setting)
            return measured(tasks[name, seed], METHODS[method](tasks[name, seed]))

        ledger.once(f"{name}/{method}/{seed}", row)
    return ledger


def evolution(
    path: str | Path,
    setting: Setting | None = None,
    watch: Watch | None = None,
    *,
    name: str = "quintic",
    seeds: tuple[int, ...] = SEEDS,
) -> Ledger:
    """Rows "trained/0", "linearised/0", "width 64/0".

    Raises:
        InputError: an unknown name, or a file of other settings.
    """
    setting, watch = setting or Setting(), watch or Watch()
    ledger = Ledger(path, "evolution", {"hypersurface": name, **asdict(setting), "watch": asdict(watch)})
    for seed in tqdm(seeds, desc="evolution", disable=None):
        ledger.once(f"trained/{seed}", lambda seed=seed: trained(name, seed, setting, watch))
        ledger.once(f"linearised/{seed}", lambda seed=seed: trained(name, seed, setting, watch, linearised=True))
        for width in watch.widths:
            ledger.once(
                f"width {width}/{seed}", lambda seed=seed, width=width: widened(name, seed, width, setting, watch)
            )
    return ledger


def locality(
    path: str | Path,
    *,
    points: int = 500,
    steps: int = 400,
    seeds: tuple[int, ...] = SEEDS,
    counts: tuple[int, ...] = COUNTS,
    name: str = "quintic",
) -> Ledger:
    """Rows "gain/delta/0" and "distance/1000/0"; smaller samples are the first points of the largest.

    Raises:
        InputError: an unknown name, or a file of other settings.
    """
    if name not in DIMENSIONS:
        raise InputError(f"`name` must be one of {', '.join(DIMENSIONS)}, not {name!r}")
    where = fermat(DIMENSIONS[name])
    ledger = Ledger(path, "locality", {"hypersurface": name, "points": points, "steps": steps})
    for kernel, theta in tqdm(KERNELS.items(), desc="kernels", disable=None):
        for seed in seeds:
            ledger.once(
                f"gain/{kernel}/{seed}",
                lambda seed=seed, theta=theta: gains(sample(where, points, seed), theta, steps=steps, seed=seed),
            )
    found: list[PhiNetwork] = []

    def row(count: int, seed: int) -> Row:
        there = sample(where, max(counts), seed)[:count]
        if not found:
            found.append(invariant_potential(sample(where, 1500, 0), degree=8)[0])
        return {
            "fubini-study": extent(there, None),
            "intrinsic, fubini-study": extent(there, there.fubini_study),
            "intrinsic, ricci-flat": extent(there, found[0].metric(there)),
        }

    for count in tqdm(counts, desc="distances", disable=None):
        for seed in seeds:
            ledger.once(f"distance/{count}/{seed}", lambda count=count, seed=seed: row(count, seed))
    return ledger


def table(rows: Mapping[str, Row]) -> str:
    """The comparison as Markdown: means over seeds of sigma, with its range, of the Ricci measure and of seconds."""
    names = [name for name in DIMENSIONS if any(key.startswith(f"{name}/") for key in rows)]
    known = {key.split("/")[1] for key in rows}
    methods = [method for method in METHODS if method in known]
    heads = [f"{name}: {what}" for name in names for what in ("sigma (range)", "Ricci", "s")]
    lines = ["| method | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for method in methods:
        cells = []
        for name in names:
            found = [row for key, row in rows.items() if key.startswith(f"{name}/{method}/")]
            if not found:
                cells += ["", "", ""]
                continue
            sigmas, riccis, seconds = ([row[what] for row in found] for what in ("sigma", "ricci", "seconds"))
            cells.append(f"{_mean(sigmas):.2g} ({min(sigmas):.2g} .. {max(sigmas):.2g})")
            cells.append("-" if None in riccis else f"{_mean(riccis):.2g}")
            cells.append(f"{_mean(seconds):.2g}")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


STUDIES: Mapping[str, Callable[[Path], Ledger]] = MappingProxyType(
    {"comparison": comparison, "evolution": evolution, "locality": locality}
)
"""Study name -> what measures it into a file."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="*", help=f"which of {', '.join(STUDIES)}; all of them without a name")
    parser.add_argument("--output", default="figures/measured", help="the folder of the files")
    arguments = parser.parse_args()
    try:
        for name in arguments.study or STUDIES:
            if name not in STUDIES:
                raise InputError(f"`study` must be one of {', '.join(STUDIES)}, not {name!r}")
            ledger = STUDIES[name](Path(arguments.output) / f"calabi-yau-{name}.json")
            if name == "comparison":
                print(table(ledger.rows))
    except SymgeoError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
