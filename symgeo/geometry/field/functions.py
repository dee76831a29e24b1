r"""Functions without a formula: f(x), f(x, y), f(g(x)) with all their derivatives, and Function classes with fdiff.

An undefined function f at arguments u stands for any function: its jet f, d_1 f, d_11 f, ... at u is independent of
everything else, and of the jet at other arguments. Derivative(f(x), x) and Subs(Derivative(f(xi), xi), xi, u) are the
same object, a multi-index at canonical arguments. A subclass of sympy.Function with fdiff is taken as nothing but a
solution of what its fdiff says.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef, ArgumentIndexError

from symgeo.geometry.field.algebra import Fraction
from symgeo.geometry.field.kernels import Chain, refusal

if TYPE_CHECKING:
    from symgeo.geometry.field.builder import Builder

Key = tuple[object, tuple[int, ...], tuple[Any, ...]]


class Functions:
    """The generators of a builder that are jets of undefined functions or classes with fdiff."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._held: dict[Key, Fraction] = {}

    def holds(self, e: sp.Expr) -> bool:
        """Say whether `e` is an undefined function, a derivative of one, or a class with its own fdiff."""
        if isinstance(e, AppliedUndef | sp.Derivative | sp.Subs):
            return True
        return isinstance(e, sp.Function) and not str(type(e).__module__).startswith("sympy.")

    def element(self, e: sp.Expr) -> Fraction:
        """Return the element of a function, derivative or substituted derivative."""
        if _undefined(e):
            return self._jet(e.func, (0,) * len(e.args), e.args)
        if isinstance(e, sp.Derivative):
            return self._derivative(e)
        if isinstance(e, sp.Subs):
            return self._substituted(e)
        return self._own(e)

    def _derivative(self, e: sp.Derivative) -> Fraction:
        counts: Any = e.variable_count
        if any(not count.is_Integer for _, count in counts):
            raise refusal(e, "its order is not a number")
        f, names = e.expr, _names(e)
        if _undefined(f):
            others = Counter(symbol for argument in f.args for symbol in argument.free_symbols)
            if all(name in f.args and others[name] == 1 for name in names):
                return self._jet(f.func, tuple(names.count(a) for a in f.args), f.args)
        done = e.doit()
        if isinstance(done, sp.Derivative):
            raise refusal(e, "SymPy leaves this derivative as it is")
        return self.builder.element(done)

    def _substituted(self, e: sp.Subs) -> Fraction:
        inner, values = e.expr, dict(zip(e.variables, e.point, strict=True))
        if isinstance(inner, sp.Derivative) and _undefined(inner.expr):
            f = inner.expr
            names = _names(inner)
            if all(f.args.count(name) == 1 for name in names):
                orders = tuple(names.count(argument) for argument in f.args)
                return self._jet(f.func, orders, tuple(argument.xreplace(values) for argument in f.args))
        done = e.doit()
        if isinstance(done, sp.Subs):
            raise refusal(e, "SymPy leaves this substitution as it is")
        return self.builder.element(done)

    def _jet(self, head: type[sp.Function], orders: tuple[int, ...], arguments: tuple[sp.Expr, ...]) -> Fraction:
        """Return d_orders f at `arguments`."""
        builder = self.builder
        elements = tuple(builder.element(argument) for argument in arguments)
        key: Key = (head, orders, tuple(element.key() for element in elements))
        if key not in self._held:

            def partial(i: int) -> Fraction:
                return self._jet(head, (*orders[:i], orders[i] + 1, *orders[i + 1 :]), arguments)

            chain: Chain = tuple((lambda i=i: partial(i), element) for i, element in enumerate(elements))
            self._held[key] = builder.adjoin(_jet_expression(head, orders, arguments), chain, open_=True)
        return self._held[key]

    def _own(self, e: sp.Function) -> Fraction:
        builder = self.builder
        elements = tuple(builder.element(argument) for argument in e.args)
        key: Key = (e.func, (), tuple(element.key() for element in elements))
        if key not in self._held:

            def partial(i: int) -> Fraction:
                try:
                    return builder.element(e.fdiff(i + 1))
                except ArgumentIndexError as error:
                    raise refusal(e, f"{e.func} has no fdiff for argument {i + 1}") from error

            chain: Chain = tuple((lambda i=i: partial(i), element) for i, element in enumerate(elements))
            self._held[key] = builder.adjoin(e, chain, open_=True)
        return self._held[key]


def _jet_expression(head: type[sp.Function], orders: tuple[int, ...], arguments: tuple[sp.Expr, ...]) -> sp.Expr:
    """Write d_orders f at `arguments` as SymPy does: arguments that are no lone symbols are substituted."""
    if not any(orders):
        return head(*arguments)
    uses = Counter(symbol for argument in arguments for symbol in argument.free_symbols)
    names = [
        argument if argument.is_Symbol and uses[argument] == 1 else _unused(f"xi_{i + 1}", uses)
        for i, argument in enumerate(arguments)
    ]
    derivative = sp.Derivative(
        head(*names), *[(name, order) for name, order in zip(names, orders, strict=True) if order]
    )
    pairs = [(name, argument) for name, argument in zip(names, arguments, strict=True) if name != argument]
    return sp.Subs(derivative, *zip(*pairs, strict=True)) if pairs else derivative


def _undefined(e: sp.Basic) -> bool:
    """Whether `e` is a function that nothing is known of: undefined, or a class without an fdiff of its own."""
    own = isinstance(e, sp.Function) and not str(type(e).__module__).startswith("sympy.")
    return isinstance(e, AppliedUndef) or (own and type(e).fdiff is sp.Function.fdiff)


def _names(e: sp.Derivative) -> list[Any]:
    """The symbols that a derivative is taken by, each as often as it is."""
    counts: Any = e.variable_count
    return [name for name, count in counts for _ in range(int(count))]


def _unused(name: str, used: Counter) -> sp.Symbol:
    """A symbol of this name, or of the first longer one, that the arguments do not contain."""
    names = {symbol.name for symbol in used}
    while name in names:
        name += "_"
    return sp.Symbol(name)
