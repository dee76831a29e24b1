r"""Networks of infinite width with Gaussian weights: w ~ N(0, sigma^2 I), b ~ N(0, zeta^2).

With v = sigma^2 s + zeta^2, s = x.x, and G(v) = E[phi'(z)^2] over z ~ N(0, v), Stein's lemma gives

    g_mn = e^Omega (delta_mn + 2 Omega' x_m x_n),   e^Omega = sigma^2 G(sigma^2 s + zeta^2),

a rotation-invariant metric in any input dimension d. Derived in derivations/04_infinite_width.
"""

from __future__ import annotations

from functools import cached_property

import sympy as sp

from symgeo.activations import Activation
from symgeo.codegen.program import Program
from symgeo.geometry import RadialMetric
from symgeo.geometry.programs import radial_program
from symgeo.networks.wide_quadrature import Gram, carried, gram_rule

S = sp.Symbol("s", nonnegative=True)
SIGMA = sp.Symbol("sigma", positive=True)
ZETA = sp.Symbol("zeta", nonnegative=True)


class WideMetric(RadialMetric):
    """The metric e^Omega (delta + 2 Omega' x x^T) of a wide network, with e^Omega = sigma^2 G(v).

    Where G has no closed form it stays G(v) in formulas; `rule` is then the quadrature that kernels carry.
    """

    def __init__(self, phi: Activation, dimension: int | sp.Expr | None = None) -> None:
        self.activation = phi
        variance = SIGMA**2 * S + ZETA**2
        self.rule = None if phi.gram else gram_rule(phi)
        conformal = SIGMA**2 * (phi.gram(variance) if phi.gram else Gram(0, variance))
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
        program = radial_program(
            self,
            quantity,
            of=f"the infinitely wide network with {self.activation.name} units",
            source="Weights N(0, sigma^2), biases N(0, zeta^2). Derived in derivations/04_infinite_width.",
        )
        if self.rule is None:
            return program
        return carried(program, self.activation, self.rule, SIGMA**2 * S, ZETA**2)
