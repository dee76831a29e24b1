r"""The volume of a metric in many dimensions from inner products, by Cholesky's factor, where that keeps the digits.

    g = J J^T = L L^T,    log sqrt det g = sum_a log L_aa.

Rounding the entries of g moves log det g by eps sum_a g_aa g^aa at most: where that is below `LOSS` eps the answer is
good, and costs half a product of matrices; elsewhere J is orthogonalised (`frame`). Numbers of single precision are
multiplied in double precision, in which their products are exact.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from symgeo.pullback.symmetric import LARGE, upper_product

# Random signs that a trace is estimated by: of a matrix with one large eigenvalue, the hardest case, it is
# underestimated `SPREAD` times with a probability of 4e-6 (chi-squared of 48 degrees of freedom, below 48 / 3).
PROBES, SPREAD = 48, 3
# How many units of the last place may be lost before orthogonalising takes over: 2e-12 in float64, 1e-6 in float32.
LOSS = {torch.float64: 1e4, torch.float32: 1e1}


def cholesky_log_volumes(
    matrices: Iterable[Float[Tensor, "batch d n"]],
) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """log sqrt det (J J^T) of several batches, and where to trust it.

    Args:
        matrices: J; one may be overwritten when the next is asked for.
    """
    pieces = [cholesky_log_volume(rows) for rows in matrices]
    return torch.cat([logs for logs, _ in pieces]), torch.cat([trusted for _, trusted in pieces])


def cholesky_log_volume(rows: Float[Tensor, "batch d n"]) -> tuple[Float[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """log sqrt det (J J^T) from its Cholesky factor, and where to trust it, as in `SmallGeometry.log_volume`.

    The traces tr g^{-1} and sum_a g_aa g^aa = tr(L^{-1} D L^{-T}), D = diag g, are estimated as means of |L^{-1} z|^2
    and |L^{-1} D^{1/2} z|^2 over a few random signs z (Hutchinson 1990), whose spread is allowed for; L^{-1} itself
    would cost more than all the rest. Each is had from a cheaper bound where that settles it.
    """
    like, n = rows, max(rows.shape[1:])
    rows, loss = rows.double(), LOSS[rows.dtype] * torch.finfo(rows.dtype).eps / torch.finfo(torch.float64).eps
    product = upper_product(rows[0]).mT[None] if len(rows) == 1 and rows.shape[1] >= LARGE else rows @ rows.mT
    squares = product.diagonal(dim1=1, dim2=2).clone()
    lower, failed = torch.linalg.cholesky_ex(product)
    signs = torch.randint(0, 2, (rows.shape[1], PROBES), generator=torch.Generator().manual_seed(0)) * 2 - 1
    signs = signs.to(rows).expand(len(rows), -1, -1)
    inverse = _trace(lower, signs)
    moved = squares.amax(-1) * inverse
    if not (moved < loss).all():
        moved = _trace(lower, squares.sqrt()[..., None] * signs)
    # A bound of cond(g): |g| tr g^{-1}, |g| <= tr g, or <= |g|_F where that does not settle it.
    limit, condition = full_rank_condition(n, like.dtype), squares.sum(-1) * inverse
    if not (condition < limit).all():
        condition = (2 * product.tril(-1).square().sum((1, 2)) + squares.square().sum(-1)).sqrt() * inverse
    logs = lower.diagonal(dim1=1, dim2=2).log().sum(-1)
    return logs.to(like), (failed == 0) & (moved < loss) & (condition < limit)


def _trace(lower: Float[Tensor, "batch d d"], probes: Float[Tensor, "batch d probes"]) -> Float[Tensor, " batch"]:
    """A bound of the mean of |L^{-1} z|^2 over the columns z."""
    return SPREAD * torch.linalg.solve_triangular(lower, probes, upper=False).square().sum(1).mean(-1)


def full_rank_condition(n: int, dtype: torch.dtype) -> float:
    """The cond(g) below which no singular value of J counts as zero, n being its longer side."""
    return (n * torch.finfo(dtype).eps) ** -2
