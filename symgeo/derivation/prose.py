r"""Prose: plain sentences with $inline mathematics$, \emph{...}, \texttt{...}, [[label]] and [@key].

[[label]] becomes the number of the equation with that label, (7); [@key] the number of the reference, [2].
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from latex2mathml.converter import convert

from symgeo.errors import InputError

_MARK = re.compile(r"\[\[([^\]]+)\]\]|\[@([^\]]+)\]")


@dataclass(frozen=True)
class Numbering:
    """Numbers of equations by label, and of references by key."""

    equations: Mapping[str, int]
    references: Mapping[str, int]

    def resolved(self, text: str) -> str:
        """`text` with its marks replaced by numbers.

        Raises:
            InputError: a label or key that is not there.
        """

        def number(mark: re.Match[str]) -> str:
            label, key = mark.groups()
            table = self.equations if label else self.references
            if (label or key) not in table:
                raise InputError(
                    f"`text` refers to {label or key!r}, which is not there; known are {', '.join(sorted(table))}"
                )
            return f"({table[label]})" if label else f"[{table[key]}]"

        return _MARK.sub(number, text)


def prose_html(text: str) -> str:
    """Prose whose marks are resolved, as HTML with MathML."""
    parts: list[str] = []
    for place, part in enumerate(text.split("$")):
        if place % 2:
            parts.append(convert(part))
            continue
        escaped = html.escape(part, quote=False)
        escaped = re.sub(r"\\emph\{([^}]*)\}", r"<em>\1</em>", escaped)
        escaped = re.sub(r"\\texttt\{([^}]*)\}", r"<code>\1</code>", escaped)
        parts.append(escaped.replace("--", "–").replace("~", "\u00a0").replace(r"\_", "_").replace(r"\&amp;", "&amp;"))
    return "".join(parts)
