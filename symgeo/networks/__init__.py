"""Networks whose metric is known in closed form: shallow ones of finite width, and Gaussian ones of infinite width."""

from symgeo.networks.bayesian import BayesianCorrection, bayesian_correction
from symgeo.networks.correlated import CorrelatedMetric
from symgeo.networks.deep import DeepMetric
from symgeo.networks.descent import MeanMotion, mean_motion, metric_velocity, moving_metric, weight_velocity
from symgeo.networks.kernels import arc_cosine_kernel, arc_cosine_metric, gaussian_kernel
from symgeo.networks.limits import Leading, far_out, near_origin
from symgeo.networks.shallow import ShallowMetric, ShallowNetwork
from symgeo.networks.shallow_open import OpenShallowMetric
from symgeo.networks.wide import WideMetric, WideNetwork

__all__ = [
    "BayesianCorrection",
    "CorrelatedMetric",
    "DeepMetric",
    "Leading",
    "MeanMotion",
    "OpenShallowMetric",
    "ShallowMetric",
    "ShallowNetwork",
    "WideMetric",
    "WideNetwork",
    "arc_cosine_kernel",
    "arc_cosine_metric",
    "bayesian_correction",
    "far_out",
    "gaussian_kernel",
    "mean_motion",
    "metric_velocity",
    "moving_metric",
    "near_origin",
    "weight_velocity",
]
