"""Figures as files: the right formats, the same bytes each time, and nothing half-written."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.plots import save


def figure() -> Figure:
    drawn = Figure(figsize=(2, 1))
    drawn.subplots().plot([0, 1], [0, 1])
    return drawn


def test_both_files_are_what_their_names_say(tmp_path):
    pdf, png = save(figure(), tmp_path / "new" / "folder" / "name.of.figure")
    assert (pdf.name, png.name) == ("name.of.figure.pdf", "name.of.figure.png")
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in pdf.parent.iterdir()) == [pdf.name, png.name]


def test_the_same_figure_is_the_same_file(tmp_path):
    first, second = save(figure(), tmp_path / "a"), save(figure(), tmp_path / "b")
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_a_failure_while_drawing_leaves_what_was_there(tmp_path):
    (path,) = save(figure(), tmp_path / "a", formats=("png",))
    before = path.read_bytes()
    broken = figure()
    broken.axes[0].set_title("$\\unknown$")
    with pytest.raises(ValueError, match="unknown"):
        save(broken, tmp_path / "a", formats=("png",))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"`stem`: .*file/a\.pdf cannot be written"):
        save(figure(), tmp_path / "file" / "a")


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="`formats` must be of pdf, png, not 'bmp'"):
        save(figure(), tmp_path / "a", formats=("bmp",))
