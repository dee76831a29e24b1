r"""exp, sin and cos, sinh and cosh: generators by Q-linearly independent arguments.

Exponentials exp(u_1), ..., exp(u_r) of functions of all the symbols (coordinates and parameters) are algebraically
independent, also of the logarithms log w_k that occur, exactly if no rational combination sum q_i u_i + sum r_k log w_k
is a constant (Ax 1971; Risch's structure theorem, Bronstein, Symbolic Integration I, section 9.3); sin and cos, being
exponentials of i u, likewise among themselves. So

    exp(sum n_i u_i + sum r_k log w_k) = prod exp(u_i)^n_i prod w_k^r_k,     n_i integers,
    (cos + i sin)(sum n_i u_i) = prod (cos u_i + i sin u_i)^n_i,     sin^2 = 1 - cos^2,

and where an n_i is not an integer, the generators are chosen anew with u_i divided.
"""

from __future__ import annotations

from fractions import Fraction as Ratio
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.geometry.field import radicals
from symgeo.geometry.field.algebra import Fraction
from symgeo.geometry.field.kernels import Chain, Restart, refusal
from symgeo.geometry.field.relations import rational_combination

if TYPE_CHECKING:
    from symgeo.geometry.field.builder import Builder

_QUOTIENTS = {
    sp.tan: (sp.sin, sp.cos),
    sp.cot: (sp.cos, sp.sin),
    sp.tanh: (sp.sinh, sp.cosh),
    sp.coth: (sp.cosh, sp.sinh),
}
_INVERSES = {sp.sec: sp.cos, sp.csc: sp.sin, sp.sech: sp.cosh, sp.csch: sp.sinh}


def rewritten(e: sp.Expr) -> sp.Expr | None:
    """Return tan, sec, ... in sin and cos, tanh, ... in sinh and cosh; None for anything else."""
    if e.func in _QUOTIENTS:
        top, bottom = _QUOTIENTS[e.func]
        return top(e.args[0]) / bottom(e.args[0])
    if e.func in _INVERSES:
        return 1 / _INVERSES[e.func](e.args[0])
    return None


class Exponentials:
    """The exponential and circular generators of a builder, by their arguments."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.exp_arguments: list[Fraction] = []
        self.exp_generators: list[Fraction] = []
        self.pairs: dict[str, list[tuple[Fraction, Fraction, Fraction]]] = {"circular": [], "hyperbolic": []}
        self.indices: set[int] = set()  # of all generators here
        self.units: set[int] = set()  # of those that are exponentials, for logarithms to know

    def holds(self, e: sp.Expr) -> bool:
        """Say whether `e` is exp, sin, cos, sinh or cosh."""
        return isinstance(e, sp.exp | sp.sin | sp.cos | sp.sinh | sp.cosh)

    def element(self, e: sp.Expr) -> Fraction:
        """Return the element of exp, sin, cos, sinh or cosh of an expression."""
        builder, argument = self.builder, self.builder.element(e.args[0])
        if isinstance(e, sp.exp):
            return self.exp(argument, e)
        if isinstance(e, sp.sinh | sp.cosh):
            if builder.hyperbolic_as_exp:
                up, half = self.exp(argument, sp.exp(e.args[0])), builder.algebra.rational(1, 2)
                return (up - up.inverse()) * half if isinstance(e, sp.sinh) else (up + up.inverse()) * half
            logarithms = builder.primitives.indices
            if self.exp_arguments or builder.involves(argument, lambda i: i in logarithms):
                raise Restart(hyperbolic_as_exp=True)
        cosine, sine = self._pair(argument, e, "circular" if isinstance(e, sp.sin | sp.cos) else "hyperbolic")
        return cosine if isinstance(e, sp.cos | sp.cosh) else sine

    def exp(self, argument: Fraction, kernel: sp.Expr) -> Fraction:
        """Return exp(argument); `kernel` is how the user writes it."""
        builder, result, whole = self.builder, self.builder.algebra.one, argument
        if self.pairs["hyperbolic"]:
            raise Restart(hyperbolic_as_exp=True)
        for log, base in builder.primitives.logarithms:
            share = self._coefficient(argument, log)
            if share:
                argument = argument - log * builder.algebra.rational(int(share.p), int(share.q))
                result = result * radicals.power(builder, base, share, kernel)
        if not argument:
            return result
        shares = rational_combination(argument, [*self.exp_arguments, *builder.primitives.exponents()])
        if shares is None:
            return result * self._new_exp(argument, kernel if argument == whole else self._rest(argument, kernel))
        count = len(self.exp_arguments)
        if any(shares[count:]):
            raise refusal(kernel, "its exponent contains an inverse hyperbolic function or a logarithm")
        self._require_integers(shares[:count], self.exp_arguments, sp.exp)
        for share, generator in zip(shares, self.exp_generators, strict=False):
            result = result * generator ** int(share)
        return result

    def _rest(self, argument: Fraction, kernel: sp.Expr) -> sp.Expr:
        """Write exp(argument) for what is left of `kernel`: t^(n+1) leaves t^n, as t is split off."""
        builder = self.builder
        if isinstance(kernel, sp.Pow) and kernel.base is not sp.E:
            exponent = argument / builder.element(sp.log(kernel.base))
            return sp.Pow(kernel.base, builder.expression(exponent))
        return sp.exp(builder.expression(argument), evaluate=False)

    def _new_exp(self, argument: Fraction, kernel: sp.Expr) -> Fraction:
        # The sign of the exponent stays as the user writes it: where exp(-u) decays, exp(u) would overflow.
        builder = self.builder
        expression, meaning = builder.expression(argument), kernel
        if isinstance(kernel, sp.exp) and not sp.exp(expression).is_Mul:
            meaning = sp.exp(expression)
        index = builder.next_index
        generator_of: Chain = ((lambda: generator, argument),)
        generator = builder.adjoin(meaning, generator_of)
        self.indices.add(index)
        self.units.add(index)
        self.exp_arguments.append(argument)
        self.exp_generators.append(generator)
        return generator

    def _coefficient(self, argument: Fraction, log: Fraction) -> sp.Rational:
        """The rational coefficient of a lone generator in `argument`, 0 if the denominator is not a number."""
        if not argument.den.is_constant():
            return sp.S.Zero
        (monomial,) = log.num.monoms()
        value = argument.num.to_dict().get(monomial, 0)
        return sp.Rational(int(value), int(argument.den.leading_coefficient()))

    def _pair(self, argument: Fraction, kernel: sp.Expr, kind: str) -> tuple[Fraction, Fraction]:
        """Return (cos, sin) or (cosh, sinh) of `argument`."""
        builder, algebra = self.builder, self.builder.algebra
        cosine, sine = algebra.one, algebra.zero
        if kind == "circular" and sp.pi in builder.known:
            share = self._coefficient(argument, builder.known[sp.pi])
            if share:
                argument = argument - builder.known[sp.pi] * algebra.rational(int(share.p), int(share.q))
                turned = sp.cos(share * sp.pi), sp.sin(share * sp.pi)
                if any(value.has(sp.sin, sp.cos) for value in turned):
                    raise refusal(kernel, f"cos({share * sp.pi}) is not known in square roots; put a symbol for it")
                cosine, sine = (builder.element(value) for value in turned)
        if not argument:
            return cosine, sine
        known = self.pairs[kind]
        shares = rational_combination(argument, [u for u, _, _ in known])
        if shares is None:
            self._refuse_inverse_functions(argument, kernel, kind)
            shares = [Ratio(0)] * len(known) + [Ratio(self._new_pair(argument, kind))]
        self._require_integers(shares, [u for u, _, _ in known], sp.cos if kind == "circular" else sp.cosh)
        sign = algebra.rational(-1 if kind == "circular" else 1)
        for share, (_, c, s) in zip(shares, known, strict=True):
            for _ in range(abs(int(share))):
                signed = s if share > 0 else -s
                cosine, sine = cosine * c + sign * sine * signed, sine * c + cosine * signed
        return cosine, sine

    def _new_pair(self, argument: Fraction, kind: str) -> int:
        """Adjoin cos and sin of +-argument, and return the sign."""
        builder, algebra = self.builder, self.builder.algebra
        expression = builder.expression(argument)
        inverted = expression.could_extract_minus_sign()
        if inverted:
            argument, expression = -argument, -expression
        even, odd = (sp.cos, sp.sin) if kind == "circular" else (sp.cosh, sp.sinh)
        minus = algebra.rational(-1 if kind == "circular" else 1)
        index = builder.next_index
        cosine = builder.adjoin(even(expression), ((lambda: minus * sine, argument),))
        radicand = 1 - cosine.num**2 if kind == "circular" else cosine.num**2 - 1
        sine = builder.adjoin_root(2, radicand, odd(expression), odd(expression))
        self.indices |= {index, *(i for i, m in enumerate(sine.num.degrees()) if m)}
        self.pairs[kind].append((argument, cosine, sine))
        return -1 if inverted else 1

    def _refuse_inverse_functions(self, argument: Fraction, kernel: sp.Expr, kind: str) -> None:
        hidden = self.builder.primitives.circular if kind == "circular" else self.builder.primitives.hyperbolic
        if hidden and self.builder.involves(argument, lambda i: i in hidden):
            raise refusal(kernel, "its argument contains an inverse function of the same family")

    def _require_integers(self, shares: list[Ratio], arguments: list[Fraction], head: type[sp.Function]) -> None:
        finer = [
            head(self.builder.expression(argument) / share.denominator)
            for share, argument in zip(shares, arguments, strict=True)
            if share.denominator != 1
        ]
        if finer:
            raise Restart(*finer)
