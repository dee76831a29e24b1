r"""Rotationally symmetric metrics on S^{n+1}, with poles as smooth as the rest.

    g = chi^2 dx^2 + psi^2 g_{S^n},   psi^2 = m p,   chi^2 = (p + m q) / m,   m = 1 - x^2,   -1 <= x <= 1

with p > 0 and Q = p + m q > 0 smooth: that chi dx and psi agree at the poles is no condition any more. The sectional
curvatures are K_1, of planes tangent to the spheres, and K_0 = K_1 - m D, of planes that contain the axis,

    4 p^2 Q K_1 = 4 p^2 + 4 p q + 4 x p p' - m p'^2
    4 p^2 Q^2 D = 4 p^2 q + 2 p^2 p'' - 3 p p'^2 + 4 p q^2 + 2 m q (p p'' - p'^2) + 2 x p^2 q' - m p p' q',

without a division by m. The round sphere is p = r^2, q = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.optimize import brentq

from symgeo.errors import InputError
from symgeo.flows.chebyshev import Chebyshev


@dataclass(frozen=True)
class Profile:
    """A rotationally symmetric metric on S^{n+1} at the points of a grid.

    Attributes:
        grid: of x.
        p: psi^2 / (1 - x^2).
        q: (Q - p) / (1 - x^2), where chi^2 = Q / (1 - x^2).
        n: the dimension of the spheres.
    """

    grid: Chebyshev
    p: Float[ndarray, " m"]
    q: Float[ndarray, " m"]
    n: int = 2

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"`n` must be at least 1, not {self.n}")
        for name, values in (("p", self.p), ("q", self.q)):
            if np.shape(values) != self.grid.x.shape:
                raise InputError(
                    f"`{name}` must hold one value for each of the {self.grid.size} points, not {values!r}"
                )
        for name, values in (("p", self.p), ("p + (1 - x^2) q", self.big_q)):
            bad = np.flatnonzero(~(values > 0) | ~np.isfinite(values))
            if len(bad):
                raise InputError(
                    f"`{name}` must be positive; at x = {self.grid.x[bad[0]]:.4g} it is {values[bad[0]]:.4g}"
                )

    @property
    def big_q(self) -> Float[ndarray, " m"]:
        """Q = (1 - x^2) chi^2."""
        return self.p + self.grid.one_minus_square * self.q

    @property
    def psi(self) -> Float[ndarray, " m"]:
        """The radius of the spheres."""
        return np.sqrt(self.grid.one_minus_square * self.p)

    def curvatures(self) -> tuple[Float[ndarray, " m"], Float[ndarray, " m"]]:
        """K_0, of planes that contain the axis, and K_1, of those tangent to the spheres."""
        k_1, d = curvature(self.grid, self.p, self.q)
        return k_1 - self.grid.one_minus_square * d, k_1

    def scalar_curvature(self) -> Float[ndarray, " m"]:
        """R = 2 n K_0 + n (n - 1) K_1."""
        k_0, k_1 = self.curvatures()
        return 2 * self.n * k_0 + self.n * (self.n - 1) * k_1

    def arclength(self) -> Float[ndarray, " m"]:
        """s from the pole x = -1, int chi dx = int sqrt(Q) d(angle)."""
        angle = math.pi * np.arange(self.grid.size) / (self.grid.size - 1)
        root = np.sqrt(self.big_q)
        c = self.grid.coefficients(root)
        k = np.arange(1, self.grid.size)
        # sqrt(Q) = sum c_k cos(k angle), and x = cos(angle) runs from 1 down.
        from_top = c[0] * angle + np.sin(np.outer(angle, k)) @ (c[1:] / k)
        return from_top[-1] - from_top

    def volume(self) -> float:
        """int sqrt(Q) m^((n-1)/2) p^(n/2) dx, the volume over that of the unit S^n."""
        root, m = np.sqrt(self.big_q) * self.p ** (self.n / 2), self.grid.one_minus_square
        if self.n % 2:
            return self.grid.integral(root * m ** ((self.n - 1) // 2))
        # In the angle, x = cos(angle), where an even power of the sine is a polynomial in x.
        return math.pi * float(self.grid.coefficients(root * m ** (self.n // 2))[0])

    def necks(self) -> list[tuple[float, float]]:
        """(x, psi) of the minima of psi between the poles."""
        return self._extremes(-1.0)

    def bells(self) -> list[tuple[float, float]]:
        """(x, psi) of the maxima of psi."""
        return self._extremes(1.0)

    def _extremes(self, sign: float) -> list[tuple[float, float]]:
        squared = self.grid.one_minus_square * self.p
        slope = self.grid.derivative @ squared

        def at(values: ndarray, x: float) -> float:
            return float(self.grid.interpolated(values, np.array([x]))[0])

        fine = np.cos(np.linspace(0, math.pi, 8 * self.grid.size))
        steep = sign * self.grid.interpolated(slope, fine)
        # fine runs downwards: at a maximum the slope turns from negative to positive.
        places = np.flatnonzero((steep[:-1] < 0) & (steep[1:] >= 0))
        xs = [float(brentq(lambda x: at(slope, x), fine[k + 1], fine[k], xtol=1e-15)) for k in places]
        return [(x, math.sqrt(at(squared, x))) for x in xs]

    def widest(self) -> float:
        """The largest psi."""
        return max(radius for _, radius in self.bells())

    def smallest_radius(self) -> float:
        """That of the narrowest neck, or the largest psi where there is none."""
        return min((radius for _, radius in self.necks()), default=self.widest())

    def time_left(self) -> float:
        """When psi^2 at the narrowest neck, or at the widest place, is gone at its present rate.

        d(psi^2)/dt = -2 (K_0 + (n-1) K_1) psi^2.
        """
        k_0, k_1 = self.curvatures()
        fall = 2 * (k_0 + (self.n - 1) * k_1)
        x = min(self.necks() or self.bells(), key=lambda pair: pair[1])[0]
        return 1 / abs(float(self.grid.interpolated(fall, np.array([x]))[0]))

    def tail(self) -> float:
        """The last Chebyshev coefficients of log p, log Q and q (over the largest Q) held in two thirds of the grid."""
        grid = self.grid
        scale = max(np.abs(self.q).max(), self.big_q.max())
        return max(float(np.abs(grid.last(f)).max()) for f in (np.log(self.p), np.log(self.big_q), self.q / scale))

    def recoordinatised(self, centre: float, width: float) -> Profile:
        """The same metric in y, x = c + w sinh(k (y - y_0)), which sends -1 to -1 and 1 to 1."""
        up, down = math.asinh((1 - centre) / width), math.asinh((1 + centre) / width)
        k, y0 = (up + down) / 2, (down - up) / (up + down)
        y, m = self.grid.x, self.grid.one_minus_square
        x = centre + width * np.sinh(k * (y - y0))
        slope = width * k * np.cosh(k * (y - y0))
        x[[0, -1]] = 1.0, -1.0
        # 1 - x and 1 + x over 1 - y and 1 + y, from differences of sinh that do not cancel.
        above = width * 2 * np.cosh(k * ((1 + y) / 2 - y0)) * _sinhc(k * (1 - y) / 2) * k / 2
        below = width * 2 * np.cosh(k * ((y - 1) / 2 - y0)) * _sinhc(k * (1 + y) / 2) * k / 2
        ratio = above * below
        p = self.grid.interpolated(self.p, x)
        q = self.grid.interpolated(self.q, x)
        # Q dx^2 / (1 - x^2) and p (1 - x^2) in the new coordinate; their difference over 1 - y^2.
        new_p = p * ratio
        bent = (slope**2 / ratio - ratio) / np.where(m > 0, m, 1.0)
        bent[[0, -1]] = _ends(self.grid, slope**2 / ratio - ratio)
        return Profile(self.grid, new_p, p * bent + q * slope**2, self.n)


def _sinhc(z: ndarray) -> ndarray:
    return np.where(np.abs(z) < 1e-4, 1 + z**2 / 6, np.sinh(z) / np.where(z == 0, 1, z))


def _ends(grid: Chebyshev, vanishing: ndarray) -> ndarray:
    """f / (1 - x^2) at x = 1 and x = -1 for an f that vanishes there."""
    slope = grid.derivative[[0, -1]] @ vanishing
    return slope * np.array([-0.5, 0.5])


def curvature(grid: Chebyshev, p: ndarray, q: ndarray) -> tuple[ndarray, ndarray]:
    """K_1 and D = (K_1 - K_0) / (1 - x^2), of columns of p and q at once."""
    x, m = grid.x, grid.one_minus_square
    if p.ndim > 1:
        x, m = x[:, None], m[:, None]
    d = grid.derivative
    p1, q1 = d @ p, d @ q
    p2 = d @ p1
    big_q = p + m * q
    k_1 = (4 * p**2 + 4 * p * q + 4 * x * p * p1 - m * p1**2) / (4 * p**2 * big_q)
    bend = (
        4 * p**2 * q + 2 * p**2 * p2 - 3 * p * p1**2 + 4 * p * q**2
        + 2 * m * q * (p * p2 - p1**2) + 2 * x * p**2 * q1 - m * p * p1 * q1
    )  # fmt: skip
    return k_1, bend / (4 * p**2 * big_q**2)


def dumbbell(neck: float, *, n: int = 2, points: int = 129) -> Profile:
    """psi^2 = sin^2(s) (b + (1 - b) cos^2(s)), b = neck^2: two equal bells of S^{n+1} joined by a neck of this radius.

    Raises:
        InputError: a radius that is not between 0 and 1; from 1/sqrt(2) on there is no neck.
    """
    if not 0 < neck <= 1:
        raise InputError(f"`neck` must be between 0 and 1, not {neck!r}; below 0.707 it is a neck")
    grid = Chebyshev(points)
    # Q = 1, and 1 - p = (1 - b)(1 - x^2).
    return Profile(grid, neck**2 + (1 - neck**2) * grid.x**2, np.full(points, 1 - neck**2), n)


def round_sphere(radius: float, *, n: int = 2, points: int = 33) -> Profile:
    """The round S^{n+1} of a radius.

    Raises:
        InputError: a radius that is not positive.
    """
    if not (radius > 0 and math.isfinite(radius)):
        raise InputError(f"`radius` must be positive, not {radius!r}")
    return Profile(Chebyshev(points), np.full(points, radius**2), np.zeros(points), n)
