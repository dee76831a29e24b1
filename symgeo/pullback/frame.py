r"""The orthonormal frame of the tangent space, and what it says of the metric.

With J the n x d matrix of the tangent vectors d_a Phi, J = Q R (Q^T Q = I, R upper triangular) gives

    g = R^T R,    sqrt det g = prod_a |R_aa|,    g^{-1} v by two triangular solves, never by an inverse.

cond(R) = sqrt cond(g), so half the digits that forming g would lose are kept (Bjorck, Numerical Methods for Least
Squares Problems, section 2.4). In few dimensions Q R comes from Gram-Schmidt, each vector projected twice, which is as
orthogonal as Householder's ("twice is enough", Giraud, Langou and Rozloznik 2005) and runs over all points at once;
else from LAPACK.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

# Up to here Gram-Schmidt over the batch beats one LAPACK call a point (measured at 64 to 512 features).
GRAM_SCHMIDT_UP_TO = 8
# Numbers are rescaled where their exponents exceed this part of the largest there is: six of them multiply in R, |H|^2
# over |J|^4, and many are summed.
REACH = 8


@dataclass(frozen=True)
class Frame:
    """An orthonormal basis q of the tangent space, rows, and the coefficients of the tangent vectors in it."""

    q: Float[Tensor, "batch d n"]
    r: Float[Tensor, "batch d d"]


def orthonormal_frame(tangent: Float[Tensor, "batch d n"]) -> Frame:
    """The frame of d tangent vectors in R^n, n >= d, with r_aa >= 0 in few dimensions.

    Where the tangent vectors are dependent some q may be zero; `rank` tells.
    """
    exponents = far_exponents(largest(tangent))
    if exponents is None:
        return _orthogonalised(tangent)
    frame = _orthogonalised(times_power(tangent, -exponents))
    return Frame(frame.q, times_power(frame.r, exponents))


def _orthogonalised(tangent: Float[Tensor, "batch d n"]) -> Frame:
    d = tangent.shape[1]
    if d > GRAM_SCHMIDT_UP_TO:
        q, r = torch.linalg.qr(tangent.mT)
        return Frame(q.mT, r)
    # Two projections leave eps^2 of a vector's length in the span of those before it. Of a vector that the rank counts
    # as independent more than n eps is left across the span: what is shorter than eps may lie in it, and makes no q.
    least = torch.finfo(tangent.dtype).eps
    q = torch.empty_like(tangent)
    r = tangent.new_zeros(len(tangent), d, d)
    for a in range(d):
        vector = tangent[:, a]
        for _ in range(2 if a else 0):
            overlap = (q[:, :a] @ vector[..., None]).squeeze(-1)
            vector = vector - (overlap[:, None] @ q[:, :a]).squeeze(1)
            r[:, :a, a] += overlap
        length = vector.norm(dim=-1)
        r[:, a, a] = length
        left = length > least * r[:, :, a].norm(dim=-1)
        q[:, a] = vector / torch.where(left, length, math.inf)[:, None]
    return Frame(q, r)


def rank(r: Float[Tensor, "batch d d"], n: int) -> Int[Tensor, " batch"]:
    """How many singular values of the n x d matrix J exceed max(n, d) eps times the largest: LAPACK's and NumPy's cut.

    |R|_F |R^{-1}|_F bounds the condition number from above and costs a triangular solve: singular values are computed
    only at the points that this bound does not settle.
    """
    d = r.shape[-1]
    cut = max(n, d) * torch.finfo(r.dtype).eps
    if d > 2:
        identity = torch.eye(d, dtype=r.dtype, device=r.device).expand_as(r)
        inverse = torch.linalg.solve_triangular(r, identity, upper=True)
        unsettled = ~(torch.linalg.matrix_norm(r) * torch.linalg.matrix_norm(inverse) < 1 / cut)
        ranks = torch.full((len(r),), d, device=r.device)
        if unsettled.any():
            values = singular_values(r[unsettled])
            ranks[unsettled] = (values > cut * values[:, :1]).sum(-1)
        return ranks
    values = singular_values(r)
    return (values > cut * values[:, :1]).sum(-1)


def singular_values(r: Float[Tensor, "batch d d"]) -> Float[Tensor, "batch d"]:
    """The singular values of J, which are R's, in descending order; in closed form for d = 1 and 2.

    For d = 2, with R = [[a, b], [0, c]]: s_1 +- s_2 = sqrt((a +- c)^2 + b^2), and s_2 = a (c / s_1), free of
    cancellation.
    """
    d = r.shape[-1]
    if d == 1:
        return r[..., 0].abs()
    if d == 2:
        a, b, c = r[:, 0, 0].abs(), r[:, 0, 1], r[:, 1, 1].abs()
        first = (torch.hypot(a + c, b) + torch.hypot(a - c, b)) / 2
        return torch.stack([first, a * (c / torch.where(first > 0, first, 1))], -1)
    return torch.linalg.svdvals(r)


def log_volume(tangent: Float[Tensor, "batch d n"]) -> tuple[Float[Tensor, " batch"], Int[Tensor, " batch"]]:
    """The sum of the logs of the non-zero singular values of J, and their number.

    The shorter side of J is orthogonalised: J and its transpose have the same singular values. At full rank the sum is
    that of log |R_aa|.
    """
    d, n = tangent.shape[1:]
    r = orthonormal_frame(tangent if d <= n else tangent.mT.contiguous()).r
    ranks = rank(r, max(n, d))
    logs = r.diagonal(dim1=1, dim2=2).abs().log().sum(-1)
    deficient = ranks < min(n, d)
    if deficient.any():
        values = singular_values(r[deficient])
        kept = torch.arange(values.shape[1], device=values.device) < ranks[deficient, None]
        logs[deficient] = torch.where(kept, values, 1).log().sum(-1)
    return logs, ranks


def largest(tensor: Float[Tensor, "batch rows columns"]) -> Float[Tensor, " batch"]:
    """The largest magnitude at each point, without a copy of all of them."""
    return torch.maximum(tensor.amax(2).amax(1), -tensor.amin(2).amin(1))


def far_exponents(sizes: Float[Tensor, " batch"]) -> Int[Tensor, " batch"] | None:
    """The exponents e of positive numbers 2^e to 2^(e+1), 0 for zero; None where products of a few stay in range."""
    exponents = (torch.frexp(sizes).exponent - 1) * (sizes > 0)
    far = exponents.abs() > math.log2(torch.finfo(sizes.dtype).max) / REACH
    return exponents if far.any() else None


def times_power(
    tensor: Float[Tensor, " batch *rest"], exponents: Int[Tensor, " batch"]
) -> Float[Tensor, " batch *rest"]:
    """2^e times a tensor, in two steps: the power itself may leave the range of floats where the product does not."""
    exponents = exponents.view(-1, *[1] * (tensor.ndim - 1))
    half = exponents // 2
    return torch.ldexp(torch.ldexp(tensor, half), exponents - half)
