r"""Sections of O(k) on a hypersurface: homogeneous polynomials of degree k modulo P, in a basis of monomials.

Monomials that P's leading one does not divide are a basis, whatever P; the others are reduced by it. A symmetry of the
hypersurface acts on the basis: phases by a factor for each monomial, permutations by a matrix, conjugation on the
coefficients. A Hermitian form averaged over them keeps what the symmetry lets it have, and loses a sample's noise.
"""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Complex, Int
from torch import Tensor

from symgeo.calabi_yau.hypersurface import Hypersurface
from symgeo.errors import InputError


class Sections:
    """A basis of monomials s_i.

    Args:
        hypersurface: where.
        degree: k.

    Attributes:
        exponents: of the monomials.

    Raises:
        InputError: a degree below 1.
    """

    exponents: Int[Tensor, "K N"]

    def __init__(self, hypersurface: Hypersurface, degree: int) -> None:
        if isinstance(degree, bool) or not isinstance(degree, int) or degree < 1:
            raise InputError(f"`degree` must be a whole number of at least 1, not {degree!r}")
        self.hypersurface, self.degree = hypersurface, degree
        terms = zip(map(tuple, hypersurface.exponents.tolist()), hypersurface.coefficients.tolist(), strict=True)
        self._leading, *self._others = sorted(terms, key=lambda term: term[0], reverse=True)
        self._basis = [e for e in _monomials(degree, hypersurface.coordinates) if not self._divisible(e)]
        self.exponents = torch.tensor(self._basis)

    def __len__(self) -> int:
        return len(self._basis)

    def values(self, z: Complex[Tensor, "m N"]) -> Complex[Tensor, "m K"]:
        """s_i(Z)."""
        return _powers(z, self.exponents)

    def gradients(self, z: Complex[Tensor, "m N"]) -> Complex[Tensor, "m K N"]:
        """ds_i/dZ_j."""
        columns = []
        for j in range(z.shape[1]):
            lowered = self.exponents.clone()
            lowered[:, j] = (lowered[:, j] - 1).clamp(min=0)  # where the exponent is 0 its factor is
            columns.append(self.exponents[:, j] * _powers(z, lowered))
        return torch.stack(columns, -1)

    def symmetric(self, form: Complex[Tensor, "K K"]) -> Complex[Tensor, "K K"]:
        """The average of s_i conj(s_j)'s integrals over the symmetries that the hypersurface declares."""
        symmetry, d = self.hypersurface.symmetry, self.hypersurface.degree
        if symmetry == "none":
            return form
        # Roots of unity leave s_i conj(s_j) alone where the exponents agree modulo D, up to one shift if the product
        # of the roots must be 1.
        apart = (self.exponents[:, None] - self.exponents) % d
        kept = (apart == apart[..., :1]).all(-1) if symmetry == "dwork" else (apart == 0).all(-1)
        form = torch.where(kept, form, 0)
        if symmetry == "fermat":
            form = form.real.to(form.dtype)
        turned = [r @ form @ r.mH for r in self._permutations()]
        return torch.stack(turned).mean(0)

    def _permutations(self) -> list[Complex[Tensor, "K K"]]:
        """The matrices R with s(permuted Z) = R s(Z), one for each permutation."""
        number = {e: i for i, e in enumerate(self._basis)}
        matrices = []
        for order in itertools.permutations(range(self.hypersurface.coordinates)):
            matrix = torch.zeros(len(self), len(self), dtype=torch.complex128)
            for row, e in enumerate(self._basis):
                for reduced, coefficient in self._reduced(tuple(e[i] for i in order)).items():
                    matrix[row, number[reduced]] = coefficient
            matrices.append(matrix)
        return matrices

    def _reduced(self, monomial: tuple[int, ...]) -> dict[tuple[int, ...], complex]:
        """A monomial in the basis: the leading one is minus the sum of the others."""
        if not self._divisible(monomial):
            return {monomial: 1.0}
        leading, scale = self._leading
        total: dict[tuple[int, ...], complex] = {}
        for other, coefficient in self._others:
            changed = tuple(m - l + o for m, l, o in zip(monomial, leading, other, strict=True))
            for e, c in self._reduced(changed).items():
                total[e] = total.get(e, 0) - coefficient / scale * c
        return total

    def _divisible(self, monomial: tuple[int, ...]) -> bool:
        return all(m >= l for m, l in zip(monomial, self._leading[0], strict=True))


def _monomials(degree: int, count: int) -> list[tuple[int, ...]]:
    """All exponents of a degree: bars among stars."""
    places = degree + count - 1
    chosen = ((-1, *bars, places) for bars in itertools.combinations(range(places), count - 1))
    return [tuple(b - a - 1 for a, b in itertools.pairwise(edges)) for edges in chosen]


def _powers(z: Complex[Tensor, "m N"], exponents: Int[Tensor, "K N"]) -> Complex[Tensor, "m K"]:
    table = list(itertools.accumulate([torch.ones_like(z), *[z] * int(exponents.max())], torch.mul))
    product = torch.ones(len(z), len(exponents), dtype=z.dtype)
    for j in range(z.shape[1]):
        product *= torch.stack([power[:, j] for power in table], -1)[:, exponents[:, j]]
    return product
