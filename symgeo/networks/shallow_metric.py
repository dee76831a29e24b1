r"""The metric of a shallow network of n units and d inputs, both numbers: Phi_j(x) = phi(w_j . x + b_j)/sqrt(n).

    g_ab  = (1/n) sum_j phi'(z_j)^2 w_ja w_jb
    T_abc = d_a g_bc = (2/n) sum_j phi'(z_j) phi''(z_j) w_ja w_jb w_jc      totally symmetric
    R     = (T_abc T^abc - T_a T^a)/4,   T_a = g^bc T_abc

g is a Hessian metric, so curvature needs no third derivative of phi. Derived in derivations/03_shallow_network.
"""

from __future__ import annotations

from functools import cached_property
from itertools import combinations
from math import comb, factorial
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import HessianMetric, Metric
from symgeo.networks.shallow_programs import shallow_program

if TYPE_CHECKING:
    from symgeo.networks.shallow import ShallowNetwork


class PhiDerivative(sp.Function):
    """The k-th derivative of an activation at z, opaque: PhiDerivative(k, z).

    >>> PhiDerivative(1, sp.Symbol("z")).diff(sp.Symbol("z"))
    PhiDerivative(2, z)
    """

    nargs = 2

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        """The next derivative."""
        return PhiDerivative(self.args[0] + 1, self.args[1])

    def _latex(self, printer, exp: str | None = None) -> str:
        primes = "'" * int(self.args[0])
        body = rf"\phi{primes}\left({printer._print(self.args[1])}\right)"
        return body if exp is None else rf"{{{body}}}^{{{exp}}}"


class Potential(sp.Function):
    """F(z) with F'' = phi'^2, opaque: Potential(0, z), then Potential(1, z), then PhiDerivative(1, z)^2."""

    nargs = 2

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        """The next derivative."""
        order, z = self.args
        return PhiDerivative(1, z) ** 2 if order == 1 else Potential(order + 1, z)


# Above this many terms in det g, results are kept as nested sums: expanding them takes minutes and reads no better.
_EXPANDED_TERMS = 150


class ShallowMetric(Metric):
    """The metric of a shallow network, in its inputs, weights and biases.

    The tensors are rational in phi'(z_j) and phi''(z_j); they are computed with those opaque (`opaque`, a
    HessianMetric), and the activation is put in when a result is returned.
    """

    def __init__(self, network: ShallowNetwork) -> None:
        self.network = network

    @cached_property
    def opaque(self) -> HessianMetric:
        """The same metric for an activation left open, in PhiDerivative(1, z_j): g = dd psi, psi = (1/n) sum_j F(z_j).

        Zero is decided in the differential field for as many units as inputs, and for networks of few units (all of two
        inputs and ten units, say); larger ones keep nested sums in plain SymPy arithmetic.
        """
        n, d = self.network.width, self.network.inputs
        terms = comb(n, d) * factorial(d) ** 2
        psi = sum(Potential(0, z) for z in self.network.preactivations) / sp.Integer(n)
        arithmetic = "field" if n == d or terms <= _EXPANDED_TERMS else "sympy"
        return HessianMetric(psi, self.network.points, arithmetic=arithmetic, riemannian=True)

    def _closed(self, value: Any) -> Any:
        """`value` with the activation's own derivatives in place of the opaque ones."""
        phi = self.network.activation
        # Nested sums share their parts, which a plain walk through the tree would visit exponentially often.
        known: dict[sp.Basic, sp.Basic] = {}

        def put(expression: sp.Basic) -> sp.Basic:
            if expression not in known:
                if isinstance(expression, PhiDerivative):
                    known[expression] = phi.derivative(expression.args[1], int(expression.args[0]))
                elif expression.args:
                    known[expression] = expression.func(*map(put, expression.args))
                else:
                    known[expression] = expression
            return known[expression]

        return value.applyfunc(put) if hasattr(value, "applyfunc") else put(value)

    def _curvature_by_units(self) -> sp.Expr:
        """R = sum_jk c_j c_k G_jk (G_jk^2 - G_jj G_kk) / n^2, in minors; c_j = phi'_j phi''_j, G_jk = w_j . g^-1 w_k.

        By Cauchy and Binet det g = n^-d sum_S det[w_S]^2 phi'_S^2 over sets of d units, and
        G_jk det g = n^(1-d) sum_S det[w_j w_S] det[w_k w_S] phi'_S^2 over sets of d - 1. Derived in
        derivations/03_shallow_network; nothing is expanded, so that large networks stay readable.
        """
        n, d = self.network.width, self.network.inputs
        W, z = self.network.weights, self.network.preactivations
        units = range(n)
        slope = [PhiDerivative(1, t) for t in z]
        c = [PhiDerivative(1, t) * PhiDerivative(2, t) for t in z]

        def squares(rows: tuple[int, ...]) -> sp.Expr:
            return sp.Mul(*(slope[r] ** 2 for r in rows))

        minors = {rows: W[list(rows), :].det(method="berkowitz") for rows in combinations(units, d)}

        def bordered(j: int, rows: tuple[int, ...]) -> sp.Expr:
            """det[w_j w_S], zero where j is in S."""
            if j in rows:
                return sp.S.Zero
            place = sum(r < j for r in rows)
            return (-1) ** place * minors[tuple(sorted((j, *rows)))]

        det = sum(minor**2 * squares(rows) for rows, minor in minors.items()) / sp.Integer(n) ** d
        G = {
            (j, k): sum(bordered(j, S) * bordered(k, S) * squares(S) for S in combinations(units, d - 1))
            / sp.Integer(n) ** (d - 1)
            for j in units
            for k in range(j + 1)
        }
        total = sum((1 if j == k else 2) * c[j] * c[k] * G[j, k] * (G[j, k] ** 2 - G[j, j] * G[k, k]) for j, k in G)
        return total / (n**2 * det**3)

    @property
    def dimension(self) -> sp.Expr:
        """The number of inputs d."""
        return sp.Integer(self.network.inputs)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: x_1, ..., W_1_1, ..., b_1, ..."""
        return self.network.symbols

    def matrix(self) -> sp.ImmutableDenseMatrix:
        """g_ab = (1/n) sum_j phi'(z_j)^2 w_ja w_jb."""
        if self.network.width >= self.network.inputs:
            return self._closed(self.opaque.matrix())
        W, n = self.network.weights, sp.Integer(self.network.width)
        slopes = sp.diag(*(PhiDerivative(1, z) ** 2 / n for z in self.network.preactivations))
        return self._closed((W.T * slopes * W).as_immutable())

    def inverse(self) -> sp.ImmutableDenseMatrix:
        """g^ab."""
        self._require_regular("inverse")
        return self._closed(self.opaque.inverse())

    def determinant(self) -> sp.Expr:
        """det g = n^-d sum over j1 < ... < jd of det[w_j1 ... w_jd]^2 prod phi'(z_j)^2 (Cauchy-Binet); 0 for n < d."""
        if self.network.width < self.network.inputs:
            return sp.S.Zero
        return self._closed(self.opaque.determinant())

    def volume_element(self) -> sp.Expr:
        """sqrt(det g): g is positive definite wherever its determinant is not zero."""
        self._require_regular("volume element")
        return sp.sqrt(self.determinant())

    def pseudo_determinant(self) -> sp.Expr:
        """The product of the n non-zero eigenvalues of g for n <= d, those of the features' Gram matrix J J^T.

        With J = diag(phi') W/sqrt(n) it is n^-n det(W W^T) prod phi'(z_j)^2; n of them are not zero wherever no phi'
        is and the weights are independent. Its root is the volume element of the inputs that the network tells apart.

        Raises:
            InputError: for n > d, where g has no zero eigenvalue and `determinant` is meant.
        """
        n, d = self.network.width, self.network.inputs
        if n > d:
            raise InputError(f"`pseudo_determinant` is for width <= inputs, not {n} > {d}; take determinant")
        W = self.network.weights
        gram = (W * W.T).det(method="berkowitz")
        return self._closed(gram * sp.Mul(*(PhiDerivative(1, z) ** 2 for z in self.network.preactivations)) / n**n)

    def log_pseudo_determinant(self) -> sp.Expr:
        """log of `pseudo_determinant`, which kernels compute where that underflows."""
        return sp.log(self.pseudo_determinant())

    def flat_chart(self) -> sp.ImmutableDenseMatrix:
        """For width = inputs the features, in which g is the identity: y = Phi(x), g = sum_j dy_j dy_j, so R = 0.

        Raises:
            InputError: for another width, where the network is curved, or singular.
        """
        n, d = self.network.width, self.network.inputs
        if n != d:
            raise InputError(f"`flat_chart` needs as many units as inputs, not {n} and {d}")
        return self.network.feature_map()

    def _require_regular(self, what: str) -> None:
        n, d = self.network.width, self.network.inputs
        if n < d:
            raise InputError(
                f"`inputs` = {d} exceeds `width` = {n}: the metric is singular, of rank at most {n}, and has no "
                f"{what}; take width >= {d}, or pseudo_determinant"
            )

    def christoffel(self, kind: int = 2) -> sp.ImmutableDenseNDimArray:
        """Gamma^c_ab = g^ce T_eab / 2 (kind 2) or Gamma_c,ab = T_cab / 2 (kind 1)."""
        self._require_regular("connection")
        self.network.activation.require_smooth("connection")
        return self._closed(self.opaque.christoffel(kind))

    def riemann(self) -> sp.ImmutableDenseNDimArray:
        """R_abcd = g^ef (T_ebc T_fad - T_ebd T_fac) / 4."""
        self._require_regular("curvature")
        self.network.activation.require_smooth("curvature")
        return self._closed(self.opaque.riemann())

    def ricci(self) -> sp.ImmutableDenseMatrix:
        """R_bd = g^ac R_abcd."""
        self._require_regular("curvature")
        self.network.activation.require_smooth("curvature")
        return self._closed(self.opaque.ricci())

    def scalar_curvature(self) -> sp.Expr:
        """R = (T_abc T^abc - T_a T^a) / 4; zero for width = inputs, where z is a flat chart."""
        self._require_regular("curvature")
        self.network.activation.require_smooth("curvature")
        nested = self.opaque.arithmetic == "sympy"
        return self._closed(self._curvature_by_units() if nested else self.opaque.scalar_curvature())

    def program(self, quantity: str) -> Program:
        """The program of a quantity, for any width n and input dimension d, whatever they are here."""
        return shallow_program(self.network.activation, quantity)
