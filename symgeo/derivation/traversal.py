"""Walking through terms: their parts, the tensors in them, one term put for another, and terms that are scalars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import sympy as sp

from symgeo.derivation.language import Call, Over, Plus, Power, Scalar, Tensor, Term, Times, parts
from symgeo.errors import InputError


def scalar(value: Term) -> sp.Expr:
    """A term without tensors as the SymPy expression that it is.

    Raises:
        InputError: it has a tensor in it.
    """
    match value:
        case Scalar(expression):
            return expression
        case Plus(terms):
            return sp.Add(*(scalar(part) for part in terms))
        case Times(factors):
            return sp.Mul(*(scalar(factor) for factor in factors))
        case Over(numerator, denominator):
            return scalar(numerator) / scalar(denominator)
        case Power(base, exponent):
            return scalar(base) ** exponent
        case Call(function, argument):
            return function.at(scalar(argument))
    raise InputError(
        f"`value` must be free of tensors, got a {type(value).__name__}; check it in components or for every d"
    )


def tensors(value: Term) -> Iterator[Tensor]:
    """Every tensor that `value` mentions."""
    for entry in fields(value):  # pyright: ignore[reportArgumentType]
        content = getattr(value, entry.name)
        if isinstance(content, Tensor):
            yield content
    for child in parts(value):
        yield from tensors(child)


def scalars(value: Term) -> Iterator[sp.Expr]:
    """Every SymPy expression that `value` is made of."""
    if isinstance(value, Scalar):
        yield value.value
    for child in parts(value):
        yield from scalars(child)


def replaced(value: Term, old: Term, new: Term) -> Term:
    """`value` with `new` wherever `old` stands as a whole."""
    if value == old:
        return new
    changes = {}
    for entry in fields(value):  # pyright: ignore[reportArgumentType]
        content = getattr(value, entry.name)
        if isinstance(content, Term):
            changes[entry.name] = replaced(content, old, new)
        elif isinstance(content, tuple) and content and isinstance(content[0], Term):
            changes[entry.name] = tuple(replaced(item, old, new) for item in content)
    return replace(value, **changes) if changes else value  # pyright: ignore[reportArgumentType]
