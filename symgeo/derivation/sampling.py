r"""Means over Gaussian weights evaluated in all d + 1 dimensions, without reduction: both sides as numbers.

    MonteCarlo    samples of what is averaged: a z-score for every component
    Cubature      the product Gauss-Hermite rule, with two numbers of nodes:

        E[f(w, b)] = sum_k c_{k_1} ... c_{k_{d+1}} f(sigma u_{k_1}, ..., sigma u_{k_d}, zeta u_{k_{d+1}})

The rule is exact for polynomials below degree twice the number of nodes, and converges faster than geometrically for
entire functions that grow slowly (degrees and cosines, not exp(-z^2) with a large variance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import mpmath
import numpy as np
import sympy as sp
from jaxtyping import Float
from scipy import special

from symgeo.derivation.checks import fail, fits, indices_of, undecided, verdict
from symgeo.derivation.components import Frame
from symgeo.derivation.evidence import Claim, Evidence
from symgeo.derivation.functions import averages
from symgeo.derivation.language import term
from symgeo.derivation.marginal import mean_of, means, unaveraged
from symgeo.derivation.points import DIGITS, Point, random_point, recorded, shown, value_at
from symgeo.derivation.quadrature import Instances, instantiated
from symgeo.errors import CheckFailed, InputError

Draws: TypeAlias = Float[np.ndarray, "weights samples"]
"""Standard normal numbers or nodes: a row for each component of the weight, and one for the bias."""

Z_LIMIT = 4.5
"""Largest z-score that passes: exceeded by chance in 7 of a million comparisons."""

ROUNDING = 1e-12
"""Smallest deviation of the samples, relative to the largest, that is no rounding of float64."""


@dataclass(frozen=True)
class _Row:
    """One component of one pair of sides, as functions of the draws; `averaged` says whether any of them is."""

    where: str
    left: Callable[[Draws], Float[np.ndarray, " samples"]]
    right: Callable[[Draws], Float[np.ndarray, " samples"]]
    exact: tuple[sp.Expr, sp.Expr]
    averaged: bool


def _rows(claim: Claim, d: int, instances: Instances, seed: int) -> tuple[Point, list[_Row]]:
    """The components of all pairs of sides at a random point, functions put in."""
    fits(claim, d, 1)
    frame = Frame(d, 1, claim.meanings)
    mean = mean_of(claim)
    randoms = [*frame.coordinates(mean.weight), frame.evaluate(mean.bias[()], {})]
    table: list[tuple[str, sp.Expr, sp.Expr, bool]] = []
    for left, right in claim.pairs():
        left, right = term(left), term(right)
        indices = indices_of(left, right)
        averaged = any(means(left)) or any(means(right))
        sides = zip(
            frame.components(unaveraged(left), indices), frame.components(unaveraged(right), indices), strict=True
        )
        for (values, a), (_, b) in sides:
            table.append((f"d = {d}, indices {values}", a, b, averaged))
    table = _integrated(table, instances)
    symbols = set().union(*(a.free_symbols | b.free_symbols for _, a, b, _ in table)) - set(randoms)
    point = random_point([sp.Add(*sorted(symbols | set(mean.deviations), key=str))], seed)
    sigma, zeta = (float(point[deviation]) for deviation in mean.deviations)

    def function(value: sp.Expr) -> Callable[[Draws], Float[np.ndarray, " samples"]]:
        if not value.free_symbols & set(randoms):
            number = float(value_at(value, point, 30))
            return lambda draws: np.full(draws.shape[1], number)
        body = sp.lambdify(randoms, value.xreplace(point), modules=[{"erf": special.erf}, "numpy"], cse=True)
        return lambda draws: np.broadcast_to(body(*(sigma * draws[:-1]), zeta * draws[-1]), draws.shape[1])

    return point, [_Row(place, function(a), function(b), (a, b), averaged) for place, a, b, averaged in table]


def _integrated(
    table: list[tuple[str, sp.Expr, sp.Expr, bool]], instances: Instances
) -> list[tuple[str, sp.Expr, sp.Expr, bool]]:
    """The components with functions put in, and their one-dimensional expectations integrated."""
    table = [
        (place, instantiated(a, instances), instantiated(b, instances), averaged) for place, a, b, averaged in table
    ]
    found = {atom: average for _, a, b, _ in table for side in (a, b) for atom, average in averages(side).items()}
    values = {atom: average.done() for atom, average in found.items()}
    return [(place, a.xreplace(values), b.xreplace(values), averaged) for place, a, b, averaged in table]


def _constants(claim: Claim, row: _Row, point: Point) -> None:
    """Compare two sides neither of which is averaged."""
    a, b = (value_at(side, point) for side in row.exact)
    where = f"{row.where}, {shown(point)}"
    found = verdict(a, b, DIGITS)
    if found == "different":
        raise fail(claim, "sides without expectation", mpmath.nstr(a, 15), mpmath.nstr(b, 15), where)
    if found == "undecided" and not row.exact[0] == row.exact[1] == 0:
        raise undecided(claim, "sides without expectation", where)


@dataclass(frozen=True)
class MonteCarlo:
    """All sides, linear in `Mean`, sampled with the same weights; a z-score for each component of each pair.

    Args:
        seed: of the samples and of the point.
        samples: how many weights and biases are drawn.
        instances: functions for the unspecified ones.
        d: number of inputs.
    """

    seed: int
    samples: int
    instances: Instances
    d: int

    def __post_init__(self) -> None:
        if self.samples < 2 or self.d < 1:
            raise InputError(
                f"`samples` of MonteCarlo must be at least 2 and `d` at least 1, got {self.samples} and {self.d}"
            )

    def run(self, claim: Claim) -> Evidence:
        """Sample both sides, compare."""
        point, rows = _rows(claim, self.d, self.instances, self.seed)
        drawn = np.random.default_rng(self.seed).standard_normal((self.d + 1, self.samples))
        worst = max(self._row(claim, row, point, drawn) for row in rows)
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

    def _row(self, claim: Claim, row: _Row, point: Point, drawn: Draws) -> float:
        if not row.averaged:
            _constants(claim, row, point)
            return 0.0
        left, right = row.left(drawn), row.right(drawn)
        difference = left - right
        error = float(difference.std(ddof=1)) / self.samples**0.5
        if not error * self.samples**0.5 > ROUNDING * float(max(abs(left).max(), abs(right).max())):
            raise CheckFailed(
                f"{claim.name} is not decided (Monte Carlo): what is sampled does not vary at {row.where}; check it "
                "exactly"
            )
        z = abs(float(difference.mean())) / error
        if z > Z_LIMIT:
            raise fail(
                claim,
                f"Monte Carlo, z = {z:.1f}",
                f"{left.mean():.6g} +- {error:.1g}",
                f"{right.mean():.6g}",
                f"{row.where}, {shown(point)}",
            )
        return z


@dataclass(frozen=True)
class Cubature:
    """All sides, linear in `Mean`, by a product Gauss-Hermite rule, to `digits` digits of the larger side.

    Args:
        seed: of the point.
        instances: functions for the unspecified ones, entire and of slow growth.
        d: number of inputs; there are nodes ** (d + 1) nodes.
        nodes: in each dimension; the error is what a rule with four fewer makes of it, and must be smaller.
        digits: agreement asked for.
    """

    seed: int
    instances: Instances
    d: int
    nodes: int = 24
    digits: int = 10

    def __post_init__(self) -> None:
        if self.nodes < 6 or self.d < 1 or not 1 <= self.digits <= 12:
            raise InputError(
                f"`nodes` of Cubature must be at least 6, `d` at least 1 and `digits` 1 to 12, got {self.nodes}, "
                f"{self.d} and {self.digits}"
            )

    def run(self, claim: Claim) -> Evidence:
        """Sum both sides over the nodes, compare."""
        point, rows = _rows(claim, self.d, self.instances, self.seed)
        fine, coarse = (_rule(nodes, self.d + 1) for nodes in (self.nodes, self.nodes - 4))
        for row in rows:
            if not row.averaged:
                _constants(claim, row, point)
                continue
            where = f"{row.where}, {shown(point)}"
            (a, error_a), (b, error_b) = (_summed(side, fine, coarse) for side in (row.left, row.right))
            size = max(abs(a), abs(b))
            if not max(error_a, error_b) < 10.0**-self.digits * size:
                raise CheckFailed(
                    f"{claim.name} is not decided (cubature): sides of size {size:.3g} are known to "
                    f"{max(error_a, error_b):.1g} only, at {where}; take more nodes"
                )
            if abs(a - b) > 10.0**-self.digits * size:
                raise fail(claim, "cubature", f"{a:.12g}", f"{b:.12g}", where)
        note = f"quadrature over w and b, d = {self.d}, {self.digits} digits"
        return Evidence("quadrature", note, f"< 1e-{self.digits}", ((self.d, 1),), self.seed, (recorded(point),))


_Rule: TypeAlias = tuple[Draws, Float[np.ndarray, " samples"]]


def _rule(nodes: int, dimension: int) -> _Rule:
    """Nodes and weights of the mean over `dimension` independent standard normal variables."""
    places, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    grid = np.stack([axis.ravel() for axis in np.meshgrid(*[places] * dimension, indexing="ij")])
    shares = np.stack([axis.ravel() for axis in np.meshgrid(*[weights] * dimension, indexing="ij")])
    return grid, shares.prod(axis=0)


def _summed(side: Callable[[Draws], Float[np.ndarray, " samples"]], fine: _Rule, coarse: _Rule) -> tuple[float, float]:
    """The mean by the fine rule, and how far the coarse one is from it."""
    value, other = (float(weights @ side(nodes)) for nodes, weights in (fine, coarse))
    return value, abs(value - other)
