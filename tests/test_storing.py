"""Files are whole or not there."""

import pytest

from symgeo import storing
from symgeo.errors import InputError


def test_text_and_bytes_replace_what_was_there(tmp_path):
    path = tmp_path / "file"
    assert storing.store(path, "häuser") == path
    assert path.read_bytes() == "häuser".encode()
    storing.store(path, b"\x00")
    assert path.read_bytes() == b"\x00"


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    storing.store(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storing.os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); choose another place"):
        storing.store(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    storing.store(path, b"old")

    def stopped(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(storing.os, "fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        storing.store(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"`path` .*missing/file cannot be written \(No such file or directory\)"):
        storing.store(tmp_path / "missing" / "file", b"")
