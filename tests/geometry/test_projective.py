import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import projective
from symgeo.geometry.projective import homogeneous_polynomial

Z = sp.symbols("z_1:6")
QUINTIC = sum(z**5 for z in Z)
X = Z[:4]
QUARTIC = sum(z**4 for z in X)


def test_exponents_and_coefficients_make_the_polynomial():
    P = QUARTIC + sp.Rational(1, 3) * X[0] ** 2 * X[1] * X[3] - sp.I * X[2] ** 3 * X[0]
    exponents, coefficients = homogeneous_polynomial(P, X)
    found = sum(
        c * sp.prod([z**k for z, k in zip(X, e, strict=True)]) for e, c in zip(exponents, coefficients, strict=True)
    )
    assert max(abs(complex(c)) for c in sp.Poly(sp.expand(found - P), *X).coeffs()) < 1e-15


@pytest.mark.parametrize(
    "P",
    [
        X[0] ** 3 * X[1] + X[1] ** 3 * X[2] + X[2] ** 3 * X[3] + X[3] ** 3 * X[0],  # Klein's, without Fermat's terms
        QUARTIC - 4 * sp.I * sp.Rational(1, 2) * sp.prod(X),
        (X[0] + X[1]) ** 4 + (X[0] - 2 * X[1]) ** 4 + (X[2] + sp.I * X[0]) ** 4 + (X[3] - X[2]) ** 4,
    ],
)
@pytest.mark.parametrize("check", ["exact", "numeric"])
def test_smooth_quartics(P, check):
    assert sum(homogeneous_polynomial(P, X, check=check)[0][0]) == 4


def test_smooth_quintics():
    assert len(homogeneous_polynomial(QUINTIC - sp.prod(Z), Z)[0]) == 6
    assert len(homogeneous_polynomial(QUINTIC + Z[0] ** 3 * Z[1] * Z[2], Z)[0]) == 6


@pytest.mark.parametrize(
    "P",
    [
        QUARTIC - X[3] ** 4,  # a cone
        (X[0] ** 2 + X[1] ** 2 + X[2] ** 2 + X[3] ** 2) ** 2,
        QUARTIC - X[3] ** 4 + (X[0] ** 2 + X[1] ** 2) * X[2] * X[3],  # a point at (0, 0, 0, 1)
        # Nodes of Dwork's quartic, in other coordinates.
        sp.expand((QUARTIC - 4 * sp.prod(X)).subs(X[0], X[0] + 2 * X[1])),
    ],
)
@pytest.mark.parametrize("check", ["exact", "numeric"])
def test_singular_quartics(P, check):
    with pytest.raises(InputError, match="is singular") as caught:
        homogeneous_polynomial(P, X, check=check)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("psi", [1, -1, sp.I, sp.exp(sp.I * sp.pi / 2)])
def test_the_conifold_is_named(psi):
    with pytest.raises(InputError, match=r"Dwork's at the conifold, psi = .* with psi\^4 = 1"):
        homogeneous_polynomial(3 * QUARTIC - 12 * psi * sp.prod(X), X)
    # Dwork's derivatives drop rank there alone, so the general check agrees with the special one.
    P = sp.Poly(QUARTIC - 4 * psi * sp.prod(X), *X, extension=True)
    with pytest.raises(InputError, match="is singular"):
        projective._require_smooth(P)
    projective._require_smooth(sp.Poly(QUARTIC - 8 * psi * sp.prod(X), *X, extension=True))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: homogeneous_polynomial(QUARTIC + X[0], X), r"terms of degrees \[1, 4\]"),
        (lambda: homogeneous_polynomial(sum(z**4 for z in Z), Z), "degree 4 in 5 coordinates is not Calabi-Yau; take"),
        (lambda: homogeneous_polynomial(sp.Float(0.5) * QUARTIC, X), "exact coefficients"),
        (lambda: homogeneous_polynomial(QUARTIC * sp.Symbol("a"), X), "other than the coordinates: give a numbers"),
        (lambda: homogeneous_polynomial(sp.sin(X[0]), X), "must be a polynomial"),
        (lambda: homogeneous_polynomial(X[0] / X[1], X), "must be a polynomial"),
        (lambda: homogeneous_polynomial(X[0] - X[0], X), "`expression` is zero"),
        (lambda: homogeneous_polynomial(X[0] ** 2, X[:2]), "at least 3 different symbols"),
        (lambda: homogeneous_polynomial(QUARTIC, X, check="maybe"), "`check` must be one of"),
        (lambda: homogeneous_polynomial(QUARTIC + sp.sqrt(2) * X[0] ** 3 * X[1], X), "irrational coefficients"),
    ],
)
def test_bad_input_is_one_line(make, message):
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_too_many_terms_for_the_exact_check(monkeypatch):
    monkeypatch.setattr(projective, "MOST_ENTRIES", 100)
    with pytest.raises(InputError, match='too many terms for the exact check: pass check="numeric"'):
        homogeneous_polynomial(QUARTIC + X[0] ** 3 * X[1], X)


def test_irrational_coefficients_are_checked_numerically():
    P = QUARTIC + sp.sqrt(2) * X[0] ** 3 * X[1]
    assert 2**0.5 in [c.real for c in homogeneous_polynomial(P, X, check="numeric")[1]]
