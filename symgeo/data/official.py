"""Where a dataset's official files lie: in the folder that is named, else in the user's cache, else on a server.

The folder is the one handed over, else the one that the environment variable SYMGEO_DATA names. Files in a folder are
held to their format, not to a checksum: re-packed copies are as good. A download enters the cache only with its
SHA-256.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from symgeo.errors import DataError

VARIABLE = "SYMGEO_DATA"


def named_home(
    title: str, files: Sequence[str], places: Sequence[str], folder: str | Path | None, *, example: str | None = None
) -> Path | None:
    """The folder that holds the files: the one named or one of the places in it; None to use the cache.

    Args:
        title: of the dataset.
        files: all of them must be there.
        places: folders inside the named one, the first that holds the files counts; then the named one itself.
        folder: None looks at $SYMGEO_DATA, which may well hold other datasets only.
        example: one of the files, for messages; None takes the first.

    Raises:
        DataError: the folder is not there, holds some of the files only, or none where `folder` named it.
    """
    named = folder if folder is not None else os.environ.get(VARIABLE)
    if not named:
        return None
    origin = "`folder`" if folder is not None else f"${VARIABLE}"
    try:
        root = Path(named).expanduser()
    except RuntimeError:
        raise DataError(f"{origin}: {named} names no user's home; give a whole path") from None
    if not root.is_dir():
        raise DataError(
            f"{origin}: {root} is no folder: name one that holds {title}'s files, such as {example or files[0]}"
        )
    homes = [*(root / place for place in places), root]
    for home in homes:
        missing = [name for name in files if not (home / name).exists()]
        if not missing:
            return home
        if len(missing) < len(files):
            raise DataError(f"{origin}: {home} holds some of {title}'s files but lacks {', '.join(missing)}")
    if folder is None:  # a folder of other datasets; it does not speak of this one
        return None
    looked = " nor ".join(map(str, (root, *homes[:-1])))
    raise DataError(f"`folder`: neither {looked} holds {title}'s files ({', '.join(files)})")


def cache_folder(title: str, name: str) -> Path:
    """The dataset's folder in the user's cache.

    Raises:
        DataError: pooch is not installed.
    """
    try:
        import pooch
    except ImportError:
        raise DataError(
            f"{title} is downloaded by pooch, which is not installed: pip install 'symgeo[torch]', or set ${VARIABLE} "
            "to a folder with its files"
        ) from None
    return Path(pooch.os_cache("symgeo")) / name


def download(mirrors: Sequence[str], name: str, checksum: str, folder: Path, cure: str) -> Path:
    """Fetch a file into the folder, where it arrives with the SHA-256 that it must have, or not at all.

    Args:
        mirrors: addresses, ending in a slash, tried in turn.
        name: of the file there and here.
        checksum: its SHA-256.
        folder: of the cache.
        cure: what to do where there is no network.

    Raises:
        DataError: no mirror has it.
    """
    import pooch

    reasons = []
    for mirror in mirrors:
        try:
            return Path(pooch.retrieve(mirror + name, f"sha256:{checksum}", fname=name, path=folder, progressbar=True))
        except Exception as error:  # requests, urllib3, ssl and the file system each have their own
            reason = "its checksum differs" if "hash" in str(error) else type(error).__name__
            reasons.append(f"{mirror}: {reason}")
    raise DataError(f"{name} could not be downloaded ({'; '.join(reasons)}): where there is no network, {cure}")
