"""A program's steps, arranged for evaluation: the same for every language.

* A sum stands alone and runs over a product of components: `T[a, b] = Sum(P[j] * W[j, a] * W[j, b], j)`.
* What does not depend on the point is computed once: a product of a few numbers and one moving factor becomes one
  number times the factor.
* Subexpressions that several lines share are named, across lines of the same indices.
* exp(u) - 1 is one function, which does not cancel.
* Every name is claimed, so that no symbol of the user's is taken for another.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import sympy as sp
from sympy.codegen.cfunctions import expm1

from symgeo.codegen.operands import bases, indices_of
from symgeo.codegen.program import (
    InverseCholesky,
    Let,
    LogDiagonal,
    OrthogonalColumns,
    Program,
    Stack,
    Step,
    TriangularInverse,
)
from symgeo.codegen.sharing import Sharing
from symgeo.errors import InputError

Known = sp.Symbol | sp.IndexedBase


class Names:
    """The names of a piece of code, each given out once."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = set(taken)

    def claim(self, stem: str) -> str:
        """The name `stem`, or one like it that nothing has yet."""
        stem = re.sub(r"\W", "_", stem)
        if keyword.iskeyword(stem) or not stem.isidentifier():
            stem = f"v_{stem}"
        name, count = stem, 1
        while name in self.taken:
            count += 1
            name = f"{stem}_{count}"
        self.taken.add(name)
        return name

    def temporary(self, letter: str) -> str:
        """The first unused of t1, t2, ... (or c1, c2, ...)."""
        count = 1
        while f"{letter}{count}" in self.taken:
            count += 1
        return self.claim(f"{letter}{count}")


@dataclass(frozen=True)
class Arrangement:
    """The arranged steps; `batched` names those arrays and numbers that differ from point to point."""

    steps: tuple[Step, ...]
    output: Known
    batched: frozenset[sp.Basic]
    names: Names


def arranged(program: Program, reserved: Iterable[str]) -> Arrangement:
    """The steps of a program, arranged; no name is one of `reserved`."""
    return _Arranger(program, reserved).arrange()


class _Arranger:
    def __init__(self, program: Program, reserved: Iterable[str]) -> None:
        self.program = program
        self.names = Names([*reserved, program.name, *(i.name for i in program.inputs), *map(str, program.sizes)])
        self.renamed: dict[sp.Basic, Known] = {i.symbol: i.symbol for i in program.inputs}
        self.renamed |= {size: size for size in program.sizes}
        self.batched: set[sp.Basic] = {i.symbol for i in program.inputs if i.batched}
        self.fixed: dict[sp.Expr, sp.Expr] = {}
        self.steps: list[Step] = []

    def arrange(self) -> Arrangement:
        """Each step in the names of the code, what is the same at every point before it, then what several share."""
        for step in self.program.steps:
            if isinstance(step, Let):
                self._let(step)
            elif isinstance(step, Stack):
                components = tuple(self._hoisted(_careful(self._rename(c)), ()) for c in step.components)
                target = self._new(step.target, any(map(self._moves, components)))
                self.steps.append(Stack(target, components, step.shape))
            else:
                self._linear_algebra(step)
        arranged_, self.steps = self.steps, []
        sizes, once = frozenset(self.program.sizes), frozenset(self.fixed.values())
        Sharing(sizes, once, lambda value, order: self._named(value, order, "t"), self._emit).shared(arranged_)
        return Arrangement(tuple(self.steps), self.renamed[self.program.output], frozenset(self.batched), self.names)

    def _emit(self, step: Step) -> None:
        self.steps.append(step)

    # -- names ---------------------------------------------------------------------------------------------------

    def _new(self, target: Known, moving: bool) -> Known:
        """The target under a name of its own."""
        self.renamed[target] = self._made(self.names.claim(str(target)), isinstance(target, sp.IndexedBase), moving)
        return self.renamed[target]

    def _made(self, name: str, array: bool, moving: bool) -> Known:
        made = sp.IndexedBase(name, real=True) if array else sp.Symbol(name, real=True)
        if moving:
            self.batched.add(made)
        return made

    def _rename(self, expression: sp.Expr) -> sp.Expr:
        """The expression in the names of the code; labels of indices are left alone."""
        if isinstance(expression, sp.Idx | sp.KroneckerDelta):
            return expression
        if isinstance(expression, sp.Indexed):
            return self.renamed[expression.base][expression.indices]  # type: ignore[index]
        if isinstance(expression, sp.Symbol):
            return self.renamed[expression]
        if isinstance(expression, sp.Sum):
            return sp.Sum(self._rename(expression.function), *expression.limits)
        if not expression.args:
            return expression
        return expression.func(*map(self._rename, expression.args))

    def _moves(self, expression: sp.Basic) -> bool:
        return not self.batched.isdisjoint(bases(expression))

    # -- sums ----------------------------------------------------------------------------------------------------

    def _let(self, step: Let) -> None:
        indices = step.target.indices if isinstance(step.target, sp.Indexed) else ()
        known = step.target.base if isinstance(step.target, sp.Indexed) else step.target
        value = _careful(self._rename(sp.sympify(step.value)))
        sums = sorted(value.atoms(sp.Sum), key=sp.default_sort_key)
        if value in sums and self._is_product(value):
            value = self._product(value)
        else:
            value = self._hoisted(value.xreplace({inner: self._sum(inner, indices) for inner in sums}), indices)
        target = self._new(known, self._moves(value))
        self.steps.append(Let(target[indices] if indices else target, value))  # type: ignore[index]

    def _named(self, value: sp.Expr, order: tuple[sp.Basic, ...], letter: str) -> sp.Expr:
        """A component or symbol that stands for `value`, defined by a line of its own."""
        own = indices_of(value)
        indices = tuple(i for i in order if i in own) + tuple(sorted(own - set(order), key=str))
        target = self._made(self.names.temporary(letter), bool(indices), self._moves(value))
        made = target[indices] if indices else target  # type: ignore[index]
        self.steps.append(Let(made, value))
        return made

    def _sum(self, total: sp.Sum, order: tuple[sp.Basic, ...]) -> sp.Expr:
        """A sum as a component of its own, times what does not depend on the bound indices."""
        bound = {limit[0] for limit in total.limits}
        outside = sp.Mul(*(f for f in sp.Mul.make_args(total.function) if bound.isdisjoint(indices_of(f))))
        return outside * self._named(self._product(total, outside), order, "t")

    def _is_product(self, total: sp.Sum) -> bool:
        bound = {limit[0] for limit in total.limits}
        return not any(bound.isdisjoint(indices_of(f)) for f in sp.Mul.make_args(total.function))

    def _product(self, total: sp.Sum, outside: sp.Expr = sp.S.One) -> sp.Sum:
        """The sum of a product of plain components."""
        for index, low, high in total.limits:
            if not isinstance(index, sp.Idx) or (low, high) != (index.lower, index.upper):
                raise InputError(f"`{self.program.name}`: the sum over {index} must run over its whole range as an Idx")
        factors = []
        for factor in sp.Mul.make_args(total.function / outside):
            if factor.has(sp.KroneckerDelta, sp.Sum):
                raise InputError(f"`{self.program.name}`: {factor} inside a sum; contract it first")
            base, power = factor.as_base_exp()
            plain = isinstance(base, sp.Indexed) and power.is_Integer and power > 0
            factors.append(factor if plain else self._named(self._hoisted(factor, ()), (), "t"))
        return sp.Sum(sp.Mul(*factors), *total.limits)

    # -- once ----------------------------------------------------------------------------------------------------

    def _hoisted(self, value: sp.Expr, order: tuple[sp.Basic, ...]) -> sp.Expr:
        """The value with what does not depend on the point computed before."""
        if not self._moves(value) or isinstance(value, sp.Indexed | sp.Symbol):
            return value
        if isinstance(value, sp.Mul | sp.Add):
            still = [a for a in value.args if not self._moves(a)]
            moving = [self._hoisted(a, order) for a in value.args if self._moves(a)]
            return value.func(self._once(value.func(*still), order), *moving)
        return value.func(*(self._hoisted(a, order) if self._moves(a) else self._once(a, order) for a in value.args))

    def _once(self, value: sp.Expr, order: tuple[sp.Basic, ...]) -> sp.Expr:
        """A name for a compound value that is the same at every point."""
        sign = -1 if value.could_extract_minus_sign() else 1
        core = sign * value
        if core.is_number or isinstance(core, sp.Symbol | sp.Indexed | sp.KroneckerDelta):
            return value
        if core not in self.fixed:
            self.fixed[core] = self._named(core, order, "c")
        return sign * self.fixed[core]

    # -- linear algebra ------------------------------------------------------------------------------------------

    def _linear_algebra(self, step: Step) -> None:
        assert isinstance(step, OrthogonalColumns | TriangularInverse | InverseCholesky | LogDiagonal)
        matrix = self.renamed[step.matrix]
        moving = matrix in self.batched or isinstance(step, InverseCholesky)
        if isinstance(step, OrthogonalColumns):
            if moving:
                raise InputError(f"`{self.program.name}`: {step.matrix} differs from point to point, columns cannot")
            triangle = self._new(step.triangle, moving)
            step = replace(step, triangle=triangle)
        self.steps.append(replace(step, target=self._new(step.target, moving), matrix=matrix))


def _careful(expression: sp.Expr) -> sp.Expr:
    """The expression with c exp(u) - c as c expm1(u), which keeps its digits where u is small."""
    if not expression.has(sp.exp) or isinstance(expression, sp.Indexed | sp.Sum):
        return expression
    arguments = [_careful(a) for a in expression.args]
    if isinstance(expression, sp.Add):
        for term in arguments:
            number, factor = term.as_coeff_Mul()
            if isinstance(factor, sp.exp) and -number in arguments:
                arguments.remove(term)
                arguments.remove(-number)
                return expression.func(number * expm1(factor.args[0]), *arguments)
    return expression.func(*arguments)
