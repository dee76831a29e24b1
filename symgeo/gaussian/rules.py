r"""The rules by which a term's expectation over z ~ N(m, u) is had in closed form.

Tilt: a Gaussian times an exponential of a quadratic is a Gaussian again (complete the square),

    E_{m,u}[e^{-p z^2 + q z} h(z)] = (1 + 2pu)^{-1/2} e^{(q m + q^2 u/2 - p m^2)/(1 + 2pu)} E_{m',u'}[h(z)],
    m' = (m + q u)/(1 + 2pu),  u' = u/(1 + 2pu),  where 1 + 2pu > 0.

Lower the power (Stein 1981): with h' = sum of (2a/sqrt pi) e^{-(az + b)^2} for an error function, 2 delta(z - t) for a
sign, each times the other factors,

    E[z^k h] = m E[z^{k-1} h] + (k-1) u E[z^{k-2} h] + u E[z^{k-1} h'].

One error function (Owen, A table of normal integrals, 1980, 10,010.8), and a sign as one of infinite slope:

    E[erf(a z + b)] = erf((a m + b)/sqrt(1 + 2 a^2 u)),     E[sign(z - t)] = erf((m - t)/sqrt(2u)).

Two, centred (Sheppard 1899; Williams 1998), for m = b = t = 0; an odd number of centred factors averages to zero:

    E[erf(a z) erf(c z)] = (2/pi) asin(2 a c u / sqrt((1 + 2 a^2 u)(1 + 2 c^2 u))),
    E[erf(a z) sign(z)]  = (2/pi) asin(sqrt(2 a^2 u/(1 + 2 a^2 u))).

Two that are not centred have no elementary expectation (Owen's T), nor have four.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from symgeo.gaussian.terms import NoClosedForm, Term

_HALF = sp.Rational(1, 2)


def mean_of(term: Term, m: sp.Expr, u: sp.Expr) -> sp.Expr:
    """The term's expectation over z ~ N(m, u); 1 + 2pu > 0 is taken for granted.

    Raises:
        NoClosedForm: where no rule applies.
    """
    if term.quadratic != 0 or term.linear != 0:
        return _tilted(term, m, u)
    if term.power:
        return _lowered(term, m, u)
    return _of_factors(term, m, u)


def _tilted(term: Term, m: sp.Expr, u: sp.Expr) -> sp.Expr:
    p, q = term.quadratic, term.linear
    if p.has(sp.I) and (term.errors or term.jump is not None):
        raise NoClosedForm("an error function under a complex Gaussian")
    spread = quotient(1 + 2 * p * u)
    exponent = quotient((q * m + q**2 * u / 2 - p * m**2) / spread)
    rest = replace(term, quadratic=sp.S.Zero, linear=sp.S.Zero)
    inner = mean_of(rest, quotient((m + q * u) / spread), quotient(u / spread))
    return inverse_root(spread) * _exponential(exponent) * inner


def _lowered(term: Term, m: sp.Expr, u: sp.Expr) -> sp.Expr:
    k = term.power
    total = m * mean_of(replace(term, power=k - 1), m, u) if m != 0 else sp.S.Zero
    if k > 1:
        total += (k - 1) * u * mean_of(replace(term, power=k - 2), m, u)
    for i, (a, b) in enumerate(term.errors):
        others = (*term.errors[:i], *term.errors[i + 1 :])
        slope = Term(k - 1, sp.expand(a**2), sp.expand(-2 * a * b), others, term.jump)
        total += u * 2 * a / sp.sqrt(sp.pi) * sp.exp(-(b**2)) * mean_of(slope, m, u)
    t = term.jump
    if t is not None and not (t == 0 and k > 1):
        density = _exponential(quotient(-((t - m) ** 2) / (2 * u))) * inverse_root(quotient(2 * sp.pi * u))
        total += u * 2 * t ** (k - 1) * density * sp.Mul(*(sp.erf(a * t + b) for a, b in term.errors))
    return total


def _of_factors(term: Term, m: sp.Expr, u: sp.Expr) -> sp.Expr:
    errors, t = term.errors, term.jump
    count = len(errors) + (t is not None)
    if count == 0:
        return sp.S.One
    if count == 1:
        # erf(i y) = i erfi(y) is the one complex case that stays elementary.
        a, b = errors[0] if t is None else (sp.S.One, -t)
        width = quotient(1 + 2 * a**2 * u if errors else 2 * u)
        place = quotient(a * m + b)
        if not place.has(sp.I):
            return sp.erf(place * inverse_root(width))
        if (imaginary := sp.expand(place / sp.I)).is_real:
            return sp.I * sp.erfi(quotient(imaginary) * inverse_root(width))
        raise NoClosedForm("an error function at a complex place")
    if m != 0 or t not in (None, 0) or any(b != 0 for _, b in errors):
        raise NoClosedForm("a product of error functions or signs that is not centred")
    if count % 2:
        return sp.S.Zero
    if count > 2:
        raise NoClosedForm("four or more error functions")
    slopes = [a * inverse_root(quotient(1 + 2 * a**2 * u)) for a, _ in errors]
    if t is not None:
        return 2 / sp.pi * sp.asin(slopes[0] / inverse_root(quotient(2 * u)))
    return 2 / sp.pi * sp.asin(quotient(2 * u * slopes[0] * slopes[1]))


def inverse_root(e: sp.Expr) -> sp.Expr:
    """1/sqrt(e) for a quotient e of positive real part: numerator and denominator apart, complex ones as x + i y."""
    if not e.has(sp.I):
        numerator, denominator = sp.fraction(e)
        return sp.sqrt(denominator) / sp.sqrt(numerator)
    # The principal root of a + i b, a > 0, with r = |a + i b| and c = sqrt(2 (r + a)): (c/2 - i b/c)/r.
    a, b = e.as_real_imag()
    r = sp.sqrt(sp.expand(a**2 + b**2))
    c = sp.sqrt(2 * r + 2 * a)
    return (c / 2 - sp.I * b / c) / r


def _exponential(e: sp.Expr) -> sp.Expr:
    """exp(e), a complex one by Euler's formula, so that real sums come out real."""
    if not e.has(sp.I):
        return sp.exp(e)
    real, imaginary = e.as_real_imag()
    return sp.exp(sp.cancel(real)) * (sp.cos(sp.cancel(imaginary)) + sp.I * sp.sin(sp.cancel(imaginary)))


def quotient(e: sp.Expr) -> sp.Expr:
    """One reduced fraction with a real denominator, so that equal arguments look equal."""
    if not e.has(sp.I):
        return sp.factor(sp.cancel(e))
    numerator, denominator = sp.fraction(sp.together(e))
    if denominator.has(sp.I):
        numerator, denominator = numerator * sp.conjugate(denominator), denominator * sp.conjugate(denominator)
    real, imaginary = sp.expand(numerator).as_real_imag()
    below = sp.expand(denominator)
    return sp.factor(sp.cancel(real / below)) + sp.I * sp.factor(sp.cancel(imaginary / below))
