r"""The shallow network whose number of inputs d stays a symbol: every quantity in sums over its units.

With p_j = phi'(z_j)^2, c_j = phi'(z_j) phi''(z_j) and G_jk = w_j.g^-1 w_k (symgeo.networks.unit_sets),

    g_ab       = (1/n) sum_j p_j w_ja w_jb,          det g = n^-d sum_{|S| = d} det[w_S]^2 prod_{j in S} p_j
    Gamma_c,ab = (1/n) sum_j c_j w_ja w_jb w_jc,     Gamma^c_ab = (1/n) sum_j c_j (g^-1 w_j)^c w_ja w_jb
    R_abcd     = (1/n^2) sum_jk c_j c_k G_jk (w_jb w_jc w_ka w_kd - w_jb w_jd w_ka w_kc)
    R_bd       = (1/n^2) sum_jk c_j c_k G_jk (G_jk w_jb w_kd - G_kk w_jb w_jd)
    R          = (1/n^2) sum_jk c_j c_k G_jk (G_jk^2 - G_jj G_kk)

which are the Hessian metric's formulas with T_abc = (2/n) sum_j c_j w_ja w_jb w_jc. They hold for n >= d.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import Metric
from symgeo.networks.shallow_open import OPEN_PSEUDO_DETERMINANT
from symgeo.networks.shallow_programs import shallow_program
from symgeo.networks.shallow_symbols import DIRECTION, INPUTS, MEMBER, OTHER, UNIT, WEIGHTS
from symgeo.networks.unit_sets import Axis, InverseProduct, SetSum, UnitRow
from symgeo.networks.unit_tensor import UnitTensor

if TYPE_CHECKING:
    from symgeo.networks.shallow import ShallowNetwork

mu, nu, rho, tau = (sp.Symbol(name, integer=True, positive=True) for name in ("mu", "nu", "rho", "tau"))
j, k = UNIT, OTHER
w_j, w_k = ({q: WEIGHTS[unit, q] for q in (mu, nu, rho, tau)} for unit in (j, k))


class AnyInputsMetric(Metric):
    """The metric of a shallow network of d inputs, d a symbol, in x[a], W[j, a] and b[j], indices from 1.

    >>> from symgeo.networks import ShallowNetwork
    >>> ShallowNetwork("exp", width=3).metric.scalar_curvature().has(sp.Sum)
    True
    """

    def __init__(self, network: ShallowNetwork) -> None:
        self.network = network
        self.width = sp.sympify(network.width)

    def _at(self, unit: sp.Symbol, order: int) -> sp.Expr:
        """A derivative of phi at z of a unit."""
        return self.network.activation.derivative(self.network.preactivations[0], order).xreplace({UNIT: unit})

    def _squares(self) -> sp.Lambda:
        return sp.Lambda(MEMBER, self._at(MEMBER, 1) ** 2)

    def _product(self, u: sp.Expr, v: sp.Expr) -> InverseProduct:
        return InverseProduct(u, v, self._squares(), self.width, INPUTS)

    def _coupling(self, first: sp.Symbol, second: sp.Symbol) -> InverseProduct:
        """G of two units."""
        return self._product(UnitRow(first), UnitRow(second))

    def _over_units(self, summand: sp.Expr, bends: int) -> sp.Expr:
        """(1/n) sum_j c_j summand, or (1/n^2) sum_jk c_j c_k summand."""
        units = (j, k)[:bends]
        slopes = sp.Mul(*(self._at(unit, 1) * self._at(unit, 2) for unit in units))
        return sp.Sum(slopes * summand, *((unit, 1, self.width) for unit in units)) / self.width**bends

    def _smooth(self, what: str) -> None:
        self.network.activation.require_smooth(what)

    @property
    def dimension(self) -> sp.Expr:
        """The number of inputs, the symbol d."""
        return INPUTS

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: d, n where it is open, and the arrays x, W and b."""
        return self.network.symbols

    def matrix(self) -> UnitTensor:
        """g_ab = (1/n) sum_j phi'(z_j)^2 w_ja w_jb."""
        value = sp.Sum(self._at(j, 1) ** 2 * w_j[mu] * w_j[nu], (j, 1, self.width)) / self.width
        return UnitTensor("dd", (mu, nu), value)

    def inverse(self) -> UnitTensor:
        """g^ab, by Cramer's rule."""
        return UnitTensor("uu", (mu, nu), self._product(Axis(mu), Axis(nu)))

    def determinant(self) -> sp.Expr:
        """det g = n^-d sum over sets S of d units of det[w_S]^2 prod phi'(z_j)^2 (Cauchy-Binet); 0 for n < d."""
        return SetSum(self._squares(), INPUTS, self.width) / self.width**INPUTS

    def volume_element(self) -> sp.Expr:
        """sqrt(det g)."""
        return sp.sqrt(self.determinant())

    def pseudo_determinant(self) -> sp.Expr:
        """n^-n det(W W^T) prod phi'(z_j)^2 for d >= n, the product of the n non-zero eigenvalues of g.

        Raises:
            InputError: for a width that is open.
        """
        if not self.width.is_Integer:
            raise InputError(OPEN_PSEUDO_DETERMINANT)
        n, i = int(self.width), DIRECTION
        rows = [
            [sp.Sum(WEIGHTS[r, i] * WEIGHTS[t, i], (i, 1, INPUTS)) for t in range(1, n + 1)] for r in range(1, n + 1)
        ]
        squares = self._squares()
        return sp.Matrix(rows).det(method="berkowitz") * sp.Mul(*(squares(r) for r in range(1, n + 1))) / n**n

    def log_pseudo_determinant(self) -> sp.Expr:
        """log of `pseudo_determinant`, which kernels compute where that underflows."""
        return sp.log(self.pseudo_determinant())

    def flat_chart(self) -> sp.ImmutableDenseMatrix:
        """Refuse: a flat chart is one of as many units as inputs.

        Raises:
            InputError: always.
        """
        raise InputError("`inputs` is open: flat_chart needs as many units as inputs; give both as numbers")

    def christoffel(self, kind: int = 2) -> UnitTensor:
        """Gamma^c_ab (kind 2) or Gamma_c,ab (kind 1), indices (rho, mu, nu).

        Raises:
            InputError: for any other kind, or an activation with a kink.
        """
        self._smooth("connection")
        if kind not in (1, 2):
            raise InputError(f"`kind`: expected 1 or 2, got {kind}")
        first = w_j[rho] if kind == 1 else self._product(Axis(rho), UnitRow(j))
        value = self._over_units(first * w_j[mu] * w_j[nu], 1)
        return UnitTensor("ddd" if kind == 1 else "udd", (rho, mu, nu), value)

    def riemann(self) -> UnitTensor:
        """R_abcd, from two units at a time."""
        self._smooth("curvature")
        planes = w_j[nu] * w_j[rho] * w_k[mu] * w_k[tau] - w_j[nu] * w_j[tau] * w_k[mu] * w_k[rho]
        return UnitTensor("dddd", (mu, nu, rho, tau), self._over_units(self._coupling(j, k) * planes, 2))

    def ricci(self) -> UnitTensor:
        """R_bd = g^ac R_abcd."""
        self._smooth("curvature")
        G_jk, G_kk = self._coupling(j, k), self._coupling(k, k)
        return UnitTensor(
            "dd", (mu, nu), self._over_units(G_jk * (G_jk * w_j[mu] * w_k[nu] - G_kk * w_j[mu] * w_j[nu]), 2)
        )

    def scalar_curvature(self) -> sp.Expr:
        """R = (1/n^2) sum_jk c_j c_k G_jk (G_jk^2 - G_jj G_kk); `written_out` gives numbers."""
        self._smooth("curvature")
        G_jk, G_jj, G_kk = self._coupling(j, k), self._coupling(j, j), self._coupling(k, k)
        return self._over_units(G_jk * (G_jk**2 - G_jj * G_kk), 2)

    def program(self, quantity: str) -> Program:
        """The program of a quantity, for any width n and input dimension d."""
        return shallow_program(self.network.activation, quantity)
