r"""G(v) = E[phi'(z)^2] where it has no closed form: opaque in formulas, a quadrature rule in kernels.

With F = phi'^2 and z ~ N(0, v), d/dv E[F] = E[F'']/2 and v dE[F]/dv = E[z F']/2 (Stein) combine to

    (1 + v) G'    = E[F'' + z F']/2
    (1 + v)^2 G'' = E[F'''' + 2 z F''' + z^2 F'' - z F']/4

whose integrands neither cancel nor divide by v, from v = 0 to large v. The sums over nodes are those of
`symgeo.gaussian.SinhRule`, fitted to the three integrands.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import sympy as sp
from scipy import special

from symgeo.activations import Activation
from symgeo.codegen.program import Let, Program, Stack, Step
from symgeo.errors import InputError
from symgeo.gaussian import SinhRule, fitted_rule

_z = sp.Symbol("z", real=True)


class Gram(sp.Function):
    """The k-th derivative of G at v, opaque: Gram(k, v), shown as G(v), G'(v), G''(v).

    >>> Gram(0, sp.Symbol("v")).diff(sp.Symbol("v"))
    G'(v)
    """

    nargs = 2
    is_real = True

    def fdiff(self, argindex: int = 2) -> sp.Expr:
        """The next derivative."""
        return Gram(self.args[0] + 1, self.args[1])

    def _sympystr(self, printer) -> str:
        return f"G{chr(39) * int(self.args[0])}({printer._print(self.args[1])})"

    def _latex(self, printer, exp: str | None = None) -> str:
        body = rf"G{chr(39) * int(self.args[0])}\left({printer._print(self.args[1])}\right)"
        return body if exp is None else rf"{{{body}}}^{{{exp}}}"


def _integrands(p: list[sp.Expr], z: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """What to average for G, (1 + v) G' and (1 + v)^2 G'', from p[k] = phi^(k)(z)."""
    F = p[1] ** 2
    F1 = 2 * p[1] * p[2]
    F2 = 2 * (p[2] ** 2 + p[1] * p[3])
    F3 = 2 * (3 * p[2] * p[3] + p[1] * p[4])
    F4 = 2 * (3 * p[3] ** 2 + 4 * p[2] * p[4] + p[1] * p[5])
    return F, (F2 + z * F1) / 2, (F4 + 2 * z * F3 + z**2 * F2 - z * F1) / 4


def gram_rule(phi: Activation) -> SinhRule:
    """The rule for G, G' and G'' of an activation.

    Raises:
        InputError: for kinks, or where no rule is accurate.
    """
    if phi.smoothness != "smooth":
        raise InputError(
            f"`activation` {phi.name!r} has kinks and no closed form at infinite width; take a smooth activation, "
            "or compose it of polynomials, exp, sin, cos, erf and steps"
        )
    derivatives = [phi.derivative(_z, k) for k in range(6)]
    modules = [{"logistic": special.expit}, "scipy", "numpy"]
    functions = [sp.lambdify(_z, e, modules, cse=True) for e in _integrands(derivatives, _z)]
    return fitted_rule([partial(_broadcast, f) for f in functions], phi.name)


def _broadcast(f, z: np.ndarray) -> np.ndarray:
    return np.broadcast_to(f(z), z.shape)


def carried(program: Program, phi: Activation, rule: SinhRule, variance: sp.Expr) -> Program:
    """The program with each Gram(k, v) computed as a sum over the rule's nodes, which it carries."""
    found = [g for step in program.steps for value in _values(step) for g in _grams(value)]
    orders = sorted({int(g.args[0]) for g in found})
    if not orders:
        return program
    names = {g: sp.Symbol(_name(int(g.args[0])), real=True) for g in found}
    steps: list[Step] = []
    summed = False
    for step in program.steps:
        if not summed and any(_grams(value) for value in _values(step)):
            steps += _sums(phi, rule, variance, orders)
            summed = True
        if isinstance(step, Let):
            step = Let(step.target, sp.sympify(step.value).xreplace(names))
        elif isinstance(step, Stack):
            step = replace(step, components=tuple(c.xreplace(names) for c in step.components))
        steps.append(step)
    note = (
        f"G(v) = E[phi'(z)^2], z ~ N(0, v), phi = {phi.name}: no closed form, so a sum over {len(rule.nodes)} nodes.\n"
        f"Relative error of G, G', G'' below {max(10 * rule.error, 1e-14):.0e} for v up to 1e12, estimated by "
        "halving the step; beyond that it is not known."
    )
    return replace(program, steps=tuple(steps), source=f"{program.source}\n{note}")


def _values(step: Step) -> tuple[sp.Expr, ...]:
    if isinstance(step, Stack):
        return step.components
    return (sp.sympify(step.value),) if isinstance(step, Let) else ()


def _sums(phi: Activation, rule: SinhRule, variance: sp.Expr, orders: list[int]) -> list[Step]:
    """v, the nodes, phi's derivatives there, and the sums G, G1, G2."""
    j = sp.Idx("j", len(rule.nodes))
    t, w, z, p = (sp.IndexedBase(name) for name in ("node", "weight", "z", "density"))
    v = sp.Symbol("v", nonnegative=True)
    slopes = [sp.IndexedBase(f"phi{k}") for k in range(6)]
    needed = {0: 1, 1: 3, 2: 5}[max(orders)]
    integrands = _integrands([slope[j] for slope in slopes], z[j])
    steps: list[Step] = [
        Let(v, variance),
        Stack(t, tuple(sp.Float(value, 17) for value in rule.nodes), (len(rule.nodes),)),
        Stack(w, tuple(sp.Float(value, 17) for value in rule.weights), (len(rule.nodes),)),
        Let(z[j], sp.sqrt(v / (1 + v)) * t[j]),
        Let(p[j], w[j] * sp.exp(-(t[j] ** 2) / (2 * (1 + v))) / sp.sqrt(1 + v)),
    ]
    derivatives = [phi.derivative(_z, k) for k in range(1, needed + 1)]
    # Each transcendental function is evaluated once and shared by all derivatives.
    shared: dict[sp.Basic, sp.Basic] = {_z: z[j]}
    for number, f in enumerate(_outermost(derivatives), 1):
        base = sp.IndexedBase(f"h{number}")
        steps.append(Let(base[j], f.xreplace({_z: z[j]})))
        shared[f] = base[j]
    steps += [Let(slopes[k][j], e.xreplace(shared)) for k, e in enumerate(derivatives, 1)]
    for k in orders:
        f = sp.IndexedBase(f"f{k}")
        steps.append(Let(f[j], integrands[k]))
        total = sp.Sum(p[j] * f[j], (j, 0, len(rule.nodes) - 1))
        steps.append(Let(sp.Symbol(_name(k), real=True), total / (1 + v) ** k))
    return steps


def _outermost(expressions: list[sp.Expr]) -> list[sp.Expr]:
    """The functions of z in the expressions that are not inside another."""
    found: set[sp.Expr] = set()
    for e in expressions:
        walk = sp.preorder_traversal(e)
        for node in walk:
            if isinstance(node, sp.Function) and node.has(_z):
                found.add(node)
                walk.skip()
    return sorted(found, key=sp.default_sort_key)


def _grams(value: object) -> set[Gram]:
    return sp.sympify(value).atoms(Gram)


def _name(order: int) -> str:
    return f"G{order or ''}"
