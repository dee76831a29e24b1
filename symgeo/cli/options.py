"""Options that several commands share, and what is done with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from tqdm import tqdm

from symgeo.errors import DataError, InputError

Item = TypeVar("Item")


class Preset(StrEnum):
    """How long a training takes."""

    quick = "quick"
    paper = "paper"


def _existing(folder: Path | None) -> Path | None:
    """Look before anything is computed; which files are there is for the dataset to say."""
    if folder is None:
        return None
    try:
        there = folder.expanduser().is_dir()
    except RuntimeError:
        raise InputError(f"`--data-folder` {folder} names no user's home; give a whole path") from None
    if not there:
        raise InputError(f"`--data-folder` {folder} is no folder; name one that holds the images' files")
    return folder


Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write into; made if need be.")]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data-folder",
        callback=_existing,
        help="Folder of the images' files; else $SYMGEO_DATA, the cache, or a download.",
    ),
]
Data = Annotated[str | None, typer.Option("--data", help='"digits" trains mnist on the digits that are always there.')]
Jobs = Annotated[int, typer.Option(help="How many trainings at a time, each in a process of its own.")]


def made_folder(path: Path) -> Path:
    """The folder itself, made where it was missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"`--output` {path} cannot be made ({error.strerror}); choose another place") from None
    return path


def checked_file(path: Path | None, option: str, *endings: str) -> None:
    """Refuse what cannot be a file to write, before anything is computed; folders of files are not made.

    Raises:
        InputError: another ending than those, a folder, or a place in a folder that is not there.
    """
    if path is None:
        return
    if endings and path.suffix not in endings:
        raise InputError(f"`{option}` must end in {' or '.join(endings)}, not {str(path)!r}")
    if path.is_dir():
        raise InputError(f"`{option}` {path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"`{option}` {path}: there is no folder {path.parent}; make it, or choose another place")


@contextmanager
def as_typed(**options: str) -> Iterator[None]:
    """What goes wrong in a command about an argument, `path` say, is said about the option, `--output`."""
    try:
        yield
    except (InputError, DataError) as error:
        # Of data files the folder is one option everywhere; of runs it has several names.
        known = options | {"folder": "--data-folder"} if isinstance(error, DataError) else options
        text = re.sub(r"`(\w+)`", lambda found: f"`{known.get(found[1], found[1])}`", str(error))
        raise type(error)(text) from None


def progress_bar(items: Iterable[Item], title: str) -> Iterable[Item]:
    """The same items, with a bar that says how many are done."""
    return tqdm(items, desc=title, unit="", disable=None)
