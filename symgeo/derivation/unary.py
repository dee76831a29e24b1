r"""Functions of one variable that an equation can apply, print and differentiate, unspecified or partly known.

`phi = Opaque(r"\phi")` is any smooth function: `phi(z)`, `phi(z, 1)` are phi(z) and phi'(z), where z is a SymPy
expression or a term of the index language; the answer is of the same kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, overload

import sympy as sp

from symgeo.derivation.functions import Jet, Potential, primed
from symgeo.derivation.language import Call, Term
from symgeo.errors import InputError


class Unary(Protocol):
    """What `Call` needs of a function."""

    def at(self, argument: sp.Expr) -> sp.Expr:
        """Its value at a SymPy expression."""
        ...

    def slope(self, argument: Term) -> Term:
        """Its derivative at a term."""
        ...

    def latex(self) -> str:
        """Its name in print."""
        ...


@dataclass(frozen=True)
class Opaque:
    """An unspecified smooth function by its LaTeX `name`, or with `order` its derivative."""

    name: str
    order: int = 0

    def at(self, argument: sp.Expr) -> sp.Expr:
        """The jet of order `order` at `argument`."""
        return Jet(sp.Symbol(self.name), sp.Integer(self.order), argument)

    @overload
    def __call__(self, argument: Term, order: int = 0) -> Term: ...
    @overload
    def __call__(self, argument: sp.Expr, order: int = 0) -> sp.Expr: ...
    def __call__(self, argument: Term | sp.Expr, order: int = 0) -> Term | sp.Expr:
        """The derivative of order `order` (on top of its own) at `argument`."""
        function = Opaque(self.name, self.order + order)
        return Call(function, argument) if isinstance(argument, Term) else function.at(argument)

    def slope(self, argument: Term) -> Term:
        """The next derivative at `argument`."""
        return self(argument, 1)

    def latex(self) -> str:
        """The name with its primes."""
        return primed(self.name, self.order)


@dataclass(frozen=True)
class Antiderivative:
    """A function known by its derivative of order `order`: `integrand`, a function of a term or an expression."""

    name: str
    integrand: Callable[[Term | sp.Expr], Term | sp.Expr]
    order: int

    def at(self, argument: sp.Expr) -> sp.Expr:
        """The antiderivative at `argument`, which differentiates to the integrand."""
        z = sp.Dummy("z", real=True)
        integrand = self.integrand(z)
        if isinstance(integrand, Term):
            raise InputError("`integrand` must answer a SymPy expression with a SymPy expression, got a term")
        return Potential(sp.Symbol(self.name), sp.Lambda(z, integrand), sp.Integer(self.order), argument)

    def __call__(self, argument: Term) -> Term:
        """It at a term."""
        return Call(self, argument)

    def slope(self, argument: Term) -> Term:
        """The antiderivative of one order less, or the integrand itself."""
        if self.order > 1:
            return Call(Antiderivative(f"{self.name}'", self.integrand, self.order - 1), argument)
        integrand = self.integrand(argument)
        if not isinstance(integrand, Term):
            raise InputError("`integrand` must answer a term with a term, got a SymPy expression")
        return integrand

    def latex(self) -> str:
        """The name."""
        return self.name


@dataclass(frozen=True)
class Known:
    """A SymPy function under the name it is printed with."""

    name: str
    function: Callable[[sp.Expr], sp.Expr]

    def at(self, argument: sp.Expr) -> sp.Expr:
        """Its value."""
        return self.function(argument)

    def __call__(self, argument: Term) -> Term:
        """It at a term."""
        return Call(self, argument)

    def slope(self, argument: Term) -> Term:
        """Not known for terms: only its values are."""
        raise InputError(f"`{self.name}` has no derivative in a proof for every d; check it in components")

    def latex(self) -> str:
        """The name."""
        return self.name


LOG = Known(r"\log", sp.log)
