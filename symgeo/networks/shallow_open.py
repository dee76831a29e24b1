r"""The shallow network whose width n stays a symbol: every quantity in sums over units, for any number of them.

    g_ab  = (1/n) sum_j phi'(z_j)^2 w_ja w_jb,     T_abc = (2/n) sum_j phi'(z_j) phi''(z_j) w_ja w_jb w_jc

g is the Hessian of a potential psi, and det g, Gamma and the curvature are rational in its second and third derivatives
(symgeo.geometry.hessian): they are computed with psi left open, and these sums are put in for its derivatives.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import HessianMetric, Metric
from symgeo.networks.shallow_programs import shallow_program
from symgeo.networks.shallow_symbols import UNIT, WEIGHTS, WIDTH

if TYPE_CHECKING:
    from symgeo.networks.shallow import ShallowNetwork

OPEN_PSEUDO_DETERMINANT = "`pseudo_determinant` as a formula needs the width, det(W W^T) being n x n; give a number"
# Above this many inputs the rational functions of psi's derivatives are not multiplied out.
_MULTIPLIED_OUT = 3


class OpenShallowMetric(Metric):
    """The metric of a shallow network of n units, n a symbol, in x_1, ..., x_d and W[j, a], b[j] with j = 1, ..., n."""

    def __init__(self, network: ShallowNetwork) -> None:
        self.network = network

    @cached_property
    def opaque(self) -> HessianMetric:
        """The Hessian metric of an open potential psi(x_1, ..., x_d)."""
        x = self.network.points
        arithmetic = "field" if len(x) <= _MULTIPLIED_OUT else "sympy"
        return HessianMetric(sp.Function("psi")(*x), x, arithmetic=arithmetic, riemannian=True)

    def _sum(self, indices: tuple[int, ...]) -> sp.Expr:
        """g_ab for two indices, T_abc for three."""
        phi, z = self.network.activation, self.network.preactivations[0]
        first = phi.derivative(z)
        slope = first**2 if len(indices) == 2 else 2 * first * phi.derivative(z, 2)
        summand = slope * sp.Mul(*(WEIGHTS[UNIT, a + 1] for a in indices))
        return sp.Sum(summand, (UNIT, 1, WIDTH)) / WIDTH

    def _closed(self, value: Any) -> Any:
        place = {x: a for a, x in enumerate(self.network.points)}
        known: dict[sp.Basic, sp.Expr] = {}

        def put(e: sp.Expr) -> sp.Expr:
            for derivative in e.atoms(sp.Derivative) - known.keys():
                known[derivative] = self._sum(tuple(place[x] for x in derivative.variables))
            return e.xreplace(known)

        return value.applyfunc(put) if hasattr(value, "applyfunc") else put(value)

    @property
    def dimension(self) -> sp.Expr:
        """The number of inputs d."""
        return sp.Integer(self.network.inputs)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: x_1, ..., n, and the arrays W and b."""
        return self.network.symbols

    def matrix(self) -> sp.ImmutableDenseMatrix:
        """g_ab = (1/n) sum_j phi'(z_j)^2 w_ja w_jb."""
        return self._closed(self.opaque.matrix())

    def inverse(self) -> sp.ImmutableDenseMatrix:
        """g^ab, for n >= d."""
        return self._closed(self.opaque.inverse())

    def determinant(self) -> sp.Expr:
        """det g, zero for every n < d."""
        return self._closed(self.opaque.determinant())

    def volume_element(self) -> sp.Expr:
        """sqrt(det g)."""
        return sp.sqrt(self.determinant())

    def pseudo_determinant(self) -> sp.Expr:
        """Refuse: det(W W^T) is of size n. Its kernel serves any n <= d.

        Raises:
            InputError: always.
        """
        raise InputError(OPEN_PSEUDO_DETERMINANT)

    def log_pseudo_determinant(self) -> sp.Expr:
        """log of `pseudo_determinant`, which kernels compute where that underflows."""
        return sp.log(self.pseudo_determinant())

    def christoffel(self, kind: int = 2) -> sp.ImmutableDenseNDimArray:
        """Gamma^c_ab = g^ce T_eab / 2 (kind 2) or Gamma_c,ab = T_cab / 2 (kind 1)."""
        self.network.activation.require_smooth("connection")
        return self._closed(self.opaque.christoffel(kind))

    def riemann(self) -> sp.ImmutableDenseNDimArray:
        """R_abcd = g^ef (T_ebc T_fad - T_ebd T_fac) / 4."""
        self.network.activation.require_smooth("curvature")
        return self._closed(self.opaque.riemann())

    def ricci(self) -> sp.ImmutableDenseMatrix:
        """R_bd = g^ac R_abcd."""
        self.network.activation.require_smooth("curvature")
        return self._closed(self.opaque.ricci())

    def scalar_curvature(self) -> sp.Expr:
        """R = (T_abc T^abc - T_a T^a) / 4."""
        self.network.activation.require_smooth("curvature")
        return self._closed(self.opaque.scalar_curvature())

    def program(self, quantity: str) -> Program:
        """The program of a quantity, for any width n and input dimension d."""
        return shallow_program(self.network.activation, quantity)
