r"""Exponential time stepping for y' = L y + N(t, y) with a diagonal stiff L (Cox and Matthews 2002; ETDRK4).

    a = e^{z/2} y + (h/2) phi_1(z/2) N(y),              b = e^{z/2} y + (h/2) phi_1(z/2) N(a),
    c = e^{z/2} a + (h/2) phi_1(z/2) (2 N(b) - N(y)),   z = h L,
    y+ = e^z y + h [(phi_1 - 3 phi_2 + 4 phi_3) N(y) + 2 (phi_2 - 2 phi_3)(N(a) + N(b)) + (4 phi_3 - phi_2) N(c)].

Fourth order. For u' = a u'' split as L = c d^2, N = (a - c) u'', a mode with c k^2 h -> infinity is multiplied by
2 q^4 - q^2, q = 1 - a/c: stable for 0 <= a <= 2 c, whatever the step. The error of a step is that of two halves against
a whole, |y_2 - y_1| / 15.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy import ndarray

from symgeo.errors import NumericalError

Remainder = Callable[[float, ndarray], ndarray]

# Below this |z| the phi functions are summed as series: (e^z - 1 - z - z^2/2)/z^3 loses |z|^-3 of its digits.
SERIES_BELOW = 1.0
SERIES_TERMS = 20
# A step is accepted as it is unless it could be this much longer: new steps need new coefficients.
GROWTH = 1.4


class LostPositivity(NumericalError):
    """A stage at which the metric is not positive: the step is tried again, shorter."""


class StepUnderflow(NumericalError):
    """No step is short enough."""


def phi(z: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """phi_1 = (e^z - 1)/z, phi_2 = (phi_1 - 1)/z, phi_3 = (phi_2 - 1/2)/z for z <= 0."""
    small = np.abs(z) < SERIES_BELOW
    safe = np.where(small, -1.0, z)
    one = np.expm1(safe) / safe
    two = (one - 1) / safe
    direct = (one, two, (two - 0.5) / safe)
    near = np.where(small, z, 0.0)
    series = []
    for k in (1, 2, 3):
        total = np.zeros_like(near)
        for j in reversed(range(SERIES_TERMS)):
            total = total * near + 1 / math.factorial(j + k)
        series.append(total)
    one, two, three = (np.where(small, s, d) for s, d in zip(series, direct, strict=True))
    return one, two, three


class ExponentialStepper:
    """Steps of ETDRK4 for a given diagonal `linear` (real, nonpositive)."""

    def __init__(self, linear: ndarray, remainder: Remainder) -> None:
        self.linear, self.remainder = linear, remainder
        self._tables: dict[float, tuple[ndarray, ...]] = {}

    def _table(self, h: float) -> tuple[ndarray, ...]:
        if h not in self._tables:
            if len(self._tables) > 3:
                self._tables.clear()
            z = h * self.linear
            one, two, three = phi(z)
            self._tables[h] = (
                np.exp(z),
                np.exp(z / 2),
                h / 2 * phi(z / 2)[0],
                h * (one - 3 * two + 4 * three),
                2 * h * (two - 2 * three),
                h * (4 * three - two),
            )
        return self._tables[h]

    def step(self, t: float, y: ndarray, h: float, n: ndarray | None = None) -> ndarray:
        """y(t + h) from y(t); `n` is N(t, y) where it is known."""
        e, e2, half, first, middle, last = self._table(h)
        n = self.remainder(t, y) if n is None else n
        y2 = e2 * y
        a = y2 + half * n
        n_a = self.remainder(t + h / 2, a)
        b = y2 + half * n_a
        n_b = self.remainder(t + h / 2, b)
        n_c = self.remainder(t + h, e2 * a + half * (2 * n_b - n))
        return e * y + first * n + middle * (n_a + n_b) + last * n_c


def adaptive(
    stepper: Callable[[ndarray], ExponentialStepper],
    size: Callable[[ndarray], float],
    t: float,
    y: ndarray,
    stops: ndarray,
    first_step: float,
    tolerance: float,
) -> Iterator[tuple[float, ndarray]]:
    """States after each accepted step, each of `stops` among them.

    Args:
        stepper: what steps from a state.
        size: a norm; the error of a step is kept below tolerance * size(y).
        t: where y belongs.
        y: the start.
        stops: increasing times after t.
        first_step: the first try.
        tolerance: relative error of a step.

    Raises:
        StepUnderflow: the step falls below what time can resolve.
    """
    h = first_step
    for stop in stops:
        while t < stop:
            left = stop - t
            # Two equal steps rather than a long one and a sliver.
            trial = left if left <= h * (1 + 1e-9) else (left / 2 if left < 2 * h else h)
            if trial <= 8 * np.finfo(float).eps * max(abs(t), abs(stop)):
                raise StepUnderflow(f"`t` = {t:.10g}: the step fell to {trial:.1e}, which time cannot resolve")
            method = stepper(y)
            try:
                n = method.remainder(t, y)
                whole = method.step(t, y, trial, n)
                halves = method.step(t + trial / 2, method.step(t, y, trial / 2, n), trial / 2)
                error = size(halves - whole) / 15 / (tolerance * size(halves))
            except LostPositivity:
                error = math.inf
            if not error <= 1:
                h = trial * (max(0.2, 0.9 * error**-0.2) if math.isfinite(error) else 0.25)
                continue
            t = float(stop) if trial == left else t + trial
            y = halves
            longer = min(4.0, 0.9 * max(error, 1e-10) ** -0.2)
            if longer > GROWTH or trial > h:
                h = max(h, trial * longer)
            yield t, y
