"""Maxima's ctensor on a case: the script, and its reading of seconds and value."""

from __future__ import annotations

import re
import resource
import subprocess
from collections.abc import Callable
from itertools import pairwise

import sympy as sp
from sympy.core.function import AppliedUndef

from benchmarks.symbolic.cases import CASES, CONCRETE, agree, truth
from benchmarks.symbolic.cases import concrete as in_numbers

_OPAQUE_DERIVATIVES = [f"W{k}" for k in range(5)], [f"H{k}" for k in range(3)]


def _text(expression: sp.Expr) -> str:
    return re.sub(r"\bpi\b", "%pi", str(expression).replace("**", "^"))


def script(name: str) -> str:
    """The batch file: metric, ctensor with rational simplification, value at the point of `at_a_point`."""
    case = CASES[name]()
    rows = ",".join("[" + ",".join(_text(entry) for entry in row) + "]" for row in case.matrix.tolist())
    gradients = [f"gradef({a}(z), {b}(z))$" for chain in _OPAQUE_DERIVATIVES for a, b in pairwise(chain)]
    gradients.append("gradef(Sig(z), Sig(z)*(1-Sig(z)))$")
    # an undefined function of the coordinates is a name that depends on them
    undefined = [f for f in case.matrix.atoms(AppliedUndef) if type(f).__name__[0] in "AEF"]
    for f in undefined:
        rows = rows.replace(str(f), type(f).__name__)
    depends = "".join(f"depends({type(f).__name__}, [{','.join(map(str, f.args))}])$" for f in undefined)
    scale = "".join(f"R : ev(subst({type(f).__name__}={_text(in_numbers(f))}, R), diff)$" for f in undefined)
    point = ",".join(f"{name}={_text(value)}" for name, value in case.point().items())
    concrete = "".join(f"{f}(z) := {_text(body)}$" for f, body in CONCRETE.items() if f[0] not in "AEFp")
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
fpprec : 100$
print("SECONDS", stop - start)$
print("VALUE", bfloat(ev(subst([{point}], R), nouns)))$
"""


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(name: str, limit: float, stop_after: Callable[[float], None]) -> dict[str, object]:
    """Return seconds (its start included), whether the value is right, and whether zero was recognised.

    Raises:
        TimeoutError: if it did not end within `limit` seconds of processor time.
    """
    start = _seconds()
    done = subprocess.run(
        ["maxima", "--very-quiet"],
        input=script(name),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: stop_after(limit),
    )
    seconds = _seconds() - start
    if seconds >= limit:
        raise TimeoutError
    found = re.search(r"VALUE\s+(-?\s*[\d.]+b[-+]?\d+)", done.stdout)
    if not found or "ctensor not found" in done.stdout:
        return {"error": done.stdout.strip()[:200]}
    value = sp.Float(found.group(1).replace("b", "e").replace(" ", ""), 100)
    case = CASES[name]()
    return {
        "seconds": seconds,
        "right": agree(value, truth(case)),
        "zero_recognised": True,
    }
