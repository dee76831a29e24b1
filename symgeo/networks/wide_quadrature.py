r"""G(v) = E[phi'(z)^2] where it has no closed form: opaque in formulas, a quadrature rule in kernels.

With F = phi'^2 and z ~ N(0, v), d/dv E[F] = E[F'']/2 and v dE[F]/dv = E[z F']/2 (Stein) combine to

    (1 + v) G'    = E[F'' + z F']/2
    (1 + v)^2 G'' = E[F'''' + 2 z F''' + z^2 F'' - z F']/4

whose integrands neither cancel nor divide by v, from v = 0 to large v. Across x the metric is sigma^2 G, along x it is
sigma^2 H, a difference that cancels far out where phi' decays. With u = sigma^2 s, v = u + zeta^2,

    H  = G + 2 u G'     = E[(z^2/v) F] - 2 zeta^2 G'
    H' = 3 G' + 2 u G'' = (2 G' + E[(z^2/v) (F'' + z F')]/2)/(1 + v) - 2 zeta^2 G''

do not, and kernels compute with them. The sums over nodes are those of `symgeo.gaussian.SinhRule`, fitted to all five
integrands.
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
_u = sp.Symbol("u", nonnegative=True)
_G = sp.symbols("G G1 G2", real=True)
_H, _H1 = sp.symbols("H H1", real=True)


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


def _integrands(p: list[sp.Expr], z: sp.Expr, quotient: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """What to average for G, (1 + v) G', (1 + v)^2 G'', H and H', from p[k] = phi^(k)(z) and z^2/v."""
    F = p[1] ** 2
    F1 = 2 * p[1] * p[2]
    F2 = 2 * (p[2] ** 2 + p[1] * p[3])
    F3 = 2 * (3 * p[2] * p[3] + p[1] * p[4])
    F4 = 2 * (3 * p[3] ** 2 + 4 * p[2] * p[4] + p[1] * p[5])
    slope = (F2 + z * F1) / 2
    last = (F4 + 2 * z * F3 + z**2 * F2 - z * F1) / 4
    return dict(zip((*_G, _H, _H1), (F, slope, last, quotient * F, quotient * slope), strict=True))


def gram_rule(phi: Activation) -> SinhRule:
    """The rule for G, G', G'', H and H' of an activation.

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
    functions = [sp.lambdify(_z, e, modules, cse=True) for e in _integrands(derivatives, _z, _z**2).values()]
    return fitted_rule([partial(_broadcast, f) for f in functions], phi.name)


def _broadcast(f, z: np.ndarray) -> np.ndarray:
    return np.broadcast_to(f(z), z.shape)


def carried(program: Program, phi: Activation, rule: SinhRule, length: sp.Expr, bias: sp.Expr) -> Program:
    """The program with each Gram(k, v) computed as a sum over the rule's nodes, which it carries.

    Args:
        program: of formulas in Gram(k, v).
        phi: the activation.
        rule: from `gram_rule`.
        length: u = sigma^2 s, the weights' share of v.
        bias: zeta^2, the biases' share.
    """
    values = [value for step in program.steps for value in _values(step)]
    names = {g: _G[int(g.args[0])] for value in values for g in _grams(value)}
    if not names:
        return program
    new = {value: _conditioned(value.xreplace(names), length) for value in values}
    used = set().union(*(value.free_symbols for value in new.values()))
    steps: list[Step] = []
    summed = False
    for step in program.steps:
        if not summed and any(_grams(value) for value in _values(step)):
            steps += _sums(phi, rule, length, bias, used)
            summed = True
        if isinstance(step, Let):
            step = Let(step.target, new[sp.sympify(step.value)])
        elif isinstance(step, Stack):
            step = replace(step, components=tuple(new[c] for c in step.components))
        steps.append(step)
    note = (
        f"G(v) = E[phi'(z)^2], z ~ N(0, v), phi = {phi.name}: no closed form, so a sum over {len(rule.nodes)} nodes.\n"
        f"Relative error of G, G', G'' below {max(10 * rule.error, 1e-14):.0e} for v up to 1e12, estimated by "
        "halving the step; beyond that it is not known."
    )
    if {_H, _H1} & used:
        note += "\nH = G + 2 sigma^2 s G', small where phi saturates, is computed as E[z^2 phi'(z)^2]/v - 2 zeta^2 G'."
    return replace(program, steps=tuple(steps), source=f"{program.source}\n{note}")


def _conditioned(value: sp.Expr, length: sp.Expr) -> sp.Expr:
    """The same with every sum that holds u G' or u G'' reduced by the definitions of H and H'."""
    if length == 0:
        return value
    G, G1, G2 = _G
    # The third is the first two less u: a Groebner basis, by which the remainder is one and the same however it is had.
    basis = (2 * _u * G1 + G - _H, 2 * _u * G2 + 3 * G1 - _H1, G2 * (G - _H) - G1 * (3 * G1 - _H1))

    def cancels(e: sp.Basic) -> bool:
        return isinstance(e, sp.Add) and e.has(_u) and e.has(G1, G2) and bool(e.is_polynomial(*e.free_symbols))

    def reduced(e: sp.Expr) -> sp.Expr:
        return sp.reduced(e, basis, _u, G2, G1, G, _H, _H1, order="lex")[1]

    return value.subs(length, _u).replace(cancels, reduced)


def _values(step: Step) -> tuple[sp.Expr, ...]:
    if isinstance(step, Stack):
        return step.components
    return (sp.sympify(step.value),) if isinstance(step, Let) else ()


def _sums(phi: Activation, rule: SinhRule, length: sp.Expr, bias: sp.Expr, used: set[sp.Basic]) -> list[Step]:
    """v, the nodes, phi's derivatives there, and those sums that are used."""
    j = sp.Idx("j", len(rule.nodes))
    t, w, z, q, p = (sp.IndexedBase(name) for name in ("node", "weight", "z", "q", "density"))
    v = sp.Symbol("v", nonnegative=True)
    slopes = [sp.IndexedBase(f"phi{k}") for k in range(6)]
    # H stands on G', and H' on both.
    wanted = used | ({_G[1]} if {_H, _H1} & used else set()) | ({_G[2]} if _H1 in used else set())
    highest = 5 if _G[2] in wanted else 3 if _G[1] in wanted else 1
    integrands = _integrands([slope[j] for slope in slopes], z[j], q[j])
    steps: list[Step] = [
        *([Let(_u, length)] if _u in used else []),
        Let(v, length + bias),
        Stack(t, tuple(sp.Float(value, 17) for value in rule.nodes), (len(rule.nodes),)),
        Stack(w, tuple(sp.Float(value, 17) for value in rule.weights), (len(rule.nodes),)),
        Let(z[j], sp.sqrt(v / (1 + v)) * t[j]),
        Let(q[j], t[j] ** 2 / (1 + v)),
        Let(p[j], w[j] * sp.exp(-(t[j] ** 2) / (2 * (1 + v))) / sp.sqrt(1 + v)),
    ]
    derivatives = [phi.derivative(_z, k) for k in range(1, highest + 1)]
    # Each transcendental function is evaluated once and shared by all derivatives.
    shared: dict[sp.Basic, sp.Basic] = {_z: z[j]}
    for number, f in enumerate(_outermost(derivatives), 1):
        base = sp.IndexedBase(f"h{number}")
        steps.append(Let(base[j], f.xreplace({_z: z[j]})))
        shared[f] = base[j]
    steps += [Let(slopes[k][j], e.xreplace(shared)) for k, e in enumerate(derivatives, 1)]
    for name, integrand in integrands.items():
        if name not in wanted:
            continue
        f = sp.IndexedBase(f"f_{name}")
        total = sp.Sum(p[j] * f[j], (j, 0, len(rule.nodes) - 1))
        value = {
            _G[0]: total,
            _G[1]: total / (1 + v),
            _G[2]: total / (1 + v) ** 2,
            _H: total - 2 * bias * _G[1],
            _H1: (2 * _G[1] + total) / (1 + v) - 2 * bias * _G[2],
        }[name]
        steps += [Let(f[j], integrand), Let(name, value)]
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
