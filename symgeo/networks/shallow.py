r"""Shallow networks of finite width: Phi_j(x) = phi(w_j . x + b_j)/sqrt(n), j = 1..n.

Width and number of inputs are numbers (symgeo.networks.shallow_metric), or the width stays the symbol n
(shallow_open), or the number of inputs the symbol d (shallow_any_inputs).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.codegen.program import Program
from symgeo.networks.shallow_any_inputs import AnyInputsMetric
from symgeo.networks.shallow_metric import ShallowMetric
from symgeo.networks.shallow_open import OpenShallowMetric
from symgeo.networks.shallow_programs import feature_program
from symgeo.networks.shallow_symbols import BIASES, DIRECTION, INPUTS, POINT, UNIT, WEIGHTS, WIDTH
from symgeo.networks.sizes import checked_size


class ShallowNetwork:
    """A network of one hidden layer, its weights and biases symbols.

    >>> ShallowNetwork("tanh", inputs=2, width=2).metric.scalar_curvature()
    0
    """

    def __init__(
        self,
        activation_: str | Activation | Callable[[sp.Expr], sp.Expr],
        inputs: int | None = None,
        width: int | None = None,
        *,
        degree: int | sp.Expr | None = None,
    ) -> None:
        """Take the activation by name, as a SymPy function of one variable, or as an Activation.

        Args:
            activation_: such as "tanh", "sigmoid", "erf", "monomial(3)".
            inputs: the input dimension d; None keeps it the symbol d, and tensors as their general component.
            width: the number of hidden units n; below d the metric is singular, with a pseudo-determinant. None keeps
                it the symbol n, and quantities as sums over units.
            degree: of "monomial" and "rectified_monomial", where the name does not carry it.

        Raises:
            InputError: for an unknown activation, or sizes below 1.
        """
        self.activation = activation(activation_, degree)
        self.inputs: int | sp.Symbol = INPUTS
        self.width: int | sp.Symbol = WIDTH
        if inputs is not None:
            self.inputs = checked_size(inputs, "inputs", "an integer of at least 1, or None to keep d")
        if width is not None:
            self.width = checked_size(width, "width", "an integer of at least 1, or None to keep n")

    @property
    def _arrays(self) -> bool:
        """Whether weights and biases are the arrays W[j, a] and b[j]."""
        return self.width is WIDTH or self.inputs is INPUTS

    @cached_property
    def points(self) -> tuple[sp.Symbol, ...] | sp.IndexedBase:
        """The inputs x_1, ..., x_d; the array x[a] where their number is open."""
        if self.inputs is INPUTS:
            return POINT
        return tuple(sp.Symbol(f"x_{a + 1}", real=True) for a in range(self.inputs))

    @cached_property
    def weights(self) -> sp.ImmutableDenseMatrix | sp.IndexedBase:
        """W_j_a, unit j, input a; the array W[j, a] where width or inputs are open."""
        if self._arrays:
            return WEIGHTS
        return sp.ImmutableDenseMatrix(self.width, self.inputs, lambda j, a: sp.Symbol(f"W_{j + 1}_{a + 1}", real=True))

    @cached_property
    def biases(self) -> tuple[sp.Symbol, ...] | sp.IndexedBase:
        """b_1, ..., b_n; the array b[j] where width or inputs are open."""
        if self._arrays:
            return BIASES
        return tuple(sp.Symbol(f"b_{j + 1}", real=True) for j in range(self.width))

    @cached_property
    def preactivations(self) -> tuple[sp.Expr, ...]:
        """z_j = w_j . x + b_j; that of unit j alone where width or inputs are open."""
        if self.inputs is INPUTS:
            a = DIRECTION
            return (sp.Sum(WEIGHTS[UNIT, a] * POINT[a], (a, 1, INPUTS)) + BIASES[UNIT],)
        if self.width is WIDTH:
            return (sp.Add(*(WEIGHTS[UNIT, a] * x for a, x in enumerate(self.points, 1)), BIASES[UNIT]),)
        return tuple((self.weights.row(j) * sp.Matrix(self.points))[0] + self.biases[j] for j in range(self.width))

    def feature_map(self) -> sp.ImmutableDenseMatrix:
        """Phi_j(x) = phi(z_j)/sqrt(n), a column; unit j alone where width or inputs are open."""
        return sp.ImmutableDenseMatrix([self.activation.phi(z) / sp.sqrt(self.width) for z in self.preactivations])

    def program(self, quantity: str) -> Program:
        """The program of `feature_map`, for any width n and input dimension d."""
        return feature_program(self.activation, quantity)

    @cached_property
    def metric(self) -> ShallowMetric | OpenShallowMetric | AnyInputsMetric:
        """The pullback metric of the feature map."""
        if self.inputs is INPUTS:
            return AnyInputsMetric(self)
        return OpenShallowMetric(self) if self.width is WIDTH else ShallowMetric(self)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: x_1, ..., W_1_1, ..., b_1, ...; where a size is open it, and the arrays W, b and x."""
        if not self._arrays:
            return {s.name: s for s in (*self.points, *sp.flatten(self.weights.tolist()), *self.biases)}
        found: dict[str, sp.Symbol] = {"x": POINT} if self.inputs is INPUTS else {x.name: x for x in self.points}
        found |= {str(size): size for size in (self.width, self.inputs) if isinstance(size, sp.Symbol)}
        return found | {"W": WEIGHTS, "b": BIASES}

    def __repr__(self) -> str:
        return f"ShallowNetwork({self.activation.name!r}, inputs={self.inputs}, width={self.width})"
