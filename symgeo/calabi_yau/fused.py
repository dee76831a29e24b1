r"""A layer's activation on jets with its derivative written out, for training by reverse mode alone.

    out_0 = s(y),   out_r = s'(y) x_r + s''(y) q_r      y = x_0 + b,  q = packed d_a x dbar_b x, 0 for first derivatives

It is `jets.compose`, and that is what forward mode and `torch.func` use. Here every array is written once, and the rows
come first, (rows, m, F), so that each is one piece of memory: the elementwise work is then about that of the products
with the weight matrices, where plain autograd's is several times more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from symgeo.calabi_yau.hermitian import above

#: s, s', s'' and s''' of an activation.
Derivatives = tuple[Tensor, Tensor, Tensor, Tensor]


class Activated(torch.autograd.Function):
    """`apply(x, bias, derivatives)`: jets before the activation, without the bias, and a function y -> Derivatives."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor, derivatives: Any) -> Tensor:  # torch's own types
        """The activated jets."""
        n = round(len(x) ** 0.5) - 1
        s, s1, s2, s3 = derivatives(x[0] + bias)
        q = _squares(x, n)
        out = torch.empty_like(x)
        out[0] = s
        torch.mul(x[1:], s1, out=out[1:])
        out[1 + 2 * n :].addcmul_(q, s2)
        ctx.save_for_backward(x, q, s1, s2, s3)
        return out

    @staticmethod
    def backward(ctx: Any, *outputs: Tensor) -> tuple[Tensor, Tensor, None]:
        """The gradient by x and by the bias."""
        x, q, s1, s2, s3 = ctx.saved_tensors
        (g,) = outputs
        n = round(len(x) ** 0.5) - 1
        a, b = above(n)
        grad = torch.empty_like(x)
        torch.mul(g[1:], s1, out=grad[1:])
        curved = g[1 + 2 * n :]
        y = g[0] * s1
        y.addcmul_(_contracted(g[1:], x[1:]), s2).addcmul_(_contracted(curved, q), s3)
        grad[0] = y
        k = curved * s2
        k_diagonal = k[:n]
        p, u = x[1 : 1 + n], x[1 + n : 1 + 2 * n]
        grad_p, grad_u = grad[1 : 1 + n], grad[1 + n : 1 + 2 * n]
        grad_p.addcmul_(p, k_diagonal, value=2)
        grad_u.addcmul_(u, k_diagonal, value=2)
        for pair, (i, j) in enumerate(zip(a, b, strict=True)):
            # q_re = p_i p_j + u_i u_j,  q_im = u_i p_j - p_i u_j
            re, im = k[n + pair], k[n + len(a) + pair]
            grad_p[i].addcmul_(p[j], re).addcmul_(u[j], im, value=-1)
            grad_p[j].addcmul_(p[i], re).addcmul_(u[i], im)
            grad_u[i].addcmul_(u[j], re).addcmul_(p[j], im)
            grad_u[j].addcmul_(u[i], re).addcmul_(p[i], im, value=-1)
        return grad, y.sum(0), None


def _contracted(one: Tensor, other: Tensor) -> Tensor:
    """sum_r one_r other_r, row by row: no product of the jets' size is written."""
    total = one[0] * other[0]
    for r in range(1, len(one)):
        total.addcmul_(one[r], other[r])
    return total


def _squares(x: Tensor, n: int) -> Tensor:
    """d_a x dbar_b x, packed."""
    a, b = above(n)
    q = x.new_empty(n * n, *x.shape[1:])
    p, u = x[1 : 1 + n], x[1 + n : 1 + 2 * n]
    torch.mul(p, p, out=q[:n])
    q[:n].addcmul_(u, u)
    for pair, (i, j) in enumerate(zip(a, b, strict=True)):
        re, im = q[n + pair], q[n + len(a) + pair]
        torch.mul(p[i], p[j], out=re)
        re.addcmul_(u[i], u[j])
        torch.mul(u[i], p[j], out=im)
        im.addcmul_(p[i], u[j], value=-1)
    return q
