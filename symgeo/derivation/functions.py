r"""SymPy functions that stay unspecified, and expectations that stay undone until they are integrated.

A `Jet` is phi^(k)(z) as a SymPy expression; its derivative is the next jet. At finitely many points the derivatives of
a smooth function take any values whatever (Borel), so that an identity between jets which holds for all their values
holds for every smooth function, and one that fails for some values fails for some smooth function.

A jet whose argument is the squared radius s is printed without it: \Omega', not \Omega'(s).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from symgeo.errors import InputError

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
        """The integral, done by SymPy where it can, for a positive variance."""
        del hints
        return sp.simplify(self.integral().doit())


@dataclass(frozen=True)
class Average:
    """An expectation, or its derivative by parameters `by`, at parameters `at`: what stands in an equation."""

    mean: Expectation
    by: tuple[sp.Symbol, ...] = ()
    at: tuple[tuple[sp.Symbol, sp.Expr], ...] = ()

    @property
    def variance(self) -> sp.Expr:
        """The variance of its variable."""
        return self.mean.variance.subs(self.at)

    @property
    def weight(self) -> sp.Expr:
        """Its integrand over the density: the body, or what the derivative makes of body and density."""
        if not self.by:
            return self.mean.body.subs(self.at)
        density = self.mean.density
        return sp.expand(sp.diff(self.mean.body * density, *self.by) / density).subs(self.at)

    @property
    def integral(self) -> sp.Integral:
        """It as an integral, differentiated under the integral sign."""
        body = sp.diff(self.mean.body * self.mean.density, *self.by) if self.by else self.mean.body * self.mean.density
        return sp.Integral(body.subs(self.at), (self.mean.variable, -sp.oo, sp.oo))

    def done(self) -> sp.Expr:
        """Its value, integrated by SymPy where it can."""
        v = sp.Dummy("v", positive=True)
        if self.by:
            return sp.diff(self.mean.doit(), *self.by).subs(self.at)
        return Expectation(self.mean.body.subs(self.at), self.mean.variable, v).doit().subs(v, self.variance)


def averages(expression: sp.Expr) -> dict[sp.Expr, Average]:
    """The expectations in an expression, and their derivatives, each as it stands there.

    Raises:
        InputError: a derivative of something else stands there.
    """
    found: dict[sp.Expr, Average] = {}
    for kind in (sp.Subs, sp.Derivative, Expectation):
        inert = expression.xreplace({known: sp.Dummy() for known in found})
        for atom in sorted(inert.atoms(kind), key=str):
            inner, at = (
                (atom.expr, tuple(zip(atom.variables, atom.point, strict=True))) if kind is sp.Subs else (atom, ())
            )
            mean, by = (inner.expr, inner.variables) if isinstance(inner, sp.Derivative) else (inner, ())
            if not isinstance(mean, Expectation):
                raise InputError(f"`sides` must hold derivatives of expectations only, got {atom}")
            found[atom] = Average(mean, tuple(by), at)
    return found
