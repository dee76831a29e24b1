"""Subexpressions that several lines of a program share, named once, each before its first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import sympy as sp

from symgeo.codegen.operands import indices_of, operands
from symgeo.codegen.program import Let, Stack, Step


@dataclass(frozen=True)
class Sharing:
    """Goes over arranged steps and hands them on with shared parts named.

    Attributes:
        sizes: symbols of array sizes.
        once: what stands for a value that is the same at every point.
        named: makes a name for a value of these indices, and emits the line that defines it.
        emit: takes a finished step.
    """

    sizes: frozenset[sp.Basic]
    once: frozenset[sp.Basic]
    named: Callable[[sp.Expr, tuple[sp.Basic, ...]], sp.Expr]
    emit: Callable[[Step], None]

    def shared(self, steps: list[Step]) -> None:
        """The steps with common subexpressions of lines of the same indices named, each before its first use."""
        groups: dict[tuple[sp.Basic, ...], list[tuple[int, int]]] = {}
        for number, step in enumerate(steps):
            if isinstance(step, Stack):
                groups.setdefault((), []).extend((number, k) for k in range(len(step.components)))
            elif isinstance(step, Let) and not isinstance(step.value, sp.Sum):
                indices = step.target.indices if isinstance(step.target, sp.Indexed) else ()
                groups.setdefault(indices, []).append((number, -1))
        waiting: dict[sp.Symbol, sp.Expr] = {}
        reduced: dict[tuple[int, int], sp.Expr] = {}
        for places in groups.values():
            values = [self._value(steps[number], k) for number, k in places]
            # Components are atoms here; SymPy would look inside.
            atoms = {o: sp.Dummy("a", real=True) for v in values for o in operands(v) if not isinstance(o, sp.Symbol)}
            # So is a bound of sizes, which are Python's own integers where the code runs.
            bounds = {b for v in values for b in v.atoms(sp.Max, sp.Min) if b.free_symbols <= set(self.sizes)}
            atoms |= {bound: sp.Dummy("a", real=True) for bound in bounds}
            found, short = sp.cse([v.xreplace(atoms) for v in values], self._dummies(), order="none", list=True)
            group = dict(found)
            short = [self._powers(v, group) for v in short]
            for name in list(group):
                group[name] = self._powers(group[name], group)
            back = {dummy: atom for atom, dummy in atoms.items()}
            waiting |= {name: v.xreplace(back) for name, v in group.items()}
            reduced |= {place: v.xreplace(back) for place, v in zip(places, short, strict=True)}
        made: dict[sp.Basic, sp.Expr] = {}
        for number, step in enumerate(steps):
            if isinstance(step, Stack):
                components = [self._placed(reduced[number, k], (), waiting, made) for k in range(len(step.components))]
                self.emit(replace(step, components=tuple(components)))
            elif isinstance(step, Let) and not isinstance(step.value, sp.Sum):
                indices = step.target.indices if isinstance(step.target, sp.Indexed) else ()
                value = self._placed(reduced[number, -1], indices, waiting, made)
                if (
                    step.target in self.once
                    and isinstance(value, sp.Symbol | sp.Indexed)
                    and indices_of(value) == {*indices}
                ):
                    made[step.target] = value  # another name for the same
                else:
                    self.emit(replace(step, value=value))
            else:
                self.emit(step)

    @staticmethod
    def _value(step: Step, component: int) -> sp.Expr:
        return step.components[component] if isinstance(step, Stack) else sp.sympify(step.value)  # type: ignore

    @staticmethod
    def _dummies() -> Iterator[sp.Symbol]:
        while True:
            yield sp.Dummy("t", real=True)

    def _powers(self, expression: sp.Expr, group: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
        """The expression with the base of a power named where that is printed as a chain of products."""
        if not expression.args:
            return expression
        arguments = [self._powers(a, group) for a in expression.args]
        if (
            isinstance(expression, sp.Pow)
            and chained(expression.exp)
            and arguments[0].args
            and arguments[0].free_symbols
        ):
            base = arguments[0]
            name = next((n for n, v in group.items() if v == base), None) or next(self._dummies())
            group[name] = base
            arguments[0] = name
        return expression.func(*arguments)

    def _placed(
        self,
        value: sp.Expr,
        order: tuple[sp.Basic, ...],
        waiting: dict[sp.Symbol, sp.Expr],
        made: dict[sp.Basic, sp.Expr],
    ) -> sp.Expr:
        """The value in names of the code; what it is the first to use is defined before it."""
        used = {o for o in operands(value) if o in waiting or o in made}
        for name in sorted(used - set(made), key=sp.default_sort_key):
            if name not in made:
                made[name] = self.named(self._placed(waiting[name], order, waiting, made), order)
        return value.xreplace({name: made[name] for name in used})


def chained(exponent: sp.Expr) -> bool:
    """Whether a power is a chain of products and roots: integers and quarters that are no single square or root."""
    quarters = 4 * exponent
    simple = (1, -1, 2, sp.Rational(1, 2), -sp.Rational(1, 2))
    return bool(quarters.is_Integer and abs(quarters) <= 64 and exponent not in simple)
