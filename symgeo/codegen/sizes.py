"""A program whose array sizes are known: its loops have known lengths, and some quantities a shorter formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from symgeo.codegen.program import Let, Program, Step
from symgeo.errors import InputError


def at_sizes(program: Program, sizes: Mapping[str, int]) -> Program:
    """The program for arrays of these sizes, such as {"d": 2}.

    Raises:
        InputError: for a name that is no size of the program, or sizes at which it has no value.
    """
    symbols = {str(size): size for size in program.sizes}
    for name in sizes:
        if name not in symbols:
            known = ", ".join(symbols) or "none"
            raise InputError(f"`sizes`: {name!r} is no size of {program.name}; its sizes are: {known}")
    values: dict[sp.Basic, sp.Integer] = {symbols[name]: sp.Integer(value) for name, value in sizes.items()}
    for condition, sentence in program.requires:
        if condition.xreplace(values) == sp.false:
            raise InputError(f"`sizes`: {sentence.format(**sizes)}")
    if program.special is not None and len(values) == len(symbols):
        special = program.special({name: int(value) for name, value in sizes.items()})
        if special is not None:
            return special
    return replace(
        program,
        inputs=tuple(replace(i, shape=tuple(_fixed(s, values) for s in i.shape)) for i in program.inputs),
        steps=tuple(_fixed_step(step, values) for step in program.steps),
        output_shape=tuple(_fixed(s, values) for s in program.output_shape),
        sizes=tuple(size for size in program.sizes if size not in values),
        requires=tuple((c.xreplace(values), text) for c, text in program.requires if c.xreplace(values) != sp.true),
        special=None,
    )


def _fixed_step(step: Step, values: Mapping[sp.Basic, sp.Integer]) -> Step:
    if not isinstance(step, Let):
        return step
    target = _fixed(step.target, values) if isinstance(step.target, sp.Indexed) else step.target
    return Let(target, _fixed(sp.sympify(step.value), values))  # type: ignore[arg-type]


def _fixed(expression: sp.Expr, values: Mapping[sp.Basic, sp.Integer]) -> sp.Expr:
    """The expression with sizes put in, in the ranges of its indices too; labels of indices are left alone."""
    if expression in values:
        return values[expression]
    if isinstance(expression, sp.Idx):
        lower, upper = (sp.sympify(end).xreplace(dict(values)) for end in (expression.lower, expression.upper))
        return sp.Idx(expression.label, (lower, upper))
    if isinstance(expression, sp.Indexed):
        return expression.base[tuple(_fixed(i, values) for i in expression.indices)]
    if isinstance(expression, sp.Sum):
        ends = [_fixed(limit[0], values) for limit in expression.limits]
        return sp.Sum(_fixed(expression.function, values), *((i, i.lower, i.upper) for i in ends))
    if not expression.args:
        return expression
    return expression.func(*(_fixed(a, values) for a in expression.args))  # type: ignore[arg-type]
