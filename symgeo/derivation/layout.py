r"""Where a displayed equation breaks into lines, judged by an estimate of its width.

The estimate counts glyphs: a command is one, a fraction as wide as the wider of its halves, scripts four fifths. It is
a heuristic, good to about a tenth, and the limit leaves that much room. Lines break before a relation, and within a
side before an outermost plus or minus.
"""

from __future__ import annotations

import re

from symgeo.derivation.evidence import Side
from symgeo.derivation.printer import latex, pieces

LINE = 60.0
"""Glyphs on a line of the text block (125 mm at 10 pt, some 2 mm a glyph), less the equation's number."""

_INNERMOST = re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}")
_SCRIPT = re.compile(r"[_^]\{([^{}]*)\}")


def glyphs(text: str) -> float:
    """Estimated width of LaTeX in glyphs.

    >>> glyphs(r"\\frac{a + b}{2}") == glyphs("a + b") and glyphs(r"x_{\\mu}") < glyphs("xx")
    True
    """
    text = re.sub(
        r"\\begin\{vmatrix\}(.*?)\\end\{vmatrix\}", lambda m: "|" + max(m[1].split(r"\\"), key=len) + "||", text
    )
    thin = 0.35 * text.count(r"\,")
    text = re.sub(r"\\(left|right|!|,|quad|mathcal|mathbb|displaystyle)(?![a-z])", "", text)
    text = re.sub(r"\\(?!frac(?![a-zA-Z]))[a-zA-Z]+", "#", text)
    scripts = 0.0
    while True:
        if found := _SCRIPT.search(text):
            scripts += 0.8 * len(found[1].replace(" ", ""))
            text = text[: found.start()] + text[found.end() :]
        elif found := _INNERMOST.search(text):
            wider = max(found[1], found[2], key=len)
            text = text[: found.start()] + wider + text[found.end() :]
        elif found := re.search(r"(?<!\\frac)(?<!\})\{([^{}]*)\}", text):
            text = text[: found.start()] + found[1] + text[found.end() :]
        else:
            break
    signs = len(re.findall(r"[+=-]", text))
    return thin + scripts + len(re.sub(r"[\s{}^_\\]", "", text)) + signs


def lines(sides: tuple[Side, ...], relations: tuple[str, ...], condition: str = "") -> list[str]:
    """The equation as one line, or as several with alignment marks & for a `split`."""
    texts = [latex(side) for side in sides]
    flat = texts[0] + "".join(f" {relation} {text}" for relation, text in zip(relations, texts[1:], strict=True))
    if glyphs(flat + condition) <= LINE:
        return [flat + condition]
    head = glyphs(texts[0])
    result: list[str] = []
    if head > LINE / 2 or head + glyphs(pieces(sides[1])[0]) > LINE:
        result.append(f"&{texts[0]}")
        head = 2.0
    for place, (relation, side) in enumerate(zip(relations, sides[1:], strict=True)):
        start = (
            f"{texts[0]} &{relation} "
            if place == 0 and not result
            else (rf"&\quad {relation} " if head == 2.0 else f"&{relation} ")
        )
        result += _broken(side, start, LINE - head - 3)
    if len(result) == 1:
        return [flat + condition]
    result[-1] += condition
    return result


def _broken(side: Side, start: str, room: float) -> list[str]:
    result, line, used = [], start, 0.0
    for piece in pieces(side):
        size = glyphs(piece)
        if used and used + size > room:
            result.append(line)
            line, used = r"&\qquad ", 2.0
        line += f"{piece} "
        used += size
    return [*result, line.rstrip()]
