"""Layers' planes and their metrics as ellipses: angles, lengths, and what is drawn where."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import EllipseCollection, LineCollection

from symgeo.errors import InputError
from symgeo.plots import LayerPanel, ellipses, layer_rows

LINES = np.array([[[0.0, 0.0], [2.0, 1.0]], [[0.0, 1.0], [2.0, 2.0]]])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.floats(-1.5, 1.5), st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_unit_ball_is_where_u_g_u_is_1_and_the_stretch_is_its_inverse(angle, a, b):
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s], [s, c]])
    g = (turn @ np.diag([a, b]) @ turn.T)[None]
    ball, stretch = ellipses(g, "unit ball"), ellipses(g, "stretch")
    for look, weight in ((ball, g[0]), (stretch, np.linalg.inv(g[0]))):
        assert look.long[0] >= look.short[0]
        for length, towards in ((look.long[0], look.angle[0]), (look.short[0], look.angle[0] + math.pi / 2)):
            u = length * np.array([math.cos(towards), math.sin(towards)])
            assert u @ weight @ u == pytest.approx(1, rel=1e-9)
    assert stretch.long[0] == pytest.approx(1 / ball.short[0])


def test_a_known_metric_points_the_known_way():
    # Twice as long along the diagonal that rises: stretch 2 there and 1 across.
    g = np.array([[[2.5, 1.5], [1.5, 2.5]]])
    stretch, ball = ellipses(g, "stretch"), ellipses(g, "unit ball")
    assert (stretch.long[0], stretch.short[0]) == (pytest.approx(2), pytest.approx(1))
    assert math.tan(stretch.angle[0]) == pytest.approx(1)
    assert math.tan(ball.angle[0]) == pytest.approx(-1)
    assert (ball.long[0], ball.short[0]) == (pytest.approx(1), pytest.approx(0.5))


@pytest.mark.parametrize("size", [2, 3])
def test_what_is_no_metric_is_refused(size):
    with pytest.raises(InputError, match="`metric` must be positive definite"):
        ellipses(np.diag([1.0, -1.0])[None].repeat(size, 0), "stretch")
    with pytest.raises(InputError, match="`metric` has entries that are not finite"):
        ellipses(np.full((size, 2, 2), np.nan), "stretch")
    with pytest.raises(InputError, match="`glyph` must be one of stretch, unit ball, not 'circle'"):
        ellipses(np.eye(2)[None], "circle")


def test_grid_points_and_ellipses_lie_where_they_are_said_to():
    points = np.array([[0.5, 0.5], [1.5, 1.5]])
    panel = LayerPanel("layer 3", LINES, points, np.array([[1.0, 1.0]]), np.array([[[4.0, 0], [0, 1.0]]]))
    figure = layer_rows([("row", [panel])], labels=np.array([0, 1]), classes=("a", "b"), glyphs=["stretch"])
    axes = figure.axes[0]
    (lines,) = (c for c in axes.collections if isinstance(c, LineCollection))
    np.testing.assert_array_equal(lines.get_segments(), LINES)
    (drawn,) = (c for c in axes.collections if isinstance(c, EllipseCollection))
    np.testing.assert_array_equal(drawn.get_offsets(), [[1.0, 1.0]])
    np.testing.assert_allclose(drawn.get_array(), [math.log10(2)])
    assert axes.get_aspect() == 1
    assert axes.get_title() == "layer 3"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["a", "b"]


def test_rows_of_different_lengths_are_refused():
    panel = LayerPanel("l", LINES)
    with pytest.raises(InputError, match="`rows` must be one or more, all with as many panels"):
        layer_rows([("a", [panel]), ("b", [panel, panel])])
