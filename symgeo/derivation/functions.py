r"""SymPy functions that stay unspecified, and expectations that stay undone until they are integrated.

A `Jet` is phi^(k)(z) as a SymPy expression; its derivative is the next jet. At finitely many points the derivatives of
a smooth function take any values whatever (Borel), so that an identity between jets which holds for all their values
holds for every smooth function, and one that fails for some values fails for some smooth function.

A jet whose argument is the squared radius s is printed without it: \Omega', not \Omega'(s).
"""

from __future__ import annotations

import sympy as sp

RADIUS = sp.Symbol("s", positive=True)
"""s = |x|^2, the squared radius: the argument that is left out in print."""


def primed(name: str, order: int, brackets: str = "") -> str:
    r"""LaTeX of a derivative: \phi, \phi', \phi'', \phi''', \phi^{(4)}, with `brackets` (the argument) behind it."""
    return f"{name}{chr(39) * order if order <= 3 else f'^{{({order})}}'}{brackets}"


class Jet(sp.Function):
    """The derivative of order `order` of an unspecified function at `argument`: Jet(name, order, argument)."""

    nargs = 3

    def fdiff(self, argindex: int = 3) -> sp.Expr:
        """The next derivative; the name and the order are no variables."""
        name, order, argument = self.args
        if argindex != 3:
            raise sp.ArgumentIndexError(self, argindex)  # pyright: ignore[reportAttributeAccessIssue]
        return Jet(name, order + 1, argument)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        inner = self.args[2].diff(s)
        return sp.S.Zero if inner == 0 else self.fdiff(3) * inner

    def _eval_is_real(self) -> bool | None:
        return True if self.args[2].is_extended_real else None


class Potential(sp.Function):
    """The antiderivative of order `order` of a known integrand: Potential(name, Lambda, order, argument).

    Only its derivatives matter: after `order` of them the integrand itself stands there.
    """

    nargs = 4

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        name, integrand, order, argument = self.args
        inner = argument.diff(s)
        if inner == 0:
            return sp.S.Zero
        outer = integrand(argument) if order == 1 else Potential(name, integrand, order - 1, argument)
        return outer * inner


class Expectation(sp.Expr):
    r"""E_{z ~ N(0, v)}[body], which stays as it is until it is integrated: Expectation(body, z, v)."""

    @property
    def body(self) -> sp.Expr:
        """What is averaged."""
        return self.args[0]

    @property
    def variable(self) -> sp.Symbol:
        """The Gaussian variable."""
        return self.args[1]

    @property
    def variance(self) -> sp.Expr:
        """Its variance."""
        return self.args[2]

    @property
    def density(self) -> sp.Expr:
        """exp(-z^2/(2 v))/sqrt(2 pi v)."""
        return sp.exp(-(self.variable**2) / (2 * self.variance)) / sp.sqrt(2 * sp.pi * self.variance)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """All symbols but the Gaussian variable."""
        return (self.body.free_symbols - {self.variable}) | self.variance.free_symbols

    def _eval_is_commutative(self) -> bool:
        return True

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        # Differentiation under the integral is a step of its own: it is displayed, not done in passing.
        return sp.S.Zero if s not in self.free_symbols else sp.Derivative(self, s, evaluate=False)

    def integral(self) -> sp.Integral:
        """The expectation as the integral that it is."""
        return sp.Integral(self.body * self.density, (self.variable, -sp.oo, sp.oo))

    def doit(self, **hints: object) -> sp.Expr:
        """The integral, done by SymPy where it can."""
        del hints
        return sp.simplify(self.integral().doit())
