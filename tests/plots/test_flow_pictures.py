"""Pictures of flows: what is drawn is what flowed, and what has no picture is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from symgeo.errors import InputError
from symgeo.flows import (
    End,
    FlatTorus,
    PeriodicGrid,
    RoundSphere,
    Trajectory,
    conformal_flow,
    dumbbell,
    entropies,
    exact,
    homogeneous_flow,
    rotational_flow,
    tensor_flow,
)
from symgeo.plots.flows import chosen_moments, flow_picture
from symgeo.plots.flows_animation import save_flow_animation
from tests.flows.families import FAMILIES
from tests.flows.torus_metrics import wavy

TIMES = np.linspace(0, 0.04, 5)


@pytest.fixture(scope="module")
def torus() -> Trajectory:
    surface = FlatTorus((16, 24))
    x, y = surface.points()
    return conformal_flow(surface, np.exp(0.3 * np.cos(x) + 0.1 * np.sin(y)), TIMES)


@pytest.fixture(scope="module")
def neck() -> Trajectory:
    return rotational_flow(dumbbell(0.4, points=65), [0, 0.01, 0.02], every_step=False)


def panels(figure: Figure, label: str) -> list:
    return [axes for axes in figure.axes if axes.get_ylabel() == label]


def test_maps_show_the_factor_over_its_mean(torus: Trajectory) -> None:
    figure = flow_picture(torus)
    maps = [axes for axes in figure.axes if axes.get_title().startswith("$t$")]
    assert [axes.get_title() for axes in maps] == ["$t$ = 0", "$t$ = 0.01", "$t$ = 0.03", "$t$ = 0.04"]
    u = torus.states["u"][3]
    np.testing.assert_allclose(maps[2].collections[0].get_array(), (u / u.mean()).T)  # x runs to the right
    (line,) = panels(figure, "area")[0].get_lines()
    np.testing.assert_array_equal(line.get_ydata(), torus.measures["area"])


def test_what_is_conserved_is_a_level_line(torus: Trajectory) -> None:
    low, high = panels(flow_picture(torus), "area")[0].get_ylim()
    area = torus.measures["area"][0]
    assert low < 0.98 * area < 1.02 * area < high


def test_the_sphere_shows_where_it_vanishes() -> None:
    surface = RoundSphere(28)
    theta, phi = surface.points()
    u = exact.rosenau(1 - (np.sin(theta) * np.cos(phi)) ** 2, -0.5)
    flow = conformal_flow(surface, u, np.linspace(0, 1, 5))
    assert flow.end is End.singular
    lines = panels(flow_picture(flow), "area")[0].get_lines()
    assert lines[-1].get_label() == "singular at 0.5"
    np.testing.assert_allclose(lines[-1].get_xdata(), flow.singular_time)


def test_a_body_is_drawn_from_both_sides(neck: Trajectory) -> None:
    axes = flow_picture(neck).axes[0]
    across, up = axes.get_lines()[0].get_data()
    assert np.isclose(across.min(), -across.max())
    np.testing.assert_allclose(up, -up[::-1])
    assert up.max() == pytest.approx(neck.states["psi"][0].max())


def test_parameters_have_their_names() -> None:
    flow = homogeneous_flow(FAMILIES["bianchi_ix"](3), {"a": 1.0, "b": 2.0, "c": 3.0}, np.linspace(0, 3, 9))
    legend = panels(flow_picture(flow), "parameters of $g$")[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c", f"singular at {flow.singular_time:.5g}"]


def test_perelmans_flow_shows_what_rises() -> None:
    grid = PeriodicGrid((15, 15))
    flow = entropies(tensor_flow(grid, wavy(grid, 0.05, 5), TIMES, gauge="perelman"), grid)
    figure = flow_picture(flow)
    for label in ("Perelman's $F$", r"lowest eigenvalue $\lambda$ of $-4\Delta+R$", "entropy $W$"):
        (line,) = panels(figure, label)[0].get_lines()
        assert (np.diff(line.get_ydata()) > 0).all()


def test_an_animation_has_a_frame_for_each_state(torus: Trajectory, neck: Trajectory, tmp_path) -> None:
    for name, flow in (("torus", torus), ("neck", neck)):
        path = save_flow_animation(flow, tmp_path / "new" / name)
        with Image.open(path) as made:
            assert made.n_frames == len(flow.times)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["neck.gif", "torus.gif"]


def test_moments_are_spread_in_time_and_hold_both_ends(torus: Trajectory) -> None:
    uneven = replace(torus, times=np.array([0.0, 0.001, 0.002, 0.003, 1.0]))
    assert chosen_moments(uneven, 3) == [0, 3, 4]
    assert chosen_moments(torus, 40) == [0, 1, 2, 3, 4]


def test_flows_without_a_picture(torus: Trajectory, tmp_path) -> None:
    bare = replace(torus, states={"theta": np.zeros((5, 2))}, measures={})
    with pytest.raises(InputError, match="states or measures that can be drawn"):
        flow_picture(bare)
    with pytest.raises(InputError, match="are no pictures"):
        save_flow_animation(bare, tmp_path / "bare")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_flow_animation(torus, tmp_path / "file" / "torus")
