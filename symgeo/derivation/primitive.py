r"""Ordinary integrals as a check: two sides are equal if their integrands differ by the derivative of a given function.

    int_a^b (f - g) dt + rest = 0    if    f - g = dh/dt    and    h(b) - h(a) + rest = 0

where f and g are what the sides hold under an integral sign, and rest is what they hold outside. A derivative of an
integral by a parameter is taken under the integral sign, with the terms of its moving ends (Leibniz's rule).
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import sympy as sp

from symgeo.derivation.checks import fail, vacuous
from symgeo.derivation.evidence import Claim, Evidence, Side
from symgeo.derivation.language import Term
from symgeo.derivation.points import normal_jets, random_point, shown, value_at
from symgeo.derivation.traversal import scalar
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError, NumericalError


@dataclass(frozen=True)
class Primitive:
    """The integrands of two neighbouring sides differ by the derivative of `primitive`; exact, parameters symbolic.

    The sides are linear in integrals over one variable and one interval. The primitive is evaluated at a finite end by
    continuity, at an infinite one as a limit.

    Args:
        primitive: a function of the variable of integration.
    """

    primitive: sp.Expr

    def run(self, claim: Claim) -> Evidence:
        """Decide that difference less derivative is zero, and that the ends balance what is outside."""
        note = "exact, by a primitive"
        for left, right in claim.pairs():
            a, b = (_linear(side, claim) for side in (left, right))
            (variable, low, high), *others = dict.fromkeys(limit for part in (a, b) for limit in part[1])
            if others:
                raise InputError(f"`sides` of {claim.name} must hold integrals over one variable and one interval")
            (outside_a, integrand_a), (outside_b, integrand_b) = (_parts(part, variable) for part in (a, b))
            primitive = claim.meanings.expanded(sp.sympify(self.primitive))
            slope = integrand_a - integrand_b - sp.diff(primitive, variable)
            ends = _at(primitive, variable, high) - _at(primitive, variable, low)
            for rest, where in ((slope, "the integrand"), (outside_a - outside_b + ends, "the ends")):
                if not _vanishes(rest):
                    raise _wrong(claim, note, rest, where)
            if _vanishes(integrand_a) and _vanishes(outside_a):
                raise vacuous(claim, note)
        return Evidence("exact", note)


_Limit = tuple[sp.Symbol, sp.Expr, sp.Expr]
_Linear = tuple[sp.Expr, dict[_Limit, sp.Expr]]


def _linear(side: Side, claim: Claim) -> _Linear:
    """A side as what is outside of integrals, and for each variable and interval the integrand."""
    value = claim.meanings.expanded(scalar(side) if isinstance(side, Term) else side)
    slopes = {e: _leibniz(e) for e in value.atoms(sp.Derivative) if isinstance(e.expr, sp.Integral)}
    value = sp.expand(value.xreplace(slopes))
    names = {
        integral: sp.Dummy(f"I{place}") for place, integral in enumerate(sorted(value.atoms(sp.Integral), key=str))
    }
    bare = sp.expand(value.xreplace(names))
    found: dict[_Limit, sp.Expr] = {}
    for integral, name in names.items():
        coefficient = bare.coeff(name)
        if len(integral.limits) != 1 or len(integral.limits[0]) != 3 or coefficient.free_symbols & set(names.values()):
            raise InputError(f"`sides` of {claim.name} must be linear in definite integrals over one variable")
        (limit,) = integral.limits
        if limit[0] in coefficient.free_symbols:
            raise InputError(f"`sides` of {claim.name} must hold {limit[0]} only under an integral sign")
        key: _Limit = (limit[0], limit[1], limit[2])
        found[key] = found.get(key, sp.S.Zero) + coefficient * integral.function
        bare -= coefficient * name
    outside = sp.expand(bare)
    if outside.free_symbols & set(names.values()):
        raise InputError(f"`sides` of {claim.name} must be linear in definite integrals")
    return outside, found


def _leibniz(derivative: sp.Derivative) -> sp.Expr:
    """d/dp of an integral: the integral of the derivative, and the integrand at ends that move."""
    if len(derivative.variables) != 1:
        raise InputError(f"`sides` must hold first derivatives of integrals only, got {derivative}")
    (p,), integral = derivative.variables, derivative.expr
    ((t, low, high),) = (tuple(limit) for limit in integral.limits)
    body = integral.function
    moving = sum(
        (sign * sp.diff(end, p) * body.subs(t, end) for sign, end in ((1, high), (-1, low)) if end.has(p)), sp.S.Zero
    )
    return sp.Integral(sp.diff(body, p), (t, low, high)) + moving


def _parts(part: _Linear, variable: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    outside, integrands = part
    if outside.has(variable):
        raise InputError(f"`sides` must hold {variable} only under an integral sign, got {outside}")
    return outside, sp.Add(*integrands.values())


def _at(primitive: sp.Expr, variable: sp.Symbol, end: sp.Expr) -> sp.Expr:
    """The primitive at an end of the interval."""
    value = primitive.subs(variable, end)
    if not end.is_infinite and not value.has(sp.nan, sp.zoo, sp.oo):
        return value
    return sp.limit(primitive, variable, end, "-" if end == sp.oo else "+")


def _vanishes(expression: sp.Expr) -> bool:
    """Whether it is zero; factorials and powers with a symbolic exponent are brought to one form first."""
    factorials = sorted(expression.atoms(sp.factorial), key=sp.default_sort_key)
    if factorials:
        unit = sp.Dummy("factorial", positive=True)
        expression = expression.xreplace({f: sp.combsimp(f / factorials[0]) * unit for f in factorials})
    if expression == 0 or is_zero(expression):
        return True
    return sp.simplify(sp.powsimp(sp.expand(expression))) == 0


def _wrong(claim: Claim, note: str, rest: sp.Expr, where: str) -> Exception:
    rest = normal_jets(rest)
    try:
        point = random_point([rest], 1)
        value = mpmath.nstr(value_at(rest, point), 15)
    except NumericalError:
        return fail(claim, note, f"right side + {sp.sstr(rest)[:200]}", where, "every point")
    return fail(claim, note, f"right side + {value} ({where}, less the primitive)", where, shown(point))
