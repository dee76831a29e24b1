"""Networks whose metric is known in closed form: shallow ones of finite width, and Gaussian ones of infinite width."""

from symgeo.networks.bayesian import BayesianCorrection, bayesian_correction
from symgeo.networks.bayesian_program import bayesian_program
from symgeo.networks.correlated import CorrelatedMetric
from symgeo.networks.deep import DeepMetric
from symgeo.networks.descent import MeanMotion, mean_motion, metric_velocity, moving_metric, weight_velocity
from symgeo.networks.kernels import arc_cosine_kernel, arc_cosine_metric, gaussian_kernel
from symgeo.networks.limits import Leading, far_out, near_origin
from symgeo.networks.shallow import ShallowNetwork
from symgeo.networks.shallow_any_inputs import AnyInputsMetric
from symgeo.networks.shallow_metric import ShallowMetric
from symgeo.networks.shallow_open import OpenShallowMetric
from symgeo.networks.unit_sets import written_out
from symgeo.networks.unit_tensor import UnitTensor
from symgeo.networks.velocity_program import velocity_program
from symgeo.networks.wide import WideMetric, WideNetwork

__all__ = [
    "AnyInputsMetric",
    "BayesianCorrection",
    "CorrelatedMetric",
    "DeepMetric",
    "Leading",
    "MeanMotion",
    "OpenShallowMetric",
    "ShallowMetric",
    "ShallowNetwork",
    "UnitTensor",
    "WideMetric",
    "WideNetwork",
    "arc_cosine_kernel",
    "arc_cosine_metric",
    "bayesian_correction",
    "bayesian_program",
    "far_out",
    "gaussian_kernel",
    "mean_motion",
    "metric_velocity",
    "moving_metric",
    "near_origin",
    "velocity_program",
    "weight_velocity",
    "written_out",
]
