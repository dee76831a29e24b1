"""From a program's steps to lines of array code.

Inside a kernel the points are flattened to one leading axis, so a batched array of indices (a, b) has axes
(points, a, b). Four rules do all the work:

* elementwise: every array is aligned to the target's indices by `None` axes, common subexpressions get names;
* a sum over products is a contraction (`symgeo.codegen.contraction`);
* steps that do not depend on the point are written outside the loop over blocks of points;
* every name that is written is claimed first, so that no symbol of the user's is taken for another.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.backend import Backend
from symgeo.codegen.contraction import contraction_code
from symgeo.codegen.program import (
    InverseCholesky,
    Let,
    LogDiagonal,
    OrthogonalColumns,
    Program,
    Stack,
    Step,
    TriangularInverse,
    reads,
)
from symgeo.errors import InputError

_LETTERS = "ijklmnopqrstuvw"
LINE = 108  # of 120, less two levels of indentation

# What the generated module's own lines are written with.
RESERVED = frozenset(
    """np torch math special shape block parts start len range float int zip any all tuple ValueError
    _array _number _inside _finite _orthogonal_columns _inverse_cholesky""".split()  # noqa: SIM905
)


@dataclass
class Lines:
    """The two parts of a kernel's body: what is done once, and what is done for each block of points."""

    once: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)


class Writer:
    """Writes one program's steps for one backend."""

    def __init__(self, program: Program, backend: Backend) -> None:
        self.program, self.backend = program, backend
        self.lines = Lines()
        self.batched: dict[sp.Basic, bool] = {}
        self.names: dict[sp.Basic, str] = {}
        self.taken = set(RESERVED) | {program.name}
        for known in (*(i.symbol for i in program.inputs), *program.sizes):
            self.names[known] = str(known)
            self.taken.add(str(known))
            self.batched[known] = any(i.symbol == known and i.batched for i in program.inputs)
        self.printer = backend.printer()
        self.printer.sizes = frozenset(sp.Symbol(str(size)) for size in program.sizes)
        self.deltas: dict[sp.Expr, str] = {}
        self.functions: set[str] = set()  # of the prelude, that the lines call

    def write(self) -> Lines:
        """The lines of all steps; afterwards `functions` holds what they call of the prelude."""
        for step in self.program.steps:
            if isinstance(step, Let):
                self._let(step.target, sp.sympify(step.value))
            elif isinstance(step, Stack):
                self._stack(step)
            else:
                self._linear_algebra(step)
        return self.lines

    def name(self, known: sp.Basic) -> str:
        """The name in the code of an input, a size or an earlier target."""
        return self.names[known]

    # -- names ---------------------------------------------------------------------------------------------------

    def _unused(self, stem: str) -> str:
        """A name that nothing has yet, from now on taken."""
        stem = re.sub(r"\W", "_", stem)
        if keyword.iskeyword(stem) or not stem.isidentifier():
            stem = f"v_{stem}"
        name, count = stem, 1
        while name in self.taken:
            count += 1
            name = f"{stem}_{count}"
        self.taken.add(name)
        return name

    def _temporary(self) -> str:
        count = sum(name.startswith("t") and name[1:].isdigit() for name in self.taken) + 1
        return self._unused(f"t{count}")

    def _temporaries(self) -> Iterator[sp.Symbol]:
        while True:
            yield sp.Symbol(self._temporary())

    def _assign(self, target: sp.Basic, code: str, batched: bool) -> None:
        """Write `target = code`; the target gets a name of its own."""
        self.names[target] = self._unused(str(target))
        self.batched[target] = batched
        self._write(self.names[target], code, batched)

    def _write(self, name: str, code: str, batched: bool) -> None:
        line = f"{name} = {code}"
        if len(line) > LINE:
            line = f"{name} = {_broken(code)}"
        (self.lines.each if batched else self.lines.once).append(line)

    # -- elementwise ---------------------------------------------------------------------------------------------

    def _let(self, target: sp.Symbol | sp.Indexed, value: sp.Expr) -> None:
        indices = target.indices if isinstance(target, sp.Indexed) else ()
        name = target.base if isinstance(target, sp.Indexed) else target
        sums = sorted(value.atoms(sp.Sum), key=sp.default_sort_key)
        if value in sums:
            self._contract(name, indices, value)
            return
        replaced = {}
        for inner in sums:
            free = tuple(i for i in indices if inner.has(i))
            base = sp.IndexedBase(sp.Dummy("t")) if free else sp.Dummy("t")
            self._contract(base, free, inner)
            replaced[inner] = base[free] if free else base
        self._elementwise(name, indices, value.xreplace(replaced))

    def _elementwise(self, target: sp.Basic, indices: tuple[sp.Basic, ...], value: sp.Expr) -> None:
        """`target = value`, an expression in components, deltas and numbers."""
        aligned: dict[sp.Basic, sp.Symbol] = {}
        moving: set[sp.Basic] = set()
        carried: set[sp.Basic] = set()
        for node in sorted(value.atoms(sp.Indexed, sp.KroneckerDelta, sp.Symbol), key=sp.default_sort_key):
            known = node.base if isinstance(node, sp.Indexed) else node
            if isinstance(node, sp.KroneckerDelta):
                aligned[node] = sp.Symbol(self._delta(node, indices))
                carried |= set(node.args)
            elif isinstance(node, sp.Indexed):
                aligned[node] = sp.Symbol(self._view(node, indices))
                carried |= set(node.indices)
            elif node in self.names:
                tail = "[:" + ", None" * len(indices) + "]" if self.batched[node] and indices else ""
                aligned[node] = sp.Symbol(self.names[node] + tail)
            if node in aligned and self.batched.get(known, False):
                moving.add(aligned[node])
        # xreplace goes from the outside in, so that the labels inside a component are not taken for names.
        shared, (body,) = sp.cse(value.xreplace(aligned), symbols=self._temporaries(), order="none")
        self._share(shared, moving)
        code = self.printer.doprint(body)
        lacking = [i for i in indices if i not in carried]
        if lacking:
            # A value that does not depend on some index is the same for each of its values.
            shape = ", ".join(self._size(i) if i in lacking else "1" for i in indices)
            code = f"{code} + {self.backend.zeros.format(shape)}"
        self._assign(target, code, not moving.isdisjoint(body.free_symbols))

    def _share(self, shared: list[tuple[sp.Symbol, sp.Expr]], moving: set[sp.Basic]) -> None:
        """Write common subexpressions, already named; those that depend on the point join `moving`."""
        for symbol, expression in shared:
            batched = not moving.isdisjoint(expression.free_symbols)
            if batched:
                moving.add(symbol)
            self._write(symbol.name, self.printer.doprint(expression), batched)

    def _view(self, node: sp.Indexed, indices: tuple[sp.Basic, ...]) -> str:
        """The code of `node` with its axes where `indices` wants them."""
        name, free = self._sliced(node)
        if len(set(free)) < len(free):
            raise InputError(f"`{self.program.name}`: {node} repeats an index; write a Sum for a trace")
        order = [i for i in indices if i in free]
        batched = self.batched[node.base]
        if order != free:
            pattern = "".join(_LETTERS[indices.index(i)] for i in free)
            goal = "".join(_LETTERS[indices.index(i)] for i in order)
            dots = "..." if batched else ""
            name = self.backend.einsum.format(f"{dots}{pattern}->{dots}{goal}", name)
        if len(free) == len(indices):
            return name
        return f"{name}[{', '.join([*([':'] * batched), *(':' if i in free else 'None' for i in indices)])}]"

    def _sliced(self, node: sp.Indexed) -> tuple[str, list[sp.Basic]]:
        """The code of a component with its integer indices taken, and the indices that are left."""
        name, free = self.names[node.base], [i for i in node.indices if not i.is_Integer]
        if len(free) == len(node.indices):
            return name, free
        lead = [":"] if self.batched[node.base] else []
        return f"{name}[{', '.join([*lead, *(str(i) if i.is_Integer else ':' for i in node.indices)])}]", free

    def _delta(self, node: sp.KroneckerDelta, indices: tuple[sp.Basic, ...]) -> str:
        size = self._size(node.args[0])
        if size not in self.deltas:
            self.deltas[size] = self._unused("delta")
            self._write(self.deltas[size], self.backend.eye.format(size), batched=False)
        name = self.deltas[size]
        if len(indices) == 2:
            return name
        return f"{name}[{', '.join(':' if i in node.args else 'None' for i in indices)}]"

    # -- contractions --------------------------------------------------------------------------------------------

    def _contract(self, target: sp.Basic, indices: tuple[sp.Basic, ...], total: sp.Sum) -> None:
        for index, low, high in total.limits:
            if not isinstance(index, sp.Idx) or (low, high) != (index.lower, index.upper):
                raise InputError(f"`{self.program.name}`: the sum over {index} must run over its whole range as an Idx")
        scale, factors = sp.Integer(1), []
        for factor in sp.Mul.make_args(total.function):
            if factor.has(sp.KroneckerDelta, sp.Sum):
                raise InputError(f"`{self.program.name}`: {factor} inside a sum; contract it first")
            if not factor.atoms(sp.Indexed):
                scale *= factor
                continue
            base, power = factor.as_base_exp()
            whole = isinstance(base, sp.Indexed) and power.is_Integer and power > 0
            factors += [base] * int(power) if whole else [self._named(factor)]
        code, once = contraction_code(
            [(*self._sliced(f), self.batched[f.base]) for f in factors],
            {limit[0] for limit in total.limits},
            indices,
            self._size,
            self.backend.einsum,
        )
        if once is not None:
            matrix = self._temporary()
            self._write(matrix, once, batched=False)
            code = code.format(matrix)
        batched = any(self.batched[f.base] for f in factors)
        if scale == 1:
            self._assign(target, code, batched)
            return
        summed = sp.IndexedBase(sp.Dummy("t")) if indices else sp.Dummy("t")
        self._assign(summed, code, batched)
        self._elementwise(target, indices, scale * (summed[indices] if indices else summed))

    def _named(self, factor: sp.Expr) -> sp.Indexed:
        """A factor that is not a plain component, given a name of its own."""
        found = {i for node in factor.atoms(sp.Indexed) for i in node.indices if not i.is_Integer}
        free = tuple(sorted(found, key=str))
        base = sp.IndexedBase(sp.Dummy("t"))
        self._elementwise(base, free, factor)
        return base[free]

    def _size(self, index: sp.Basic) -> str:
        if not isinstance(index, sp.Idx) or index.upper is None or index.lower != 0:
            raise InputError(f"`{self.program.name}`: the size of index {index} is not known; give an Idx with a range")
        return self.printer.doprint((index.upper + 1).xreplace({s: sp.Symbol(str(s)) for s in self.program.sizes}))

    # -- linear algebra ------------------------------------------------------------------------------------------

    def _linear_algebra(self, step: Step) -> None:
        matrix = self.names[step.matrix]  # type: ignore[union-attr]
        batched = self.batched[step.matrix]  # type: ignore[union-attr]
        if isinstance(step, OrthogonalColumns):
            self.functions.add("_orthogonal_columns")
            self.names[step.target], self.names[step.triangle] = self._unused("Q"), self._unused("R")
            self.batched[step.target] = self.batched[step.triangle] = False
            call = f'_orthogonal_columns("{matrix}", {matrix})'
            if any(step.triangle in reads(other) for other in self.program.steps):
                self._write(f"{self.names[step.target]}, {self.names[step.triangle]}", call, batched=False)
            else:
                self._write(self.names[step.target], f"{call}[0]", batched=False)
        elif isinstance(step, TriangularInverse):
            self._assign(step.target, f"{self.backend.module}.linalg.inv({matrix})", batched)
        elif isinstance(step, InverseCholesky):
            self.functions.add("_inverse_cholesky")
            # The same matrix at every point is still one matrix a point.
            each = matrix if batched else f"{matrix} + {self.backend.zeros.format('len(x), 1, 1')}"
            self._assign(step.target, f"_inverse_cholesky({each}, x)", batched=True)
        elif isinstance(step, LogDiagonal):
            diagonal = self.backend.einsum.format("...ii->...i", matrix)
            self._assign(step.target, f"{self.backend.module}.log({diagonal}).sum(-1)", batched)

    # -- explicit components -------------------------------------------------------------------------------------

    def _stack(self, step: Stack) -> None:
        nonzero = [c for c in step.components if c != 0]
        views: dict[sp.Basic, sp.Symbol] = {}
        for node in sorted(set().union(*(c.atoms(sp.Indexed) for c in nonzero)), key=sp.default_sort_key):
            name = self._unused(f"{node.base}_{'_'.join(str(i) for i in node.indices)}")
            self._write(name, self._view(node, ()), batched=True)
            views[node] = sp.Symbol(name)
        moving: set[sp.Basic] = set(views.values())
        plain = {s: sp.Symbol(self.names[s]) for c in nonzero for s in c.atoms(sp.Symbol) if s in self.names}
        shared, reduced = sp.cse(
            [c.xreplace({**views, **plain}) for c in nonzero], symbols=self._temporaries(), order="none"
        )
        self._share(shared, moving)
        zero = self._unused("zero")
        self._write(zero, f"{self.backend.module}.zeros_like(x[:, 0])", batched=True)
        remaining = iter(reduced)
        codes = []
        for component in step.components:
            if component == 0:
                codes.append(zero)
                continue
            expression = next(remaining)
            code = self.printer.doprint(expression)
            codes.append(f"{zero} + {code}" if moving.isdisjoint(expression.free_symbols) else code)
        if not step.shape:
            self._assign(step.target, codes[0], batched=True)
            return
        rows, shape = "".join(f"\n    {code}," for code in codes), ", ".join(map(str, step.shape))
        self._assign(step.target, f"{self.backend.module}.stack([{rows}\n], -1).reshape(-1, {shape})", batched=True)


def _broken(code: str) -> str:
    """A long sum, or a long product where there is no sum, on one line a term; what is on several lines stays."""
    if "\n" in code:
        return code
    for operators in ((" + ", " - "), ("*",)):
        depth, start, parts = 0, 0, []
        for i, letter in enumerate(code):
            depth += (letter in "([") - (letter in ")]")
            power = "**" in code[max(i - 1, 0) : i + 2]
            if depth == 0 and i and any(code.startswith(o, i) for o in operators) and not (letter == "*" and power):
                parts.append(code[start:i])
                start = i
        if parts:
            return "(\n    " + "\n    ".join(part.strip() for part in [*parts, code[start:]]) + "\n)"
    return code
