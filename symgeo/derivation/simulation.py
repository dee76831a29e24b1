"""Simulation as a check: both sides are numbers at given parameters, and the mean of what was simulated there.

Where what is claimed is the mean of something that no term of the language is (a whole random network, a posterior),
the derivation says in Python how one draws it, and this check compares: a z-score for each side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mpmath
import numpy as np
import sympy as sp
from jaxtyping import Float

from symgeo.derivation.checks import fail
from symgeo.derivation.evidence import Claim, Evidence
from symgeo.derivation.language import Term
from symgeo.derivation.points import normal_jets, recorded, shown
from symgeo.derivation.quadrature import Quadrature
from symgeo.derivation.sampling import Z_LIMIT
from symgeo.derivation.traversal import scalar
from symgeo.errors import CheckFailed, InputError


@dataclass(frozen=True)
class Simulation:
    """Every side, at the parameters `at`, is the mean of independent samples; expectations in it are integrated.

    Args:
        name: what is simulated, for the margin.
        draw: from a generator, the samples.
        at: a rational value for each symbol of the sides; `draw` uses the same.
        seed: of the generator.
    """

    name: str
    draw: Callable[[np.random.Generator], Float[np.ndarray, " samples"]]
    at: Mapping[sp.Symbol, sp.Rational | sp.Integer]
    seed: int

    def run(self, claim: Claim) -> Evidence:
        """Draw, and compare the mean with each side."""
        samples = self.draw(np.random.default_rng(self.seed))
        if samples.ndim != 1 or len(samples) < 2:
            raise InputError(f"`draw` of {claim.name} must answer at least two samples, got shape {samples.shape}")
        mean, error = float(samples.mean()), float(samples.std(ddof=1)) / len(samples) ** 0.5
        if not (np.isfinite(mean) and error > 0):
            raise CheckFailed(
                f"{claim.name} is not decided (simulation): what is drawn does not vary, or is not finite"
            )
        worst = 0.0
        point = {symbol: sp.Rational(value) for symbol, value in self.at.items()}
        for side in claim.sides:
            value = claim.meanings.expanded(scalar(side) if isinstance(side, Term) else side)
            missing = value.free_symbols - set(point)
            if missing:
                names = ", ".join(sorted(map(str, missing)))
                raise InputError(f"`at` of {claim.name} must give every symbol of the sides a value, {names} has none")
            number, _ = Quadrature(self.seed, digits=12).value(normal_jets(value), point)
            z = abs(mean - float(number)) / error
            if z > Z_LIMIT:
                how = f"simulation, z = {z:.1f}"
                raise fail(claim, how, mpmath.nstr(number, 8), f"{mean:.6g} +- {error:.1g}", shown(point))
            worst = max(worst, z)
        note = f"Monte Carlo, {self.name}, {len(samples):,} samples, |z| < {worst + 0.05:.1f}"
        return Evidence(
            "Monte Carlo",
            note,
            f"z = {worst:.1f}",
            seed=self.seed,
            points=(recorded(point),),
            samples=len(samples),
            z_score=f"{worst:.1f}",
        )
