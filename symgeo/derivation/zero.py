"""Is an expression proved to be zero? The differential field of `symgeo.geometry.field` decides."""

from __future__ import annotations

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import field


def is_zero(expression: sp.Expr) -> bool:
    """Whether `expression` is proved to be zero; False where it is not zero, or no field holds it.

    >>> s = sp.Symbol("s", positive=True)
    >>> is_zero(sp.log(s**2) - 2 * sp.log(s)), is_zero(sp.gamma(s + 1) - s * sp.gamma(s))
    (True, False)
    """
    try:
        return field.is_zero(expression)
    except InputError:
        return False
