r"""The symbols and definitions that every chapter of Riemannian geometry begins with, in the house's signs.

    Gamma^m_ab = g^ml (d_a g_lb + d_b g_la - d_l g_ab) / 2
    R^m_nab    = d_a Gamma^m_bn - d_b Gamma^m_an + Gamma^m_al Gamma^l_bn - Gamma^m_bl Gamma^l_an
    R_mnab     = g_ml R^l_nab        R_nb = R^m_nmb        R = g^nb R_nb

`LeviCivita()` gives them for g; `LeviCivita(mark=r"\bar")` for a second metric beside it, whose connection and
curvature `like` defines without displaying the same formulas once more.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgeo.derivation.language import Partial, Tensor, Term, inputs
from symgeo.derivation.likewise import Likewise
from symgeo.derivation.steps import Define

_M, _N, _A, _B, _L = inputs(r"\mu \nu \alpha \beta \lambda")


@dataclass(frozen=True)
class LeviCivita:
    """Tensors of one metric, and their definitions; `mark` is put on every symbol."""

    mark: str = ""

    def _tensor(self, name: str, positions: str) -> Tensor:
        return Tensor(f"{self.mark}{{{name}}}" if self.mark else name, positions)

    @property
    def g_dd(self) -> Tensor:
        """The metric."""
        return self._tensor("g", "dd")

    @property
    def g_uu(self) -> Tensor:
        """Its inverse."""
        return self._tensor("g", "uu")

    @property
    def gamma_udd(self) -> Tensor:
        """Christoffel symbols of the second kind."""
        return self._tensor(r"\Gamma", "udd")

    @property
    def riemann_uddd(self) -> Tensor:
        """The Riemann tensor, first index up."""
        return self._tensor("R", "uddd")

    @property
    def riemann_dddd(self) -> Tensor:
        """The Riemann tensor, all indices down."""
        return self._tensor("R", "dddd")

    @property
    def ricci_dd(self) -> Tensor:
        """The Ricci tensor."""
        return self._tensor("R", "dd")

    @property
    def scalar(self) -> Tensor:
        """The scalar curvature."""
        return self._tensor("R", "")

    def like(self, other: LeviCivita, *pairs: tuple[Tensor, Tensor]) -> Likewise:
        """What was defined for the metric of `other` (and of the first of each of `pairs`), for this one."""
        names = ("g_dd", "g_uu", "gamma_udd", "riemann_uddd", "riemann_dddd", "ricci_dd", "scalar")
        return Likewise((*((getattr(other, name), getattr(self, name)) for name in names), *pairs))

    def christoffel(self, label: str = "") -> Define:
        """The definition of the Christoffel symbols."""
        g = self.g_dd
        sum_of_slopes = Partial(_A, g[_L, _B]) + Partial(_B, g[_L, _A]) - Partial(_L, g[_A, _B])
        return Define(self.gamma_udd[_M, _A, _B], sp.Rational(1, 2) * self.g_uu[_M, _L] * sum_of_slopes, label)

    def riemann(self, label: str = "") -> Define:
        """The definition of the Riemann tensor."""
        return Define(self.riemann_uddd[_M, _N, _A, _B], self.riemann_body(1), label)

    def riemann_body(self, sign: int) -> Term:
        """Its right side, with the products of Christoffel symbols under `sign` (1; a slip writes -1)."""
        gamma = self.gamma_udd
        first, second = gamma[_M, _A, _L] * gamma[_L, _B, _N], gamma[_M, _B, _L] * gamma[_L, _A, _N]
        slopes = Partial(_A, gamma[_M, _B, _N]) - Partial(_B, gamma[_M, _A, _N])
        return slopes + first - second if sign == 1 else slopes - first + second

    def lowered(self, label: str = "") -> Define:
        """The definition of the Riemann tensor with all indices down."""
        return Define(self.riemann_dddd[_M, _N, _A, _B], self.g_dd[_M, _L] * self.riemann_uddd[_L, _N, _A, _B], label)

    def ricci(self, label: str = "") -> Define:
        """The definition of the Ricci tensor."""
        return Define(self.ricci_dd[_N, _B], self.riemann_uddd[_M, _N, _M, _B], label)

    def scalar_curvature(self, label: str = "") -> Define:
        """The definition of the scalar curvature."""
        return Define(self.scalar[()], self.g_uu[_N, _B] * self.ricci_dd[_N, _B], label)
