"""Options that several commands share, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from tqdm import tqdm

from symgeo.errors import InputError

Item = TypeVar("Item")


class Preset(StrEnum):
    """How long a training takes."""

    quick = "quick"
    paper = "paper"


Output = Annotated[Path, typer.Option("--output", "-o", help="Folder to write into; made if need be.")]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data-folder", help="Folder of the images' files; else $SYMGEO_DATA, the cache, or a download."),
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


def progress_bar(items: Iterable[Item], title: str) -> Iterable[Item]:
    """The same items, with a bar that says how many are done."""
    return tqdm(items, desc=title, unit="", disable=None)
