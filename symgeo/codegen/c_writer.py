"""From arranged steps to C: loops over units and directions outside, over the points of a block inside.

A block's array of indices (a, b) lies in memory as [a][b][point], so that the inner loop runs along it and the compiler
makes vectors of it. Neighbouring lines of the same indices share one loop, in which what only they read is a local.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import sympy as sp

from symgeo.codegen.arrange import arranged
from symgeo.codegen.c_loops import Group, Loop, base_of, grouped, moves, read, read_once, written
from symgeo.codegen.c_printer import C_FUNCTIONS, C_INLINE, CPrinter
from symgeo.codegen.operands import bases, operands, squared_length
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

_WORDS = """
    auto break case char const continue default do double else enum extern float for goto if inline int long register
    restrict return short signed sizeof static struct switch typedef union unsigned void volatile while main size_t
    pow sqrt fabs hypot isfinite gamma lgamma tgamma signgam malloc free NAN NULL DBL_EPSILON y0 y1 yn j0 j1 jn
    POINTS AHEAD PREFETCH INLINE points filled rows amiss any bad ahead total x_in where start count p k work status
    out lost spare row factor compute orthogonal_columns inverse_cholesky triangular_inverse
"""
C_RESERVED = frozenset([*_WORDS.split(), *C_FUNCTIONS, *C_INLINE])
"""C's own words, libm's names, and those that the generated file is written with."""


@dataclass
class CLines:
    """The parts of the function's body.

    `arrays` are those in the workspace, name -> number of doubles as C; `once` and `each` the code before the loop over
    blocks and inside it. `in_place` says that the points are read as they lie, point by point, `judged` that the code
    adds to `amiss` itself what tells whether points and values are finite.
    """

    arrays: dict[str, str] = field(default_factory=dict)
    once: list[str] = field(default_factory=list)
    each: list[str] = field(default_factory=list)
    in_place: bool = False
    judged: bool = False


class CWriter:
    """Writes one program's steps in C99."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrangement = arranged(program, C_RESERVED)
        self.batched = self.arrangement.batched
        self.printer = CPrinter()
        self.printer.sizes = frozenset(program.sizes)
        self.shapes: dict[sp.Basic, tuple[str, ...]] = {
            i.symbol: tuple(self.size_code(s) for s in i.shape) for i in program.inputs
        }
        self.loop_names: dict[sp.Idx, str] = {}
        self.probes: set[sp.Basic] = set()
        self.lines = CLines()
        for entry in program.inputs:
            if entry.batched:
                self.points: sp.Basic = entry.symbol
                self.lines.arrays[entry.name] = f"{self._product(self.shapes[entry.symbol])}*POINTS"

    def write(self) -> CLines:
        """The code of all steps."""
        groups = grouped(self.arrangement)
        self._take_in_place(groups)
        for number, group in enumerate(groups):
            later = set().union(*(read(g) for g in groups[number + 1 :]), {self.arrangement.output})
            if isinstance(group, Loop):
                self._elementwise(group, later)
            elif isinstance(group, Let):
                self._sum(group)
            elif isinstance(group, Stack):
                self._stack(group)
            else:
                self._linear_algebra(group)
        return self.lines

    def moves(self, name: sp.Basic) -> bool:
        """Whether an array or number differs from point to point."""
        return name in self.batched

    def _take_in_place(self, groups: list[Group]) -> None:
        """Read the points as they lie where one loop reads them, and judge by x.x whether they are finite."""
        (points,) = [i for i in self.program.inputs if i.batched]
        loop = read_once(self.points, groups)
        if loop is None or any(domain != "real" for _, domain in points.domains):
            return
        self.lines.in_place = True
        del self.lines.arrays[points.name]
        step, output = squared_length(self.points, loop.lets), self.arrangement.output
        if step is not None and isinstance(output, sp.Symbol) and output in written(loop):
            self.lines.judged = True
            self.probes = {step.target, output}

    def size_code(self, size: sp.Expr) -> str:
        """An array size as an integer in C."""
        size = sp.sympify(size)
        if size.is_Integer or size.is_Symbol:
            return str(size)
        raise InputError(f"`{self.program.name}`: the array size {size} must be an integer or a symbol")

    # -- memory --------------------------------------------------------------------------------------------------

    @staticmethod
    def _product(sizes: tuple[str, ...]) -> str:
        return "*".join(sizes) or "1"

    def _size(self, index: sp.Basic) -> str:
        if not isinstance(index, sp.Idx) or index.upper is None or index.lower != 0:
            raise InputError(f"`{self.program.name}`: the size of index {index} is not known; give an Idx with a range")
        return self.size_code(index.upper + 1)

    def _declare(self, known: sp.Basic, shape: tuple[str, ...]) -> None:
        """Room for an array or, where it differs from point to point, a number."""
        self.shapes[known] = shape
        total = self._product(shape)
        if self.moves(known):
            self.lines.arrays[str(known)] = "POINTS" if total == "1" else f"{total}*POINTS"
        elif shape:
            self.lines.arrays[str(known)] = total

    def _offset(self, known: sp.Basic, indices: tuple[sp.Basic, ...]) -> str:
        """The place of a component, in components."""
        code = ""
        for size, index in zip(self.shapes[known], indices, strict=True):
            one = str(index) if index.is_Integer else self._loop(index)
            code = one if not code else f"({code})*{size} + {one}" if " " in code else f"{code}*{size} + {one}"
        return code or "0"

    def _entry(self, known: sp.Basic, indices: tuple[sp.Basic, ...] = ()) -> str:
        """A component at the point p."""
        if not self.moves(known):
            return f"{known}[{self._offset(known, indices)}]" if indices else str(known)
        offset = self._offset(known, indices)
        if self.lines.in_place and known == self.points:
            return f"rows[p*{self._product(self.shapes[known])} + {offset}]"
        if offset == "0":
            return f"{known}[p]"
        return f"{known}[({offset})*POINTS + p]" if " " in offset else f"{known}[{offset}*POINTS + p]"

    def _loop(self, index: sp.Basic) -> str:
        assert isinstance(index, sp.Idx)
        if index not in self.loop_names:
            self.loop_names[index] = self.arrangement.names.claim(str(index.label))
        return self.loop_names[index]

    def _code(self, value: sp.Expr, local: set[sp.Basic] = frozenset()) -> str:  # type: ignore[assignment]
        """An elementwise expression at the point p."""
        entries: dict[sp.Basic, sp.Symbol] = {}
        for node in operands(value):
            if isinstance(node, sp.KroneckerDelta):
                left, right = (str(i) if i.is_Integer else self._loop(i) for i in node.args)
                entries[node] = sp.Symbol(f"(double)({left} == {right})")
            elif isinstance(node, sp.Indexed):
                entries[node] = sp.Symbol(
                    str(node.base) if node.base in local else self._entry(node.base, node.indices)
                )
            elif self.moves(node) and node not in local:
                entries[node] = sp.Symbol(self._entry(node))
        return self.printer.doprint(value.xreplace(entries))

    def _emit(self, moving: bool, lines: list[str]) -> None:
        (self.lines.each if moving else self.lines.once).extend(lines)

    def _nested(self, indices: list[sp.Basic], body: list[str]) -> list[str]:
        """The body inside loops over the indices, the first outermost."""
        for index in reversed(indices):
            name = self._loop(index)
            head = f"for (size_t {name} = 0; {name} < {self._size(index)}; {name}++)"
            body = [f"{head} {{", *("    " + line for line in body), "}"] if len(body) > 1 else [head, "    " + body[0]]
        return body

    @staticmethod
    def _over_points(body: list[str]) -> list[str]:
        head = "for (size_t p = 0; p < POINTS; p++)"
        return [f"{head} {{", *("    " + line for line in body), "}"] if len(body) > 1 else [head, "    " + body[0]]

    # -- steps ---------------------------------------------------------------------------------------------------

    def _elementwise(self, group: Loop, later: set[sp.Basic]) -> None:
        moving = moves(group, self.batched)
        if not moving and not group.indices:
            for let in group.lets:
                self.shapes[let.target] = ()
                self.lines.once.append(f"const double {let.target} = {self._code(let.value)};")
            return
        local: set[sp.Basic] = set()
        inner = []
        pairs = self._pairs(group)
        for let in group.lets:
            known = base_of(let.target)
            if isinstance(let.value, sp.Sum):
                index = let.value.limits[0][0]
                inner += [f"double {known}_sum = 0.0;", *self._nested([index], [f"{known}_sum += {{0}};"])]
                inner[-1] = inner[-1].format(self._code(let.value.function, local))
                code = f"{known}_sum"
            elif let.value in pairs:
                code, first = pairs[let.value]
                inner += [line.format(self._code(let.value.args[0], local)) for line in first]
            else:
                code = self._code(let.value, local)
            if known not in later:
                local.add(known)
                inner.append(f"const double {known} = {code};")
                continue
            self._declare(known, tuple(self._size(i) for i in group.indices))
            inner.append(f"{self._entry(known, group.indices)} = {code};")
        if not self.probes.isdisjoint(written(group)):
            probes = sorted(str(p) if p in local else self._entry(p) for p in self.probes)
            inner.append(f"amiss[p] = {' + '.join(f'0.0*{p}' for p in probes)};")
        body = self._over_points(inner) if moving else inner
        self._emit(moving, self._nested(list(group.indices), body))

    def _pairs(self, group: Loop) -> dict[sp.Expr, tuple[str, list[str]]]:
        """logistic(z) and logistic(-z) of one exponential, which cannot overflow: value -> code, lines before it."""
        found = [let.value for let in group.lets if type(let.value).__name__ == "logistic"]
        pairs: dict[sp.Expr, tuple[str, list[str]]] = {}
        for value in found:
            mirrored = value.func(-value.args[0])
            if value in pairs or mirrored not in found:
                continue
            at, small, large = (self.arrangement.names.claim(stem) for stem in ("at", "small", "large"))
            exponential = f"exp(-fabs({at}))"
            first = [
                f"const double {at} = {{0}};",
                f"const double {large} = 1.0/(1.0 + {exponential}), {small} = {exponential}*{large};",
            ]
            pairs[value] = (f"{at} > 0.0 ? {large} : {small}", first)
            pairs[mirrored] = (f"{at} > 0.0 ? {small} : {large}", [])
        return pairs

    def _sum(self, let: Let) -> None:
        known, total = base_of(let.target), let.value
        indices = let.target.indices if isinstance(let.target, sp.Indexed) else ()
        bound = [limit[0] for limit in total.limits]
        factors = sp.Mul.make_args(total.function)
        moving = self.moves(known)
        self._declare(known, tuple(self._size(i) for i in indices))
        entry = self._entry(known, indices)
        if not moving:
            if not indices:
                self.lines.once.append(f"double {known} = 0.0;")
            code = self._code(total.function)
            clear = self._nested(list(indices), [f"{entry} = 0.0;"]) if indices else []
            self.lines.once += [*clear, *self._nested([*bound, *indices], [f"{entry} += {code};"])]
            return
        fixed = sp.Mul(*(f for f in factors if self.batched.isdisjoint(bases(f))))
        rest = sp.Mul(*(f for f in factors if not self.batched.isdisjoint(bases(f))))
        clear = self._nested(list(indices), self._over_points([f"{entry} = 0.0;"]))
        scale = [] if fixed == 1 else [f"const double factor = {self._code(fixed)};"]
        code = ("factor*" if scale else "") + self._code(rest)
        inner = [*scale, *self._over_points([f"{entry} += {code};"])]
        # Bound indices outside: one row of the summands serves all sums while it is in cache.
        self.lines.each += [*clear, *self._nested([*bound, *indices], inner)]

    def _stack(self, step: Stack) -> None:
        moving = self.moves(step.target)
        self._declare(step.target, tuple(map(str, step.shape)))
        if not step.shape:
            if moving:
                self.lines.each += self._over_points([f"{step.target}[p] = {self._code(step.components[0])};"])
            else:
                self.lines.once.append(f"const double {step.target} = {self._code(step.components[0])};")
            return
        place = f"{step.target}[{{0}}*POINTS + p]" if moving else f"{step.target}[{{0}}]"
        body = [f"{place.format(k)} = {self._code(c)};" for k, c in enumerate(step.components)]
        self._emit(moving, self._over_points(body) if moving else body)

    def _linear_algebra(self, step: Step) -> None:
        assert isinstance(step, OrthogonalColumns | TriangularInverse | InverseCholesky | LogDiagonal)
        matrix, shape = str(step.matrix), self.shapes[step.matrix]
        moving = self.moves(step.target)
        if isinstance(step, OrthogonalColumns):
            self._declare(step.target, shape)
            self._declare(step.triangle, (shape[1], shape[1]))
            call = f"orthogonal_columns({shape[0]}, {shape[1]}, {matrix}, {step.target}, {step.triangle})"
            self.lines.once += [f"if (!{call})", "    status = 7;"]
        elif isinstance(step, TriangularInverse):
            self._declare(step.target, shape)
            self.lines.once.append(f"triangular_inverse({shape[0]}, {matrix}, {step.target});")
        elif isinstance(step, InverseCholesky):
            self._declare(step.target, shape)
            self.lines.arrays[f"{step.target}_rows"] = f"2*{self._product(shape)}*POINTS"
            if not self.moves(step.matrix):
                raise InputError(f"`{self.program.name}`: {matrix} is the same at every point; no C is written for it")
            self.lines.each.append(f"inverse_cholesky({shape[0]}, {matrix}, {step.target}, {step.target}_rows);")
        else:
            self._declare(step.target, ())
            name = self.arrangement.names.claim("k")
            head = f"for (size_t {name} = 0; {name} < {shape[0]}; {name}++)"
            if moving:
                self.lines.each += self._over_points([f"{step.target}[p] = 0.0;"])
                body = self._over_points(
                    [f"{step.target}[p] += log({matrix}[({name}*{shape[0]} + {name})*POINTS + p]);"]
                )
                self.lines.each += [f"{head} {{", *("    " + line for line in body), "}"]
            else:
                body = f"{step.target} += log({matrix}[{name}*{shape[0]} + {name}]);"
                self.lines.once += [f"double {step.target} = 0.0;", head, "    " + body]


def called(functions: set[str], code: str) -> set[str]:
    """Which of the functions the code calls."""
    return {name for name in re.findall(r"\b([A-Za-z_]\w*)\(", code) if name in functions}
