"""Networks whose metric is known in closed form: shallow ones of finite width, and Gaussian ones of infinite width."""

from symgeo.networks.correlated import CorrelatedMetric
from symgeo.networks.deep import DeepMetric
from symgeo.networks.shallow import ShallowMetric, ShallowNetwork
from symgeo.networks.wide import WideMetric, WideNetwork

__all__ = ["CorrelatedMetric", "DeepMetric", "ShallowMetric", "ShallowNetwork", "WideMetric", "WideNetwork"]
