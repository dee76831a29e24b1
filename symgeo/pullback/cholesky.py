r"""The volume of a metric in many dimensions from inner products, by Cholesky's factor, where that keeps the digits.

    g = J J^T = L L^T,    log sqrt det g = sum_a log L_aa.

Rounding the entries of g moves log det g by eps sum_a g_aa g^aa at most: where that is below 1e-12 the answer is good,
and costs one product of matrices; elsewhere J is orthogonalised (`frame`). Numbers of single precision are multiplied
in double precision, in which their products are exact.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# Rows multiplied at once by `symmetric_product`: large enough for the matrix product, small enough to save near half.
BLOCK = 128
# Random signs that a trace is estimated by: of a matrix with one large eigenvalue, the hardest case, it is
# underestimated `SPREAD` times with a probability of 1e-5 (chi-squared of 96 degrees of freedom, below 96 / 2).
PROBES, SPREAD = 96, 2
# How many units of the last place may be lost before orthogonalising takes over: 1e-12 in float64, 1e-6 in float32.
LOSS = {torch.float64: 1e4, torch.float32: 1e1}


def symmetric_product(rows: Float[Tensor, "batch d n"]) -> Float[Tensor, "batch d d"]:
    """J J^T, of which the blocks below the diagonal are copied from above."""
    d = rows.shape[1]
    if d < 2 * BLOCK:
        return rows @ rows.mT
    product = rows.new_empty(len(rows), d, d)
    for matrix, whole in zip(product, rows, strict=True):  # one by one: a product of batches would copy them first
        for start in range(0, d, BLOCK):
            stop = min(start + BLOCK, d)
            torch.mm(whole[start:stop], whole[start:].T, out=matrix[start:stop, start:])
            matrix[stop:, start:stop] = matrix[start:stop, stop:].T
    return product


def cholesky_log_volume(rows: Float[Tensor, "batch d n"]) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """log sqrt det (J J^T) from its Cholesky factor, and where to trust it, as in `SmallGeometry.log_volume`.

    The sum sum_a g_aa g^aa = tr(L^{-1} D L^{-T}), D = diag g, is estimated as the mean of |L^{-1} D^{1/2} z|^2 over a
    few random signs z (Hutchinson 1990), whose spread is allowed for; L^{-1} itself would cost more than all the rest.
    """
    like, n = rows, max(rows.shape[1:])
    rows, loss = rows.double(), LOSS[rows.dtype] * torch.finfo(rows.dtype).eps / torch.finfo(torch.float64).eps
    product = symmetric_product(rows)
    lower, failed = torch.linalg.cholesky_ex(product)
    signs = torch.randint(0, 2, (rows.shape[1], PROBES), generator=torch.Generator().manual_seed(0)) * 2 - 1
    signs = signs.to(rows).expand(len(rows), -1, -1)
    roots = product.diagonal(dim1=1, dim2=2).sqrt()[..., None]
    solved = torch.linalg.solve_triangular(lower, torch.cat([roots * signs, signs], 2), upper=False)
    moved, inverse = (SPREAD * half.square().sum(1).mean(-1) for half in solved.split(PROBES, 2))
    condition = torch.linalg.matrix_norm(product) * inverse  # |g| tr g^{-1}, a bound of it
    logs = lower.diagonal(dim1=1, dim2=2).log().sum(-1)
    return logs.to(like), (failed == 0) & (moved < loss) & (condition < full_rank_condition(n, like.dtype))


def full_rank_condition(n: int, dtype: torch.dtype) -> float:
    """The cond(g) below which no singular value of J counts as zero, n being its longer side."""
    return (n * torch.finfo(dtype).eps) ** -2
