"""Generators of the field, and the errors of what it cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.field.algebra import Fraction

Chain = tuple[tuple[Callable[[], Fraction], Fraction], ...]


@dataclass
class Generator:
    """One variable of the algebra, and the function that it stands for.

    Attributes:
        index: the variable.
        meaning: the function, as a SymPy expression in the user's own symbols.
        chain: (partial derivative, argument) pairs, d generator = sum partial * d argument; empty for a symbol.
        generation: how many derivatives away from the expressions that were given.
        open: whether its derivatives are new functions for ever, so that they are adjoined only as far as asked.
    """

    index: int
    meaning: sp.Expr
    chain: Chain = ()
    generation: int = 0
    open: bool = False
    derivatives: list[Fraction | None] = field(default_factory=list)


class Restart(Exception):
    """The generators chosen so far are too coarse; build again with `hints` adjoined first."""

    def __init__(self, *hints: sp.Expr, hyperbolic_as_exp: bool = False, capacity: int = 0) -> None:
        super().__init__()
        self.hints = hints
        self.hyperbolic_as_exp = hyperbolic_as_exp
        self.capacity = capacity


class OrderExhausted(Exception):
    """A derivative of higher order than the field was built for."""


class Unholdable(InputError):
    """A kernel that the field cannot hold; `where` is put in front by who knows the entry that it came from."""

    def __init__(self, told: str, where: str = "`arithmetic`") -> None:
        super().__init__(f'{where}: the field cannot hold {told}; use arithmetic="sympy"')
        self.told = told


def refusal(kernel: sp.Basic, reason: str) -> Unholdable:
    """The error of a kernel that the field cannot hold."""
    text = str(kernel)
    short = text if len(text) <= 80 else text[:77] + "..."
    return Unholdable(f"{short}: {reason}")
