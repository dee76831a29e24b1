"""Networks whose metric is known in closed form: shallow ones of finite width, and Gaussian ones of infinite width."""

from symgeo.networks.shallow import ShallowMetric, ShallowNetwork
from symgeo.networks.wide import WideMetric, WideNetwork

__all__ = ["ShallowMetric", "ShallowNetwork", "WideMetric", "WideNetwork"]
