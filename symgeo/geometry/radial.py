r"""Rotation-invariant metrics g = a(s) delta + b(s) x x^T on R^d, s = x.x, with d a symbol throughout.

With A = a + b s, a prime for d/ds, and F = a + s a':

    det g = a^(d-1) A,      g^-1 = (delta - (b/A) x x^T) / a
    Gamma_c,ab = a' (x_a delta_bc + x_b delta_ac) + (b - a') x_c delta_ab + b' x_a x_b x_c
    R_mnab = P (delta_ma delta_nb - delta_mb delta_na)
             + Q (delta_ma x_n x_b + delta_nb x_m x_a - delta_mb x_n x_a - delta_na x_m x_b)
    P = (a b - 2 a a' - s a'^2) / A
    Q = -2 a'' + a'^2/a + (a b' + 2 a'^2 - 2 a' b + s a' b') / A
    sectional curvatures: tangential K_tt = P/a^2, radial K_rt = -(2 F' a A - F (a A)') / (a A)^2
    R = 2 (d-1) K_rt + (d-1)(d-2) K_tt,   R_abcd R^abcd = 4 (d-1) K_rt^2 + 2 (d-1)(d-2) K_tt^2

K_rt and K_tt are -f''/f and (1 - f'^2)/f^2 of the warped product d rho^2 + f(rho)^2 g_sphere with f = sqrt(s a),
d rho = sqrt(A) dr (Petersen, Riemannian Geometry, section 4.2.3), rewritten so that nothing divides by s.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import sympy as sp

from symgeo.errors import InputError
from symgeo.geometry.chart import ARITHMETICS, CoordinateMetric
from symgeo.geometry.entries import checked_coordinates, checked_function
from symgeo.geometry.field import DifferentialField
from symgeo.geometry.field.algebra import Fraction
from symgeo.geometry.metric import Metric
from symgeo.geometry.radial_tensor import Factors, RadialTensor
from symgeo.geometry.ring import DifferentialRing, ExpressionRing

# A heuristic: a formula longer than this reads better in terms of a and its derivatives.
READABLE_TERMS = 60

DELTA: Factors = ((0, 1),)
XX: Factors = ((0,), (1,))


Terms = dict[Factors, Callable[["_Jet"], Any]]


class RadialMetric(Metric):
    """The metric a(s) delta + b(s) x x^T.

    >>> s = sp.Symbol("s", positive=True)
    >>> RadialMetric(1, 1, s, dimension=2).scalar_curvature()
    2/(s + 1)**2
    """

    def __init__(
        self,
        a: sp.Expr,
        b: sp.Expr,
        s: sp.Symbol,
        dimension: int | sp.Expr | None = None,
        *,
        arithmetic: str = "field",
    ) -> None:
        """Take the coefficients as expressions in the symbol `s`.

        Args:
            a: coefficient of delta, not zero; a > 0 and a + b s > 0 make g positive definite.
            b: coefficient of x x^T.
            s: the symbol of x.x.
            dimension: a positive integer, or None (the symbol d) or a symbol to keep it open.
            arithmetic: as for CoordinateMetric.

        Raises:
            InputError: for a coefficient that is not exact or not held, a or a + b s zero, or a dimension below 1.
        """
        (self.s,) = checked_coordinates((s,))
        self.a = checked_function(a, "`a`", (self.s,))
        self.b = checked_function(b, "`b`", (self.s,))
        self._dimension = sp.Symbol("d", integer=True, positive=True) if dimension is None else sp.sympify(dimension)
        if self._dimension.is_number and not (self._dimension.is_Integer and self._dimension >= 1):
            raise InputError(f"`dimension`: expected a positive integer or None, got {dimension}")
        if arithmetic not in ARITHMETICS:
            raise InputError(f'`arithmetic`: expected "field" or "sympy", got {arithmetic!r}')
        self.arithmetic = arithmetic
        if not self._jet.a or not self._jet.A:
            raise InputError("`a`, `b`: the metric is singular, a or a + b s is zero; both must be non-zero functions")

    @cached_property
    def _jet(self) -> _Jet:
        return _Jet(self._ring([self.a, self.b, self.s, self.dimension]), self.a, self.b, self.s, self.dimension)

    @cached_property
    def _open_jet(self) -> tuple[_Jet, dict[sp.Expr, sp.Expr]]:
        """The same for a and b left open, and what to put for a, a', a'', b, b'; b = 2 a' is used where it holds."""
        jet, s = self._jet, self.s
        a = sp.Function("a")(s)
        hessian = jet.ring.decide_zero(jet.b - jet.two * jet.da)
        b = 2 * sp.diff(a, s) if hessian else sp.Function("b")(s)
        values = {sp.diff(f, s, n): sp.diff(value, s, n) for f, value in ((a, self.a), (b, self.b)) for n in (2, 1, 0)}
        if hessian:
            values = {sp.diff(a, s, n): sp.diff(self.a, s, n) for n in (2, 1, 0)}
        return _Jet(self._ring([a, b, s, self.dimension]), a, b, s, self.dimension), values

    def _ring(self, expressions: list[sp.Expr]) -> DifferentialRing:
        if self.arithmetic == "sympy":
            return ExpressionRing((self.s,))
        return DifferentialField((self.s,), expressions, order=2)

    @property
    def dimension(self) -> sp.Expr:
        """The dimension d, a symbol unless it was given."""
        return self._dimension

    @property
    def symbols(self) -> dict[str, sp.Symbol]:
        """Name -> symbol: s, d where it is open, and the parameters of a and b."""
        used = self.a.free_symbols | self.b.free_symbols | self._dimension.free_symbols | {self.s}
        return {symbol.name: symbol for symbol in sorted(used, key=lambda symbol: symbol.name)}

    def matrix(self) -> RadialTensor:
        """Return g_ij = a delta_ij + b x_i x_j."""
        return RadialTensor("dd", tuple(term for term in ((self.a, DELTA), (self.b, XX)) if term[0] != 0), self.s)

    def inverse(self) -> RadialTensor:
        """Return g^ij = (delta_ij - (b/A) x_i x_j) / a."""
        return self._tensor("uu", {DELTA: lambda j: j.one / j.a, XX: lambda j: -j.b / (j.a * j.A)})

    def determinant(self) -> sp.Expr:
        """Return det g = a^(d-1) (a + b s)."""
        return self.a ** (self.dimension - 1) * self._value(lambda j: j.A)

    def volume_element(self) -> sp.Expr:
        """Return sqrt(det g) = a^((d-1)/2) sqrt(a + b s)."""
        return self.a ** ((self.dimension - 1) / 2) * sp.sqrt(self._value(lambda j: j.A))

    def log_volume_element(self) -> sp.Expr:
        """Return 1/2 log det g = ((d-1) log a + log(a + b s)) / 2, products of positive factors taken apart."""
        logarithms = (sp.expand_log(sp.log(f)) for f in (self.a, self._value(lambda j: j.A)))
        tangential, radial = (sp.expand_log(logarithm) for logarithm in logarithms)
        return ((self.dimension - 1) * tangential + radial) / 2

    def christoffel(self, kind: int = 2) -> RadialTensor:
        """Return Gamma^r_ab ("udd", kind 2) or Gamma_r,ab ("ddd", kind 1).

        Raises:
            InputError: for any other kind.
        """
        mixed, other, along, cubic = ((0, 2), (1,)), ((0, 1), (2,)), ((0,), (1, 2)), ((0,), (1,), (2,))
        if kind == 1:
            first: Terms = {mixed: lambda j: j.da, along: lambda j: j.b - j.da, cubic: lambda j: j.db}
            return self._tensor("ddd", first | {other: first[mixed]})
        if kind == 2:
            second: Terms = {
                mixed: lambda j: j.da / j.a,
                along: lambda j: (j.b - j.da) / j.A,
                cubic: lambda j: (j.db - j.two * j.da * j.b / j.a) / j.A,
            }
            return self._tensor("udd", second | {other: second[mixed]})
        raise InputError(f"`kind`: expected 1 or 2, got {kind}")

    def riemann(self) -> RadialTensor:
        """Return R_mnab, in slots 0, 1, 2, 3."""
        terms: Terms = {((0, 2), (1, 3)): lambda j: j.P, ((0, 3), (1, 2)): lambda j: -j.P}
        terms |= {factors: lambda j: j.Q for factors in (((0, 2), (1,), (3,)), ((1, 3), (0,), (2,)))}
        terms |= {factors: lambda j: -j.Q for factors in (((0, 3), (1,), (2,)), ((1, 2), (0,), (3,)))}
        return self._tensor("dddd", terms)

    def ricci(self) -> RadialTensor:
        """Return R_nb = g^ma R_mnab."""

        def trace(j: _Jet) -> Any:
            return (j.d - j.one) / j.a + j.one / j.A

        return self._tensor(
            "dd",
            {
                DELTA: lambda j: j.P * (trace(j) - j.one / j.a) + j.Q * j.s / j.A,
                XX: lambda j: j.P * j.b / (j.a * j.A) + j.Q * (trace(j) - j.two / j.A),
            },
        )

    def scalar_curvature(self) -> sp.Expr:
        """Return R = 2 (d-1) K_rt + (d-1)(d-2) K_tt, factored."""
        return self._value(lambda j: (j.d - j.one) * (j.two * j.K_rt + (j.d - j.two) * j.K_tt))

    def kretschmann(self) -> sp.Expr:
        """Return R_abcd R^abcd = 4 (d-1) K_rt^2 + 2 (d-1)(d-2) K_tt^2, factored."""
        return self._value(
            lambda j: (j.d - j.one) * j.two * (j.two * j.K_rt * j.K_rt + (j.d - j.two) * j.K_tt * j.K_tt)
        )

    def sectional_curvatures(self) -> tuple[sp.Expr, sp.Expr]:
        """Return (K_rt, K_tt): of planes through x, and of planes orthogonal to x."""
        return self._value(lambda j: j.K_rt), self._value(lambda j: j.K_tt)

    def explicit(self, coordinates: tuple[sp.Symbol, ...], *, arithmetic: str = "field") -> CoordinateMetric:
        """Return the same metric in Cartesian `coordinates`, as many as the dimension where that is given.

        Raises:
            InputError: for another number of coordinates.
        """
        coordinates = checked_coordinates(coordinates)
        if self.dimension.is_number and len(coordinates) != self.dimension:
            raise InputError(f"`coordinates`: expected {self.dimension}, got {len(coordinates)}")
        components: Any = self.matrix().components(coordinates)
        return CoordinateMetric(components.tomatrix(), coordinates, arithmetic=arithmetic, riemannian=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(a = {self.a}, b = {self.b}, dimension {self.dimension})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle g_{{ij}} = {self.matrix().latex()}$"

    def _tensor(self, positions: str, terms: Terms) -> RadialTensor:
        values = [(self._value(coefficient), factors) for factors, coefficient in terms.items()]
        return RadialTensor(positions, tuple(term for term in values if term[0] != 0), self.s)

    def _value(self, quantity: Callable[[_Jet], Any]) -> sp.Expr:
        """A quantity of the jet, factored; where that is long, the formula in a, a', ... with these put in."""
        jet = self._jet
        element = quantity(jet)
        if not isinstance(element, Fraction):
            return sp.factor(sp.together(jet.ring.expression(element)))
        if len(element.num) + len(element.den) <= READABLE_TERMS:
            return jet.ring.expression(element)
        open_jet, values = self._open_jet
        return open_jet.ring.expression(quantity(open_jet)).xreplace(values)


class _Jet:
    """a, b, s, d, their derivatives and what Riemann is made of, as elements of a ring."""

    def __init__(self, ring: DifferentialRing, a: sp.Expr, b: sp.Expr, s: sp.Expr, d: sp.Expr) -> None:
        self.ring = ring
        self.a, self.b, self.s, self.d = (ring.element(e) for e in (a, b, s, d))
        self.one, self.two = ring.rational(1), ring.rational(2)

    @cached_property
    def A(self) -> Any:
        return self.a + self.b * self.s

    @cached_property
    def da(self) -> Any:
        return self.ring.derivative(self.a, 0)

    @cached_property
    def dda(self) -> Any:
        return self.ring.derivative(self.da, 0)

    @cached_property
    def db(self) -> Any:
        return self.ring.derivative(self.b, 0)

    @cached_property
    def P(self) -> Any:
        a, b, da = self.a, self.b, self.da
        return (a * b - self.two * a * da - self.s * da * da) / self.A

    @cached_property
    def Q(self) -> Any:
        a, b, da, db, two = self.a, self.b, self.da, self.db, self.two
        quotient = (a * db + two * da * da - two * da * b + self.s * da * db) / self.A
        return da * da / a - two * self.dda + quotient

    @cached_property
    def K_tt(self) -> Any:
        return self.P / (self.a * self.a)

    @cached_property
    def K_rt(self) -> Any:
        F, aA = self.a + self.s * self.da, self.a * self.A
        dF = self.two * self.da + self.s * self.dda
        daA = self.da * self.A + self.a * (self.da + self.b + self.s * self.db)
        return (F * daA - self.two * dF * aA) / (aA * aA)
