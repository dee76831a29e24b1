"""Curves with bands and sections through images: what is drawn is what was handed over."""

from __future__ import annotations

import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.plots import Band, SectionRow, band_grid, section_grid


def test_each_curve_has_its_band_and_the_neutral_line():
    band = Band("trained", [0, 10, 100], [0.1, 0.2, 0.4], [0.0, 0.1, 0.3], [0.2, 0.3, 0.5], neutral=0.0)
    nothing = Band("frozen", [], [], [], [], neutral=0.0)
    figure = band_grid([("xor", [[band, nothing]])], ["Spearman"], "epoch", symlog=1.0)
    axes = figure.axes[0]
    neutral, curve, empty = axes.get_lines()
    assert set(neutral.get_ydata()) == {0.0}
    np.testing.assert_array_equal(curve.get_xydata(), [[0, 0.1], [10, 0.2], [100, 0.4]])
    assert len(empty.get_xdata()) == 0
    heights = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (0.0, 0.5)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["trained", "frozen"]
    with pytest.raises(InputError, match="`rows` must be one or more, each with bands for the 2 `titles`"):
        band_grid([("xor", [[band]])], ["a", "b"], "epoch", symlog=1.0)


def row(title: str) -> SectionRow:
    y, x = np.mgrid[-1:1:21j, -1:1:21j]
    t = np.linspace(0, 1, 11)
    return SectionRow(title, t, 1 + t, (t > 0.52).astype(int), (x > 0).astype(int), x * y, x + y)


def test_sections_show_the_curve_its_changes_and_the_maps():
    corners = ((0.0, 0.8), (-0.7, -0.4), (0.7, -0.4))
    figure = section_grid([row("epoch 0"), row("epoch 3")], (-1, 1, -1, 1), corners, "761", classes=tuple("01"))
    line, prediction, uncertainty, volume = figure.axes[:4]
    curve, change = line.get_lines()
    np.testing.assert_array_equal(curve.get_ydata(), 1 + np.linspace(0, 1, 11))
    assert change.get_xdata()[0] == pytest.approx(0.55)  # midway between the points of different classes
    np.testing.assert_array_equal(prediction.get_images()[0].get_array(), row("").classes)
    np.testing.assert_array_equal(uncertainty.get_images()[0].get_array(), row("").log10_entropy)
    np.testing.assert_array_equal(volume.get_images()[0].get_array(), row("").log10_volume)
    assert {t.get_text() for t in prediction.texts} == {"7", "6", "1", "“0”", "“1”"}
    with pytest.raises(InputError, match="`rows` is empty"):
        section_grid([], (-1, 1, -1, 1), corners, "761", classes=("0",))
