"""CIFAR-10: 50,000 + 10,000 photographs of 32 x 32 pixels in ten classes (Krizhevsky, 2009), in the binary version.

A file is a row of records of 1 + 3,072 bytes: the label, then the red, the green and the blue plane, each row by row.
Five files to learn from and one kept apart, of 10,000 records each; subsets have fewer, all six alike. Where the files
are looked for is said in `symgeo.data.official`. Files that are not the official ones, by their SHA-256, are another
`variant`: a subset, or re-packed; what a folder's name says of JPEG is passed on.

Source: https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
"""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from symgeo.data.dataset import Dataset, Part
from symgeo.data.official import VARIABLE, cache_folder, download, named_home
from symgeo.errors import DataError
from symgeo.storing import store

SHAPE = (3, 32, 32)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-bin"
ARCHIVE = "cifar-10-binary.tar.gz"
MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)

# SHA-256 as TensorFlow Datasets and torchvision's relatives pin them; the archive's MD5 is on the authors' page.
ARCHIVE_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
OFFICIAL = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}
PIXELS = 3 * 32 * 32
RECORD = 1 + PIXELS


def load_cifar10(folder: str | Path | None = None, dtype: DTypeLike = np.float64) -> Dataset:
    """CIFAR-10 as rows of 3,072 pixels in [0, 1]: the red plane, the green, the blue, each row by row.

    Args:
        folder: where the six files lie, or a folder `cifar-10-batches-bin` of them, itself perhaps in `cifar10` or
            `cifar10-jpeg-subset`; `None` looks in $SYMGEO_DATA, then in the cache, then downloads.
        dtype: of the inputs. All of CIFAR-10 is 1.5 GB in float64 and half of that in float32.

    Raises:
        DataError: a file is missing, damaged or not what its name says, or cannot be downloaded.
    """
    home = _home(folder)
    contents = {name: _read(home / name) for name in OFFICIAL}
    found = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    _check_places(home, found)
    _check_sizes(home, contents)
    *train, test = OFFICIAL
    return Dataset(
        name="cifar10",
        train=_part(home, train, contents, dtype),
        test=_part(home, [test], contents, dtype),
        classes=CLASSES,
        shape=SHAPE,
        source=str(home),
        variant="" if found == OFFICIAL else _variant(home, len(contents[test]) // RECORD),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None


def _check_places(home: Path, found: dict[str, str]) -> None:
    """That no file is another one under its name, which no size would tell."""
    true_name = {checksum: name for name, checksum in OFFICIAL.items()}
    for name, checksum in found.items():
        if true_name.get(checksum, name) != name:
            raise DataError(f"{home / name}: this is {true_name[checksum]} by its checksum: files were swapped")
        twin = next((other for other in found if other != name and found[other] == checksum), None)
        if twin is not None:
            raise DataError(f"{home / name}: the same as {twin}, byte for byte: one of them is in the wrong place")


def _check_sizes(home: Path, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        if not content or len(content) % RECORD:
            raise DataError(
                f"{home / name}: {len(content):,} bytes are no whole number of records of {RECORD:,}: the file is "
                "truncated, or no CIFAR-10 file of the binary version"
            )
    sizes = [len(content) for content in contents.values()]
    usual = max(sizes, key=sizes.count)
    for name, content in contents.items():
        if len(content) != usual:
            raise DataError(
                f"{home / name}: {len(content) // RECORD:,} records, but {usual // RECORD:,} in the other files: it is "
                "truncated, or files of different copies were mixed"
            )


def _part(home: Path, names: list[str], contents: dict[str, bytes], dtype: DTypeLike) -> Part:
    count = sum(len(contents[name]) for name in names) // RECORD
    inputs, labels = np.empty((count, PIXELS), dtype=dtype), np.empty(count, dtype=np.int64)
    start = 0
    for name in names:
        records = np.frombuffer(contents[name], dtype=np.uint8).reshape(-1, RECORD)
        wrong = np.flatnonzero(records[:, 0] >= len(CLASSES))
        if len(wrong):
            raise DataError(
                f"{home / name}: label {records[wrong[0], 0]} of record {wrong[0]} is not between 0 and 9: the file is "
                "damaged, or not of CIFAR-10"
            )
        where = slice(start, start := start + len(records))
        labels[where] = records[:, 0]
        np.divide(records[:, 1:], 255, out=inputs[where], casting="same_kind", dtype=inputs.dtype)
    return Part(inputs, labels)


def _variant(home: Path, records: int) -> str:
    if records < 10_000:
        words = f"CIFAR-10 subset, {5 * records:,} + {records:,} images"
    else:
        words = "CIFAR-10, not the official files"
    return f"{words}, JPEG-recompressed" if "jpeg" in f"{home.parent.name}/{home.name}".lower() else words


def _home(folder: str | Path | None) -> Path:
    """The folder that holds the six files: the one named, $SYMGEO_DATA, or the cache."""
    places = [FOLDER, f"cifar10/{FOLDER}", f"cifar10-jpeg-subset/{FOLDER}"]
    named = named_home("CIFAR-10", list(OFFICIAL), places, folder)
    if named is not None:
        return named
    cache = cache_folder("CIFAR-10", "cifar10")
    home = cache / FOLDER
    if not all((home / name).exists() for name in OFFICIAL):
        cure = f"unpack {ARCHIVE} in {cache}, or in a folder named by ${VARIABLE}"
        archive = download(MIRRORS, ARCHIVE, ARCHIVE_SHA256, cache, cure)
        _unpack(archive, home)
        archive.unlink()
    return home


def _unpack(archive: Path, home: Path) -> None:
    """The six files out of the archive, and nothing else, each whole or not at all."""
    home.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for name in OFFICIAL:
            stream = tar.extractfile(f"{FOLDER}/{name}")
            assert stream is not None  # a plain file, in an archive of known checksum
            store(home / name, stream.read())
