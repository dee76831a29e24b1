"""The way into the field: SymPy expressions, kernel by kernel, each adjoined once with the certificate that it is new.

The algebra that is filled here is roomy: roots take its first variables, from the last of them down, so that a root
comes before what its radicand contains; everything else takes the variables after them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.field import exponentials, functions, primitives, radicals
from symgeo.geometry.field.algebra import Algebra, Fraction, Poly
from symgeo.geometry.field.kernels import Chain, Generator, Restart, refusal


class Builder:
    """A field that grows by the kernels of the expressions it is given."""

    def __init__(self, coordinates: tuple[sp.Symbol, ...], order: int, capacity: int, hyperbolic_as_exp: bool) -> None:
        """Start with the coordinates alone.

        Args:
            coordinates: what to differentiate with respect to.
            order: how many derivatives of open kernels (undefined functions, say) to adjoin.
            capacity: how many roots, and how many other generators, there is room for.
            hyperbolic_as_exp: write sinh and cosh in exp, for expressions that have both.
        """
        self.coordinates = coordinates
        self.order = order
        self.capacity = capacity
        self.hyperbolic_as_exp = hyperbolic_as_exp
        self.algebra = Algebra([f"a{i}" for i in range(capacity)] + [f"t{i}" for i in range(capacity)], canonical=True)
        self.generators: list[Generator] = []
        self.by_index: dict[int, Generator] = {}
        self.known: dict[sp.Expr, Fraction] = {}
        self.roots: dict[Any, tuple[int, Fraction]] = {}  # by the key of what the root is taken of
        self.certificate = radicals.Certificate(self)
        self.exponentials = exponentials.Exponentials(self)
        self.primitives = primitives.Primitives(self)
        self.functions = functions.Functions(self)
        self._levels: dict[int, int] = {}
        self._free_root, self._free_other = capacity, capacity
        self._generation = 0
        for coordinate in coordinates:
            self.element(coordinate)

    # --- from SymPy -------------------------------------------------------------------------------------------------

    def element(self, expression: sp.Expr) -> Fraction:
        """Return the element of `expression`, adjoining the kernels it needs.

        Raises:
            InputError: naming a kernel that the field cannot hold.
        """
        if expression not in self.known:
            self.known[expression] = self._element(expression)
        return self.known[expression]

    def _element(self, e: sp.Expr) -> Fraction:
        algebra = self.algebra
        if e.is_Rational:
            return algebra.rational(int(e.p), int(e.q))
        if e.is_Symbol or e is sp.pi:
            return self.adjoin(e)
        if e.is_Add:
            total = algebra.zero
            for term in e.args:
                total = total + self.element(term)
            return total
        if e.is_Mul:
            total = algebra.one
            for factor in e.args:
                total = total * self.element(factor)
            return total
        if e is sp.E:
            return self.exponentials.exp(algebra.one, e)
        if isinstance(e, sp.Pow):
            return self._power(e)
        for rewriting in (exponentials.rewritten, primitives.rewritten):
            other = rewriting(e)
            if other is not None:
                return self.element(other)
        for room in (self.exponentials, self.primitives, self.functions):
            if room.holds(e):
                return room.element(e)
        raise refusal(e, "its derivatives do not close on functions known to be independent")

    def _power(self, e: sp.Pow) -> Fraction:
        base = self.element(e.base)
        if e.exp.is_Integer:
            if e.exp < 0 and not base:
                raise InputError(f"`arithmetic`: {e} divides by zero, since its base vanishes identically")
            return base ** int(e.exp)
        if e.exp.is_Rational:
            return radicals.power(self, base, e.exp, e)
        return self.exponentials.exp(self.element(e.exp) * self.element(sp.log(e.base)), e)

    # --- back to SymPy ----------------------------------------------------------------------------------------------

    def expression(self, element: Fraction) -> sp.Expr:
        """Return `element` as SymPy writes it, unfactored: what generators mean, and what errors show."""
        return self._polynomial(element.num) / self._polynomial(element.den)

    def _polynomial(self, poly: Poly) -> sp.Expr:
        terms = []
        for exponents, value in poly.to_dict().items():
            powers = [self.by_index[i].meaning ** int(m) for i, m in enumerate(exponents) if m]
            terms.append(sp.Mul(sp.Integer(int(value)), *powers))
        return sp.Add(*terms)

    # --- generators -------------------------------------------------------------------------------------------------

    def adjoin(self, meaning: sp.Expr, chain: Chain = (), *, open_: bool = False) -> Fraction:
        """Return a new transcendental generator with its chain rule."""
        if self._free_other == 2 * self.capacity:
            raise Restart(capacity=2 * self.capacity)
        index, self._free_other = self._free_other, self._free_other + 1
        self._add(Generator(index, meaning, chain, self._generation, open_))
        return self.algebra.variable(index)

    def adjoin_root(self, degree: int, radicand: Poly, meaning: sp.Expr, kernel: sp.Expr) -> Fraction:
        """Return a new root v, v^degree = radicand; dv = v d(radicand) / (degree radicand)."""
        if self._free_root == 0:
            raise Restart(capacity=2 * self.capacity)
        self._free_root -= 1
        index, algebra = self._free_root, self.algebra
        self._levels[index] = 1 + self.level(radicand)
        algebra.relate(index, degree, radicand)
        argument = Fraction(algebra, radicand, algebra.one_poly)
        root = algebra.variable(index)
        chain: Chain = ((lambda: root / argument * algebra.rational(1, degree), argument),)
        self._add(Generator(index, meaning, chain, self._generation))
        self.certificate.adjoin(algebra.relations[0], kernel)
        return root

    def _add(self, generator: Generator) -> None:
        self.generators.append(generator)
        self.by_index[generator.index] = generator

    def meaning(self, index: int) -> sp.Expr:
        """Return the function that the variable at `index` stands for."""
        return self.by_index[index].meaning

    def level(self, poly: Poly) -> int:
        """Return the highest level of the roots in `poly`, 0 if there is none."""
        degrees = poly.degrees()
        return max((level for index, level in self._levels.items() if degrees[index] > 0), default=0)

    def involves(self, element: Fraction, indices: Callable[[int], bool]) -> bool:
        """Say whether `element` contains a generator that `indices` selects."""
        degrees = [max(n, d) for n, d in zip(element.num.degrees(), element.den.degrees(), strict=True)]
        return any(m > 0 and indices(i) for i, m in enumerate(degrees))

    # --- derivations ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Differentiate every generator, adjoining what their derivatives need, open kernels up to the order."""
        position = 0
        while position < len(self.generators):
            generator = self.generators[position]
            self._generation = generator.generation + 1
            generator.derivatives = self._derivatives(generator)
            position += 1

    def certify(self) -> None:
        """Refuse two families of functions that are one over the complex numbers, if sqrt(-1) may be in the field.

        cos(sqrt(k) r) = cosh(sqrt(-k) r), erf(i u) = i erfi(u), and so on: independence is known over real fields.

        Raises:
            InputError: naming one function of each of the two families.
        """
        held = {_family(g.meaning): g.meaning for g in self.generators}
        held.pop("", None)
        if len(held) > 1 and not self.certificate.excludes_i():
            first, second = list(held.values())[:2]
            raise refusal(second, f"beside {first} it is not certainly independent, as the roots may make sqrt(-1)")

    def _derivatives(self, generator: Generator) -> list[Fraction | None]:
        zero = self.algebra.zero
        if not generator.chain:
            return [self.algebra.one if generator.meaning == x else zero for x in self.coordinates]
        arguments = [[self.derivative(argument, k) for _, argument in generator.chain] for k in range(self.size)]
        needed = [any(row[i] is None or row[i] for row in arguments) for i in range(len(generator.chain))]
        if not any(needed):
            return [zero] * self.size
        if generator.open and generator.generation >= self.order:
            return [None if any(d is None or d for d in row) else zero for row in arguments]
        partials = [partial() if needed[i] else zero for i, (partial, _) in enumerate(generator.chain)]
        derivatives: list[Fraction | None] = []
        for row in arguments:
            total: Fraction | None = zero
            for partial, argument in zip(partials, row, strict=True):
                if argument is None and partial:
                    total = None
                elif total is not None and argument is not None:
                    total = total + partial * argument
            derivatives.append(total)
        return derivatives

    @property
    def next_index(self) -> int:
        """The variable that the next transcendental generator will take."""
        return self._free_other

    @property
    def size(self) -> int:
        """The number of coordinates."""
        return len(self.coordinates)

    def derivative(self, element: Fraction, k: int) -> Fraction | None:
        """Return d element / d x^k, or None where it needs a derivative beyond the order."""
        algebra, parts = self.algebra, []
        for poly in (element.num, element.den):
            total = algebra.zero
            for index, degree in enumerate(poly.degrees()):
                if degree > 0:
                    rate = self.by_index[index].derivatives[k]
                    if rate is None:
                        return None
                    if rate:
                        total = total + algebra.fraction(poly.derivative(index), algebra.one_poly) * rate
            parts.append(total)
        num, den = (Fraction(algebra, poly, algebra.one_poly) for poly in (element.num, element.den))
        return parts[0] / den - num * parts[1] / den / den


def _family(kernel: sp.Basic) -> str:
    """What a kernel is related to over the real numbers; "" for roots, symbols and undefined functions."""
    if isinstance(kernel, sp.sin | sp.cos):
        return "circular"
    if isinstance(kernel, sp.exp | sp.sinh | sp.cosh) or (kernel.is_Pow and not kernel.exp.is_Rational):
        return "exponential"
    if isinstance(kernel, sp.log):
        return "hyperbolic"
    return primitives.FAMILY.get(kernel.func, "")
