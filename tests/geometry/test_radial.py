"""Rotation-invariant metrics: the symbolic-d formulas are the generic tower's at every d tried."""

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry import RadialMetric

s, sigma, zeta = sp.symbols("s sigma zeta", positive=True)
POINT = [sp.Rational(2, 3), sp.Rational(-3, 5), sp.Rational(1, 7), sp.Rational(5, 4)]
PAIRS = {
    "rational": (1 + 2 * s, 3 / (1 + s)),
    "exponential": (sp.exp(-s), s),
    "hessian": ((1 + s) ** 3, 6 * (1 + s) ** 2),
    "root": (sp.sqrt(1 + s), 1 / sp.sqrt(2 + s)),
}


def erf_metric(dimension=None):
    a = 2 * sigma**2 / (sp.pi * sp.sqrt(1 + 2 * sigma**2 * s + 2 * zeta**2))
    return RadialMetric(a, 2 * sp.diff(a, s), s, dimension)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_radial_formulas_equal_the_generic_tower(name, d):
    coordinates = sp.symbols(f"x1:{d + 1}", real=True)
    radial = RadialMetric(*PAIRS[name], s, dimension=d)
    explicit = radial.explicit(coordinates)
    at = dict(zip(coordinates, POINT, strict=False))
    at_s = {s: sum(v**2 for v in at.values())}

    def close(left, right):
        return abs(sp.N(left - right, 40)) < sp.Rational(1, 10**35)

    for tensor, generic in [
        (radial.inverse(), explicit.inverse()),
        (radial.christoffel(1), explicit.christoffel(1)),
        (radial.christoffel(2), explicit.christoffel(2)),
        (radial.riemann(), explicit.riemann()),
        (radial.ricci(), explicit.ricci()),
    ]:
        mine = sp.flatten(tensor.components(coordinates).tolist())
        theirs = sp.flatten(generic.tolist())
        assert all(close(m.subs(at), t.subs(at)) for m, t in zip(mine, theirs, strict=True))
    for scalar in ("determinant", "scalar_curvature", "kretschmann", "volume_element"):
        mine, theirs = getattr(radial, scalar)(), getattr(explicit, scalar)()
        assert close(mine.subs(at_s), theirs.subs(at))


def test_erf_network_reads_as_on_paper():
    metric = erf_metric()
    d, c = metric.dimension, 1 + 2 * zeta**2
    u = c + 2 * sigma**2 * s
    expected = -sp.pi / 2 * (d - 1) * (d + 2) * sigma**2 * s / (c * sp.sqrt(u))
    assert sp.expand(metric.scalar_curvature() / expected) == 1
    assert sp.count_ops(metric.scalar_curvature()) <= 25
    assert sp.simplify(metric.volume_element() ** 2 / ((2 * sigma**2 / sp.pi) ** d * c * u ** (-(d + 2) / 2))) == 1
    assert set(metric.symbols) == {"d", "s", "sigma", "zeta"}


def test_two_dimensional_curvature_is_the_symbolic_one_at_two():
    general, plane = erf_metric(), erf_metric(2)
    assert sp.simplify(general.scalar_curvature().subs(general.dimension, 2) - plane.scalar_curvature()) == 0


def test_tensor_shows_its_indices():
    latex = erf_metric().christoffel()._repr_latex_()
    assert r"\delta^{i}_{j}" in latex
    assert "x^{i}" in latex


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.5, s, s), "float 0.5.*1/2"),
        ((1, -1 / s, s), "singular"),
        ((0, 1, s), "singular"),
        ((1, 1, s, 0), "`dimension`"),
        ((1, 1, s**2), "`coordinates`"),
    ],
)
def test_bad_radial_metric(arguments, message):
    with pytest.raises(InputError, match=message):
        RadialMetric(*arguments)
