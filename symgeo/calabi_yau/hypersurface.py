r"""A Calabi-Yau hypersurface P = 0 in projective space: one homogeneous polynomial of degree D in N = D variables.

    P(Z) = sum_k c_k prod_i Z_i^{e_ki},    complex dimension n = N - 2

Degree and number of coordinates agree exactly where the canonical bundle O(D - N) is trivial. The residue
Omega = dx_1 ... dx_n / (dP/dZ_b) is then a nowhere vanishing holomorphic volume form, whose total volume

    V = int |Omega|^2 d^{2n}x

fixes the normalisation of Monge and Ampere's equation. It is known for Dwork's family (`periods`), Fermat's
hypersurface among them.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Complex, Int
from torch import Tensor

from symgeo.calabi_yau.periods import dwork_volume
from symgeo.errors import InputError

#: |psi^D - 1| below which Dwork's hypersurface counts as the conifold: nearer, double precision sees the nodes.
CONIFOLD = 1e-6
SYMMETRIES = ("fermat", "dwork", "none")


@dataclass(frozen=True, eq=False)
class Hypersurface:
    """The zeros of a homogeneous polynomial whose degree is the number of its variables.

    Attributes:
        exponents: e_ki, one row a monomial.
        coefficients: c_k.
        name: what reports call it.
        volume: int |Omega|^2 d^{2n}x where it is known exactly, else None.
        symmetry: the automorphisms that features may use: "fermat" (permutations, a D-th root of unity for each
            coordinate, conjugation), "dwork" (roots of unity with product 1), or "none".

    Raises:
        InputError: shapes that do not fit, a polynomial that is zero or not homogeneous, a degree other than N, or
            symmetries of no such name.
    """

    exponents: Int[Tensor, "terms N"]
    coefficients: Complex[Tensor, " terms"]
    name: str
    volume: float | None = None
    symmetry: str = "none"
    _gradient: tuple[tuple[Tensor, " Tensor"], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.exponents, self.coefficients)
        if self.symmetry not in SYMMETRIES:
            raise InputError(f"`symmetry` must be one of {', '.join(SYMMETRIES)}, not {self.symmetry!r}")
        object.__setattr__(self, "_gradient", tuple(self._derivative(i) for i in range(self.coordinates)))

    @property
    def coordinates(self) -> int:
        """N, the number of homogeneous coordinates."""
        return self.exponents.shape[1]

    @property
    def degree(self) -> int:
        """D = N."""
        return self.coordinates

    @property
    def dimension(self) -> int:
        """The complex dimension n = N - 2."""
        return self.coordinates - 2

    @property
    def kappa(self) -> float | None:
        """(D / n!) / V, the ratio det g / |Omega|^2 of the Ricci-flat metric of Fubini and Study's class, if known."""
        if self.volume is None:
            return None
        return self.degree / math.factorial(self.dimension) / self.volume

    def value(self, Z: Complex[Tensor, "... N"]) -> Complex[Tensor, ...]:
        """P(Z)."""
        return _sum(Z, self.exponents, self.coefficients)

    def gradient(self, Z: Complex[Tensor, "... N"]) -> Complex[Tensor, "... N"]:
        """dP/dZ_i."""
        return torch.stack([_sum(Z, *terms) for terms in self._gradient], -1)

    def magnitude(self, Z: Complex[Tensor, "... N"]) -> Tensor:
        """The sum of the moduli of P's terms: what a residual is measured against."""
        powers = _monomials(Z.abs(), self.exponents)
        return powers @ self.coefficients.abs().to(powers.dtype)

    def _derivative(self, i: int) -> tuple[Tensor, " Tensor"]:
        kept = self.exponents[:, i] > 0
        exponents = self.exponents[kept].clone()
        factors = exponents[:, i].to(self.coefficients.dtype)
        exponents[:, i] -= 1
        return exponents, self.coefficients[kept] * factors


def hypersurface(exponents: object, coefficients: object, name: str = "polynomial") -> Hypersurface:
    """The hypersurface of a polynomial given by its monomials; `homogeneous_polynomial` makes them from SymPy.

    Coefficients of equal rows are added, and terms that are zero dropped. A multiple of Dwork's polynomial is
    recognised, and its exact volume and symmetries come with it. Smoothness of others is not looked at here:
    `symgeo.geometry.homogeneous_polynomial` proves it.

    Args:
        exponents: one row of N non-negative integers a monomial; as floats too, where these are whole.
        coefficients: one complex number a monomial.
        name: what reports call it.

    Raises:
        InputError: shapes that do not fit, exponents that are not whole, coefficients that are no numbers, a polynomial
            that is zero or not homogeneous, or a degree other than N.
    """
    e = _whole(exponents)
    try:
        c = torch.as_tensor(coefficients, dtype=torch.complex128)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"`coefficients` must be one complex number a monomial: {error}") from None
    _check(e, c)
    terms: dict[tuple[int, ...], complex] = {}
    for row, coefficient in zip(map(tuple, e.tolist()), c.tolist(), strict=True):
        terms[row] = terms.get(row, 0j) + coefficient
    e, c = torch.tensor(list(terms)), torch.tensor(list(terms.values()), dtype=torch.complex128)
    _check(e, c)  # equal rows may cancel
    e, c = e[c != 0], c[c != 0]
    psi = _dwork_parameter(e, c)
    return Hypersurface(e, c, name) if psi is None else dwork(e.shape[1] - 2, psi)


def _whole(exponents: object) -> Tensor:
    """The exponents as integers, which no conversion may round."""
    try:
        given = np.asarray(exponents)
        with np.errstate(invalid="ignore"):
            e = given.real.astype(np.int64)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise InputError(f"`exponents` must be rows of N integers, one row a monomial: {error}") from None
    rounded = given[e != given].tolist()
    if rounded:
        raise InputError(f"`exponents` must be whole numbers, not {rounded[0]!r}")
    return torch.as_tensor(e)


def _check(e: Tensor, c: Tensor) -> None:
    """Refuse what is no polynomial of degree N in N variables."""
    if e.is_floating_point() or e.is_complex() or not c.is_complex():
        raise InputError(f"`exponents` must be integers and `coefficients` complex, not {e.dtype} and {c.dtype}")
    if e.ndim != 2 or c.shape != e.shape[:1] or e.shape[0] == 0 or e.shape[1] < 3:
        raise InputError(
            "`exponents` and `coefficients` must be (terms, N >= 3) and (terms,), "
            f"not {tuple(e.shape)} and {tuple(c.shape)}"
        )
    if bool((e < 0).any()) or not bool(torch.isfinite(torch.view_as_real(c)).all()):
        raise InputError("`exponents` must be non-negative and `coefficients` finite; a polynomial has no other terms")
    if not bool((c != 0).any()):
        raise InputError(
            "`coefficients` are all zero, or cancel in equal rows of `exponents`: give a polynomial that is not 0"
        )
    degrees = sorted(set(e.sum(1).tolist()))
    if len(degrees) > 1:
        raise InputError(f"`exponents` must all have one degree, not {degrees}: make the polynomial homogeneous")
    if degrees[0] != e.shape[1]:
        raise InputError(
            f"`exponents`: degree {degrees[0]} in {e.shape[1]} coordinates is not Calabi-Yau; "
            f"take degree {e.shape[1]}, or {degrees[0]} coordinates"
        )


def fermat(n: int) -> Hypersurface:
    """Fermat's hypersurface sum Z_i^D = 0 of complex dimension n = D - 2: 1 the cubic, 2 the quartic K3, 3 the quintic.

    Raises:
        InputError: a dimension below 1.
    """
    return dwork(n, 0.0)


def dwork(n: int, psi: complex) -> Hypersurface:
    """Dwork's hypersurface sum Z_i^D - D psi prod Z_i = 0 of complex dimension n, D = n + 2.

    Raises:
        InputError: a dimension below 1, a psi that is no finite number or whose D-th power overflows, or psi^D = 1,
            the conifold, where the hypersurface has nodes.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(f"`n` must be a complex dimension of at least 1, not {n!r}: 3 is the quintic")
    try:
        D, psi = n + 2, complex(psi)
    except (TypeError, ValueError):
        raise InputError(f"`psi` must be a complex number, not {psi!r}") from None
    if not cmath.isfinite(psi):
        raise InputError(f"`psi` must be finite, not {psi}")
    try:
        conifold = abs(psi**D - 1) < CONIFOLD
    except OverflowError:
        raise InputError(
            f"`psi` must be below 1e{308 // D} in modulus, where psi^{D} is no number any more, not {psi:g}"
        ) from None
    if conifold:
        raise InputError(
            f"`psi` = {psi:g} is the conifold psi^{D} = 1, where the hypersurface is singular: move it away"
        )
    exponents = D * torch.eye(D, dtype=torch.int64)
    coefficients = torch.ones(D, dtype=torch.complex128)
    if psi == 0:
        return Hypersurface(exponents, coefficients, f"fermat-{D}", dwork_volume(n, 0.0), "fermat")
    exponents = torch.cat([exponents, torch.ones(1, D, dtype=torch.int64)])
    coefficients = torch.cat([coefficients, torch.tensor([-D * psi], dtype=torch.complex128)])
    return Hypersurface(exponents, coefficients, f"dwork-{D}({psi:g})", dwork_volume(n, psi), "dwork")


def _dwork_parameter(exponents: Tensor, coefficients: Tensor) -> complex | None:
    """psi of c (sum Z_i^D - D psi prod Z_i), or None for another polynomial."""
    D = exponents.shape[1]
    terms = {tuple(e): complex(c) for e, c in zip(exponents.tolist(), coefficients.tolist(), strict=True)}
    mixed = terms.pop((1,) * D, 0j)
    powers = {tuple(D * int(i == j) for j in range(D)) for i in range(D)}
    if set(terms) != powers or len(set(terms.values())) != 1:
        return None
    return -mixed / (D * next(iter(terms.values())))


def _monomials(Z: Tensor, exponents: Tensor) -> Tensor:
    """prod_i Z_i^{e_ki}, by repeated multiplication: the complex power goes through logarithms and loses digits."""
    highest = int(exponents.max()) if exponents.numel() else 0
    powers = [torch.ones_like(Z)]
    for _ in range(highest):
        powers.append(powers[-1] * Z)
    table = torch.stack(powers, -1)  # (..., N, highest + 1)
    product = torch.ones((*Z.shape[:-1], exponents.shape[0]), dtype=Z.dtype, device=Z.device)
    for i in range(Z.shape[-1]):
        product = product * table[..., i, :][..., exponents[:, i]]
    return product


def _sum(Z: Tensor, exponents: Tensor, coefficients: Tensor) -> Tensor:
    return _monomials(Z, exponents) @ coefficients.to(Z.dtype)
