"""Ricci-flat metrics on Calabi-Yau hypersurfaces: points, Kaehler potentials, their training, their measures."""

from symgeo.calabi_yau.clustering import Clustered, clustered, kmeans
from symgeo.calabi_yau.config import Config
from symgeo.calabi_yau.curvature import metric_jets, ricci, riemann, scalar_curvature
from symgeo.calabi_yau.distances import NeighbourGraph, fubini_study_distance, neighbour_graph, phase_free
from symgeo.calabi_yau.donaldson import BalancedMetric, balanced_metric
from symgeo.calabi_yau.elementwise import ElementwiseFlow, elementwise_flow
from symgeo.calabi_yau.euler import Estimate, euler_number, integrated_euler_number
from symgeo.calabi_yau.features import invariant_features, invariants, plain_features
from symgeo.calabi_yau.frozen import FrozenNetwork, ridge_scan
from symgeo.calabi_yau.hypersurface import Hypersurface, dwork, fermat, hypersurface
from symgeo.calabi_yau.measures import Measures, measures
from symgeo.calabi_yau.monge_ampere import Equation, equation, eta, sigma
from symgeo.calabi_yau.network import Architecture, PhiNetwork
from symgeo.calabi_yau.presets import PRESETS, preset_config, train
from symgeo.calabi_yau.run import Run, load_run
from symgeo.calabi_yau.sample import Sample, at, concatenated, estimated_kappa, fubini_study, project, sample
from symgeo.calabi_yau.sections import Sections
from symgeo.calabi_yau.spectrum import difference, phi_ntk, unconjugated_spectrum
from symgeo.calabi_yau.trainer import train_config

__all__ = [
    "PRESETS",
    "Architecture",
    "BalancedMetric",
    "Clustered",
    "Config",
    "ElementwiseFlow",
    "Equation",
    "Estimate",
    "FrozenNetwork",
    "Hypersurface",
    "Measures",
    "NeighbourGraph",
    "PhiNetwork",
    "Run",
    "Sample",
    "Sections",
    "at",
    "balanced_metric",
    "clustered",
    "concatenated",
    "difference",
    "dwork",
    "elementwise_flow",
    "equation",
    "estimated_kappa",
    "eta",
    "euler_number",
    "fermat",
    "fubini_study",
    "fubini_study_distance",
    "hypersurface",
    "integrated_euler_number",
    "invariant_features",
    "invariants",
    "kmeans",
    "load_run",
    "measures",
    "metric_jets",
    "neighbour_graph",
    "phase_free",
    "phi_ntk",
    "plain_features",
    "preset_config",
    "project",
    "ricci",
    "ridge_scan",
    "riemann",
    "sample",
    "scalar_curvature",
    "sigma",
    "train",
    "train_config",
    "unconjugated_spectrum",
]
