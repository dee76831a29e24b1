r"""Inner products of gradients that are given in factors, G_i = sum_t c_it a_it^T.

    <G_i, G_j> = sum_{t,t'} (a_it . a_jt') (c_it . c_jt'),

a product of two Gram matrices over the places, or G_i itself written out for a few rows of the matrix at a time:
whichever takes fewer multiplications. Both are summed in blocks that a budget bounds.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

Activations = Float[Tensor, "batch groups places p"]
Cotangents = Float[Tensor, "batch o groups places q"]


def matrix_gram(
    left: tuple[Activations, Cotangents], right: tuple[Activations, Cotangents], budget: int
) -> Float[Tensor, "N o M o"]:
    """The inner products of the gradients with respect to a matrix, or one for each group.

    Args:
        left: activations and cotangents at N points.
        right: the same at M points.
        budget: bytes that an intermediate product may take.
    """
    (a, c), (a2, c2) = left, right
    _, groups, places, p = a.shape
    n, o, q, m, places2 = len(c), c.shape[1], c.shape[-1], len(a2), a2.shape[2]
    total = c.new_zeros(n, o, m, o)
    by_places = n * m * places * places2 * (p + o * o * q)
    written_out = o * p * q * (n * places + m * places2 + n * m * o)
    for g in range(groups):
        if by_places <= written_out:
            step = max(1, budget // (m * places * places2 * o * o * c.element_size()))
            for start in range(0, n, step):
                rows = slice(start, start + step)
                total[rows] += _by_places(a[rows, g], c[rows, :, g], a2[:, g], c2[:, :, g])
        else:
            step = max(1, budget // (max(n, m) * o * p * c.element_size()))
            for start in range(0, q, step):
                some = slice(start, start + step)
                one, two = (
                    (e[:, :, g, :, some].mT @ b[:, None, g]).reshape(-1, len(range(q)[some]) * p)
                    for b, e in ((a, c), (a2, c2))
                )
                total += (one @ two.T).view(n, o, m, o)
    return total


def _by_places(
    a: Float[Tensor, "N places p"],
    c: Float[Tensor, "N o places q"],
    a2: Float[Tensor, "M places2 p"],
    c2: Float[Tensor, "M o places2 q"],
) -> Float[Tensor, "N o M o"]:
    activations = (a.flatten(0, 1) @ a2.flatten(0, 1).T).view(len(a), 1, a.shape[1], len(a2), 1, a2.shape[1])
    cotangents = c.flatten(0, 2) @ c2.flatten(0, 2).T
    product = cotangents.view(*c.shape[:3], *c2.shape[:3]).mul_(activations)
    return product.sum((2, 5)) if a.shape[1] * a2.shape[1] > 1 else product[:, :, 0, :, :, 0]


def vector_gram(left: Float[Tensor, "N o v"], right: Float[Tensor, "M o v"]) -> Float[Tensor, "N o M o"]:
    """The inner products of gradients that are written out."""
    product = left.flatten(0, 1) @ right.flatten(0, 1).T
    return product.view(*left.shape[:2], *right.shape[:2])
