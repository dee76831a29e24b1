r"""Kernels of infinitely wide networks, which training leaves as they are, (N, d), (M, d) -> (N, M).

    gaussian   exp(-|x - y|^2 / (2 l^2))             cosine features with a trained last layer
    relu_ntk   |x||y| kappa_1(c) + x.y kappa_0(c)    sqrt(2/n) sum a_j relu(w_j.x), all trained
    erf_ntk    K + K' (x.y + 1)                      sum a_j erf(z_j / sqrt 2) / sqrt n, z = w.x + b, all trained
    delta      1 where x = y, else 0                 the local limit on a sample

with c the cosine between x and y, kappa_0 = (pi - acos c)/pi, kappa_1 = (sqrt(1 - c^2) + (pi - acos c) c)/pi; and for
C = sigma^2 x.y + zeta^2, K = (2/pi) asin(C_xy / sqrt((1 + C_xx)(1 + C_yy))), K' = (2/pi) / sqrt((1 + C_xx)(1 + C_yy) -
C_xy^2). Sources: Cho and Saul 2009; Williams 1998; Jacot, Gabriel and Hongler 2018. Times (2 pi l^2)^(-d/2) the
Gaussian kernel tends to delta(x - y): smoothing with it misses a function f by l^2 Lap f / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from symgeo.errors import InputError

Kernel = Callable[[Float[Tensor, "N d"], Float[Tensor, "M d"]], Float[Tensor, "N M"]]


def gaussian(length: float) -> Kernel:
    """exp(-|x - y|^2 / (2 l^2)).

    Raises:
        InputError: a length that is not positive; at zero it is `delta`.
    """
    if not (length > 0 and math.isfinite(length)):
        raise InputError(f"`length` must be positive, not {length!r}; the limit at zero is the kernel `delta`")

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        # Differences, not |x|^2 + |y|^2 - 2 x.y, which loses the digits of close points.
        return torch.exp(-((x[:, None] - y) ** 2).sum(-1) / (2 * length**2))

    return kernel


def relu_ntk(x: Float[Tensor, "N d"], y: Float[Tensor, "M d"]) -> Float[Tensor, "N M"]:
    """|x||y| kappa_1 + x.y kappa_0."""
    a, b = x[:, None], y[None]
    norms = a.norm(dim=-1) * b.norm(dim=-1)
    product = (a * b).sum(-1)
    # The angle from |x|y| -+ y|x||, which keeps its digits where the cosine is near one.
    u, v = a * b.norm(dim=-1, keepdim=True), b * a.norm(dim=-1, keepdim=True)
    angle = 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))
    kappa_0 = (math.pi - angle) / math.pi
    kappa_1 = angle.sin() / math.pi + kappa_0 * angle.cos()
    return norms * kappa_1 + product * kappa_0


def erf_ntk(sigma: float = 1.0, zeta: float = 1.0) -> Kernel:
    """K + K' (x.y + 1) for weights of standard deviation sigma and biases of zeta.

    Raises:
        InputError: standard deviations that are negative, or both zero.
    """
    if not (sigma >= 0 and zeta >= 0 and sigma + zeta > 0):
        raise InputError(f"`sigma` and `zeta` must not be negative, nor both zero, not {sigma} and {zeta}")

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        xy = x @ y.T
        c = sigma**2 * xy + zeta**2
        a = 1 + sigma**2 * (x**2).sum(1) + zeta**2
        b = 1 + sigma**2 * (y**2).sum(1) + zeta**2
        both = a[:, None] * b
        return 2 / math.pi * (torch.asin(c / both.sqrt()) + (xy + 1) / (both - c**2).sqrt())

    return kernel


def delta(x: Float[Tensor, "N d"], y: Float[Tensor, "M d"]) -> Float[Tensor, "N M"]:
    """1 where the points are the same, else 0."""
    return (x[:, None] == y).all(-1).to(x.dtype)


class CosineFeatures(nn.Module):
    """f(x) = sqrt(2/N) sum_k a_k cos(w_k.x + b_k), w ~ N(0, l^-2 I), b ~ U[0, 2 pi), with only a trained.

    Its tangent kernel tends to `gaussian(length)` as N grows, with an error of N^(-1/2).

    Args:
        inputs: d.
        count: N.
        length: l.
        outputs: how many functions share the features.
        seed: of the features and of a, which is normal.

    Raises:
        InputError: a length that is not positive.
    """

    def __init__(self, inputs: int, count: int, length: float, *, outputs: int = 1, seed: int = 0) -> None:
        super().__init__()
        gaussian(length)
        generator = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.w = nn.Buffer(normal(count, inputs) / length)
        self.b = nn.Buffer(2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64))
        self.readout = nn.Linear(count, outputs, bias=False, dtype=torch.float64)
        with torch.no_grad():
            self.readout.weight.copy_(normal(outputs, count))

    def forward(self, x: Float[Tensor, "batch d"]) -> Float[Tensor, "batch o"]:
        """f(x)."""
        return self.readout(math.sqrt(2 / len(self.b)) * torch.cos(x @ self.w.T + self.b))


def repeated_points(x: Float[Tensor, "N d"]) -> tuple[int, int] | None:
    """The first two points of a sample that are the same."""
    _, where = torch.unique(x, dim=0, return_inverse=True)
    seen: dict[int, int] = {}
    for k, value in enumerate(where.tolist()):
        if value in seen:
            return seen[value], k
        seen[value] = k
    return None
