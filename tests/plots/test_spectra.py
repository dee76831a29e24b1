"""Spectra and stages: what is drawn is what was handed over."""

from __future__ import annotations

import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.plots import Corners, StageRow, spectrum_row, stage_grid

CORNERS = Corners(((0.0, 0.8), (-0.7, -0.4), (0.7, -0.4)), ("horse", "frog", "car"))
EXTENT = (-1.0, 1.0, -1.0, 1.0)


def test_a_panel_for_each_input_and_a_curve_for_each_moment():
    falling = 10.0 ** -np.arange(5)
    panels = [("horse", {"epoch 0": falling, "epoch 8": 2 * falling}), ("car", {"epoch 0": falling[:3]})]
    figure = spectrum_row(panels, [np.zeros((2, 2, 3))], note="the data")
    first, second = figure.axes[:2]
    np.testing.assert_array_equal(first.get_lines()[1].get_ydata(), 2 * falling)
    np.testing.assert_array_equal(second.get_lines()[0].get_xdata(), [1, 2, 3])
    assert first.get_yscale() == "log"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["epoch 0", "epoch 8"]
    assert (len(first.child_axes), len(second.child_axes)) == (1, 0)
    with pytest.raises(InputError, match="positive eigenvalues"):
        spectrum_row([("horse", {"epoch 0": np.array([1.0, 0.0])})])


def test_every_stage_has_its_own_scale():
    field = np.arange(9.0).reshape(3, 3)
    rows = [StageRow("epoch 0", {"stage 1": field, "features": field - 90})]
    figure = stage_grid(rows, EXTENT, CORNERS, note="the data")
    images = [axes.get_images()[0] for axes in figure.axes[:2]]
    assert [image.get_clim() for image in images] == [(0, 8), (-90, -82)]
    assert [axes.get_title() for axes in figure.axes[:2]] == ["stage 1", "features"]
    with pytest.raises(InputError, match="all of the same stages"):
        stage_grid([*rows, StageRow("epoch 8", {"stage 1": field})], EXTENT, CORNERS)
