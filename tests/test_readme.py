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
    assert len(blocks) == 3
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
    assert (tmp_path / "curvature.py").exists()
    assert (tmp_path / "curvature.c").exists()


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
}


def written(numbers):
    mean, low, high, _ = numbers
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def test_the_table_of_trained_networks_is_what_was_measured():
    """Every cell of the README's table, from the committed tables that `symgeo measure` wrote."""
    lines = [line for line in README.read_text().splitlines() if re.match(r"\| (xor|sinusoid|MNIST),", line)]
    assert {line.split("|")[1].strip() for line in lines} == set(MEASURED)
    for line in lines:
        name, control, *cells = (part.strip() for part in line.strip("|").split("|"))
        study, experiment, place = MEASURED[name]
        table = json.loads((README.parent / "figures" / "measured" / f"{study}-quick.json").read_text())
        rows = [
            row
            for row in table["rows"]
            if (row["experiment"], row["control"]) == (experiment, control.replace(" ", "-") or "none")
            and (row["place"], row["quantity"], row["closeness"]) == (place, "volume", "distance")
        ]
        last = max(rows, key=lambda row: row["epoch"])
        assert cells == [written(last[number]) for number in ("spearman", "auc", "ratio")], line
