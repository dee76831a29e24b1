r"""Homogeneous polynomials of Calabi-Yau hypersurfaces, handed to the numeric side as exponents and coefficients.

P = 0 in projective space is smooth if and only if the N partial derivatives, of degree D - 1, have no common zero but
the origin: then, and only then, their multiples of degree N (D - 2) + 1 are all monomials of that degree (Macaulay).
The rank of these multiples is found modulo a prime. Full rank there is full rank over the rationals: smoothness is
proved. A rank that falls short modulo several primes is reported as a singularity. Gaussian rationals go to a prime
p = 1 mod 4, where -1 has a square root.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import sympy as sp
from sympy.ntheory.residue_ntheory import sqrt_mod

from symgeo.errors import InputError

CHECKS = ("exact", "numeric", "none")
#: Different primes p = 1 mod 4 below 2^31.
PRIMES = (2147483629, 2147483549, 2147483497)
#: Numbers that the elimination may hold; a sparse quintic such as Dwork's needs some ten thousand.
MOST_ENTRIES = 400_000
#: Of the numeric check: searches for a singular point, steps of each, and what counts as one.
STARTS, STEPS, SINGULAR = 200, 200, 1e-8


def homogeneous_polynomial(
    expression: sp.Expr, coordinates: Iterable[sp.Symbol], *, check: str = "exact"
) -> tuple[tuple[tuple[int, ...], ...], tuple[complex, ...]]:
    """The monomials of a smooth Calabi-Yau hypersurface's polynomial.

    >>> x, y, z = sp.symbols("x y z")
    >>> homogeneous_polynomial(x**3 + y**3 + z**3 - x * y * z, (x, y, z))
    (((3, 0, 0), (1, 1, 1), (0, 3, 0), (0, 0, 3)), ((1+0j), (-1+0j), (1+0j), (1+0j)))

    Args:
        expression: P, a polynomial in the coordinates with exact coefficients.
        coordinates: Z_1 .. Z_N, N >= 3.
        check: of smoothness: "exact", for coefficients in Q(i); "numeric", a search for common zeros of the
            derivatives by Newton's method from `STARTS` points, which proves nothing; "none".

    Returns:
        Exponents, one tuple a monomial, and coefficients.

    Raises:
        InputError: not a polynomial in the coordinates alone, inexact coefficients, terms of several degrees, a degree
            other than N, a singular hypersurface (the conifold of Dwork's family is named), or a check too large.
    """
    if check not in CHECKS:
        raise InputError(f"`check` must be one of {', '.join(CHECKS)}, not {check!r}")
    Z = tuple(coordinates)
    polynomial = _polynomial(sp.sympify(expression), Z)
    degrees = sorted({sum(e) for e in polynomial.monoms()})
    if len(degrees) > 1:
        raise InputError(f"`expression` must be homogeneous, but has terms of degrees {degrees}: make them one")
    if degrees[0] != len(Z):
        raise InputError(
            f"`expression`: degree {degrees[0]} in {len(Z)} coordinates is not Calabi-Yau; "
            f"take degree {len(Z)}, or {degrees[0]} coordinates"
        )
    psi = _dwork_parameter(polynomial)
    if psi is not None and sp.simplify(psi ** len(Z) - 1) == 0:
        raise InputError(
            f"`expression` is Dwork's at the conifold, psi = {psi} with psi^{len(Z)} = 1, singular there: move psi"
        )
    if check == "exact" and psi is None:
        _require_smooth(polynomial)
    if check == "numeric":
        _search_singular(polynomial)
    return tuple(polynomial.monoms()), tuple(complex(c) for c in polynomial.coeffs())


def _polynomial(expression: sp.Expr, Z: Sequence[sp.Symbol]) -> sp.Poly:
    if len(Z) < 3 or len(set(Z)) != len(Z):
        raise InputError(f"`coordinates` must be at least 3 different symbols, not {Z}")
    if expression.has(sp.Float):
        raise InputError("`expression` must have exact coefficients: write Rational(1, 2) for 0.5")
    foreign = sorted(map(str, expression.free_symbols - set(Z)))
    if foreign:
        raise InputError(f"`expression` has symbols other than the coordinates: give {', '.join(foreign)} numbers")
    try:
        polynomial = sp.Poly(sp.expand(expression), *Z, extension=True)
    except sp.PolynomialError:
        raise InputError(f"`expression` must be a polynomial in {', '.join(map(str, Z))}") from None
    if polynomial.is_zero:
        raise InputError("`expression` is zero: every point would lie on it")
    return polynomial


def _dwork_parameter(polynomial: sp.Poly) -> sp.Expr | None:
    """psi of c (sum Z_i^D - D psi prod Z_i), which is smooth unless psi^D = 1; None for another polynomial."""
    D = len(polynomial.gens)
    terms = dict(polynomial.terms())
    mixed = terms.pop((1,) * D, sp.S.Zero)
    if set(terms) != {tuple(D * int(i == j) for j in range(D)) for i in range(D)} or len(set(terms.values())) != 1:
        return None
    return sp.nsimplify(-mixed / (D * next(iter(terms.values()))))


def _require_smooth(polynomial: sp.Poly) -> None:
    coefficients = [sp.sympify(c) for c in polynomial.coeffs()]
    parts = [c.as_real_imag() for c in coefficients]
    if not all(x.is_Rational and y.is_Rational for x, y in parts):
        raise InputError('`expression` has irrational coefficients, whose check is not exact: pass check="numeric"')
    for p in PRIMES:
        i = int(sqrt_mod(-1, p))

        def residue(x: sp.Rational, p: int = p) -> int:
            return int(x.p) * pow(int(x.q), -1, p) % p

        terms = {e: (residue(x) + i * residue(y)) % p for e, (x, y) in zip(polynomial.monoms(), parts, strict=True)}
        if _full_rank(terms, len(polynomial.gens), p):
            return
    raise InputError(
        f"`expression` is singular: its derivatives have a common zero modulo {', '.join(map(str, PRIMES))}; "
        "take a smooth one"
    )


def _full_rank(terms: dict[tuple[int, ...], int], N: int, p: int) -> bool:
    """Whether the derivatives' multiples are all monomials of degree N (N - 2) + 1 modulo p, by sparse elimination."""
    D = N
    column = {e: k for k, e in enumerate(_monomials(N * (D - 2) + 1, N))}
    derivatives = []
    for i in range(N):
        lowered = {(*e[:i], e[i] - 1, *e[i + 1 :]): c * e[i] % p for e, c in terms.items() if e[i]}
        derivatives.append([(e, c) for e, c in lowered.items() if c])
    pivots: dict[int, dict[int, int]] = {}
    held = 0
    for shift in _monomials((N - 1) * (D - 2), N):
        for derivative in derivatives:
            row = {column[tuple(map(sum, zip(e, shift, strict=True)))]: c for e, c in derivative}
            while row and (first := min(row)) in pivots:
                factor = row[first]
                for k, value in pivots[first].items():
                    rest = (row.get(k, 0) - factor * value) % p
                    if rest:
                        row[k] = rest
                    else:
                        row.pop(k, None)
            if row:
                inverse = pow(row[first], -1, p)
                pivots[first] = {k: value * inverse % p for k, value in row.items()}
                held += len(row)
                if held > MOST_ENTRIES:
                    raise InputError('`expression` has too many terms for the exact check: pass check="numeric"')
        if len(pivots) == len(column):
            return True
    return False


def _monomials(degree: int, N: int) -> Iterator[tuple[int, ...]]:
    if N == 1:
        yield (degree,)
        return
    for k in range(degree, -1, -1):
        for rest in _monomials(degree - k, N - 1):
            yield (k, *rest)


def _search_singular(polynomial: sp.Poly) -> None:
    """Levenberg and Marquardt's steps towards common zeros of the derivatives on the unit sphere."""
    Z = polynomial.gens
    gradient = [polynomial.diff(z) for z in Z]
    g = sp.lambdify(Z, [x.as_expr() for x in gradient], "numpy")
    h = sp.lambdify(Z, [[x.diff(z).as_expr() for z in Z] for x in gradient], "numpy")
    size = max(abs(complex(c)) for c in polynomial.coeffs())
    random = np.random.default_rng(0)
    for _ in range(STARTS):
        z = random.normal(size=len(Z)) + 1j * random.normal(size=len(Z))
        before = np.inf
        for step in range(STEPS):
            z = z / np.linalg.norm(z)
            value = np.array(g(*z), dtype=complex) / size
            if step % 20 == 0:
                if np.linalg.norm(value) > before / 2:  # towards a zero it falls faster, even a double one
                    break
                before = np.linalg.norm(value)
            if np.abs(value).max() < SINGULAR:
                point = ", ".join(f"{x:.4g}" for x in z / z[np.abs(z).argmax()])
                raise InputError(f"`expression` is singular near ({point}): take a smooth one")
            jacobian = np.array(h(*z), dtype=complex) / size
            damped = jacobian.conj().T @ jacobian + 0.1 * (np.abs(value) ** 2).sum() * np.eye(len(Z))
            z = z - np.linalg.solve(damped, jacobian.conj().T @ value)
