"""A wheel carries the derivations and figures: built, installed into a fresh environment, and used there."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The bin folder of a fresh environment with symgeo's wheel, which sees its dependencies but not this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("symgeo-*.whl")
    environment = folder / "env"
    venv.create(environment, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    # A path named in a .pth is not searched for .pth files, so that the checkout's editable install stays unseen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return environment / "bin"


def test_the_wheel_carries_every_script_and_what_was_measured_and_nothing_else(installed):
    (package,) = installed.parent.glob("lib/python*/site-packages/symgeo")
    for kind in ("derivations", "figures"):
        carried = {p.name for p in (package / kind).iterdir() if p.name not in ("__pycache__", "measured")}
        assert carried == {p.name for p in (ROOT / kind).glob("[!_]*.py")}
    measured = {p.name for p in (package / "figures" / "measured").iterdir()}
    assert measured == {p.name for p in (ROOT / "figures" / "measured").iterdir()}


def test_derive_from_the_wheel(installed, tmp_path):
    where = subprocess.run(
        [installed / "python", "-c", "import symgeo; print(symgeo.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(installed.parent))
    subprocess.run([installed / "symgeo", "derive", "pullback-metric", "-o", "."], cwd=tmp_path, check=True)
    committed = ROOT / "derivations" / "01_pullback_metric.tex"
    assert (tmp_path / "01_pullback_metric.tex").read_text() == committed.read_text()


def test_figure_from_the_wheel(installed, tmp_path):
    done = subprocess.run(
        [installed / "symgeo", "figure", "sinusoid", "--train"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["sinusoid.pdf", "sinusoid.png"]
    assert (tmp_path / "sinusoid.png").read_bytes().startswith(b"\x89PNG")
