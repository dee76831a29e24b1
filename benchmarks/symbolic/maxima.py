"""Maxima's ctensor on a case: the script, and its reading of seconds and value."""

from __future__ import annotations

import re
import subprocess
import time
from itertools import pairwise

import sympy as sp

from benchmarks.symbolic.cases import CASES, CONCRETE, at_a_point, z

_OPAQUE_DERIVATIVES = [f"W{k}" for k in range(5)], [f"H{k}" for k in range(3)]


def _text(expression: sp.Expr) -> str:
    return re.sub(r"\bpi\b", "%pi", str(expression).replace("**", "^"))


def script(name: str) -> str:
    """The batch file: metric, ctensor with rational simplification, value at the point of `at_a_point`."""
    case = CASES[name]()
    rows = ",".join("[" + ",".join(_text(entry) for entry in row) + "]" for row in case.matrix.tolist())
    used = {type(f).__name__ for f in case.matrix.atoms(sp.Function)}
    gradients = [f"gradef({a}(z), {b}(z))$" for chain in _OPAQUE_DERIVATIVES for a, b in pairwise(chain)]
    gradients.append("gradef(Sig(z), Sig(z)*(1-Sig(z)))$")
    depends = "depends(A, t)$" if "A" in used else ""
    rows = rows.replace("A(t)", "A")
    free = sorted(case.scalar_curvature.free_symbols | case.matrix.free_symbols | set(case.coordinates), key=str)
    symbols = case.scalar_curvature.doit().free_symbols | set(case.coordinates)
    values = {symbol: sp.Rational(2 * i + 3, 3 * i + 11) for i, symbol in enumerate(sorted(symbols, key=str))}
    point = ",".join(f"{symbol}={_text(values.get(symbol, sp.Rational(1, 2)))}" for symbol in free)
    concrete = "".join(f"{f}(z) := {_text(body)}$" for f, body in CONCRETE.items() if f != "A")
    scale = f"R : ev(subst(A={_text(CONCRETE['A'].subs(z, sp.Symbol('t')))}, R), diff)$" if "A" in used else ""
    return f"""
display2d : false$ linel : 500$ load(ctensor)$ {"".join(gradients)} {depends}
ct_coords : [{",".join(map(str, case.coordinates))}]$ dim : {len(case.coordinates)}$
lg : matrix({rows})$
ratfac : true$ derivabbrev : true$ ctrgsimp : {"true" if case.matrix.has(sp.sin) else "false"}$
start : elapsed_real_time()$
cmetric(false)$ christof(false)$ ricci(false)$ R : scurvature()$
{"R : trigsimp(R)$" if case.matrix.has(sp.sin) else ""}
stop : elapsed_real_time()$
{scale} {concrete}
fpprec : 40$
print("SECONDS", stop - start)$
print("VALUE", bfloat(ev(subst([{point}], R), nouns)))$
"""


def run(name: str, limit: float) -> dict[str, object]:
    """Return seconds (its start included), whether the value is right, and whether zero was recognised."""
    start = time.perf_counter()
    done = subprocess.run(
        ["maxima", "--very-quiet"], input=script(name), capture_output=True, text=True, timeout=limit, check=False
    )
    wall = time.perf_counter() - start
    found = re.search(r"VALUE\s+(-?\s*[\d.]+b[-+]?\d+)", done.stdout)
    if not found or "ctensor not found" in done.stdout:
        return {"error": done.stdout.strip()[:200]}
    value = sp.Float(found.group(1).replace("b", "e").replace(" ", ""), 40)
    case = CASES[name]()
    truth = at_a_point(case.scalar_curvature, case.coordinates)
    return {"seconds": wall, "right": bool(abs(value - truth) < sp.Float(10, 40) ** -25), "zero_recognised": True}
