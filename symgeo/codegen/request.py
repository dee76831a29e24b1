"""What a caller of `generate` asks for, checked as a whole before anything is computed."""

from __future__ import annotations

import keyword
import os
import shutil
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from types import FunctionType
from typing import Any, Protocol, runtime_checkable

import sympy as sp

from symgeo.codegen.c_writer import C_RESERVED
from symgeo.codegen.program import Program, require_numeric
from symgeo.codegen.sizes import at_sizes
from symgeo.codegen.writer import RESERVED
from symgeo.errors import InputError

BACKENDS = ("c", "numpy", "torch")


@runtime_checkable
class Programmable(Protocol):
    """Whatever can say what its quantities compute; metrics do."""

    def program(self, quantity: str) -> Program:
        """The program of the quantity of this name."""
        ...


@dataclass(frozen=True)
class Request:
    """A quantity, the language it is wanted in, and the sizes that are fixed.

    Equal requests have equal kernels: `structure` is compared, `owner` is not.
    """

    structure: Hashable
    quantity: str
    backend: str
    compile: bool
    sizes: tuple[tuple[str, int], ...]
    owner: Any = field(compare=False)

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise InputError(f"`backend` must be one of {', '.join(BACKENDS)}, not {self.backend!r}")
        if self.compile and self.backend == "c":
            raise InputError("`compile` goes with backend='torch'; a C kernel is compiled in any case")
        if self.compile and self.backend != "torch":
            raise InputError(f"`compile` goes with backend='torch', not {self.backend!r}")
        if self.compile and shutil.which(os.environ.get("CXX", "g++")) is None and shutil.which("clang++") is None:
            raise InputError("`compile` needs a C++ compiler, and there is none (g++, clang++ or $CXX); leave it out")
        for name, value in self.sizes:
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InputError(f"`sizes` must hold integers of at least 1, but {name!r} is {value!r}")

    @cached_property
    def program(self) -> Program:
        """What is to be computed.

        Raises:
            InputError: for a quantity that has no program, what no backend writes, or an argument of a name that code
                cannot have.
        """
        program = self.owner if isinstance(self.owner, Program) else self.owner.program(self.quantity)
        program = at_sizes(program, dict(self.sizes)) if self.sizes else program
        for step in program.steps:
            require_numeric(step)
        taken = C_RESERVED if self.backend == "c" else RESERVED
        for name in (*(entry.name for entry in program.inputs), *map(str, program.sizes)):
            bad = not name.isidentifier() or keyword.iskeyword(name)
            if bad or name in taken or name == program.name:
                raise InputError(f"`{name}` cannot name an argument of a kernel; rename the symbol")
        return program


def requested(
    quantity: Callable[[], object] | Program, backend: str, compile: bool, sizes: Mapping[str, int] | None
) -> Request:
    """The request of a call of `generate`.

    Raises:
        InputError: for what is no method of a metric, an unknown backend, or sizes that are none.
    """
    if sizes is not None and not isinstance(sizes, Mapping):
        raise InputError(f'`sizes` must be a dictionary such as {{"d": 2}}, not {sizes!r}')
    fixed = tuple(sorted((sizes or {}).items()))
    if isinstance(quantity, Program):
        return Request(quantity, quantity.name, backend, compile, fixed, quantity)
    owner = getattr(quantity, "__self__", None)
    if not isinstance(owner, Programmable):
        kind = type(quantity).__name__
        raise InputError(
            f"`quantity` must be a method of a metric, such as metric.scalar_curvature (not called), not {kind}"
        )
    return Request(structure(owner), quantity.__name__, backend, compile, fixed, owner)


class _Same:
    """Equal to itself and to nothing else, whatever the object's own equality."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


def structure(value: object, depth: int = 0) -> Hashable:
    """What makes an object equal to another for our purpose: what it says itself, or what it was made of, taken apart.

    SymPy objects, numbers and strings compare by value; functions of the user's, and whatever cannot be taken apart, by
    identity, so that two requests are never taken for the same when they are not.
    """
    if value is None or isinstance(value, sp.Basic | str | type):
        return value
    if isinstance(value, int | float):
        return (type(value).__name__, value)
    if isinstance(value, tuple | list):
        return (type(value).__name__, *(structure(v, depth) for v in value))
    if isinstance(value, FunctionType) and value.__module__.partition(".")[0] == __name__.partition(".")[0]:
        # Our own functions read nothing that changes but what they enclose.
        cells = (cell.cell_contents for cell in value.__closure__ or ())
        return (value.__code__, *(structure(content, depth + 1) for content in cells))
    declared = getattr(value, "structure", None)
    if callable(declared):
        parts: tuple[object, ...] = declared()  # type: ignore[assignment]
        return (type(value), *parts)
    if is_dataclass(value):
        names: list[str] = [f.name for f in fields(value)]
    elif type(value).__eq__ is object.__eq__ and hasattr(value, "__dict__") and not callable(value):
        kinds = type(value).__mro__
        computed = {name for kind in kinds for name, v in vars(kind).items() if isinstance(v, cached_property)}
        names = sorted(set(vars(value)) - computed)
    else:
        return _Same(value)
    if depth > 4:
        return _Same(value)
    return (type(value), *((name, structure(getattr(value, name), depth + 1)) for name in names))
