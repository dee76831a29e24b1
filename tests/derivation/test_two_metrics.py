"""Two metrics: the definitions give the exact difference of the curvatures, and a remainder of second order."""

import pytest
import sympy as sp

from symgeo.derivation import (
    DELTA,
    RADIUS,
    Components,
    Define,
    Derivation,
    LeviCivita,
    Section,
    Step,
    TwoMetrics,
    inputs,
    laplacian,
    nabla,
    term,
)
from symgeo.errors import CheckFailed

mu, nu, la, ka = inputs(r"\mu \nu \lambda \kappa")
s = RADIUS
epsilon = sp.Symbol(r"\varepsilon", positive=True)
geometry, bar = LeviCivita(), LeviCivita(r"\bar")
two = TwoMetrics(geometry, bar)
PLANE = (Components(((2, 1),), units=False),)


def run(factor, *steps):
    """A sphere of radius 1, and `factor` times it."""
    A, C, D = two.A, two.C, two.D
    metrics = []
    for each, scale in ((geometry, 1), (bar, factor)):
        metrics += [
            Define(each.g_dd[mu, nu], term(4 * scale / (1 + s) ** 2) * DELTA[mu, nu]),
            Define(each.g_uu[mu, nu], term((1 + s) ** 2 / (4 * scale)) * DELTA[mu, nu]),
            each.christoffel(),
            each.riemann(),
            each.ricci(),
            each.scalar_curvature(),
        ]
    items = (
        *metrics,
        two.define_h(),
        two.define_h_up(),
        two.define_nabla_h(),
        two.define_trace(),
        two.define_divergence(),
        two.define_E(),
        Define(A[la, mu, nu], bar.gamma_udd[la, mu, nu] - geometry.gamma_udd[la, mu, nu]),
        two.define_C(),
        Define(D[la, mu, nu], C[la, mu, nu] - A[la, mu, nu]),
        *(
            Define(slope[ka, la, mu, nu], nabla(geometry, ka, tensor[la, mu, nu]))
            for slope, tensor in ((two.nabla_C, C), (two.nabla_D, D))
        ),
        two.define_r(),
        two.define_q(),
        two.define_Q(),
        *steps,
    )
    return Derivation("planted", "Planted", "", (Section("One", items),)).check()


def exact(remainder):
    first = geometry.g_uu[mu, nu] * two.r_dd[mu, nu] - two.h_uu[mu, nu] * geometry.ricci_dd[mu, nu]
    return Step((bar.scalar[()], geometry.scalar[()] + first + remainder), PLANE)


# Not constant, so that both connections count.
UNEVEN = 1 + epsilon * s


def test_the_difference_of_the_curvatures_is_what_the_letters_say():
    twice = geometry.g_uu[mu, nu] * nabla(geometry, mu, two.divergence[nu]) - laplacian(geometry, two.trace[()])
    run(
        UNEVEN,
        Step((two.A[la, mu, nu], bar.g_uu[la, ka] * two.E[ka, mu, nu]), PLANE),
        Step((bar.ricci_dd[mu, nu], geometry.ricci_dd[mu, nu] + two.r_dd[mu, nu] + two.q_dd[mu, nu]), PLANE),
        Step((geometry.g_uu[mu, nu] * two.r_dd[mu, nu], twice), PLANE),
        exact(two.Q[()]),
    )


def test_it_is_not_without_the_remainder():
    with pytest.raises(CheckFailed):
        run(UNEVEN, exact(term(0)))


def test_a_larger_sphere():
    c = 1 + epsilon
    # The radius is sqrt(c): the connection is the same, R = 2/c, and 2/c = 2 - 2 (c - 1) + Q.
    run(
        c,
        Step((two.A[la, mu, nu], 0), PLANE),
        Step((two.trace[()], term(2 * epsilon)), PLANE),
        Step((two.divergence[mu], 0), PLANE),
        Step((two.Q[()], term(2 * epsilon**2 / c)), PLANE),
    )


def test_the_remainder_is_of_second_order_for_a_conformal_factor():
    # In two dimensions R(c g) = (R - Delta log c) / c, and Delta is (1 + s)^2 / 4 times that of the plane, in which
    # Delta f(s) = 4 (s f')'. What is left of it beyond the first order in epsilon is Q.
    log = sp.log(UNEVEN)
    plane = 4 * sp.diff(s * sp.diff(log, s), s)
    curvature = (2 - (1 + s) ** 2 / 4 * plane) / UNEVEN
    first = curvature.subs(epsilon, 0) + epsilon * sp.diff(curvature, epsilon).subs(epsilon, 0)
    run(UNEVEN, Step((two.Q[()], term(sp.factor(curvature - first))), PLANE))
