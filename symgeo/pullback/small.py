r"""Christoffel symbols, curvature and volume in few dimensions from inner products of the jet.

With g_ab = J_a . J_b, A_c,ab = J_c . H_ab, B_ab,cd = H_ab . H_cd and g = R^T R (Cholesky),

    Gamma = R^{-1} C,  C = R^{-T} A,      N = B - C^T C = <H_ab, P H_cd>,
    R = (g^ab g^cd - g^ac g^bd) N_ab,cd,  log sqrt det g = sum_a log R_aa,

which costs one small product of matrices a point where orthogonalising the features costs several. It loses cond(g)
eps, and in N what B and C^T C have in common: every result comes with the mask of the points where that is below 1e-12,
and the others are left to `frame` and `gauss`.
"""

from __future__ import annotations

import itertools
import operator
from functools import cached_property, reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback.cholesky import LOSS, full_rank_condition
from symgeo.pullback.gram import Gram, summed
from symgeo.pullback.jet import pair_count, pair_positions


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
                e[a, b] = -e[a, a] * summed(r[a, c] * e[c, b] for c in range(a + 1, b + 1))
        self.e = e
        #: An upper bound of cond(g): |R|_F^2 |R^{-1}|_F^2.
        self.condition = summed(v.square() for v in r.values()) * summed(v.square() for v in e.values())

    def metric(self) -> tuple[Float[Tensor, "batch d d"], Bool[Tensor, " batch"]]:
        """g, whose entries lose nothing unless they underflow."""
        g_dd = torch.stack([self.products.first(a, b) for a in range(self.d) for b in range(self.d)], 1)
        return g_dd.view(-1, self.d, self.d), self.in_range

    @cached_property
    def in_range(self) -> Bool[Tensor, " batch"]:
        """Where no square of a length is near the smallest number that has all digits."""
        info = torch.finfo(self.products.rows.dtype)
        return reduce(operator.and_, (self.products.first(a, a) > info.tiny / info.eps for a in range(self.d)))

    def rank(self) -> tuple[Int[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """The rank, d wherever the volume is to be trusted."""
        return torch.full_like(self.condition, self.d, dtype=torch.long), self.volume_settled

    def log_volume(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """log sqrt det g, and where to trust it."""
        return summed(self.r[a, a].log() for a in range(self.d)), self.volume_settled

    @cached_property
    def volume_settled(self) -> Bool[Tensor, " batch"]:
        """Where the volume is to be trusted: sum_a g_aa g^aa last places is what rounding g moves log det by."""
        d = self.d
        moved = summed(self.products.first(a, a) * summed(self.e[a, b].square() for b in range(a, d)) for a in range(d))
        full = self.condition < full_rank_condition(max(d, self.products.n), moved.dtype)
        return (moved < self.loss) & full & self.in_range

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
        upper = [[summed(self.e[a, b] * c[b][p] for b in range(a, d)) for p in range(pair_count(d))] for a in range(d)]
        gamma_udd = torch.stack([row[p] for row in upper for p in position], 1)
        return gamma_udd.view(-1, d, d, d), (self.condition < self.loss) & self.products.settled & self.in_range

    def scalar_curvature(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """R, and where to trust it: where a bound of its terms is not far above it.

        The terms of N carry errors of eps cond(g) |H|^2, or eps cond(g) |C| |H| where only C is in them, and
        sum_{a<b} (g^aa g^bb - (g^ab)^2) bounds what they are multiplied by: for d = 2 it is 1 / det g.
        """
        d, e = self.d, self.e
        g_uu = {(a, b): summed(e[a, c] * e[b, c] for c in range(b, d)) for a in range(d) for b in range(a, d)}
        position = pair_positions(d, torch.device("cpu")).tolist()
        total = torch.zeros_like(self.condition)
        if d == 1:
            return total, torch.ones_like(total, dtype=torch.bool)
        for (a, b), (c, f) in itertools.product(itertools.combinations(range(d), 2), repeat=2):
            ac, bf, af, bc = position[a][c], position[b][f], position[a][f], position[b][c]
            riemann = self._normal(ac, bf) - self._normal(af, bc)
            crossed = g_uu[min(a, f), max(a, f)] * g_uu[min(b, c), max(b, c)]
            spanned = g_uu[min(a, c), max(a, c)] * g_uu[min(b, f), max(b, f)] - crossed
            total = torch.addcmul(total, spanned, riemann, value=2)
        planes = summed(
            torch.addcmul(g_uu[a, a] * g_uu[b, b], g_uu[a, b], g_uu[a, b], value=-1)
            for a, b in itertools.combinations(range(d), 2)
        )
        bound = 2 * self.condition * planes * self._size_of_normal()
        return total, (bound < self.loss * total.abs()) & self.products.settled & self.in_range

    def _size_of_normal(self) -> Float[Tensor, " batch"]:
        reach = self.products.reach()
        if not self.products.factored:
            return reach
        return (summed(entry.square() for row in self.tangential for entry in row) * 2 * reach).sqrt()

    def _normal(self, left: int, right: int) -> Float[Tensor, " batch"]:
        """<H_ab, P H_cd>, less what is the same for all orders of a, b, c, d where that is not kept."""
        along = summed(row[left] * row[right] for row in self.tangential)
        return -along if self.products.factored else self.products.second(left, right) - along
