"""SymPy in; numeric functions and readable source files out. Knows nothing of metrics or networks."""

from symgeo.codegen.kernel import Kernel, generate
from symgeo.codegen.program import (
    Input,
    InverseCholesky,
    Let,
    LogDiagonal,
    OrthogonalColumns,
    Program,
    Stack,
    TriangularInverse,
)
from symgeo.codegen.source import module_source

__all__ = [
    "Input",
    "InverseCholesky",
    "Kernel",
    "Let",
    "LogDiagonal",
    "OrthogonalColumns",
    "Program",
    "Stack",
    "TriangularInverse",
    "generate",
    "module_source",
]
