"""Metrics and their tensors in closed form: charts, Hessians, embeddings, and rotation-invariant metrics for any d."""

from symgeo.geometry.chart import CoordinateMetric
from symgeo.geometry.embedding import PullbackMetric
from symgeo.geometry.hessian import HessianMetric
from symgeo.geometry.homogeneous import HOMOGENEOUS, HomogeneousMetric, homogeneous_metric
from symgeo.geometry.kernel_metric import KernelMetric, RadialKernelMetric, conformal_change
from symgeo.geometry.metric import Metric
from symgeo.geometry.projective import homogeneous_polynomial
from symgeo.geometry.radial import RadialMetric
from symgeo.geometry.radial_distance import radial_distance
from symgeo.geometry.radial_tensor import RadialTensor

__all__ = [
    "HOMOGENEOUS",
    "CoordinateMetric",
    "HessianMetric",
    "HomogeneousMetric",
    "KernelMetric",
    "Metric",
    "PullbackMetric",
    "RadialKernelMetric",
    "RadialMetric",
    "RadialTensor",
    "conformal_change",
    "homogeneous_metric",
    "homogeneous_polynomial",
    "radial_distance",
]
