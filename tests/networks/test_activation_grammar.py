"""Typed activations: what they mean, where they are refused, and ten thousand hostile texts."""

import random

import pytest
import sympy as sp

from symgeo.errors import InputError
from symgeo.networks import WideNetwork
from symgeo.networks.activation_grammar import FUNCTIONS, Z, activation_of_text, typed_activation

MEANINGS = {
    "z*exp(-z**2)": Z * sp.exp(-(Z**2)),
    "sin(z)^3 - 1/2": sp.sin(Z) ** 3 - sp.Rational(1, 2),
    "-z**2": -(Z**2),
    "--z": Z,
    "2 - -z": 2 + Z,
    "z**-2*z^(3)": Z,
    "0.25*z": Z / 4,
    "z/2/3": Z / 6,
    "max(0, z)**(3/2)": sp.Max(0, Z) ** sp.Rational(3, 2),
    "heaviside(z)*tanh(pi*z) + sqrt(2)*abs(z - 1)": sp.Heaviside(Z, 0) * sp.tanh(sp.pi * Z)
    + sp.sqrt(2) * sp.Abs(Z - 1),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_meaning(text):
    assert typed_activation(text) == MEANINGS[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a number, z, pi, a function or a parenthesis at position 1, not the end"),
        ("z z", "expected an operator at position 3, not z"),
        ("z**z", "the exponent at position 2 must be a simple number"),
        ("z**2**3", "expected a parenthesis"),
        ("z**99", "the exponent at position 2 must be a simple number of at most 12"),
        ("((z**9)**9)", "the powers at position 8 multiply to more than 12"),
        ("(9**9)**9*z", "the powers at position 7 multiply"),
        ("1234567890123*z", "the number at position 1 has more than 12 digits"),
        ("os.system('ls')", "'.' at position 3 is not in the grammar"),
        ("eval(z)", "'eval' at position 1 is no name of the grammar; z, pi and abs"),
        ("exp(exp(9))*z", "exp at position 5 is of a constant"),
        ("z/(1-1)", "a division by zero at position 2"),
        ("sqrt(-2)*z", "a root of a negative number at position 1"),
        ("max(z)", r"max at position 1 takes 2 argument\(s\), not 1"),
        ("(" * 13 + "z" + ")" * 13, "nested more than 12 deep"),
        ("z" * 201, "201 characters are too many, at most 200"),
    ],
)
def test_refusals(text, message):
    with pytest.raises(InputError, match=message) as caught:
        typed_activation(text)
    assert "\n" not in str(caught.value)


def test_names_come_first():
    assert activation_of_text("erf").name == "erf"
    assert activation_of_text("monomial(3)").name == "monomial(3)"
    gram = activation_of_text("z*exp(-z**2)").gram
    v = sp.Symbol("v", positive=True)
    assert gram is not None
    assert sp.simplify(gram(v) - (12 * v**2 + 4 * v + 1) / (4 * v + 1) ** sp.Rational(5, 2)) == 0
    assert WideNetwork(activation_of_text("sin(z)**3")).metric.scalar_curvature() != 0
    for text, message in (
        ("rellu", "'rellu' is unknown; the known ones"),
        ("monomial(-1)", "must be an integer of at"),
    ):
        with pytest.raises(InputError, match=message):
            activation_of_text(text)


def test_ten_thousand_hostile_texts():
    rng = random.Random(20260)
    words = [*FUNCTIONS, "z", "z", "z", "pi", "(", "(", ")", ")", ",", "+", "-", "*", "/", "**", "^", "2", "9", "0.5"]
    words += [
        "999999999999",
        "__class__",
        "lambda",
        "import os",
        "exec",
        "\n",
        "\0",
        "٣",
        "𝓏",
        "{}",
        "'",
        '"',
        "#",
        "\\",
        "e",
        "1e9",
    ]
    read = 0
    for k in range(10_000):
        if k % 3 == 0:
            text = "".join(chr(rng.randrange(1, 0x3000)) for _ in range(rng.randrange(1, 60)))
        elif k % 3 == 1:
            text = "".join(rng.choice(words) for _ in range(rng.randrange(1, 50)))
        else:
            text = grown(rng, rng.randrange(1, 7))
        try:
            value = typed_activation(text)
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017
            continue
        assert isinstance(value, sp.Expr)
        assert value.free_symbols <= {Z}
        read += 1
    # A grammar that refused everything would pass the above.
    assert read > 500


def grown(rng, depth):
    """A text that the grammar may well allow."""
    if depth == 0:
        return rng.choice(["z", "z", "pi", "0", "1", "7", "0.125", "999999999999"])
    kind = rng.randrange(6)
    if kind == 0:
        return f"({grown(rng, depth - 1)}){rng.choice(['**', '^'])}{rng.choice(['2', '3', '-1', '(1/2)', '12', '0'])}"
    if kind <= 2:
        return f"{grown(rng, depth - 1)}{rng.choice('+-*/')}{grown(rng, depth - 1)}"
    name = rng.choice(list(FUNCTIONS))
    arguments = [grown(rng, depth - 1) for _ in range(FUNCTIONS[name][0])]
    return f"{name}({', '.join(arguments)})"
