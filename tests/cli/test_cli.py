"""The command line: what it writes, and what a mistake says."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from symgeo import cli


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `symgeo ...` in an empty folder: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["symgeo", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        out, err = capsys.readouterr()
        return stop.value.code or 0, out, err

    return call


def test_help_names_every_command(run):
    status, out, _ = run("--help")
    assert status == 0
    for command in ("derive", "generate", "crosscheck", "train", "measure", "figure", "report"):
        assert re.search(rf"^  {command}\s+\w", out, re.MULTILINE)


def test_version(run):
    assert run("--version")[1].startswith("symgeo 0.")


def test_generate_prints_source_that_runs(run):
    status, out, _ = run("generate", "wide", "--activation", "erf", "--quantity", "scalar-curvature")
    assert status == 0
    space = {}
    exec(out, space)
    R = space["scalar_curvature"](np.array([1.0, 2.0]), sigma=1.3, zeta=0.6)
    s, c = 5.0, 1 + 2 * 0.36
    assert R == pytest.approx(-np.pi / 2 * 4 * 1.69 * s / (c * np.sqrt(c + 2 * 1.69 * s)), rel=1e-14)


def test_generate_saves(run, tmp_path):
    status, out, _ = run("generate", "shallow", "-a", "tanh", "-q", "christoffel", "-b", "torch", "-o", "gamma.py")
    assert status == 0
    assert out.strip() == "gamma.py"
    assert "import torch" in (tmp_path / "gamma.py").read_text()


def test_derive_lists_and_writes(run, tmp_path):
    listed = run("derive")[1].split()
    assert {"pullback-metric", "shallow-network", "infinite-width"} <= set(listed)
    assert len(listed) == len(list((Path(__file__).parents[2] / "derivations").glob("[!_]*.py")))
    status, _, _ = run("derive", "pullback-metric", "--output", "out")
    assert status == 0
    record = json.loads((tmp_path / "out" / "01_pullback_metric.json").read_text())
    assert len(record["equations"]) > 20
    assert all(equation["checks"] for equation in record["equations"])


def test_figure_and_train(run, tmp_path):
    assert "sinusoid" in run("figure")[1].split()
    status, _, err = run("figure", "sinusoid")
    assert status == 2
    assert "symgeo train sinusoid --preset quick" in err


def test_a_ricci_flat_metric_and_going_on(run):
    status, out, _ = run("flow", "calabi-yau", "--metric", "cubic", "-o", "cubic")
    assert status == 0
    found = re.fullmatch(r"cubic: sigma = (\S+) after .* processor time, (\S+) before\n", out)
    assert found is not None
    assert float(found[1]) < 5e-4
    assert float(found[2]) == pytest.approx(0.098, rel=0.05)
    assert run("flow", "calabi-yau", "--metric", "cubic", "-o", "cubic")[1] == out


def test_crosscheck_without_training(run, tmp_path):
    status, out, _ = run("crosscheck", "--no-trained", "--output", "rows.json")
    assert status == 0
    assert re.search(r"(\d+) comparisons, all hold", out)
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert {row["method"] for row in rows} == {"quadrature", "Monte Carlo", "autodiff"}


def test_crosscheck_fails_where_a_row_does(run, monkeypatch):
    from symgeo.crosscheck import wide

    # A reference that is 0.1 % off stands for a closed form that is.
    monkeypatch.setattr(
        wide,
        "by_quadrature",
        lambda *given, true=wide.by_quadrature: {name: value * 1.001 for name, value in true(*given).items()},
    )
    status, out, _ = run("crosscheck", "--no-trained")
    assert status == 1
    assert "FAIL  wide erf" in out
    assert "do not hold" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("derive", "finite-width"),
            "`derivation` 'finite-width' is unknown; there are pullback-metric, gauss-equation, shallow-network",
        ),
        (("generate", "wide", "-a", "tan"), "`--activation` 'tan' is unknown; the known ones are"),
        (("generate", "shallow", "-a", "relu"), "'relu' has a kink"),
        (("generate", "wide", "-q", "torsion"), "`--quantity` 'torsion' is unknown; the known ones are matrix"),
        (("generate", "wide", "-o", "missing/kernel.py"), "`--output` missing/kernel.py: there is no folder missing"),
        (("generate", "wide", "-o", "kernel.txt"), "`--output` must end in .py or .c, not 'kernel.txt'"),
        (("generate", "wide", "-b", "c", "-o", "kernel.py"), "`--output` must end in .c, not 'kernel.py'"),
        (
            ("generate", "deep"),
            "Invalid value for 'family': 'deep' is not one of 'wide', 'shallow'; see symgeo generate",
        ),
        (("generate",), "Missing argument 'family'. Choose from: wide, shallow; see symgeo generate --help"),
        (("generate", "wide", "--colour", "red"), "No such option: --colour; see symgeo generate --help"),
        (("integrate",), "No such command 'integrate'; see symgeo --help"),
        (("crosscheck", "--no-trained", "-o", "missing/rows.json"), "`--output` missing/rows.json: there is no folder"),
        (("crosscheck", "--no-trained", "-o", "."), "`--output` . is a folder; name a file in it"),
        (("crosscheck", "--data-folder", "missing"), "`--data-folder` missing is no folder"),
        (("train", "imagenet"), "barlow-twins, not 'imagenet'"),
        (("train", "xor", "--seeds", "0"), "`--seeds` must be at least 1, not 0"),
        (("train", "xor", "--seeds", "2", "--folder", "x"), "`--folder` holds one run: leave it out"),
        (("train", "xor", "--control", "none-such"), "`--control` must be one of none, shuffled-labels"),
        (("train", "xor", "--data", "digits"), "`--data` of the experiment xor must be xor, not 'digits'"),
        (("train", "xor", "--jobs", "0"), "`--jobs` must be at least 1, not 0"),
        (("train", "xor", "--preset", "slow"), "Invalid value for '--preset': 'slow' is not one of 'quick', 'paper'"),
        (("train", "xor", "--folder", "/proc/none"), "`--folder`: /proc/none cannot be written"),
        (
            ("measure", "imagenet"),
            "`study` 'imagenet' is unknown; there are xor, sinusoid, mnist, cifar10, barlow-twins",
        ),
        (("measure", "xor", "--seeds", "0"), "`--seeds` must be at least 1, not 0"),
        (("measure", "xor"), "symgeo measure xor --preset quick --train"),
        (("train", "mnist", "--data-folder", "missing"), "`--data-folder` missing is no folder"),
        (("train", "mnist", "--data-folder", "/proc/self"), "`--data-folder`: "),
        (("train", "mnist", "--data-folder", "~nobody-here/x"), "names no user's home"),
        (("train", "sinusoid", "--device", "nowhere"), "`--device` 'nowhere' cannot be used"),
        (("train", "sinusoid", "--seed", str(10**20)), "`--seed` must lie between 0 and 2^63"),
        (("flow", "ricci", "--metric", "rosenau", "--points", "1"), "`--points` must be at least 2, not 1"),
        (("flow", "perelman", "--points", "2"), "`--points` must be odd numbers of at least 3"),
        (("flow", "network", "--points", "0"), "`--points` must be at least 1, not 0"),
        (("flow", "ricci", "--metric", "sphere", "--points", "9"), "`--points` means nothing for sphere"),
        (("flow", "ricci", "--metric", "sphere", "--start", "foo=1"), "`--start` must give rho, not rho, foo"),
        (("flow", "ricci", "--start", "neck=2"), "`--start neck` must be between 0 and 1, not 2.0"),
        (("flow", "ricci", "--metric", "torus", "--seed", "-1"), "`--seed` must not be negative, not -1"),
        (("flow", "ricci", "-o", "new/flow.npz"), "`--output` new/flow.npz: there is no folder new; make it"),
        (("flow", "ricci", "--picture", "new/flow.pdf"), "`--picture` new/flow.pdf: there is no folder new"),
        (("flow", "calabi-yau", "--preset", "slow"), "`--preset` must be one of quick, paper, algebraic, plain, not"),
        (("flow", "calabi-yau", "--seed", "-1"), "`--seed` must lie between 0 and 127, not -1"),
        (("flow", "calabi-yau", "--frames", "7"), "`--frames` means nothing for calabi-yau"),
        (("flow", "calabi-yau", "--metric", "cubic", "-o", "/proc/none"), "`--output`: /proc/none cannot be written"),
        (("flow", "ricii"), "`kind` must be one of ricci, perelman, network, natural, calabi-yau, not 'ricii'"),
        (("flow", "perelman", "--metric", "k3"), "`--metric` means nothing for perelman: leave it out"),
        (("flow", "calabi-yau", "--until", "3"), "`--until` means nothing for calabi-yau"),
        (("flow", "ricci", "--metric", "sphere", "--animate", "a.gif"), "`--animate` means nothing for sphere"),
        (("flow", "network", "--start", "widht=3"), "`--start` widht is no number of this start: only neck"),
        (("flow", "calabi-yau", "--metric", "torus"), "`--metric` must be one of cubic, k3, quintic, not 'torus'"),
        (("figure", "mandelbrot"), "`figure` 'mandelbrot' is unknown; there are"),
        (("derive", "infinite-width", "-o", "/proc/none"), "`--output` /proc/none cannot be made"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, tmp_path, arguments, message):
    status, _, err = run(*arguments)
    assert status == 2
    assert message in err
    assert err.startswith("symgeo: ")
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_says_how_to_go_on(tmp_path):
    code = (
        "import sys; sys.argv = ['symgeo', 'train', 'sinusoid', '--preset', 'paper']\n"
        "import symgeo.cli; symgeo.cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs, and so their children, ignore interrupts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not list(tmp_path.rglob("epoch-000010.safetensors")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.endswith("symgeo: stopped; the same command goes on from what was stored\n")


def test_a_missing_extra_names_the_command(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['symgeo', 'train', 'sinusoid']\n"
        "import symgeo.cli; symgeo.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "symgeo: torch is not installed; pip install 'symgeo[torch]'\n"
