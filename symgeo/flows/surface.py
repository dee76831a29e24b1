r"""The two closed surfaces over which conformal metrics g = u g_0 are written, with their harmonic analysis.

    flat torus:    Lap_0 e^{i k x} = -|k|^2 e^{i k x},       R_0 = 0,   chi = 0
    round sphere:  Lap_0 Y_lm = -l (l + 1) Y_lm,             R_0 = 2,   chi = 2

Functions are arrays on a grid; `analysis` and `synthesis` go to coefficients and back. Products and logarithms are
taken on the grid; the sphere's has half as many points again as degrees, against aliasing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float
from numpy import ndarray
from scipy import fft

from symgeo.errors import InputError

Values = Float[ndarray, "a b"]
Coefficients = Complex[ndarray, "p q"]


class Surface(ABC):
    """A closed surface with the metric g_0 of constant curvature.

    Attributes:
        shape: of the grid.
        curvature: R_0.
        euler: chi.
        eigenvalues: of Lap_0, for each coefficient.
    """

    shape: tuple[int, int]
    curvature: float
    euler: int
    eigenvalues: ndarray

    @abstractmethod
    def analysis(self, values: Values) -> Coefficients:
        """Coefficients of a function on the grid."""

    @abstractmethod
    def synthesis(self, coefficients: Coefficients) -> Values:
        """The function with these coefficients."""

    @abstractmethod
    def integral(self, values: Values) -> float:
        """int f dA_0."""

    @abstractmethod
    def tail(self, coefficients: Coefficients) -> float:
        """The largest coefficient in the highest eighth of the modes, over the largest of all."""

    @abstractmethod
    def points(self) -> tuple[Values, Values]:
        """The two coordinates of the grid: x, y on the torus; theta, phi on the sphere."""

    def laplacian(self, values: Values) -> Values:
        """Lap_0 f."""
        return self.synthesis(self.eigenvalues * self.analysis(values))


class FlatTorus(Surface):
    """[0, a) x [0, b) with opposite sides glued, n x m points.

    Args:
        points: n, or (n, m).
        lengths: (a, b).

    Raises:
        InputError: fewer than four points, or a length that is not positive.
    """

    curvature, euler = 0.0, 0

    def __init__(self, points: int | tuple[int, int] = 128, lengths: tuple[float, float] = (2 * math.pi,) * 2) -> None:
        self.shape = (points, points) if isinstance(points, int) else tuple(points)
        if len(self.shape) != 2 or min(self.shape) < 4 or any(n % 2 for n in self.shape):
            raise InputError(f"`points` must be even numbers of at least 4, not {points!r}")
        if len(lengths) != 2 or not all(math.isfinite(a) and a > 0 for a in lengths):
            raise InputError(f"`lengths` must be two positive lengths, not {lengths!r}")
        self.lengths = tuple(map(float, lengths))
        (n, m), (a, b) = self.shape, self.lengths
        self._k = fft.fftfreq(n, a / n / (2 * math.pi))[:, None]
        self._l = fft.rfftfreq(m, b / m / (2 * math.pi))[None, :]
        self.eigenvalues = -(self._k**2 + self._l**2)

    def analysis(self, values: Values) -> Coefficients:
        """The discrete Fourier transform, divided by the number of points."""
        return fft.rfft2(values, norm="forward")

    def synthesis(self, coefficients: Coefficients) -> Values:
        """The function with these coefficients."""
        return fft.irfft2(coefficients, s=self.shape, norm="forward")

    def integral(self, values: Values) -> float:
        """The trapezoidal rule, spectrally accurate."""
        return float(values.mean()) * self.lengths[0] * self.lengths[1]

    def tail(self, coefficients: Coefficients) -> float:
        """Modes beyond seven eighths of the highest in either direction."""
        (n, m), size = self.shape, np.abs(coefficients)
        k, l = np.abs(fft.fftfreq(n))[:, None] > 7 / 16, fft.rfftfreq(m)[None, :] > 7 / 16
        return float(size[k | l].max() / size.max())

    def points(self) -> tuple[Values, Values]:
        """x and y."""
        x, y = (a * np.arange(n) / n for n, a in zip(self.shape, self.lengths, strict=True))
        return tuple(np.meshgrid(x, y, indexing="ij"))


class RoundSphere(Surface):
    """The unit sphere, spherical harmonics up to a degree, Gauss-Legendre latitudes and equal longitudes.

    Args:
        degree: the highest l.

    Raises:
        InputError: a degree below 2.
    """

    curvature, euler = 2.0, 2

    def __init__(self, degree: int = 32) -> None:
        if degree < 2:
            raise InputError(f"`degree` must be at least 2, not {degree}")
        self.degree = degree
        rows = 3 * degree // 2 + 2
        self.shape = (rows, 2 * rows)
        self._cosines, self._weights = np.polynomial.legendre.leggauss(rows)
        l = np.arange(degree + 1.0)
        self.eigenvalues = np.broadcast_to(-l * (l + 1), (degree + 1, degree + 1)).copy()
        self._valid = l[None, :] >= l[:, None]

    @cached_property
    def _legendre(self) -> Float[ndarray, "m l rows"]:
        """Associated Legendre functions, normalised to int P^2 dx = 1, by the recurrence in l at fixed m."""
        x, size = self._cosines, self.degree + 1
        table = np.zeros((size, size, len(x)))
        sine = np.sqrt(1 - x**2)
        start = np.full_like(x, math.sqrt(0.5))
        for m in range(size):
            table[m, m] = start
            if m + 1 < size:
                table[m, m + 1] = math.sqrt(2 * m + 3) * x * start
            for l in range(m + 2, size):
                a = math.sqrt((4 * l * l - 1) / (l * l - m * m))
                b = math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1))
                table[m, l] = a * (x * table[m, l - 1] - b * table[m, l - 2])
            start = -math.sqrt((2 * m + 3) / (2 * m + 2)) * sine * start
        return table

    def analysis(self, values: Values) -> Coefficients:
        """Coefficients [m, l], those of negative m being conjugates."""
        rows = fft.rfft(values, axis=1, norm="forward")[:, : self.degree + 1]
        return np.einsum("mli,im->ml", self._legendre, self._weights[:, None] * rows)

    def synthesis(self, coefficients: Coefficients) -> Values:
        """The function with these coefficients."""
        rows = np.einsum("mli,ml->im", self._legendre, coefficients)
        return fft.irfft(rows, n=self.shape[1], axis=1, norm="forward")

    def integral(self, values: Values) -> float:
        """Gauss-Legendre in latitude, trapezoidal in longitude."""
        return float(2 * math.pi * (self._weights @ values.mean(1)))

    def tail(self, coefficients: Coefficients) -> float:
        """Degrees beyond seven eighths of the highest."""
        size = np.abs(coefficients) * self._valid
        return float(size[:, self.degree - self.degree // 8 :].max() / size.max())

    def points(self) -> tuple[Values, Values]:
        """theta from the north pole, and phi."""
        phi = 2 * math.pi * np.arange(self.shape[1]) / self.shape[1]
        return tuple(np.meshgrid(np.arccos(self._cosines), phi, indexing="ij"))
