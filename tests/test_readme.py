"""The README's examples run, and say what they say."""

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
