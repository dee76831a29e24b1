"""Which volumes Cholesky's factor is trusted with: those that rounding the metric moves by less than is claimed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from symgeo.pullback.cholesky import cholesky_log_volume

# What a trusted log volume may be moved by.
CLAIMED = {torch.float64: 2.3e-12, torch.float32: 1.2e-6}
# More is underestimated with a probability of 4e-6, and less than a tenth needs no trust at all.
ALLOWED = 10


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(d: int, least: float, few: bool, dtype: torch.dtype, seed: int) -> Tensor:
    """d vectors in 2 d dimensions with singular values of 1, and of `least` once or for half of the directions."""
    left, right = torch.linalg.qr(normal(d, d, seed=seed)).Q, torch.linalg.qr(normal(2 * d, d, seed=seed + 1)).Q
    values = torch.ones(d, dtype=torch.float64)
    values[-1 if few else d // 2 :] = least
    return (left * values @ right.mT).to(dtype)


@pytest.mark.parametrize("dtype", CLAIMED)
@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("d", [12, 150])
def test_what_rounding_moves_decides(d: int, few: bool, dtype: torch.dtype) -> None:
    """At cond(g) of 1 to 1e10, in steps of the root of ten; products in double precision, as rounded there."""
    seen: set[bool] = set()
    for step in range(21):
        least = 10 ** (-step / 4)
        rows = torch.stack([made(d, least, few, dtype, 10 * step + 2 * i) for i in range(3)])
        logs, trusted = cholesky_log_volume(rows)
        exact = torch.linalg.svdvals(rows.double()).log().sum(-1)
        g_dd = rows.double() @ rows.double().mT
        # One by one: MKL's threads may wait for each other for ever within torch's (torch 2.13, two threads).
        inverse = torch.stack([torch.linalg.inv(matrix) for matrix in g_dd]).diagonal(dim1=1, dim2=2)
        moved = (g_dd.diagonal(dim1=1, dim2=2) * inverse).sum(-1) * torch.finfo(torch.float64).eps
        full = least**-2 < (2 * d * torch.finfo(dtype).eps) ** -2 / (ALLOWED * d)
        assert (moved[trusted] < CLAIMED[dtype]).all(), (step, moved)
        assert trusted[(moved < CLAIMED[dtype] / ALLOWED) & full].all(), (step, moved)
        assert ((logs.double() - exact).abs()[trusted] < CLAIMED[dtype] * (1 + exact.abs()[trusted])).all()
        seen |= set(trusted.tolist())
    assert seen == {True, False}
