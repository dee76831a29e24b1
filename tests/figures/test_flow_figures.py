"""The figures of flows: what is drawn is what flowed, and the committed numbers are measured again."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from symgeo.flows import Trajectory
from symgeo.scripts import load

MEASURED = Path(__file__).parents[2] / "figures" / "measured"


@pytest.fixture(scope="module")
def taxonomy():
    script = load("figures", "flow-taxonomy")
    return script, script.experiment()


def same(found: object, stored: object) -> None:
    """Equal, numbers to a part in a thousand, those below 1e-5 (which say that something vanishes) to a factor of 5."""
    if isinstance(stored, dict):
        assert isinstance(found, dict)
        assert found.keys() == stored.keys()
        for key, value in stored.items():
            same(found[key], value)
    elif isinstance(stored, float):
        assert isinstance(found, float)
        assert found == pytest.approx(stored, rel=1e-3 if abs(stored) > 1e-5 else 5, abs=0)
    else:
        assert found == stored


def test_the_taxonomys_table_is_what_is_measured(taxonomy) -> None:
    _, made = taxonomy
    same(made.table(), json.loads((MEASURED / "flow-taxonomy.json").read_text()))


def test_the_taxonomy_ends_nearer_ring_by_ring(taxonomy) -> None:
    _, made = taxonomy
    distances = [ring.distance for ring in made.rings.values()]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-5 < 1e-3 < distances[-2]


def test_the_taxonomy_draws_every_ring_on_one_scale(taxonomy) -> None:
    script, made = taxonomy
    figure = script.draw(made)
    maps = [axes.collections[0] for axes in figure.axes if axes.get_title() in {*script.TITLES.values(), script.RICCI}]
    assert len(maps) == 5
    assert len({image.get_clim() for image in maps}) == 1
    change = made.curvature(made.ricci, -1) - made.curvature(made.ricci, 0)
    np.testing.assert_allclose(maps[-1].get_array(), change.T)


def pinching(end: float) -> Trajectory:
    """Two lobes whose neck obeys the law exactly."""
    times = end * (1 - np.geomspace(1, 1e-4, 40))
    s = np.linspace(0, math.pi, 51)
    necks = np.sqrt(2 * (end - times))
    psi = np.sqrt(np.sin(s) ** 2 * (necks[:, None] ** 2 + 0.1 * np.cos(s) ** 2))
    states = {"s": np.broadcast_to(s, psi.shape), "psi": psi}
    return Trajectory("lobes", times, states, {"neck": necks, "widest": psi.max(1)}, singular_time=end)


def test_the_neckpinch_draws_the_law() -> None:
    script = load("figures", "flow-neckpinch")
    made = {0.2: pinching(0.02), 0.4: pinching(0.08)}
    for row in script.table(made)["dumbbells"]:
        assert (row["exponent"], row["factor"]) == pytest.approx((0.5, 1))
    figure = script.draw(made)
    law = next(axes for axes in figure.axes if axes.get_title() == "the law of the neck")
    across, up = law.get_lines()[1].get_data()
    np.testing.assert_allclose(across, 0.08 - made[0.4].times[:-1])
    np.testing.assert_array_equal(up, made[0.4].measures["neck"][:-1])


def test_the_necks_stored_obey_the_law() -> None:
    stored = json.loads((MEASURED / "flow-neckpinch.json").read_text())
    assert [row["neck"] for row in stored["dumbbells"]] == [0.2, 0.25, 0.3]
    for row in stored["dumbbells"]:
        assert row["exponent"] == pytest.approx(0.5, rel=0.02)
