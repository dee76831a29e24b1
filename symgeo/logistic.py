"""logistic(z) = 1/(1 + exp(-z)) and log(1 + exp(z)), each kept as one function that neither overflows nor cancels.

The derivative of the first is logistic(z) logistic(-z), accurate for every z, where s (1 - s) loses all digits.
"""

from __future__ import annotations

import sympy as sp

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
    def eval(cls, z: sp.Expr) -> sp.Expr | None:
        """1/2 at zero; None leaves the function as it is (SymPy's hook)."""
        return sp.Rational(1, 2) if z.is_zero else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative logistic(z) logistic(-z) (SymPy's hook)."""
        return logistic(self.args[0]) * logistic(-self.args[0])

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: object) -> sp.Expr:
        return 1 / (1 + sp.exp(-z))

    def _as_code(self, printer) -> str:
        """SymPy's own code printers, lambdify's among them, get the exponential form."""
        return f"({printer._print(self.rewrite(sp.exp))})"

    _numpycode = _scipycode = _pythoncode = _mpmathcode = _torchcode = _as_code

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.rewrite(sp.exp)._eval_evalf(prec)

    def _latex(self, printer, exp: str | None = None) -> str:
        body = rf"\operatorname{{logistic}}\left({printer._print(self.args[0])}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


class log1pexp(sp.Function):
    r"""log(1 + exp(z)) kept as one function, which neither overflows nor loses its digits; its derivative is logistic.

    >>> log1pexp(_z).diff(_z)
    logistic(z)
    """

    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative logistic(z) (SymPy's hook)."""
        return logistic(self.args[0])

    def _eval_rewrite_as_exp(self, z: sp.Expr, **_: object) -> sp.Expr:
        return sp.log(1 + sp.exp(z))

    _as_code = logistic._as_code
    _numpycode = _scipycode = _pythoncode = _mpmathcode = _torchcode = _as_code

    def _eval_evalf(self, prec: int) -> sp.Expr:
        # log(1 + exp(z)) = z + log(1 + exp(-z)): the form that adds a small number, and digits to spare for it.
        z = self.args[0].evalf(2 * prec)
        return (sp.Max(z, 0) + sp.log(1 + sp.exp(-sp.Abs(z)))).evalf(2 * prec).evalf(prec)

    def _latex(self, printer, exp: str | None = None) -> str:
        body = rf"\log\left(1 + e^{{{printer._print(self.args[0])}}}\right)"
        return body if exp is None else rf"{body}^{{{exp}}}"


def stable(expression: sp.Expr) -> sp.Expr:
    """The expression with 1/(1 + exp(u)) as logistic(-u), and log(1 + exp(u)) as log1pexp(u).

    >>> stable(_z * sp.tanh(sp.log(1 + sp.exp(_z))))
    z*tanh(log1pexp(z))
    """
    u = sp.Wild("u")

    def logarithm(e: sp.Expr) -> sp.Expr:
        found = e.args[0].match(1 + sp.exp(u))
        return log1pexp(found[u]) if found and found[u] != 0 else e

    def quotient(e: sp.Expr) -> sp.Expr:
        found = e.base.match(1 + sp.exp(u)) if e.exp.is_Integer and e.exp.is_negative else None
        return logistic(-found[u]) ** -e.exp if found and found[u] != 0 else e

    return expression.replace(sp.log, lambda *_: logarithm(sp.log(*_))).replace(
        lambda e: isinstance(e, sp.Pow), quotient
    )
