"""A Riemannian (or Lorentzian) metric and what follows from it, whatever form the metric has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import sympy as sp

if TYPE_CHECKING:
    from symgeo.codegen.program import Program


class Metric(ABC):
    """A metric g_dd in some chart. Every result is computed once, when first asked for.

    Signs and index order are those of symgeo.conventions.
    """

    @property
    @abstractmethod
    def dimension(self) -> sp.Expr:
        """The dimension: an Integer, or a symbol where it is kept open."""

    @property
    @abstractmethod
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol, for each symbol that the metric is written in."""

    @abstractmethod
    def matrix(self) -> Any:
        """Return g_dd."""

    @abstractmethod
    def inverse(self) -> Any:
        """Return g^uu."""

    @abstractmethod
    def determinant(self) -> sp.Expr:
        """Return det g."""

    @abstractmethod
    def volume_element(self) -> sp.Expr:
        """Return sqrt(|det g|)."""

    def log_volume_element(self) -> sp.Expr:
        """Return 1/2 log |det g|, which numeric kernels compute where sqrt |det g| underflows."""
        return sp.log(self.volume_element())

    @abstractmethod
    def christoffel(self, kind: int = 2) -> Any:
        """Return Gamma^r_ab (kind 2) or Gamma_r,ab (kind 1), indices in this order."""

    @abstractmethod
    def riemann(self) -> Any:
        """Return R_rsmn."""

    @abstractmethod
    def ricci(self) -> Any:
        """Return R_sn = R^r_srn."""

    @abstractmethod
    def scalar_curvature(self) -> sp.Expr:
        """Return R = g^sn R_sn."""

    def program(self, quantity: str) -> Program:
        """Return the program from which numeric kernels for `quantity` (a method's name) are generated."""
        from symgeo.geometry.programs import program_of

        return program_of(self, quantity)
