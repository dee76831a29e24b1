"""A derivation as an HTML fragment: headings, paragraphs, equations in MathML with their numbers and check notes.

It carries class names (derivation, equation, number, check, split) and no style of its own, for a page to dress.
"""

from __future__ import annotations

import html

from latex2mathml.converter import convert

from symgeo.derivation.prose import prose_html
from symgeo.derivation.rendered import Equation, Rendered


def html_fragment(rendered: Rendered) -> str:
    """The derivation as one <article class="derivation">."""
    resolved = rendered.numbering.resolved
    parts = ['<article class="derivation">', f"<h2>{prose_html(rendered.title)}</h2>"]
    parts.append(f'<p class="abstract">{prose_html(resolved(rendered.abstract))}</p>')
    for place, section in enumerate(rendered.sections, 1):
        parts.append(f"<h3>{place} {prose_html(section.title)}</h3>")
        for block in section.blocks:
            parts.append(
                _equation(block) if isinstance(block, Equation) else f"<p>{prose_html(resolved(block.text))}</p>"
            )
    if rendered.references:
        entries = "".join(f"<li>{prose_html(text)}</li>" for text in rendered.references)
        parts.append(f"<h3>References</h3>\n<ol>{entries}</ol>")
    parts.append("</article>")
    return "\n".join(parts) + "\n"


def _equation(equation: Equation) -> str:
    source = equation.lines[0]
    if len(equation.lines) > 1:
        source = r"\begin{split}" + r" \\ ".join(equation.lines) + r"\end{split}"
    # One sign, not a colon and an equality: MathML would set them apart.
    source = source.replace(":=", r"\coloneqq ")
    notes = html.escape("; ".join(equation.notes))
    return (
        f'<div class="equation" id="equation-{equation.number}">{convert(source, display="block")}'
        f'<span class="number">({equation.number})</span><span class="check">{notes}</span></div>'
    )
