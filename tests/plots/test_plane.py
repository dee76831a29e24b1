"""Maps over the plane: that the arrays handed over are what is drawn, where, and in which colours."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.contour import ContourSet

from symgeo.errors import InputError
from symgeo.plots import STYLE, PlaneMap, plane_row

EXTENT = (-1.0, 3.0, 0.0, 2.0)
X, Y = np.meshgrid(np.linspace(-1, 3, 41), np.linspace(0, 2, 21))
CIRCLE = (X - 1) ** 2 + (Y - 1) ** 2 - 0.25


def maps() -> list[PlaneMap]:
    return [PlaneMap("left", X + 10 * Y, CIRCLE), PlaneMap("right", X - Y)]


def test_fields_lie_where_their_axes_say():
    figure = plane_row(maps(), EXTENT, label="f")
    for axes, panel in zip(figure.axes[:2], maps(), strict=True):
        (image,) = axes.get_images()
        np.testing.assert_array_equal(image.get_array(), panel.field)
        assert image.origin == "lower"  # row 0 at the bottom
        # Pixel centres, not edges, lie on the extent: 4 / 40 and 2 / 20 wide, half of it overhangs.
        np.testing.assert_allclose(image.get_extent(), (-1.05, 3.05, -0.05, 2.05))
        assert axes.get_xlim() == (-1, 3)
        assert axes.get_ylim() == (0, 2)
        assert axes.get_aspect() == 1
        assert axes.get_title() == panel.title


def test_all_maps_share_one_scale_from_least_to_greatest():
    figure = plane_row(maps(), EXTENT, label="f")
    for axes in figure.axes[:2]:
        assert axes.get_images()[0].get_clim() == (-3, 23)


def test_the_boundary_is_the_zero_of_the_decision():
    figure = plane_row(maps(), EXTENT, label="f")
    left, right = ([c for c in axes.get_children() if isinstance(c, ContourSet)] for axes in figure.axes[:2])
    assert not right  # that map has no decision
    radius = np.hypot(*(left[0].get_paths()[0].vertices - [1, 1]).T)
    # Linear interpolation between values 0.1 apart errs by at most |f''| h^2 / 8 / |f'| = 2 (0.1)^2 / 8 / 1.
    np.testing.assert_allclose(radius, 0.5, atol=0.0026)


def test_a_decision_without_a_zero_says_so():
    (axes, *_) = plane_row([PlaneMap("t", X, np.ones_like(X))], EXTENT, label="f").axes
    assert [t.get_text() for t in axes.texts] == ["no boundary here: one class everywhere"]


def test_points_are_drawn_by_class_and_named_in_the_legend():
    points = np.array([[0.0, 0.5], [1.0, 1.0], [2.0, 1.5]])
    figure = plane_row(maps(), EXTENT, label="f", points=points, labels=np.array([0, 1, 0]), classes=("below", "above"))
    for axes in figure.axes[:2]:
        first, second = (c.get_offsets() for c in axes.collections if not isinstance(c, ContourSet))
        np.testing.assert_array_equal(first, points[[0, 2]])
        np.testing.assert_array_equal(second, points[[1]])
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["decision boundary", "below", "above"]


def test_the_colour_bar_is_labelled_and_as_high_as_the_maps():
    figure = plane_row(maps(), EXTENT, label="volume (no unit)")
    figure.draw_without_rendering()
    right = figure.axes[1]
    (bar,) = right.child_axes
    assert bar.get_ylabel() == "volume (no unit)"
    np.testing.assert_allclose(bar.get_position().height, right.get_position().height, rtol=1e-6)


@pytest.mark.parametrize("name", [STYLE["image.cmap"]])
def test_the_colour_map_rises_in_lightness(name):
    # CIE lightness is monotone in luminance, so rising luminance is what a greyscale print needs.
    rgb = mpl.colormaps[name](np.linspace(0, 1, 256))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16
    steps = np.diff(lightness)[8:]  # near black the cube root of CIE L* is not its linear toe
    assert steps.min() > 0
    assert steps.max() < 2 * np.median(steps)


def test_no_text_is_cut_off_or_overlaps():
    figure = plane_row(
        maps(),
        EXTENT,
        label="volume element (no unit)",
        points=np.zeros((1, 2)),
        labels=np.array([0]),
        classes=("below", "above"),
    )
    figure.draw_without_rendering()
    boxes = [axes.title.get_window_extent() for axes in figure.axes[:2]]
    boxes += [axes.xaxis.label.get_window_extent() for axes in figure.axes[:2]]
    boxes += [figure.legends[0].get_window_extent(), figure.axes[1].child_axes[0].yaxis.label.get_window_extent()]
    for i, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_drawing_leaves_the_readers_settings_alone():
    before = dict(mpl.rcParams)
    plane_row(maps(), EXTENT, label="f")
    assert dict(mpl.rcParams) == before


def test_no_window_system_and_no_pyplot_are_needed():
    code = (
        "import sys, numpy as np; from symgeo.plots import PlaneMap, plane_row;"
        "plane_row([PlaneMap('t', np.eye(3))], (0, 1, 0, 1), label='f');"
        "print([m for m in ('matplotlib.pyplot', 'torch', 'sympy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "`maps` is empty"),
        ([PlaneMap("a", X), PlaneMap("b", X[1:])], "`maps`: 'b' has another shape than the first"),
        ([PlaneMap("a", X, X[1:])], "`maps`: 'a' has another shape"),
        ([PlaneMap("a", np.where(X == 1, np.nan, X))], "`maps`: 'a' has values that are not finite"),
        ([PlaneMap("a", X, np.full_like(X, -np.inf))], "`maps`: 'a' has values that are not finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(bad, message):
    with pytest.raises(InputError, match=message):
        plane_row(bad, EXTENT, label="f")
