r"""LaTeX in house notation, from the checked objects: \phi', \Omega', x_\mu, \partial_\mu, sums over units, \mathbb{E}.

SymPy expressions and index terms go through the same printer. A term is printed in the order in which it was written;
a SymPy expression in SymPy's own order. `pieces` splits a side of an equation at its outermost plus and minus signs,
which is where a long line may be broken.
"""

from __future__ import annotations

import re

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from symgeo.derivation.compound import Array, At, Determinant, Mean, MinorSum, UnitSum
from symgeo.derivation.functions import RADIUS, Expectation, Jet, Potential, primed
from symgeo.derivation.language import Call, Entry, Index, Over, Partial, Plus, Power, Scalar, Slot, Tensor, Term, Times
from symgeo.derivation.slope import Slope
from symgeo.derivation.smooth import MultiJet
from symgeo.errors import InputError


class _HousePrinter(LatexPrinter):
    """SymPy's printer, with jets primed, s left out, expectations, and fractions in exponents on one line."""

    def _print_ExpBase(self, expr: sp.exp, exp: str | None = None) -> str:
        return self._do_exponent(rf"e^{{{self._on_one_line(expr.args[0])}}}", exp)

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        base = self.parenthesize(expr.base, PRECEDENCE["Pow"])
        if expr.base.is_Symbol:
            base = self.parenthesize_super(base)
        return template % (base, self._on_one_line(expr.exp))

    def _on_one_line(self, exponent: sp.Expr) -> str:
        before = self._settings["fold_short_frac"]
        self._settings["fold_short_frac"] = True
        text = self._print(exponent)
        self._settings["fold_short_frac"] = before
        return text.replace(" / ", "/")

    def _print_Jet(self, e: Jet, exp: str | None = None) -> str:
        name, order, argument = e.args
        brackets = "" if argument == RADIUS else rf"({self._print(argument)})"
        if exp is None:
            return primed(str(name), int(order), brackets)
        if order == 0 or not brackets:
            return rf"{primed(str(name), int(order))}{{}}^{{{exp}}}{brackets}"
        return rf"{primed(str(name), int(order), brackets)}^{{{exp}}}"

    def _print_Potential(self, e: Potential, exp: str | None = None) -> str:
        return rf"{e.args[0]}({self._print(e.args[3])})" + (f"^{{{exp}}}" if exp else "")

    def _print_MultiJet(self, e: MultiJet, exp: str | None = None) -> str:
        slopes = "".join(rf"\partial_{{{place}}}" * order for place, order in enumerate(e.orders, 1))
        return rf"{slopes} {self._print(e.args[0])}".strip() + (f"^{{{exp}}}" if exp else "")

    def _print_Expectation(self, e: Expectation, exp: str | None = None) -> str:
        law = rf"{self._print(e.variable)}\sim\mathcal{{N}}(0,{self._print(e.variance)})"
        return rf"\mathbb{{E}}_{{{law}}}\!\left[{self._print(e.body)}\right]" + (f"^{{{exp}}}" if exp else "")

    def _print_And(self, e: sp.And) -> str:
        return ",\\; ".join(self._print(part) for part in sorted(e.args, key=str))

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        variable, order = expr.variable_count[0].args  # pyright: ignore[reportAttributeAccessIssue]
        power = "" if order == 1 else f"^{{{order}}}"
        return rf"\frac{{d{power}}}{{d{self._print(variable)}{power}}} {self.parenthesize(expr.expr, 55)}"


def expression_latex(expression: sp.Expr) -> str:
    """LaTeX of a SymPy expression in house notation."""
    printer = _HousePrinter(
        {
            "ln_notation": False,
            "fold_short_frac": False,
            "fold_frac_powers": True,
            "mul_symbol": r" \, ",
            "inv_trig_style": "full",
        }
    )
    # SymPy puts thin spaces between all factors, which is right for names side by side and wrong after a bracket.
    return re.sub(r" \\, (?=\\left|\()", " ", printer.doprint(expression))


def latex(value: Term | sp.Expr) -> str:
    """LaTeX of a term or a SymPy expression."""
    if not isinstance(value, Term):
        return expression_latex(value)
    match value:
        case Scalar(expression):
            return expression_latex(expression)
        case Entry(tensor, indices):
            return _entry(tensor, indices)
        case Plus(terms):
            return _signed(list(terms))
        case Times(factors):
            return _times(factors)
        case Over(numerator, denominator):
            return rf"\frac{{{latex(numerator)}}}{{{latex(denominator)}}}"
        case Power(base, exponent):
            return _power(base, exponent)
        case Call(function, argument):
            bracket = _bracketed(latex(argument)) if not isinstance(argument, Determinant) else latex(argument)
            return (
                rf"{function.latex()} {bracket}"
                if isinstance(argument, Determinant)
                else rf"{function.latex()}{bracket}"
            )
        case Partial(index, body, along):
            operator = (
                rf"\partial_{{{_slot(index)}}}"
                if along is None
                else rf"\frac{{\partial}}{{\partial {_entry(along, (index,))}}}"
            )
            return rf"{operator} {_grouped(body)}"
        case Slope(body, by) if isinstance(body, Entry | Call):
            return rf"\frac{{\partial {latex(body)}}}{{\partial {latex(by)}}}"
        case Slope(body, by):
            return rf"\frac{{\partial}}{{\partial {latex(by)}}} {_grouped(body)}"
        case At(body, point, vector):
            if vector is None and isinstance(body, Entry | Determinant):
                return rf"{latex(body)}({point.name})"
            return rf"\left. {latex(body)} \right|_{{{vector.name if vector else 'x'}={point.name}}}"
        case UnitSum(indices, body):
            return rf"\sum_{{{', '.join(_slot(i) for i in indices)}=1}}^{{n}} {_grouped(body)}"
        case Determinant(tensor):
            return rf"\det {tensor.name}"
        case Array(rows):
            return (
                r"\begin{vmatrix}" + r" \\ ".join(" & ".join(latex(e) for e in row) for row in rows) + r"\end{vmatrix}"
            )
        case MinorSum():
            return _minor_sum(value)
        case Mean(body, weight, bias):
            return rf"\mathbb{{E}}_{{{weight.name}, {bias.name}}}\!\left[{latex(body)}\right]"
    raise InputError(f"`value` must be a term of the index language, got {type(value).__name__}")


def pieces(value: Term | sp.Expr) -> list[str]:
    """The outermost summands of a side, each but the first with its sign: where a line may break."""
    if isinstance(value, Plus):
        return [_summand(part, first=place == 0) for place, part in enumerate(value.terms)]
    if isinstance(value, sp.Add):
        terms = _HousePrinter()._as_ordered_terms(value)
        return [_summand(Scalar(part), first=place == 0) for place, part in enumerate(terms)]
    return [latex(value)]


def _slot(index: Slot) -> str:
    return str(index) if isinstance(index, int) else index.name


def _entry(tensor: Tensor, indices: tuple[Slot, ...]) -> str:
    if not indices:
        return tensor.name
    text, run, level = tensor.name, "", ""
    # Indices on one level share a script; a change of level starts a new one behind an empty group.
    for position, index in [*zip(tensor.positions, indices, strict=True), ("", 0)]:
        here = {"u": "^", "": ""}.get(position, "_")
        if here != level and run:
            text += ("{}" if text != tensor.name else "") + f"{level}{{{run.strip()}}}"
            run = ""
        level = here
        run += f" {_slot(index)}" if position else ""
    return text


def _signed(terms: list[Term]) -> str:
    return " ".join(_summand(part, first=place == 0) for place, part in enumerate(terms))


def _summand(part: Term, first: bool) -> str:
    text = latex(part)
    if isinstance(part, Plus):
        text = _bracketed(text)
    if text.startswith("-"):
        return text if first else f"- {text[1:].strip()}"
    return text if first else f"+ {text}"


def _is_sum(value: Term) -> bool:
    return isinstance(value, Plus) or (isinstance(value, Scalar) and isinstance(value.value, sp.Add))


def _bracketed(text: str, shape: str = "()") -> str:
    left, right = shape
    tall = any(word in text for word in (r"\frac", r"\sum", r"\left", r"\begin", r"\sqrt"))
    return rf"\left{left}{text}\right{right}" if tall else rf"{left}{text}{right}"


def _grouped(value: Term) -> str:
    text = latex(value)
    if not _is_sum(value):
        return text
    return _bracketed(text, "[]" if "(" in text else "()")


def _times(factors: tuple[Term, ...]) -> str:
    parts: list[str] = []
    sign = ""
    for place, factor in enumerate(factors):
        text = _grouped(factor)
        if place == 0 and isinstance(factor, Scalar):
            if factor.value == -1:
                sign = "-"
                continue
            if text.startswith("-"):
                sign, text = "-", text[1:].strip()
        elif text.startswith("-"):
            text = _bracketed(text)
        # A sum over units or a derivative reaches to its right: in brackets, unless it comes last.
        if place < len(factors) - 1 and _reaches(factor):
            text = _bracketed(text)
        parts.append(text)
    return sign + r" \, ".join(parts)


def _reaches(factor: Term) -> bool:
    if isinstance(factor, Slope):
        return not isinstance(factor.body, Entry | Call)
    return isinstance(factor, UnitSum | Partial | MinorSum)


def _power(base: Term, exponent: int) -> str:
    match base:
        case Call(function, argument) if not isinstance(argument, Determinant):
            return rf"{function.latex()}{_bracketed(latex(argument))}^{{{exponent}}}"
        case Entry(tensor, indices) if "u" not in tensor.positions:
            return rf"{_entry(tensor, indices)}^{{{exponent}}}"
        case _:
            return rf"{_bracketed(latex(base))}^{{{exponent}}}"


def _minor_sum(value: MinorSum) -> str:
    j, w = value.unit.name, value.rows.name
    first, last = rf"{j}_{{1}}", rf"{j}_{{d}}"
    family = rf"1\le {first}<\dots<{last}\le n" if value.increasing else rf"{first},\dots,{last}=1"
    top = "" if value.increasing else "^{n}"
    weight = rf" \prod_{{k=1}}^{{d}} {latex(_replaced(value.weight, value.unit, Index(rf'{j}_{{k}}', 'unit')))}"
    if value.weight == Scalar(sp.S.One):
        weight = ""
    minor = rf"\det\!\left[{w}_{{{first}}}\cdots {w}_{{{last}}}\right]^{{2}}"
    return rf"\sum_{{{family}}}{top} {minor}{weight}"


def _replaced(value: Term, old: Index, new: Index) -> Term:
    """`value` with a free unit index renamed."""
    match value:
        case Entry(tensor, indices):
            return Entry(tensor, tuple(new if i == old else i for i in indices))
        case Times(factors):
            return Times(tuple(_replaced(f, old, new) for f in factors))
        case Plus(terms):
            return Plus(tuple(_replaced(t, old, new) for t in terms))
        case Power(base, exponent):
            return Power(_replaced(base, old, new), exponent)
        case Call(function, argument):
            return Call(function, _replaced(argument, old, new))
        case Scalar():
            return value
    raise InputError(
        f"`weight` must be made of entries, functions, powers, products and sums, got {type(value).__name__}"
    )
