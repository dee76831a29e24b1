"""How many operations a kernel makes, for the reader of its source.

Counted as they are written, in the arranged steps: those made once a call, and those made at every point. Sums over
units or directions count as many times as their ranges, in the symbols of the sizes.
"""

from __future__ import annotations

from collections import Counter

import sympy as sp

from symgeo.codegen.arrange import Arrangement
from symgeo.codegen.program import InverseCholesky, Let, LogDiagonal, OrthogonalColumns, Stack, TriangularInverse


def operation_counts(arrangement: Arrangement, sizes: tuple[sp.Symbol, ...]) -> str:
    """One sentence: additions, products, divisions, roots and functions a point, and operations once."""
    each: Counter[str] = Counter()
    once: Counter[str] = Counter()
    for step in arrangement.steps:
        if isinstance(step, Let):
            target = step.target
            indices = target.indices if isinstance(target, sp.Indexed) else ()
            moving = (target.base if isinstance(target, sp.Indexed) else target) in arrangement.batched
            times = sp.Mul(*(i.upper + 1 for i in indices))
            if isinstance(step.value, sp.Sum):
                times *= sp.Mul(*(limit[0].upper + 1 for limit in step.value.limits))
                factors = sum(int(f.as_base_exp()[1]) for f in sp.Mul.make_args(step.value.function))
                found = Counter({"products": factors - 1, "additions": 1})
            else:
                found = _counted(step.value)
            _add(each if moving else once, found, times)
        elif isinstance(step, Stack):
            for component in step.components:
                _add(each, _counted(component), sp.S.One)
        elif isinstance(step, OrthogonalColumns | TriangularInverse | InverseCholesky | LogDiagonal):
            _add(each if step.target in arrangement.batched else once, Counter({type(step).__name__: 1}), sp.S.One)
    text = "Operations at a point: " + (_sentence(each) or "none")
    return f"{text}; once: {_sentence(once)}." if any(once.values()) else f"{text}."


_NAMES = {
    "OrthogonalColumns": "QR factorisation",
    "InverseCholesky": "inverse Cholesky factor",
    "TriangularInverse": "triangular inverse",
    "LogDiagonal": "sum of logarithms of a diagonal",
}


def _add(total: Counter[str], found: Counter[str], times: sp.Expr) -> None:
    for name, count in found.items():
        total[name] = sp.expand(total[name] + count * times)  # type: ignore[assignment]


def _counted(value: sp.Basic) -> Counter[str]:
    """The operations of an elementwise expression."""
    found: Counter[str] = Counter()
    nodes = [sp.sympify(value)]
    while nodes:
        node = nodes.pop()
        if node.is_number or not node.args or isinstance(node, sp.Indexed | sp.KroneckerDelta):
            continue
        if isinstance(node, sp.Add):
            found["additions"] += len(node.args) - 1
        elif isinstance(node, sp.Mul):
            below = [a for a in node.args if isinstance(a, sp.Pow) and a.exp.could_extract_minus_sign()]
            above = [a for a in node.args if a not in below and a not in (1, -1)]
            found["products"] += max(len(above) - 1, 0) + max(len(below) - 1, 0)
            found["divisions"] += bool(below) - sum(1 for _ in below)  # each power below counts one of its own
        elif isinstance(node, sp.Pow):
            _power(node, found)
        else:
            found[type(node).__name__] += 1
        nodes += node.args
    return found


def _power(node: sp.Pow, found: Counter[str]) -> None:
    exponent = node.exp
    found["divisions"] += bool(exponent.could_extract_minus_sign())
    quarters = abs(4 * exponent)
    if not quarters.is_Integer:
        found["powers"] += 1
        return
    whole, rest = divmod(int(quarters), 4)
    found["products"] += max(whole.bit_length() + whole.bit_count() - 2, 0) + (whole > 0 and rest > 0) + (rest == 3)
    found["roots"] += {0: 0, 1: 2, 2: 1, 3: 2}[rest]


def _sentence(total: Counter[str]) -> str:
    known = ("additions", "products", "divisions", "roots", "powers")
    order = [*(n for n in known if total[n] != 0), *sorted(n for n in total if n not in known and total[n] != 0)]
    return ", ".join(f"{sp.sstr(total[n])} {_NAMES.get(n, n)}" for n in order)
