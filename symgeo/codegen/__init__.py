"""SymPy in; numeric functions and readable source files out. Knows nothing of metrics or networks."""

from symgeo.codegen.kernel import Kernel, generate
from symgeo.codegen.program import Input, InverseCholesky, Let, LogDiagonal, Program, Stack
from symgeo.codegen.source import module_source

__all__ = [
    "Input",
    "InverseCholesky",
    "Kernel",
    "Let",
    "LogDiagonal",
    "Program",
    "Stack",
    "generate",
    "module_source",
]
