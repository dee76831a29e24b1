"""Scalar SymPy expressions as C99 code.

Every row of the table is evaluated against mpmath in tests/codegen/test_printers.py. C99 has no inverse error function
and no Bessel function of the second kind with imaginary argument: those are refused by name.
"""

from __future__ import annotations

from functools import reduce

import sympy as sp

from symgeo.codegen.printers import ScalarPrinter

_LIBM = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
_LIBM += ("erf", "erfc", "expm1", "log1p")

C_FUNCTIONS: dict[str, str] = {
    **{name: f"{name}({{0}})" for name in _LIBM},
    "atan2": "atan2({0}, {1})",
    "sech": "(1.0/cosh({0}))",
    "csch": "(1.0/sinh({0}))",
    "coth": "(1.0/tanh({0}))",
    "cot": "(1.0/tan({0}))",
    "sec": "(1.0/cos({0}))",
    "csc": "(1.0/sin({0}))",
    "Abs": "fabs({0})",
    "Max": "larger({0}, {1})",
    "Min": "smaller({0}, {1})",
    "sign": "sign({0})",
    "gamma": "tgamma({0})",
    "loggamma": "lgamma({0})",
    # exp overflows to infinity, and this to the zero that it is.
    "logistic": "(1.0/(1.0 + exp({negative})))",
    "log1pexp": "log1pexp({0})",
}

# Small functions that C lacks; a file holds those that it calls.
C_INLINE: dict[str, str] = {
    "square": "static inline double square(double a) { return a*a; }",
    "larger": "static inline double larger(double a, double b) { return a > b ? a : b; }",
    "smaller": "static inline double smaller(double a, double b) { return a < b ? a : b; }",
    "sign": "static inline double sign(double a) { return (double)(a > 0.0) - (double)(a < 0.0); }",
    "step": "static inline double step(double a, double at_zero) { return a > 0.0 ? 1.0 : a < 0.0 ? 0.0 : at_zero; }",
    "log1pexp": "static inline double log1pexp(double a) { return (a > 0.0 ? a : 0.0) + log1p(exp(-fabs(a))); }",
}

VECTOR_FORMS = {"exp", "log", "sin", "cos", "pow"}
"""Functions of which glibc has had vector forms from the beginning."""
NEWER_VECTOR_FORMS = {"tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"} | {
    "erf",
    "erfc",
    "expm1",
    "log1p",
    "atan2",
}
"""Those that it has from 2.35 on."""


class CPrinter(ScalarPrinter):
    """Prints an elementwise expression in doubles; names of array entries are taken as they are."""

    def __init__(self) -> None:
        super().__init__(C_FUNCTIONS, sqrt="sqrt({0})", step="step({0}, {1})")
        self.power = "pow({0}, {2})"

    def _application(self, expr: sp.Basic) -> str:
        if type(expr).__name__ in ("Max", "Min") and expr.free_symbols:
            template = self.functions[type(expr).__name__]
            return reduce(template.format, map(self._print, expr.args))
        known, self.sizes = self.sizes, frozenset()  # sizes are doubles here, as all numbers
        try:
            code = super()._application(expr)  # type: ignore[arg-type]
        finally:
            self.sizes = known
        return code

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return f"(double){expr.name}" if expr in self.sizes else super()._print_Symbol(expr)

    def _root(self, base: sp.Expr) -> str:
        return "sqrt({0})"

    def integer_power(self, name: str, exponent: int) -> str:
        """Squares and products."""
        if exponent == 1:
            return name
        if exponent % 2:
            return f"({name}*{self.integer_power(name, exponent - 1)})"
        inner = self.integer_power(name, exponent // 2)
        return f"square({inner})"

    def _number(self, expr: sp.Expr) -> str:
        return repr(float(expr.evalf(30)))

    def _print_Integer(self, expr: sp.Integer) -> str:
        return f"{expr.p}.0" if abs(int(expr)) < 2**53 else repr(float(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return self._print_Integer(expr) if expr.q == 1 else f"{expr.p}.0/{expr.q}.0"  # type: ignore[arg-type]

    def _print_NegativeOne(self, expr: sp.Expr) -> str:
        return "-1.0"

    def _print_NumberSymbol(self, expr: sp.Expr) -> str:
        return repr(float(expr.evalf(30)))

    _print_Pi = _print_Exp1 = _print_NumberSymbol
