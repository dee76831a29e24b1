r"""Integration by parts as a check: two Gaussian means are equal if their integrands differ by a divergence.

    Divergence    over one variable z ~ N(0, v): with the density rho, the integrands differ by (rho h)' for a given h
    ByParts       over weights w_1, ..., w_d: they differ by sum of d/dw_i (rho h_i), for every d

What is integrated is zero only if rho h vanishes at infinity, which is why h is given over the density, and why it
must be tame: a sum of products of powers of the variables with at most one unspecified function of z each. Of that
function f it is assumed that it and its derivatives stay below C exp(a z^2) for some a < 1/(2 v): then rho h vanishes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import mpmath
import sympy as sp

from symgeo.derivation.checks import Sizes, fail, is_nothing, required
from symgeo.derivation.components import COORDINATES, Frame
from symgeo.derivation.compound import Mean
from symgeo.derivation.contraction import Algebra
from symgeo.derivation.evidence import Claim, Evidence, Side, weakest
from symgeo.derivation.functions import Jet, averages
from symgeo.derivation.language import DELTA, Index, Partial, Term, term
from symgeo.derivation.lawful import law_evidence
from symgeo.derivation.marginal import mean_of, means, reduced, require_linear, unaveraged
from symgeo.derivation.points import normal_jets, random_point, shown, value_at
from symgeo.derivation.rules import Rules
from symgeo.derivation.traversal import scalars
from symgeo.derivation.unary import Opaque
from symgeo.derivation.zero import is_zero
from symgeo.errors import InputError

_BOUNDED = (sp.sin, sp.cos, sp.tanh, sp.erf, sp.erfc, sp.atan)


def unspecified(flux: sp.Expr, z: sp.Symbol) -> int:
    """How many unspecified functions of z a tame flux multiplies at most.

    Raises:
        InputError: the flux is not tame: times a Gaussian density it may not vanish at infinity.
    """
    if not flux.has(z) or flux == z:
        return 0
    match flux:
        case sp.Add():
            return max(unspecified(part, z) for part in flux.args)
        case sp.Mul():
            return sum(unspecified(part, z) for part in flux.args)
        case sp.Pow() if flux.exp.is_Integer and flux.exp.is_positive:
            return int(flux.exp) * unspecified(flux.base, z)
        case Jet() if flux.args[2] == z:
            return 1
        case sp.exp() if _real_polynomial(flux.args[0], z) and _at_most_exponential(flux.args[0], z):
            return 0
        case _ if isinstance(flux, _BOUNDED) and _real_polynomial(flux.args[0], z):
            return 0
    raise InputError(
        f"`flux` must be made of powers of {z}, bounded functions and one unspecified function of {z}, so that it "
        f"vanishes at infinity times the density, got {flux}"
    )


def _at_most_exponential(exponent: sp.Expr, z: sp.Symbol) -> bool:
    """Whether exp(exponent) grows no faster than exp(a z) for some a: of degree 1, or falling in both directions."""
    degree = sp.degree(exponent, z)
    return bool(degree == 1 or (degree == 2 and sp.Poly(exponent, z).LC().is_negative))


def _real_polynomial(value: sp.Expr, z: sp.Symbol) -> bool:
    return bool(value.is_polynomial(z) and value.is_real)


def weight(expression: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """The integrand over the density of an expression that is linear in expectations.

    Raises:
        InputError: it is not linear in them.
    """
    found = averages(expression)
    names = {atom: sp.Dummy(f"E{place}") for place, atom in enumerate(found)}
    bare = sp.expand(expression.xreplace(names))
    coefficients = {atom: bare.coeff(name) for atom, name in names.items()}
    linear = sp.Add(*(coefficients[atom] * name for atom, name in names.items()))
    if sp.expand(bare - linear) != 0 or any(c.free_symbols & set(names.values()) for c in coefficients.values()):
        raise InputError(f"`sides` must be linear in expectations, got {expression}; check them by quadrature")
    if any(c.has(z) for c in coefficients.values()):
        raise InputError(f"`sides` must hold {z} only inside an expectation, got {expression}")
    return sp.Add(*(coefficients[atom] * average.weight for atom, average in found.items()))


@dataclass(frozen=True)
class Divergence:
    r"""The integrands of two neighbouring sides differ by (rho flux)', rho being the density.

    Means over weights of functions of one linear form are expectations over one variable (see `marginal`); with
    `flux` zero the sides are the same one-dimensional integral.

    Args:
        flux: a function of the variable; it is multiplied by the density here.
    """

    flux: sp.Expr

    def run(self, claim: Claim) -> Evidence:
        """Decide that difference minus divergence is zero."""
        over_weights = any(any(means(term(side))) for side in claim.sides)
        if over_weights:
            _ = mean_of(claim)
        note = ("exact, every d, " if over_weights else "exact, ") + ("by parts" if self.flux != 0 else "one integral")
        for left, right in claim.pairs():
            self._pair(claim, left, right, note)
        return Evidence("exact", note)

    def _pair(self, claim: Claim, left: Side, right: Side, note: str) -> None:
        z = _variable(claim)
        a, b = (
            reduced(side, claim.meanings, z) if isinstance(side, Term) else claim.meanings.expanded(side)
            for side in (left, right)
        )
        found = [*averages(a).values(), *averages(b).values()]
        if not found:
            raise InputError(f"`sides` of {claim.name} must hold an expectation, got none")
        variance = sp.expand(found[0].variance)
        if any(average.mean.variable != z or sp.expand(average.variance - variance) != 0 for average in found):
            raise InputError(f"`sides` of {claim.name} must average over one normal variable, of one variance")
        if not (z.is_real and variance.is_positive):
            raise InputError(f"`sides` of {claim.name} must average over a real variable of positive variance")
        flux = sp.expand(claim.meanings.expanded(sp.sympify(self.flux)))
        for summand in sp.Add.make_args(flux):
            if unspecified(summand, z) > 1:
                raise InputError(
                    f"`flux` must hold one unspecified function in each summand, since a product of two may outgrow "
                    f"the density, got {summand}"
                )
        rest = weight(a - b, z) - (sp.diff(flux, z) - z * flux / variance)
        if not is_zero(rest):
            rest = normal_jets(rest)
            point = random_point([rest], 1)
            value = mpmath.nstr(value_at(rest, point), 15)
            raise fail(
                claim,
                note,
                f"right side + {value} (integrands over the density, less the divergence)",
                "the integrand",
                shown(point),
            )


def _variable(claim: Claim) -> sp.Symbol:
    """The variable that the sides average over; a new one if they average over weights only."""
    for side in claim.sides:
        for value in scalars(term(side)):
            for average in averages(claim.meanings.expanded(value)).values():
                return average.mean.variable
    return sp.Dummy("z", real=True)


@dataclass(frozen=True)
class ByParts:
    r"""The integrands of two neighbouring sides differ by the sum of (1/rho) d(rho h)/dw_i over `fluxes`.

        (1/rho) d(rho h)/dw_i = dh/dw_i - w_i h / sigma^2

    It is decided in the algebra of indices, hence for every d, and in components for each d of `sizes`.

    Args:
        fluxes: pairs (i, h): an index of the weight, and a term that is multiplied by the density here. It is a
            polynomial in the weight, times at most one unspecified function of a linear form z of the weight.
        rules: of derivatives along the weight, with z among the letters.
        sizes: for the components.
        functions: how many unspecified functions a flux may multiply. For more than one the assumption is on their
            product: that it, with its derivatives, stays below the density's decay.
    """

    fluxes: tuple[tuple[Index, Term], ...]
    rules: Rules
    sizes: Sizes
    functions: int = 1

    def __post_init__(self) -> None:
        required(self.sizes, "ByParts")

    def run(self, claim: Claim) -> Evidence:
        """Decide that difference minus divergence is zero."""
        mean = mean_of(claim)
        if self.rules.along != mean.weight:
            raise InputError(
                f"`rules` of {claim.name} must be about derivatives along {mean.weight.name}, got "
                f"{self.rules.along.name}"
            )
        laws = law_evidence(self.rules, claim)
        algebra = Algebra(claim.meanings, self.rules)
        for _, flux in self.fluxes:
            _tame(flux, algebra, mean, self.functions)
        note = "exact, every d, by parts"
        for left, right in claim.pairs():
            rest = -self._divergence(mean)
            for sign, side in ((1, term(left)), (-1, term(right))):
                if not is_nothing(side):
                    rest = rest + sign * unaveraged(side)
            self._components(claim, rest, note)
            if algebra.difference(rest, 0 * rest):
                raise fail(claim, note, "right side + another integrand", "the integrand", "every point")
        own = Evidence("exact", note)
        worst = weakest([own, *laws])
        return own if worst.weakness == own.weakness else replace(worst, note=f"{note}, by rules [{worst.note}]")

    def _divergence(self, mean: Mean) -> Term:
        sigma, _ = mean.deviations
        shares = [
            Partial(index, flux, mean.weight) - mean.weight[index] * flux / term(sigma**2)
            for index, flux in self.fluxes
        ]
        return sum(shares[1:], shares[0]) if shares else term(0)

    def _components(self, claim: Claim, rest: Term, note: str) -> None:
        for d, n in self.sizes:
            frame = Frame(d, n, claim.meanings)
            for values, value in frame.components(rest, tuple(sorted(rest.free))):
                if not is_zero(value):
                    value = normal_jets(value)
                    point = random_point([value], 1)
                    excess = mpmath.nstr(value_at(value, point), 15)
                    where = f"d = {d}, indices {values}, {shown(point)}"
                    left = f"right side + {excess} (integrands over the density, less the divergence)"
                    raise fail(claim, note, left, "the integrand", where)


def _tame(flux: Term, algebra: Algebra, mean: Mean, functions: int) -> None:
    """Raise InputError unless each summand is powers of the weight times at most `functions` of a linear form."""
    for monomial in algebra.monomials(flux, {index: index for index in flux.free}):
        called = [letter for letter in monomial.letters if letter.call is not None]
        for letter in called:
            assert letter.call is not None
            if not isinstance(letter.call.function, Opaque):
                raise InputError(f"`fluxes` must hold unspecified functions only, got {letter.call.function.latex()}")
            require_linear(letter.tensor, mean, algebra.meanings)
        plain = {letter.tensor for letter in monomial.letters if letter.call is None}
        # Letters that are no weights are constants here, as the rules say.
        strange = plain - {mean.weight, mean.bias, DELTA, COORDINATES} - algebra.rules.constants
        if len(called) > functions or strange:
            raise InputError(
                f"`fluxes` must be powers of {mean.weight.name} times at most {functions} unspecified function of a "
                f"linear form of it, so that they vanish at infinity times the density, got {monomial}"
            )
