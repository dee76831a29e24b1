"""The IDX format, gzipped, as MNIST's authors publish it.

Big-endian: two zero bytes, a byte for the type (0x08: unsigned byte), a byte for the number of axes, four bytes for the
length of each axis, then the values. Images are magic number 2051 (three axes), labels 2049 (one axis).
Source: http://yann.lecun.com/exdb/mnist/, "File formats for the MNIST database".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from symgeo.errors import DataError

_UNSIGNED_BYTE = 0x08
_KINDS = {0x0803: "images (magic number 2051)", 0x0801: "labels (magic number 2049)"}


def read_idx(path: Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "*shape"]:
    """The array of unsigned bytes in a gzipped IDX file, which must have the given shape.

    Args:
        path: the .gz file.
        shape: the lengths of the axes that the file must announce, and hold.

    Raises:
        DataError: the file is missing, no gzip file, truncated, longer than it announces, of another kind, or of
            another shape.
    """
    length = math.prod(shape)
    try:
        with gzip.open(path, "rb") as stream:
            _check_magic(path, stream.read(4), axes=len(shape))
            sizes = stream.read(4 * len(shape))
            if len(sizes) < 4 * len(shape):
                raise DataError(f"{path}: the file ends inside its header: it is damaged, fetch it again")
            announced = tuple(int(n) for n in np.frombuffer(sizes, dtype=">u4"))
            if announced != shape:
                raise DataError(
                    f"{path}: the file announces {_times(announced)} values, but {_times(shape)} belong here: "
                    "files were swapped, or it is another dataset's"
                )
            values = stream.read(length)
            # Read past the end: it decompresses the trailer, so that gzip compares the checksum too.
            surplus = stream.read(1)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except EOFError:
        raise DataError(f"{path}: the gzip file is truncated: fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: not a sound gzip file ({error}): fetch it again") from None
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(values) != length or surplus:
        came = f"more than {length}" if surplus else str(len(values))
        raise DataError(f"{path}: {length} values are announced, but {came} came: the file is damaged, fetch it again")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def _check_magic(path: Path, head: bytes, axes: int) -> None:
    expected = _UNSIGNED_BYTE << 8 | axes
    found = int.from_bytes(head, "big")
    if len(head) == 4 and found == expected:
        return
    wanted = _KINDS.get(expected, f"magic number {expected}")
    came = _KINDS.get(found, f"magic number {found}") if len(head) == 4 else f"{len(head)} bytes in all"
    raise DataError(f"{path}: expected an IDX file of {wanted}, found {came}: files were swapped, or it is no IDX file")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) if shape else "no"
