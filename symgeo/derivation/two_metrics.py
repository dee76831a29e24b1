r"""Two metrics at any distance, and what stands between their connections and curvatures, in orders of h.

    h = bar g - g        E_lmn = (nabla_m h_ln + nabla_n h_lm - nabla_l h_mn) / 2
    bar Gamma - Gamma = A = C - D        A^l_mn = bar g^lk E_kmn        C^l_mn = g^lk E_kmn
    bar Ric - Ric = r + q        r_nb = nabla_m C^m_bn - nabla_b C^m_mn
    bar R - R = g^nb r_nb - h^nb R_nb + Q

nabla and raised indices are those of g. C and r are of first order in h; D, q and Q hold h or nabla h at least twice,
and nothing is dropped. These are definitions; the equations between them are for a derivation to prove.

Source: Wald, General Relativity (1984), section 7.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgeo.derivation.covariant import nabla
from symgeo.derivation.curvature import LeviCivita
from symgeo.derivation.language import Tensor, inputs
from symgeo.derivation.steps import Define

_M, _N, _A, _B, _L, _K = inputs(r"\mu \nu \alpha \beta \lambda \kappa")


@dataclass(frozen=True)
class TwoMetrics:
    """The letters of the module's formulas, and their definitions.

    How A and D = C - A are defined, by E or as differences, is left to the text.
    """

    geometry: LeviCivita
    bar: LeviCivita

    h_dd = Tensor("h", "dd")
    h_uu = Tensor("h", "uu")
    nabla_h = Tensor(r"(\nabla h)", "ddd")
    trace = Tensor("T", "")
    divergence = Tensor("V", "d")
    E = Tensor("E", "ddd")
    A = Tensor("A", "udd")
    C = Tensor("C", "udd")
    D = Tensor("D", "udd")
    nabla_C = Tensor(r"(\nabla C)", "dudd")
    nabla_D = Tensor(r"(\nabla D)", "dudd")
    r_dd = Tensor("r", "dd")
    q_dd = Tensor("q", "dd")
    Q = Tensor("Q", "")

    def define_h(self, label: str = "") -> Define:
        """The difference of the metrics."""
        return Define(self.h_dd[_M, _N], self.bar.g_dd[_M, _N] - self.geometry.g_dd[_M, _N], label)

    def define_h_up(self, label: str = "") -> Define:
        """That with its indices raised by g."""
        g_uu = self.geometry.g_uu
        return Define(self.h_uu[_M, _N], g_uu[_M, _A] * g_uu[_N, _B] * self.h_dd[_A, _B], label)

    def define_nabla_h(self, label: str = "") -> Define:
        """The covariant derivative of h."""
        return Define(self.nabla_h[_L, _M, _N], nabla(self.geometry, _L, self.h_dd[_M, _N]), label)

    def define_trace(self, label: str = "") -> Define:
        """The trace of h, T."""
        return Define(self.trace[()], self.geometry.g_uu[_M, _N] * self.h_dd[_M, _N], label)

    def define_divergence(self, label: str = "") -> Define:
        """The divergence of h, V."""
        return Define(self.divergence[_M], self.geometry.g_uu[_A, _B] * self.nabla_h[_A, _B, _M], label)

    def define_E(self, label: str = "") -> Define:
        """The covariant derivatives of h, combined as the derivatives of a metric are in a Christoffel symbol."""
        slopes = self.nabla_h[_M, _L, _N] + self.nabla_h[_N, _L, _M] - self.nabla_h[_L, _M, _N]
        return Define(self.E[_L, _M, _N], sp.Rational(1, 2) * slopes, label)

    def define_C(self, label: str = "") -> Define:
        """The difference of the connections to first order."""
        return Define(self.C[_L, _M, _N], self.geometry.g_uu[_L, _K] * self.E[_K, _M, _N], label)

    def define_r(self, label: str = "") -> Define:
        """The difference of the Ricci tensors to first order."""
        return Define(self.r_dd[_N, _B], self.nabla_C[_M, _M, _B, _N] - self.nabla_C[_B, _M, _M, _N], label)

    def define_q(self, label: str = "") -> Define:
        """What is left of that difference."""
        A, nabla_D = self.A, self.nabla_D
        squares = A[_M, _M, _L] * A[_L, _N, _B] - A[_M, _B, _L] * A[_L, _M, _N]
        return Define(self.q_dd[_N, _B], nabla_D[_B, _M, _M, _N] - nabla_D[_M, _M, _B, _N] + squares, label)

    def define_Q(self, label: str = "") -> Define:
        """What is left of the difference of the scalar curvatures."""
        up, h_dd, h_uu = self.bar.g_uu, self.h_dd, self.h_uu
        body = (
            up[_N, _A] * h_dd[_A, _K] * h_uu[_K, _B] * self.geometry.ricci_dd[_N, _B]
            + (up[_N, _B] - self.geometry.g_uu[_N, _B]) * self.r_dd[_N, _B]
            + up[_N, _B] * self.q_dd[_N, _B]
        )
        return Define(self.Q[()], body, label)
