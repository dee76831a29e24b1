r"""Activations: one table of what is known about each.

For z ~ N(0, v) the geometry of a wide network needs one number only (derivations/04),

    G(v) = E[phi'(z)^2],

so the table holds phi, how smooth it is, and G where it has a closed form. The closed forms are checked against
quadrature at 30 digits in tests/test_activations.py.

`logistic` is 1/(1 + exp(-z)) kept as one function, because its derivative logistic(z) logistic(-z) is accurate for
every z, while s (1 - s) loses all digits for large z.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from symgeo.errors import InputError

Smoothness = Literal["smooth", "piecewise"]

_z = sp.Symbol("z", real=True)


class logistic(sp.Function):
    r"""logistic(z) = 1/(1 + exp(-z)); its derivative is logistic(z) logistic(-z).

    >>> logistic(_z).diff(_z)
    logistic(-z)*logistic(z)
    >>> logistic(sp.Integer(0))
    1/2
    """

    is_real = True
    is_positive = True

    @classmethod
    def eval(cls, z: sp.Expr) -> sp.Expr | None:  # noqa: D102 (SymPy's hook)
        return sp.Rational(1, 2) if z.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:  # noqa: D102
        return logistic(self.args[0]) * logistic(-self.args[0])

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: object) -> sp.Expr:
        return 1 / (1 + sp.exp(-z))

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.rewrite(sp.exp)._eval_evalf(prec)

    def _latex(self, printer, exp: str | None = None) -> str:
        body = rf"\operatorname{{logistic}}\left({printer._print(self.args[0])}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


@dataclass(frozen=True)
class Activation:
    """An activation function phi and what is known of it.

    Attributes:
        name: as in the table, or the expression for a function of the user's own.
        phi: z -> phi(z), exact.
        smoothness: "smooth", or "piecewise" where phi' jumps somewhere, so that curvature does not exist there.
        gram: v -> G(v) = E[phi'(z)^2], z ~ N(0, v); None where no closed form is known.
        phi_prime: z -> phi'(z) in a form accurate for every z; None where SymPy's own derivative is.
    """

    name: str
    phi: Callable[[sp.Expr], sp.Expr]
    smoothness: Smoothness = "smooth"
    gram: Callable[[sp.Expr], sp.Expr] | None = None
    phi_prime: Callable[[sp.Expr], sp.Expr] | None = None

    def derivative(self, z: sp.Expr, order: int = 1) -> sp.Expr:
        """The derivative of phi at z, in a form that keeps its digits in floating point.

        >>> activation("sigmoid").derivative(_z)
        logistic(-z)*logistic(z)
        """
        if order == 0:
            return self.phi(z)
        first = self.phi_prime(_z) if self.phi_prime else self.phi(_z).diff(_z)
        return first.diff(_z, order - 1).xreplace({_z: sp.sympify(z)})

    def require_smooth(self, what: str) -> None:
        """Refuse `what` where phi' has jumps.

        Raises:
            InputError: for ReLU and its kin at finite width.
        """
        if self.smoothness != "smooth":
            raise InputError(
                f"`activation` {self.name!r} has a kink, so at finite width its {what} is zero almost everywhere and "
                "undefined on the kinks; take a smooth activation (softplus, gelu), or the infinite-width network"
            )


def _erf_gram(v: sp.Expr) -> sp.Expr:
    return 2 / (sp.pi * sp.sqrt(1 + 2 * v))


def _tanh_prime(z: sp.Expr) -> sp.Expr:
    # 1 - tanh^2 cancels for large z; this is sech^2 without overflow.
    return 4 * logistic(2 * z) * logistic(-2 * z)


def _normal_cdf(z: sp.Expr) -> sp.Expr:
    return (1 + sp.erf(z / sp.sqrt(2))) / 2


def _normal_pdf(z: sp.Expr) -> sp.Expr:
    return sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def _arcsine(v: sp.Expr) -> sp.Expr:
    return sp.Rational(1, 4) + sp.asin(v / (1 + v)) / (2 * sp.pi)


def monomial(degree: int | sp.Expr, normalised: bool = False) -> Activation:
    """z^q, whose G(v) = q^2 (2q-3)!! v^(q-1).

    With `normalised`, z^q/sqrt((2q-1)!!), so that E[phi^2] = v^q.

    Raises:
        InputError: unless the degree q is an integer of at least 1 (or a positive integer symbol).
    """
    q = _degree(degree, "monomial")
    scale = sp.factorial2(2 * q - 1) if normalised else sp.Integer(1)
    moment = q**2 * (sp.factorial2(2 * q - 3) if not normalised else 1 / (2 * q - 1))
    return Activation(
        f"monomial({q})",
        lambda z: z**q / sp.sqrt(scale),
        gram=lambda v: moment * v ** (q - 1),
    )


def rectified_monomial(degree: int | sp.Expr, normalised: bool = False) -> Activation:
    """max(0, z)^q, whose G is half that of z^q; q = 1 is ReLU."""
    q = _degree(degree, "rectified_monomial")
    whole = monomial(q, normalised)
    assert whole.gram is not None
    gram = whole.gram
    smooth = q.is_Integer and q >= 3
    return Activation(
        f"rectified_monomial({q})",
        lambda z: whole.phi(z) * sp.Heaviside(z, 0),
        smoothness="smooth" if smooth else "piecewise",
        gram=lambda v: gram(v) / 2,
        phi_prime=lambda z: whole.phi(_z).diff(_z).xreplace({_z: z}) * sp.Heaviside(z, 0),
    )


def leaky_relu(slope: sp.Expr | int) -> Activation:
    """max(z, a z), whose G = (1 + a^2)/2: flat at infinite width."""
    a = sp.sympify(slope)
    return Activation(
        f"leaky_relu({a})",
        lambda z: z * (a + (1 - a) * sp.Heaviside(z, 0)),
        smoothness="piecewise",
        gram=lambda v: (1 + a**2) / 2,
        phi_prime=lambda z: a + (1 - a) * sp.Heaviside(z, 0),
    )


def _degree(degree: int | sp.Expr, name: str) -> sp.Expr:
    q = sp.sympify(degree)
    if not (q.is_integer and q.is_positive):
        raise InputError(f"`degree` of {name} must be an integer of at least 1, not {degree}; {name}(2) is the square")
    return q


_HALF = sp.Rational(1, 2)

TABLE: Mapping[str, Activation] = {
    row.name: row
    for row in (
        Activation("erf", lambda z: sp.erf(z / sp.sqrt(2)), gram=_erf_gram),
        Activation("probit", _normal_cdf, gram=lambda v: _erf_gram(v) / 4),
        Activation(
            "relu",
            lambda z: z * sp.Heaviside(z, 0),
            smoothness="piecewise",
            gram=lambda v: _HALF,
            phi_prime=lambda z: sp.Heaviside(z, 0),
        ),
        Activation(
            "gelu",
            lambda z: z * _normal_cdf(z),
            gram=lambda v: (
                _arcsine(v) + v / (sp.pi * (1 + v) * sp.sqrt(1 + 2 * v)) + v / (2 * sp.pi * (1 + 2 * v) ** (3 * _HALF))
            ),
        ),
        Activation("gaussian_softplus", lambda z: z * _normal_cdf(z) + _normal_pdf(z), gram=_arcsine),
        Activation("sin", sp.sin, gram=lambda v: (1 + sp.exp(-2 * v)) / 2),
        Activation("cos", sp.cos, gram=lambda v: (1 - sp.exp(-2 * v)) / 2),
        Activation("gaussian", lambda z: sp.exp(-(z**2) / 2), gram=lambda v: v * (1 + 2 * v) ** (-3 * _HALF)),
        Activation("exp", sp.exp, gram=lambda v: sp.exp(2 * v)),
        Activation("tanh", sp.tanh, phi_prime=_tanh_prime),
        Activation("sigmoid", logistic),
        Activation("softplus", lambda z: sp.log(1 + sp.exp(z)), phi_prime=logistic),
        Activation("silu", lambda z: z * logistic(z)),
    )
}
"""The activations without a parameter, by name."""

_FAMILIES: dict[str, Callable[..., Activation]] = {
    "monomial": monomial,
    "rectified_monomial": rectified_monomial,
    "leaky_relu": leaky_relu,
}


def names() -> list[str]:
    """Every name that `activation` knows, families with their parameter."""
    return sorted([*TABLE, "leaky_relu(a)", "monomial(q)", "rectified_monomial(q)"])


def activation(
    spec: str | Activation | Callable[[sp.Expr], sp.Expr], degree: int | sp.Expr | None = None
) -> Activation:
    """The activation that `spec` means.

    Args:
        spec: a name from the table ("erf", "tanh", "monomial(3)", "leaky_relu(1/10)"), a SymPy function of one variable
            such as `lambda z: z * sp.exp(-z**2)`, or an Activation.
        degree: the degree q of "monomial" and "rectified_monomial", where the name does not carry it.

    Raises:
        InputError: for an unknown name (it lists the known ones), or a function that is not one of a single variable.

    >>> activation("monomial(3)").gram(sp.Symbol("v"))
    27*v**2
    """
    if isinstance(spec, Activation):
        return spec
    if isinstance(spec, str):
        return _by_name(spec.strip(), degree)
    if not callable(spec):
        raise InputError(f"`activation` must be a name or a function of one variable, not {type(spec).__name__}")
    value = sp.sympify(spec(_z))
    if value.free_symbols - {_z}:
        extra = ", ".join(sorted(map(str, value.free_symbols - {_z})))
        raise InputError(f"`activation` must depend on z alone, but depends on {extra} too; substitute values first")
    if not value.has(_z):
        raise InputError(f"`activation` is the constant {value}: its metric vanishes; take a function of z")
    if value.has(sp.Float):
        number = next(iter(value.atoms(sp.Float)))
        raise InputError(f"`activation` holds the float {number}; write {sp.nsimplify(number)} as sp.Rational instead")
    kinks = value.has(sp.Abs, sp.Max, sp.Min, sp.Heaviside, sp.sign, sp.Piecewise, sp.floor, sp.ceiling)
    own = spec if not inspect.isclass(spec) else lambda z: spec(z)
    return Activation(str(value), own, smoothness="piecewise" if kinks else "smooth")


def _by_name(name: str, degree: int | sp.Expr | None) -> Activation:
    family = re.fullmatch(r"(monomial|rectified_monomial|leaky_relu)\((\d+(?:/\d+)?)\)", name)
    if family:
        return _FAMILIES[family[1]](sp.Rational(family[2]))
    if name == "leaky_relu":
        return leaky_relu(sp.Rational(1, 100))  # torch's slope
    if name in _FAMILIES:
        if degree is None:
            raise InputError(f"`activation` {name!r} needs its degree: write {name + '(2)'!r} or degree=2")
        return _FAMILIES[name](degree)
    if name in TABLE:
        return TABLE[name]
    raise InputError(f"`activation` {name!r} is unknown; the known ones are {', '.join(names())}")
