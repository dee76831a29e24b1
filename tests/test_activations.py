"""The table against quadrature at 30 digits, derivatives against SymPy's own, and what is refused."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.activations import TABLE, activation, leaky_relu, logistic, monomial, names, rectified_monomial
from symgeo.errors import InputError, NumericalError
from symgeo.gaussian import closed_expectation, expectation

z = sp.Symbol("z", real=True)

OPEN = ("tanh", "sigmoid", "softplus", "silu")
CLOSED = [a for name, a in TABLE.items() if name not in OPEN] + [
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


v = sp.Symbol("v", positive=True)


@pytest.mark.parametrize("phi", CLOSED, ids=lambda a: a.name)
def test_the_table_is_what_the_engine_derives(phi):
    derived = closed_expectation(phi.derivative(z) ** 2, z, v)
    assert derived is not None
    for variance in (sp.Rational(1, 50), sp.Rational(7, 5), sp.Integer(30)):
        table = sp.N(phi.gram(variance), 40)
        assert abs(sp.N(derived.subs(v, variance), 40) / table - 1) < sp.Float(10, 40) ** -35


USERS = [
    lambda t: t * sp.exp(-(t**2)),
    lambda t: sp.sin(t) ** 3,
    lambda t: t * sp.erf(t),
    lambda t: sp.Abs(t) ** 3 - sp.Abs(t),
    lambda t: t * sp.Heaviside(t) * sp.exp(-(t**2)),
    lambda t: sp.Max(-1, sp.Min(t, 1)),
    lambda t: sp.Piecewise((t, t > 0), (sp.exp(t) - 1, True)),
]


@pytest.mark.parametrize("phi", [activation(f) for f in USERS], ids=lambda a: a.name)
def test_moments_of_users_own_functions(phi):
    # The quadrature splits at 0 and at quarters of its reach 4 sqrt(40 v), which v = 1/40 puts on the kinks at -1, 1.
    for variance in (sp.Rational(1, 40),) if phi.name.startswith("Max") else (sp.Rational(1, 40), sp.Rational(7, 5)):
        for closed, f in ((phi.gram, phi.derivative(z)), (phi.second_moment, phi.phi(z))):
            function = sp.lambdify(z, f**2, ["mpmath", {"Heaviside": lambda t, *_: heaviside(t)}])
            assert closed is not None
            with mp.workdps(40):
                integral = expectation(function, mp.mpf(variance.p) / variance.q)
                assert abs(mp.mpf(sp.N(closed(variance), 40)) - integral.value) <= 1000 * integral.error + 1e-30


@pytest.mark.parametrize("name", OPEN)
def test_what_has_no_closed_form_says_so(name):
    assert activation(name).gram is None


def test_second_moments():
    known = {"relu": v / 2, "monomial(3)": 15 * v**3, "sin": (1 - sp.exp(-2 * v)) / 2}
    for name, value in known.items():
        moment = activation(name).second_moment
        assert moment is not None
        assert sp.simplify(moment(v) - value) == 0


def test_growth_is_refused_with_its_condition():
    phi = activation(lambda t: sp.exp(t**2))
    with pytest.raises(InputError, match=r"grows too fast for infinite width: .* only for v < 1/4"):
        _ = phi.gram


@pytest.mark.parametrize("phi", EVERY, ids=lambda a: a.name)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_agree_with_numerical_ones(phi, order):
    if order == 2 and phi.smoothness != "smooth":
        pytest.skip("a kink has no second derivative")
    value = sp.lambdify(
        z,
        phi.phi(z),
        [
            "mpmath",
            {
                "Heaviside": lambda t, _: heaviside(t),
                "logistic": lambda t: 1 / (1 + mp.exp(-t)),
                "log1pexp": lambda t: mp.log1p(mp.exp(t)),
            },
        ],
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
    assert phi.derivative(z) == sp.exp(-(z**2)) - 2 * z**2 * sp.exp(-(z**2))
    assert activation(lambda t: sp.Abs(t)).smoothness == "piecewise"


@pytest.mark.parametrize(
    ("phi", "smoothness"),
    [
        (lambda t: sp.Abs(t) ** 3, "smooth"),
        (lambda t: t**3 * sp.Heaviside(t), "smooth"),
        (lambda t: t**2 * sp.Heaviside(t), "piecewise"),
        (lambda t: t * sp.Abs(t), "piecewise"),
        (lambda t: sp.Abs(t - 1) ** 3 + t, "smooth"),
        (lambda t: sp.Max(0, t) ** 3, "piecewise"),
    ],
)
def test_twice_differentiable_functions_with_steps_are_smooth(phi, smoothness):
    found = activation(phi)
    assert found.smoothness == smoothness
    if smoothness == "smooth":
        second = found.derivative(z, 2)
        assert not second.has(sp.DiracDelta)
        for point in (sp.Rational(-3, 2), sp.Rational(5, 3)):
            assert sp.simplify(second.subs(z, point) - phi(z).diff(z, 2).subs(z, point)) == 0


def test_degree_by_name_and_by_argument():
    v = sp.Symbol("v", positive=True)
    by_name, by_argument = activation("monomial(3)").gram, activation("monomial", degree=3).gram
    assert by_name is not None
    assert by_argument is not None
    assert by_name(v) == by_argument(v) == 27 * v**2


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rellu", "`activation` 'rellu' is unknown; the known ones are cos, erf, exp"),
        ("monomial", "needs its degree: write 'monomial\\(2\\)' or degree=2"),
        ("monomial(0)", "`degree` of monomial must be an integer of at least 1, not 0"),
        ("monomial(3/2)", "must be an integer of at least 1, not 3/2"),
        ("monomial(-1)", "`degree` of monomial must be an integer of at least 1, not -1"),
        ("rectified_monomial(0)", "`degree` of rectified_monomial must be an integer of at least 1, not 0"),
        ("monomial(x)", "'x' is no number; write 'monomial\\(2\\)'"),
        ("leaky_relu()", "'' is no number; write 'leaky_relu\\(1/10\\)'"),
        ("monomial(100000)", "`degree` of monomial must be at most 1000, not 100000"),
        (lambda t: sp.Symbol("a") * t, "depends on a too"),
        (lambda t: sp.Integer(2), "is the constant 2"),
        (lambda t: 0.5 * t, "holds the float 0.5"),
        (lambda t: sp.Heaviside(t - 2) * t, "jumps at z = 2, so it has no metric"),
        (sp.sign, "jumps at z = 0"),
        (3, "must be a name or a function of one variable, not int"),
        (math.tanh, "must take one SymPy symbol"),
        (lambda t, u: t, "must take one SymPy symbol"),
        (lambda t: None, "must be a real, explicit function of z, not None"),
        (lambda t: sp.I * t, "must be a real, explicit function of z"),
        (sp.Function("f"), "must be a real, explicit function of z"),
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
    with pytest.raises(InputError, match="`variance` must be a positive number, not 'a third'"):
        expectation(lambda t: t, "a third")


@pytest.mark.parametrize(
    ("variance", "squared"),
    [("0.1", "1/100"), ("1/3", "1/9"), (sp.Rational(1, 3), "1/9"), (Fraction(1, 3), "1/9"), (sp.sqrt(2), "2")],
)
def test_quadrature_reads_the_variance_at_its_own_precision(variance, squared):
    value = expectation(lambda t: t**2, variance).value  # called at 15 digits
    with mp.workdps(40):
        assert abs(value**2 - mp.mpf(squared)) < mp.mpf(10) ** -38


def test_functions_of_the_users_own_keep_their_digits():
    # Mish, and the logistic function written out: both overflow as they stand.
    mish = activation(lambda z: z * sp.tanh(sp.log(1 + sp.exp(z))))
    assert mish.gram is None
    written = activation(lambda z: 1 / (1 + sp.exp(-z)))
    z = sp.Symbol("z", real=True)
    assert written.derivative(z) == activation("sigmoid").derivative(z)
    x = np.array([[30.0, -20.0], [1e3, 2e3]])
    values = symgeo.generate(symgeo.WideNetwork(mish).metric.matrix)(x, sigma=1.0, zeta=0.5)
    assert np.allclose(values, 0.5 * np.eye(2), rtol=0, atol=0.05)  # half of the inputs pass, as for ReLU
