r"""An activation that is typed, such as "z*exp(-z**2)", read by a grammar; nothing is ever evaluated as Python.

    sum     = term { ("+" | "-") term }
    term    = factor { ("*" | "/") factor }
    factor  = ("+" | "-") factor | atom [ ("**" | "^") exponent ]
    exponent = ["+" | "-"] atom, a rational number
    atom    = number | "z" | "pi" | function "(" sum { "," sum } ")" | "(" sum ")"

Length, depth, digits and exponents are bounded, and functions are of z, so that no text takes long to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sympy as sp

from symgeo.activations import Activation, activation
from symgeo.errors import InputError

Z = sp.Symbol("z", real=True)
LONGEST, DEEPEST, DIGITS, HIGHEST, BITS = 200, 12, 12, 12, 200

FUNCTIONS: dict[str, tuple[int, Callable[..., sp.Expr]]] = {
    **{
        name: (1, getattr(sp, name))
        for name in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh", "erf", "erfc", "sqrt", "log")
    },
    "abs": (1, sp.Abs),
    "sign": (1, sp.sign),
    "heaviside": (1, lambda u: sp.Heaviside(u, 0)),
    "max": (2, sp.Max),
    "min": (2, sp.Min),
}
_TOKEN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>\*\*|[-+*/^(),])")


def typed_activation(text: str) -> sp.Expr:
    """The expression in the symbol z that a text denotes.

    Args:
        text: at most 200 characters of numbers, z, pi, + - * / ** ^, parentheses and the functions of `FUNCTIONS`.

    Raises:
        InputError: naming the position of what the grammar does not allow.

    >>> typed_activation("z*exp(-z**2)")
    z*exp(-z**2)
    >>> typed_activation("z**z")
    Traceback (most recent call last):
    symgeo.errors.InputError: `activation`: the exponent at position 2 must be a simple number of at most 12
    """
    if len(text) > LONGEST:
        raise InputError(f"`activation`: {len(text)} characters are too many, at most {LONGEST}; define it in Python")
    return _Reader(text).whole()


def activation_of_text(text: str) -> Activation:
    """The activation that a text means: a name of the table, or else a function of z by the grammar.

    Raises:
        InputError: for a word that the table does not know, or a text that the grammar does not allow.

    >>> activation_of_text("sin(z)**3").name
    'sin(z)**3'
    """
    named = re.fullmatch(r"\s*([a-z_]+)\s*(\([^()]*\))?\s*", text)
    if named and named[1] not in ("z", "pi") and not (named[2] and named[1] in FUNCTIONS):
        return activation(text)
    value = typed_activation(text)
    return activation(lambda z: value.xreplace({Z: z}))


class _Reader:
    """Recursive descent over the tokens; each rule returns its value and the largest product of nested exponents."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while position < len(text):
            if text[position] in " \t":
                position += 1
                continue
            found = _TOKEN.match(text, position)
            if found is None:
                raise InputError(f"`activation`: {text[position]!r} at position {position + 1} is not in the grammar")
            self.tokens.append((str(found.lastgroup), found.group(), position + 1))
            position = found.end()
        self.tokens.append(("end", "the end", len(text) + 1))
        self.at, self.depth = 0, 0

    def whole(self) -> sp.Expr:
        value, _ = self.sum()
        if self.tokens[self.at][0] != "end":
            raise self.refused("an operator")
        return self.finite(value, 1)

    def sum(self) -> tuple[sp.Expr, int]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise InputError(f"`activation`: nested more than {DEEPEST} deep at position {self.tokens[self.at][2]}")
        value, power = self.term()
        while self.next("+", "-"):
            sign, place = self.taken()
            other, more = self.term()
            value, power = self.finite(value + other if sign == "+" else value - other, place), max(power, more)
        self.depth -= 1
        return value, power

    def term(self) -> tuple[sp.Expr, int]:
        value, power = self.factor()
        while self.next("*", "/"):
            sign, place = self.taken()
            other, more = self.factor()
            value, power = self.finite(value * other if sign == "*" else value / other, place), max(power, more)
        return value, power

    def factor(self) -> tuple[sp.Expr, int]:
        sign = 1
        while self.next("+", "-"):
            sign = -sign if self.taken()[0] == "-" else sign
        value, power = self.atom()
        if self.next("**", "^"):
            _, place = self.taken()
            value, power = self.raised(value, power, self.exponent(place), place)
        return sign * value, power

    def exponent(self, place: int) -> sp.Rational:
        sign = -1 if self.next("+", "-") and self.taken()[0] == "-" else 1
        value = sign * self.atom()[0]
        if self.next("**", "^"):
            raise self.refused("a parenthesis: powers of powers are written (z**2)**3")
        if not value.is_Rational or abs(value) > HIGHEST or value.q > HIGHEST:
            raise InputError(
                f"`activation`: the exponent at position {place} must be a simple number of at most {HIGHEST}"
            )
        return value

    def raised(self, base: sp.Expr, power: int, exponent: sp.Rational, place: int) -> tuple[sp.Expr, int]:
        power *= max(1, int(abs(sp.ceiling(exponent))))
        if power > HIGHEST:
            raise InputError(f"`activation`: the powers at position {place} multiply to more than {HIGHEST}")
        if base == 0 and exponent <= 0:
            raise InputError(f"`activation`: a division by zero at position {place}")
        return self.finite(base**exponent, place), power

    def atom(self) -> tuple[sp.Expr, int]:
        kind, text, place = self.tokens[self.at]
        if kind == "number":
            if len(text) > DIGITS:
                raise InputError(f"`activation`: the number at position {place} has more than {DIGITS} digits")
            self.at += 1
            return sp.Rational(text), 1
        if kind == "name":
            self.at += 1
            return self.named(text, place)
        if text != "(":
            raise self.refused("a number, z, pi, a function or a parenthesis")
        self.at += 1
        value = self.sum()
        self.expect(")")
        return value

    def named(self, name: str, place: int) -> tuple[sp.Expr, int]:
        if name in ("z", "pi"):
            return (Z if name == "z" else sp.pi), 1
        if name not in FUNCTIONS:
            raise InputError(
                f"`activation`: {name!r} at position {place} is no name of the grammar; z, pi and "
                f"{', '.join(sorted(FUNCTIONS))} are"
            )
        count, function = FUNCTIONS[name]
        self.expect("(")
        arguments = [self.sum()]
        while self.next(","):
            self.at += 1
            arguments.append(self.sum())
        self.expect(")")
        if len(arguments) != count:
            raise InputError(
                f"`activation`: {name} at position {place} takes {count} argument(s), not {len(arguments)}"
            )
        values = [value for value, _ in arguments]
        # Functions of constants could be numbers without bound, which SymPy would compare digit by digit.
        if not any(value.has(Z) for value in values) and not (name == "sqrt" and values[0].is_Rational):
            raise InputError(f"`activation`: {name} at position {place} is of a constant; write the number")
        if name in ("max", "min") and not all(value.has(Z) or value.is_Rational for value in values):
            raise InputError(f"`activation`: {name} at position {place} compares functions of z and numbers only")
        return self.finite(function(*values), place), max(power for _, power in arguments)

    def finite(self, value: sp.Expr, place: int) -> sp.Expr:
        """The value, unless it divided by zero, left the real line or became a number without bound."""
        if value.has(sp.zoo, sp.oo, -sp.oo, sp.nan):
            raise InputError(f"`activation`: a division by zero at position {place}")
        if value.has(sp.I):
            raise InputError(f"`activation`: a root of a negative number at position {place}")
        if any(number.p.bit_length() + number.q.bit_length() > BITS for number in value.atoms(sp.Rational)):
            raise InputError(f"`activation`: a number of more than {BITS} bits at position {place}")
        return value

    def next(self, *texts: str) -> bool:
        kind, text, _ = self.tokens[self.at]
        return kind == "sign" and text in texts

    def taken(self) -> tuple[str, int]:
        _, text, place = self.tokens[self.at]
        self.at += 1
        return text, place

    def expect(self, text: str) -> None:
        if not self.next(text):
            raise self.refused(repr(text))
        self.at += 1

    def refused(self, wanted: str) -> InputError:
        _, text, place = self.tokens[self.at]
        return InputError(f"`activation`: expected {wanted} at position {place}, not {text}")
