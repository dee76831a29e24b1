r"""Inner products of gradients that are given in factors, G_i = sum_t c_it a_it^T.

    <G_i, G_j> = sum_{t,t'} (a_it . a_jt') (c_it . c_jt'),

a product of two Gram matrices over the places, or G_i itself written out for a few rows of the matrix at a time:
whichever takes fewer multiplications. Both are summed in blocks that a budget bounds. Of the points with themselves
only one triangle is computed.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from symgeo.pullback.symmetric import upper_product

Activations = Float[Tensor, "batch groups places p"]
Cotangents = Float[Tensor, "batch o groups places q"]


def add_matrix_gram(
    total: Float[Tensor, "N o M o"],
    left: tuple[Activations, Cotangents],
    right: tuple[Activations, Cotangents],
    budget: int,
) -> None:
    """Adds the inner products of the gradients with respect to a matrix, or one for each group.

    Args:
        total: what they are added to.
        left: activations and cotangents at N points.
        right: the same at M points; where it is `left` itself, only the upper triangle of the result is meant.
        budget: bytes that an intermediate product may take.
    """
    (a, c), (a2, c2) = left, right
    same = left is right
    _, groups, places, p = a.shape
    n, o, q, m, places2 = len(c), c.shape[1], c.shape[-1], len(a2), a2.shape[2]
    by_places = n * m * places * places2 * (p + o * o * q)
    written_out = o * p * q * (n * places + m * places2 + n * m * o)
    for g in range(groups):
        if by_places <= written_out:
            step = max(1, budget // (m * places * places2 * o * o * c.element_size()))
            if same and places == 1 and step >= n:
                cotangents = upper_product(c[:, :, g, 0].flatten(0, 1)).view_as(total)
                total.addcmul_(cotangents, upper_product(a[:, g, 0])[:, None, :, None])
                continue
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
                total += (upper_product(one) if same else one @ two.T).view_as(total)


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


def add_vector_gram(
    total: Float[Tensor, "N o M o"], left: Float[Tensor, "N o v"], right: Float[Tensor, "M o v"]
) -> None:
    """Adds the inner products of gradients that are written out; where `right` is `left`, the upper triangle."""
    one, two = left.flatten(0, 1), right.flatten(0, 1)
    total += (upper_product(one) if left is right else one @ two.T).view_as(total)
