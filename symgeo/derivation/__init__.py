"""Derivations that run: chains of machine-checked equations, their LaTeX, PDF, HTML and record of checks.

A derivation is written with the names below; `Derivation.check`, `.write` and `.html` do the rest. Index notation is
data (`language`), read three ways: printed, expanded in components, brought to a normal form that holds for every d.
"""

from symgeo.derivation.checks import Check
from symgeo.derivation.components import COORDINATES, Frame, Meanings
from symgeo.derivation.compound import Array, At, Determinant, Mean, MinorSum, UnitSum
from symgeo.derivation.covariant import laplacian, nabla
from symgeo.derivation.curvature import LeviCivita
from symgeo.derivation.digits import Against, Digits
from symgeo.derivation.divergence import ByParts, Divergence
from symgeo.derivation.document import Derivation, Paths, Reference, Result, Section
from symgeo.derivation.embedded import EmbeddedMetric, jets
from symgeo.derivation.evidence import Evidence
from symgeo.derivation.exact import Components, ForAll, Identity
from symgeo.derivation.functions import RADIUS, Expectation
from symgeo.derivation.language import (
    DELTA,
    DELTA_UNITS,
    INPUTS,
    UNITS,
    Index,
    Partial,
    Tensor,
    Term,
    inputs,
    term,
    units,
)
from symgeo.derivation.lawful import RulesHold
from symgeo.derivation.likewise import Likewise
from symgeo.derivation.primitive import Primitive
from symgeo.derivation.printer import latex
from symgeo.derivation.quadrature import Quadrature
from symgeo.derivation.rules import Rules
from symgeo.derivation.sampling import Cubature, MonteCarlo
from symgeo.derivation.simulation import Simulation
from symgeo.derivation.slope import Slope
from symgeo.derivation.steps import Define, Given, Inverse, Let, LetFunction, Prose, Step
from symgeo.derivation.two_metrics import TwoMetrics
from symgeo.derivation.unary import LOG, Antiderivative, Known, Opaque

__all__ = [
    "COORDINATES",
    "DELTA",
    "DELTA_UNITS",
    "INPUTS",
    "LOG",
    "RADIUS",
    "UNITS",
    "Against",
    "Antiderivative",
    "Array",
    "At",
    "ByParts",
    "Check",
    "Components",
    "Cubature",
    "Define",
    "Derivation",
    "Determinant",
    "Digits",
    "Divergence",
    "EmbeddedMetric",
    "Evidence",
    "Expectation",
    "ForAll",
    "Frame",
    "Given",
    "Identity",
    "Index",
    "Inverse",
    "Known",
    "Let",
    "LetFunction",
    "LeviCivita",
    "Likewise",
    "Mean",
    "Meanings",
    "MinorSum",
    "MonteCarlo",
    "Opaque",
    "Partial",
    "Paths",
    "Primitive",
    "Prose",
    "Quadrature",
    "Reference",
    "Result",
    "Rules",
    "RulesHold",
    "Section",
    "Simulation",
    "Slope",
    "Step",
    "Tensor",
    "Term",
    "TwoMetrics",
    "UnitSum",
    "inputs",
    "jets",
    "laplacian",
    "latex",
    "nabla",
    "term",
    "units",
]
