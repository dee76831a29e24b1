"""Products of a matrix with its own transpose, from one triangle."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from symgeo.pullback import Pullback
from symgeo.pullback.cholesky import cholesky_log_volumes
from symgeo.pullback.symmetric import LARGE, mirrored, symmetric_product, upper_product


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def strided(rows: int, columns: int) -> Tensor:
    return normal(rows, 2 * columns)[:, ::2]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("rows", [1, LARGE - 1, LARGE, LARGE + 37])
@pytest.mark.parametrize("layout", [normal, lambda d, n: normal(n, d).mT, strided], ids=["rows", "columns", "strided"])
def test_both_triangles(layout, rows: int, dtype: torch.dtype) -> None:
    matrix = layout(rows, 61).to(dtype)
    expected = matrix.double() @ matrix.double().mT
    tolerance = 200 * torch.finfo(dtype).eps * expected.abs().max()
    assert (upper_product(matrix).triu() - expected.triu()).abs().max() < tolerance
    assert (mirrored(upper_product(matrix)) - expected).abs().max() < tolerance
    both = symmetric_product(torch.stack([matrix, 2 * matrix]))
    assert (both[1] - 4 * expected).abs().max() < 4 * tolerance


def test_mirroring_takes_nothing_from_below_the_diagonal() -> None:
    for size in (1, 3):
        any_numbers = normal(size, size)
        kept = any_numbers.triu()
        assert torch.equal(mirrored(any_numbers), kept + kept.triu(1).mT)


@pytest.mark.parametrize("d", [20, LARGE + 20])
def test_log_volume_of_well_conditioned_matrices(d: int) -> None:
    matrices = normal(3, d, 3 * d)
    logs, trusted = cholesky_log_volumes(matrix[None] for matrix in matrices)
    assert trusted.all()
    assert (logs - torch.linalg.svdvals(matrices).log().sum(-1)).abs().max() < 1e-10


def test_ill_conditioned_matrices_are_not_trusted_and_have_their_volume_and_rank() -> None:
    d = LARGE + 20
    left, right = (torch.linalg.qr(normal(d, d, seed=seed)).Q for seed in (1, 2))
    for least, rank in ((1e-6, d), (1e-18, d // 2)):
        values = torch.ones(d, dtype=torch.float64)
        values[d // 2 :] = least
        matrix = left @ (values[:, None] * right)
        assert not cholesky_log_volumes([matrix.mT[None]])[1].any()
        found = Pullback(lambda x, m=matrix: x @ m.mT).volume(normal(2, d))
        assert found.rank.tolist() == [rank, rank]
        assert (found.log - values[:rank].log().sum()).abs().max() < 1e-7
