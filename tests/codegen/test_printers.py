"""Every function that a backend prints, evaluated there and by mpmath."""

import math

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
import torch
from scipy import special
from sympy.codegen import cfunctions

from symgeo.activations import log1pexp, logistic
from symgeo.codegen import Input, Program, Stack, generate
from symgeo.codegen.c_printer import C_FUNCTIONS, CPrinter
from symgeo.codegen.printers import NUMPY_FUNCTIONS, TORCH_FUNCTIONS, numpy_printer, torch_printer
from symgeo.errors import InputError

t, u = sp.symbols("t u", positive=True)
SPECIAL = {
    "atan2": sp.atan2(t, u),
    "besselk": sp.besselk(2, t),
    "Max": sp.Max(t, u, t * u),
    "Min": sp.Min(t, u),
    "sign": sp.sign(t - u),
}
# Where a function is defined: acosh from 1 on, inverses of bounded functions inside (-1, 1).
POINTS = {"acosh": 1.7, "atanh": 0.3, "asin": 0.3, "acos": 0.3, "erfinv": 0.3}


def expression(name):
    if name == "logistic":
        return logistic(t)
    if name == "log1pexp":
        return log1pexp(t)
    if name in ("expm1", "log1p"):
        return getattr(cfunctions, name)(t)
    return SPECIAL[name] if name in SPECIAL else getattr(sp, name)(t)


CASES = [("numpy", name) for name in NUMPY_FUNCTIONS] + [("torch", name) for name in TORCH_FUNCTIONS]


@pytest.mark.parametrize(("backend", "name"), CASES)
def test_every_function_has_its_value(backend, name):
    value, other = POINTS.get(name, 0.7), 0.45
    e = expression(name)
    printer = numpy_printer() if backend == "numpy" else torch_printer()
    array = (lambda v: np.array([v])) if backend == "numpy" else (lambda v: torch.tensor([v], dtype=torch.float64))
    space = {"np": np, "torch": torch, "special": special, "math": math, "t": array(value), "u": array(other)}
    got = float(np.ravel(eval(printer.doprint(e), space))[0])
    exact = sp.lambdify(
        (t, u), e, [{"logistic": lambda a: 1 / (1 + mp.exp(-a)), "log1pexp": lambda a: mp.log1p(mp.exp(a))}, "mpmath"]
    )(mp.mpf(value), mp.mpf(other))
    assert got == pytest.approx(float(exact), rel=4e-15)


def c_values(expressions, points):
    """Each expression at its own (t, u), all in one C kernel."""
    x, result = sp.IndexedBase("x", real=True), sp.IndexedBase("result", real=True)
    components = tuple(
        sp.sympify(e).subs({t: x[2 * k], u: x[2 * k + 1]}, simultaneous=True) for k, e in enumerate(expressions)
    )
    size = len(components)
    of = Input(x, "points", (sp.Integer(2 * size),), batched=True)
    program = Program(
        "values", "t", "f", "s", (of,), (Stack(result, components, (size,)),), result, (sp.Integer(size),)
    )
    return generate(program, "c")(np.array(points).ravel())


def test_every_c_function_has_its_value():
    points = [(POINTS.get(name, 0.7), 0.45) for name in C_FUNCTIONS]
    got = c_values([expression(name) for name in C_FUNCTIONS], points)
    for name, value, point in zip(C_FUNCTIONS, got, points, strict=True):
        modules = [{"logistic": lambda a: 1 / (1 + mp.exp(-a)), "log1pexp": lambda a: mp.log1p(mp.exp(a))}, "mpmath"]
        exact = sp.lambdify((t, u), expression(name), modules)(*map(mp.mpf, point))
        assert value == pytest.approx(float(exact), rel=4e-15), name


def test_arithmetic_in_c():
    got = c_values(ARITHMETIC, [(0.7, 0.45)] * len(ARITHMETIC))
    for e, value in zip(ARITHMETIC, got, strict=True):
        assert value == pytest.approx(float(e.subs(t, sp.Float("0.7", 30)).evalf(20)), rel=4e-15), e


ARITHMETIC = [
    sp.sqrt(2) * t,
    t / sp.pi**2,
    t ** sp.Rational(-5, 4),
    1 / sp.sqrt(t + 1),
    sp.E * t,
    sp.EulerGamma * t,
    sp.erf(sp.Rational(1, 3)) * t,
    -(t**2) / 3 + t - sp.Rational(7, 11),
    (t - 1) ** -3,
    sp.exp(-(t**2) / 2) / sp.sqrt(2 * sp.pi),
    sp.Heaviside(t, 0) * t + 2 * sp.Heaviside(t - 1, 0),
    1 / (1 + 1 / (t + sp.sqrt(3))),
    t**3 * u**0 + (t + 1) ** 5 + t**-4,
    t ** sp.Rational(3, 2) / (2 + t) ** sp.Rational(7, 4),
    t**sp.pi,
]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("e", ARITHMETIC, ids=str)
def test_arithmetic(backend, e):
    printer = numpy_printer() if backend == "numpy" else torch_printer()
    x = np.array([0.7]) if backend == "numpy" else torch.tensor([0.7], dtype=torch.float64)
    got = float(
        eval(printer.doprint(e), {"np": np, "torch": torch, "special": special, "math": math, "t": x, "x": x})[0]
    )
    assert got == pytest.approx(float(e.subs(t, sp.Float("0.7", 30)).evalf(20)), rel=4e-15)


@pytest.mark.parametrize("backend", ["c", "numpy", "torch"])
@pytest.mark.parametrize(
    "e",
    [
        sp.zeta(t),
        sp.Function("A")(t),
        sp.Piecewise((t, t > 1), (0, True)),
        sp.I * t,
        sp.Derivative(sp.Function("A")(t), t),
    ],
    ids=str,
)
def test_what_cannot_be_printed_is_named(backend, e):
    printer = {"c": CPrinter, "numpy": numpy_printer, "torch": torch_printer}[backend]()
    with pytest.raises(InputError, match=r"`quantity` holds .*, which has no numeric form"):
        printer.doprint(e)


@pytest.mark.parametrize("e", [sp.erfinv(t), sp.besselk(2, t)], ids=str)
def test_what_c_does_not_have_is_named(e):
    with pytest.raises(InputError, match="which has no numeric form here; substitute an expression"):
        CPrinter().doprint(e)


def test_gamma_is_not_a_torch_function():
    # torch has lgamma only, which forgets the sign: refused rather than wrong.
    with pytest.raises(InputError, match="gamma"):
        torch_printer().doprint(sp.gamma(t))
