"""A file that is written whole or not at all: whoever reads it, at any moment, finds the old content or the new."""

from __future__ import annotations

import os
from pathlib import Path

from symgeo.errors import InputError


def store(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Replace what lies at `path` by the content, on the disk when this returns; text is written as UTF-8.

    Raises:
        InputError: the file cannot be written; what lay there is untouched.
    """
    target = Path(path)
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    except OSError as error:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise InputError(f"`path` {target} cannot be written ({reason}); choose another place") from None
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return target
