"""A derivation: titled sections of prose and checked equations, written as LaTeX, PDF, JSON and HTML.

`check()` reads the sections in order, runs every check, and answers what was found; the first step that does not hold
stops it with CheckFailed. `write` and `html` check first: no equation is printed unchecked. The output is a function
of the derivation alone, the same bytes on every run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from symgeo.derivation.components import Meanings
from symgeo.derivation.evidence import Evidence, Proven
from symgeo.derivation.layout import lines
from symgeo.derivation.likewise import Likewise
from symgeo.derivation.page import html_fragment
from symgeo.derivation.printer import latex
from symgeo.derivation.prose import Numbering
from symgeo.derivation.rendered import Block, Equation, Paragraph, Rendered, RenderedSection
from symgeo.derivation.steps import Given, Item, Prose
from symgeo.derivation.tex import article, compile_pdf
from symgeo.errors import InputError
from symgeo.storing import store


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Reference:
    """An entry of the bibliography: the key that prose cites as [@key], and its text."""

    key: str
    text: str


@dataclass(frozen=True)
class Result:
    """What one displayed equation's checks found."""

    number: int
    label: str
    section: str
    latex: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Paths:
    """The files that were written."""

    tex: Path
    json: Path
    pdf: Path | None


@dataclass(frozen=True)
class Derivation:
    """A titled list of sections of prose and steps.

    Args:
        name: the stem of its files, such as "04_infinite_width".
        title: its title.
        abstract: a paragraph of prose.
        sections: in order.
        references: what it cites.
    """

    name: str
    title: str
    abstract: str
    sections: tuple[Section, ...]
    references: tuple[Reference, ...] = ()

    def check(self) -> tuple[Result, ...]:
        """Run every check, in order.

        Returns:
            One result for each displayed equation, in order.

        Raises:
            CheckFailed: an equation does not hold; the message names it and shows both sides' values.
            InputError: a symbol is used before it is introduced, or defined twice, or a label is not there.
        """
        return tuple(equation.result for equation in self._equations)

    def write(self, folder: str | Path, pdf: bool = False) -> Paths:
        """Check, then write NAME.tex and NAME.json into `folder`, and with `pdf` NAME.pdf.

        Raises:
            CheckFailed: an equation does not hold; nothing is written.
            SymgeoError: `pdf` is asked for and no TeX is found, or it fails or takes too long; nothing is written.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise InputError(f"`folder` must be an existing folder, got {str(folder)!r}; make it first")
        equations = self._equations
        rendered = self._rendered(equations)
        source = article(rendered)
        compiled = compile_pdf(source, self.name) if pdf else None
        paths = Paths(
            folder / f"{self.name}.tex", folder / f"{self.name}.json", folder / f"{self.name}.pdf" if pdf else None
        )
        store(paths.tex, source.encode())
        store(paths.json, self._record(equations).encode())
        if paths.pdf is not None and compiled is not None:
            store(paths.pdf, compiled)
        return paths

    def html(self) -> str:
        """Check, then the derivation as an HTML fragment: headings, prose, equations in MathML, check notes."""
        return html_fragment(self._rendered(self._equations))

    def _numbering(self) -> Numbering:
        labels: dict[str, int] = {}
        number = 0
        for section in self.sections:
            for item in section.items:
                if isinstance(item, Prose | Given | Likewise):
                    continue
                number += 1
                label = item.display().label
                if label in labels:
                    raise InputError(f"`label` must be given once, found {label!r} twice in {self.name}")
                if label:
                    labels[label] = number
        return Numbering(labels, {reference.key: place for place, reference in enumerate(self.references, 1)})

    @cached_property
    def _equations(self) -> tuple[_Checked, ...]:
        """The displayed equations in order, each with its evidence; the checks are run once."""
        meanings = Meanings()
        earlier: dict[str, Proven] = {}
        checked: list[_Checked] = []
        for section in self.sections:
            laws = meanings.laws
            for item in section.items:
                if isinstance(item, Prose):
                    continue
                if isinstance(item, Given | Likewise):
                    meanings = item.meanings(meanings)
                    continue
                display = item.display()
                number = len(checked) + 1
                name = f"step ({number}){f' {display.label!r}' if display.label else ''} of {self.name!r}"
                meanings, evidence = item.admit(meanings, name, earlier)
                if display.label:
                    earlier[display.label] = Proven(
                        number, display.sides, evidence, display.condition, meanings.functions
                    )
                condition = rf" \qquad ({latex(display.condition)})" if display.condition is not None else ""
                broken = tuple(lines(display.sides, display.relations, condition))
                flat = latex(display.sides[0]) + "".join(
                    f" {r} {latex(s)}" for r, s in zip(display.relations, display.sides[1:], strict=True)
                )
                checked.append(
                    _Checked(Result(number, display.label, section.title, flat + condition, evidence), broken)
                )
            # What a section lets a function be, it lets it be only there; rules found with it go with it.
            if meanings.functions:
                meanings = replace(meanings.letting({}), laws=laws)
        return tuple(checked)

    def _rendered(self, equations: tuple[_Checked, ...]) -> Rendered:
        upcoming = iter(equations)
        sections: list[RenderedSection] = []
        for section in self.sections:
            blocks: list[Block] = []
            for item in section.items:
                if isinstance(item, Prose):
                    blocks.append(Paragraph(item.text))
                elif not isinstance(item, Given | Likewise):
                    equation = next(upcoming)
                    notes = tuple(e.note for e in equation.result.evidence)
                    blocks.append(Equation(equation.result.number, equation.broken, notes))
            sections.append(RenderedSection(section.title, tuple(blocks)))
        texts = tuple(reference.text for reference in self.references)
        return Rendered(self.title, self.abstract, tuple(sections), texts, self._numbering())

    def _record(self, equations: tuple[_Checked, ...]) -> str:
        record = {
            "name": self.name,
            "title": self.title,
            "equations": [
                {
                    "number": e.result.number,
                    "label": e.result.label,
                    "section": e.result.section,
                    "latex": e.result.latex,
                    "checks": [evidence.record() for evidence in e.result.evidence],
                }
                for e in equations
            ],
        }
        return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class _Checked:
    result: Result
    broken: tuple[str, ...]
