"""From arranged steps to lines of array code.

Inside a kernel the points are the last axis: a batched array of indices (a, b) has axes (a, b, points). Three rules do
the work:

* elementwise: every array is aligned to the target's indices by `None` axes;
* a sum over products is a contraction (`symgeo.codegen.contraction`);
* steps that do not depend on the point are written outside the loop over blocks of points.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.arrange import Arrangement, arranged
from symgeo.codegen.backend import Backend
from symgeo.codegen.contraction import Factor, contraction_code
from symgeo.codegen.operands import operands, squared_length
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
    """np torch math special shape points parts start size out part len range min max float int zip any all tuple
    ValueError _block _holds _array _entries _number _inside _values _orthogonal_columns
    _inverse_cholesky""".split()  # noqa: SIM905
)


@dataclass
class Lines:
    """The two parts of a kernel's body: what is done once, and what is done for each block of points.

    `passed` are the names that the second reads of the first and of the arguments, `largest` the sizes of its arrays.
    `in_place` says that the points are read as rows, `judged` is a number that is finite where points and values are.
    """

    once: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    largest: list[str] = field(default_factory=list)
    in_place: bool = False
    judged: str = ""


class Writer:
    """Writes one program's steps for one array library."""

    def __init__(self, program: Program, backend: Backend) -> None:
        self.program, self.backend = program, backend
        self.arrangement: Arrangement = arranged(program, RESERVED)
        self.batched, self.names = self.arrangement.batched, self.arrangement.names
        self.lines = Lines()
        self.printer = backend.printer()
        self.printer.sizes = frozenset(program.sizes)
        self.deltas: dict[str, str] = {}
        self.once = [*(i.name for i in program.inputs if not i.batched), *map(str, program.sizes)]

    def write(self) -> Lines:
        """The lines of all steps."""
        self._take_in_place()
        for step in self.arrangement.steps:
            if isinstance(step, Let):
                if isinstance(step.value, sp.Sum):
                    self._contract(step)
                else:
                    self._elementwise(step)
            elif isinstance(step, Stack):
                self._stack(step)
            else:
                self._linear_algebra(step)
        read = set(re.findall(r"\w+", "\n".join(self.lines.each)))
        self.lines.passed = [name for name in self.once if name in read]
        return self.lines

    def _take_in_place(self) -> None:
        """Leave the points in rows where only x.x is made of them, and judge by it whether they are finite."""
        (points,) = [i.symbol for i in self.program.inputs if i.batched]
        steps, output = self.arrangement.steps, self.arrangement.output
        length = squared_length(points, steps)
        if length is None:
            return
        readers = [step for step in steps if points in reads(step)]
        if readers == [length] and not any(isinstance(step, InverseCholesky | Stack) for step in steps):
            self.lines.in_place = True
        if isinstance(output, sp.Symbol) and self.moves(output):
            self.lines.judged = self.backend.judged.format(length.target, output)

    def moves(self, known: sp.Basic) -> bool:
        """Whether an array or number differs from point to point."""
        return known in self.batched

    # -- lines ---------------------------------------------------------------------------------------------------

    def _assign(self, target: sp.Basic, code: str) -> None:
        """Write `target = code`."""
        known = target.base if isinstance(target, sp.Indexed) else target
        if self.moves(known) and isinstance(target, sp.Indexed):
            self._count(target.indices)
        self._write(str(known), code, self.moves(known))

    def _write(self, name: str, code: str, batched: bool) -> None:
        line = f"{name} = {code}"
        if max(map(len, line.splitlines())) > LINE:
            line = f"{name} = {_broken(code)}"
        (self.lines.each if batched else self.lines.once).append(line)
        if not batched:
            self.once += name.split(", ")

    def _count(self, indices: tuple[sp.Basic, ...]) -> None:
        size = "*".join(sorted(self._size(i) for i in indices))
        if size and size not in self.lines.largest:
            self.lines.largest.append(size)

    def _size(self, index: sp.Basic) -> str:
        if not isinstance(index, sp.Idx) or index.upper is None or index.lower != 0:
            raise InputError(f"`{self.program.name}`: the size of index {index} is not known; give an Idx with a range")
        return self.printer.doprint(index.upper + 1)

    # -- elementwise ---------------------------------------------------------------------------------------------

    def _elementwise(self, step: Let) -> None:
        """`target = value`, an expression in components, deltas and numbers."""
        target, value = step.target, sp.sympify(step.value)
        indices = target.indices if isinstance(target, sp.Indexed) else ()
        moving = self.moves(target.base if isinstance(target, sp.Indexed) else target)
        aligned: dict[sp.Basic, sp.Symbol] = {}
        carried: set[sp.Basic] = set()
        for node in operands(value):
            if isinstance(node, sp.KroneckerDelta):
                aligned[node] = sp.Symbol(self._delta(node, indices, moving))
                carried |= set(node.args)
            elif isinstance(node, sp.Indexed):
                aligned[node] = sp.Symbol(self._view(node, indices, moving))
                carried |= set(node.indices)
        code = self.printer.doprint(value.xreplace(aligned))
        lacking = [i for i in indices if i not in carried]
        if lacking:
            # A value that does not depend on some index is the same for each of its values.
            shape = [self._size(i) if i in lacking else "1" for i in indices] + ["1"] * moving
            code = f"{code} + {self.backend.zeros.format(', '.join(shape))}"
        self._assign(target, code)

    def _view(self, node: sp.Indexed, indices: tuple[sp.Basic, ...], moving: bool) -> str:
        """The code of `node` with its axes where `indices` wants them."""
        name, free = self._sliced(node)
        if len(set(free)) < len(free):
            raise InputError(f"`{self.program.name}`: {node} repeats an index; write a Sum for a trace")
        order = [i for i in indices if i in free]
        if order != free:
            pattern = "".join(_LETTERS[indices.index(i)] for i in free)
            goal = "".join(_LETTERS[indices.index(i)] for i in order)
            name = self.backend.einsum.format(f"{pattern}...->{goal}...", name)
        lone = moving and not self.moves(node.base) and bool(indices)  # one axis for all points
        if len(free) == len(indices):
            return f"{name}[..., None]" if lone else name
        if not free and not lone:
            return name
        return f"{name}[{', '.join([*(':' if i in free else 'None' for i in indices), *['None'] * lone])}]"

    def _sliced(self, node: sp.Indexed) -> tuple[str, list[sp.Basic]]:
        """The code of a component with its integer indices taken, and the indices that are left."""
        name, free = str(node.base), [i for i in node.indices if not i.is_Integer]
        if len(free) == len(node.indices):
            return name, free
        return f"{name}[{', '.join(str(i) if i.is_Integer else ':' for i in node.indices)}]", free

    def _delta(self, node: sp.KroneckerDelta, indices: tuple[sp.Basic, ...], moving: bool) -> str:
        size = self._size(node.args[0])
        if size not in self.deltas:
            self.deltas[size] = self.names.claim("delta")
            self._write(self.deltas[size], self.backend.eye.format(size), batched=False)
        axes = [":" if i in node.args else "None" for i in indices] + ["None"] * moving
        return self.deltas[size] if len(axes) == 2 else f"{self.deltas[size]}[{', '.join(axes)}]"

    # -- contractions --------------------------------------------------------------------------------------------

    def _contract(self, step: Let) -> None:
        target, total = step.target, step.value
        indices = target.indices if isinstance(target, sp.Indexed) else ()
        factors: list[Factor] = []
        for factor in sp.Mul.make_args(total.function):
            base, power = factor.as_base_exp()
            factors += [(*self._sliced(base), self.moves(base.base))] * int(power)
        bound = [limit[0] for limit in total.limits]
        if self.lines.in_place and self.moves(base.base):
            self._assign(target, self.backend.squared.format(base.base, self._size(bound[0])))
            return
        code, once = contraction_code(factors, bound, indices, self._size, self.backend)
        if once is not None:
            matrix = self.names.temporary("m")
            self._write(matrix, once, batched=False)
            code = code.format(matrix)
        if self.backend.contract is None and ".sum(" in code:
            self._count((*indices, *bound))
        self._assign(target, code)

    # -- linear algebra ------------------------------------------------------------------------------------------

    def _linear_algebra(self, step: Step) -> None:
        assert isinstance(step, OrthogonalColumns | TriangularInverse | InverseCholesky | LogDiagonal)
        matrix, batched, module = str(step.matrix), self.moves(step.matrix), self.backend.module
        if isinstance(step, OrthogonalColumns):
            call = f'_orthogonal_columns({matrix}, "{step.dependent}")'
            steps = self.arrangement.steps
            if any(not isinstance(s, Stack) and step.triangle in reads(s) for s in steps):
                self._write(f"{step.target}, {step.triangle}", call, batched=False)
            else:
                self._write(str(step.target), f"{call}[0]", batched=False)
        elif isinstance(step, TriangularInverse):
            if batched:
                raise InputError(f"`{self.program.name}`: the inverse of {matrix} at every point; take InverseCholesky")
            self._assign(step.target, f"{module}.linalg.inv({matrix})")
        elif isinstance(step, InverseCholesky):
            # The same matrix at every point is still one matrix a point.
            each = matrix if batched else f"{matrix}[..., None] + {module}.zeros_like(x[0])"
            self._assign(step.target, f"_inverse_cholesky({each})")
        else:
            dots = "..." if batched else ""
            diagonal = self.backend.einsum.format(f"ii{dots}->i{dots}", matrix)
            self._assign(step.target, f"{module}.log({diagonal}).sum(0)")

    # -- explicit components -------------------------------------------------------------------------------------

    def _stack(self, step: Stack) -> None:
        if all(component.is_number for component in step.components):
            values = ", ".join(map(self.printer.doprint, step.components))
            shape = f".reshape({', '.join(map(str, step.shape))})" if len(step.shape) > 1 else ""
            self._assign(step.target, self.backend.constant.format(f"[{values}]" if step.shape else values) + shape)
            return
        fixed = not self.moves(step.target)
        zero = self.names.claim("zero")
        codes = []
        for component in step.components:
            moving = any(self.moves(o.base if isinstance(o, sp.Indexed) else o) for o in operands(component))
            code = "" if component == 0 else self.printer.doprint(self._plain(component))
            codes.append(code if moving else f"{zero} + {code}" if code else zero)
        if any(code.startswith(zero) for code in codes):
            zeros = self.backend.zeros.format("1") + "[0]" if fixed else f"{self.backend.module}.zeros_like(x[0])"
            self._write(zero, zeros, batched=not fixed)
        if not step.shape:
            self._assign(step.target, codes[0])
            return
        code = self.backend.stack.format(", ".join(codes))
        if len(code) > LINE - 20:
            rows = "".join(f"\n    {code}," for code in codes)
            code = self.backend.stack.format(f"{rows}\n")
        sizes = [*map(str, step.shape), *(["-1"] if not fixed else [])]
        shape = f".reshape({', '.join(sizes)})" if len(step.shape) > 1 else ""
        self.lines.largest += [str(len(codes))] * (not fixed)
        self._assign(step.target, code + shape)

    def _plain(self, component: sp.Expr) -> sp.Expr:
        """The component with array entries as code."""
        entries = {o: sp.Symbol(self._sliced(o)[0]) for o in operands(component) if isinstance(o, sp.Indexed)}
        return component.xreplace(entries)


def _broken(code: str) -> str:
    """A long sum, or a long product where there is no sum, on one line a term; what is on several lines stays."""
    if "\n" in code:
        return code
    for operators in ((" + ", " - "), ("*",), (", ",)):
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
