"""The whole tower against mpmath: the definitions of symgeo.conventions, differentiated numerically at 50 digits."""

import mpmath as mp
import pytest
import sympy as sp

from symgeo.geometry import CoordinateMetric, HessianMetric, PullbackMetric, RadialMetric

DIGITS = 50
x, y, z = sp.symbols("x y z", real=True)
POINT = {x: sp.Rational(3, 7), y: sp.Rational(-5, 11), z: sp.Rational(2, 13)}


def numeric_curvature(metric, coordinates):
    """Gamma^r_ab, R_abcd and R at POINT from g alone, by numerical differentiation of g and of Gamma."""
    size = range(len(coordinates))
    g = sp.lambdify(coordinates, metric.matrix(), "mpmath")
    point = [mp.mpf(POINT[c].p) / POINT[c].q for c in coordinates]

    def partial(function, k, at):
        return mp.diff(lambda value: function(*at[:k], value, *at[k + 1 :]), at[k])

    def gamma(*at):
        dg = [[[partial(lambda *q, i=i, j=j: g(*q)[i, j], k, list(at)) for j in size] for i in size] for k in size]
        inverse = g(*at) ** -1
        first = [[[(dg[a][c][b] + dg[b][c][a] - dg[c][a][b]) / 2 for b in size] for a in size] for c in size]
        return [[[sum(inverse[r, c] * first[c][a][b] for c in size) for b in size] for a in size] for r in size]

    G = gamma(*point)
    dG = [
        [[[partial(lambda *q, r=r, a=a, b=b: gamma(*q)[r][a][b], m, point) for b in size] for a in size] for r in size]
        for m in size
    ]
    mixed = [
        [
            [
                [
                    dG[m][r][n][s]
                    - dG[n][r][m][s]
                    + sum(G[r][m][k] * G[k][n][s] - G[r][n][k] * G[k][m][s] for k in size)
                    for n in size
                ]
                for m in size
            ]
            for s in size
        ]
        for r in size
    ]
    here = g(*point)
    inverse = here**-1
    lowered = {
        (a, b, c, d): sum(here[a, r] * mixed[r][b][c][d] for r in size)
        for a in size
        for b in size
        for c in size
        for d in size
    }
    ricci = mp.matrix(len(size))
    for b in size:
        for d in size:
            ricci[b, d] = sum(mixed[r][b][r][d] for r in size)
    scalar = sum(inverse[b, d] * ricci[b, d] for b in size for d in size)
    return G, lowered, ricci, scalar


def explicit_radial():
    s = sp.Symbol("s", positive=True)
    return RadialMetric(sp.exp(-s / 3), 1 / (1 + s), s, dimension=3).explicit((x, y, z))


METRICS = {
    "pullback": (
        lambda: PullbackMetric([x * y + sp.sin(x), sp.exp(x - y), x**2 - y**3, sp.cos(x * y)], (x, y)),
        (x, y),
    ),
    "generic": (
        lambda: CoordinateMetric(
            [[2 + x**2, x * y, z / 3], [x * y, 3 + sp.exp(y + z), x / 5], [z / 3, x / 5, 2 + sp.cos(x + z)]], (x, y, z)
        ),
        (x, y, z),
    ),
    "hessian": (lambda: HessianMetric(sp.exp(x + 2 * y) + x**4 + 3 * x**2 + y**2 + sp.cosh(x - y), (x, y)), (x, y)),
    "radial": (explicit_radial, (x, y, z)),
}


@pytest.mark.parametrize("name", METRICS)
def test_tower_against_numerical_derivatives(name):
    build, coordinates = METRICS[name]
    metric = build()
    with mp.workdps(DIGITS + 40):
        gamma, riemann, ricci, scalar = numeric_curvature(metric, coordinates)
        size = range(len(coordinates))

        def error(expression, value):
            return abs(mp.mpf(sp.N(expression.subs(POINT), DIGITS + 20)) - value)

        worst = [error(metric.christoffel()[r, a, b], gamma[r][a][b]) for r in size for a in size for b in size]
        worst += [error(metric.riemann()[index], value) for index, value in riemann.items()]
        worst += [error(metric.ricci()[b, d], ricci[b, d]) for b in size for d in size]
        worst += [error(metric.scalar_curvature(), scalar)]
        # numerical second derivatives halve the working digits
        assert max(worst) < mp.mpf(10) ** (-(DIGITS - 20))
