r"""Functions on [-1, 1] by their values at Chebyshev points, x_j = cos(pi j / n).

    f'(x_i) = sum_j D_ij f(x_j)         (Trefethen, Spectral Methods in MATLAB, chapter 6)

An analytic function is held to an error that falls geometrically with the number of points.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import fft

from symgeo.errors import InputError


class Chebyshev:
    """The grid of n + 1 points, from 1 down to -1.

    Raises:
        InputError: fewer than five points.
    """

    def __init__(self, points: int) -> None:
        if points < 5:
            raise InputError(f"`points` must be at least 5, not {points}")
        self.size = points
        self.x = np.cos(np.pi * np.arange(points) / (points - 1))
        # Sines of the differences keep the digits that 1 - x^2 loses at the ends.
        self.one_minus_square = np.sin(np.pi * np.arange(points) / (points - 1)) ** 2
        self.one_minus_square[-1] = 0.0

    @cached_property
    def derivative(self) -> Float[ndarray, "n n"]:
        """The matrix D; its rows sum to zero exactly."""
        n = self.size - 1
        angle = np.pi * np.arange(n + 1) / n
        ends = np.ones(n + 1)
        ends[[0, -1]] = 2.0
        sign = (-1.0) ** np.arange(n + 1)
        gap = -2 * np.sin((angle[:, None] + angle) / 2) * np.sin((angle[:, None] - angle) / 2)
        np.fill_diagonal(gap, 1.0)
        d = np.outer(ends * sign, sign / ends) / gap
        np.fill_diagonal(d, 0.0)
        np.fill_diagonal(d, -d.sum(1))
        return d

    def coefficients(self, values: Float[ndarray, " n *more"]) -> Float[ndarray, " n *more"]:
        """Of the Chebyshev polynomials T_k."""
        c = fft.dct(values, type=1, axis=0) / (self.size - 1)
        c[[0, -1]] /= 2
        return c

    def projection(self, degree: int) -> Float[ndarray, "n n"]:
        """Of a function's values on polynomials up to a degree: the higher coefficients are dropped."""
        k = np.arange(self.size)
        cosines = np.cos(np.pi * np.outer(k, k[: degree + 1]) / (self.size - 1))
        return cosines @ self.coefficients(np.eye(self.size))[: degree + 1]

    def last(self, values: Float[ndarray, " n"]) -> Float[ndarray, " k"]:
        """The coefficients around six tenths of the highest degree: what two thirds of the grid can barely hold."""
        return self.coefficients(values)[int(0.55 * self.size) : int(0.65 * self.size)]

    def interpolated(self, values: Float[ndarray, " n"], at: Float[ndarray, " m"]) -> Float[ndarray, " m"]:
        """The polynomial through the values, at other points of [-1, 1] (Clenshaw)."""
        return np.polynomial.chebyshev.chebval(at, self.coefficients(values))

    def integral(self, values: Float[ndarray, " n"]) -> float:
        """int f dx over [-1, 1] (Clenshaw and Curtis)."""
        c = self.coefficients(values)[::2]
        return float((2 / (1 - np.arange(0, self.size, 2.0) ** 2)) @ c)
