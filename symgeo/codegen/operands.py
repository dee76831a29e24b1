"""What an expression of a program reads: symbols, array components, indices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from symgeo.codegen.program import Let, Step


def operands(expression: sp.Basic) -> Iterator[sp.Basic]:
    """The symbols and array components that an expression reads, and its Kronecker deltas; no labels of indices."""
    if isinstance(expression, sp.Indexed | sp.Symbol | sp.KroneckerDelta):
        yield expression
    elif not isinstance(expression, sp.Idx):
        arguments = expression.args[:1] if isinstance(expression, sp.Sum) else expression.args
        for argument in arguments:
            yield from operands(argument)


def bases(expression: sp.Basic) -> set[sp.Basic]:
    """The symbols and arrays that an expression reads."""
    found = operands(expression)
    return {o.base if isinstance(o, sp.Indexed) else o for o in found if not isinstance(o, sp.KroneckerDelta)}


def indices_of(expression: sp.Basic) -> set[sp.Idx]:
    """The open indices of an expression."""
    found: set[sp.Idx] = set()
    for node in operands(expression):
        if isinstance(node, sp.Indexed):
            found |= {i for i in node.indices if isinstance(i, sp.Idx)}
        elif isinstance(node, sp.KroneckerDelta):
            found |= {i for i in node.args if isinstance(i, sp.Idx)}
    if isinstance(expression, sp.Sum):
        found -= {limit[0] for limit in expression.limits}
    return found


def squared_length(points: sp.Basic, steps: Iterable[Step]) -> Let | None:
    """The step that computes x.x as one number a point; it is finite only where x is."""
    for step in steps:
        if isinstance(step, Let) and isinstance(step.target, sp.Symbol) and isinstance(step.value, sp.Sum):
            index = step.value.limits[0][0]
            if len(step.value.limits) == 1 and step.value.function == points[index] ** 2:  # type: ignore[index]
                return step
    return None
