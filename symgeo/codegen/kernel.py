"""`generate`: a geometric quantity as a numeric function that carries its own source."""

from __future__ import annotations

import hashlib
import linecache
import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

from symgeo.codegen.c_source import c_source
from symgeo.codegen.compiled import c_function
from symgeo.codegen.program import Program
from symgeo.codegen.request import Programmable, Request, requested
from symgeo.codegen.source import module_source
from symgeo.errors import InputError
from symgeo.storing import store

__all__ = ["Kernel", "Programmable", "generate"]


class Kernel:
    """A generated function: call it, read its `source`, `save` it as a file that stands alone.

    Attributes:
        program: what it computes.
        backend: "numpy", "torch" or "c".
        source: the text of the module, or of the C file.
        operations: how many operations it makes, in words.
    """

    def __init__(self, request: Request) -> None:
        self.program, self.backend, self.compile = request.program, request.backend, request.compile
        if self.backend == "c":
            self.source = c_source(self.program)
        else:
            self.source = module_source(self.program, self.backend, self.compile)
        self.__name__ = self.program.name

    @property
    def operations(self) -> str:
        """How many operations are made at every point, and how many once."""
        lines = self.source.splitlines()
        start = next(k for k, line in enumerate(lines) if line.strip().startswith("Operations at a point"))
        end = next(k for k in range(start, len(lines)) if lines[k].endswith("."))
        return " ".join(line.strip() for line in lines[start : end + 1])

    @cached_property
    def _function(self) -> Callable:
        """The compiled function; made when first called, so that a torch kernel can be written where torch is not."""
        if self.backend == "c":
            return c_function(self.program, self.source)
        name, backend = self.program.name, self.backend
        digest = hashlib.sha256(self.source.encode()).hexdigest()[:12]
        filename = f"<symgeo {name} {backend} {digest}>"
        # Registered so that tracebacks and inspect.getsource show the generated lines.
        linecache.cache[filename] = (len(self.source), None, self.source.splitlines(keepends=True), filename)
        space: dict[str, object] = {"__name__": f"symgeo_kernel_{name}"}
        exec(compile(self.source, filename, "exec"), space)
        return space[name]  # type: ignore[return-value]

    def __call__(self, x, *positional, **arguments):
        """The quantity at the points x, (..., d) -> (..., output shape)."""
        names = [i.name for i in self.program.inputs if not i.batched]
        takes = ", ".join(["x", *(f"{n}=..." for n in names)])
        if positional:
            raise InputError(
                f"{self.program.name} takes the points as one array x of shape (..., d), and the rest by name: "
                f"{self.program.name}({takes})"
            )
        wrong = [a for a in arguments if a not in names] + [n for n in names if n not in arguments]
        if wrong:
            state = "is no argument" if wrong[0] in arguments else "is missing"
            raise InputError(f"`{wrong[0]}` {state} of {self.program.name}; call it as {self.program.name}({takes})")
        try:
            return self._function(x, **arguments)
        except (ValueError, TypeError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(str(error).splitlines()[0]) from error

    def __repr__(self) -> str:
        inputs = ", ".join(i.name for i in self.program.inputs)
        return f"<{self.backend} kernel {self.program.name}({inputs})>"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the source to `path`, whole or not at all: a Python module where it ends in .py, C99 where in .c.

        Raises:
            InputError: where the file cannot be written, or `path` ends otherwise; a C kernel is saved as .c only.
        """
        target = Path(path)
        if target.suffix not in (".py", ".c"):
            raise InputError(f"`path` must end in .py or .c, not {target.name!r}")
        if target.suffix == ".c":
            return store(target, self.source if self.backend == "c" else c_source(self.program))
        if self.backend == "c":
            raise InputError("`path` of a C kernel must end in .c; for a Python file generate with backend='numpy'")
        return store(target, self.source)


def generate(
    quantity: Callable[[], object] | Program,
    backend: str = "numpy",
    *,
    compile: bool = False,
    sizes: Mapping[str, int] | None = None,
) -> Kernel:
    """The numeric kernel of a quantity; the same request gives the same kernel again at once.

    Args:
        quantity: a method of a metric, not called, such as `wide.metric.scalar_curvature`; or a Program.
        backend: "numpy" (evaluated in blocks), "torch" (differentiable, any floating dtype and device, under
            torch.func.vmap too) or "c" (C99, compiled when first called by the system's compiler, called with NumPy
            arrays).
        compile: whether torch.compile compiles the block of a torch kernel, when first called.
        sizes: array sizes that are known, such as {"d": 2} or {"n": 3, "d": 2}; the kernel takes such arrays only, and
            is faster where they are small.

    Returns:
        A Kernel: `kernel(x, sigma=1.3, zeta=0.6)` for a wide network, `kernel(x, W=W, b=b)` for a shallow one of any
        width and input dimension; x of shape (..., d).

    Raises:
        InputError: for an unknown backend, a quantity that has no program, a function the backend cannot print, a
            formula too deep for Python, or sizes that the quantity does not have.

    >>> import symgeo
    >>> R = symgeo.generate(symgeo.WideNetwork("erf").metric.scalar_curvature)
    >>> float(R([1.0, 2.0], sigma=1.0, zeta=0.0).round(6))
    -9.472258
    """
    return _kernel(requested(quantity, backend, compile, sizes))


@lru_cache(maxsize=512)
def _kernel(request: Request) -> Kernel:
    try:
        return Kernel(request)
    except RecursionError:
        raise InputError(
            f"`{request.quantity}` is nested deeper than Python's recursion limit of {sys.getrecursionlimit()} lets it "
            "be read; write the metric flatter, or raise the limit by sys.setrecursionlimit"
        ) from None
