"""From a program's steps to lines of array code.

Inside a kernel the points are flattened to one leading axis, so a batched array of indices (a, b) has axes
(points, a, b).
Three rules do all the work:

* elementwise: every array is aligned to the target's indices by `None` axes, common subexpressions get names;
* a sum over products is a contraction: factors that do not depend on the point are multiplied once, and where one
  batched factor is left the sum is a single matrix product;
* steps that do not depend on the point are written outside the loop over blocks of points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.backend import Backend
from symgeo.codegen.program import InverseCholesky, Let, LogDiagonal, Program, Stack
from symgeo.errors import InputError

_LETTERS = "ijklmnopqrstuvw"
LINE = 108  # of 120, less two levels of indentation


def _broken(code: str) -> str:
    """A long sum, or a long product where there is no sum, on one line a term."""
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


@dataclass
class Lines:
    """The two parts of a kernel's body: what is done once, and what is done for each block of points."""

    once: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)


class Writer:
    """Writes one program's steps for one backend."""

    def __init__(self, program: Program, backend: Backend) -> None:
        self.program, self.backend = program, backend
        self.printer = backend.printer()
        self.printer.sizes = frozenset(sp.Symbol(size.name) for size in program.sizes)
        self.lines = Lines()
        self.batched = {i.symbol: i.batched for i in program.inputs} | dict.fromkeys(program.sizes, False)
        self.sizes: dict[sp.Basic, sp.Expr] = {}
        self.counter = 0
        self.taken = {str(name) for name in self.batched} | {
            str(getattr(s.target, "base", s.target)) for s in program.steps
        }
        self.deltas: dict[sp.Expr, str] = {}
        self.uses_cholesky = False

    def write(self) -> Lines:
        """The lines of all steps; afterwards `uses_cholesky` says whether that function is needed."""
        for step in self.program.steps:
            if isinstance(step, Let):
                self._let(step.target, sp.sympify(step.value))
            elif isinstance(step, Stack):
                self._stack(step)
            elif isinstance(step, InverseCholesky):
                self.uses_cholesky = True
                self._assign(step.target, f"_inverse_cholesky({step.matrix}, x)", batched=True)
            elif isinstance(step, LogDiagonal):
                diagonal = self.backend.einsum.format("...ii->...i", step.matrix)
                self._assign(step.target, f"{self.backend.module}.log({diagonal}).sum(-1)", batched=True)
        return self.lines

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
            base = sp.IndexedBase(self._fresh()) if free else sp.Symbol(self._fresh())
            self._contract(base, free, inner)
            replaced[inner] = base[free] if free else base
        self._elementwise(name, indices, value.xreplace(replaced))

    def _elementwise(self, name: sp.Basic, indices: tuple[sp.Basic, ...], value: sp.Expr) -> None:
        aligned: dict[sp.Basic, sp.Symbol] = {}
        moving: set[sp.Basic] = set()
        for node in sorted(value.atoms(sp.Indexed, sp.KroneckerDelta, sp.Symbol), key=sp.default_sort_key):
            if isinstance(node, sp.KroneckerDelta):
                aligned[node] = sp.Symbol(self._delta(node, indices))
            elif isinstance(node, sp.Indexed):
                aligned[node] = sp.Symbol(self._view(node, indices))
            elif node in self.batched:
                tail = "[:" + ", None" * len(indices) + "]" if self.batched[node] and indices else ""
                aligned[node] = sp.Symbol(f"{node}{tail}")
            if node in aligned and self.batched.get(getattr(node, "base", node), False):
                moving.add(aligned[node])
        # Deltas and components go first, so that their own labels are not taken for names.
        compound = {k: v for k, v in aligned.items() if not isinstance(k, sp.Symbol)}
        plain = {k: v for k, v in aligned.items() if isinstance(k, sp.Symbol)}
        body = value.xreplace(compound).xreplace(plain)
        shared, (body,) = sp.cse(body, symbols=self._names(), order="none")
        self._share(shared, moving)
        self._assign(name, self.printer.doprint(body), not moving.isdisjoint(body.free_symbols))

    def _share(self, shared: list[tuple[sp.Symbol, sp.Expr]], moving: set[sp.Basic]) -> None:
        """Write common subexpressions; those that depend on the point join `moving`."""
        for symbol, expression in shared:
            batched = not moving.isdisjoint(expression.free_symbols)
            if batched:
                moving.add(symbol)
            self._assign(symbol, self.printer.doprint(expression), batched)

    def _view(self, node: sp.Indexed, indices: tuple[sp.Basic, ...]) -> str:
        """The code of `node` with its axes where `indices` wants them."""
        base, own = node.base, list(node.indices)
        if len(set(own)) < len(own):
            raise InputError(f"`{self.program.name}`: {node} repeats an index; write a Sum for a trace")
        lead = [":"] if self.batched[base] else []
        fixed = [str(i) if i.is_Integer else ":" for i in own]
        free = [i for i in own if not i.is_Integer]
        name = str(base)
        if len(free) < len(own):
            name = f"{name}[{', '.join(lead + fixed)}]"
        order = [i for i in indices if i in free]
        if order != free:
            pattern = "".join(_LETTERS[indices.index(i)] for i in free)
            goal = "".join(_LETTERS[indices.index(i)] for i in order)
            dots = "..." if lead else ""
            name = self.backend.einsum.format(f"{dots}{pattern}->{dots}{goal}", name)
        if len(free) == len(indices):
            return name
        return f"{name}[{', '.join(lead + [':' if i in free else 'None' for i in indices])}]"

    def _delta(self, node: sp.KroneckerDelta, indices: tuple[sp.Basic, ...]) -> str:
        size = self._size(node.args[0])
        name = self.deltas.setdefault(size, f"delta{len(self.deltas) or ''}")
        if name not in self.taken:
            self.taken.add(name)
            self._assign(sp.Symbol(name), self.backend.eye.format(size), batched=False)
        if len(indices) == 2:
            return name
        return f"{name}[{', '.join(':' if i in node.args else 'None' for i in indices)}]"

    # -- contractions --------------------------------------------------------------------------------------------

    def _contract(self, name: sp.Basic, indices: tuple[sp.Basic, ...], total: sp.Sum) -> None:
        for index, low, high in total.limits:
            self.sizes[index] = high - low + 1
        bound = {limit[0] for limit in total.limits}
        scale, factors = sp.Integer(1), []
        for factor in sp.Mul.make_args(total.function):
            if not factor.atoms(sp.Indexed):
                scale *= factor
                continue
            base, power = factor.as_base_exp()
            if isinstance(base, sp.Indexed) and power.is_Integer and power > 0:
                factors += [base] * int(power)
            else:
                factors.append(self._named(factor))
        fixed = [f for f in factors if not self.batched[f.base]]
        moving = [f for f in factors if self.batched[f.base]]
        batched = bool(moving)
        code = self._matrix_product(fixed, moving[0], bound, indices) if fixed and len(moving) == 1 else None
        if code is None:
            code = self._einsum([*moving, *fixed], indices)
        if scale == 1:
            self._assign(name, code, batched)
            return
        summed = sp.IndexedBase(self._fresh()) if indices else sp.Symbol(self._fresh())
        self._assign(summed, code, batched)
        self._elementwise(name, indices, scale * (summed[indices] if indices else summed))

    def _matrix_product(
        self, fixed: list[sp.Indexed], moving: sp.Indexed, bound: set[sp.Basic], indices: tuple[sp.Basic, ...]
    ) -> str | None:
        """`moving @ matrix` where the sum over one index has one batched factor, else None."""
        if len(bound) != 1 or moving.indices[-1] not in bound or len(set(moving.indices)) < len(moving.indices):
            return None
        index = moving.indices[-1]
        kept = moving.indices[:-1]
        outer = tuple(i for i in indices if i not in kept)
        if (*kept, *outer) != tuple(indices) or any(set(f.indices) & set(kept) for f in fixed):
            return None
        if len(fixed) == 1 and fixed[0].indices == (index, *outer):
            matrix = str(fixed[0].base)
        elif len(fixed) == 1 and fixed[0].indices == (*outer, index) and len(outer) == 1:
            matrix = f"{fixed[0].base}.T"
        else:
            matrix = self._fresh()
            code = self._einsum(fixed, (index, *outer))
            if len(outer) > 1:
                code = f"{code}.reshape({self._size(index)}, -1)"
            self.batched[sp.Symbol(matrix)] = False
            self.lines.once.append(f"{matrix} = {code}")
        if len(outer) <= 1:
            return f"{moving.base} @ {matrix}"
        tail = ", ".join(str(self._size(i)) for i in outer)
        return f"({moving.base} @ {matrix}).reshape(*{moving.base}.shape[:-1], {tail})"

    def _einsum(self, factors: list[sp.Indexed], out: tuple[sp.Basic, ...]) -> str:
        letters: dict[sp.Basic, str] = {}
        terms = []
        batched = any(self.batched[f.base] for f in factors)
        for factor in factors:
            labels = "".join(letters.setdefault(i, _LETTERS[len(letters)]) for i in factor.indices)
            terms.append(("z" if self.batched[factor.base] else "") + labels)
        goal = ("z" if batched else "") + "".join(letters[i] for i in out)
        return self.backend.einsum.format(",".join(terms) + "->" + goal, ", ".join(str(f.base) for f in factors))

    def _named(self, factor: sp.Expr) -> sp.Indexed:
        """A factor that is not a plain component, given a name of its own."""
        free = tuple(sorted({i for node in factor.atoms(sp.Indexed) for i in node.indices}, key=str))
        base = sp.IndexedBase(self._fresh())
        self._elementwise(base, free, factor)
        return base[free]

    # -- explicit components -------------------------------------------------------------------------------------

    def _stack(self, step: Stack) -> None:
        nonzero = [c for c in step.components if c != 0]
        views: dict[sp.Basic, sp.Symbol] = {}
        for node in sorted(set().union(*(c.atoms(sp.Indexed) for c in nonzero)), key=sp.default_sort_key):
            views[node] = sp.Symbol(f"{node.base}_{'_'.join(str(i) for i in node.indices)}")
            self._assign(views[node], self._view(node, ()), batched=True)
        moving: set[sp.Basic] = set(views.values())
        shared, reduced = sp.cse([c.xreplace(views) for c in nonzero], symbols=self._names(), order="none")
        self._share(shared, moving)
        self._assign(sp.Symbol("zero"), f"{self.backend.module}.zeros_like(x[:, 0])", batched=True)
        remaining = iter(reduced)
        codes = []
        for component in step.components:
            if component == 0:
                codes.append("zero")
                continue
            expression = next(remaining)
            code = self.printer.doprint(expression)
            codes.append(f"zero + {code}" if moving.isdisjoint(expression.free_symbols) else code)
        shape = ", ".join(map(str, step.shape))
        if not step.shape:
            self._assign(step.target, codes[0], batched=True)
            return
        rows = ",\n        ".join(codes)
        self._assign(
            step.target, f"{self.backend.stack}([\n        {rows},\n    ], -1).reshape(-1, {shape})", batched=True
        )

    # -- small things --------------------------------------------------------------------------------------------

    def _assign(self, name: sp.Basic, code: str, batched: bool) -> None:
        self.batched[name] = batched
        line = f"{name} = {code}"
        if len(line) > LINE:
            line = f"{name} = {_broken(code)}"
        (self.lines.each if batched else self.lines.once).append(line)

    def _fresh(self) -> str:
        self.counter += 1
        name = f"t{self.counter}"
        return self._fresh() if name in self.taken else name

    def _names(self) -> Iterator[sp.Symbol]:
        while True:
            yield sp.Symbol(self._fresh())

    def _size(self, index: sp.Basic) -> sp.Expr:
        if index in self.sizes:
            return self.sizes[index]
        if isinstance(index, sp.Idx) and index.upper is not None:
            return index.upper - index.lower + 1
        raise InputError(
            f"`{self.program.name}`: the size of index {index} is not known; give it as an Idx with a range"
        )
