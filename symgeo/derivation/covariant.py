r"""The covariant derivative of a tensor and the Laplacian of a function, written out with the Christoffel symbols.

nabla_c t^a_b = d_c t^a_b + Gamma^a_cr t^r_b - Gamma^r_cb t^a_r
Delta f       = g^mn (d_m d_n f - Gamma^r_mn d_r f)
"""

from __future__ import annotations

from symgeo.derivation.curvature import LeviCivita
from symgeo.derivation.language import Entry, Partial, Slot, Term, inputs

_M, _N, _R = inputs(r"\mu \nu \rho")


def nabla(geometry: LeviCivita, along: Slot, entry: Entry) -> Term:
    r"""The covariant derivative along `along` of a tensor with its indices, for the connection of `geometry`.

    Unit slots number functions and take no connection.

    >>> from symgeo.derivation import Tensor, inputs, latex
    >>> a, b = inputs("a b")
    >>> print(latex(nabla(LeviCivita(), a, Tensor("v", "u")[b])))
    \partial_{a} v^{b} + \Gamma^{b}{}_{a \rho} \, v^{\rho}

    Raises:
        InputError: \rho, which is summed, is among the indices.
    """
    gamma = geometry.gamma_udd
    result: Term = Partial(along, entry)
    for place, (position, index) in enumerate(zip(entry.tensor.positions, entry.indices, strict=True)):
        if position == "j":
            continue
        moved = entry.tensor[(*entry.indices[:place], _R, *entry.indices[place + 1 :])]
        if position == "u":
            result = result + gamma[index, along, _R] * moved
        else:
            result = result - gamma[_R, along, index] * moved
    return result


def laplacian(geometry: LeviCivita, function: Term) -> Term:
    r"""The Laplacian of a scalar; \mu, \nu and \rho are summed."""
    second = Partial(_M, Partial(_N, function))
    return geometry.g_uu[_M, _N] * (second - geometry.gamma_udd[_R, _M, _N] * Partial(_R, function))
