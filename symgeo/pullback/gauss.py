r"""Christoffel symbols and curvature of a submanifold of flat space, from its 2-jet.

With J_a = d_a Phi, H_ab = d_a d_b Phi, J = Q R, and P the projector off the span of J (Gauss's equation; do Carmo,
Riemannian Geometry, chapter 6):

    Gamma^c_ab = R^{-1} Q^T H_ab
    R_abcd     = <H_ac, P H_bd> - <H_ad, P H_bc>
    Ric_bd     = g^ac R_abcd
    R          = |tr K|^2 - |K|^2,    K = R^{-T} (P H) R^{-1}, the second fundamental form in the orthonormal frame

The metric is neither inverted nor differentiated, and P H is formed by subtracting, not by differences of contractions
of H, so that near-dependent tangent vectors cost sqrt cond(g) where differentiating g costs cond(g)^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from symgeo.pullback.frame import Frame
from symgeo.pullback.jet import pair_positions


@dataclass(frozen=True)
class SecondForm:
    """The second derivatives of a map, split along the tangent space (coefficients in the frame) and across it."""

    frame: Frame
    tangential: Float[Tensor, "batch pairs d"]
    normal: Float[Tensor, "batch pairs n"]


def second_form(frame: Frame, hessian: Float[Tensor, "batch pairs n"]) -> SecondForm:
    """Q^T H and P H; the projection is repeated, which takes the last rounding errors of the first out of P H."""
    tangential = hessian @ frame.q.mT
    normal = hessian - tangential @ frame.q
    correction = normal @ frame.q.mT
    return SecondForm(frame, tangential + correction, normal - correction @ frame.q)


def square(packed: Float[Tensor, "batch pairs *rest"], d: int) -> Float[Tensor, "batch d d *rest"]:
    """A symmetric pair of indices, unpacked from its upper triangle."""
    return packed[:, pair_positions(d, packed.device)]


def christoffel(form: SecondForm) -> Float[Tensor, "batch d d d"]:
    """Gamma^c_ab, upper index first."""
    d = form.frame.r.shape[-1]
    gamma_upper_pairs = torch.linalg.solve_triangular(form.frame.r, form.tangential.mT, upper=True)
    return square(gamma_upper_pairs.mT, d).permute(0, 3, 1, 2)


def riemann(form: SecondForm) -> Float[Tensor, "batch d d d d"]:
    """R_abcd = <H_ac, P H_bd> - <H_ad, P H_bc>, all indices down."""
    d = form.frame.r.shape[-1]
    gram = square(square(form.normal @ form.normal.mT, d).movedim(3, 1), d).permute(0, 3, 4, 1, 2)
    return gram.permute(0, 1, 3, 2, 4) - gram.permute(0, 1, 3, 4, 2)


def lowered(
    framed: Float[Tensor, " batch *indices"], r: Float[Tensor, "batch d d"]
) -> Float[Tensor, " batch *indices"]:
    """A tensor in the orthonormal frame, in coordinates: R^i_a on every index i."""
    for _ in range(framed.ndim - 1):  # the first index is contracted and goes last: in the end they are in order
        framed = (framed.flatten(2).mT @ r).unflatten(1, framed.shape[2:])
    return framed


def framed_form(form: SecondForm) -> Float[Tensor, "batch d d n"]:
    """K_ij = E_i^a E_j^b P H_ab with E = R^{-1}: the second fundamental form on orthonormal tangent vectors."""
    r, d, n = form.frame.r, form.frame.r.shape[-1], form.normal.shape[-1]
    form_dd = square(form.normal, d)
    for _ in range(2):  # solve on one index, then swap the two
        solved = torch.linalg.solve_triangular(r.mT, form_dd.reshape(-1, d, d * n), upper=False)
        form_dd = solved.view(-1, d, d, n).transpose(1, 2)
    return form_dd


def ricci(form: SecondForm) -> Float[Tensor, "batch d d"]:
    """Ric_ab = R^T (<tr K, K_ij> - <K_il, K_lj>) R."""
    k_dd = framed_form(form)
    trace = k_dd.diagonal(dim1=1, dim2=2).sum(-1)
    rows = k_dd.flatten(2)
    framed = (k_dd @ trace[:, None, :, None]).squeeze(-1) - rows @ rows.mT
    return form.frame.r.mT @ framed @ form.frame.r


def scalar_curvature(form: SecondForm) -> Float[Tensor, " batch"]:
    """R = |tr K|^2 - |K|^2 = 2 sum_{i<j} (<K_ii, K_jj> - |K_ij|^2): nothing cancels on the diagonal."""
    k_dd = framed_form(form)
    d = k_dd.shape[1]
    rows, columns = torch.triu_indices(d, d, 1)
    diagonal = k_dd.diagonal(dim1=1, dim2=2)
    # sum_{i<j} <K_ii, K_jj>, summed as <K_jj, K_11 + ... + K_{j-1,j-1}>.
    crossed = (diagonal[..., 1:] * diagonal.cumsum(-1)[..., :-1]).sum((1, 2))
    return 2 * (crossed - k_dd[:, rows, columns].square().sum((1, 2)))
