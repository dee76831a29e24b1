r"""Hermitian n x n matrices as n^2 real numbers: the diagonal, then Re and Im of the entries above it.

    n = 2:  (h_11, h_22, Re h_12, Im h_12),    det h = h_11 h_22 - |h_12|^2

Real arithmetic on such columns is what the networks' jets are made of, and for n <= 3 determinants and leading minors
(Sylvester: all positive if and only if the matrix is) are written out; larger matrices go to LAPACK.
"""

from __future__ import annotations

from functools import cache

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor


@cache
def above(n: int) -> tuple[list[int], list[int]]:
    """Rows and columns of the entries above the diagonal, in their packed order."""
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    return [i for i, _ in pairs], [j for _, j in pairs]


def order(entries: Float[Tensor, "m n*n ..."]) -> int:
    """n."""
    return round(entries.shape[1] ** 0.5)


def identity(entries: Float[Tensor, "m n*n"]) -> Float[Tensor, n * n]:
    """The packed unit matrix, of the same size and dtype."""
    n = order(entries)
    return torch.cat([entries.new_ones(n), entries.new_zeros(n * n - n)])


def packed(h: Complex[Tensor, "m n n ..."]) -> Float[Tensor, "m n*n ..."]:
    """The real numbers of Hermitian matrices; what lies below the diagonal is not looked at."""
    n = h.shape[1]
    i, j = above(n)
    diagonal = torch.stack([h.real[:, k, k] for k in range(n)], 1)
    return torch.cat([diagonal, h.real[:, i, j], h.imag[:, i, j]], 1)


def unpacked(entries: Float[Tensor, "m n*n ..."]) -> Complex[Tensor, "m n n ..."]:
    """The matrices with those real numbers."""
    n = order(entries)
    i, j = above(n)
    upper = dict(zip(zip(i, j, strict=True), range(n, n + len(i)), strict=True))
    zero = torch.zeros_like(entries[:, 0])

    def entry(a: int, b: int) -> Tensor:
        if a == b:
            return torch.complex(entries[:, a], zero)
        k = upper[min(a, b), max(a, b)]
        imaginary = entries[:, k + len(i)]
        return torch.complex(entries[:, k], imaginary if a < b else -imaginary)

    return torch.stack([entry(a, b) for a in range(n) for b in range(n)], 1).unflatten(1, (n, n))


def determinant(entries: Float[Tensor, "m n*n"]) -> Float[Tensor, " m"]:
    """det h."""
    n = order(entries)
    return minors(entries)[-1] if n <= 3 else torch.linalg.det(unpacked(entries)).real


def positive(entries: Float[Tensor, "m n*n"]) -> Bool[Tensor, " m"]:
    """Where h > 0; nowhere that an entry is not a number."""
    if order(entries) <= 3:
        return (torch.stack(minors(entries)) > 0).all(0)
    finite = torch.isfinite(entries).all(1)
    sound = torch.where(finite[:, None], entries, identity(entries))
    return finite & (torch.linalg.eigvalsh(unpacked(sound))[:, 0] > 0)


def minors(entries: Float[Tensor, "m n*n"]) -> tuple[Tensor, ...]:
    """The leading principal minors for n <= 3, the last of which is det h."""
    n = order(entries)
    a = entries[:, 0]
    if n == 1:
        return (a,)
    b = entries[:, 1]
    if n == 2:
        return a, a * b - entries[:, 2] ** 2 - entries[:, 3] ** 2
    c = entries[:, 2]
    p, q, r, u, v, w = entries[:, 3:].unbind(1)  # h_12 = p + iu, h_13 = q + iv, h_23 = r + iw
    second = a * b - p * p - u * u
    # Re(h_12 h_23 conj(h_13))
    triple = (p * r - u * w) * q + (p * w + u * r) * v
    return a, second, c * second + 2 * triple - a * (r * r + w * w) - b * (q * q + v * v)
