"""The drawing that figures share, in matplotlib. Handed arrays, it computes nothing but where ink goes.

Figures are `matplotlib.figure.Figure` objects that belong to no window and no global list: `save` writes them, a
notebook shows them.
"""

from symgeo.plots.plane import PlaneMap, plane_row
from symgeo.plots.saving import save
from symgeo.plots.style import STYLE

__all__ = ["STYLE", "PlaneMap", "plane_row", "save"]
