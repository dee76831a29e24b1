r"""Networks of infinite width whose weights are correlated: w ~ N(0, Sigma), b ~ N(0, zeta^2).

The preactivation has variance v = x^T Sigma x + zeta^2. In coordinates y = Sigma^(1/2) x the weights are isotropic with
sigma = 1, so the metric is that of symgeo.networks.wide_metric pulled back by this linear map,

    g = G(v) Sigma + 2 G'(v) (Sigma x)(Sigma x)^T,  v = x^T Sigma x + zeta^2,

and so is every tensor: in slots with lower indices y becomes Sigma x and delta becomes Sigma, in slots with upper ones
y becomes x and delta becomes Sigma^-1, and a mixed delta stays. Scalars take s = x^T Sigma x.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any

import sympy as sp

from symgeo.activations import Activation
from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import CoordinateMetric, Metric, RadialTensor
from symgeo.geometry.entries import checked_matrix
from symgeo.geometry.programs import X, coordinate_program
from symgeo.networks.wide_metric import SIGMA, ZETA, S, WideMetric
from symgeo.networks.wide_quadrature import carried


class CorrelatedMetric(Metric):
    """The metric G(v) Sigma + 2 G'(v) (Sigma x)(Sigma x)^T in coordinates x_1, ..., x_d."""

    def __init__(self, phi: Activation, covariance: Any) -> None:
        """Take the activation and Sigma.

        Raises:
            InputError: where G has neither closed form nor rule, or Sigma is not symmetric and positive definite.
        """
        rows = covariance.tolist() if hasattr(covariance, "tolist") else covariance
        size = len(rows) if isinstance(rows, list | tuple) else 0
        if size == 0:
            raise InputError(f"`covariance` must be a square matrix such as [[2, 1], [1, 3]], not {covariance!r}")
        self.coordinates: tuple[sp.Symbol, ...] = sp.symbols(f"x_1:{size + 1}", real=True)
        self.activation, self.covariance = phi, checked_matrix(rows, self.coordinates, "covariance")
        if self.covariance != self.covariance.T:
            raise InputError("`covariance` must be symmetric; (S + S.T)/2 is")
        if self.covariance.free_symbols & {*self.coordinates, ZETA}:
            raise InputError("`covariance` must not depend on x_1, ... or zeta; call its symbols otherwise")
        if self.covariance.is_positive_definite is False:
            raise InputError("`covariance` must be positive definite; drop the directions that it leaves out")
        self.radial = WideMetric(phi, size)

    @cached_property
    def explicit(self) -> CoordinateMetric:
        """The same metric as one in a chart, with all that such a metric can do."""
        return CoordinateMetric(self.matrix(), self.coordinates, riemannian=True)

    @property
    def dimension(self) -> sp.Expr:
        """The number of rows of Sigma."""
        return sp.Integer(len(self.coordinates))

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: x_1, ..., zeta, and the symbols of Sigma; for every activation the same."""
        names = (*self.coordinates, ZETA, *sorted(self.covariance.free_symbols, key=str))
        return {symbol.name: symbol for symbol in names}

    def matrix(self) -> sp.ImmutableDenseMatrix:
        """Return g_ij = G(v) Sigma_ij + 2 G'(v) (Sigma x)_i (Sigma x)_j."""
        return self._components(self.radial.matrix()).tomatrix().as_immutable()

    def inverse(self) -> sp.ImmutableDenseMatrix:
        """Return g^ij."""
        return self._components(self.radial.inverse()).tomatrix().as_immutable()

    def determinant(self) -> sp.Expr:
        """Return det g = det Sigma times that of the isotropic network."""
        return self.covariance.det() * self._scalar(self.radial.determinant())

    def volume_element(self) -> sp.Expr:
        """Return sqrt(det g)."""
        return sp.sqrt(self.covariance.det()) * self._scalar(self.radial.volume_element())

    def christoffel(self, kind: int = 2) -> sp.ImmutableDenseNDimArray:
        """Return Gamma^r_ab (kind 2) or Gamma_r,ab (kind 1)."""
        return self._components(self.radial.christoffel(kind))

    def riemann(self) -> sp.ImmutableDenseNDimArray:
        """Return R_mnab."""
        return self._components(self.radial.riemann())

    def ricci(self) -> sp.ImmutableDenseMatrix:
        """Return R_nb."""
        return self._components(self.radial.ricci()).tomatrix().as_immutable()

    def scalar_curvature(self) -> sp.Expr:
        """Return R, that of the isotropic network at s = x^T Sigma x, sigma = 1."""
        return self._scalar(self.radial.scalar_curvature())

    def program(self, quantity: str) -> Program:
        """The program of a quantity, for points with as many coordinates as Sigma has rows."""
        program = coordinate_program(self, quantity)  # pyright: ignore[reportArgumentType]
        program = replace(program, source=f"Weights N(0, Sigma), biases N(0, zeta^2).\n{program.source}")
        if self.radial.rule is None:
            return program
        at = {coordinate: X[i] for i, coordinate in enumerate(self.coordinates)}
        return carried(program, self.activation, self.radial.rule, self._length.xreplace(at), ZETA**2)

    @cached_property
    def _length(self) -> sp.Expr:
        """x^T Sigma x."""
        x = sp.Matrix(self.coordinates)
        return sp.expand((x.T * self.covariance * x)[0])

    @cached_property
    def _deltas(self) -> dict[str, sp.ImmutableDenseMatrix]:
        return {"dd": self.covariance, "uu": self.covariance.inv(), "ud": sp.eye(len(self.coordinates)).as_immutable()}

    @cached_property
    def _vectors(self) -> dict[str, sp.ImmutableDenseMatrix]:
        x = sp.Matrix(self.coordinates).as_immutable()
        return {"u": x, "d": self.covariance * x}

    def _scalar(self, value: sp.Expr) -> sp.Expr:
        return value.xreplace({S: self._length, SIGMA: sp.S.One})

    def _components(self, tensor: RadialTensor) -> sp.ImmutableDenseNDimArray:
        """The tensor's components in x, slot by slot."""
        size, rank, positions = len(self.coordinates), len(tensor.positions), tensor.positions
        terms = [(self._scalar(coefficient), factors) for coefficient, factors in tensor.terms]

        def factor(slots: tuple[int, ...], index: tuple[int, ...]) -> sp.Expr:
            if len(slots) == 1:
                return self._vectors[positions[slots[0]]][index[slots[0]]]
            kind = "".join(sorted((positions[slot] for slot in slots), reverse=True))
            return self._deltas[kind][index[slots[0]], index[slots[1]]]

        return sp.ImmutableDenseNDimArray(
            [
                sp.Add(*(c * sp.Mul(*(factor(slots, index) for slots in factors)) for c, factors in terms))
                for index in product(range(size), repeat=rank)
            ],
            (size,) * rank,
        )
