"""What a torch feature map makes of its inputs: metric, volume, connection, curvature, geodesics, tangent kernel."""

from symgeo.pullback.every_layer import Layers
from symgeo.pullback.geodesic import Geodesic
from symgeo.pullback.mapping import map_points
from symgeo.pullback.pullback import Pullback
from symgeo.pullback.quantities import ExtrinsicCurvature, Stretches, Volume
from symgeo.pullback.tangent_kernel import ntk

__all__ = ["ExtrinsicCurvature", "Geodesic", "Layers", "Pullback", "Stretches", "Volume", "map_points", "ntk"]
