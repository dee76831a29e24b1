r"""E[f(z)] for z ~ N(0, v) by quadrature, to a stated error.

    E[f(z)] = int f(sqrt(v) t) exp(-t^2/2)/sqrt(2 pi) dt

tanh-sinh quadrature (Takahasi and Mori 1974) on the half lines, split at 0 where activations have their kinks; the
error is the difference between two levels of refinement, as mpmath estimates it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Rational
from typing import Any

import mpmath as mp
import sympy as sp

from symgeo.errors import InputError, NumericalError

Real = Any  # an mpmath number: its class has no static type


@dataclass(frozen=True)
class Quadrature:
    """An integral's value and its estimated absolute error."""

    value: Real
    error: Real


def expectation(f: Callable[[Real], Real], variance: object, digits: int = 30) -> Quadrature:
    """E[f(z)], z ~ N(0, v), to about `digits` digits.

    Args:
        f: a function of an mpf, smooth on each side of 0, growing less than exp(z^2/(2 v)).
        variance: v > 0, a number, a SymPy number or a string such as "0.1"; read at the working precision.
        digits: working precision; the error returned is an estimate, not a bound.

    Raises:
        InputError: unless v is a number above 0.
        NumericalError: where the integrand does not decay, or the error exceeds 10^(-digits/2) of the value.
    """
    with mp.workdps(digits + 10):
        v = _number(variance, digits + 10)
        if not v > 0:
            raise InputError(f"`variance` must be positive, not {variance}; at v = 0 the expectation is f(0)")
        root = mp.sqrt(v)

        def weighted(t: Real) -> Real:
            return f(root * t) * mp.npdf(t)

        # Beyond 4 sqrt(digits) standard deviations the weight is far below the last digit.
        reach = 4 * mp.sqrt(digits + 10)
        value, error = mp.quad(weighted, [-reach, -reach / 4, 0, reach / 4, reach], error=True)
        tail = max(abs(weighted(reach)), abs(weighted(-reach)))
        tolerance = mp.mpf(10) ** (-digits // 2) * max(abs(value), mp.mpf(10) ** -digits)
        if not mp.isfinite(value) or error > tolerance or tail > tolerance:
            raise NumericalError(
                f"`f` could not be integrated against N(0, {mp.nstr(v, 5)}): error {mp.nstr(error, 3)}, "
                f"integrand {mp.nstr(tail, 3)} far out; does E[f] exist?"
            )
        return Quadrature(value, error)


def _number(value: object, digits: int) -> Real:
    if isinstance(value, Rational):  # int, Fraction, SymPy's Rational
        return mp.mpf(int(value.numerator)) / int(value.denominator)
    try:
        return mp.mpf(sp.N(value, digits) if isinstance(value, sp.Expr) else value)
    except (TypeError, ValueError) as error:
        raise InputError(f"`variance` must be a positive number, not {value!r}") from error
