r"""d dbar of real functions by forward Taylor propagation, packed so that a linear layer is one matrix product.

A real function f of n complex coordinates has at a point the jet

    f,   d_a f  (dbar_a f is its conjugate),   d_a dbar_b f  (Hermitian)

of (1 + n)^2 real numbers. F functions at m points are one real tensor (m, (1 + n)^2, F) with the rows

    f;  Re d_a f;  Im d_a f;  d_a dbar_b f packed as in `symgeo.calabi_yau.hermitian`

so that linear combinations act on the last axis alone. Products and compositions follow Leibniz and the chain rule:

    d_a dbar_b (f g) = f d_a dbar_b g + g d_a dbar_b f + d_a f dbar_b g + d_a g dbar_b f
    d_a dbar_b s(f)  = s'(f) d_a dbar_b f + s''(f) d_a f dbar_b f
"""

from __future__ import annotations

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from symgeo.calabi_yau.hermitian import above, packed, unpacked


def dimension(jets: Float[Tensor, "m rows ..."]) -> int:
    """The complex dimension n of packed jets."""
    return round(jets.shape[1] ** 0.5) - 1


def gradient(jets: Float[Tensor, "m rows ..."]) -> Complex[Tensor, "m n ..."]:
    """d_a f."""
    n = dimension(jets)
    return torch.complex(jets[:, 1 : 1 + n], jets[:, 1 + n : 1 + 2 * n])


def mixed_entries(jets: Float[Tensor, "m rows ..."]) -> Float[Tensor, "m n*n ..."]:
    """d_a dbar_b f, packed."""
    return jets[:, 1 + 2 * dimension(jets) :]


def mixed(jets: Float[Tensor, "m rows ..."]) -> Complex[Tensor, "m n n ..."]:
    """d_a dbar_b f."""
    return unpacked(mixed_entries(jets))


def pack(
    value: Float[Tensor, "m F"], first: Complex[Tensor, "m n F"], second: Complex[Tensor, "m n n F"]
) -> Float[Tensor, "m rows F"]:
    """The jets of real functions from f, d_a f and d_a dbar_b f."""
    return torch.cat([value[:, None], first.real, first.imag, packed(second)], 1)


def constant(like: Float[Tensor, "m rows F"], value: float = 1.0) -> Float[Tensor, "m rows F"]:
    """The jets of a constant."""
    return torch.cat([torch.full_like(like[:, :1], value), torch.zeros_like(like[:, 1:])], 1)


def holomorphic(
    f: Complex[Tensor, "m F"], df: Complex[Tensor, "m n F"]
) -> tuple[Float[Tensor, "m rows F"], Float[Tensor, "m rows F"]]:
    """The jets of Re f and Im f for holomorphic f."""
    nothing = torch.zeros_like(df[:, :, None] * df[:, None])
    return pack(f.real, df / 2, nothing), pack(f.imag, df / 2j, nothing)


def hermitian_products(
    f: Complex[Tensor, "m F"],
    df: Complex[Tensor, "m n F"],
    g: Complex[Tensor, "m F"],
    dg: Complex[Tensor, "m n F"],
) -> tuple[Float[Tensor, "m rows F"], Float[Tensor, "m rows F"]]:
    """The jets of Re f conj(g) and Im f conj(g) for holomorphic f and g, function by function."""
    one, other = df * g.conj()[:, None], dg * f.conj()[:, None]
    first, second = df[:, :, None] * dg.conj()[:, None], dg[:, :, None] * df.conj()[:, None]
    value = f * g.conj()
    return (
        pack(value.real, (one + other) / 2, (first + second) / 2),
        pack(value.imag, (one - other) / 2j, (first - second) / 2j),
    )


def product(f: Float[Tensor, "m rows F"], g: Float[Tensor, "m rows F"]) -> Float[Tensor, "m rows F"]:
    """The jets of f g, function by function."""
    n = dimension(f)
    linear = f[:, :1] * g[:, 1:] + g[:, :1] * f[:, 1:]
    cross = _outer(f, g) + _outer(g, f)
    return torch.cat([f[:, :1] * g[:, :1], linear[:, : 2 * n], linear[:, 2 * n :] + cross], 1)


def compose(
    f: Float[Tensor, "m rows F"], s: Float[Tensor, "m F"], s1: Float[Tensor, "m F"], s2: Float[Tensor, "m F"]
) -> Float[Tensor, "m rows F"]:
    """The jets of s(f) from the values of s, s' and s'' at f."""
    n = dimension(f)
    slope = s1[:, None] * f[:, 1:]
    return torch.cat([s[:, None], slope[:, : 2 * n], slope[:, 2 * n :] + s2[:, None] * _outer(f, f)], 1)


def power(f: Float[Tensor, "m rows F"], k: float) -> Float[Tensor, "m rows F"]:
    """The jets of f^k, for positive f."""
    x = f[:, 0]
    return compose(f, x**k, k * x ** (k - 1), k * (k - 1) * x ** (k - 2))


def logarithm(f: Float[Tensor, "m rows F"]) -> Float[Tensor, "m rows F"]:
    """The jets of log f; not a number where f is negative."""
    x = f[:, 0]
    return compose(f, torch.log(x), 1 / x, -1 / x**2)


def _outer(f: Tensor, g: Tensor) -> Tensor:
    """The packed d_a f conj(d_b g); it is Hermitian, and all of it, only in a sum with f and g exchanged."""
    n = dimension(f)
    a, b = above(n)
    p, q = f[:, 1 : 1 + n], f[:, 1 + n : 1 + 2 * n]
    u, v = g[:, 1 : 1 + n], g[:, 1 + n : 1 + 2 * n]
    return torch.cat([p * u + q * v, p[:, a] * u[:, b] + q[:, a] * v[:, b], q[:, a] * u[:, b] - p[:, a] * v[:, b]], 1)
