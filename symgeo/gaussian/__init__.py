"""Expectations over Gaussian variables: closed forms by rules, and quadrature with an error.

`closed_expectation` is exact, `expectation` has any number of digits, and a `SinhRule` carries nodes into kernels.
"""

from symgeo.gaussian.closed import closed_expectation
from symgeo.gaussian.quadrature import Quadrature, expectation
from symgeo.gaussian.sinh_rule import SinhRule, fitted_rule

__all__ = ["Quadrature", "SinhRule", "closed_expectation", "expectation", "fitted_rule"]
