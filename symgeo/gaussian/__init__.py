"""Expectations over Gaussian variables: quadrature with an error."""

from symgeo.gaussian.quadrature import Quadrature, expectation

__all__ = ["Quadrature", "expectation"]
