"""A differential ring: what the tensor tower computes in.

A ring here is a set of elements with +, -, * and / (Python's operators), the derivations d/dx^k of a chart, and a way
in from and back to SymPy expressions. The tower is written once over this class; what an element is, and whether zero
is recognised for certain, is the ring's own business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import sympy as sp

from symgeo.errors import InputError

Element = TypeVar("Element")


class DifferentialRing(ABC, Generic[Element]):
    """Elements with + - * /, one derivation for each coordinate, and a way to and from SymPy."""

    coordinates: tuple[sp.Symbol, ...]

    @abstractmethod
    def element(self, expression: sp.Expr) -> Element:
        """Return the element that `expression` denotes."""

    @abstractmethod
    def expression(self, element: Element) -> sp.Expr:
        """Return `element` as a SymPy expression."""

    @abstractmethod
    def derivative(self, element: Element, k: int) -> Element:
        """Return d element / d x^k."""

    @abstractmethod
    def rational(self, numerator: int, denominator: int = 1) -> Element:
        """Return the constant numerator/denominator."""

    @abstractmethod
    def vanishes(self, element: Element) -> bool:
        """Say whether `element` is recognised as zero at no cost; what the tower uses to skip work."""

    @abstractmethod
    def decide_zero(self, element: Element) -> bool:
        """Decide whether `element` is zero, or raise if that cannot be decided."""

    def key(self, element: Element) -> Any:
        """Return something hashable that tells elements apart."""
        return element

    def dot(self, pairs: Iterable[tuple[Element, Element]]) -> Element:
        """Return the sum of products, sum_i p_i q_i."""
        total: Any = self.rational(0)
        for left, right in pairs:
            if not (self.vanishes(left) or self.vanishes(right)):
                total = total + left * right  # pyright: ignore
        return total


class ExpressionRing(DifferentialRing[sp.Expr]):
    """SymPy expressions as they come: anything SymPy can differentiate, and no promise that zero is recognised."""

    def __init__(self, coordinates: tuple[sp.Symbol, ...]) -> None:
        self.coordinates = coordinates

    def element(self, expression: sp.Expr) -> sp.Expr:
        """Return `expression` itself."""
        return expression

    def expression(self, element: sp.Expr) -> sp.Expr:
        """Return `element` itself."""
        return element

    def derivative(self, element: sp.Expr, k: int) -> sp.Expr:
        """Return SymPy's derivative with respect to the k-th coordinate."""
        return sp.diff(element, self.coordinates[k])

    def rational(self, numerator: int, denominator: int = 1) -> sp.Expr:
        """Return the SymPy rational."""
        return sp.Rational(numerator, denominator)

    def vanishes(self, element: sp.Expr) -> bool:
        """Say whether `element` is the SymPy zero, without simplifying."""
        return element is sp.S.Zero

    def decide_zero(self, element: sp.Expr) -> bool:
        """Decide by `sympy.simplify`; a residue that is not zero in 30 digits at a point decides the other way.

        Raises:
            InputError: if neither settles it.
        """
        if element.is_zero or sp.simplify(element) == 0:
            return True
        if element.equals(0) is False:
            return False
        raise InputError(
            f"`arithmetic`: SymPy cannot decide whether {_short(element)} is zero; "
            'arithmetic="field" decides what it can hold'
        )

    def dot(self, pairs: Iterable[tuple[sp.Expr, sp.Expr]]) -> sp.Expr:
        """Return the sum of products in one SymPy sum."""
        return sp.Add(*[left * right for left, right in pairs])


def _short(expression: sp.Expr, length: int = 60) -> str:
    text = str(expression)
    return text if len(text) <= length else text[: length - 3] + "..."
