"""LaTeX: nonzero independent components, indices where they belong."""

import sympy as sp

from symgeo.geometry import CoordinateMetric

theta, phi = sp.symbols("theta phi", positive=True)
SPHERE = CoordinateMetric(sp.diag(1, sp.sin(theta) ** 2), (theta, phi))


def test_christoffel_symbols_of_the_sphere():
    latex = SPHERE.christoffel().latex()
    assert r"\Gamma{}^{\theta}{}_{\phi}{}_{\phi} &= - \sin{\left(\theta \right)} \cos{\left(\theta \right)}" in latex
    assert latex.count("&=") == 2  # Gamma^phi_phi,theta is Gamma^phi_theta,phi


def test_one_component_of_riemann():
    assert list(SPHERE.riemann().independent()) == [(0, 1, 0, 1)]
    assert SPHERE.riemann()._repr_latex_().startswith("$\\displaystyle \\begin{aligned}R{}_{\\theta}{}_{\\phi}")
    assert list(SPHERE.riemann("uddd").independent()) == [(0, 1, 0, 1), (1, 0, 0, 1)]


def test_nothing_to_show():
    flat = CoordinateMetric(sp.eye(2), (theta, phi))
    assert flat.riemann().latex() == "R = 0"


def test_tensors_stay_tensors():
    doubled = SPHERE.christoffel().applyfunc(lambda value: 2 * value)
    assert doubled.positions == "udd"
    assert doubled[0, 1, 1] == 2 * SPHERE.christoffel()[0, 1, 1]


def test_metric_shows_its_line_element():
    assert SPHERE._repr_latex_() == r"$\displaystyle ds^2 = d\phi^{2} \sin^{2}{\left(\theta \right)} + d\theta^{2}$"
