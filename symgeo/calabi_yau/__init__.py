"""Ricci-flat metrics on Calabi-Yau hypersurfaces: points, Kaehler potentials, their training, their measures."""

from symgeo.calabi_yau.features import invariant_features, invariants, plain_features
from symgeo.calabi_yau.hypersurface import Hypersurface, dwork, fermat, hypersurface
from symgeo.calabi_yau.monge_ampere import Equation, equation, eta, sigma
from symgeo.calabi_yau.network import Architecture, PhiNetwork
from symgeo.calabi_yau.sample import Sample, at, concatenated, estimated_kappa, fubini_study, project, sample

__all__ = [
    "Architecture",
    "Equation",
    "Hypersurface",
    "PhiNetwork",
    "Sample",
    "at",
    "concatenated",
    "dwork",
    "equation",
    "estimated_kappa",
    "eta",
    "fermat",
    "fubini_study",
    "hypersurface",
    "invariant_features",
    "invariants",
    "plain_features",
    "project",
    "sample",
    "sigma",
]
