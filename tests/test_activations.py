"""The table against quadrature at 30 digits, derivatives against SymPy's own, and what is refused."""

import mpmath as mp
import pytest
import sympy as sp

from symgeo.activations import TABLE, activation, leaky_relu, logistic, monomial, names, rectified_monomial
from symgeo.errors import InputError, NumericalError
from symgeo.gaussian import expectation

z = sp.Symbol("z", real=True)

CLOSED = [a for a in TABLE.values() if a.gram] + [
    monomial(1),
    monomial(3),
    monomial(4, normalised=True),
    rectified_monomial(1),
    rectified_monomial(3),
    rectified_monomial(3, normalised=True),
    leaky_relu(sp.Rational(1, 10)),
]
EVERY = [*TABLE.values(), monomial(3), rectified_monomial(3), leaky_relu(sp.Rational(1, 10))]


def heaviside(t):
    return mp.mpf(t > 0)


@pytest.mark.parametrize("variance", [sp.Rational(1, 50), sp.Rational(7, 5), sp.Integer(30)])
@pytest.mark.parametrize("phi", CLOSED, ids=lambda a: a.name)
def test_closed_form_of_gram_is_the_integral(phi, variance):
    square = sp.lambdify(z, phi.derivative(z) ** 2, ["mpmath", {"Heaviside": lambda t, _: heaviside(t)}])
    with mp.workdps(40):
        integral = expectation(lambda t: square(t), mp.mpf(variance.p) / variance.q)
        closed = mp.mpf(sp.N(phi.gram(variance), 40))
        assert abs(closed - integral.value) <= 1000 * integral.error + abs(closed) * mp.mpf(10) ** -28


@pytest.mark.parametrize("phi", EVERY, ids=lambda a: a.name)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_agree_with_numerical_ones(phi, order):
    if order == 2 and phi.smoothness != "smooth":
        pytest.skip("a kink has no second derivative")
    value = sp.lambdify(
        z, phi.phi(z), ["mpmath", {"Heaviside": lambda t, _: heaviside(t), "logistic": lambda t: 1 / (1 + mp.exp(-t))}]
    )
    with mp.workdps(40):
        for point in (sp.Rational(-17, 10), sp.Rational(2, 3), sp.Rational(11, 4)):
            numeric = mp.diff(value, mp.mpf(point.p) / point.q, order)
            exact = mp.mpf(sp.N(phi.derivative(z, order).subs(z, point), 40))
            assert abs(numeric - exact) < mp.mpf(10) ** -15 * (1 + abs(exact))


def test_logistic_keeps_its_digits_far_out():
    with mp.workdps(40):
        for point in (40, 200):
            exact = mp.exp(-point) / (1 + mp.exp(-point)) ** 2
            stable = mp.mpf(sp.N(activation("sigmoid").derivative(sp.Integer(point)), 30))
            assert abs(stable / exact - 1) < mp.mpf(10) ** -28


def test_logistic_rewrites_as_exp():
    assert sp.simplify(logistic(z).rewrite(sp.exp) - 1 / (1 + sp.exp(-z))) == 0
    assert logistic(0) == sp.Rational(1, 2)


def test_user_function():
    phi = activation(lambda t: t * sp.exp(-(t**2)))
    assert phi.smoothness == "smooth"
    assert phi.gram is None
    assert phi.derivative(z) == sp.exp(-(z**2)) - 2 * z**2 * sp.exp(-(z**2))
    assert activation(lambda t: sp.Abs(t)).smoothness == "piecewise"


def test_degree_by_name_and_by_argument():
    v = sp.Symbol("v", positive=True)
    by_name, by_argument = activation("monomial(3)").gram, activation("monomial", degree=3).gram
    assert by_name is not None
    assert by_argument is not None
    assert by_name(v) == by_argument(v) == 27 * v**2
    q = sp.Symbol("q", integer=True, positive=True)
    symbolic = activation("monomial", degree=q).gram
    assert symbolic is not None
    assert sp.simplify(symbolic(v).subs(q, 2) - 4 * v) == 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rellu", "`activation` 'rellu' is unknown; the known ones are cos, erf, exp"),
        ("monomial", "needs its degree: write 'monomial\\(2\\)' or degree=2"),
        ("monomial(0)", "`degree` of monomial must be an integer of at least 1, not 0"),
        ("monomial(3/2)", "must be an integer of at least 1, not 3/2"),
        (lambda t: sp.Symbol("a") * t, "depends on a too"),
        (lambda t: sp.Integer(2), "is the constant 2"),
        (lambda t: 0.5 * t, "holds the float 0.5"),
        (3, "must be a name or a function of one variable, not int"),
    ],
)
def test_bad_activation(spec, message):
    with pytest.raises(InputError, match=message) as caught:
        activation(spec)
    assert "\n" not in str(caught.value)


def test_names_are_all_known():
    for name in names():
        activation(name.replace("(a)", "(1/10)").replace("(q)", "(2)"))


def test_quadrature_refuses_what_diverges():
    with pytest.raises(NumericalError, match="could not be integrated"):
        expectation(lambda t: mp.exp(t**2), 1)
    with pytest.raises(InputError, match="`variance` must be positive"):
        expectation(lambda t: t, 0)
