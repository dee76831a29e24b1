"""The report: whole, self-contained, and honest where something is missing."""

import re
import shutil
from html.parser import HTMLParser

import pytest

from symgeo import report
from symgeo.crosscheck import Row

# Two derivations stand for all: their own tests write each.
DERIVATIONS = ("shallow-network", "infinite-width")


class Page(HTMLParser):
    """Tags that are opened and closed, addresses that are asked for, ids that are linked to."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.ids, self.tags = [], [], set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.add(tag)
        self.addresses += [attrs[key] for key in ("src", "href") if key in attrs]
        self.ids.add(attrs.get("id"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report without TeX, on the digits: what a machine with nothing but Python can make."""
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        which, listed = shutil.which, report.scripts
        patch.setattr(report, "scripts", lambda kind: DERIVATIONS if kind == "derivations" else listed(kind))
        patch.setattr(shutil, "which", lambda name, *a, **k: None if name == "latexmk" else which(name, *a, **k))
        return folder, report.write_report(folder, data="digits")


def test_without_tex_it_succeeds_and_names_the_packages(written):
    folder, outcome = written
    assert outcome.holds
    assert "texlive-latex-recommended" in outcome.summary
    assert not list(folder.glob("0*.pdf"))


def test_page_is_whole_and_self_contained(written):
    folder, outcome = written
    text = outcome.page.read_text()
    page = Page(text)
    assert page.open == []
    assert {"math", "table", "figure", "pre"} <= page.tags
    assert not page.tags & {"script", "link", "iframe"}
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.ids
        elif not address.startswith("data:image/png;base64,"):
            assert (folder / address).is_file()
    assert "texlive-latex-recommended" in text
    assert text.count('class="equation"') == len(re.findall(r'class="number"', text)) > 80


def test_files_beside_the_page(written):
    folder, _ = written
    names = {path.name for path in folder.iterdir()}
    assert {
        "index.html",
        "crosscheck.json",
        "03_shallow_network.tex",
        "04_infinite_width.json",
        "sinusoid.pdf",
    } <= names
    assert len(list((folder / "kernels").glob("*.py"))) == 16
    assert not list(folder.rglob("*.partial"))


def test_a_failed_comparison_is_red():
    good = Row("wide erf", "matrix", "quadrature", "quadrature", 1e-15, 3)
    bad = Row("wide erf", "ricci", "quadrature", "quadrature", 1e-3, 3)
    text = report._comparisons([good, bad])
    assert '<td class="n ok">1.0e-15</td>' in text
    assert '<td class="n fail">1.0e-03</td>' in text
