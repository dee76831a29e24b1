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
import operator
from collections.abc import Iterable
from functools import cache, cached_property, reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback.jet import Factored, Jet, pair_count, pair_positions

# Above this the tables of pairs of pairs outgrow what orthogonalising costs.
SMALL = 4
# Rows multiplied at once by `symmetric_product`: large enough for the matrix product, small enough to save near half.
BLOCK = 128
# How many units of the last place may be lost before orthogonalising takes over: 1e-12 in float64, 1e-6 in float32.
LOSS = {torch.float64: 1e4, torch.float32: 1e1}


class Gram:
    """The inner products of the jets of a batch in at most `SMALL` directions, chunk by chunk; points last.

    Where jets are factored, <H_ab, H_cd> = sum_j bend_j^2 base_aj base_bj base_cj base_dj is the same for all orders of
    a, b, c, d and drops out of the curvature: only sum_ab |H_ab|^2 is kept.

    Args:
        jet: one like those to come.
        batch: how many points are to come.
    """

    def __init__(self, jet: Jet, batch: int) -> None:
        self.d, self.order, self.factored = jet.k, jet.order, jet.factored is not None
        pairs = pair_count(jet.k)
        self.first_places = moment_table(jet.k, 1, 1)[1].tolist()
        if self.factored:
            self.mixed_places, mixed = moment_table(jet.k, 1, 2)[1].tolist(), len(moment_table(jet.k, 1, 2)[0])
            second = 1
        else:
            self.mixed_places, mixed = torch.arange(jet.k * pairs).view(jet.k, pairs).tolist(), jet.k * pairs
            self.second_places, second = pair_positions(pairs, torch.device("cpu")).tolist(), pair_count(pairs)
        self.parts = [pairs, mixed, second][: 2 * jet.order - 1]
        like = jet.factored.slope if jet.factored is not None else jet.dense()
        self.rows = like.new_empty(sum(self.parts), batch)
        self._scratch = like.new_empty(0)

    def put(self, jet: Jet, where: slice) -> bool:
        """Takes the products of a jet; whether they are finite."""
        out = self.rows[:, where].split(self.parts)
        if self.factored and jet.factored is not None:
            self._put_moments(jet.factored, out)
        else:
            k = jet.k
            vectors = jet.dense().transpose(0, 1)
            products = vectors @ vectors.mT
            for part, rows, columns in ((0, slice(k), slice(k)), (2, slice(k, None), slice(k, None)))[: jet.order]:
                block = products[:, rows, columns]
                upper = torch.triu_indices(block.shape[1], block.shape[1], device=block.device)
                out[part].copy_(block[:, upper[0], upper[1]].T)
            if jet.order == 2:
                out[1].copy_(products[:, :k, k:].flatten(1).T)
        return bool(self.rows[:, where].sum().isfinite())

    def _put_moments(self, jet: Factored, out: tuple[Tensor, ...]) -> None:
        base, slope, bend = jet.base, jet.slope, jet.bend
        if self._scratch.shape != slope.shape:
            self._scratch = torch.empty_like(slope)
        for factors, part in enumerate(out[:2], start=2):
            torch.mul(slope, slope if factors == 2 else bend, out=self._scratch)
            unique = moment_table(len(base), 1, factors - 1)[0].to(base.device)
            torch.mm(base[unique].prod(1), self._scratch.T, out=part)
        if len(out) == 3:
            torch.mul(bend, bend, out=self._scratch)
            torch.mm(base.square().sum(0).square()[None], self._scratch.T, out=out[2])

    def first(self, a: int, b: int) -> Float[Tensor, " batch"]:
        """J_a . J_b."""
        return self.rows[self.first_places[a][b]]

    def mixed(self, c: int, pair: int) -> Float[Tensor, " batch"]:
        """J_c . H_ab, for the pair (a, b) by its place."""
        return self.rows[self.parts[0] + self.mixed_places[c][pair]]

    def second(self, left: int, right: int) -> Float[Tensor, " batch"]:
        """H_ab . H_cd of jets that are not factored, for pairs by their places."""
        return self.rows[self.parts[0] + self.parts[1] + self.second_places[left][right]]

    def bend(self) -> Float[Tensor, " batch"]:
        """sum_ab |H_ab|^2."""
        if self.factored:
            return self.rows[-1]
        diagonal = {position for position, (a, b) in enumerate(_pairs(self.d)) if a == b}
        return sum(self.second(p, p) * (1 if p in diagonal else 2) for p in range(pair_count(self.d)))  # pyright: ignore


def _pairs(d: int) -> list[tuple[int, int]]:
    return list(itertools.combinations_with_replacement(range(d), 2))


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
        self.d = d = products.d
        self.loss = LOSS[products.rows.dtype]
        # Where rounding makes a pivot negative the root is NaN, and no comparison trusts it.
        r: dict[tuple[int, int], Tensor] = {}
        for a in range(d):
            for b in range(a, d):
                pivot = products.first(a, b)
                for c in range(a):
                    pivot = torch.addcmul(pivot, r[c, a], r[c, b], value=-1)
                r[a, b] = pivot.sqrt() if a == b else pivot / r[a, a]
        self.r = r
        e: dict[tuple[int, int], Tensor] = {}  # R^{-1}, upper triangular
        for b in range(d):
            e[b, b] = 1 / r[b, b]
            for a in reversed(range(b)):
                e[a, b] = -e[a, a] * _sum(r[a, c] * e[c, b] for c in range(a + 1, b + 1))
        self.e = e
        #: An upper bound of cond(g): |R|_F^2 |R^{-1}|_F^2.
        self.condition = _sum(v.square() for v in r.values()) * _sum(v.square() for v in e.values())

    def metric(self) -> tuple[Float[Tensor, "batch d d"], Bool[Tensor, " batch"]]:
        """g, whose entries lose nothing."""
        g_dd = torch.stack([self.products.first(a, b) for a in range(self.d) for b in range(self.d)], 1)
        return g_dd.view(-1, self.d, self.d), torch.ones_like(g_dd[:, 0], dtype=torch.bool)

    def rank(self) -> tuple[Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """The rank, d wherever the volume is to be trusted."""
        return torch.full_like(self.condition, self.d, dtype=torch.long), self.log_volume()[1]

    def log_volume(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """log sqrt det g, and where to trust it: sum_a g_aa g^aa last places is what rounding g moves log det by."""
        d = self.d
        moved = _sum(self.products.first(a, a) * _sum(self.e[a, b].square() for b in range(a, d)) for a in range(d))
        return _sum(self.r[a, a].log() for a in range(d)), moved < self.loss

    @cached_property
    def tangential(self) -> list[list[Float[Tensor, " batch"]]]:
        """C = R^{-T} A = Q^T H: a row for each q, an entry for each pair."""
        rows: list[list[Tensor]] = []
        for a in range(self.d):
            row = []
            for p in range(pair_count(self.d)):
                rest = self.products.mixed(a, p)
                for c in range(a):
                    rest = torch.addcmul(rest, self.r[c, a], rows[c][p], value=-1)
                row.append(rest * self.e[a, a])
            rows.append(row)
        return rows

    def christoffel(self) -> tuple[Float[Tensor, "batch d d d"], Bool[Tensor, " batch"]]:
        """Gamma^c_ab, and where to trust it."""
        d, c = self.d, self.tangential
        position = pair_positions(d, torch.device("cpu")).flatten().tolist()
        upper = [[_sum(self.e[a, b] * c[b][p] for b in range(a, d)) for p in range(pair_count(d))] for a in range(d)]
        gamma_udd = torch.stack([row[p] for row in upper for p in position], 1)
        return gamma_udd.view(-1, d, d, d), self.condition < self.loss

    def scalar_curvature(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """R, and where to trust it: where cond(g) |H|^2 |g^{-1}|^2, a bound of its terms, is not far above it."""
        d, e = self.d, self.e
        spread = _sum(v.square() for v in e.values())  # tr g^{-1}
        g_uu = [[_sum(e[a, c] * e[b, c] for c in range(max(a, b), d)) for b in range(d)] for a in range(d)]
        position = pair_positions(d, torch.device("cpu")).tolist()
        total = torch.zeros_like(self.condition)
        planes = itertools.product(itertools.combinations(range(d), 2), repeat=2)
        for (a, b), (c, f) in planes:
            ac, bf, af, bc = position[a][c], position[b][f], position[a][f], position[b][c]
            riemann = self._normal(ac, bf) - self._normal(af, bc)
            total = torch.addcmul(total, g_uu[a][c] * g_uu[b][f] - g_uu[a][f] * g_uu[b][c], riemann, value=2)
        bound = self.condition * spread.square() * self.products.bend()
        return total, bound < self.loss * total.abs()

    def _normal(self, left: int, right: int) -> Float[Tensor, " batch"]:
        """<H_ab, P H_cd>, less what is the same for all orders of a, b, c, d where that is not kept."""
        along = _sum(row[left] * row[right] for row in self.tangential)
        return -along if self.products.factored else self.products.second(left, right) - along


def _sum(terms: Iterable[Tensor]) -> Tensor:
    """The sum of some tensors, at least one."""
    return reduce(operator.add, terms)
