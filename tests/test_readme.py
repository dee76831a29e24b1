"""The README's examples run, and say what they say."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

README = Path(__file__).parent.parent / "README.md"


def test_examples_run_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 4
    space = {}
    for block in blocks:
        exec(block, space)
    (claimed,) = re.findall(r"# (-pi.*)", blocks[0])
    assert str(space["wide"].metric.scalar_curvature()) == claimed
    assert space["hyperbolic"].scalar_curvature() == -2
    x, y = space["x"], space["y"]
    assert sp.simplify(space["paraboloid"].scalar_curvature() - 2 / (1 + x**2 + y**2) ** 2) == 0
    value = space["symgeo"].generate(space["paraboloid"].scalar_curvature)(np.array([[1.0, 2.0]]))
    assert value == pytest.approx(2 / 36)
    assert np.ptp(space["flow"].measures["area"]) < 1e-9
    assert space["pinch"].singular_time == pytest.approx(0.0688181, abs=1e-6)
    assert space["run"].sigma < 2e-4
    assert (tmp_path / "curvature.py").exists()
    assert (tmp_path / "curvature.c").exists()


METHODS = {
    "Fubini and Study": "fubini-study",
    "balanced, k = 4": "balanced",
    "network": "network",
    "network linearised at its start, same Adam": "linearised",
    "frozen kernel, solved": "frozen kernel",
    "Gaussian kernel, element by element": "gaussian",
    "ReLU kernel, element by element": "relu",
    "delta kernel": "delta",
    "invariants of degree 8, no network": "invariants",
}


def test_the_table_of_ricci_flat_metrics_is_what_was_measured():
    """sigma of every method, the mean over the seeds."""
    rows = json.loads((README.parent / "figures" / "measured" / "calabi-yau-comparison.json").read_text())["rows"]
    (table,) = re.findall(r"\| \| cubic \| quartic K3 \| quintic \|\n.*\n((?:\|.*\n)+)", README.read_text())
    lines = {line.split("|")[1].strip(): line.split("|")[2:5] for line in table.splitlines()}
    assert set(lines) == set(METHODS)
    for name, cells in lines.items():
        for cell, surface in zip(cells, ("cubic", "k3", "quintic"), strict=True):
            sigmas = [row["sigma"] for key, row in rows.items() if key.startswith(f"{surface}/{METHODS[name]}/")]
            assert len(sigmas) == 3
            assert cell.strip() == f"{np.mean(sigmas):.2g}"


# A network of the README's table: the study and experiment, and the place where the volume was taken.
MEASURED = {
    "xor, 2 units": ("xor", "xor-2", "plane"),
    "xor, 10": ("xor", "xor", "plane"),
    "xor, 100": ("xor", "xor-100", "plane"),
    "sinusoid, 5 units": ("sinusoid", "sinusoid-5", "plane"),
    "sinusoid, 20": ("sinusoid", "sinusoid-20", "plane"),
    "sinusoid, 250": ("sinusoid", "sinusoid", "plane"),
    "sinusoid, 8-8-8": ("sinusoid", "sinusoid-deep", "plane"),
    "MNIST, 500, between classes": ("mnist", "mnist", "between classes"),
    "MNIST, 500, within a class": ("mnist", "mnist", "within a class"),
    "CIFAR-10, ResNet-10, between classes": ("cifar10", "cifar10", "between classes"),
    "CIFAR-10, ResNet-10, within a class": ("cifar10", "cifar10", "within a class"),
    "Barlow Twins, ResNet-10, between classes": ("barlow-twins", "barlow-twins", "between classes"),
    "Barlow Twins, ResNet-10, within a class": ("barlow-twins", "barlow-twins", "within a class"),
}
# In place of a control, a line of the table may be of the epoch before any training.
UNTRAINED = "untrained"
CONTROLS = {"": "none", UNTRAINED: "none"}


def written(numbers):
    mean, low, high, _ = numbers
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def test_the_table_of_trained_networks_is_what_was_measured():
    """Every cell of the README's table, from the committed tables that `symgeo measure` wrote."""
    lines = [
        line
        for line in README.read_text().splitlines()
        if re.match(r"\| (xor|sinusoid|MNIST|CIFAR-10|Barlow Twins),", line)
    ]
    assert {line.split("|")[1].strip() for line in lines} == set(MEASURED)
    for line in lines:
        name, control, *cells = (part.strip() for part in line.strip("|").split("|"))
        study, experiment, place = MEASURED[name]
        table = json.loads((README.parent / "figures" / "measured" / f"{study}-quick.json").read_text())
        rows = [
            row
            for row in table["rows"]
            if (row["experiment"], row["control"]) == (experiment, CONTROLS.get(control, control.replace(" ", "-")))
            and (row["place"], row["quantity"], row["closeness"]) == (place, "volume", "distance")
        ]
        chosen = (min if control == UNTRAINED else max)(rows, key=lambda row: row["epoch"])
        assert cells == [written(chosen[number]) for number in ("spearman", "auc", "ratio")], line
