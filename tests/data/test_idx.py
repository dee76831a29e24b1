"""The IDX reader against files written here by the format's own description."""

from __future__ import annotations

import gzip
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from symgeo.data.idx import read_idx
from symgeo.errors import DataError


def idx(array: np.ndarray) -> bytes:
    """The array as the format says: zero, zero, type, axes; lengths; values."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "file.gz"
    path.write_bytes(content)
    return path


IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
LABELS = np.arange(5, dtype=np.uint8)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=6)))
def test_what_is_written_is_read(array):
    with tempfile.TemporaryDirectory() as folder:
        np.testing.assert_array_equal(read_idx(saved(Path(folder), gzip.compress(idx(array))), array.shape), array)


@pytest.mark.parametrize("length", range(0, len(gzip.compress(idx(IMAGES))), 3))
def test_a_file_cut_anywhere_is_refused(tmp_path, length):
    with pytest.raises(DataError, match=r"file\.gz: ") as caught:
        read_idx(saved(tmp_path, gzip.compress(idx(IMAGES))[:length]), IMAGES.shape)
    assert "\n" not in str(caught.value)


def test_no_flipped_bit_is_ever_read_as_other_values(tmp_path):
    """Bits that mean nothing (a date, the padding of the last byte) may flip; all others are noticed."""
    sound = gzip.compress(idx(IMAGES), mtime=0)
    noticed = 0
    for position in range(len(sound)):
        for bit in range(8):
            content = bytearray(sound)
            content[position] ^= 1 << bit
            try:
                array = read_idx(saved(tmp_path, bytes(content)), IMAGES.shape)
            except DataError:
                noticed += 1
            else:
                np.testing.assert_array_equal(array, IMAGES)
    # Meaningless: six bytes of date, level and system, at most a byte of flags, fewer than 8 bits of padding.
    assert noticed >= 8 * (len(sound) - 6) - 16


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(idx(LABELS)), r"expected an IDX file of images \(magic number 2051\), found labels .* swapped"),
        (gzip.compress(b"\x00\x00\x0d\x03" + idx(IMAGES)[4:]), "found magic number 3331"),
        (gzip.compress(idx(IMAGES[:4])), "announces 4 x 4 x 3 values, but 5 x 4 x 3 belong here"),
        (gzip.compress(idx(IMAGES)[:-1]), "60 values are announced, but 59 came"),
        (gzip.compress(idx(IMAGES) + b"\x00"), "60 values are announced, but more than 60 came"),
        (gzip.compress(b"\x00\x00"), "found 2 bytes in all"),
        (gzip.compress(idx(IMAGES)[:9]), "ends inside its header"),
        (idx(IMAGES), "not a sound gzip file"),
        (b"<html>404 Not Found</html>", "not a sound gzip file"),
        (b"", r"found 0 bytes in all|truncated"),
    ],
    # gzip writes the time into the content, which makes no name for a test.
    ids=[
        "swapped",
        "magic",
        "other sizes",
        "short",
        "long",
        "two bytes",
        "half a header",
        "not zipped",
        "a page",
        "empty",
    ],
)
def test_another_file_is_named_with_what_it_is(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_idx(saved(tmp_path, content), IMAGES.shape)


def test_images_in_place_of_labels_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected an IDX file of labels .* found images"):
        read_idx(saved(tmp_path, gzip.compress(idx(IMAGES))), LABELS.shape)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.gz: no such file"):
        read_idx(tmp_path / "nothing.gz", (5,))
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path, (5,))
