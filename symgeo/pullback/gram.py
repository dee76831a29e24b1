r"""Christoffel symbols, curvature and volume in few dimensions from inner products of the jet.

With g_ab = J_a . J_b, A_c,ab = J_c . H_ab, B_ab,cd = H_ab . H_cd and g = R^T R (Cholesky),

    Gamma = R^{-1} C,  C = R^{-T} A,      N = B - C^T C = <H_ab, P H_cd>,
    R = (g^ab g^cd - g^ac g^bd) N_ab,cd,  log sqrt det g = sum_a log R_aa,

which costs one small product of matrices a point where orthogonalising the features costs several. It loses cond(g)
eps, and in N what B and C^T C have in common: every result comes with the mask of the points where that is below 1e-12,
and the others are left to `frame` and `gauss`. All arrays have the points last, so that each line runs over the whole
batch.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback.jet import Jet, pair_positions

# Above this the tables of pairs of pairs outgrow what orthogonalising costs.
SMALL = 4
# Rows multiplied at once by `symmetric_product`: large enough for the matrix product, small enough to save near half.
BLOCK = 128
# How many units of the last place may be lost before orthogonalising takes over: 1e-12 in float64, 1e-6 in float32.
LOSS = {torch.float64: 1e4, torch.float32: 1e1}


@dataclass(frozen=True)
class Gram:
    """The inner products of first derivatives, of first with second, and of second derivatives; points last."""

    first: Float[Tensor, "d d batch"]
    mixed: Float[Tensor, "d pairs batch"] | None
    second: Float[Tensor, "pairs pairs batch"] | None

    def points_first(self) -> tuple[Tensor, ...]:
        """The parts that there are, as rows for the points."""
        parts = (self.first, self.mixed, self.second)
        return tuple(part.permute(2, 0, 1) for part in parts if part is not None)

    @classmethod
    def points_last(cls, parts: tuple[Tensor, ...]) -> Gram:
        """The same from rows for the points."""
        first, mixed, second = (*(part.permute(1, 2, 0).contiguous() for part in parts), None, None)[:3]
        return cls(first, mixed, second)  # pyright: ignore


def gram(jet: Jet) -> Gram:
    """The inner products of a jet in at most `SMALL` directions."""
    k = jet.k
    if jet.factored is None:
        vectors = jet.dense().transpose(0, 1)
        products = (vectors @ vectors.mT).permute(1, 2, 0).contiguous()
        if jet.order == 1:
            return Gram(products, None, None)
        return Gram(products[:k, :k], products[:k, k:], products[k:, k:])
    base, slope, bend = jet.factored.base, jet.factored.slope, jet.factored.bend
    first = moments(base, slope.square(), 1, 1)
    if jet.order == 1:
        return Gram(first, None, None)
    return Gram(first, moments(base, slope * bend, 1, 2), moments(base, bend.square(), 2, 2))


def moments(
    base: Float[Tensor, "k n"], weight: Float[Tensor, "batch n"], left: int, right: int
) -> Float[Tensor, "rows columns batch"]:
    """sum_j weight_j base_aj base_bj ..., with `left` sorted indices in the row and `right` in the column."""
    unique, positions = moment_table(len(base), left, right)
    products = base[unique.to(base.device)].prod(1)
    return (products @ weight.T)[positions.to(base.device)]


@cache
def moment_table(k: int, left: int, right: int) -> tuple[Int[Tensor, "products factors"], Int[Tensor, "rows columns"]]:
    """The different products of left + right of k vectors, and which of them each row and column names."""

    def sorted_indices(count: int) -> list[tuple[int, ...]]:
        return list(itertools.combinations_with_replacement(range(k), count))

    unique = sorted_indices(left + right)
    place = {indices: position for position, indices in enumerate(unique)}
    rows = [[place[tuple(sorted(one + two))] for two in sorted_indices(right)] for one in sorted_indices(left)]
    return torch.tensor(unique), torch.tensor(rows)


def symmetric_product(rows: Float[Tensor, "batch d n"]) -> Float[Tensor, "batch d d"]:
    """J J^T, of which the blocks below the diagonal are copied from above."""
    d = rows.shape[1]
    if d < 2 * BLOCK:
        return rows @ rows.mT
    product = rows.new_empty(len(rows), d, d)
    for start in range(0, d, BLOCK):
        stop = min(start + BLOCK, d)
        block = rows[:, start:stop] @ rows[:, start:].mT
        product[:, start:stop, start:] = block
        product[:, start:, start:stop] = block.mT
    return product


def cholesky_log_volume(rows: Float[Tensor, "batch d n"]) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """log sqrt det (J J^T) from its Cholesky factor, and where to trust it, as in `SmallGeometry.log_volume`."""
    product = symmetric_product(rows)
    lower, failed = torch.linalg.cholesky_ex(product)
    identity = torch.eye(rows.shape[1], dtype=rows.dtype, device=rows.device).expand_as(lower)
    inverse = torch.linalg.solve_triangular(lower, identity, upper=False)
    moved = (product.diagonal(dim1=1, dim2=2) * inverse.square().sum(1)).sum(-1)
    logs = lower.diagonal(dim1=1, dim2=2).log().sum(-1)
    return logs, (failed == 0) & (moved < LOSS[rows.dtype])


class SmallGeometry:
    """What the inner products of a batch of jets determine."""

    def __init__(self, products: Gram) -> None:
        self.products = products
        g = products.first
        d = len(g)
        self.d = d
        self.loss = LOSS[g.dtype]
        # Where rounding makes a pivot negative the root is NaN, and no comparison trusts it.
        r: dict[tuple[int, int], Tensor] = {}
        for a in range(d):
            for b in range(a, d):
                pivot = g[a, b] - sum((r[c, a] * r[c, b] for c in range(a)), start=torch.zeros(()).to(g))
                r[a, b] = pivot.sqrt() if a == b else pivot / r[a, a]
        self.r = r
        e: dict[tuple[int, int], Tensor] = {}  # R^{-1}, upper triangular
        for b in range(d):
            e[b, b] = 1 / r[b, b]
            for a in reversed(range(b)):
                e[a, b] = -e[a, a] * sum(r[a, c] * e[c, b] for c in range(a + 1, b + 1))
        self.e = e
        #: An upper bound of cond(g): |R|_F^2 |R^{-1}|_F^2.
        self.condition = sum(v.square() for v in r.values()) * sum(v.square() for v in e.values())

    def metric(self) -> tuple[Float[Tensor, "batch d d"], Bool[Tensor, " batch"]]:
        """g, whose entries lose nothing."""
        g = self.products.first
        return g.permute(2, 0, 1), torch.ones_like(g[0, 0], dtype=torch.bool)

    def rank(self) -> tuple[Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """The rank, d wherever the volume is to be trusted."""
        return torch.full_like(self.condition, self.d, dtype=torch.long), self.log_volume()[1]

    def log_volume(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """log sqrt det g, and where to trust it: sum_a g_aa g^aa last places is what rounding g moves log det by."""
        g = self.products.first
        moved = sum(g[a, a] * sum(self.e[a, b].square() for b in range(a, self.d)) for a in range(self.d))
        return sum(self.r[a, a].log() for a in range(self.d)), moved < self.loss  # pyright: ignore

    def tangential(self) -> list[Float[Tensor, "pairs batch"]]:
        """C = R^{-T} A = Q^T H, row by row."""
        mixed = self.products.mixed
        assert mixed is not None
        rows: list[Tensor] = []
        for a in range(self.d):
            rest = mixed[a] - sum((self.r[c, a] * rows[c] for c in range(a)), start=torch.zeros(()).to(mixed))
            rows.append(rest * self.e[a, a])
        return rows

    def christoffel(self) -> tuple[Float[Tensor, "batch d d d"], Bool[Tensor, " batch"]]:
        """Gamma^c_ab, and where to trust it."""
        c = self.tangential()
        rows = [torch.stack([self.e[a, b] * c[b] for b in range(a, self.d)]).sum(0) for a in range(self.d)]
        upper = torch.stack(rows)[:, pair_positions(self.d, c[0].device)]
        return upper.permute(3, 0, 1, 2), self.condition < self.loss

    def scalar_curvature(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """R, and where to trust it: where cond(g) |H|^2 |g^{-1}|^2, a bound of its terms, is not far above it."""
        second = self.products.second
        assert second is not None
        d = self.d
        normal = second - sum(row[:, None] * row[None] for row in self.tangential())
        size = sum(second[p, p] * (1 + (p not in diagonal(d))) for p in range(len(second)))
        spread = sum(v.square() for v in self.e.values())  # tr g^{-1}
        g_uu = [[sum(self.e[a, c] * self.e[b, c] for c in range(max(a, b), d)) for b in range(d)] for a in range(d)]
        position = pair_positions(d, torch.device("cpu")).tolist()
        total = torch.zeros_like(self.r[0, 0])
        for (a, b), (c, e) in itertools.product(itertools.combinations(range(d), 2), repeat=2):
            riemann = normal[position[a][c], position[b][e]] - normal[position[a][e], position[b][c]]
            total = total + (g_uu[a][c] * g_uu[b][e] - g_uu[a][e] * g_uu[b][c]) * riemann
        total = 2 * total
        return total, self.condition * spread.square() * size < self.loss * total.abs()


def diagonal(d: int) -> list[int]:
    """Where the pairs (a, a) stand."""
    return [position for position, (a, b) in enumerate(itertools.combinations_with_replacement(range(d), 2)) if a == b]
