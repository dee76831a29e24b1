r"""A derivation as a LaTeX article, and the article as a PDF.

The article needs latex-base, latex-recommended and Latin Modern. How an equation was checked stands in the margin
beside its number, set as part of the number, so that it cannot drift. TeX runs through latexmk in a temporary folder,
without shell escape, with a time limit; the PDF carries no date, so that the same source gives the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from symgeo.derivation.rendered import Equation, Rendered
from symgeo.errors import InputError, SymgeoError

TIME_LIMIT = 120.0
"""Seconds that TeX may take; a derivation takes about three."""

_PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb}
\usepackage[left=22mm,textwidth=125mm,top=25mm,bottom=25mm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 1pt}
\allowdisplaybreaks
\emergencystretch=2em
% The number of an equation, and in the margin beside it how the equation was checked.
\newcommand{\checked}[2]{\tag*{(#1)\rlap{\hspace{5mm}\parbox[c]{40mm}{\raggedright\scriptsize\itshape #2}}}}
"""


def article(rendered: Rendered) -> str:
    """The LaTeX source of the whole derivation."""
    resolved = rendered.numbering.resolved
    parts = [_PREAMBLE + r"\begin{document}", rf"\begin{{center}}\LARGE {rendered.title}\end{{center}}"]
    parts.append("\\begin{abstract}\\noindent\n" + resolved(rendered.abstract) + "\n\\end{abstract}")
    for section in rendered.sections:
        parts.append(rf"\section{{{section.title}}}")
        parts += [_equation(b) if isinstance(b, Equation) else resolved(b.text) for b in section.blocks]
    if rendered.references:
        parts.append(r"\begin{thebibliography}{9}")
        parts += [rf"\bibitem{{r{place}}} {text}" for place, text in enumerate(rendered.references, 1)]
        parts.append(r"\end{thebibliography}")
    return "\n".join([*parts, r"\end{document}", ""])


def _equation(equation: Equation) -> str:
    notes = r"\\ ".join(_escaped(note) for note in equation.notes)
    body = equation.lines[0]
    if len(equation.lines) > 1:
        body = "\\begin{split}\n" + " \\\\\n".join(equation.lines) + "\n\\end{split}"
    return f"\\begin{{equation*}}\n{body}\n\\checked{{{equation.number}}}{{{notes}}}\n\\end{{equation*}}"


def _escaped(note: str) -> str:
    for plain, escaped in (
        ("\\", r"\textbackslash "),
        ("&", r"\&"),
        ("%", r"\%"),
        ("_", r"\_"),
        ("#", r"\#"),
        ("|", r"$|$"),
        ("<", r"$<$"),
        # No line ends within d = 3, every d or 20 digits; below, within (2, 3).
        (" = ", "~=~"),
        ("every d", "every~d"),
        (" digits", "~digits"),
        (" random", "~random"),
    ):
        note = note.replace(plain, escaped)
    return re.sub(r"\((\w+), (\w+)\)", r"(\1,~\2)", note)


def compile_pdf(source: str, name: str, limit: float = TIME_LIMIT) -> bytes:
    """The PDF of a LaTeX source.

    Args:
        source: a whole document.
        name: what it is called in messages.
        limit: seconds allowed.

    Raises:
        InputError: no latexmk or pdflatex is found; the message names the Debian packages.
        SymgeoError: TeX stops at an error (its first line is shown) or takes longer than `limit`.
    """
    for program in ("latexmk", "pdflatex"):
        if shutil.which(program) is None:
            raise InputError(
                f"`pdf` needs TeX, and {program} was not found; "
                "install the packages latexmk texlive-latex-base texlive-latex-recommended lmodern, or ask for no PDF"
            )
    with tempfile.TemporaryDirectory(prefix="symgeo-tex-") as folder:
        path = Path(folder) / "derivation.tex"
        path.write_text(source, encoding="utf-8")
        command = [
            "latexmk",
            "-norc",
            "-pdf",
            "-no-shell-escape",
            "-halt-on-error",
            "-interaction=nonstopmode",
            "-quiet",
            path.name,
        ]
        # A fixed clock; and no file outside the folder may be written.
        environment = {
            **os.environ,
            "SOURCE_DATE_EPOCH": "0",
            "FORCE_SOURCE_DATE": "1",
            "openout_any": "p",
            "TEXMFOUTPUT": folder,
        }
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            # latexmk's children are in its session and end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise SymgeoError(
                f"TeX took longer than {limit:g} s over {name}; the .tex alone can be had without `pdf`"
            ) from None
        if status != 0:
            raise SymgeoError(
                f"TeX stopped over {name}: {_first_error(path.with_suffix('.log'))}; the .tex alone can be had "
                "without `pdf`"
            )
        return path.with_suffix(".pdf").read_bytes()


def _first_error(log: Path) -> str:
    if not log.exists():
        return "no log was written"
    found = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.startswith("!")]
    return found[0] if found else "see its log"
