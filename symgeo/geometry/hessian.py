r"""Hessian metrics: g_ab = d_a d_b psi, whose curvature needs no second derivative of g.

T_abc = d_a g_bc = d_a d_b d_c psi is totally symmetric, so that the part of Riemann that is linear in second
derivatives of g cancels (Shima, The Geometry of Hessian Structures, chapter 3):

    Gamma_c,ab = T_abc / 2,     R_abcd = g^ef (T_ebc T_fad - T_ebd T_fac) / 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.chart import CoordinateMetric
from symgeo.geometry.entries import checked_coordinates, checked_function
from symgeo.geometry.tower import Matrix, Tower


class HessianTower(Tower):
    """The tower of a metric with totally symmetric d_a g_bc."""

    @cached_property
    def dg_ddd(self) -> list[Matrix]:
        """T_kij = d_k g_ij."""
        return self._totally_symmetric(lambda k, i, j: self.ring.derivative(self.g_dd[i][j], k))

    @cached_property
    def gamma_ddd(self) -> list[Matrix]:
        """Gamma_c,ab = T_abc / 2."""
        half = self.ring.rational(1, 2)
        return self._totally_symmetric(lambda k, i, j: self.dg_ddd[k][i][j] * half)

    def riemann_component(self, a: int, b: int, c: int, d: int) -> Any:
        """R_abcd from first derivatives of g alone."""
        return self.quadratic_riemann(a, b, c, d)

    def _totally_symmetric(self, component: Callable[[int, int, int], Any]) -> list[Matrix]:
        known = {index: component(*index) for index in combinations_with_replacement(self.indices, 3)}
        return [
            [[known[tuple(sorted((k, i, j)))] for j in self.indices] for i in self.indices]  # pyright: ignore
            for k in self.indices
        ]


class HessianMetric(CoordinateMetric):
    """The metric g_ab = d_a d_b psi of a potential psi.

    >>> x, y = sp.symbols("x y", real=True)
    >>> HessianMetric(sp.exp(x) + sp.exp(y), (x, y)).is_flat()
    True
    """

    derivative_order = 1

    def __init__(
        self,
        potential: sp.Expr,
        coordinates: Iterable[sp.Symbol],
        *,
        arithmetic: str = "field",
        riemannian: bool = False,
    ) -> None:
        """Take the potential psi as an expression in `coordinates`; the keywords are CoordinateMetric's."""
        chart = checked_coordinates(coordinates)
        psi = checked_function(potential, "`potential`", chart)
        super().__init__(sp.hessian(psi, chart), chart, arithmetic=arithmetic, riemannian=riemannian)
        self.potential: sp.Expr | None = psi

    @classmethod
    def from_matrix(
        cls, matrix: Any, coordinates: Iterable[sp.Symbol], *, arithmetic: str = "field", riemannian: bool = False
    ) -> HessianMetric:
        """Return the metric of a matrix that is a Hessian, decided by the total symmetry of d_a g_bc.

        Raises:
            InputError: naming the first entry with d_a g_bc != d_b g_ac.
        """
        metric = cls.__new__(cls)
        CoordinateMetric.__init__(metric, matrix, coordinates, arithmetic=arithmetic, riemannian=riemannian)
        metric.potential = None
        ring, g, x = metric.ring, metric.tower.g_dd, metric.coordinates
        for a in range(len(x)):
            for b in range(a + 1, len(x)):
                for c in range(len(x)):
                    if not ring.decide_zero(ring.derivative(g[b][c], a) - ring.derivative(g[a][c], b)):
                        raise InputError(
                            f"`matrix`: not a Hessian, d g[{b}, {c}]/d{x[a]} != d g[{a}, {c}]/d{x[b]}; "
                            "use CoordinateMetric"
                        )
        return metric

    def _new_tower(self) -> Tower:
        return HessianTower(self.ring, self._elements())
