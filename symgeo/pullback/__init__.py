"""The geometry that a torch feature map pulls back to its inputs: metric, volume, connection, curvature, geodesics."""

from symgeo.pullback.geodesic import Geodesic
from symgeo.pullback.mapping import map_points
from symgeo.pullback.pullback import Pullback, Stretches, Volume

__all__ = ["Geodesic", "Pullback", "Stretches", "Volume", "map_points"]
