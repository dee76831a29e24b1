"""Inner products of gradients in factors, in blocks that a budget bounds, against the gradients written out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from symgeo.pullback import factors
from symgeo.pullback.factors import add_matrix_gram

ITEM = 8


def pair(points: int, outputs: int, groups: int, places: int, p: int, q: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((points, groups, places, p), (points, outputs, groups, places, q))
    )  # pyright: ignore


def written_out(factor: tuple[Tensor, Tensor]) -> Tensor:
    """G_i for each output."""
    return torch.einsum("igtp,iogtq->iogqp", *factor).flatten(2)


# Few places are summed over place by place, many by the matrix written out.
SHAPES = {"by places": (1, 6, 5), "two places": (2, 6, 5), "written out": (40, 3, 5)}


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("share", [1, 3, 1000])
@pytest.mark.parametrize("kind", SHAPES)
def test_blocks_within_a_budget(
    kind: str, share: int, groups: int, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of one row, of three rows of which the last is short, and all at once."""
    places, p, q = SHAPES[kind]
    left = pair(7, 2, groups, places, p, q, seed=0)
    right = left if same else pair(4, 2, groups, places, p, q, seed=1)
    n, m = len(left[0]), len(right[0])
    row = max(n, m) * 2 * p * ITEM if kind == "written out" else m * places * places * 4 * ITEM
    budget = share * row
    largest: list[int] = []
    by_places, upper_product = factors._by_places, factors.upper_product

    def seen(a: Tensor, c: Tensor, a2: Tensor, c2: Tensor) -> Tensor:
        largest.append(len(a) * row)
        return by_places(a, c, a2, c2)

    def upper(matrix: Tensor) -> Tensor:
        if kind == "written out":
            largest.append(matrix.numel() * ITEM)
        return upper_product(matrix)

    monkeypatch.setattr(factors, "_by_places", seen)
    monkeypatch.setattr(factors, "upper_product", upper)
    total = torch.zeros(n, 2, m, 2, dtype=torch.float64)
    add_matrix_gram(total, left, right, budget)
    assert all(size <= budget for size in largest)
    expected = torch.einsum("iav,jbv->iajb", written_out(left), written_out(right))
    if same:  # of which the upper triangle is meant
        total, expected = (t.flatten(2).flatten(0, 1).triu() for t in (total, expected))
        assert largest or (kind == "by places" and share == 1000)
        if share < 7 and kind != "written out":
            assert len(largest) == groups * -(-n // share)
        if kind == "written out":
            assert len(largest) == groups * -(-q // min(share, q))
    torch.testing.assert_close(total, expected, rtol=1e-13, atol=1e-12)
