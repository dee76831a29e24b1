"""MNIST: where its files are looked for, what is refused, the download from a server started here, the real files."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from symgeo.data import load, mnist
from symgeo.errors import DataError


def images(count: int) -> bytes:
    return gzip.compress(struct.pack(">4I", 2051, count, 28, 28) + bytes(count * 784), compresslevel=1)


def labels(values: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(">2I", 2049, len(values)) + values.astype(np.uint8).tobytes())


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Files of the right form and size: black images, labels 0, 1, ..., 9, 0, ..."""
    return {
        mnist.TRAIN_IMAGES: images(60_000),
        mnist.TRAIN_LABELS: labels(np.arange(60_000) % 10),
        mnist.TEST_IMAGES: images(10_000),
        mnist.TEST_LABELS: labels(np.arange(10_000) % 10),
    }


@pytest.fixture
def folder(tmp_path, files) -> Path:
    home = tmp_path / "data" / "mnist"
    home.mkdir(parents=True)
    for name, content in files.items():
        (home / name).write_bytes(content)
    return home


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """No test here sees the user's folder or cache, or the network."""
    monkeypatch.delenv(mnist.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def load_small(folder=None):
    return load("mnist", folder, dtype=np.float32)


def test_the_folder_or_its_parent_can_be_named(folder, monkeypatch):
    assert load_small(folder).train.inputs.shape == (60_000, 784)
    assert load_small(folder.parent).test.labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    monkeypatch.setenv(mnist.VARIABLE, str(folder.parent))
    assert load_small().source == str(folder)


def test_the_argument_goes_before_the_variable(folder, tmp_path, monkeypatch):
    monkeypatch.setenv(mnist.VARIABLE, str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"`folder`: neither .*empty nor .*mnist holds"):
        load_small(tmp_path / "empty")


def test_a_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"`folder`: .*nowhere is no folder"):
        load_small(tmp_path / "nowhere")
    monkeypatch.setenv(mnist.VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"\$SYMGEO_DATA: .*nowhere is no folder"):
        load_small()


def test_a_missing_file_is_named(folder):
    (folder / mnist.TEST_LABELS).unlink()
    with pytest.raises(DataError, match=f"lacks {mnist.TEST_LABELS}$"):
        load_small(folder)


def test_a_truncated_file_is_named(folder, files):
    (folder / mnist.TEST_LABELS).write_bytes(files[mnist.TEST_LABELS][:-20])
    with pytest.raises(DataError, match=f"{mnist.TEST_LABELS}: the gzip file is truncated"):
        load_small(folder)


@pytest.mark.parametrize(
    ("name", "content_of", "message"),
    [
        (mnist.TRAIN_LABELS, mnist.TRAIN_IMAGES, "expected an IDX file of labels .* found images"),
        (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, "expected an IDX file of images .* found labels"),
        (mnist.TRAIN_LABELS, mnist.TEST_LABELS, "announces 10000 values, but 60000 belong here"),
        (mnist.TRAIN_IMAGES, mnist.TEST_IMAGES, "announces 10000 x 28 x 28 values, but 60000 x 28 x 28 belong here"),
    ],
)
def test_swapped_files_are_named(folder, files, name, content_of, message):
    (folder / name).write_bytes(files[content_of])
    with pytest.raises(DataError, match=f"{name}: .*{message}"):
        load_small(folder)


def test_a_label_out_of_range_is_named(folder):
    values = np.arange(60_000) % 10
    values[1234] = 10
    (folder / mnist.TRAIN_LABELS).write_bytes(labels(values))
    with pytest.raises(DataError, match=f"{mnist.TRAIN_LABELS}: label 10 of image 1234 is no digit"):
        load_small(folder)


def test_without_a_network_the_cure_is_named(tmp_path):
    with pytest.raises(DataError, match="where there is no network, copy the four") as caught:
        load_small()
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "cache") in str(caught.value)


def test_a_folder_of_other_data_does_not_stand_in_the_way(tmp_path, monkeypatch):
    (tmp_path / "data" / "cifar").mkdir(parents=True)
    monkeypatch.setenv(mnist.VARIABLE, str(tmp_path / "data"))
    with pytest.raises(DataError, match="could not be downloaded"):
        load_small()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(folder, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(mnist, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("mirror")
def test_a_download_is_checked_kept_and_not_repeated(files, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist, "OFFICIAL", {name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
    data = load_small()
    assert data.source == str(tmp_path / "cache" / "symgeo" / "mnist")
    monkeypatch.setattr(mnist, "MIRRORS", ())
    np.testing.assert_array_equal(load_small().train.labels, load_small(folder).train.labels)


@pytest.mark.usefixtures("mirror")
def test_a_download_with_another_checksum_is_refused_and_not_kept(tmp_path):
    with pytest.raises(DataError, match=f"{mnist.TRAIN_IMAGES} could not be downloaded .*its checksum differs"):
        load_small()
    assert not list((tmp_path / "cache").rglob("*.gz"))


REAL = os.environ.get(mnist.VARIABLE)
HERE = REAL is not None and any(
    all((home / name).exists() for name in mnist.OFFICIAL) for home in (Path(REAL), Path(REAL) / "mnist")
)


@pytest.mark.skipif(not HERE, reason="SYMGEO_DATA names no folder with MNIST's four files")
def test_the_real_files():
    assert REAL is not None
    data = load_small(REAL)
    # How often each digit occurs in either part, as counted by others since 1998.
    assert np.bincount(data.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    # The mean and standard deviation of the training pixels that everybody normalises by.
    assert data.train.inputs.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert data.train.inputs.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
