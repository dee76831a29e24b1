"""Panels of curves, spectra and distances: what ink shows is what was handed."""

from __future__ import annotations

import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.plots.calabi_yau import Curve, CurvePanel, DistancePanel, SpectrumPanel, panel_grid

X = np.array([1.0, 10.0, 100.0])


def test_a_curve_is_the_mean_of_its_seeds_and_its_band_holds_them_all():
    y = np.array([[1.0, 2.0, 8.0], [4.0, 2.0, 2.0]])
    panels = [CurvePanel(t, "x", "y", [Curve("a", X, y)], True, log) for t, log in (("log", True), ("linear", False))]
    figure = panel_grid([panels])
    logarithmic, linear = (axes.get_lines()[0].get_ydata() for axes in figure.axes)
    np.testing.assert_allclose(logarithmic, [2, 2, 4])
    np.testing.assert_allclose(linear, [2.5, 2, 5])
    vertices = figure.axes[0].collections[0].get_paths()[0].vertices
    assert vertices[:, 1].min() == 1.0
    assert vertices[:, 1].max() == 8.0


def test_one_label_has_one_look_and_a_level_spans_the_panel():
    level = Curve("b", np.zeros(1), np.array([[3.0], [5.0]]), level=True)
    panels = [
        CurvePanel("one", "x", "y", [Curve("a", X, X[None]), level], neutral=1.0),
        CurvePanel("two", "x", "y", [level]),
    ]
    figure = panel_grid([panels])
    first, second = figure.axes
    assert first.get_lines()[1].get_color() == second.get_lines()[0].get_color()
    assert first.get_lines()[1].get_ydata()[0] == 4.0
    legend = first.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["a", "b"]


def test_every_eigenvalue_falls_into_a_bin():
    values = np.array([-30.0, -1e-9, 0.0, 1e-3, 0.2, 1000.0])
    for kept in (values, values[values >= 0]):
        figure = panel_grid([[SpectrumPanel("s", [("epoch 0", kept), ("epoch 50", kept)], linear=1e-2)]])
        outlines = [patch.get_xy() for patch in figure.axes[0].patches]
        assert len(outlines) == 4  # each spectrum filled and outlined
        for xy in outlines:
            edges, heights = xy[:, 0], xy[:, 1]
            assert edges.min() <= kept.min()
            assert kept.max() <= edges.max()
            assert heights.max() >= 1


def test_distances_share_a_scale_and_one_bar():
    d = np.array([[0.0, 1.0], [1.0, 0.0]])
    panels = [DistancePanel(t, k * d, "distance", np.array([0, 1])) for t, k in (("a", 1), ("b", 3))]
    figure = panel_grid([panels])
    images = [axes.get_images()[0] for axes in figure.axes[:2]]
    assert [image.get_clim() for image in images] == [(0, 3), (0, 3)]
    assert len(figure.axes) == 3


def test_nothing_to_draw_is_said():
    with pytest.raises(InputError, match="`rows` must hold at least one panel each"):
        panel_grid([[]])
    with pytest.raises(InputError, match="nothing to draw in 'empty'"):
        panel_grid([[CurvePanel("empty", "x", "y", [])]])
