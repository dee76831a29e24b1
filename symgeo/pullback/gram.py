r"""Inner products of the jet, J_a . J_b, J_c . H_ab and H_ab . H_cd, of all points of a batch.

They are gathered chunk by chunk from whatever form the jets come in: written out, factored (`affine`), or layers in a
row (`chain`). All arrays have the points last, so that each line runs over the whole batch.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable
from copy import copy
from functools import cache, cached_property, reduce

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from symgeo.pullback.affine import Factored
from symgeo.pullback.buffers import Buffers
from symgeo.pullback.cholesky import LOSS
from symgeo.pullback.in_place import Moments
from symgeo.pullback.jet import Jet, pair_count, pair_positions

# Above this the tables of pairs of pairs outgrow what orthogonalising costs.
SMALL = 4


class Gram:
    """The inner products of the jets of a batch in at most `SMALL` directions, chunk by chunk; points last.

    Where jets are factored, <H_ab, H_cd> = sum_j bend_j^2 base_aj base_bj base_cj base_dj is the same for all orders of
    a, b, c, d and drops out of the curvature: only sum_ab |H_ab|^2 is kept, or a bound of it.

    Args:
        jet: one like those to come.
        batch: how many points are to come.
    """

    def __init__(self, jet: Jet, batch: int) -> None:
        self.d, self.n, self.order, self.factored = jet.k, jet.n, jet.order, jet.factored is not None
        pairs = pair_count(jet.k)
        self.first_places = moment_table(jet.k, 1, 1)[1].tolist()
        if self.factored:
            self.mixed_places, mixed = moment_table(jet.k, 1, 2)[1].tolist(), len(moment_table(jet.k, 1, 2)[0])
            second = 1
        else:
            self.mixed_places, mixed = torch.arange(jet.k * pairs).view(jet.k, pairs).tolist(), jet.k * pairs
            self.second_places, second = pair_positions(pairs, torch.device("cpu")).tolist(), pair_count(pairs)
        self.parts = [pairs, second, mixed] if jet.order == 2 else [pairs, 0]
        self.rows = jet.like.new_empty(sum(self.parts), batch)
        info = torch.finfo(self.rows.dtype)
        #: What underflow takes from a number above this is below its last place.
        self.smallest = info.tiny / info.eps
        # How many times the smallest number with all digits underflow may take from J_a . J_a, and from |H|^2: once for
        # each term, and for each phi'^2 or phi''^2 what it is multiplied by.
        self.first_short = self.rows.new_full((jet.k,), float(self.n))
        self.second_short = self.rows.new_full((), float(self.n))
        self._diagonal = [place for place, (a, b) in enumerate(pairs_of(jet.k)) if a == b]
        #: Whether H is known to eps times the root of `reach` and no better.
        self.rough = False
        self._buffers = Buffers()

    def put(self, jet: Jet, where: slice) -> bool:
        """Takes the products of a jet; whether they are finite."""
        out = self.rows[:, where]
        if self.factored and jet.factored is not None:
            self._put_moments(jet.factored, out)
        elif jet.rows is None and jet.chain is not None:
            for some, block in jet.chain.blocks():
                self._put_block(block[1:], out[:, some])
        else:
            k = jet.k
            vectors = jet.dense().transpose(0, 1)
            products = vectors @ vectors.mT
            first, second, *mixed = out.split(self.parts)
            for part, side in ((first, slice(k)), (second, slice(k, None))):
                block = products[:, side, side]
                upper = torch.triu_indices(block.shape[1], block.shape[1], device=block.device)
                part.copy_(block[:, upper[0], upper[1]].T)
            if mixed:
                mixed[0].copy_(products[:, :k, k:].flatten(1).T)
        return bool(out.sum().isfinite())

    def _put_moments(self, jet: Factored, out: Float[Tensor, "rows batch"]) -> None:
        pairs = self.parts[0]
        tables: list[Tensor] = []
        for where, found in jet.blocks(self._buffers, self.order):
            if not tables:
                tables = self._tables(jet, found)
            squares, cubes, fourths = tables
            torch.mm(squares, found.square, out=out[: len(squares), where])
            if found.mixed is not None:
                torch.mm(cubes, found.mixed, out=out[pairs + 1 : pairs + 1 + len(cubes), where])
            if found.bent is not None:
                torch.mm(fourths, found.bent, out=out[pairs : pairs + 1, where])

    def _put_block(self, rows: Float[Tensor, "rows n block"], out: Float[Tensor, "products block"]) -> None:
        """The products of derivatives with their points last."""
        k, pairs = self.d, pair_count(self.d)
        self._buffers.start(tuple(rows.shape), rows)
        products = self._buffers.take()
        first, second, *mixed = out.split(self.parts)
        place = 0
        for a in range(k):
            found = torch.mul(rows[a], rows[a:], out=products[a : len(rows)]).sum(1)
            first[place : place + k - a] = found[: k - a]
            place += k - a
            if mixed:
                mixed[0][a * pairs : (a + 1) * pairs] = found[k - a :]
        place = 0
        for p in range(pairs if mixed else 0):
            found = torch.mul(rows[k + p], rows[k + p :], out=products[k + p :])
            torch.sum(found, 1, out=second[place : place + pairs - p])
            place += pairs - p

    def _tables(self, jet: Factored, found: Moments) -> list[Float[Tensor, "rows n"]]:
        """What multiplies phi'^2, phi' phi'' and phi''^2 of each unit."""
        base = jet.base
        scale = torch.as_tensor(jet.scale, dtype=base.dtype, device=base.device).reshape(1, -1)
        squares, cubes = (
            base[moment_table(len(base), 1, factors)[0].to(base.device)].prod(1) * scale.square() for factors in (1, 2)
        )
        fourths = (base.square().sum(0) * scale).square()
        self.rough = self.rough or bool(found.rough)
        if self.order == 2:  # what bounds phi''^2 rides along in the same product
            squares = torch.cat([squares, fourths * found.rough**2])
        squares = squares * found.square_unit
        multiply_reach = squares[-1] if self.order == 2 and found.rough else fourths
        self.first_short = self.first_short.maximum(self._short(squares[self._diagonal]))
        self.second_short = self.second_short.maximum(self._short(multiply_reach))
        return [squares, cubes * found.mixed_unit, fourths]

    def _short(self, multiplying: Float[Tensor, "*rows n"]) -> Float[Tensor, "*rows"]:
        """What sums with these factors may lack; infinite where the factors themselves have no digits."""
        total = multiplying.sum(-1)
        return (self.n + total).masked_fill(total <= self.n * self.smallest, math.inf)

    def part(self, where: slice) -> Gram:
        """The products at some of the points."""
        some = copy(self)
        some.rows = self.rows[:, where]
        for kept in ("settled", "in_range"):
            some.__dict__.pop(kept, None)
        return some

    def first(self, a: int, b: int) -> Float[Tensor, " batch"]:
        """J_a . J_b."""
        return self.rows[self.first_places[a][b]]

    def second(self, left: int, right: int) -> Float[Tensor, " batch"]:
        """H_ab . H_cd of jets that are not factored, for pairs by their places."""
        return self.rows[self.parts[0] + self.second_places[left][right]]

    def mixed(self, c: int, pair: int) -> Float[Tensor, " batch"]:
        """J_c . H_ab, for the pair (a, b) by its place."""
        return self.rows[self.parts[0] + self.parts[1] + self.mixed_places[c][pair]]

    def reach(self) -> Float[Tensor, " batch"]:
        """sum_ab |H_ab|^2, or where `rough` a bound of it."""
        if self.factored:
            return self.rows[self.parts[0]]
        diagonal = {position for position, (a, b) in enumerate(pairs_of(self.d)) if a == b}
        return summed(self.second(p, p) * (1 if p in diagonal else 2) for p in range(pair_count(self.d)))

    def bends(self) -> bool:
        """Whether any second derivative is seen not to be zero."""
        return bool(self.rows[sum(self.parts[:2]) :].any())

    @cached_property
    def in_range(self) -> Bool[Tensor, " batch"]:
        """Where underflow takes less than a last place from the squares of lengths; |J| |H| has no less then."""
        long = (self.first(a, a) > self.smallest * self.first_short[a] for a in range(self.d))
        found = reduce(operator.and_, long)
        return found & (self.reach() > self.smallest * self.second_short) if self.order == 2 else found

    @cached_property
    def settled(self) -> Bool[Tensor, " batch"]:
        """Where H is known to `LOSS`: |H|^2 >= |A|^2 / |J|^2 is not far below what its error is a part of."""
        if not self.rough:
            return torch.ones_like(self.rows[0], dtype=torch.bool)
        tangent = summed(self.first(a, a) for a in range(self.d))
        mixed = summed(self.mixed(c, p).square() for c in range(self.d) for p in range(pair_count(self.d)))
        return tangent * self.reach() < LOSS[self.rows.dtype] ** 2 * mixed


def pairs_of(d: int) -> list[tuple[int, int]]:
    """The pairs a <= b of d indices, row by row through the upper triangle."""
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


def summed(terms: Iterable[Tensor]) -> Tensor:
    """The sum of some tensors, at least one."""
    return reduce(operator.add, terms)
