"""The commands on closed forms: derive one, generate its kernel, hold it against other computations."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from symgeo.cli.options import Data, DataFolder, Output, as_typed, checked_file, made_folder, progress_bar
from symgeo.errors import InputError


class Backend(StrEnum):
    """What a kernel is written for."""

    numpy = "numpy"
    torch = "torch"
    c = "c"


class Network(StrEnum):
    """Networks whose metric is known."""

    wide = "wide"
    shallow = "shallow"


@as_typed(folder="--output", path="--output", pdf="--pdf")
def derive(
    name: Annotated[str | None, typer.Argument(help="Which derivation; without a name, lists them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also the PDF; needs a TeX system.")] = False,
    output: Output = Path(),
) -> None:
    """Check a derivation line by line and write it as LaTeX, with a JSON of its checks."""
    from symgeo.scripts import load, scripts

    if name is None and not every:
        for known in scripts("derivations"):
            print(known)
        return
    folder = made_folder(output)
    for each in progress_bar(list(scripts("derivations")) if every else [str(name)], "derive"):
        paths = load("derivations", each).derivation().write(folder, pdf=pdf)
        for path in (paths.tex, paths.json, paths.pdf):
            if path is not None:
                tqdm.write(str(path))


@as_typed(path="--output", activation="--activation")
def generate(
    family: Annotated[Network, typer.Argument(help="wide: infinite width, Gaussian weights. shallow: finite width.")],
    activation: Annotated[
        str, typer.Option("--activation", "-a", help='Such as erf, monomial(3), "z*exp(-z**2)".')
    ] = "erf",
    quantity: Annotated[
        str, typer.Option("--quantity", "-q", help="Such as scalar-curvature, matrix, christoffel, log-volume-element.")
    ] = "scalar-curvature",
    backend: Annotated[
        Backend, typer.Option("--backend", "-b", help="What the kernel is written for.")
    ] = Backend.numpy,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write, ending in .py, or .c for C.")
    ] = None,
) -> None:
    """Write the numeric kernel of a geometric quantity, a file of Python or C99 that stands alone; or print it."""
    import symgeo
    from symgeo.geometry.programs import TITLES
    from symgeo.networks.activation_grammar import activation_of_text

    checked_file(output, "--output", *((".c",) if backend is Backend.c else (".py", ".c")))
    name = quantity.replace("-", "_")
    if name not in TITLES:
        raise InputError(
            f"`--quantity` {quantity!r} is unknown; the known ones are {', '.join(TITLES)}".replace("_", "-")
        )
    if family is Network.wide:
        network = symgeo.WideNetwork(activation_of_text(activation))
    else:
        # Any size will do: the kernel takes width and dimension from its arguments.
        network = symgeo.ShallowNetwork(activation_of_text(activation), inputs=2, width=2)
    kernel = symgeo.generate(getattr(network.metric, name), backend=backend.value)
    print(kernel.source if output is None else kernel.save(output))


@as_typed(path="--output", data="--data", folder="--runs")
def crosscheck(
    trained: Annotated[bool, typer.Option(help="Also trained networks; trains them where no run is found.")] = True,
    data: Data = None,
    data_folder: DataFolder = None,
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Also write the rows as JSON.")] = None,
) -> None:
    """Hold every closed form against independent computations and trained networks; exit status 1 if one fails."""
    from symgeo.crosscheck import crosscheck as comparisons
    from symgeo.crosscheck import failures, table, trained_runs, write_json

    checked_file(output, "--output")
    networks = trained_runs(runs, data, data_folder) if trained else None
    for note in networks.notes if networks else ():
        tqdm.write(f"symgeo: {note}", file=sys.stderr)
    pair = (networks.sinusoid, networks.images) if networks else (None, None)
    rows = list(progress_bar(comparisons(*pair, folder=data_folder), "cross-check"))
    print(table(rows))
    if output is not None:
        write_json(rows, output)
    if failures(rows):
        raise typer.Exit(1)
