"""A metric given by its matrix of components in one chart, g = g_ij(x) dx^i dx^j."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, Self

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.calculus import Calculus
from symgeo.geometry.entries import checked_coordinates, checked_matrix
from symgeo.geometry.field import DifferentialField
from symgeo.geometry.field.kernels import OrderExhausted, Unholdable
from symgeo.geometry.metric import Metric
from symgeo.geometry.ring import DifferentialRing, ExpressionRing
from symgeo.geometry.tensor import Tensor
from symgeo.geometry.tower import Tower

ARITHMETICS = ("field", "sympy")


class CoordinateMetric(Calculus, Metric):
    """A metric g_ij(x) in the chart `coordinates`, Riemannian or not.

    >>> r, t = sp.symbols("r theta", positive=True)
    >>> CoordinateMetric(sp.diag(1, sp.sinh(r) ** 2), (r, t)).scalar_curvature()
    -2
    """

    derivative_order = 2  # of g, that curvature needs

    def __init__(
        self, matrix: Any, coordinates: Iterable[sp.Symbol], *, arithmetic: str = "field", riemannian: bool = False
    ) -> None:
        """Take the components and their chart.

        Args:
            matrix: square and symmetric, one row a coordinate, exact entries.
            coordinates: different symbols.
            arithmetic: "field", a differential field in which zero means zero (`symgeo.geometry.field`), or "sympy",
                plain expressions, which hold whatever SymPy can differentiate, unsimplified.
            riemannian: a promise that det g > 0, so that the volume element is sqrt(det g) without a modulus.

        Raises:
            InputError: naming the entry, for a matrix that is not square, symmetric, exact and invertible, or the
                kernel that the field cannot hold.
        """
        self.coordinates = checked_coordinates(coordinates)
        self._matrix = checked_matrix(matrix, self.coordinates)
        self.riemannian = riemannian
        self.arithmetic = arithmetic
        if arithmetic not in ARITHMETICS:
            raise InputError(f'`arithmetic`: expected "field" or "sympy", got {arithmetic!r}')
        self._results: dict[str, Any] = {}
        self._work_in(self.derivative_order)
        self._require_metric()

    def _work_in(self, order: int, others: Iterable[sp.Expr] = ()) -> None:
        """Set ring and tower, for derivatives up to `order`, and for `others` beside the metric's entries."""
        others = tuple(others)
        # what cannot be held raises here, and leaves the metric as it was
        ring = ExpressionRing(self.coordinates) if self.arithmetic == "sympy" else self._field(order, others)
        self._order, self._others = order, others
        self.ring: DifferentialRing = ring
        self.tower = self._new_tower()

    def _field(self, order: int, others: tuple[sp.Expr, ...]) -> DifferentialField:
        ingredients = self._ingredients()
        try:
            return DifferentialField(self.coordinates, [*ingredients, *others], order)
        except Unholdable as error:
            # Look again, entry by entry, so that the error can say where.
            for expression, where in ingredients.items():
                try:
                    DifferentialField(self.coordinates, [expression], order)
                except Unholdable as found:
                    raise Unholdable(found.told, where) from None
            raise error

    def _ingredients(self) -> dict[sp.Expr, str]:
        """The expressions that the tower is built from, and what errors call them."""
        size = range(len(self.coordinates))
        return {self._matrix[i, j]: f"`matrix`[{i}, {j}]" for i in reversed(size) for j in reversed(size)}

    def _new_tower(self) -> Tower:
        return Tower(self.ring, self._elements())

    def _elements(self) -> list[list[Any]]:
        size = range(len(self.coordinates))
        return [[self.ring.element(self._matrix[i, j]) for j in size] for i in size]

    def _require_metric(self) -> None:
        ring, g = self.ring, self.tower.g_dd
        for i in self.tower.indices:
            for j in range(i):
                if self._matrix[i, j] != self._matrix[j, i] and not ring.decide_zero(g[i][j] - g[j][i]):
                    raise InputError(
                        f"`matrix`: expected a symmetric matrix, but entries [{i}, {j}] and [{j}, {i}] differ"
                    )
                g[i][j] = g[j][i]
        if ring.vanishes(self.tower.determinant):
            raise InputError("`matrix`: det g is zero, so that there is no inverse; give independent coordinates")

    def structure(self) -> tuple[object, ...]:
        """Return what the metric was made of: two of one structure have the same kernels."""
        return self.coordinates, self._matrix, self.riemannian, self.arithmetic

    def __repr__(self) -> str:
        names = ", ".join(map(str, self.coordinates))
        return f"{type(self).__name__}({len(self.coordinates)} x {len(self.coordinates)}, coordinates ({names}))"

    @property
    def dimension(self) -> sp.Integer:
        """The number of coordinates."""
        return sp.Integer(len(self.coordinates))

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: the coordinates, then the parameters."""
        parameters = self._matrix.free_symbols - set(self.coordinates)
        ordered = [*self.coordinates, *sorted(parameters, key=lambda symbol: symbol.name)]
        return {symbol.name: symbol for symbol in ordered}

    def tidied(self) -> Self:
        """Return the metric with each entry of its matrix as the field writes it, where that is shorter."""
        if self.arithmetic == "field":
            g, size = self.tower.g_dd, range(len(self.coordinates))
            forms = [[(self._matrix[i, j], self.ring.expression(g[i][j])) for j in size] for i in size]
            self._matrix = sp.ImmutableDenseMatrix([[min(pair, key=sp.count_ops) for pair in row] for row in forms])
        return self

    def matrix(self) -> sp.ImmutableDenseMatrix:
        """Return g_ij as it was given."""
        return self._matrix

    def inverse(self) -> sp.ImmutableDenseMatrix:
        """Return g^ij."""
        return self._matrix_of("inverse", lambda i, j: self.tower.g_uu[i][j])

    def determinant(self) -> sp.Expr:
        """Return det g."""
        return self._scalar("determinant", lambda: self.tower.determinant)

    def volume_element(self) -> sp.Expr:
        """Return sqrt(|det g|), without a modulus where the sign of det g is known."""
        det = self.determinant()
        if self.riemannian or det.is_nonnegative:
            return sp.sqrt(det)
        return sp.sqrt(-det) if det.is_nonpositive else sp.sqrt(sp.Abs(det))

    def christoffel(self, kind: int = 2) -> Tensor:
        """Return Gamma^r_ab (kind 2) or Gamma_r,ab (kind 1) as [r, a, b].

        Raises:
            InputError: for any other kind.
        """
        if kind == 1:
            return self._tensor(r"\Gamma", "ddd", lambda r, a, b: self.tower.gamma_ddd[r][a][b])
        if kind == 2:
            return self._tensor(r"\Gamma", "udd", lambda r, a, b: self.tower.gamma_udd[r][a][b])
        raise InputError(f"`kind`: expected 1 or 2, got {kind}")

    def riemann(self, positions: str = "dddd") -> Tensor:
        """Return the Riemann tensor as [r, s, m, n], R_rsmn unless `positions` raises indices ("uddd": R^r_smn)."""
        return self._placed("R", positions, lambda *index: self.tower.riemann_dddd(*index))

    def weyl(self, positions: str = "dddd") -> Tensor:
        """Return the Weyl tensor as [r, s, m, n], index positions as for `riemann`; zero below four dimensions."""
        return self._placed("C", positions, lambda *index: self.tower.weyl_dddd(*index))

    def ricci(self) -> sp.ImmutableDenseMatrix:
        """Return R_sn = R^r_srn."""
        return self._matrix_of("ricci", lambda i, j: self.tower.ricci_dd[i][j])

    def scalar_curvature(self) -> sp.Expr:
        """Return R = g^sn R_sn."""
        return self._scalar("scalar_curvature", lambda: self.tower.scalar)

    def einstein(self) -> sp.ImmutableDenseMatrix:
        """Return G_ij = R_ij - R g_ij / 2."""
        return self._matrix_of("einstein", lambda i, j: self.tower.einstein_dd[i][j])

    def kretschmann(self) -> sp.Expr:
        """Return R_abcd R^abcd."""
        return self._scalar("kretschmann", lambda: self.tower.kretschmann)

    def is_flat(self) -> bool:
        """Decide whether the Riemann tensor vanishes identically."""
        return self._decided(lambda: self.tower.riemann_pairs.values())

    def is_ricci_flat(self) -> bool:
        """Decide whether the Ricci tensor vanishes identically."""
        return self._decided(lambda: [value for row in self.tower.ricci_dd for value in row])

    def is_einstein(self) -> bool:
        """Decide whether R_ij = c g_ij with a constant c; by Schur's lemma only two dimensions need dR = 0 as well."""
        n = len(self.coordinates)

        def defects() -> list[Any]:
            tower, ring = self.tower, self.ring
            c = tower.scalar * ring.rational(1, n)
            traceless = [
                tower.ricci_dd[i][j] - c * tower.g_dd[i][j] for i in tower.indices for j in tower.indices if i <= j
            ]
            return traceless + ([ring.derivative(tower.scalar, k) for k in tower.indices] if n == 2 else [])

        return self._decided(defects)

    def _repr_latex_(self) -> str:
        x, g = self.coordinates, self._matrix
        terms = [
            (1 if i == j else 2) * g[i, j] * sp.Symbol(rf"d{sp.latex(x[i])}") * sp.Symbol(rf"d{sp.latex(x[j])}")
            for i in self.tower.indices
            for j in self.tower.indices
            if i <= j
        ]
        return f"$\\displaystyle ds^2 = {sp.latex(sp.Add(*terms))}$"

    # --- from the tower to SymPy, once ----------------------------------------------------------------------------

    def _retried(self, compute: Callable[[], Any]) -> Any:
        """The result of `compute`, in a field of higher order where derivatives run out."""
        while True:
            try:
                return compute()
            except OrderExhausted:
                self._work_in(self._order + 1, self._others)

    def _decided(self, elements: Callable[[], Iterable[Any]]) -> bool:
        return self._retried(lambda: all(self.ring.decide_zero(element) for element in elements()))

    def _once(self, name: str, compute: Callable[[], Any]) -> Any:
        if name not in self._results:
            self._results[name] = self._retried(compute)
        return self._results[name]

    def _scalar(self, name: str, element: Callable[[], Any]) -> sp.Expr:
        return self._once(name, lambda: self.ring.expression(element()))

    def _matrix_of(self, name: str, component: Callable[[int, int], Any]) -> sp.ImmutableDenseMatrix:
        n = len(self.coordinates)
        return self._once(name, lambda: sp.ImmutableDenseMatrix(n, n, self._components(2, component)))

    def _tensor(self, name: str, positions: str, component: Callable[..., Any]) -> Tensor:
        shape = (len(self.coordinates),) * len(positions)

        def compute() -> Tensor:
            return Tensor.of(self._components(len(shape), component), shape, name, positions, self.coordinates)

        return self._once(f"{name} {positions}", compute)

    def _placed(self, name: str, positions: str, lowered: Callable[..., Any]) -> Tensor:
        """A tensor that is known with all indices down, with those marked "u" raised."""
        if len(positions) != 4 or set(positions) - {"u", "d"}:
            raise InputError(f'`positions`: expected four letters "u" or "d", got {positions!r}')
        return self._tensor(name, positions, lambda *index: self._raised(lowered, positions, index))

    def _raised(self, lowered: Callable[..., Any], positions: str, index: tuple[int, ...]) -> Any:
        slot = positions.find("u")
        if slot < 0:
            return lowered(*index)
        rest = f"{positions[:slot]}d{positions[slot + 1 :]}"
        return self.ring.dot(
            (self.tower.g_uu[index[slot]][e], self._raised(lowered, rest, (*index[:slot], e, *index[slot + 1 :])))
            for e in self.tower.indices
            if not self.ring.vanishes(self.tower.g_uu[index[slot]][e])
        )

    def _components(self, rank: int, component: Callable[..., Any]) -> list[sp.Expr]:
        """All components as expressions; one element that fills several slots is turned back once."""
        known: dict[Any, sp.Expr] = {}
        values = []
        for index in product(range(len(self.coordinates)), repeat=rank):
            element = component(*index)
            key, opposite = self.ring.key(element), self.ring.key(-element)
            if key not in known:
                known[key] = -known[opposite] if opposite in known else self.ring.expression(element)
            values.append(known[key])
        return values
