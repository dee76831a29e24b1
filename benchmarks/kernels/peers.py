"""Other ways to the same numbers: lambdify, plain C from SymPy's cse, nested torch jacobians."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sympy as sp
import torch
from torch.func import jacfwd, vmap

FAST = ("-O3", "-march=native", "-ffast-math")


def lambdified(expression: sp.Expr, symbols: list[sp.Symbol]) -> Callable[..., np.ndarray]:
    """SymPy's lambdify with cse, on NumPy."""
    return sp.lambdify(symbols, expression, "numpy", cse=True)


def plain_c(
    expression: sp.Expr, points: list[sp.Symbol], numbers: list[sp.Symbol], folder: Path, name: str
) -> Callable:
    """SymPy's cse in one C loop over the points, compiled with -ffast-math: what NRPy and SymForce generate.

    The function takes points (N, d), the numbers in order, and the array to fill.
    """
    shared, (body,) = sp.cse(expression)
    lines = [f"const double {p} = x[i*{len(points)} + {k}];" for k, p in enumerate(points)]
    lines += [f"const double {s} = {sp.ccode(e)};" for s, e in shared] + [f"out[i] = {sp.ccode(body)};"]
    declared = ", ".join(f"double {n}" for n in numbers)
    text = "#include <math.h>\n#include <stddef.h>\n"
    text += f"void {name}(size_t n, const double *restrict x, {declared}, double *restrict out)\n{{\n"
    text += "    for (size_t i = 0; i < n; i++) {\n" + "".join(f"        {line}\n" for line in lines) + "    }\n}\n"
    source, library = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(text)
    subprocess.run(["cc", *FAST, "-shared", "-fPIC", "-o", str(library), str(source), "-lm"], check=True)
    function = getattr(ctypes.CDLL(str(library.absolute())), name)
    function.restype = None

    def call(x: np.ndarray, values: list[float]) -> np.ndarray:
        out = np.empty(len(x))
        place = [ctypes.c_void_p(a.ctypes.data) for a in (x, out)]
        function(ctypes.c_size_t(len(x)), place[0], *(ctypes.c_double(v) for v in values), place[1])
        return out

    return call


def nested_jacobians(W: torch.Tensor, b: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """R of the sigmoid network by nested jacobians of its metric, vmapped."""

    def metric(x: torch.Tensor) -> torch.Tensor:
        jacobian = jacfwd(lambda p: torch.sigmoid(W @ p + b) / len(b) ** 0.5)(x)
        return jacobian.T @ jacobian

    def christoffel(x: torch.Tensor) -> torch.Tensor:
        slopes = jacfwd(metric)(x)
        first = (slopes + slopes.permute(0, 2, 1) - slopes.permute(2, 1, 0).permute(0, 2, 1)) / 2
        return torch.einsum("cl,lab->cab", torch.linalg.inv(metric(x)), first)

    def curvature(x: torch.Tensor) -> torch.Tensor:
        gamma, slopes = christoffel(x), jacfwd(christoffel)(x)
        riemann = torch.einsum("rnsm->rsmn", slopes) - torch.einsum("rmsn->rsmn", slopes)
        riemann = riemann + torch.einsum("rml,lns->rsmn", gamma, gamma) - torch.einsum("rnl,lms->rsmn", gamma, gamma)
        return torch.einsum("sn,rsrn->", torch.linalg.inv(metric(x)), riemann)

    return vmap(curvature)
