r"""E[f(z)], z ~ N(0, v), in closed form.

f is read as a sum of terms (`symgeo.gaussian.reading`), each term's expectation follows by rules
(`symgeo.gaussian.rules`), and the sum is gathered by its roots, exponentials and inverse functions. Polynomials,
exp, sin, cos, Gaussians, erf and the normal distribution function, Heaviside, sign, absolute value and their sums and
products; of these, products of two error functions or signs only where they are centred, and of four or more none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, product

import sympy as sp

from symgeo.errors import InputError
from symgeo.gaussian.reading import terms_of
from symgeo.gaussian.rules import mean_of, quotient
from symgeo.gaussian.terms import NoClosedForm, Term, Terms, added


def closed_expectation(integrand: sp.Expr, z: sp.Symbol, variance: sp.Expr) -> sp.Expr | None:
    """E[f(z)] over z ~ N(0, v) as an exact expression, or None where no rule gives one.

    Args:
        integrand: f(z), exact.
        z: the variable, a real symbol.
        variance: v > 0, a positive symbol or number.

    Raises:
        InputError: where the expectation diverges (it names the condition on v), v is not positive, or z is not real.

    >>> z, v = sp.Symbol("z", real=True), sp.Symbol("v", positive=True)
    >>> closed_expectation(z**2 * sp.exp(-z**2), z, v)
    v/(2*v + 1)**(3/2)
    >>> closed_expectation(sp.erf(z)**2, z, v)
    2*asin(2*v/(2*v + 1))/pi
    >>> closed_expectation(sp.tanh(z), z, v) is None
    True
    """
    f, v = sp.sympify(integrand), sp.sympify(variance)
    if not v.is_positive:
        raise InputError(f"`variance` must be positive, not {v}; declare its symbol with positive=True")
    if not z.is_real:
        raise InputError(f"`z` must be a real symbol; make it with sympy.Symbol({z.name!r}, real=True)")
    try:
        terms = terms_of(f, z)
        _require_decay(terms, f, v)
        total = sp.Add(*(c * mean_of(term, sp.S.Zero, v) for term, c in terms.items()))
    except NoClosedForm:
        return None
    return _gathered(total, v)


def _require_decay(terms: Terms, f: sp.Expr, v: sp.Expr) -> None:
    """Refuse an integrand that grows as fast as the Gaussian decays: a term needs 1 + 2 p v > 0."""
    growing = {term: c for term, c in terms.items() if not sp.re(1 + 2 * term.quadratic * v).is_positive}
    # Far out, an error function is the sign of its slope; growth may cancel between such terms.
    far: Terms = {}
    for term, c in growing.items():
        here: Terms = {Term(term.power, term.quadratic, term.linear, (), term.jump and sp.S.Zero): c}
        for a, _ in term.errors:
            sign: Terms = {Term(jump=sp.S.Zero): sp.sign(a)}
            here = {t: x * y for s, x in here.items() for r, y in sign.items() for t in s.times(r)}
        far = added(far, here)
    if not growing:
        return
    if not far:
        raise NoClosedForm("growing terms that cancel far out")
    worst = min((sp.re(term.quadratic) for term in far), key=lambda p: float(p) if p.is_number else 0.0)
    condition = f"v < {-1 / (2 * worst)}" if worst.is_negative else f"1 + 2 v ({worst}) > 0"
    raise InputError(f"`integrand` {f} has an expectation over N(0, v) only for {condition}; here v is {v}")


def _gathered(total: sp.Expr, v: sp.Expr) -> sp.Expr:
    """The sum with one rational coefficient for each product of roots and transcendental functions."""
    names = v.free_symbols
    coefficients: dict[sp.Expr, sp.Expr] = {}
    for factors in _products(total, names):
        rational, kernel, exponents = sp.S.One, sp.S.One, sp.S.Zero
        for factor in sp.Mul.make_args(sp.Mul(*factors)):
            base, exponent = factor.as_base_exp()
            if isinstance(factor, sp.exp):
                exponents += factor.args[0]
            elif exponent.is_Rational and exponent.q == 2 and base.has(*names):
                # Every odd power of a root as the same one: x^(k/2) = x^((k+1)/2) x^(-1/2).
                rational, kernel = rational * base ** (exponent + sp.Rational(1, 2)), kernel / sp.sqrt(base)
            elif factor.is_rational_function(*names):
                rational *= factor
            else:
                kernel *= factor
        kernel *= sp.exp(quotient(exponents))
        coefficients[kernel] = coefficients.get(kernel, sp.S.Zero) + rational
    return sp.Add(*(quotient(c) * kernel for kernel, c in coefficients.items()))


def _products(e: sp.Expr, names: set[sp.Basic]) -> Iterator[tuple[sp.Expr, ...]]:
    """The summands of `e` multiplied out, but for sums that are rational in `names`."""
    if e.is_rational_function(*names) if names else e.is_number:
        yield (e,)
    elif isinstance(e, sp.Add):
        for part in e.args:
            yield from _products(part, names)
    elif isinstance(e, sp.Mul):
        for parts in product(*(tuple(_products(factor, names)) for factor in e.args)):
            yield tuple(chain.from_iterable(parts))
    else:
        yield (e,)
