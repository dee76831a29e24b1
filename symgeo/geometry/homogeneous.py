r"""Homogeneous metrics g = sum_k c_k B_k, which Ricci flow keeps among themselves: one point tells the whole tensor.

Spheres and hyperbolic spaces in conformal charts, rho (2 / (1 +- x.x))^2 delta with rho the radius squared;
left-invariant metrics on SU(2) (Bianchi IX), on the Heisenberg group (Nil) and on Sol; S^2 x H^2; and the warped
product a du^2 + b e^{2u} (dv^2 + dx^2 + dy^2). Milnor, Curvatures of left invariant metrics on Lie groups, 1976.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.chart import CoordinateMetric
from symgeo.geometry.metric import Metric
from symgeo.geometry.radial import RadialMetric

_a, _b, _c, _rho = sp.symbols("a b c rho", positive=True)


@dataclass(frozen=True)
class HomogeneousMetric:
    """A metric that looks the same at every point.

    Attributes:
        metric: in a chart, linear in its parameters.
        parameters: their names.
        point: of the chart, where g and Ric are read.
    """

    metric: Metric
    parameters: tuple[str, ...]
    point: tuple[sp.Expr, ...]


def homogeneous_metric(name: str, dimension: int = 3) -> HomogeneousMetric:
    """Return a homogeneous metric by name.

    Args:
        name: "sphere" and "hyperbolic" (rho is the radius squared), "bianchi_ix" (a sigma_1^2 + b sigma_2^2 +
            c sigma_3^2, d sigma_1 = -sigma_2 ^ sigma_3; the unit S^3 is 1/4, 1/4, 1/4), "nil" (a dx^2 + b dy^2 +
            c (dz - x dy)^2), "sol" (a e^{2z} dx^2 + b e^{-2z} dy^2 + c dz^2), "product" (a S^2 + b H^2), "warped".
        dimension: of "sphere" and "hyperbolic".

    Raises:
        InputError: an unknown name, or a dimension below 2.
    """
    if name not in HOMOGENEOUS:
        raise InputError(f"`name` must be one of {', '.join(HOMOGENEOUS)}, not {name!r}")
    if dimension < 2:
        raise InputError(f"`dimension` must be at least 2, not {dimension}")
    return HOMOGENEOUS[name](dimension)


def _round(sign: int, dimension: int) -> HomogeneousMetric:
    s, d = sp.Symbol("s", nonnegative=True), sp.Symbol("d", integer=True, positive=True)
    metric = RadialMetric(4 * _rho / (1 + sign * s) ** 2, 0, s, dimension=d)
    return HomogeneousMetric(metric, ("rho",), (sp.S.Zero,) * dimension)


def _bianchi_ix(dimension: int) -> HomogeneousMetric:
    theta, phi, psi = sp.symbols("theta phi psi", real=True)
    # the left-invariant coframe of SU(2); d theta, d phi, d psi at the point
    coframe = sp.Matrix(
        [
            [sp.cos(psi), sp.sin(psi) * sp.sin(theta), 0],
            [-sp.sin(psi), sp.cos(psi) * sp.sin(theta), 0],
            [0, sp.cos(theta), 1],
        ]
    )
    return _left_invariant(coframe, (theta, phi, psi), (sp.pi / 2, sp.S.Zero, sp.S.Zero))


def _nil(dimension: int) -> HomogeneousMetric:
    x, y, z = sp.symbols("x y z", real=True)
    return _left_invariant(sp.Matrix([[1, 0, 0], [0, 1, 0], [0, -x, 1]]), (x, y, z), (sp.S.Zero,) * 3)


def _sol(dimension: int) -> HomogeneousMetric:
    x, y, z = sp.symbols("x y z", real=True)
    return _left_invariant(sp.diag(sp.exp(z), sp.exp(-z), 1), (x, y, z), (sp.S.Zero,) * 3)


def _left_invariant(coframe: sp.Matrix, chart: tuple[sp.Symbol, ...], point: tuple[sp.Expr, ...]) -> HomogeneousMetric:
    """a sigma_1^2 + b sigma_2^2 + c sigma_3^2."""
    matrix = (coframe.T * sp.diag(_a, _b, _c) * coframe).applyfunc(sp.expand)
    return HomogeneousMetric(CoordinateMetric(matrix, chart), ("a", "b", "c"), point)


def _product(dimension: int) -> HomogeneousMetric:
    theta, phi, x = sp.symbols("theta phi x", real=True)
    y = sp.Symbol("y", positive=True)
    matrix = sp.diag(_a, _a * sp.sin(theta) ** 2, _b / y**2, _b / y**2)
    point = (sp.pi / 2, sp.S.Zero, sp.S.Zero, sp.S.One)
    return HomogeneousMetric(CoordinateMetric(matrix, (theta, phi, x, y)), ("a", "b"), point)


def _warped(dimension: int) -> HomogeneousMetric:
    chart = sp.symbols("u v x y", real=True)
    matrix = sp.diag(_a, *[_b * sp.exp(2 * chart[0])] * 3)
    return HomogeneousMetric(CoordinateMetric(matrix, chart), ("a", "b"), (sp.S.Zero,) * 4)


HOMOGENEOUS: dict[str, Callable[[int], HomogeneousMetric]] = {
    "sphere": lambda dimension: _round(1, dimension),
    "hyperbolic": lambda dimension: _round(-1, dimension),
    "bianchi_ix": _bianchi_ix,
    "nil": _nil,
    "sol": _sol,
    "product": _product,
    "warped": _warped,
}
"""What `homogeneous_metric` knows, by name."""
