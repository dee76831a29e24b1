"""Random points, and expressions evaluated there to 50 digits.

A point gives a rational value to every symbol, and to every jet phi^(k)(z) as a variable of its own: the derivatives
of a smooth function at given points are free. Values come from a seeded generator, in the order of the names.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import mpmath
import sympy as sp

from symgeo.derivation.functions import Expectation, Jet, Potential
from symgeo.derivation.printer import expression_latex
from symgeo.derivation.smooth import MultiJet
from symgeo.errors import NumericalError

DIGITS = 50
GUARD = 30
"""Digits carried beyond those claimed: what cancellation at a random point may cost."""

Multiprecision: TypeAlias = Any
"""An mpmath number: mpmath makes its types when it runs, which a type checker cannot follow."""

_JETS = (Jet, Potential, MultiJet)
_BINDING = (Expectation, sp.Integral, sp.Subs, sp.Limit)

Point: TypeAlias = dict[sp.Expr, sp.Rational]


def distinct(expression: sp.Basic, opaque: tuple[type, ...] = ()) -> Iterator[sp.Basic]:
    """Every subexpression once, however often it is shared; those of the kinds `opaque` are not entered."""
    seen: set[sp.Basic] = {expression}
    waiting: list[sp.Basic] = [expression]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, opaque):
            fresh = [child for child in dict.fromkeys(part.args) if child not in seen]
            seen.update(fresh)
            waiting += fresh


def normal_jets(expression: sp.Expr) -> sp.Expr:
    """The expression with the arguments of its jets multiplied out, so that equal jets look alike."""
    jets = [part for part in distinct(expression) if isinstance(part, _JETS)]
    normal = {jet: _normal(jet) for jet in jets}
    return expression.xreplace(normal) if any(jet != other for jet, other in normal.items()) else expression


def _normal(jet: sp.Expr) -> sp.Expr:
    first = len(jet.args) - (len(jet.arguments) if isinstance(jet, MultiJet) else 1)
    return jet.func(*jet.args[:first], *(sp.expand(argument) for argument in jet.args[first:]))


def random_point(expressions: list[sp.Expr], seed: int) -> Point:
    """A rational value for each symbol and each jet of `expressions`, whose jets are normal.

    Positive symbols get positive values, integer ones 2 to 7, others either sign.
    """
    atoms: set[sp.Expr] = set()
    for expression in expressions:
        for part in distinct(expression, (*_JETS, *_BINDING)):
            if isinstance(part, (*_JETS, sp.Symbol)):
                atoms.add(part)
            elif isinstance(part, _BINDING):
                atoms |= part.free_symbols
    generator = random.Random(seed)
    point: Point = {}
    for atom in sorted(atoms, key=str):
        if atom.is_integer:
            point[atom] = sp.Integer(generator.randint(2, 7))
            continue
        size = sp.Rational(generator.randint(20, 150), 97)
        sign = generator.choice([-1, 1])
        point[atom] = size if atom.is_positive else sign * size
    return point


def value_at(expression: sp.Expr, point: Mapping[sp.Expr, sp.Rational], digits: int = DIGITS + GUARD) -> Multiprecision:
    """`expression` at `point`, with `digits` digits carried.

    Raises:
        NumericalError: it has no finite real value there.
    """
    names = {atom: sp.Symbol(f"v{place}") for place, atom in enumerate(point)}
    function = sp.lambdify(list(names.values()), expression.xreplace(names), modules="mpmath", cse=True)
    with mpmath.workdps(digits):
        arguments = [mpmath.mpf(int(value.p)) / int(value.q) for value in point.values()]
        try:
            value = mpmath.mpmathify(function(*arguments))
        except ZeroDivisionError:
            value = mpmath.nan
        if not mpmath.isfinite(value) or abs(mpmath.im(value)) > mpmath.mpf(10) ** (-DIGITS):
            raise NumericalError(f"`expression` has no finite real value at {shown(point)}; choose another seed")
        return mpmath.re(value)


def shown(point: Mapping[sp.Expr, sp.Rational]) -> str:
    """The point on one line."""
    return ", ".join(f"{name} = {value}" for name, value in recorded(point)) or "the only point"


def recorded(point: Mapping[sp.Expr, sp.Rational]) -> tuple[tuple[str, str], ...]:
    """The point for JSON."""
    return tuple((expression_latex(atom) if atom.args else str(atom), str(value)) for atom, value in point.items())
