"""The command line: derive, generate, crosscheck, train, measure, flow, figure, report.

Every command imports what it needs when it runs. A mistake of the user's is one line on stderr and exit status 2.
"""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm

from symgeo.errors import CheckFailed, InputError, SymgeoError

if TYPE_CHECKING:
    from symgeo.flows import Family

# Optional packages, and the extra that brings each.
_EXTRAS = {"torch": "torch", "safetensors": "torch", "sklearn": "torch", "pooch": "torch", "matplotlib": "figures"}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="The Riemannian geometry of neural networks: derived in closed form, proved line by line, generated as fast "
    "kernels, held against trained networks.",
    epilog="Start with: symgeo report",
)


class Backend(StrEnum):
    """What a kernel is written for."""

    numpy = "numpy"
    torch = "torch"
    c = "c"


class Preset(StrEnum):
    """How long a training takes."""

    quick = "quick"
    paper = "paper"


class Network(StrEnum):
    """Networks whose metric is known."""

    wide = "wide"
    shallow = "shallow"


Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write into; made if need be.")]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data-folder", help="Folder of the images' files; else $SYMGEO_DATA, the cache, or a download."),
]
Data = Annotated[str | None, typer.Option("--data", help='"digits" trains mnist on the digits that are always there.')]
Jobs = Annotated[int, typer.Option(help="How many trainings at a time, each in a process of its own.")]
Seed = Annotated[int, typer.Option(help="Seed of the initial weights and of the batches.")]


def _version(wanted: bool) -> None:
    if wanted:
        import symgeo

        print(f"symgeo {symgeo.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None: ...


@app.command()
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
    folder = _folder(output)
    for each in _progress(list(scripts("derivations")) if every else [str(name)], "derive"):
        paths = load("derivations", each).derivation().write(folder, pdf=pdf)
        for path in (paths.tex, paths.json, paths.pdf):
            if path is not None:
                tqdm.write(str(path))


@app.command()
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


@app.command()
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

    networks = trained_runs(runs, data, data_folder) if trained else None
    for note in networks.notes if networks else ():
        tqdm.write(f"symgeo: {note}", file=sys.stderr)
    pair = (networks.sinusoid, networks.images) if networks else (None, None)
    rows = list(_progress(comparisons(*pair, folder=data_folder), "cross-check"))
    print(table(rows))
    if output is not None:
        write_json(rows, output)
    if failures(rows):
        raise typer.Exit(1)


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="Such as sinusoid, mnist or cifar10; a wrong name lists them all.")],
    preset: Annotated[
        Preset, typer.Option(help="quick: minutes on one core. paper: the published setting.")
    ] = Preset.quick,
    seed: Seed = 0,
    seeds: Annotated[int, typer.Option(help="How many, counted from --seed on.")] = 1,
    jobs: Jobs = 1,
    control: Annotated[
        str, typer.Option(help="A control: shuffled-labels, frozen-first-layer; of ResNets, frozen-features.")
    ] = "none",
    data: Data = None,
    data_folder: DataFolder = None,
    folder: Annotated[Path | None, typer.Option(help="The run's own folder; else runs/NAME-PRESET/seed-SEED.")] = None,
    resume: Annotated[bool, typer.Option(help="--no-resume deletes an earlier run in the folder.")] = True,
    device: Annotated[str, typer.Option(help="Where to compute, such as cpu or cuda.")] = "cpu",
) -> None:
    """Train an experiment's network, or go on with it exactly where it stopped."""
    from symgeo import models

    if seeds < 1:
        raise InputError(f"`--seeds` must be at least 1, not {seeds}")
    if folder is not None and seeds > 1:
        raise InputError(f"`--folder` holds one run: leave it out, and each of the {seeds} seeds has its own")
    configs = [models.experiment_config(name, preset.value, seed + i, data, control) for i in range(seeds)]
    if folder is not None:
        options = {"data_folder": data_folder, "resume": resume, "device": device}
        runs = [models.train_config(configs[0], folder, **options)]
    else:
        runs = models.train_all(configs, jobs=jobs, data_folder=data_folder, resume=resume, device=device)
    for run in runs:
        if not run.metrics:
            raise InputError(f"`--folder` {run.folder} has lost its metrics.jsonl; train afresh with --no-resume")
        last = run.metrics[-1]
        print(f"{run.folder}: epoch {last.epoch}, loss {last.loss:.4f}, test accuracy {last.test_accuracy:.1%}")


@app.command()
def measure(
    name: Annotated[str, typer.Argument(help="xor, sinusoid, mnist, cifar10 or barlow-twins.")],
    preset: Annotated[Preset, typer.Option(help="Which runs to measure.")] = Preset.quick,
    seeds: Annotated[int | None, typer.Option(help="How many; else 5, for images 3.")] = None,
    jobs: Jobs = 1,
    train_first: Annotated[bool, typer.Option("--train", help="Train first what is missing, controls too.")] = False,
    data_folder: DataFolder = None,
    output: Output = Path(),
) -> None:
    """Measure whether the volume element grows towards the decision boundary, over seeds and against controls."""
    from symgeo import magnification, models

    if name not in magnification.STUDIES:
        raise InputError(f"`name` must be one of {', '.join(magnification.STUDIES)}, not {name!r}")
    study = magnification.STUDIES[name]
    if train_first:
        models.train_all(study.configs(preset.value, seeds), jobs=jobs, data_folder=data_folder)
    table = magnification.measure(
        study,
        preset.value,
        seeds=seeds,
        data_folder=data_folder,
        progress=lambda runs: _progress(runs, "measure"),
    )
    print(table.write(_folder(output) / f"{name}-{preset.value}.json"))


@app.command()
def flow(
    kind: Annotated[
        str, typer.Argument(help="ricci, perelman, network (gradient descent), natural (gradient) or calabi-yau.")
    ],
    metric: Annotated[
        str | None,
        typer.Option(
            help="Start of ricci: neckpinch, rosenau, torus, torus-mode, sphere, bianchi-ix, ... "
            "Of calabi-yau: cubic, k3 or quintic.",
        ),
    ] = None,
    until: Annotated[float | None, typer.Option(help="The last time; else the start's own.")] = None,
    frames: Annotated[int, typer.Option(help="How many states are kept.")] = 41,
    start: Annotated[
        list[str] | None, typer.Option("--start", help="A number of the start, such as neck=0.2; again for others.")
    ] = None,
    points: Annotated[int | None, typer.Option(help="Grid points in each direction; else the start's own.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of a random start or of a network.")] = 0,
    preset: Annotated[str | None, typer.Option(help="Of calabi-yau: quick, paper, algebraic or plain.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Trajectory to write, else flow-NAME.npz; of calabi-yau the run's folder."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw it: states and what was measured, into a .pdf or .png.")
    ] = None,
    animate: Annotated[
        Path | None, typer.Option(help="Also its states into a .gif; not of homogeneous metrics, which are numbers.")
    ] = None,
) -> None:
    """Let a metric flow up to a time or to its singularity, and store the trajectory; Ctrl-C keeps what there is."""
    from symgeo.flows.presets import KINDS, named_flow
    from symgeo.geometry import HOMOGENEOUS

    if kind not in (*KINDS, "calabi-yau"):
        raise InputError(f"`kind` must be one of {', '.join(KINDS)}, calabi-yau, not {kind!r}")
    trajectory = {"until": until, "start": start, "points": points, "picture": picture, "animate": animate}
    _without(kind, trajectory if kind == "calabi-yau" else {"preset": preset})
    if kind == "calabi-yau":
        _calabi_yau(metric or "quintic", preset or "quick", seed, output)
        return
    homogeneous = {name.replace("_", "-") for name in HOMOGENEOUS}
    if kind != "ricci":
        _without(kind, {"metric": metric})
    elif metric in homogeneous:
        _without(metric, {"animate": animate})
    output = output or Path(f"flow-{metric or kind}.npz")
    metric = metric or "neckpinch"
    for option, path, endings in (
        ("--output", output, (".npz",)),
        ("--picture", picture, (".pdf", ".png")),
        ("--animate", animate, (".gif",)),
    ):
        if path is not None and path.suffix not in endings:
            raise InputError(f"`{option}` must end in {' or '.join(endings)}, not {path.name!r}")
        if path is not None:
            _folder(path.parent)
    with tqdm(desc=kind, unit=" states", disable=None) as bar:

        def shown(time: float, measures: object) -> None:
            bar.set_postfix_str(f"t = {time:.6g}", refresh=False)
            bar.update()

        made = named_flow(
            kind,
            metric,
            families={name: partial(_family, name) for name in HOMOGENEOUS},
            until=until,
            frames=frames,
            start=_numbers(start),
            points=points,
            seed=seed,
            progress=shown,
        )
    print(f"{made.save(output)}: {len(made.times)} states up to t = {made.times[-1]:.8g}")
    if made.message:
        print(made.message)
    if picture is not None:
        from symgeo.plots import save
        from symgeo.plots.flows import flow_picture

        print(*save(flow_picture(made), picture.with_suffix(""), (picture.suffix[1:],)))
    if animate is not None:
        from symgeo.plots.flows_animation import save_flow_animation

        print(save_flow_animation(made, animate.with_suffix("")))


def _without(subject: str, options: dict[str, object]) -> None:
    """Refuse what the subject has no use for, rather than drop it."""
    given = [f"`--{option}`" for option, value in options.items() if value is not None]
    if given:
        raise InputError(f"{' and '.join(given)} means nothing for {subject}: leave it out")


def _calabi_yau(name: str, preset: str, seed: int, output: Path | None) -> None:
    """Train a Ricci-flat metric's potential, and say how near it came."""
    from symgeo.calabi_yau.presets import train

    run = train(name, preset, seed, output)
    first = run.records[0].sigma
    print(f"{run.folder}: sigma = {run.sigma:.3g} after {run.seconds:.0f} s of processor time, {first:.3g} before")


def _family(name: str, dimension: int) -> Family:
    """The kernels of a homogeneous metric."""
    from symgeo import generate
    from symgeo.flows import Family
    from symgeo.geometry import homogeneous_metric

    made = homogeneous_metric(name, dimension)
    return Family(generate(made.metric.matrix), generate(made.metric.ricci), made.point, made.parameters)


def _numbers(texts: list[str] | None) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in (text.split("=") for text in texts or ())}
    except ValueError:
        raise InputError(f"`--start` must be like neck=0.2, not {' '.join(texts or ())}") from None


@app.command()
def figure(
    name: Annotated[str | None, typer.Argument(help="Which figure; without a name, lists them.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    run: Annotated[Path | None, typer.Option(help="Folder of the run to draw; else the experiment's own.")] = None,
    train_first: Annotated[bool, typer.Option("--train", help="Train the experiment first if it was not.")] = False,
    preset: Annotated[Preset, typer.Option(help="Which run to draw.")] = Preset.quick,
    data_folder: DataFolder = None,
    animate: Annotated[bool, typer.Option("--animate", help="Also the training as a GIF, where there is one.")] = False,
    output: Output = Path(),
) -> None:
    """Draw a figure from training runs, as PDF and PNG."""
    from symgeo import models, plots
    from symgeo.scripts import load, scripts

    if name is None and not every:
        for known in scripts("figures"):
            print(known)
        return
    chosen = [load("figures", each) for each in (scripts("figures") if every else [str(name)])]
    if run is not None and (len(chosen) > 1 or len(chosen[0].EXPERIMENTS) != 1):
        raise InputError("`--run` is one run: it goes with a figure that draws one")
    folder = _folder(output)
    for script in chosen:
        configs = [models.experiment_config(experiment, preset.value) for experiment in script.EXPERIMENTS]
        places = [models.default_folder(config) for config in configs] if run is None else [run]
        for config, place in zip(configs, places, strict=True):
            if train_first:
                models.train_config(config, place, data_folder=data_folder)
            elif not (place / "config.json").exists():
                raise InputError(
                    f"`--run` {place} holds no run of {config.experiment}; make it with: symgeo train "
                    f"{config.experiment} --preset {preset.value}, or draw with --train"
                )
        stem = folder / re.sub(r"^\d+_", "", Path(str(script.__file__)).stem)
        runs = [models.load_run(place) for place in places]
        options = {"data_folder": data_folder} if getattr(script, "READS_DATA", False) else {}
        for path in plots.save(script.draw(*runs, **options), stem):
            print(path)
        if animate and hasattr(script, "animate"):
            print(script.animate(*runs, stem))


@app.command()
def report(
    output: Output = Path("report"),
    data: Data = None,
    data_folder: DataFolder = None,
) -> None:
    """The main job, end to end: derive, generate, train, cross-check, draw; one page, report/index.html."""
    from symgeo.report import write_report

    outcome = write_report(_folder(output), data=data, data_folder=data_folder)
    print(outcome.summary)
    if not outcome.holds:
        raise typer.Exit(1)


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--output` {path} cannot be made ({error.strerror}); choose another place") from None
    return path


def _progress(items, title: str):
    return tqdm(items, desc=title, unit="", disable=None)


def main() -> None:
    """Run the command line; a user's mistake ends it with one line and status 2."""
    try:
        app()
    except CheckFailed as error:
        print(f"symgeo: {error}", file=sys.stderr)
        sys.exit(1)
    except SymgeoError as error:
        print(f"symgeo: {error}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        print(f"symgeo: {error.name} is not installed; pip install 'symgeo[{_EXTRAS[error.name]}]'", file=sys.stderr)
        sys.exit(2)
    except SystemExit as stop:
        # What typer makes of Ctrl-C.
        if stop.code == 130:
            print("symgeo: stopped; the same command goes on from what was stored", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        print("symgeo: stopped; the same command goes on from what was stored", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
