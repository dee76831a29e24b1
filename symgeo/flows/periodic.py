r"""Metrics on a periodic grid, in any number of dimensions: derivatives by FFT, curvature by the textbook.

    Gamma^i_jk = g^il (d_j g_lk + d_k g_lj - d_l g_jk) / 2
    R_jk = d_i Gamma^i_jk - d_j Gamma^i_ik + Gamma^i_il Gamma^l_jk - Gamma^i_jl Gamma^l_ik

Tensor indices come first, the grid's axes last: g_dd is (d, d, *grid). The numbers of points are odd, so that no mode
is without a derivative: an even grid's highest would be a null vector of every Laplacian.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import fft

from symgeo.errors import InputError, NumericalError


class PeriodicGrid:
    """Points of a torus of d dimensions with coordinate lengths.

    Args:
        shape: odd numbers of points.
        lengths: of the coordinates; 2 pi each if not given.

    Raises:
        InputError: an even number of points, or lengths that do not fit.
    """

    def __init__(self, shape: Sequence[int], lengths: Sequence[float] | None = None) -> None:
        self.shape = tuple(int(n) for n in shape)
        self.lengths = tuple(map(float, lengths or (2 * math.pi,) * len(self.shape)))
        if not self.shape or any(n < 3 or n % 2 == 0 for n in self.shape):
            raise InputError(f"`shape` must be odd numbers of at least 3 points, not {tuple(shape)}")
        if len(self.lengths) != len(self.shape) or not all(math.isfinite(a) and a > 0 for a in self.lengths):
            raise InputError(f"`lengths` must be one positive length for each of {self.shape}, not {lengths}")
        self.dimension = len(self.shape)
        self._axes = tuple(range(-self.dimension, 0))
        ks = [fft.fftfreq(n, a / n / (2 * math.pi)) for n, a in zip(self.shape, self.lengths, strict=True)]
        self._k = np.meshgrid(*ks, indexing="ij", sparse=True)
        #: Of the flat Laplacian, for each Fourier coefficient.
        self.eigenvalues = -sum(k**2 for k in self._k)

    def points(self) -> Float[ndarray, d * grid]:
        """The coordinates."""
        axes = [a * np.arange(n) / n for n, a in zip(self.shape, self.lengths, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def analysis(self, values: ndarray) -> ndarray:
        """Fourier coefficients over the grid's axes."""
        return fft.fftn(values, axes=self._axes, norm="forward")

    def synthesis(self, coefficients: ndarray) -> ndarray:
        """The function with these coefficients."""
        return fft.ifftn(coefficients, axes=self._axes, norm="forward").real

    def gradient(self, values: ndarray) -> ndarray:
        """d_i f as (d, ...)."""
        c = self.analysis(values)
        return np.stack([self.synthesis(1j * k * c) for k in self._k])

    def divergence(self, vector: ndarray) -> ndarray:
        """d_i v^i of (d, ...)."""
        return self.synthesis(sum(1j * k * self.analysis(v) for k, v in zip(self._k, vector, strict=True)))

    def integral(self, density: ndarray) -> float:
        """int f d^d x, f a density."""
        return float(density.mean()) * math.prod(self.lengths)

    def filtered(self, values: ndarray, part: float = 2 / 3) -> ndarray:
        """Without the modes above this part of the highest, against aliasing."""
        return self.synthesis(self.mask(part) * self.analysis(values))

    def mask(self, part: float = 2 / 3) -> ndarray:
        """One for the modes that `filtered` keeps."""
        kept = np.ones(self.shape)
        for k in self._k:
            kept = kept * (np.abs(k) <= part * np.abs(k).max() * (1 + 1e-12))
        return kept

    def tail(self, values: ndarray, part: float = 2 / 3) -> float:
        """The largest coefficient in the last quarter of the modes that `filtered` keeps, over the largest."""
        c = np.abs(self.analysis(values))
        last = self.mask(part) * (1 - self.mask(0.75 * part))
        return float((c * last).max() / c.max())

    def interpolated(self, values: ndarray, at: Float[ndarray, "d n"]) -> ndarray:
        """The trigonometric polynomial through (..., *grid) at n other points, (..., n)."""
        c = self.analysis(values).reshape(*values.shape[: values.ndim - self.dimension], -1)
        ks = np.stack([np.broadcast_to(k, self.shape).ravel() for k in self._k])
        return (c @ np.exp(1j * ks.T @ at)).real


class GridMetric:
    """A metric on a periodic grid and what follows from it, each computed once.

    Args:
        grid: where it lives.
        g_dd: symmetric positive definite matrices, (d, d, *grid).

    Raises:
        InputError: another shape, or matrices that are not symmetric.
        NumericalError: not finite or not positive definite; names the first such point.
    """

    def __init__(self, grid: PeriodicGrid, g_dd: Float[ndarray, "d d *grid"]) -> None:
        self.grid, self.g_dd = grid, np.asarray(g_dd, dtype=float)
        d = grid.dimension
        if self.g_dd.shape != (d, d, *grid.shape):
            raise InputError(f"`g_dd` must be ({d}, {d}, *{grid.shape}), not {self.g_dd.shape}")
        wild = np.argwhere(~np.isfinite(self.g_dd))
        if len(wild):
            where = tuple(map(int, wild[0][2:]))
            raise NumericalError(f"`g_dd` is not finite at grid point {where}: give a metric, or stop earlier")
        if not np.allclose(self.g_dd, self.g_dd.swapaxes(0, 1), rtol=1e-9, atol=1e-12):
            raise InputError("`g_dd` must be symmetric in its first two indices")
        eigenvalues = np.linalg.eigvalsh(_last(self.g_dd))
        smallest = eigenvalues[..., 0]
        bad = np.argwhere(~(smallest > 0))
        if len(bad):
            where = tuple(map(int, bad[0]))
            raise NumericalError(
                f"`g_dd` is not positive definite at grid point {where} (smallest eigenvalue {smallest[where]:.4g}): "
                "give a metric, or stop earlier"
            )
        self.smallest, self.largest = float(smallest.min()), float(eigenvalues.max())

    @cached_property
    def g_uu(self) -> Float[ndarray, "d d *grid"]:
        """The inverse."""
        return _first(np.linalg.inv(_last(self.g_dd)))

    @cached_property
    def volume_element(self) -> Float[ndarray, " *grid"]:
        """sqrt det g."""
        return np.sqrt(np.linalg.det(_last(self.g_dd)))

    @cached_property
    def gamma_udd(self) -> Float[ndarray, "d d d *grid"]:
        """Gamma^i_jk."""
        d = self.grid.gradient(self.g_dd)
        first = (np.einsum("jlk...->ljk...", d) + np.einsum("klj...->ljk...", d) - d) / 2
        return np.einsum("il...,ljk...->ijk...", self.g_uu, first)

    @cached_property
    def ricci_dd(self) -> Float[ndarray, "d d *grid"]:
        """R_jk."""
        gamma = self.gamma_udd
        trace = np.einsum("iik...->k...", gamma)
        divergence = self.grid.divergence(gamma)
        bent = self.grid.gradient(trace)
        ricci = (
            divergence
            - (bent + bent.swapaxes(0, 1)) / 2
            + np.einsum("l...,ljk...->jk...", trace, gamma)
            - np.einsum("ijl...,lik...->jk...", gamma, gamma)
        )
        return (ricci + ricci.swapaxes(0, 1)) / 2

    @cached_property
    def scalar_curvature(self) -> Float[ndarray, " *grid"]:
        """R."""
        return self.trace(self.ricci_dd)

    def trace(self, t_dd: ndarray) -> ndarray:
        """g^ij t_ij."""
        return np.einsum("ij...,ij...->...", self.g_uu, t_dd)

    def squared(self, t_dd: ndarray) -> ndarray:
        """g^ik g^jl t_ij t_kl."""
        mixed = np.einsum("ik...,kj...->ij...", self.g_uu, t_dd)
        return np.einsum("ij...,ji...->...", mixed, mixed)

    def gradient_squared(self, f: ndarray) -> ndarray:
        """|grad f|^2."""
        d = self.grid.gradient(f)
        return np.einsum("ij...,i...,j...->...", self.g_uu, d, d)

    def hessian(self, f: ndarray) -> ndarray:
        """D_i D_j f."""
        d = self.grid.gradient(f)
        second = self.grid.gradient(d)
        return (second + second.swapaxes(0, 1)) / 2 - np.einsum("kij...,k...->ij...", self.gamma_udd, d)

    def laplacian(self, f: ndarray) -> ndarray:
        """Lap f = d_i (sqrt(g) g^ij d_j f) / sqrt(g)."""
        flux = self.volume_element * np.einsum("ij...,j...->i...", self.g_uu, self.grid.gradient(f))
        return self.grid.divergence(flux) / self.volume_element

    def integral(self, f: ndarray | float) -> float:
        """int f dV."""
        return self.grid.integral(f * self.volume_element)


def _last(tensor: ndarray) -> ndarray:
    return np.moveaxis(tensor, (0, 1), (-2, -1))


def _first(tensor: ndarray) -> ndarray:
    return np.moveaxis(tensor, (-2, -1), (0, 1))
