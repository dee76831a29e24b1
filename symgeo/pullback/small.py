r"""Christoffel symbols, curvature and volume in few dimensions from inner products of the jet.

With g_ab = J_a . J_b, A_c,ab = J_c . H_ab, B_ab,cd = H_ab . H_cd and g = R^T R (Cholesky),

    Gamma = R^{-1} C,  C = R^{-T} A,      N = B - C^T C = <H_ab, P H_cd>,
    R = (g^ab g^cd - g^ac g^bd) N_ab,cd,  log sqrt det g = sum_a log R_aa,

which costs one small product of matrices a point where orthogonalising the features costs several. It loses cond(g)
eps, and in N what B and C^T C have in common: every result comes with the mask of the points where that is below
`LOSS` last places, 2e-12 in float64 and 1e-6 in float32, and the others are left to `frame` and `gauss`.
"""

from __future__ import annotations

import itertools
from functools import cached_property

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
        return g_dd.view(-1, self.d, self.d), self.products.in_range

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
        return (moved < self.loss) & full & self.products.in_range

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
        return gamma_udd.view(-1, d, d, d), (self.condition < self.loss) & self._settled

    def scalar_curvature(self) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
        """R, and where to trust it: where a bound of its terms is not far above it.

        The terms of N carry errors of eps cond(g) |H|^2, or eps cond(g) |C| |H| where only C is in them, and
        sum_{a<b} (g^aa g^bb - (g^ab)^2) bounds what they are multiplied by: for d = 2 it is 1 / det g. It and its like
        are sums over the minors of R^{-1}, which do not cancel.
        """
        d = self.d
        position = pair_positions(d, torch.device("cpu")).tolist()
        total = torch.zeros_like(self.condition)
        if d == 1:
            return total, torch.ones_like(total, dtype=torch.bool)
        minors = self._minors()
        for (a, b), (c, f) in itertools.product(minors, repeat=2):
            ac, bf, af, bc = position[a][c], position[b][f], position[a][f], position[b][c]
            riemann = self._normal(ac, bf) - self._normal(af, bc)
            left, right = minors[a, b], minors[c, f]
            spanned = summed(minor * right[q] for q, minor in left.items() if q in right)
            total = torch.addcmul(total, spanned, riemann, value=2)
        planes = summed(minor.square() for row in minors.values() for minor in row.values())
        bound = 2 * self.condition * planes * self._size_of_normal()
        held = torch.minimum(planes, total.abs()) > self.products.smallest
        return total, (bound < self.loss * total.abs()) & held & self._settled

    def _minors(self) -> dict[tuple[int, int], dict[tuple[int, int], Tensor]]:
        """E_ac E_bf - E_af E_bc of E = R^{-1} for a < b and c < f, those that are not zero."""
        e, pairs = self.e, list(itertools.combinations(range(self.d), 2))
        minors: dict[tuple[int, int], dict[tuple[int, int], Tensor]] = {}
        for a, b in pairs:
            minors[a, b] = {}
            for c, f in pairs:
                if c >= a and f >= b:
                    one = e[a, c] * e[b, f]
                    minors[a, b][c, f] = one if c < b else torch.addcmul(one, e[a, f], e[b, c], value=-1)
        return minors

    @property
    def _settled(self) -> Bool[Tensor, " batch"]:
        return self.products.settled & self.products.in_range

    def _size_of_normal(self) -> Float[Tensor, " batch"]:
        reach = self.products.reach()
        if not self.products.factored:
            return reach
        return (summed(entry.square() for row in self.tangential for entry in row) * 2 * reach).sqrt()

    def _normal(self, left: int, right: int) -> Float[Tensor, " batch"]:
        """<H_ab, P H_cd>, less what is the same for all orders of a, b, c, d where that is not kept."""
        along = summed(row[left] * row[right] for row in self.tangential)
        return -along if self.products.factored else self.products.second(left, right) - along
