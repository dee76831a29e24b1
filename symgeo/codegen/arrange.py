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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import sympy as sp
from sympy.codegen.cfunctions import expm1

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
        steps = self._shared(self.steps)
        return Arrangement(tuple(steps), self.renamed[self.program.output], frozenset(self.batched), self.names)

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

    # -- shared subexpressions -----------------------------------------------------------------------------------

    def _shared(self, steps: list[Step]) -> list[Step]:
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
            bounds = {b for v in values for b in v.atoms(sp.Max, sp.Min) if b.free_symbols <= set(self.program.sizes)}
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
        once = set(self.fixed.values())
        self.steps = []
        for number, step in enumerate(steps):
            if isinstance(step, Stack):
                components = [self._placed(reduced[number, k], (), waiting, made) for k in range(len(step.components))]
                self.steps.append(replace(step, components=tuple(components)))
            elif isinstance(step, Let) and not isinstance(step.value, sp.Sum):
                indices = step.target.indices if isinstance(step.target, sp.Indexed) else ()
                value = self._placed(reduced[number, -1], indices, waiting, made)
                if (
                    step.target in once
                    and isinstance(value, sp.Symbol | sp.Indexed)
                    and indices_of(value) == {*indices}
                ):
                    made[step.target] = value  # another name for the same
                else:
                    self.steps.append(replace(step, value=value))
            else:
                self.steps.append(step)
        return self.steps

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
                made[name] = self._named(self._placed(waiting[name], order, waiting, made), order, "t")
        return value.xreplace({name: made[name] for name in used})


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


def chained(exponent: sp.Expr) -> bool:
    """Whether a power is a chain of products and roots: integers and quarters that are no single square or root."""
    quarters = 4 * exponent
    simple = (1, -1, 2, sp.Rational(1, 2), -sp.Rational(1, 2))
    return bool(quarters.is_Integer and abs(quarters) <= 64 and exponent not in simple)
