"""Curves with bands and sections through images: what is drawn is what was handed over."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from symgeo.errors import InputError
from symgeo.plots import Band, Corners, band_grid, section_grid


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


def section(lines: int = 1) -> SimpleNamespace:
    y, x = np.mgrid[-1:1:21j, -1:1:21j]
    t = np.linspace(0, 1, 11)
    curve = SimpleNamespace(t=t, length=1 + t, classes=(t > 0.52).astype(int))
    return SimpleNamespace(
        lines=[curve] * lines,
        classes=(x > 0).astype(int),
        log10_entropy=x * y,
        log10_volume=x + y,
        inside=y < 0.5,
    )


def test_sections_show_the_curve_its_changes_and_the_maps():
    corners = Corners(((0.0, 0.8), (-0.7, -0.4), (0.7, -0.4)), "761")
    rows = [("epoch 0", section()), ("epoch 3", section())]
    figure = section_grid(rows, (-1, 1, -1, 1), corners, classes=tuple("01"), note="the data")
    line, prediction, uncertainty, volume = figure.axes[:4]
    curve, change = line.get_lines()
    np.testing.assert_array_equal(curve.get_ydata(), 1 + np.linspace(0, 1, 11))
    assert change.get_xdata()[0] == pytest.approx(0.55)  # midway between the points of different classes
    drawn = prediction.get_images()[0].get_array()
    assert isinstance(drawn, np.ma.MaskedArray)
    np.testing.assert_array_equal(drawn.mask, ~section().inside)
    np.testing.assert_array_equal(drawn.data, section().classes)
    np.testing.assert_array_equal(uncertainty.get_images()[0].get_array(), section().log10_entropy)
    np.testing.assert_array_equal(volume.get_images()[0].get_array(), section().log10_volume)
    assert {t.get_text() for t in prediction.texts} == {"7", "6", "1", "“0”", "“1”"}
    assert figure.get_supxlabel() == "the data"
    with pytest.raises(InputError, match="`rows` must be one or more, each with the 1 lines"):
        section_grid([], (-1, 1, -1, 1), corners, classes=("0",))


def test_each_line_has_its_panel_and_each_corner_its_image():
    images = [np.full((4, 4, 3), shade) for shade in (0.1, 0.5, 0.9)]
    corners = Corners(((0.0, 0.8), (-0.7, -0.4), (0.7, -0.4)), ("car", "dog", "frog"), images)
    options = {"classes": ("car", "dog"), "ends": ((0, 1), (0, 2))}
    figure = section_grid([("epoch 0", section(2))], (-1, 1, -1, 1), corners, **options)
    titles = [axes.get_title() for axes in figure.axes[:3]]
    assert titles == ["line from the car to the dog", "line from the car to the frog", "prediction"]
    insets = [axes for axes in figure.axes[2].child_axes if axes.get_images()]
    shades = {float(np.asarray(axes.get_images()[0].get_array())[0, 0, 0]): axes.get_position() for axes in insets}
    assert set(shades) == {0.1, 0.5, 0.9}
    assert shades[0.5].y1 < shades[0.1].y0  # the first corner is above the others
    assert shades[0.5].x1 < shades[0.9].x0
    with pytest.raises(InputError, match="each with the 2 lines"):
        section_grid([("epoch 0", section(1))], (-1, 1, -1, 1), corners, **options)
