"""The main job, end to end: derive, generate, train, cross-check, draw; and one page that shows it all.

The page is self-contained: equations as MathML, figures inline, no script and nothing to fetch. Beside it lie the .tex,
PDFs, kernels, pictures and JSON that it speaks of.
"""

from __future__ import annotations

import base64
import html
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

import symgeo
from symgeo import models, plots
from symgeo.codegen import Kernel, generate
from symgeo.crosscheck import Row, crosscheck, failures, trained_runs, write_json
from symgeo.derivation import Derivation, Paths, Result
from symgeo.errors import InputError
from symgeo.scripts import load, scripts
from symgeo.storing import store

KERNEL_QUANTITIES = ("matrix", "log_volume_element", "christoffel", "scalar_curvature")


@dataclass(frozen=True)
class Outcome:
    """What the report found: whether all comparisons hold, and the lines that say so."""

    page: Path
    holds: bool
    summary: str


@dataclass
class _Parts:
    """What is gathered on the way, for the page."""

    derivations: list[tuple[Derivation, Sequence[Result], Paths]] = field(default_factory=list)
    kernels: list[tuple[str, Kernel, Path]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    figures: list[tuple[str, str, Path]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_report(folder: Path, data: str | None = None, data_folder: Path | None = None) -> Outcome:
    """Run the main job into `folder` and write `folder`/index.html.

    Args:
        folder: an existing folder; earlier trainings in it are gone on with, all else is written anew.
        data: "digits" instead of MNIST; None takes MNIST where it can be had, else the digits, and says so.
        data_folder: of MNIST's files, as for `symgeo.data.load`.

    Raises:
        CheckFailed: an equation does not hold.
        SymgeoError: a file cannot be read or written.
    """
    start = time.monotonic()
    parts = _Parts()
    if data is not None:
        models.experiment_config("mnist", data=data)  # a wrong name is refused before any work
    stages = (
        ("derive", lambda: _derive(folder, parts)),
        ("generate", lambda: _generate(folder, parts)),
        ("train and cross-check", lambda: _crosscheck(folder, parts, data, data_folder)),
        ("draw", lambda: _draw(folder, parts)),
    )
    for number, (title, stage) in enumerate(stages, start=1):
        tqdm.write(f"{number}/{len(stages)} {title}")
        stage()
    seconds = time.monotonic() - start
    page = store(folder / "index.html", _page(parts, seconds))
    bad = failures(parts.rows)
    equations = sum(len(results) for _, results, _ in parts.derivations)
    summary = "\n".join(
        [
            *parts.notes,
            f"{equations} equations checked; {len(parts.rows)} comparisons, {len(bad)} of which do not hold; "
            f"{seconds:.0f} s",
            f"the page: {page}",
        ]
    )
    return Outcome(page, not bad, summary)


def _derive(folder: Path, parts: _Parts) -> None:
    pdf = True
    for name in tqdm(list(scripts("derivations")), desc="derivations", disable=None):
        derivation = load("derivations", name).derivation()
        results = derivation.check()
        try:
            paths = derivation.write(folder, pdf=pdf)
        except InputError as error:
            if not pdf or "needs TeX" not in str(error):
                raise
            # Without TeX the report still stands; the message names the packages that PDFs take.
            pdf = False
            parts.notes.append(f"no PDFs: {error}")
            paths = derivation.write(folder)
        parts.derivations.append((derivation, results, paths))


def _generate(folder: Path, parts: _Parts) -> None:
    kernels = folder / "kernels"
    kernels.mkdir(exist_ok=True)
    networks = {
        "wide erf": symgeo.WideNetwork("erf"),
        "shallow sigmoid": symgeo.ShallowNetwork("sigmoid", inputs=2, width=2),
    }
    jobs = [(n, q, b) for n in networks for q in KERNEL_QUANTITIES for b in ("numpy", "torch")]
    for name, quantity, backend in tqdm(jobs, desc="kernels", disable=None):
        kernel = generate(getattr(networks[name].metric, quantity), backend)
        path = kernel.save(kernels / f"{name.replace(' ', '_')}_{quantity}_{backend}.py")
        parts.kernels.append((name, kernel, path))


def _crosscheck(folder: Path, parts: _Parts, data: str | None, data_folder: Path | None) -> None:
    trained = trained_runs(folder / "runs", data, data_folder)
    parts.notes += trained.notes
    rows = crosscheck(trained.sinusoid, trained.images, data_folder)
    parts.rows = list(tqdm(rows, desc="comparisons", unit="", disable=None))
    write_json(parts.rows, folder / "crosscheck.json")


def _draw(folder: Path, parts: _Parts) -> None:
    for name, path in tqdm(scripts("figures").items(), desc="figures", disable=None):
        script = load("figures", name)
        if not script.IN_REPORT:
            continue
        runs = [models.default_folder(models.experiment_config(e), folder / "runs") for e in script.EXPERIMENTS]
        for experiment, run in zip(script.EXPERIMENTS, runs, strict=True):
            if not (run / "config.json").exists():
                models.train(experiment, folder=run)
        files = plots.save(script.draw(*runs), folder / path.stem)
        title, _, _ = (script.__doc__ or name).strip().partition("\n\n")
        parts.figures.append((title, script.CAPTION, next(file for file in files if file.suffix == ".png")))


# -- the page ------------------------------------------------------------------------------------------------------


_STYLE = """
:root { --ink: #1c2330; --soft: #5b6575; --line: #d9dee6; --accent: #7a1f5c; --good: #1d6b46; --bad: #b3261e; }
* { box-sizing: border-box; }
body { font: 16px/1.6 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.4rem; margin: 3rem 0 .8rem; padding-top: 1.2rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.8rem 0 .4rem; }
p, li { max-width: 46rem; } a { color: var(--accent); } .soft, figcaption { color: var(--soft); font-size: .9rem; }
nav { font-size: .95rem; margin: 1rem 0; } nav a { margin-right: 1.2rem; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem 2rem;
  margin: 1.6rem 0; padding: 0; list-style: none; font-size: .9rem; line-height: 1.4; }
.numbers b { display: block; font-size: 1.7rem; line-height: 1.2; }
.note { border-left: 4px solid #c98a00; background: #fff7e5; padding: .6rem 1rem; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; width: 100%; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.ok { color: var(--good); } .fail { color: var(--bad); font-weight: 700; }
pre { background: #f6f7f9; padding: 1rem; overflow-x: auto; font-size: .8rem; line-height: 1.45; }
code { font-size: .88em; } summary { cursor: pointer; padding: .25rem 0; }
.derivation h2 { border: 0; padding: 0; margin-top: 2rem; } .derivation .abstract { color: var(--soft); }
.equation { display: grid; grid-template-columns: minmax(0, 1fr) 2.6rem 11rem; gap: .8rem; align-items: center;
  margin: .9rem 0; } .equation math { overflow-x: auto; overflow-y: hidden; padding: .35rem 0; }
.equation mtd:first-child { text-align: right; } .equation mtd + mtd { text-align: left; }
math { font-size: 1.08em; }
.equation .number { text-align: right; } .equation .check { font-size: .78rem; line-height: 1.35; color: var(--good); }
@media (max-width: 46rem) { .equation { grid-template-columns: 1fr 2.6rem; } .equation .check { grid-column: 1 / 3; } }
"""


def _page(parts: _Parts, seconds: float) -> str:
    strongest = Counter(_strongest(r) for _, results, _ in parts.derivations for r in results)
    checked = sum(strongest.values())
    bad = len(failures(parts.rows))
    verdict = "all hold" if not bad else f"{bad} do not hold"
    numbers = [
        (str(checked), "numbered equations: " + ", ".join(_counted(kind, k) for kind, k in strongest.most_common())),
        (str(len(parts.rows)), f"comparisons of closed forms, {verdict}"),
        (str(len(parts.kernels)), "kernels generated, for NumPy and torch"),
        (f"{seconds:.0f} s", "from nothing to this page"),
    ]
    body = [
        "<h1>The geometry of neural networks, derived and checked</h1>",
        "<p>A network&rsquo;s feature map pulls a metric back to its inputs. Below: that metric and its curvature in "
        "closed form, every equation checked by machine; the numeric kernels generated from them; the kernels held "
        "against independent computations and against networks trained on data; and what training does to the volume "
        "element.</p>",
        '<nav><a href="#figures">Figures</a><a href="#comparisons">Comparisons</a><a href="#kernels">Kernels</a>'
        '<a href="#derivations">Derivations</a></nav>',
        '<ul class="numbers">' + "".join(f"<li><b>{b}</b>{_escape(text)}</li>" for b, text in numbers) + "</ul>",
        *(f'<p class="note">{_escape(note[:1].upper() + note[1:])}.</p>' for note in parts.notes),
        '<h2 id="figures">Figures</h2>',
        *(_figure(*figure) for figure in parts.figures),
        '<h2 id="comparisons">Comparisons</h2>',
        _comparisons(parts.rows),
        '<h2 id="kernels">Kernels</h2>',
        "<p>Each file runs alone: it imports its array library and nothing else.</p>",
        *(_kernels(name, list(group)) for name, group in groupby(parts.kernels, key=lambda kernel: kernel[0])),
        '<h2 id="derivations">Derivations</h2>',
        "<p>Beside each equation stands how it was checked. The same as LaTeX and PDF: "
        + "; ".join(_files(paths) for _, _, paths in parts.derivations)
        + ".</p>",
        *(derivation.html() for derivation, _, _ in parts.derivations),
        f'<p class="soft">symgeo {symgeo.__version__}</p>',
    ]
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>symgeo report</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    return head + "\n".join(body) + "\n</main>\n</body>\n</html>\n"


def _strongest(result: Result) -> str:
    """The strongest way in which an equation was checked; "exact" alone is a proof in every size."""
    kinds = ["exact at sizes" if e.kind == "exact" and e.sizes else e.kind for e in result.evidence]
    order = ("definition", "exact", "exact at sizes", "50 digits", "quadrature", "Monte Carlo")
    return min(kinds, key=order.index)


def _counted(kind: str, count: int) -> str:
    """How many equations were checked in a way, in words."""
    words = {
        "definition": "definitions",
        "exact": "proved",
        "exact at sizes": "exact at the sizes in the margin",
        "50 digits": "checked to 50 digits",
        "quadrature": "by quadrature",
        "Monte Carlo": "by Monte Carlo",
    }
    return f"{count} {words[kind]}"


def _figure(title: str, text: str, path: Path) -> str:
    picture = base64.b64encode(path.read_bytes()).decode()
    caption = f"<b>{_escape(title)}</b> {_escape(text)}"
    return (
        f'<figure><img alt="{_escape(title)}" src="data:image/png;base64,{picture}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _comparisons(rows: Sequence[Row]) -> str:
    """One line for each network and reference, one column for each quantity."""
    quantities = list(dict.fromkeys(row.quantity for row in rows))
    head = "<th>Network</th><th>Held against</th>"
    head += "".join(f'<th class="n">{_escape(quantity.replace("_", " "))}</th>' for quantity in quantities)
    lines = []
    for (subject, against), group in groupby(rows, key=lambda row: (row.subject, row.against)):
        of = {row.quantity: row for row in group}
        first = next(iter(of.values()))
        cells = f"<td>{_escape(subject)}</td><td>{_escape(against)}, {first.points} points</td>"
        cells += "".join(_deviation(of.get(quantity)) for quantity in quantities)
        limit = f"{first.limit:.0e}" if first.measure == "relative error" else f"|z| {first.limit}"
        lines.append(f'<tr>{cells}<td class="n">{limit}</td></tr>')
    explained = (
        "<p>Each number is a deviation of a closed form from the other computation: a relative error, the largest over "
        "points and components; or the largest z-score, where the other side is a Monte Carlo mean. Beyond the limit a "
        "comparison fails, and is shown in red.</p>"
    )
    table = f'<tr>{head}<th class="n">limit</th></tr>{"".join(lines)}'
    return f'{explained}<div class="scroll"><table>{table}</table></div>'


def _deviation(row: Row | None) -> str:
    if row is None:
        return '<td class="n soft">–</td>'
    value = f"{row.deviation:.1e}" if row.measure == "relative error" else f"|z| {row.deviation:.1f}"
    # Below the last digit of a double there is nothing to tell apart.
    if row.measure == "relative error" and row.deviation < 1e-17:
        value = "0"
    return f'<td class="n {"ok" if row.passed else "fail"}">{value}</td>'


def _kernels(name: str, kernels: list[tuple[str, Kernel, Path]]) -> str:
    items = [
        f"<details><summary><code>kernels/{path.name}</code></summary><pre>{_escape(kernel.source)}</pre></details>"
        for _, kernel, path in kernels
    ]
    return f"<h3>{_escape(name[:1].upper() + name[1:])} network</h3>{''.join(items)}"


def _files(paths: Paths) -> str:
    present = [path for path in (paths.tex, paths.pdf, paths.json) if path is not None]
    return ", ".join(f'<a href="{path.name}">{path.name}</a>' for path in present)


def _escape(text: str) -> str:
    return html.escape(text)
