"""The drawing that figures share, in matplotlib. Handed arrays, it computes nothing but where ink goes.

Figures are `matplotlib.figure.Figure` objects that belong to no window and no global list: `save` writes them, a
notebook shows them.
"""

from symgeo.plots.animation import save_animation
from symgeo.plots.bands import Band, band_grid
from symgeo.plots.grid import MapRow, plane_grid
from symgeo.plots.layers import Ellipses, LayerPanel, ellipses, layer_rows
from symgeo.plots.plane import PlaneMap, plane_row
from symgeo.plots.saving import save
from symgeo.plots.sections import Corners, section_grid
from symgeo.plots.spectra import spectrum_row
from symgeo.plots.stages import StageRow, stage_grid
from symgeo.plots.style import STYLE

__all__ = [
    "STYLE",
    "Band",
    "Corners",
    "Ellipses",
    "LayerPanel",
    "MapRow",
    "PlaneMap",
    "StageRow",
    "band_grid",
    "ellipses",
    "layer_rows",
    "plane_grid",
    "plane_row",
    "save",
    "save_animation",
    "section_grid",
    "spectrum_row",
    "stage_grid",
]
