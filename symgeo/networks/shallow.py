r"""Shallow networks of finite width: Phi_j(x) = phi(w_j . x + b_j)/sqrt(n), j = 1..n.

    g_ab  = (1/n) sum_j phi'(z_j)^2 w_ja w_jb
    T_abc = d_a g_bc = (2/n) sum_j phi'(z_j) phi''(z_j) w_ja w_jb w_jc      totally symmetric
    R     = (T_abc T^abc - T_a T^a)/4,   T_a = g^bc T_abc

g is a Hessian metric, so curvature needs no third derivative of phi. Derived in derivations/03_shallow_network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import combinations
from math import comb, factorial
from typing import Any

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import HessianMetric, Metric
from symgeo.networks.shallow_open import BIASES, UNIT, WEIGHTS, WIDTH, OpenShallowMetric
from symgeo.networks.shallow_programs import feature_program, shallow_program
from symgeo.networks.sizes import checked_size


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


class ShallowNetwork:
    """A network of one hidden layer, its weights and biases symbols.

    >>> ShallowNetwork("tanh", inputs=2, width=2).metric.scalar_curvature()
    0
    """

    def __init__(
        self,
        activation_: str | Activation | Callable[[sp.Expr], sp.Expr],
        inputs: int,
        width: int | None,
        *,
        degree: int | sp.Expr | None = None,
    ) -> None:
        """Take the activation by name, as a SymPy function of one variable, or as an Activation.

        Args:
            activation_: such as "tanh", "sigmoid", "erf", "monomial(3)".
            inputs: the input dimension d.
            width: the number of hidden units n; below d the metric is singular, with a pseudo-determinant. None keeps
                it the symbol n, and quantities as sums over units.
            degree: of "monomial" and "rectified_monomial", where the name does not carry it.

        Raises:
            InputError: for an unknown activation, or sizes below 1.
        """
        self.activation = activation(activation_, degree)
        inputs = checked_size(inputs, "inputs")
        size = WIDTH if width is None else checked_size(width, "width", "an integer of at least 1, or None to keep n")
        self.inputs, self.width = inputs, size

    @cached_property
    def points(self) -> tuple[sp.Symbol, ...]:
        """The inputs x_1, ..., x_d."""
        return tuple(sp.Symbol(f"x_{a + 1}", real=True) for a in range(self.inputs))

    @cached_property
    def weights(self) -> sp.ImmutableDenseMatrix | sp.IndexedBase:
        """W_j_a, unit j, input a; the array W[j, a] where the width is open."""
        if self.width is WIDTH:
            return WEIGHTS
        return sp.ImmutableDenseMatrix(self.width, self.inputs, lambda j, a: sp.Symbol(f"W_{j + 1}_{a + 1}", real=True))

    @cached_property
    def biases(self) -> tuple[sp.Symbol, ...] | sp.IndexedBase:
        """b_1, ..., b_n; the array b[j] where the width is open."""
        if self.width is WIDTH:
            return BIASES
        return tuple(sp.Symbol(f"b_{j + 1}", real=True) for j in range(self.width))

    @cached_property
    def preactivations(self) -> tuple[sp.Expr, ...]:
        """z_j = w_j . x + b_j; that of unit j alone where the width is open."""
        if self.width is WIDTH:
            return (sp.Add(*(WEIGHTS[UNIT, a] * x for a, x in enumerate(self.points, 1)), BIASES[UNIT]),)
        return tuple((self.weights.row(j) * sp.Matrix(self.points))[0] + self.biases[j] for j in range(self.width))

    def feature_map(self) -> sp.ImmutableDenseMatrix:
        """Phi_j(x) = phi(z_j)/sqrt(n), a column; unit j alone where the width is open."""
        return sp.ImmutableDenseMatrix([self.activation.phi(z) / sp.sqrt(self.width) for z in self.preactivations])

    def program(self, quantity: str) -> Program:
        """The program of `feature_map`, for any width n and input dimension d."""
        return feature_program(self.activation, quantity)

    @cached_property
    def metric(self) -> ShallowMetric | OpenShallowMetric:
        """The pullback metric of the feature map."""
        return OpenShallowMetric(self) if self.width is WIDTH else ShallowMetric(self)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: x_1, ..., W_1_1, ..., b_1, ...; where the width is open n and the arrays W and b."""
        if self.width is WIDTH:
            return {**{x.name: x for x in self.points}, "n": WIDTH, "W": WEIGHTS, "b": BIASES}
        return {s.name: s for s in (*self.points, *sp.flatten(self.weights.tolist()), *self.biases)}

    def __repr__(self) -> str:
        return f"ShallowNetwork({self.activation.name!r}, inputs={self.inputs}, width={self.width})"
