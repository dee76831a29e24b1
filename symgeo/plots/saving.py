"""A figure as files, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from symgeo.errors import InputError
from symgeo.plots.style import STYLE

# Neither file names a date: the same figure drawn twice is the same file.
_OPTIONS = {
    "pdf": {"metadata": {"CreationDate": None}},
    "png": {"metadata": {"Software": None}, "pil_kwargs": {"optimize": True}},
}


def save(figure: Figure, stem: str | Path, formats: Sequence[str] = ("pdf", "png")) -> list[Path]:
    """Write the figure as stem.pdf (vectors) and stem.png, and return their paths.

    Args:
        figure: what to write.
        stem: the path without its ending; its folder is made if need be.
        formats: "pdf", "png".

    Raises:
        InputError: an unknown format, or a path that cannot be written; no half-written file is left.
    """
    unknown = [name for name in formats if name not in _OPTIONS]
    if unknown:
        raise InputError(f"`formats` must be of {', '.join(_OPTIONS)}, not {unknown[0]!r}")
    stem = Path(stem)
    paths = [stem.with_name(f"{stem.name}.{name}") for name in formats]
    for name, path in zip(formats, paths, strict=True):
        with replacing(path) as partial, mpl.rc_context(dict(STYLE)):
            figure.savefig(partial, format=name, **_OPTIONS[name])
    return paths


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place to write to; what lies there takes that of `path`, whose folder is made, if the block ends well.

    Raises:
        InputError: the path cannot be written; what lay there is untouched.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"`stem`: {path} cannot be written ({error.strerror or error}): choose another place"
        ) from None
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
