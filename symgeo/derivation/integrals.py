r"""Checks of equations between expectations: by a divergence, by quadrature, by Monte Carlo.

Divergence    the integrands differ by the divergence of a flux that vanishes at infinity (integration by parts):
              exact, and for every function in it that grows less than the Gaussian decays
Quadrature    both sides integrated by mpmath (tanh-sinh) with its own estimate of the error
MonteCarlo    a sample mean over Gaussian weights against the other side: a z-score for every component
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import mpmath
import numpy as np
import sympy as sp
from scipy import special

from symgeo.derivation.checks import Sizes, counted, fail
from symgeo.derivation.components import Frame
from symgeo.derivation.evidence import Claim, Evidence, Side
from symgeo.derivation.functions import Expectation, Jet
from symgeo.derivation.language import Mean, Over, Plus, Scalar, Term, Times, term
from symgeo.derivation.points import Multiprecision, normal_jets, random_point, recorded, shown, value_at
from symgeo.derivation.zero import is_zero
from symgeo.errors import CheckFailed, InputError

Instances = Mapping[str, Callable[[sp.Expr], sp.Expr]]
"""Which function stands in for an unspecified one: its LaTeX name to the function."""

Z_LIMIT = 4.5
"""Largest z-score that passes: exceeded by chance in 7 of a million comparisons."""


def instantiated(expression: sp.Expr, instances: Instances) -> sp.Expr:
    """The expression with jets replaced by the derivatives of the functions given for them."""
    z = sp.Dummy("z", real=True)
    table = {}
    for jet in expression.atoms(Jet):
        name, order, argument = jet.args
        if str(name) in instances:
            table[jet] = sp.diff(instances[str(name)](z), z, int(order)).subs(z, argument)
    return expression.xreplace(table)


def integrand(expression: sp.Expr) -> sp.Expr:
    """The integrand of an expression that is linear in expectations over one variable.

    Raises:
        InputError: it is not linear in them.
    """
    means = sorted(expression.atoms(Expectation), key=str)
    names = {mean: sp.Dummy(f"E{place}") for place, mean in enumerate(means)}
    inert = {d: sp.Dummy(f"D{place}") for place, d in enumerate(sorted(expression.atoms(sp.Derivative), key=str))}
    bare = sp.expand(expression.xreplace(inert).xreplace(names))
    values: dict[sp.Expr, sp.Expr] = {names[mean]: mean.body * mean.density for mean in means}
    for derivative, name in inert.items():
        mean = derivative.expr
        values[name] = sp.diff(mean.body * mean.density, *derivative.variables)
    total = sp.Add(*(bare.coeff(name) * value for name, value in values.items()))
    linear = sp.Add(*(bare.coeff(name) * name for name in values))
    if sp.expand(bare - linear) != 0 or any(bare.coeff(name).free_symbols & set(values) for name in values):
        raise InputError(f"`sides` must be linear in expectations, got {expression}; check them by quadrature")
    return total


def term_integrand(value: Term, density: Term) -> Term:
    """The integrand of a term that is linear in `Mean`: density times what is averaged."""
    match value:
        case Mean(body):
            return density * body
        case Plus(terms):
            return Plus(tuple(term_integrand(part, density) for part in terms))
        case Over(numerator, denominator):
            return Over(term_integrand(numerator, density), denominator)
        case Times(factors):
            places = [place for place, factor in enumerate(factors) if _has_mean(factor)]
            if len(places) == 1:
                place = places[0]
                return Times((*factors[:place], term_integrand(factors[place], density), *factors[place + 1 :]))
    raise InputError("`sides` must be linear in expectations: one in each summand")


def _has_mean(value: Term) -> bool:
    match value:
        case Mean():
            return True
        case Plus(parts) | Times(parts):
            return any(_has_mean(part) for part in parts)
        case Over(numerator, _):
            return _has_mean(numerator)
    return False


@dataclass(frozen=True)
class Divergence:
    r"""The integrands of two neighbouring sides differ by a divergence.

    For expectations over one variable z, `flux` is the SymPy expression whose z-derivative is the difference of the
    integrands (density included). For `Mean`, it is the divergence itself as a term (derivatives along the weights),
    `density` the density of the weights up to a constant factor, and `sizes` say where components are compared.
    """

    flux: Side
    density: Term | None = None
    sizes: Sizes = ()

    def run(self, claim: Claim) -> Evidence:
        """Decide that difference minus divergence is zero."""
        note = "exact, by parts"
        for left, right in claim.pairs():
            if isinstance(self.flux, Term):
                self._terms(claim, term(left), term(right))
            else:
                a, b = (claim.meanings.expanded(side) for side in (left, right))
                (z,) = {mean.variable for mean in (a - b).atoms(Expectation)}
                rest = integrand(a - b) - sp.diff(self.flux, z)
                if not is_zero(rest):
                    point = random_point([normal_jets(rest)], 1)
                    value = mpmath.nstr(value_at(normal_jets(rest), point), 15)
                    raise fail(
                        claim,
                        note,
                        f"right side + {value} (integrands, less the divergence)",
                        "the integrand",
                        shown(point),
                    )
        if self.sizes:
            note += ", d = " + ", ".join(str(d) for d, _ in self.sizes)
        return Evidence("exact", note, sizes=self.sizes)

    def _terms(self, claim: Claim, left: Term, right: Term) -> None:
        assert isinstance(self.flux, Term)
        if self.density is None:
            raise InputError("`density` must be given where `flux` is a term; give the density of the weights")
        for d, n in self.sizes:
            frame = Frame(d, n, claim.meanings)
            difference = term_integrand(left, self.density) - term_integrand(right, self.density)
            indices = tuple(sorted(self.flux.free))
            for (values, a), (_, b) in zip(
                frame.components(difference, indices), frame.components(self.flux, indices), strict=True
            ):
                if not is_zero(a - b):
                    point = random_point([normal_jets(a), normal_jets(b)], 1)
                    both = [mpmath.nstr(value_at(normal_jets(side), point), 15) for side in (a, b)]
                    raise fail(
                        claim,
                        "difference of integrands = divergence",
                        *both,
                        f"d = {d}, indices {values}, {shown(point)}",
                    )


@dataclass(frozen=True)
class Quadrature:
    """Both sides as numbers at random points, integrals by mpmath, unspecified functions by `instances`.

    Args:
        seed: of the points.
        instances: functions for the unspecified ones.
        points: how many.
        digits: agreement asked for, which the error estimate of the quadrature must reach as well.
    """

    seed: int
    instances: Instances = field(default_factory=dict)
    points: int = 2
    digits: int = 20

    def run(self, claim: Claim) -> Evidence:
        """Integrate and compare."""
        used: list[tuple[tuple[str, str], ...]] = []
        for left, right in claim.pairs():
            sides = [normal_jets(instantiated(claim.meanings.expanded(side), self.instances)) for side in (left, right)]
            for seed in range(self.seed, self.seed + self.points):
                point = random_point(
                    [side.doit() if not side.atoms(Expectation, sp.Integral) else side for side in sides], seed
                )
                used.append(recorded(point))
                with mpmath.workdps(self.digits + 15):
                    a, b = (self._value(side, point, claim) for side in sides)
                    if abs(a - b) > mpmath.mpf(10) ** (-self.digits) * max(1, abs(a)):
                        raise fail(claim, "quadrature", mpmath.nstr(a, 15), mpmath.nstr(b, 15), shown(point))
        note = f"quadrature, {self.digits} digits, {counted(self.points)}"
        return Evidence("quadrature", note, f"< 1e-{self.digits}", seed=self.seed, points=tuple(dict.fromkeys(used)))

    def _value(self, side: sp.Expr, point: Mapping[sp.Expr, sp.Rational], claim: Claim) -> Multiprecision:
        table: dict[sp.Expr, sp.Expr] = {}
        for derivative in side.atoms(sp.Derivative):
            mean = derivative.expr
            moved = sp.Integral(
                sp.diff(mean.body * mean.density, *derivative.variables), (mean.variable, -sp.oo, sp.oo)
            )
            table[derivative] = moved
        side = side.xreplace(table)
        integrals = {e: e.integral() for e in side.atoms(Expectation)} | {e: e for e in side.atoms(sp.Integral)}
        values = {e: sp.Float(self._integral(i, point, claim), self.digits + 15) for e, i in integrals.items()}
        return value_at(side.xreplace(values), point, self.digits + 15)

    def _integral(self, integral: sp.Integral, point: Mapping[sp.Expr, sp.Rational], claim: Claim) -> Multiprecision:
        z, low, high = integral.limits[0].args  # pyright: ignore[reportAttributeAccessIssue]
        function = sp.lambdify(z, integral.function.xreplace(point), modules="mpmath", cse=True)
        ends = [sp.lambdify((), sp.sympify(end).xreplace(point), modules="mpmath")() for end in (low, high)]
        middle = [mpmath.mpf(0)] if ends[0] < 0 < ends[1] else []
        value, error = mpmath.quad(lambda u: mpmath.mpmathify(function(u)), [ends[0], *middle, ends[1]], error=True)
        if error > mpmath.mpf(10) ** (-self.digits):
            raise CheckFailed(
                f"{claim.name}: the quadrature of {integral} reached only an error of {mpmath.nstr(error, 3)} at "
                f"{shown(point)}; ask for fewer digits"
            )
        return value


@dataclass(frozen=True)
class MonteCarlo:
    """The first side, linear in `Mean`, sampled; the second evaluated; a z-score for each component.

    Args:
        seed: of the samples and of the point.
        samples: how many weights and biases are drawn.
        instances: functions for the unspecified ones.
        d: number of inputs.
        deviations: standard deviations of weight and bias as symbols, sigma and zeta.
    """

    seed: int
    samples: int
    instances: Instances
    d: int
    deviations: tuple[sp.Symbol, sp.Symbol]

    def run(self, claim: Claim) -> Evidence:
        """Sample, evaluate, compare."""
        left, right = (term(side) for side in claim.sides[:2])
        frame = Frame(self.d, 1, claim.meanings)
        mean = _mean_of(left)
        averaged = term_integrand(left, Scalar(sp.S.One))
        indices = tuple(sorted(right.free))
        weights = frame.coordinates(mean.weight)
        bias = frame.evaluate(mean.bias[()], {})
        rows = [
            (values, instantiated(a, self.instances), instantiated(b, self.instances).doit())
            for (values, a), (_, b) in zip(
                frame.components(averaged, indices), frame.components(right, indices), strict=True
            )
        ]
        symbols = set().union(*(row[1].free_symbols | row[2].free_symbols for row in rows)) - {*weights, bias}
        point = random_point([sp.Add(*sorted(symbols | set(self.deviations), key=str))], self.seed)
        drawn = np.random.default_rng(self.seed).standard_normal((self.d + 1, self.samples))
        sigma, zeta = (float(point[s]) for s in self.deviations)
        worst = 0.0
        for values, a, b in rows:
            function = sp.lambdify(
                [*weights, bias], a.xreplace(point), modules=[{"erf": special.erf}, "numpy"], cse=True
            )
            sample = np.broadcast_to(function(*(sigma * drawn[: self.d]), zeta * drawn[self.d]), self.samples)
            expected = float(value_at(b, point, 30))
            average, error = float(sample.mean()), float(sample.std(ddof=1)) / self.samples**0.5
            z = abs(average - expected) / error
            worst = max(worst, z)
            if z > Z_LIMIT:
                raise fail(
                    claim,
                    f"Monte Carlo, z = {z:.1f}",
                    f"{average:.6g} +- {error:.1g}",
                    f"{expected:.6g}",
                    f"d = {self.d}, indices {values}, {shown(point)}",
                )
        note = f"Monte Carlo, d = {self.d}, {self.samples:,} samples, |z| < {worst + 0.05:.1f}"
        return Evidence(
            "Monte Carlo",
            note,
            f"z = {worst:.1f}",
            ((self.d, 1),),
            self.seed,
            (recorded(point),),
            self.samples,
            f"{worst:.1f}",
        )


def _mean_of(value: Term) -> Mean:
    match value:
        case Mean():
            return value
        case Times(parts) | Plus(parts):
            return next(_mean_of(part) for part in parts if _has_mean(part))
        case Over(numerator, _):
            return _mean_of(numerator)
    raise InputError("`sides` of a Monte Carlo check must begin with one that holds an expectation over weights")
