r"""J J^T at the price of half a product of matrices.

BLAS's symmetric product (syrk) computes one triangle; torch has none, and SciPy hands it out for tensors in the memory
of the processor.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

# Rows from which one triangle saves more than it costs to ask for it (measured at 64 to 3000 columns).
LARGE = 128
# Columns from which that also pays for filling in the other triangle (measured at 128 to 2000 rows).
LONG = 192


def upper_product(rows: Float[Tensor, "d n"]) -> Float[Tensor, "d d"]:
    """The upper triangle of J J^T, contiguous; below the diagonal any numbers."""
    if len(rows) < LARGE or rows.device.type != "cpu":
        return rows @ rows.mT
    from scipy.linalg.blas import dsyrk, ssyrk

    syrk = dsyrk if rows.dtype == torch.float64 else ssyrk
    held = rows.detach()
    # BLAS counts columns first: J as it lies in memory is J^T to it, and what it calls lower is upper here.
    transposed = not held.mT.is_contiguous()
    a = held.contiguous().mT.numpy() if transposed else held.numpy()
    return torch.from_numpy(syrk(1.0, a, trans=transposed, lower=True)).mT


def mirrored(upper: Float[Tensor, "d d"]) -> Float[Tensor, "d d"]:
    """A symmetric matrix from its upper triangle; what lies below that is set to zero."""
    return upper.mT.tril(-1).add_(upper.triu_())


def symmetric_product(rows: Float[Tensor, "batch d n"]) -> Float[Tensor, "batch d d"]:
    """J J^T, both triangles."""
    if rows.shape[1] < LARGE or rows.shape[2] < LONG or rows.device.type != "cpu":
        return rows @ rows.mT
    product = rows.new_empty(len(rows), rows.shape[1], rows.shape[1])
    for matrix, whole in zip(product, rows, strict=True):  # one by one: a product of batches would copy them first
        matrix.copy_(mirrored(upper_product(whole)))
    return product
