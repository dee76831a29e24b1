"""Flows in the space of metrics: Ricci's, Perelman's, and the one that a network's gradient descent makes."""

from symgeo.flows.conformal import conformal_curvature, conformal_flow
from symgeo.flows.diffeomorphism import perelman_to_ricci, pulled_back
from symgeo.flows.disc import disc_flow
from symgeo.flows.homogeneous import Family, homogeneous_flow
from symgeo.flows.kernel_flow import QuadraticFlow, kernel_flow, limit
from symgeo.flows.kernels import CosineFeatures, delta, erf_ntk, gaussian, relu_ntk
from symgeo.flows.metric_network import MetricNetwork, metric_network
from symgeo.flows.metric_ntk import (
    KernelSpectrum,
    alignment,
    complex_kernel,
    gram,
    index_diagonal,
    kernel_spectrum,
    metric_ntk,
)
from symgeo.flows.natural_gradient import natural_flow
from symgeo.flows.network_flow import network_flow, quadratic_loss, step_against_kernel
from symgeo.flows.packing import pack, unpack
from symgeo.flows.perelman import (
    Ground,
    bakry_emery,
    entropies,
    f_functional,
    f_rate,
    ground,
    potential,
    spectrum,
    w_functional,
    w_rate,
)
from symgeo.flows.periodic import GridMetric, PeriodicGrid
from symgeo.flows.profile import Profile, dumbbell, round_sphere
from symgeo.flows.rotational import rotational_flow
from symgeo.flows.surface import FlatTorus, RoundSphere, Surface
from symgeo.flows.taxonomy import Ring, descent_flow, fixed_kernel_flow, periodic_gaussian, taxonomy
from symgeo.flows.tensor_flow import tensor_flow
from symgeo.flows.trajectory import End, Trajectory, load

__all__ = [
    "CosineFeatures",
    "End",
    "Family",
    "FlatTorus",
    "GridMetric",
    "Ground",
    "KernelSpectrum",
    "MetricNetwork",
    "PeriodicGrid",
    "Profile",
    "QuadraticFlow",
    "Ring",
    "RoundSphere",
    "Surface",
    "Trajectory",
    "alignment",
    "bakry_emery",
    "complex_kernel",
    "conformal_curvature",
    "conformal_flow",
    "delta",
    "descent_flow",
    "disc_flow",
    "dumbbell",
    "entropies",
    "erf_ntk",
    "f_functional",
    "f_rate",
    "fixed_kernel_flow",
    "gaussian",
    "gram",
    "ground",
    "homogeneous_flow",
    "index_diagonal",
    "kernel_flow",
    "kernel_spectrum",
    "limit",
    "load",
    "metric_network",
    "metric_ntk",
    "natural_flow",
    "network_flow",
    "pack",
    "perelman_to_ricci",
    "periodic_gaussian",
    "potential",
    "pulled_back",
    "quadratic_loss",
    "relu_ntk",
    "rotational_flow",
    "round_sphere",
    "spectrum",
    "step_against_kernel",
    "taxonomy",
    "tensor_flow",
    "unpack",
    "w_functional",
    "w_rate",
]
