r"""Activations: one table of what is known about each.

For z ~ N(0, v) the geometry of a wide network needs one number only (derivations/04),

    G(v) = E[phi'(z)^2],

and a deep one E[phi(z)^2] too. The table holds phi, how smooth it is, and G in the form that reads best; what it does
not hold, `symgeo.gaussian.closed_expectation` is asked for when first needed. All are checked against quadrature at
30 digits, and the table against that engine, in tests/test_activations.py.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Literal

import sympy as sp
from sympy.core.function import AppliedUndef

from symgeo.errors import InputError
from symgeo.gaussian import closed_expectation
from symgeo.logistic import log1pexp, logistic, stable

Smoothness = Literal["smooth", "piecewise"]

_z = sp.Symbol("z", real=True)
_v = sp.Symbol("v", positive=True)


class Activation:
    """An activation function phi and what is known of it.

    Attributes:
        name: as in the table, or the expression for a function of the user's own.
        phi: z -> phi(z), exact.
        smoothness: "smooth", or "piecewise" where phi' jumps somewhere, so that curvature does not exist there.
        phi_prime: z -> phi'(z) in a form accurate for every z; None where SymPy's own derivative is.
    """

    def __init__(
        self,
        name: str,
        phi: Callable[[sp.Expr], sp.Expr],
        smoothness: Smoothness = "smooth",
        gram: Callable[[sp.Expr], sp.Expr] | None = None,
        phi_prime: Callable[[sp.Expr], sp.Expr] | None = None,
    ) -> None:
        """Take phi and what is known of it; `gram` is G(v) where a form is known that reads better than a derived one."""  # noqa: E501
        self.name, self.phi, self.smoothness, self.phi_prime = name, phi, smoothness, phi_prime
        self._known_gram = gram

    @cached_property
    def gram(self) -> Callable[[sp.Expr], sp.Expr] | None:
        """v -> G(v) = E[phi'(z)^2], z ~ N(0, v); None where it has no closed form.

        Raises:
            InputError: where the expectation diverges.

        >>> activation(lambda z: z * sp.exp(-z**2)).gram(sp.Symbol("v"))
        (12*v**2 + 4*v + 1)/(4*v + 1)**(5/2)
        """
        return self._known_gram or self._mean(self.derivative(_z) ** 2)

    @cached_property
    def second_moment(self) -> Callable[[sp.Expr], sp.Expr] | None:
        """v -> E[phi(z)^2], z ~ N(0, v), the kernel's diagonal; None where it has no closed form.

        Raises:
            InputError: where the expectation diverges.

        >>> activation("erf").second_moment(sp.Symbol("v"))
        2*asin(v/(v + 1))/pi
        """
        return self._mean(self.phi(_z) ** 2)

    def _mean(self, integrand: sp.Expr) -> Callable[[sp.Expr], sp.Expr] | None:
        try:
            closed = closed_expectation(integrand, _z, _v)
        except InputError as error:
            raise InputError(
                f"`activation` {self.name!r} grows too fast for infinite width: {error}; use ShallowNetwork"
            ) from error
        return None if closed is None else lambda v: closed.xreplace({_v: sp.sympify(v)})

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"

    def derivative(self, z: sp.Expr, order: int = 1) -> sp.Expr:
        """The derivative of phi at z, in a form that keeps its digits in floating point.

        >>> activation("sigmoid").derivative(_z)
        logistic(-z)*logistic(z)
        """
        if order == 0:
            return self.phi(z)
        first = self.phi_prime(_z) if self.phi_prime else self.phi(_z).diff(_z)
        value = first.diff(_z, order - 1)
        if value.has(sp.DiracDelta) and self.smoothness == "smooth":
            # The delta of a step stands beside a power of z that vanishes there, as phi has that many derivatives.
            value = value.replace(sp.DiracDelta, lambda *_: sp.S.Zero)
        return value.xreplace({_z: sp.sympify(z)})

    def require_smooth(self, what: str) -> None:
        """Refuse `what` where phi' has jumps.

        Raises:
            InputError: for ReLU and its kin at finite width.
        """
        if self.smoothness != "smooth":
            raise InputError(
                f"`activation` {self.name!r} has a kink, where phi'' is not continuous, so that at finite width its "
                f"{what} does not exist there; take a smooth activation (softplus, gelu), or the infinite-width network"
            )


def _erf_gram(v: sp.Expr) -> sp.Expr:
    return 2 / (sp.pi * sp.sqrt(1 + 2 * v))


def _tanh_prime(z: sp.Expr) -> sp.Expr:
    # 1 - tanh^2 cancels for large z; this is sech^2 without overflow.
    return 4 * logistic(2 * z) * logistic(-2 * z)


def _normal_cdf(z: sp.Expr) -> sp.Expr:
    # (1 + erf)/2 loses all digits far to the left.
    return sp.erfc(-z / sp.sqrt(2)) / 2


def _normal_pdf(z: sp.Expr) -> sp.Expr:
    return sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def _arcsine(v: sp.Expr) -> sp.Expr:
    # The same as asin(v/(1 + v)), which is ill-conditioned where its argument comes near 1.
    return sp.Rational(1, 4) + sp.atan(v / sp.sqrt(1 + 2 * v)) / (2 * sp.pi)


def monomial(degree: int | sp.Expr, normalised: bool = False) -> Activation:
    """z^q, whose G(v) = q^2 (2q-3)!! v^(q-1).

    With `normalised`, z^q/sqrt((2q-1)!!), so that E[phi^2] = v^q.

    Raises:
        InputError: unless the degree q is an integer of at least 1.
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
    """max(0, z)^q, whose G is half that of z^q; q = 1 is ReLU, and phi'' is continuous from q = 3 on."""
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


# A heuristic: beyond, double precision holds nothing of the moments.
_HIGHEST = 1000


def _degree(degree: int | sp.Expr, name: str) -> sp.Expr:
    q = sp.sympify(degree)
    if not (q.is_Integer and q.is_positive):
        raise InputError(f"`degree` of {name} must be an integer of at least 1, not {degree}; {name}(2) is the square")
    if q > _HIGHEST:
        raise InputError(f"`degree` of {name} must be at most {_HIGHEST}, not {degree}: (2q-3)!! has too many digits")
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
        Activation("softplus", log1pexp),
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
    try:
        value = sp.sympify(spec(_z))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"`activation` must take one SymPy symbol, such as lambda z: z * sp.exp(-z**2), and sp.tanh, not np.tanh "
            f"({reason})"
        ) from None
    if not isinstance(value, sp.Expr) or value.has(sp.I) or value.atoms(AppliedUndef):
        raise InputError(f"`activation` must be a real, explicit function of z, not {value}")
    if value.free_symbols - {_z}:
        extra = ", ".join(sorted(map(str, value.free_symbols - {_z})))
        raise InputError(f"`activation` must depend on z alone, but depends on {extra} too; substitute values first")
    if not value.has(_z):
        raise InputError(f"`activation` is the constant {value}: its metric vanishes; take a function of z")
    if value.has(sp.Float):
        number = next(iter(value.atoms(sp.Float)))
        raise InputError(f"`activation` holds the float {number}; write {sp.nsimplify(number)} as sp.Rational instead")
    kinks = value.has(sp.Abs, sp.Max, sp.Min, sp.Heaviside, sp.sign, sp.Piecewise, sp.floor, sp.ceiling)
    steady = stable(value) if not kinks else value
    if steady != value:
        return Activation(str(value), lambda z: steady.xreplace({_z: sp.sympify(z)}))
    own = spec if not inspect.isclass(spec) else lambda z: spec(z)
    if not kinks:
        return Activation(str(value), own)
    slope = _slope(value)
    smooth: Smoothness = "smooth" if _is_twice_smooth(slope) else "piecewise"
    return Activation(str(value), own, smoothness=smooth, phi_prime=lambda z: slope.xreplace({_z: z}))


def _is_twice_smooth(slope: sp.Expr) -> bool:
    """Whether phi' is continuous and phi'' too, as |z|^3 has them: curvature needs no more."""
    if slope.has(sp.Piecewise, sp.Max, sp.Min, sp.floor, sp.ceiling):
        return False  # their derivatives hold no delta where they jump
    try:
        _slope(_slope(slope))
    except InputError:
        return False
    return True


def _slope(phi: sp.Expr) -> sp.Expr:
    """phi' of a function with kinks: z delta(z) and its like are 0; a delta that is left over is a jump of phi."""
    # The derivative of Max holds steps at other maxima; that of a piecewise function does not.
    explicit = sp.piecewise_fold(phi.rewrite([sp.Max, sp.Min], sp.Piecewise)) if phi.has(sp.Max, sp.Min) else phi
    slope = sp.expand(explicit.diff(_z))
    for delta in slope.atoms(sp.DiracDelta):
        place = sp.solve(delta.args[0], _z)
        height: sp.Expr = slope.coeff(delta)  # pyright: ignore[reportAssignmentType]
        if any(sp.simplify(height.subs(_z, t)) != 0 for t in place):
            raise InputError(f"`activation` {phi} jumps at z = {place[0]}, so it has no metric; take a continuous one")
        slope = slope.xreplace({delta: sp.S.Zero})
    return slope


def _by_name(name: str, degree: int | sp.Expr | None) -> Activation:
    family = re.fullmatch(r"(monomial|rectified_monomial|leaky_relu)\(([^()]*)\)", name)
    if family:
        if not re.fullmatch(r"[+-]?\d{1,9}(?:\.\d{1,9}|/[1-9]\d{0,8})?", family[2].strip()):
            example = "leaky_relu(1/10)" if family[1] == "leaky_relu" else f"{family[1]}(2)"
            raise InputError(f"`activation` {name!r}: {family[2]!r} is no number; write {example!r}")
        return _FAMILIES[family[1]](sp.Rational(family[2].strip()))
    if name == "leaky_relu":
        return leaky_relu(sp.Rational(1, 100))  # torch's slope
    if name in _FAMILIES:
        if degree is None:
            raise InputError(f"`activation` {name!r} needs its degree: write {name + '(2)'!r} or degree=2")
        return _FAMILIES[name](degree)
    if name in TABLE:
        return TABLE[name]
    raise InputError(f"`activation` {name!r} is unknown; the known ones are {', '.join(names())}")
