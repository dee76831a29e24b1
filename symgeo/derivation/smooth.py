r"""Smooth maps of which nothing is known: their jets in components, and what their derivatives obey by definition.

A map Phi of a vector, given by `Given((Phi,), of=x)`, has in components the entries MultiJet(Phi_j, orders, x_1, ...,
x_d); where the vector is itself a function, MultiJet obeys the chain rule. At one point the partial derivatives of a
smooth function take any values whatever, up to the order in which they are taken (Borel), so that what holds between
them for all values holds for every smooth map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from symgeo.derivation.language import Entry, Index, Partial, Tensor, Term

if TYPE_CHECKING:
    from symgeo.derivation.components import Meanings


class MultiJet(sp.Function):
    r"""The partial derivative of an unspecified function of d variables: MultiJet(name, k_1, ..., k_d, x_1, ..., x_d).

    >>> x = sp.Symbol("x")
    >>> MultiJet.of("f", (x, x**2)).diff(x)
    2*x*MultiJet(f, 0, 1, x, x**2) + MultiJet(f, 1, 0, x, x**2)
    """

    @classmethod
    def of(cls, name: str, arguments: tuple[sp.Expr, ...]) -> MultiJet:
        """The function itself at `arguments`."""
        return cls(sp.Symbol(name), *(sp.S.Zero for _ in arguments), *arguments)

    @property
    def orders(self) -> tuple[int, ...]:
        """How often it was differentiated by each variable."""
        return tuple(int(order) for order in self.args[1 : (len(self.args) + 1) // 2])

    @property
    def arguments(self) -> tuple[sp.Expr, ...]:
        """Where it is taken."""
        return self.args[(len(self.args) + 1) // 2 :]

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The next derivative by a variable; the name and the orders are none."""
        place = argindex - 2 - len(self.orders)
        if place < 0:
            raise sp.ArgumentIndexError(self, argindex)  # pyright: ignore[reportAttributeAccessIssue]
        orders = (order + (i == place) for i, order in enumerate(self.orders))
        return MultiJet(self.args[0], *orders, *self.arguments)

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        first = 2 + len(self.orders)
        inner = ((i, argument.diff(s)) for i, argument in enumerate(self.arguments))
        return sp.Add(*(self.fdiff(first + i) * slope for i, slope in inner if slope != 0))

    def _eval_is_real(self) -> bool | None:
        return True if all(argument.is_extended_real for argument in self.arguments) else None


def is_derivative_by_definition(left: Term, right: Term, meanings: Meanings) -> bool:
    """Whether `right` is a tensor whose definition is the derivative `left`, as in J_mu := d_mu Phi."""
    if not isinstance(right, Entry) or right.tensor not in meanings.tensors:
        return False
    slots, body = meanings.tensors[right.tensor]
    if not isinstance(body, Partial) or not isinstance(body.body, Entry):
        return False
    names: dict[object, object] = dict(zip(slots, right.indices, strict=True))
    inner = Entry(body.body.tensor, tuple(names.get(i, i) for i in body.body.indices))  # pyright: ignore[reportArgumentType]
    return left == Partial(names.get(body.index, body.index), inner, body.along)  # pyright: ignore[reportArgumentType]


def is_iterated_derivative(tensor: Tensor, meanings: Meanings) -> bool:
    """Whether `tensor` is defined as repeated derivatives of a smooth map: those commute (Schwarz)."""
    if tensor in meanings.maps:
        return tensor.positions in ("", "j")
    if tensor not in meanings.tensors:
        return False
    _, body = meanings.tensors[tensor]
    return (
        isinstance(body, Partial)
        and body.along is None
        and isinstance(body.index, Index)
        and isinstance(body.body, Entry)
        and is_iterated_derivative(body.body.tensor, meanings)
    )
