r"""The distance from the origin in a rotation-invariant metric: rho(r) = int_0^r sqrt(g_rr) dr, g_rr = a + b r^2.

Where g_rr = k s^m (p + q s)^h, s = r^2, m > -1, it is in closed form (Gradshteyn and Ryzhik 3.194.1),

    rho(r) = sqrt(k) p^(h/2) r^(m+1)/(m + 1) 2F1(-h/2, (m + 1)/2; (m + 3)/2; -q r^2/p);

else it stays an integral, which `evalf` computes.
"""

from __future__ import annotations

import sympy as sp

from symgeo.geometry.radial import RadialMetric


def radial_distance(metric: RadialMetric, r: sp.Expr) -> sp.Expr:
    """The length of the straight line from the origin to a point at |x| = r, a geodesic.

    Args:
        metric: a rotation-invariant metric.
        r: the radius, a positive symbol or number.

    Returns:
        A closed form, or a SymPy Integral.

    >>> s, r = sp.symbols("s r", positive=True)
    >>> radial_distance(RadialMetric(1, 1, s), r)  # a paraboloid: the arc of a parabola
    r*hyper((-1/2, 1/2), (3/2,), -r**2)
    >>> radial_distance(RadialMetric(s, 2, s), r)
    sqrt(3)*r**2/2
    """
    s, r = metric.s, sp.sympify(r)
    squared = sp.factor(metric.a + metric.b * s)
    constant, m, shape = sp.S.One, sp.S.Zero, []
    for factor in sp.Mul.make_args(squared):
        base, exponent = factor.as_base_exp()
        if not factor.has(s):
            constant *= factor
        elif base == s and exponent.is_Rational:
            m += exponent
        else:
            shape.append((base, exponent))
    if not shape:
        return sp.sqrt(constant) * r ** (m + 1) / (m + 1)
    base, h = shape[0]
    if len(shape) == 1 and not h.has(s) and base.is_polynomial(s) and sp.degree(base, s) == 1 and m > -1:
        p, q = (sp.expand(base).coeff(s, k) for k in (0, 1))
        if p.is_positive:
            series = sp.hyper((-h / 2, (m + 1) / 2), ((m + 3) / 2,), -q * r**2 / p)
            return sp.sqrt(constant) * p ** (h / 2) * r ** (m + 1) / (m + 1) * series
    t = sp.Symbol("t", positive=True)
    return sp.Integral(sp.sqrt(squared.subs(s, t**2)), (t, 0, r))
