r"""Christoffel symbols and scalar curvature from a metric's first and second derivatives at a point, by definition.

    Gamma^r_mn = g^rl (d_m g_ln + d_n g_lm - d_l g_mn) / 2
    R          = g^sn (d_r Gamma^r_ns - d_n Gamma^r_rs + Gamma^r_rl Gamma^l_ns - Gamma^r_nl Gamma^l_rs)

with d_k g^rl = -g^ra (d_k g_ab) g^bl. Nothing is assumed of the metric, neither symmetry under rotations nor a
potential. The arrays may hold floats or mpmath numbers.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped


def christoffel_and_curvature(
    inverse: Shaped[np.ndarray, "... d d"],
    first: Shaped[np.ndarray, "... d d d"],
    second: Shaped[np.ndarray, "... d d d d"],
) -> tuple[Shaped[np.ndarray, "... d d d"], Shaped[np.ndarray, ...]]:
    """Gamma^r_mn as [..., r, m, n], and R.

    Args:
        inverse: g^mn.
        first: d_k g_mn as [..., m, n, k].
        second: d_k d_l g_mn as [..., m, n, k, l].
    """
    lowered = _lowered(first, "...lnm->...lmn", "...mnl->...lmn")
    of_lowered = _lowered(second, "...lnmk->...lmnk", "...mnlk->...lmnk")
    of_inverse = -np.einsum("...ra,...abk,...bl->...rlk", inverse, first, inverse)
    gamma = np.einsum("...rl,...lmn->...rmn", inverse, lowered)
    of_gamma = np.einsum("...rlk,...lmn->...rmnk", of_inverse, lowered)
    of_gamma = of_gamma + np.einsum("...rl,...lmnk->...rmnk", inverse, of_lowered)
    ricci = (
        np.einsum("...rnsr->...sn", of_gamma)
        - np.einsum("...rrsn->...sn", of_gamma)
        + np.einsum("...rrl,...lns->...sn", gamma, gamma)
        - np.einsum("...rnl,...lrs->...sn", gamma, gamma)
    )
    return gamma, np.einsum("...sn,...sn->...", inverse, ricci)


def _lowered(derivative: np.ndarray, swapped: str, last: str) -> np.ndarray:
    # (d_m g_ln + d_n g_lm - d_l g_mn) / 2; the middle term is the array as it stands.
    return (np.einsum(swapped, derivative) + derivative - np.einsum(last, derivative)) / 2
