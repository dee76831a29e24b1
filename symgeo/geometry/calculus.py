r"""Derivatives of tensors, symmetries, geodesics and changes of the metric, for a metric in a chart.

    D_k T^i_j = d_k T^i_j + Gamma^i_kl T^l_j - Gamma^l_kj T^i_l              (the new index last: T^i_j;k)
    (L_v T)^i_j = v^l d_l T^i_j - T^l_j d_l v^i + T^i_l d_j v^l
    d^2 x^i/dt^2 + Gamma^i_jk dx^j/dt dx^k/dt = 0

(Misner, Thorne and Wheeler, Gravitation, section 10.4 and exercise 21.9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.entries import checked_coordinates, checked_function
from symgeo.geometry.tensor import Tensor

if TYPE_CHECKING:
    from symgeo.geometry.chart import CoordinateMetric
    from symgeo.geometry.ring import DifferentialRing
    from symgeo.geometry.tower import Tower

Components = dict[tuple[int, ...], Any]


class Calculus:
    """What a metric in a chart does to tensors; the half of CoordinateMetric that takes arguments."""

    coordinates: tuple[sp.Symbol, ...]
    ring: DifferentialRing
    tower: Tower
    arithmetic: str
    _matrix: sp.ImmutableDenseMatrix
    _order: int
    _others: tuple[sp.Expr, ...]
    _work_in: Callable[..., None]
    _retried: Callable[..., Any]

    def covariant_derivative(self, tensor: Any, positions: str) -> Tensor:
        """Return D_k T, the index k last.

        Args:
            tensor: components: an expression, or nested sequences or a SymPy array with one axis an index.
            positions: one letter an index, "u" or "d"; "" for a scalar.

        Raises:
            InputError: for a shape that does not fit, or a component that cannot be held.
        """
        values = self._checked_tensor("tensor", tensor, positions)

        def derivative() -> list[sp.Expr]:
            ring, gamma = self.ring, self.tower.gamma_udd
            T = {index: ring.element(value) for index, value in values.items()}
            return [
                ring.expression(self._covariant(T, gamma, positions, i[:-1], i[-1]))
                for i in self._indices(positions + "d")
            ]

        return self._new_tensor(r"\nabla T", positions + "d", values.values(), derivative)

    def lie_derivative(self, vector: Any, tensor: Any = None, positions: str = "dd") -> Tensor:
        """Return L_v T, of the metric itself unless a tensor with its index `positions` is given."""
        v = self._checked_tensor("vector", vector, "u")
        values = self._checked_tensor("tensor", self._matrix if tensor is None else tensor, positions)

        def derivative() -> list[sp.Expr]:
            return [self.ring.expression(value) for value in self._lie(v, values, positions)]

        return self._new_tensor("L_v T", positions, [*v.values(), *values.values()], derivative)

    def is_killing(self, vector: Any) -> bool:
        """Decide whether the flow of `vector` preserves the metric, L_v g = 0."""
        v = self._checked_tensor("vector", vector, "u")
        g = self._checked_tensor("tensor", self._matrix, "dd")
        self._hold(v.values())
        return self._retried(lambda: all(self.ring.decide_zero(value) for value in self._lie(v, g, "dd")))

    def geodesic_equations(self, parameter: sp.Symbol | None = None) -> tuple[sp.Eq, ...]:
        """Return d^2 x^i/dt^2 = -Gamma^i_jk dx^j/dt dx^k/dt, one equation a coordinate, all functions of t.

        Raises:
            InputError: if the parameter is used in the metric.
        """
        t = sp.Symbol("t", real=True) if parameter is None else parameter
        if t.name in {symbol.name for symbol in self._matrix.free_symbols | set(self.coordinates)}:
            raise InputError(f"`parameter`: {t} is used in the metric; pass another symbol")
        gamma: Any = self.christoffel()  # pyright: ignore
        curve = {x: sp.Function(x.name, real=True)(t) for x in self.coordinates}
        size = range(len(self.coordinates))
        velocity = [sp.Derivative(curve[x], t) for x in self.coordinates]
        return tuple(
            sp.Eq(
                sp.Derivative(curve[x], (t, 2)),
                -sp.Add(*[gamma[i, j, k].xreplace(curve) * velocity[j] * velocity[k] for j in size for k in size]),
            )
            for i, x in enumerate(self.coordinates)
        )

    def in_chart(self, coordinates: Iterable[sp.Symbol], old: Sequence[sp.Expr]) -> CoordinateMetric:
        """Return the metric in new `coordinates`, given the `old` ones as functions of them: g' = J^T g(x(y)) J.

        Raises:
            InputError: if there are not as many functions as coordinates, or they are dependent.
        """
        from symgeo.geometry.chart import CoordinateMetric

        new = checked_coordinates(coordinates)
        if not (len(new) == len(old) == len(self.coordinates)):
            raise InputError(
                f"`old`: expected {len(self.coordinates)} functions of {len(self.coordinates)} new coordinates, "
                f"got {len(old)} of {len(new)}"
            )
        functions = [checked_function(f, f"`old`[{i}]", new) for i, f in enumerate(old)]
        J = sp.Matrix([[sp.diff(f, y) for y in new] for f in functions])
        there = dict(zip(self.coordinates, functions, strict=True))
        moved = J.T * self._matrix.subs(there, simultaneous=True).doit() * J
        riemannian = getattr(self, "riemannian", False)
        return CoordinateMetric(moved, new, arithmetic=self.arithmetic, riemannian=riemannian).tidied()

    def conformal(self, factor: sp.Expr) -> CoordinateMetric:
        """Return the conformally changed metric factor * g."""
        from symgeo.geometry.chart import CoordinateMetric

        factor = checked_function(factor, "`factor`", self.coordinates)
        return CoordinateMetric(factor * self._matrix, self.coordinates, arithmetic=self.arithmetic)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _covariant(self, T: Components, gamma: Any, positions: str, index: tuple[int, ...], k: int) -> Any:
        ring, terms = self.ring, []
        for slot, position in enumerate(positions):
            for m in self.tower.indices:
                other = T[(*index[:slot], m, *index[slot + 1 :])]
                if position == "u":
                    terms.append((gamma[index[slot]][k][m], other))
                else:
                    terms.append((gamma[m][k][index[slot]], -other))
        return ring.derivative(T[index], k) + ring.dot(terms)

    def _lie(self, vector: Components, tensor: Components, positions: str) -> list[Any]:
        ring, size = self.ring, self.tower.indices
        v = [ring.element(vector[(i,)]) for i in size]
        dv = [[ring.derivative(v[i], k) for k in size] for i in size]  # [i][k]: d_k v^i
        T = {index: ring.element(value) for index, value in tensor.items()}

        def component(index: tuple[int, ...]) -> Any:
            terms = [(v[m], ring.derivative(T[index], m)) for m in size]
            for slot, position in enumerate(positions):
                for m in size:
                    other = T[(*index[:slot], m, *index[slot + 1 :])]
                    terms.append((-dv[index[slot]][m], other) if position == "u" else (dv[m][index[slot]], other))
            return ring.dot(terms)

        return [component(index) for index in self._indices(positions)]

    def _indices(self, positions: str) -> list[tuple[int, ...]]:
        return list(product(range(len(self.coordinates)), repeat=len(positions)))

    def _hold(self, expressions: Iterable[sp.Expr]) -> None:
        """See that the ring holds `expressions` beside the metric."""
        missing = [e for e in expressions if e not in self._others]
        if missing and self.arithmetic == "field":
            self._work_in(self._order, [*self._others, *missing])

    def _new_tensor(
        self, name: str, positions: str, expressions: Iterable[sp.Expr], values: Callable[[], list[sp.Expr]]
    ) -> Tensor:
        self._hold(expressions)
        shape = (len(self.coordinates),) * len(positions)
        return Tensor.of(self._retried(values), shape, name, positions, self.coordinates)

    def _checked_tensor(self, name: str, tensor: Any, positions: str) -> dict[tuple[int, ...], sp.Expr]:
        if not isinstance(positions, str) or set(positions) - {"u", "d"}:
            raise InputError(f'`positions`: expected letters "u" and "d", got {positions!r}')
        try:
            array = sp.ImmutableDenseNDimArray(tensor) if positions else None
        except (TypeError, ValueError) as error:
            raise InputError(f"`{name}`: expected an array of expressions, got {tensor!r}") from error
        shape = (len(self.coordinates),) * len(positions)
        if array is not None and array.shape != shape:
            raise InputError(f"`{name}`: expected shape {shape} for index positions {positions!r}, got {array.shape}")
        return {
            index: checked_function(
                tensor if array is None else array[index], f"`{name}`{list(index)}", self.coordinates
            )
            for index in self._indices(positions)
        }
