"""The command on flows of metrics: Ricci's, Perelman's, gradient descent's, and a Ricci-flat metric's training."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm

from symgeo.cli.options import as_typed, checked_file
from symgeo.errors import InputError

if TYPE_CHECKING:
    from symgeo.flows import Family


@as_typed(
    points="--points",
    degree="--points",
    shape="--points",
    start="--start",
    neck="--start neck",
    dimension="--start dimension",
    seed="--seed",
    name="--metric",
    preset="--preset",
    folder="--output",
    path="--output",
)
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
    frames: Annotated[int | None, typer.Option(help="How many states are kept; else 41.")] = None,
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
    trajectory = {
        "until": until,
        "frames": frames,
        "start": start,
        "points": points,
        "picture": picture,
        "animate": animate,
    }
    _without(kind, trajectory if kind == "calabi-yau" else {"preset": preset})
    if kind == "calabi-yau":
        _calabi_yau(metric or "quintic", preset or "quick", seed, output)
        return
    homogeneous = {name.replace("_", "-") for name in HOMOGENEOUS}
    if kind != "ricci":
        _without(kind, {"metric": metric})
    elif metric in homogeneous:
        _without(metric, {"points": points, "animate": animate})
    output = output or Path(f"flow-{metric or kind}.npz")
    metric = metric or "neckpinch"
    checked_file(output, "--output", ".npz")
    checked_file(picture, "--picture", ".pdf", ".png")
    checked_file(animate, "--animate", ".gif")
    with tqdm(desc=kind, unit=" states", disable=None) as bar:

        def shown(time: float, measures: object) -> None:
            bar.set_postfix_str(f"t = {time:.6g}", refresh=False)
            bar.update()

        made = named_flow(
            kind,
            metric,
            families={name: partial(_family, name) for name in HOMOGENEOUS},
            until=until,
            frames=41 if frames is None else frames,
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
