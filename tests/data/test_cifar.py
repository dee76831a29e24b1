"""CIFAR-10: the layout of a record, where the files are looked for, what is refused, the download, the real files."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import os
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from symgeo.data import cifar, load
from symgeo.data.official import VARIABLE
from symgeo.errors import DataError

RECORDS = 20


def batch(seed: int, records: int = RECORDS) -> bytes:
    random = np.random.default_rng(seed)
    content = random.integers(0, 256, (records, cifar.RECORD), dtype=np.uint8)
    content[:, 0] = np.arange(records) % 10
    return content.tobytes()


@pytest.fixture
def folder(tmp_path) -> Path:
    home = tmp_path / "data" / cifar.FOLDER
    home.mkdir(parents=True)
    for seed, name in enumerate(cifar.OFFICIAL):
        (home / name).write_bytes(batch(seed))
    return home


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No test here sees the user's folder or cache, or the network."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(cifar, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_record_is_a_label_and_three_planes(folder):
    data = load("cifar10", folder, dtype=np.float32)
    assert data.train.inputs.shape == (5 * RECORDS, 3072)
    assert data.train.inputs.dtype == np.float32
    assert data.shape == (3, 32, 32)
    raw = (folder / "data_batch_2.bin").read_bytes()
    image = data.train.inputs[RECORDS + 3].reshape(3, 32, 32)
    for channel, row, column in ((0, 0, 1), (1, 5, 31), (2, 31, 0)):
        byte = raw[3 * 3073 + 1 + 1024 * channel + 32 * row + column]
        assert image[channel, row, column] == pytest.approx(byte / 255, rel=1e-7)
    assert data.train.labels[RECORDS + 3] == raw[3 * 3073]
    assert data.test.labels.tolist() == [*range(10), *range(10)]
    assert data.classes[1] == "automobile"


@pytest.mark.parametrize("place", ["", "cifar10", "cifar10-jpeg-subset"])
def test_the_folder_and_what_is_above_it_can_be_named(folder, tmp_path, monkeypatch, place):
    if place:
        (tmp_path / "data" / place).mkdir()
        folder = folder.rename(tmp_path / "data" / place / cifar.FOLDER)
    words = f"CIFAR-10 subset, {5 * RECORDS} + {RECORDS} images" + (", JPEG-recompressed" if "jpeg" in place else "")
    for named in (folder, tmp_path / "data"):
        assert load("cifar10", named).variant == words
    monkeypatch.setenv(VARIABLE, str(tmp_path / "data"))
    assert load("cifar10").source == str(folder)


def test_what_is_missing_is_named(folder, tmp_path):
    (folder / "data_batch_4.bin").unlink()
    with pytest.raises(DataError, match=r"holds some of CIFAR-10's files but lacks data_batch_4\.bin$"):
        load("cifar10", folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"`folder`: neither .* nor .*cifar-10-batches-bin nor .* holds CIFAR-10's"):
        load("cifar10", tmp_path / "empty")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda old: old[:-20], "61,440 bytes are no whole number of records of 3,073: the file is truncated"),
        (lambda old: b"", "0 bytes are no whole number"),
        (lambda old: old[:-3073], "19 records, but 20 in the other files: it is truncated"),
        (lambda old: batch(0), "the same as data_batch_3.bin, byte for byte|the same as data_batch_1.bin"),
        (lambda old: b"\x0a" + old[1:], "label 10 of record 0 is not between 0 and 9"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named(folder, content, message):
    path = folder / "data_batch_3.bin"
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(DataError, match=message) as caught:
        load("cifar10", folder)
    assert "data_batch_" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_official_files_in_each_others_place_are_named(folder, monkeypatch):
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in cifar.OFFICIAL}
    monkeypatch.setattr(cifar, "OFFICIAL", found)
    assert load("cifar10", folder).variant == ""
    (folder / "test_batch.bin").rename(folder / "other")
    (folder / "data_batch_2.bin").rename(folder / "test_batch.bin")
    (folder / "other").rename(folder / "data_batch_2.bin")
    with pytest.raises(DataError, match=r"data_batch_2\.bin: this is test_batch\.bin by its checksum: .* swapped"):
        load("cifar10", folder)


def test_without_a_network_the_cure_is_named(tmp_path):
    with pytest.raises(DataError, match=r"where there is no network, unpack cifar-10-binary\.tar\.gz in") as caught:
        load("cifar10")
    assert str(tmp_path / "cache") in str(caught.value)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def archive(folder, tmp_path, monkeypatch):
    """A server with an archive of the six files and one more, whose checksum is taken for the official one."""
    home = tmp_path / "served"
    home.mkdir()
    with tarfile.open(home / cifar.ARCHIVE, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, f"{cifar.FOLDER}/{path.name}")
        extra = tarfile.TarInfo("../outside")
        extra.size = 3
        tar.addfile(extra, io.BytesIO(b"bad"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(home)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(cifar, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
    yield home / cifar.ARCHIVE
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_is_checked_unpacked_and_not_repeated(archive, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "ARCHIVE_SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    data = load("cifar10", dtype=np.float32)
    cache = tmp_path / "cache" / "symgeo" / "cifar10"
    assert data.source == str(cache / cifar.FOLDER)
    assert sorted(p.name for p in cache.rglob("*") if p.is_file()) == sorted(cifar.OFFICIAL)  # nothing else came out
    monkeypatch.setattr(cifar, "MIRRORS", ())
    np.testing.assert_array_equal(load("cifar10").train.labels, load("cifar10", folder).train.labels)


@pytest.mark.usefixtures("archive")
def test_a_download_with_another_checksum_is_refused_and_not_kept(tmp_path):
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz could not be downloaded .*its checksum differs"):
        load("cifar10")
    assert not list((tmp_path / "cache").rglob("*.bin"))


REAL = os.environ.get(VARIABLE)
HERE = REAL is not None and any(Path(REAL).rglob(f"{cifar.FOLDER}/test_batch.bin"))


@pytest.mark.skipif(not HERE, reason="SYMGEO_DATA names no folder with CIFAR-10's six files")
def test_the_real_files():
    assert REAL is not None
    data = load("cifar10", REAL, dtype=np.float32)
    for part in (data.train, data.test):
        assert len(set(np.bincount(part.labels).tolist())) == 1  # as many of each class
    pixels = data.train.inputs.reshape(-1, 3, 1024)
    # The means and deviations that everybody standardises by; a subset is off by its sampling error.
    np.testing.assert_allclose(pixels.mean((0, 2), dtype=np.float64), [0.4914, 0.4822, 0.4465], atol=4e-3)
    np.testing.assert_allclose(pixels.std((0, 2), dtype=np.float64), [0.2470, 0.2435, 0.2616], atol=4e-3)
