"""Flows by name, and the command line that runs them."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from symgeo.cli import app
from symgeo.errors import InputError
from symgeo.flows import End, load
from symgeo.flows.presets import KINDS, METRICS, named_flow
from tests.flows.families import FAMILIES

HOMOGENEOUS = [name.replace("_", "-") for name in FAMILIES]


@pytest.mark.parametrize("metric", [*(name for name in METRICS if name != "neckpinch"), *HOMOGENEOUS])
def test_every_start_flows(metric: str) -> None:
    points = {"rosenau": 28, "torus": 48, "torus-mode": 48}.get(metric)
    flow = named_flow("ricci", metric, families=FAMILIES, until=0.05, frames=3, points=points)
    assert flow.end is End.reached
    np.testing.assert_allclose(flow.times, [0, 0.025, 0.05])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ricci"])
def test_every_kind_flows(kind: str) -> None:
    flow = named_flow(kind, until=0.01, frames=2, points=11)
    assert flow.end is End.reached
    assert flow.last["g"].shape == (2, 2, 11, 11)


def test_the_command_stores_a_flow_past_its_singularity(tmp_path) -> None:
    path = tmp_path / "sphere.npz"
    arguments = ["flow", "ricci", "--metric", "sphere", "--start", "rho=2", "--start", "dimension=4", "-o", str(path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "the metric collapses at t = 0.3333333333" in result.output
    assert load(path).singular_time == pytest.approx(1 / 3)


def test_the_command_draws_what_flowed(tmp_path) -> None:
    names = [str(tmp_path / name) for name in ("torus.npz", "torus.pdf", "torus.gif")]
    options = ["--metric", "torus-mode", "--points", "32", "--until", "0.1", "--frames", "3"]
    result = CliRunner().invoke(
        app, ["flow", "ricci", *options, "-o", names[0], "--picture", names[1], "--animate", names[2]]
    )
    assert result.exit_code == 0
    for name in names:
        assert name in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["torus.gif", "torus.npz", "torus.pdf"]


def test_perelmans_flow_by_name_has_its_entropies() -> None:
    flow = named_flow("perelman", until=0.02, frames=4, points=11)
    for name in ("F", "lambda", "W"):
        assert (np.diff(flow.measures[name]) > 0).all()
    np.testing.assert_allclose(flow.constants["tau"], 0.04 - flow.times)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: named_flow("yamabe"), "must be one of ricci"),
        (lambda: named_flow("ricci", "klein"), "the known ones are neckpinch"),
        (lambda: named_flow("ricci", "torus", until=-1.0), "`--until`"),
        (lambda: named_flow("ricci", "torus", frames=1), "`--frames`"),
        (lambda: named_flow("ricci", "torus", start={"neck": 0.1}), "`--start` neck"),
        (lambda: named_flow("ricci", points=13), "`--points` must be at least 16, not 13"),
        (lambda: named_flow("perelman", points=0), "`--points` must be at least 1, not 0"),
        (lambda: named_flow("ricci", "torus", seed=-1), "`--seed` must not be negative, not -1"),
        (
            lambda: named_flow("ricci", "sphere", families=FAMILIES, start={"dimension": 2.5}),
            "`--start` dimension must be a whole number, not 2.5",
        ),
        (lambda: named_flow("ricci", "sphere", families=FAMILIES, start={"radius": 1.0}), "must give rho"),
    ],
)
def test_flows_that_have_no_name(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "flow.h5"], "`--output` must end in .npz"),
        (["--picture", "flow.svg"], "`--picture` must end in .pdf or .png"),
        (["--animate", "flow.mp4"], "`--animate` must end in .gif"),
        (["--start", "neck"], "must be like neck=0.2"),
    ],
)
def test_commands_that_cannot_be_meant(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["flow", "ricci", *arguments])
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
