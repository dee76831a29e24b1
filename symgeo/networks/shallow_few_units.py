"""The scalar curvature of a network of a few units and two inputs, in minors of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import sympy as sp

from symgeo.activations import Activation
from symgeo.codegen.program import Let, Program, Step
from symgeo.geometry.programs import X

W, B = (sp.IndexedBase(name, real=True) for name in ("W", "b"))
DETERMINANT, NUMBER = sp.Symbol("D", real=True), sp.Symbol("result", real=True)
PREACTIVATION = "z_j = w_j . x + b_j"

# A heuristic: pairs of units times units, against the contractions of the general program.
_FEW_UNITS = 5


def few_units(program: Program, phi: Activation, sizes: Mapping[str, int]) -> Program | None:
    """The scalar curvature of a few units and two inputs, in minors M_jk = det[w_j w_k].

    det g = D/n^2 is a sum of squares (Cauchy and Binet), so that nothing cancels in it.
    """
    n, d = sizes["n"], sizes["d"]
    if d != 2 or n > _FEW_UNITS:
        return None
    z = [sp.Symbol(f"z{k + 1}", real=True) for k in range(n)]
    h = [sp.Symbol(f"h{k + 1}", real=True) for k in range(n)]
    c = [sp.Symbol(f"c{k + 1}", real=True) for k in range(n)]
    steps: list[Step] = [Let(z[k], W[k, 0] * X[0] + W[k, 1] * X[1] + B[k]) for k in range(n)]
    for k in range(n):
        slope, bend = (phi.derivative(z[k], order) for order in (1, 2))
        steps += [Let(h[k], slope**2), Let(c[k], slope * bend)]
    M: dict[tuple[int, int], sp.Expr] = {}
    for k, l in combinations(range(n), 2):
        M[k, l] = sp.Symbol(f"M{k + 1}{l + 1}", real=True)
        steps.append(Let(M[k, l], W[k, 0] * W[l, 1] - W[k, 1] * W[l, 0]))
        M[l, k] = -M[k, l]
    determinant = sum(M[k, l] ** 2 * h[k] * h[l] for k, l in combinations(range(n), 2))
    total = sum(
        c[k] * c[l] * M[k, l] ** 2 * sum(M[i, k] * M[i, l] * h[i] for i in range(n) if i not in (k, l))
        for k, l in combinations(range(n), 2)
    )
    steps += [Let(DETERMINANT, determinant), Let(NUMBER, -2 * n * total / DETERMINANT**2)]
    formula = (
        "R = -(2 n/D^2) sum_j<k c_j c_k M_jk^2 sum_i M_ij M_ik phi'(z_i)^2,   M_jk = w_j1 w_k2 - w_j2 w_k1\n"
        f"D = sum_j<k M_jk^2 phi'(z_j)^2 phi'(z_k)^2,   c_j = phi'(z_j) phi''(z_j),   n = {n}\n{PREACTIVATION}"
    )
    shapes = {"W": (sp.Integer(n), sp.Integer(d)), "b": (sp.Integer(n),), "x": (sp.Integer(d),)}
    inputs = tuple(replace(i, shape=shapes[i.name]) for i in program.inputs)
    return replace(program, formula=formula, inputs=inputs, steps=tuple(steps), sizes=(), requires=(), special=None)
