r"""Networks of infinite width with Gaussian weights: w ~ N(0, sigma^2 I), b ~ N(0, zeta^2).

With v = sigma^2 s + zeta^2, s = x.x, and G(v) = E[phi'(z)^2] over z ~ N(0, v), Stein's lemma gives

    g_mn = e^Omega (delta_mn + 2 Omega' x_m x_n),   e^Omega = sigma^2 G(sigma^2 s + zeta^2),

a rotation-invariant metric in any input dimension d. Derived in derivations/04_infinite_width.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import sympy as sp

from symgeo.activations import TABLE as _TABLE
from symgeo.activations import Activation, activation, names
from symgeo.codegen.program import Program
from symgeo.errors import InputError
from symgeo.geometry import RadialMetric
from symgeo.geometry.programs import radial_program

S = sp.Symbol("s", nonnegative=True)
SIGMA = sp.Symbol("sigma", positive=True)
ZETA = sp.Symbol("zeta", nonnegative=True)


class WideMetric(RadialMetric):
    """The metric e^Omega (delta + 2 Omega' x x^T) of a wide network, with e^Omega = sigma^2 G(v)."""

    def __init__(self, phi: Activation, dimension: int | sp.Expr | None = None) -> None:
        if phi.gram is None:
            closed = [name for name in names() if name not in _TABLE or _TABLE[name].gram]
            raise InputError(
                f"`activation` {phi.name!r} has no closed form at infinite width; those that have one are "
                f"{', '.join(closed)}; at finite width use ShallowNetwork({phi.name!r}, inputs, width)"
            )
        self.activation = phi
        conformal = SIGMA**2 * phi.gram(SIGMA**2 * S + ZETA**2)
        super().__init__(conformal, sp.factor(2 * conformal.diff(S)), S, dimension)

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: s, sigma, zeta, and d where it is open; for every activation the same."""
        return {symbol.name: symbol for symbol in (*sorted(self.dimension.free_symbols, key=str), S, SIGMA, ZETA)}

    @cached_property
    def omega(self) -> sp.Expr:
        """Omega(s) = log(sigma^2 G(sigma^2 s + zeta^2))."""
        return sp.log(self.a)

    def program(self, quantity: str) -> Program:
        """The program of a quantity, for points of any dimension."""
        return radial_program(
            self,
            quantity,
            of=f"the infinitely wide network with {self.activation.name} units",
            source="Weights N(0, sigma^2), biases N(0, zeta^2). Derived in derivations/04_infinite_width.",
        )


class WideNetwork:
    """An infinitely wide network with Gaussian weights.

    >>> WideNetwork("erf").metric.scalar_curvature()
    -pi*s*sigma**2*(d - 1)*(d + 2)/(2*(2*zeta**2 + 1)*sqrt(2*s*sigma**2 + 2*zeta**2 + 1))
    """

    def __init__(
        self,
        activation_: str | Activation | Callable[[sp.Expr], sp.Expr],
        inputs: int | None = None,
        *,
        degree: int | sp.Expr | None = None,
    ) -> None:
        """Take the activation by name, as a SymPy function of one variable, or as an Activation.

        Args:
            activation_: such as "erf", "relu", "monomial(3)".
            inputs: the input dimension d; None keeps it a symbol.
            degree: of "monomial" and "rectified_monomial", where the name does not carry it.

        Raises:
            InputError: for an unknown activation, one without a closed form, or inputs below 1.
        """
        self.activation = activation(activation_, degree)
        if inputs is not None and (not isinstance(inputs, int) or inputs < 1):
            raise InputError(f"`inputs` must be an integer of at least 1, or None to keep it open, not {inputs!r}")
        self.inputs = inputs
        self._metric = WideMetric(self.activation, inputs)

    @property
    def metric(self) -> WideMetric:
        """The metric of the feature map's kernel, in the symbols s, sigma, zeta and d."""
        return self._metric

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: s = x.x, sigma, zeta, d."""
        return self.metric.symbols

    def __repr__(self) -> str:
        return f"WideNetwork({self.activation.name!r}, inputs={self.inputs})"
