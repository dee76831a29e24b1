r"""The metric that a map Phi: R^d -> R^n pulls back from its target, and how the image is bent in it.

With J_a = d_a Phi, H_ab = d_a d_b Phi and a flat target

    g_ab = J_a . J_b,     R_abcd = H_ac . H_bd - H_ad . H_bc + Gamma^e_bc Gamma_e,ad - Gamma^e_bd Gamma_e,ac   (Gauss)
    II^i_ab = d_a d_b Phi^i - Gamma^c_ab d_c Phi^i + Gammah^i_jk d_a Phi^j d_b Phi^k,     H^i = g^ab II^i_ab / d

where Gammah, of the target's metric h, is zero if that is flat (do Carmo, Riemannian Geometry, chapter 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.chart import CoordinateMetric
from symgeo.geometry.entries import checked_coordinates, checked_function
from symgeo.geometry.tower import Tower


class GaussTower(Tower):
    """The tower of g = J . J: Riemann needs first and second derivatives of the embedding only."""

    def __init__(self, ring: Any, g_dd: Any, embedding: list[Any]) -> None:
        super().__init__(ring, g_dd)
        self._gradients = [[ring.derivative(f, a) for f in embedding] for a in self.indices]
        self._hessians: dict[tuple[int, int], list[Any]] = {}

    def hessian(self, a: int, b: int) -> list[Any]:
        """H_ab, one entry a component of the embedding."""
        a, b = min(a, b), max(a, b)
        if (a, b) not in self._hessians:
            self._hessians[a, b] = [self.ring.derivative(f, a) for f in self._gradients[b]]
        return self._hessians[a, b]

    def linear_riemann(self, a: int, b: int, c: int, d: int) -> Any:
        """H_ac . H_bd - H_ad . H_bc."""
        plus = zip(self.hessian(a, c), self.hessian(b, d), strict=True)
        minus = zip(self.hessian(a, d), (-h for h in self.hessian(b, c)), strict=True)
        return self.ring.dot([*plus, *minus])


class PullbackMetric(CoordinateMetric):
    """The metric that an embedding induces, J^T J in Euclidean space, J^T h(Phi) J in a target with metric h.

    >>> u, v = sp.symbols("u v", positive=True)
    >>> PullbackMetric([u * sp.cos(v), u * sp.sin(v)], (u, v)).scalar_curvature()
    0
    """

    def __init__(
        self,
        embedding: Any,
        coordinates: Iterable[sp.Symbol],
        *,
        ambient: CoordinateMetric | None = None,
        arithmetic: str = "field",
    ) -> None:
        """Take the embedding's components as expressions in `coordinates`.

        Args:
            embedding: one expression a dimension of the target.
            coordinates: the chart of the source.
            ambient: the target's metric, Euclidean if None.
            arithmetic: as for CoordinateMetric.

        Raises:
            InputError: for fewer components than coordinates (the metric is singular), an inexact component, or a
                target of another dimension.
        """
        chart = checked_coordinates(coordinates)
        if isinstance(embedding, str) or not (isinstance(embedding, Iterable) or hasattr(embedding, "tolist")):
            raise InputError(f"`embedding`: expected a list of expressions, got {embedding!r}")
        components = list(sp.flatten(embedding))
        if len(components) < len(chart):
            raise InputError(
                f"`embedding`: {len(components)} components of {len(chart)} coordinates make a singular metric; "
                f"at least {len(chart)} are needed"
            )
        self.embedding = tuple(checked_function(f, f"`embedding`[{i}]", chart) for i, f in enumerate(components))
        if ambient is not None and int(ambient.dimension) != len(components):
            raise InputError(f"`ambient`: expected a metric in {len(components)} dimensions, got {ambient.dimension}")
        self.ambient = ambient
        J = sp.Matrix([[sp.diff(f, x) for x in chart] for f in self.embedding])
        target = sp.eye(len(components)) if ambient is None else self._in_source(ambient.matrix())
        super().__init__(J.T * target * J, chart, arithmetic=arithmetic, riemannian=ambient is None)
        self.tidied()

    def _in_source(self, tensor: Any) -> Any:
        """A tensor of the target, at Phi(x)."""
        assert self.ambient is not None
        return tensor.subs(dict(zip(self.ambient.coordinates, self.embedding, strict=True)), simultaneous=True).doit()

    def _ingredients(self) -> dict[sp.Expr, str]:
        """The embedding and, for a curved target, the metric and its connection."""
        others: list[sp.Expr] = []
        if self.ambient is not None:
            others = sp.flatten(self._matrix.tolist()) + sp.flatten(self._ambient_christoffel().tolist())
        embedding = {component: f"`embedding`[{i}]" for i, component in enumerate(self.embedding)}
        return dict.fromkeys(others, "`ambient`") | embedding

    def _new_tower(self) -> Tower:
        functions = [self.ring.element(f) for f in self.embedding]
        if self.ambient is not None:
            return Tower(self.ring, self._elements())
        size = range(len(self.coordinates))
        J = [[self.ring.derivative(f, a) for f in functions] for a in size]
        g_dd = [[self.ring.dot(zip(J[min(a, b)], J[max(a, b)], strict=True)) for b in size] for a in size]
        return GaussTower(self.ring, g_dd, functions)

    def _ambient_christoffel(self) -> Any:
        assert self.ambient is not None
        return self._in_source(sp.ImmutableDenseNDimArray(self.ambient.christoffel()))

    def second_fundamental_form(self) -> sp.ImmutableDenseNDimArray:
        """Return II^i_ab as [i, a, b], a vector in the target for each pair of directions."""

        def compute() -> sp.ImmutableDenseNDimArray:
            n, d = len(self.embedding), len(self.coordinates)
            values = [self.ring.expression(value) for plane in self._bent() for row in plane for value in row]
            return sp.ImmutableDenseNDimArray(values, (n, d, d))

        return self._once("second_fundamental_form", compute)

    def mean_curvature_vector(self) -> sp.ImmutableDenseMatrix:
        """Return H^i = g^ab II^i_ab / d, a column."""

        def compute() -> sp.ImmutableDenseMatrix:
            form, ring, size = self._bent(), self.ring, self.tower.indices
            share = ring.rational(1, len(self.coordinates))
            traces = [
                ring.dot((self.tower.g_uu[a][b], form[i][a][b]) for a in size for b in size) * share
                for i in range(len(self.embedding))
            ]
            return sp.ImmutableDenseMatrix([ring.expression(trace) for trace in traces])

        return self._once("mean_curvature_vector", compute)

    def normal(self) -> sp.ImmutableDenseMatrix:
        """Return the unit normal of a hypersurface in Euclidean space, N^i = cofactor_i(J) / sqrt(det g), a column.

        Raises:
            InputError: if the image is no hypersurface, or the target is curved.
        """
        return self._cofactors() / self.volume_element()

    def _cofactors(self) -> sp.ImmutableDenseMatrix:
        """sqrt(det g) times the unit normal of a hypersurface."""
        n = len(self.embedding)
        if n != len(self.coordinates) + 1 or self.ambient is not None:
            raise InputError(
                f"`normal`: expected {n - 1} coordinates and a flat target of {n} dimensions, "
                f"got {len(self.coordinates)}; use second_fundamental_form or mean_curvature_vector"
            )
        J = sp.Matrix([[sp.diff(f, x) for x in self.coordinates] for f in self.embedding])

        def cofactor(i: int) -> sp.Expr:
            return (-1) ** (i + n + 1) * J.extract([k for k in range(n) if k != i], list(range(n - 1))).det(
                method="berkowitz"
            )

        return sp.ImmutableDenseMatrix([cofactor(i) for i in range(n)])

    def mean_curvature(self) -> sp.Expr:
        """Return the mean curvature of a hypersurface along `normal`, H . N (the average of principal curvatures)."""
        return self._tidied("mean_curvature", (self.mean_curvature_vector().T * self._cofactors())[0])

    def normal_curvature(self, direction: Iterable[sp.Expr]) -> sp.Expr:
        """Return II(v, v) . N / g(v, v) of a hypersurface in the direction v, components in the chart."""
        v = [checked_function(c, f"`direction`[{i}]", self.coordinates) for i, c in enumerate(direction)]
        if len(v) != len(self.coordinates):
            raise InputError(f"`direction`: expected {len(self.coordinates)} components, got {len(v)}")
        form, N, size = self.second_fundamental_form(), self._cofactors(), range(len(v))
        bent = sum(form[i, a, b] * v[a] * v[b] * N[i] for i in range(len(N)) for a in size for b in size)
        length = sum(self._matrix[a, b] * v[a] * v[b] for a in size for b in size)
        return self._tidied(f"normal_curvature {v}", bent / length)

    def _tidied(self, name: str, expression: sp.Expr) -> sp.Expr:
        """An expression in normal form, over sqrt(det g)."""

        def compute() -> sp.Expr:
            self._hold([expression])
            return self.ring.expression(self.ring.element(expression)) / self.volume_element()

        return self._once(name, compute)

    def _bent(self) -> list[list[list[Any]]]:
        """II as elements, [i][a][b]."""
        ring, size, n = self.ring, self.tower.indices, len(self.embedding)
        functions = [ring.element(f) for f in self.embedding]
        first = [[ring.derivative(f, a) for a in size] for f in functions]
        gamma = self.tower.gamma_udd
        curved = None if self.ambient is None else self._ambient_christoffel()

        def component(i: int, a: int, b: int) -> Any:
            value = ring.derivative(first[i][b], a) + ring.dot((gamma[c][a][b], -first[i][c]) for c in size)
            if curved is not None:
                for j, k in product(range(n), repeat=2):
                    value = value + ring.element(curved[i, j, k]) * first[j][a] * first[k][b]
            return value

        return [[[component(i, a, b) for b in size] for a in size] for i in range(n)]
