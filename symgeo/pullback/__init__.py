"""The geometry that any torch feature map pulls back to its inputs: metric, volume, connection, curvature, geodesics."""

from symgeo.pullback.geodesic import Geodesic
from symgeo.pullback.pullback import Pullback, Stretches, Volume

__all__ = ["Geodesic", "Pullback", "Stretches", "Volume"]
