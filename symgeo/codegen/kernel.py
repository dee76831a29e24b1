"""`generate`: a geometric quantity as a numeric function that carries its own source."""

from __future__ import annotations

import hashlib
import linecache
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

from symgeo.codegen.program import Program
from symgeo.codegen.source import module_source
from symgeo.errors import InputError
from symgeo.storing import store


@runtime_checkable
class Programmable(Protocol):
    """Whatever can say what its quantities compute; metrics do."""

    def program(self, quantity: str) -> Program:
        """The program of the quantity of this name."""
        ...


class Kernel:
    """A generated function: call it, read its `source`, `save` it as a module that runs alone.

    Attributes:
        program: what it computes.
        backend: "numpy" or "torch".
        source: the module's text.
    """

    def __init__(self, program: Program, backend: str) -> None:
        self.program, self.backend = program, backend
        self.source = module_source(program, backend)
        self.__name__ = program.name

    @cached_property
    def _function(self) -> Callable:
        """The compiled function; made when first called, so that a torch kernel can be written where torch is not."""
        name, backend = self.program.name, self.backend
        digest = hashlib.sha256(self.source.encode()).hexdigest()[:12]
        filename = f"<symgeo {name} {backend} {digest}>"
        # Registered so that tracebacks and inspect.getsource show the generated lines.
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        space: dict[str, object] = {"__name__": f"symgeo_kernel_{name}"}
        exec(compile(self.source, filename, "exec"), space)
        return space[name]  # type: ignore[return-value]

    def __call__(self, x, **arguments):
        """The quantity at the points x, (..., d) -> (..., output shape)."""
        names = [i.name for i in self.program.inputs if not i.batched]
        wrong = [a for a in arguments if a not in names] + [n for n in names if n not in arguments]
        if wrong:
            state = "is no argument" if wrong[0] in arguments else "is missing"
            takes = ", ".join(["x", *(f"{n}=..." for n in names)])
            raise InputError(f"`{wrong[0]}` {state} of {self.program.name}; call it as {self.program.name}({takes})")
        try:
            return self._function(x, **arguments)
        except (ValueError, TypeError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(str(error)) from error

    def __repr__(self) -> str:
        inputs = ", ".join(i.name for i in self.program.inputs)
        return f"<{self.backend} kernel {self.program.name}({inputs})>"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the source to `path`, whole or not at all.

        Raises:
            InputError: where the file cannot be written, or `path` does not end in .py.
        """
        target = Path(path)
        if target.suffix != ".py":
            raise InputError(f"`path` must end in .py, not {target.name!r}")
        return store(target, self.source)


def generate(quantity: Callable[[], object] | Program, backend: str = "numpy") -> Kernel:
    """The numeric kernel of a quantity.

    Args:
        quantity: a method of a metric, not called, such as `wide.metric.scalar_curvature`; or a Program.
        backend: "numpy" (evaluated in blocks) or "torch" (differentiable, any floating dtype and device).

    Returns:
        A Kernel: `kernel(x, sigma=1.3, zeta=0.6)` for a wide network, `kernel(x, W=W, b=b)` for a shallow one of any
        width and input dimension; x of shape (..., d).

    Raises:
        InputError: for an unknown backend, a quantity that has no program, or a function the backend cannot print.

    >>> import symgeo
    >>> R = symgeo.generate(symgeo.WideNetwork("erf").metric.scalar_curvature)
    >>> float(R([1.0, 2.0], sigma=1.0, zeta=0.0).round(6))
    -9.472258
    """
    if isinstance(quantity, Program):
        return Kernel(quantity, backend)
    owner = getattr(quantity, "__self__", None)
    if not isinstance(owner, Programmable):
        kind = type(quantity).__name__
        raise InputError(
            f"`quantity` must be a method of a metric, such as metric.scalar_curvature (not called), not {kind}"
        )
    return Kernel(owner.program(quantity.__name__), backend)
