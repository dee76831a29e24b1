r"""The volume of Dwork's hypersurfaces sum Z_i^D - D psi prod Z_i = 0, n = D - 2, from their periods.

    V = pi^n / D^{D-1} sum_{r=1}^{D-1} (-1)^{r-1} gamma(r/D)^D |F_r(psi)|^2,    gamma(x) = Gamma(x)/Gamma(1 - x)
    F_r = sum_{q >= 0} (r/D)_q^D (D psi)^{r-1+Dq} / (r-1+Dq)!

which is int exp(P - conj P) over C^N, expanded in psi: monomials whose exponents differ modulo D are orthogonal, and
the signs are those of the Hodge-Riemann form on H^{n-r+1,r-1}. At psi = 0 it is pi^n gamma(1/D)^D / D^{D-1}. Beyond
|psi| = 1 the F_r are continued by the equation that their coefficients' recurrence is,

    F^{(D-1)} = psi (psi d/dpsi + 1)^{D-1} F,

whose singular points are the conifold's psi^D = 1 and infinity. V has no monodromy, so that the path does not matter.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath

_TERMS = 120  # of Taylor's series at half its radius of convergence: 30 digits, with some to spare for derivatives


def dwork_volume(n: int, psi: complex) -> float:
    """int |Omega|^2 d^{2n}x of Dwork's hypersurface, to double precision (the module's formula)."""
    D = n + 2
    with mpmath.workdps(30):
        total = mpmath.mpf(0)
        for r, period in enumerate(_periods(D, mpmath.mpmathify(psi)), 1):
            gamma = mpmath.gamma(mpmath.mpf(r) / D) / mpmath.gamma(1 - mpmath.mpf(r) / D)
            total += (-1) ** (r - 1) * gamma**D * abs(period) ** 2
        return float(mpmath.pi**n / mpmath.mpf(D) ** (D - 1) * total)


def _periods(D: int, psi: Any) -> list[Any]:
    """F_1 .. F_{D-1}, in mpmath's numbers, at the point with 0 <= arg psi <= pi/D where V is the same.

    From 0, where they are the fundamental solutions of their equation, along the ray between two conifold points, then
    across to psi: never nearer to a conifold point than about psi itself.
    """
    size, angle = abs(psi), abs(mpmath.arg(psi**D)) / D
    conifold = [mpmath.expjpi(mpmath.mpf(2 * k) / D) for k in range(D)]
    here = mpmath.mpc(0)
    # The Taylor coefficients of each solution, as many as its equation's order.
    germs = [[mpmath.mpf(D) ** k / mpmath.factorial(k) * int(k == r) for k in range(D - 1)] for r in range(D - 1)]
    for end in (size * mpmath.expjpi(mpmath.mpf(1) / D), size * mpmath.expj(angle)):
        while here != end:
            longest = min(abs(here - point) for point in conifold) / 2
            there = end if abs(end - here) <= longest else here + longest * mpmath.sign(end - here)
            germs = _continued(D, here, there - here, germs)
            here = there
    return [germ[0] for germ in germs]


def _continued(D: int, psi: Any, step: Any, germs: list[list[Any]]) -> list[list[Any]]:
    """The first D - 1 Taylor coefficients at psi + step of solutions that have the given ones at psi.

    (psi d/dpsi + 1)^{D-1} = sum_k S(D, k+1) psi^k (d/dpsi)^k with Stirling's numbers. At psi + h the coefficient of
    h^m in the equation is linear in a_{m-1} .. a_{m+D-1}, the last of which it gives.
    """
    operator = [
        [mpmath.stirling2(D, k + 1, exact=True) * math.comb(k + 1, j) * psi ** (k + 1 - j) for j in range(k + 2)]
        for k in range(D)
    ]
    series = [list(germ) for germ in germs]
    for m in range(_TERMS):
        known = range(max(m - 1, 0), m + D - 1)
        factors = [sum(operator[k][k - i + m] * math.perm(i, k) for k in range(max(i - m, 0), D)) for i in known]
        last = (1 - psi**D) * math.perm(m + D - 1, D - 1)
        for a in series:
            a.append(mpmath.fdot(factors, a[known.start :]) / last)
    powers = [step**k for k in range(_TERMS + D - 1)]
    return [
        [mpmath.fsum(math.comb(k, i) * a[k] * powers[k - i] for k in range(i, len(a))) for i in range(D - 1)]
        for a in series
    ]
