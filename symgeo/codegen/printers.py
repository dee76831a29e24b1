"""Scalar SymPy expressions as NumPy or torch code.

One table of functions a backend; what is not in it is refused by name rather than printed wrongly (SymPy's own torch
printer gets gamma and Heaviside wrong and lacks erfc and sech). Every row is evaluated against mpmath in
tests/codegen/test_printers.py. Numbers are printed exactly where Python can hold them (`math.pi`, `1/3`).
"""

from __future__ import annotations

from functools import reduce
from typing import cast

import sympy as sp
from sympy.core.function import Application
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from symgeo.errors import InputError

# function name in SymPy -> template; {0} is the argument. scipy.special is `special`.
NUMPY_FUNCTIONS: dict[str, str] = {
    "exp": "np.exp({0})",
    "log": "np.log({0})",
    "sin": "np.sin({0})",
    "cos": "np.cos({0})",
    "tan": "np.tan({0})",
    "asin": "np.arcsin({0})",
    "acos": "np.arccos({0})",
    "atan": "np.arctan({0})",
    "atan2": "np.arctan2({0}, {1})",
    "sinh": "np.sinh({0})",
    "cosh": "np.cosh({0})",
    "tanh": "np.tanh({0})",
    "asinh": "np.arcsinh({0})",
    "acosh": "np.arccosh({0})",
    "atanh": "np.arctanh({0})",
    "sech": "(1 / np.cosh({0}))",
    "csch": "(1 / np.sinh({0}))",
    "coth": "(1 / np.tanh({0}))",
    "cot": "(1 / np.tan({0}))",
    "sec": "(1 / np.cos({0}))",
    "csc": "(1 / np.sin({0}))",
    "Abs": "np.abs({0})",
    "Max": "np.maximum({0}, {1})",
    "Min": "np.minimum({0}, {1})",
    "sign": "np.sign({0})",
    "erf": "special.erf({0})",
    "erfc": "special.erfc({0})",
    "erfinv": "special.erfinv({0})",
    "gamma": "special.gamma({0})",
    "loggamma": "special.gammaln({0})",
    "besselk": "special.kv({0}, {1})",
    # exp overflows to infinity, and this to the zero that it is.
    "logistic": "(1 / (1 + np.exp({negative})))",
    "log1pexp": "np.logaddexp(0, {0})",
    "expm1": "np.expm1({0})",
    "log1p": "np.log1p({0})",
}

_SAME_NAME = ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh")
_SAME_NAME += ("atanh", "sign", "erf", "erfc", "erfinv", "expm1", "log1p")

TORCH_FUNCTIONS: dict[str, str] = {
    **{name: f"torch.{name}({{0}})" for name in _SAME_NAME},
    "atan2": "torch.atan2({0}, {1})",
    "sech": "(1 / torch.cosh({0}))",
    "csch": "(1 / torch.sinh({0}))",
    "coth": "(1 / torch.tanh({0}))",
    "cot": "(1 / torch.tan({0}))",
    "sec": "(1 / torch.cos({0}))",
    "csc": "(1 / torch.sin({0}))",
    "Abs": "torch.abs({0})",
    "Max": "torch.maximum({0}, {1})",
    "Min": "torch.minimum({0}, {1})",
    # lgamma is log|Gamma|: right for positive arguments, where these kernels use it.
    "loggamma": "torch.lgamma({0})",
    "logistic": "torch.sigmoid({0})",
    "log1pexp": "torch.logaddexp({0}, torch.zeros_like({0}))",
}


# Functions of array sizes alone, which are Python's own integers.
_OF_NUMBERS = {
    name: name for name in ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "gamma", "erf", "erfc")
}
_OF_NUMBERS["loggamma"] = "lgamma"


class ScalarPrinter(PythonCodePrinter):
    """Prints an elementwise expression; names of arrays are taken as they are."""

    def __init__(self, functions: dict[str, str], sqrt: str, step: str, clamps: dict[str, str] | None = None) -> None:
        super().__init__({"fully_qualified_modules": False, "allow_unknown_functions": True})
        self.power = "{0}**{1}"
        self.functions, self.sqrt, self.step, self.clamps = functions, sqrt, step, clamps or {}
        self.sizes: frozenset[sp.Symbol] = frozenset()  # array sizes: plain integers where the code runs

    def _print(self, expr: sp.Basic, **kwargs: object) -> str:
        # Before SymPy's own methods, which would print math.cosh and the like.
        return self._application(expr) if isinstance(expr, Application) else super()._print(expr, **kwargs)

    def _application(self, expr: Application) -> str:
        name = type(expr).__name__
        if not expr.free_symbols:
            return self._number(expr)
        if expr.free_symbols <= self.sizes and name in _OF_NUMBERS:
            return f"math.{_OF_NUMBERS[name]}({self._print(expr.args[0])})"
        if expr.free_symbols <= self.sizes and name in ("Max", "Min"):
            return f"{name.lower()}({', '.join(map(self._print, expr.args))})"
        if isinstance(expr, sp.Heaviside):
            return self.step.format(self._print(expr.args[0]), float(expr.args[1]))
        if name not in self.functions:
            raise InputError(
                f"`quantity` holds {expr}, which has no numeric form here; substitute an expression for it "
                f"(known functions: {', '.join(sorted(self.functions))})"
            )
        if name in ("Max", "Min"):
            # torch's maximum wants two tensors; a bound that is a number clamps.
            numbers = [a for a in expr.args if a.free_symbols <= self.sizes] if self.clamps else []
            code = reduce(self.functions[name].format, (self._print(a) for a in expr.args if a not in numbers))
            return reduce(self.clamps[name].format, map(self._print, numbers), code) if numbers else code
        template, negative = self.functions[name], ""
        if "{negative}" in template:
            negative = self._print(-expr.args[0])  # type: ignore[operator]
        return template.format(*map(self._print, expr.args), negative=negative)

    def _print_Pow(self, expr: sp.Pow, **_: object) -> str:
        base, exponent = expr.base, expr.exp
        if not expr.free_symbols:
            return self._number(expr)
        sqrt = self._root(base)
        if exponent.is_negative and exponent.is_number:
            return f"(1 / {self._power(base, -exponent, sqrt)})"
        return self._power(base, exponent, sqrt)

    def _root(self, base: sp.Expr) -> str:
        """How the square root of an expression is taken: of sizes alone it is Python's."""
        return "math.sqrt({0})" if base.free_symbols <= self.sizes else self.sqrt

    def _power(self, base: sp.Expr, exponent: sp.Expr, sqrt: str) -> str:
        """A power as products and roots where it is one: libraries take an exponent apart slowly, or not at all."""
        name = self.parenthesize(base, PRECEDENCE["Pow"])
        quarters = 4 * exponent
        if not (quarters.is_Integer and 0 < quarters <= 64):
            return self.power.format(name, self.parenthesize(exponent, PRECEDENCE["Pow"]), self._print(exponent))
        whole, rest = divmod(int(quarters), 4)
        factors = [self.integer_power(name, whole)] if whole else []
        root = sqrt.format(self._print(base))
        factors += {0: [], 1: [sqrt.format(root)], 2: [root], 3: [root, sqrt.format(root)]}[rest]
        return factors[0] if len(factors) == 1 else f"({'*'.join(factors)})"

    def integer_power(self, name: str, exponent: int) -> str:
        """The code of a positive integer power of a named base."""
        if exponent <= 2:
            return name if exponent == 1 else f"{name}**2"
        if exponent % 2:
            return f"({name}*{self.integer_power(name, exponent - 1)})"
        root = self.integer_power(name, exponent // 2)
        return self.integer_power(root if exponent // 2 % 2 else f"({root})", 2)

    def _number(self, expr: sp.Expr) -> str:
        """A constant: exact where short, else the nearest double."""
        if expr == sp.sqrt(sp.pi):
            return "math.sqrt(math.pi)"
        if isinstance(expr, sp.Pow) and expr.exp in (sp.Rational(1, 2), -sp.Rational(1, 2)) and expr.base.is_Integer:
            root = f"math.sqrt({expr.base})"
            return root if expr.exp > 0 else f"(1 / {root})"
        if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.base == sp.pi:
            return f"math.pi**{expr.exp}" if expr.exp > 0 else f"(1 / math.pi**{-expr.exp})"
        return repr(float(cast(sp.Expr, expr.evalf(30))))

    def _print_Rational(self, expr: sp.Rational) -> str:
        return str(expr.p) if expr.q == 1 else f"{expr.p} / {expr.q}"

    def _print_Pi(self, expr: sp.Expr) -> str:
        return "math.pi"

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "math.e"

    def _print_NumberSymbol(self, expr: sp.Expr) -> str:
        return repr(float(expr.evalf(30)))

    def _print_not_supported(self, expr: sp.Basic) -> str:
        raise InputError(
            f"`quantity` holds {expr}, which has no numeric form; substitute an expression or a value for it"
        )

    _print_Derivative = _print_Subs = _print_Integral = _print_Sum = _print_not_supported
    _print_Infinity = _print_NegativeInfinity = _print_NaN = _print_not_supported
    _print_ComplexInfinity = _print_ImaginaryUnit = _print_not_supported

    def emptyPrinter(self, expr: sp.Basic) -> str:
        """Refuse what no rule prints."""
        return self._print_not_supported(expr)


def numpy_printer() -> ScalarPrinter:
    """The printer of NumPy and scipy.special code."""
    return ScalarPrinter(NUMPY_FUNCTIONS, sqrt="np.sqrt({0})", step="np.heaviside({0}, {1})")


def torch_printer() -> ScalarPrinter:
    """The printer of torch code: differentiable, any dtype and device."""
    step = "(({0} > 0).to(x.dtype) + {1} * ({0} == 0).to(x.dtype))"
    clamps = {"Max": "torch.clamp({0}, min={1})", "Min": "torch.clamp({0}, max={1})"}
    return ScalarPrinter(TORCH_FUNCTIONS, sqrt="torch.sqrt({0})", step=step, clamps=clamps)
