"""Rows of maps: that each row has its own scale, and that a scale with two signs says what it does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.colors import AsinhNorm

from symgeo.errors import InputError
from symgeo.plots import MapRow, PlaneMap, plane_grid

X, Y = np.meshgrid(np.linspace(-1, 1, 31), np.linspace(-1, 1, 31))
EXTENT = (-1.0, 1.0, -1.0, 1.0)


def rows() -> list[MapRow]:
    return [
        MapRow([PlaneMap("a", X), PlaneMap("b", Y + 2)], "volume"),
        MapRow([PlaneMap("a", X * 500), PlaneMap("b", Y)], "curvature", colours="cividis", asinh=1.0),
    ]


def test_each_row_is_on_its_own_scale():
    figure = plane_grid(rows(), EXTENT)
    first, second, third, fourth = (axes.get_images()[0] for axes in figure.axes[:4])
    assert first.get_clim() == second.get_clim() == (-1, 3)
    assert isinstance(third.norm, AsinhNorm)
    values = np.concatenate([500 * X.ravel(), Y.ravel()])
    assert third.get_clim() == fourth.get_clim() == tuple(np.quantile(values, [0.005, 0.995]))
    np.testing.assert_array_equal(third.get_array(), 500 * X)
    assert [axes.get_title() for axes in figure.axes[:4]] == ["a", "b", "", ""]


@pytest.mark.parametrize("size", [3, 80, 500, 3e4, 1e7, 1e12])
def test_the_bars_are_labelled_and_their_ticks_do_not_overlap(size):
    volume, curvature = rows()
    wild = MapRow([PlaneMap("a", X * size), PlaneMap("b", Y)], curvature.label, "cividis", asinh=1.0)
    figure = plane_grid([volume, wild], EXTENT)
    figure.draw_without_rendering()
    bars = [figure.axes[k].child_axes[0] for k in (1, 3)]
    assert [bar.get_ylabel() for bar in bars] == ["volume", "curvature"]
    ticks = [t.get_window_extent() for t in bars[1].get_yticklabels() if t.get_text()]
    assert len(ticks) >= 3
    assert not any(a.overlaps(b) for a, b in itertools.pairwise(ticks))


def test_rows_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="`rows` must be one or more, all of as many maps"):
        plane_grid([], EXTENT)
    with pytest.raises(InputError, match="all of as many maps"):
        plane_grid([rows()[0], MapRow([PlaneMap("a", X)], "f")], EXTENT)
