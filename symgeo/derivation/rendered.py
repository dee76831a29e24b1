"""A checked derivation as blocks of text and LaTeX: what both the article and the page are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from symgeo.derivation.prose import Numbering


@dataclass(frozen=True)
class Paragraph:
    """Prose, its marks not yet resolved."""

    text: str


@dataclass(frozen=True)
class Equation:
    """A numbered equation: one line of LaTeX, or several with alignment marks, and how it was checked."""

    number: int
    lines: tuple[str, ...]
    notes: tuple[str, ...]


Block: TypeAlias = Paragraph | Equation


@dataclass(frozen=True)
class RenderedSection:
    """A heading and its blocks."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Rendered:
    """All that is printed, and the numbers that marks in prose stand for."""

    title: str
    abstract: str
    sections: tuple[RenderedSection, ...]
    references: tuple[str, ...]
    numbering: Numbering
