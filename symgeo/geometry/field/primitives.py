r"""Logarithms and the other functions whose derivative lies in the field below: inverse functions, error functions.

Primitives t_i, t_i' in K, are algebraically independent over K unless a combination sum c_i t_i with constant c_i lies
in K (Kolchin and Ostrowski). For logarithms that is a multiplicative relation among their arguments and the
exponentials present (Rosenlicht), decided by factoring the arguments' norms. Error functions of different arguments
are independent (Liouville). Of the inverse circular functions, of the inverse hyperbolic ones, and of each exponential
integral, one is held; a second, different one is refused, since the relations among them are not decided here.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.geometry.field import radicals
from symgeo.geometry.field.algebra import Fraction, terms
from symgeo.geometry.field.kernels import refusal
from symgeo.geometry.field.relations import factor_exponents, multiplicatively_independent

if TYPE_CHECKING:
    from symgeo.geometry.field.builder import Builder

_z = sp.Dummy("z")
_DERIVATIVES: dict[type[sp.Function], sp.Expr] = {
    sp.asin: 1 / sp.sqrt(1 - _z**2),
    sp.atan: 1 / (1 + _z**2),
    sp.asinh: 1 / sp.sqrt(1 + _z**2),
    sp.acosh: 1 / (sp.sqrt(_z - 1) * sp.sqrt(_z + 1)),
    sp.erf: 2 * sp.exp(-(_z**2)) / sp.sqrt(sp.pi),
    sp.erfi: 2 * sp.exp(_z**2) / sp.sqrt(sp.pi),
    sp.Ei: sp.exp(_z) / _z,
    sp.Si: sp.sin(_z) / _z,
    sp.Ci: sp.cos(_z) / _z,
    sp.li: 1 / sp.log(_z),
}
_FAMILIES = {sp.asin: "circular", sp.atan: "circular"} | dict.fromkeys((sp.asinh, sp.acosh), "hyperbolic")
# each inverse function, error function or integral by what it is related to
FAMILY = {head: str(_FAMILIES.get(head, head.__name__)) for head in _DERIVATIVES}
_ODD = (sp.asin, sp.atan, sp.asinh, sp.erf, sp.erfi, sp.Si)


def rewritten(e: sp.Expr) -> sp.Expr | None:
    """Return erfc in erf, acos in asin, acot(z) as atan(1/z), atanh in logarithms, Ei(log z) as li(z), else None."""
    if isinstance(e, sp.Ei) and isinstance(e.args[0], sp.log):
        return sp.li(e.args[0].args[0])
    if isinstance(e, sp.erfc):
        return 1 - sp.erf(e.args[0])
    if isinstance(e, sp.atanh):
        return (sp.log(1 + e.args[0]) - sp.log(1 - e.args[0])) / 2
    if isinstance(e, sp.acos):
        return sp.pi / 2 - sp.asin(e.args[0])
    return sp.atan(1 / e.args[0]) if isinstance(e, sp.acot) else None


class Primitives:
    """The primitive generators of a builder, by their arguments."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.logarithms: list[tuple[Fraction, Fraction]] = []  # (generator, argument)
        self.indices: set[int] = set()  # of logarithms
        self.circular: set[int] = set()
        self.hyperbolic: set[int] = set()
        self._held: dict[Any, Fraction] = {}
        self._single: dict[object, sp.Expr] = {}
        self._hyperbolic_generators: list[Fraction] = []

    def holds(self, e: sp.Expr) -> bool:
        """Say whether `e` is a logarithm, an inverse function or an error function."""
        return isinstance(e, sp.log) or e.func in _DERIVATIVES

    def exponents(self) -> list[Fraction]:
        """Return the generators that make exp algebraic when they appear in its exponent."""
        return [log for log, _ in self.logarithms] + self._hyperbolic_generators

    def element(self, e: sp.Expr) -> Fraction:
        """Return the element of a logarithm, an inverse function or an error function."""
        argument = self.builder.element(e.args[0])
        if isinstance(e, sp.log):
            if len(e.args) == 2:
                return self.log(argument, e) / self.log(self.builder.element(e.args[1]), e)
            return self.log(argument, e)
        return self._primitive(e, argument)

    # --- logarithms -------------------------------------------------------------------------------------------------

    def log(self, argument: Fraction, kernel: sp.Expr) -> Fraction:
        """Return log(argument): positive factors apart, each a generator of its own."""
        builder, algebra = self.builder, self.builder.algebra
        if not argument:
            raise refusal(kernel, "its argument is zero")
        if builder.level(argument.num):
            n = lcm(*(relation.degree for relation in algebra.relations))
            power = argument**n
            if not builder.level(power.num) and builder.expression(argument).is_positive:
                return self.log(power, kernel) * algebra.rational(1, n)
            return self._new_log(argument, kernel)
        total, rest = algebra.zero, algebra.one
        for poly, sign in ((argument.num, 1), (argument.den, -1)):
            content, factors = poly.factor()
            for prime, multiplicity in sp.factorint(int(abs(content))).items():
                share = algebra.rational(sign * multiplicity)
                total = total + share * self._new_log(algebra.rational(prime), kernel)
            rest = -rest if content < 0 else rest
            for factor, multiplicity in factors:
                element, share = Fraction(algebra, factor, algebra.one_poly), sign * int(multiplicity)
                if builder.expression(element).is_positive:
                    total = total + algebra.rational(share) * self._log_of_factor(element, kernel)
                elif builder.expression(-element).is_positive:
                    total = total + algebra.rational(share) * self._log_of_factor(-element, kernel)
                    rest = -rest if multiplicity % 2 else rest
                else:
                    rest = rest * element**share
        return total if rest == algebra.one else total + self._new_log(rest, kernel)

    def _log_of_factor(self, element: Fraction, kernel: sp.Expr) -> Fraction:
        """Return log of a positive irreducible factor; that of exp(u) is u for real u."""
        room = self.builder.exponentials
        for generator, argument in zip(room.exp_generators, room.exp_arguments, strict=True):
            if element == generator and self.builder.expression(argument).is_real:
                return argument
        return self._new_log(element, kernel)

    def _new_log(self, argument: Fraction, kernel: sp.Expr) -> Fraction:
        builder = self.builder
        for log, known in self.logarithms:
            if argument == known:
                return log
        vectors = [self._vector(a) for _, a in self.logarithms] + [self._vector(argument)]
        if not multiplicatively_independent(vectors):
            others = ", ".join(str(builder.expression(log)) for log, _ in self.logarithms[:3]) or "the exponentials"
            raise refusal(
                kernel,
                f"it is not certainly independent of {others}; write one in terms of the other, "
                "or declare symbols positive",
            )
        if self._hyperbolic_generators and builder.level(argument.num):
            raise refusal(kernel, "it is not certainly independent of the inverse hyperbolic function present")
        inverse = argument.inverse()
        self.indices.add(builder.next_index)
        log = builder.adjoin(sp.log(builder.expression(argument)), ((lambda: inverse, argument),))
        self.logarithms.append((log, argument))
        return log

    def _vector(self, argument: Fraction) -> dict:
        """The irreducible factors of the argument's norm with their exponents, exponentials left out, primes kept.

        The norm of exp(i u) = cos u + i sin u is cos^2 + sin^2 = 1, so that circular functions need no leaving out.
        """
        algebra, exps = self.builder.algebra, frozenset(self.builder.exponentials.units)
        norm, degree = argument.num, 1
        for relation in algebra.relations:
            if norm.degrees()[relation.index]:
                norm, degree = algebra.reduce(norm * algebra.cofactor(norm, relation)), degree * relation.degree
        vector = factor_exponents(norm, exps)
        for factor, multiplicity in factor_exponents(argument.den, exps).items():
            vector[factor] = vector.get(factor, 0) - degree * multiplicity
        if argument.num.is_constant() and argument.den.is_constant():
            return {terms(argument.num): 1}
        return vector

    def _require_genuine_root(self, e: sp.Expr, argument: Fraction) -> None:
        """Refuse asin u, asinh u, ... where sqrt(1 -+ u^2) is no new root: asinh((x - 1/x)/2) is log x in disguise.

        With a root, the automorphism that changes its sign takes the function to minus itself, and logarithms to
        themselves, so that it is no combination of them.
        """
        builder, one = self.builder, self.builder.algebra.one
        signs = {sp.asin: (one, -one), sp.asinh: (one, one), sp.acosh: (-one, one)}
        if e.func in signs:
            constant, sign = signs[e.func]
            root = radicals.power(builder, constant + sign * argument * argument, sp.Rational(1, 2), e)
            used, before = root.num.degrees(), argument.num.degrees()
            if not any(used[r.index] and not before[r.index] for r in builder.algebra.relations):
                raise refusal(e, "it is a logarithm or an angle in disguise")

    # --- the others -------------------------------------------------------------------------------------------------

    def _primitive(self, e: sp.Expr, argument: Fraction) -> Fraction:
        builder, head = self.builder, e.func
        family = _FAMILIES.get(head, head)
        expression = builder.expression(argument)
        if head in _ODD and expression.could_extract_minus_sign():
            return -self._primitive(head(-expression), -argument)
        if (head, argument.key()) in self._held:
            return self._held[head, argument.key()]
        if head in _ODD and (head, (-argument).key()) in self._held:
            return -self._held[head, (-argument).key()]
        if head not in (sp.erf, sp.erfi):
            if family in self._single:
                raise refusal(e, f"it is not certainly independent of {self._single[family]}")
            hidden = {index for index, m in enumerate(argument.num.degrees()) if m} & builder.exponentials.indices
            if hidden:
                raise refusal(e, "an inverse function or integral of an exponential or circular function")
            for log, inner in self.logarithms:
                if family == "hyperbolic" and builder.level(inner.num):
                    raise refusal(e, f"it is not certainly independent of {builder.expression(log)}")
            if head is sp.Ei and builder.involves(argument, lambda i: i in self.indices):
                raise refusal(e, "an exponential integral of a logarithm is a logarithmic integral: write li")
            self._require_genuine_root(e, argument)
            if family == "circular" and builder.level(argument.num) and not expression.free_symbols:
                raise refusal(e, "it may be a rational multiple of pi")
            self._single[family] = e
        index = builder.next_index

        def partial() -> Fraction:
            return builder.element(_DERIVATIVES[head].xreplace({_z: expression}))

        generator = builder.adjoin(head(expression), ((partial, argument),))
        self._held[head, argument.key()] = generator
        if family == "circular":
            self.circular.add(index)
        if family == "hyperbolic":
            self.hyperbolic.add(index)
            self._hyperbolic_generators.append(generator)
        return generator
