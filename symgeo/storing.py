"""Files that are written whole or not at all, so that a reader finds the old content or the new; records read back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from symgeo.errors import DataError, InputError

Record = TypeVar("Record")


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


def read_record(
    path: str | os.PathLike[str], form: str, parse: Callable[[Any], Record], *, missing: str, damaged: str
) -> Record:
    """What a JSON file of a known form holds.

    Args:
        path: the file.
        form: what its field "format" must say.
        parse: makes the record of the file's content.
        missing: what is said, and to be done, where there is no such file.
        damaged: what is to be done where it cannot be read.

    Raises:
        DataError: there is no such file, or it is damaged or of another form.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["format"] != form:
            raise DataError(f"{path}: a JSON file, but not {form!r}")
        return parse(content)
    except FileNotFoundError:
        raise DataError(f"{path}: {missing}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: damaged ({error!r}): {damaged}") from None
