"""The tensor tower of a metric over any differential ring, each independent component computed once.

    Gamma_c,ab = (d_a g_cb + d_b g_ca - d_c g_ab) / 2,        Gamma^r_ab = g^rc Gamma_c,ab
    R_abcd     = (d_b d_c g_ad + d_a d_d g_bc - d_a d_c g_bd - d_b d_d g_ac) / 2
                 + Gamma^e_bc Gamma_e,ad - Gamma^e_bd Gamma_e,ac
    R_bd       = g^ac R_abcd,   R = g^bd R_bd,   G_ab = R_ab - R g_ab / 2
    C_abcd     = R_abcd - (g_ac R_bd + g_bd R_ac - g_ad R_bc - g_bc R_ad) / (n-2)
                 + R (g_ac g_bd - g_ad g_bc) / ((n-1)(n-2))

Signs are those of symgeo.conventions (Misner, Thorne and Wheeler, Gravitation, chapters 8, 13 and 14). A Riemann
tensor is held as its components R_abcd with a < b, c < d, (a, b) <= (c, d), of which the first Bianchi identity
R_adbc = R_acbd - R_abcd gives one in three where all four indices differ.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import combinations
from typing import Any, Generic

from symgeo.geometry.ring import DifferentialRing, Element

Matrix = list[list[Any]]
Pair = tuple[int, int]


class Tower(Generic[Element]):
    """Every tensor that follows from g_dd, over `ring`, lazily."""

    def __init__(self, ring: DifferentialRing[Element], g_dd: Matrix) -> None:
        self.ring = ring
        self.g_dd = g_dd
        self.indices = range(len(g_dd))
        self.pairs: list[Pair] = list(combinations(self.indices, 2))

    @cached_property
    def _minors(self) -> Callable[[tuple[int, ...], tuple[int, ...]], Any]:
        """Laplace expansion along the first row; minors of the lower rows are shared by all cofactors."""
        ring, known = self.ring, {}

        def minor(rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
            if not rows:
                return ring.rational(1)
            if (rows, columns) not in known:
                row, pairs = self.g_dd[rows[0]], []
                for position, column in enumerate(columns):
                    if not ring.vanishes(row[column]):
                        entry = row[column] if position % 2 == 0 else -row[column]
                        pairs.append((entry, minor(rows[1:], columns[:position] + columns[position + 1 :])))
                known[rows, columns] = ring.dot(pairs)
            return known[rows, columns]

        return minor

    @cached_property
    def determinant(self) -> Element:
        """det g."""
        every = tuple(self.indices)
        return self._minors(every, every)

    @cached_property
    def g_uu(self) -> Matrix:
        """The inverse metric: cofactors over det g."""
        every = tuple(self.indices)
        inverse: Matrix = [[None] * len(every) for _ in every]
        for i in every:
            for j in every[i:]:
                cofactor = self._minors(every[:i] + every[i + 1 :], every[:j] + every[j + 1 :])
                if not self.ring.vanishes(cofactor):
                    cofactor = (cofactor if (i + j) % 2 == 0 else -cofactor) / self.determinant
                inverse[i][j] = inverse[j][i] = cofactor
        return inverse

    @cached_property
    def dg_ddd(self) -> list[Matrix]:
        """d_k g_ij as [k][i][j]."""
        return [self._symmetric(lambda i, j, k=k: self.ring.derivative(self.g_dd[i][j], k)) for k in self.indices]

    @cached_property
    def gamma_ddd(self) -> list[Matrix]:
        """Gamma_c,ab as [c][a][b]."""
        dg, half = self.dg_ddd, self.ring.rational(1, 2)
        return [
            self._symmetric(lambda a, b, c=c: (dg[a][c][b] + dg[b][c][a] - dg[c][a][b]) * half) for c in self.indices
        ]

    @cached_property
    def gamma_udd(self) -> list[Matrix]:
        """Gamma^r_ab as [r][a][b]."""
        g_uu, gamma = self.g_uu, self.gamma_ddd
        return [
            self._symmetric(lambda a, b, r=r: self.ring.dot((g_uu[r][c], gamma[c][a][b]) for c in self.indices))
            for r in self.indices
        ]

    def second_derivative(self, i: int, j: int, k: int, m: int) -> Any:
        """d_k d_m g_ij, each computed once."""
        i, j, k, m = min(i, j), max(i, j), min(k, m), max(k, m)
        known = self._second_derivatives
        if (i, j, k, m) not in known:
            known[i, j, k, m] = self.ring.derivative(self.dg_ddd[m][i][j], k)
        return known[i, j, k, m]

    @cached_property
    def _second_derivatives(self) -> dict[tuple[int, int, int, int], Any]:
        return {}

    def linear_riemann(self, a: int, b: int, c: int, d: int) -> Any:
        """The part of R_abcd that is linear in second derivatives of g, or None where it vanishes identically."""
        plus = self.second_derivative(a, d, b, c) + self.second_derivative(b, c, a, d)
        minus = self.second_derivative(b, d, a, c) + self.second_derivative(a, c, b, d)
        return (plus - minus) * self.ring.rational(1, 2)

    def quadratic_riemann(self, a: int, b: int, c: int, d: int) -> Any:
        """Gamma^e_bc Gamma_e,ad - Gamma^e_bd Gamma_e,ac."""
        up, down = self.gamma_udd, self.gamma_ddd
        plus = [(up[e][b][c], down[e][a][d]) for e in self.indices]
        minus = [(up[e][b][d], -down[e][a][c]) for e in self.indices]
        return self.ring.dot(plus + minus)

    @cached_property
    def riemann_pairs(self) -> dict[tuple[Pair, Pair], Any]:
        """R_abcd by its two pairs, (a, b) <= (c, d)."""
        riemann: dict[tuple[Pair, Pair], Any] = {}
        for position, (a, b) in enumerate(self.pairs):
            for c, d in self.pairs[position:]:
                if a < c < d < b:  # the first Bianchi identity: the other two of the three come earlier
                    value = riemann[(a, d), (c, b)] - riemann[(a, c), (d, b)]
                else:
                    value = self.riemann_component(a, b, c, d)
                riemann[(a, b), (c, d)] = value
        return riemann

    def riemann_component(self, a: int, b: int, c: int, d: int) -> Any:
        """R_abcd from its definition; without second derivatives where g is a Hessian."""
        quadratic = self.quadratic_riemann(a, b, c, d)
        return quadratic if self.is_hessian else self.linear_riemann(a, b, c, d) + quadratic

    @cached_property
    def is_hessian(self) -> bool:
        """Whether d_a g_bc is seen to be totally symmetric, so that the linear part of Riemann cancels."""
        dg = self.dg_ddd
        return all(dg[a][b][c] == dg[b][a][c] for a, b in self.pairs for c in self.indices)

    def riemann_dddd(self, a: int, b: int, c: int, d: int) -> Any:
        """R_abcd for any four indices, by the symmetries."""
        return self._from_pairs(self.riemann_pairs, a, b, c, d)

    def _from_pairs(self, tensor: dict[tuple[Pair, Pair], Any], a: int, b: int, c: int, d: int) -> Any:
        if a == b or c == d:
            return self.ring.rational(0)
        first, second = (min(a, b), max(a, b)), (min(c, d), max(c, d))
        value = tensor[first, second] if first <= second else tensor[second, first]
        return value if (a < b) == (c < d) else -value

    @cached_property
    def ricci_dd(self) -> Matrix:
        """R_bd = g^ac R_abcd; in two dimensions R g_bd / 2."""
        g_uu = self.g_uu
        if len(g_uu) == 2:
            half = self.scalar * self.ring.rational(1, 2)
            return self._symmetric(lambda b, d: self.g_dd[b][d] * half)
        return self._symmetric(
            lambda b, d: self.ring.dot(
                (g_uu[a][c], self.riemann_dddd(a, b, c, d))
                for a in self.indices
                for c in self.indices
                if a != b and c != d and not self.ring.vanishes(g_uu[a][c])
            )
        )

    @cached_property
    def scalar(self) -> Any:
        """R = g^bd R_bd; in two dimensions 2 R_0101 / det g."""
        if len(self.indices) == 2:
            return self.riemann_dddd(0, 1, 0, 1) * self.ring.rational(2) / self.determinant
        return self.ring.dot((self.g_uu[b][d], self.ricci_dd[b][d]) for b in self.indices for d in self.indices)

    @cached_property
    def einstein_dd(self) -> Matrix:
        """G_ab = R_ab - R g_ab / 2."""
        half_scalar = self.scalar * self.ring.rational(1, 2)
        return self._symmetric(lambda a, b: self.ricci_dd[a][b] - self.g_dd[a][b] * half_scalar)

    @cached_property
    def weyl_pairs(self) -> dict[tuple[Pair, Pair], Any]:
        """C_abcd by its two pairs; zero in fewer than four dimensions."""
        n = len(self.indices)
        if n < 4:
            return dict.fromkeys(self.riemann_pairs, self.ring.rational(0))
        trace = self.scalar * self.ring.rational(1, (n - 1) * (n - 2))
        schouten = self._symmetric(
            lambda a, b: (
                self.ricci_dd[a][b] * self.ring.rational(1, n - 2) - self.g_dd[a][b] * trace * self.ring.rational(1, 2)
            )
        )
        g, weyl = self.g_dd, {}
        for ((a, b), (c, d)), value in self.riemann_pairs.items():
            traces = [(g[a][c], schouten[b][d]), (g[b][d], schouten[a][c])]
            crossed = [(g[a][d], -schouten[b][c]), (g[b][c], -schouten[a][d])]
            weyl[(a, b), (c, d)] = value - self.ring.dot(traces + crossed)
        return weyl

    def weyl_dddd(self, a: int, b: int, c: int, d: int) -> Any:
        """C_abcd for any four indices, by the symmetries."""
        return self._from_pairs(self.weyl_pairs, a, b, c, d)

    @cached_property
    def kretschmann(self) -> Any:
        """R_abcd R^abcd, through the curvature operator R^ab_cd on 2-forms: 4 times the trace of its square."""
        ring, g_uu = self.ring, self.g_uu

        def raised(p: Pair, q: Pair) -> Any:
            return ring.dot([(g_uu[p[0]][q[0]], g_uu[p[1]][q[1]]), (-g_uu[p[0]][q[1]], g_uu[p[1]][q[0]])])

        metric = {(p, q): raised(p, q) for p in self.pairs for q in self.pairs}
        operator = {
            (p, q): ring.dot((metric[p, e], self.riemann_dddd(*e, *q)) for e in self.pairs)
            for p in self.pairs
            for q in self.pairs
        }
        trace = ring.dot((operator[p, q], operator[q, p]) for p in self.pairs for q in self.pairs)
        return trace * ring.rational(4)

    def _symmetric(self, component: Callable[[int, int], Any]) -> Matrix:
        """A symmetric matrix, each component computed once."""
        matrix: Matrix = [[None] * len(self.indices) for _ in self.indices]
        for i in self.indices:
            for j in self.indices[i:]:
                matrix[i][j] = matrix[j][i] = component(i, j)
        return matrix
