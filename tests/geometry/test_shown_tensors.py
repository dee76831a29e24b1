"""LaTeX: nonzero independent components, indices where they belong."""

import sympy as sp

from symgeo.geometry import CoordinateMetric, PullbackMetric, RadialMetric

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


def test_what_a_terminal_shows():
    s, (x, y) = sp.Symbol("s", positive=True), sp.symbols("x y", real=True)
    radial = RadialMetric(1 + s, sp.S(2), s)
    assert repr(radial) == "RadialMetric(a = s + 1, b = 2, dimension d)"
    assert repr(radial.matrix()) == "(s + 1) delta_ij + (2) x_i x_j"
    assert repr(CoordinateMetric(sp.eye(2), (x, y))) == "CoordinateMetric(2 x 2, coordinates (x, y))"


def test_components_are_left_out_only_by_a_symmetry_of_the_whole_tensor():
    r, theta = sp.symbols("r theta", positive=True)
    polar = CoordinateMetric(sp.diag(1, r**2), (r, theta))
    assert set(polar.christoffel(1).independent()) == {(0, 1, 1), (1, 0, 1)}
    assert set(polar.covariant_derivative([0, r**2], "d").independent()) == {(0, 1), (1, 0)}


def test_a_new_chart_is_written_without_hidden_zeros():
    r, theta = sp.symbols("r theta", positive=True)
    x, y = sp.symbols("x y", real=True)
    plane = CoordinateMetric(sp.eye(2), (x, y)).in_chart((r, theta), (r * sp.cos(theta), r * sp.sin(theta)))
    assert plane.matrix() == sp.diag(1, r**2)
    sphere = PullbackMetric([sp.sin(r) * sp.cos(theta), sp.sin(r) * sp.sin(theta), sp.cos(r)], (r, theta))
    assert sphere.matrix() == sp.diag(1, sp.sin(r) ** 2)
