"""The derivation and figure scripts: where they lie, and how one is loaded.

In the repository they are the top-level folders derivations/ and figures/; a wheel carries them inside the package.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Literal

from symgeo.errors import InputError

Kind = Literal["derivations", "figures"]


def scripts(kind: Kind) -> dict[str, Path]:
    """Name -> file of every script of a kind; 04_infinite_width.py is called infinite-width.

    Raises:
        InputError: where neither the repository's folder nor the wheel's is found.
    """
    package = Path(__file__).parent
    for folder in (package / kind, package.parent / kind):
        found = sorted(folder.glob("[!_]*.py"))
        if found:
            return {re.sub(r"^\d+_", "", path.stem).replace("_", "-"): path for path in found}
    raise InputError(f"`{kind}` are not part of this installation; install symgeo's wheel, or work in its repository")


def load(kind: Kind, name: str) -> ModuleType:
    """The module of the script of that name.

    Raises:
        InputError: for an unknown name; lists the known ones.
    """
    known = scripts(kind)
    key = re.sub(r"^\d+[_-]", "", name).replace("_", "-").removesuffix(".py")
    if key not in known:
        raise InputError(f"`{kind.removesuffix('s')}` {name!r} is unknown; there are {', '.join(known)}")
    path = known[key]
    qualified = f"symgeo_{kind}_{path.stem}"
    if qualified in sys.modules:
        return sys.modules[qualified]
    spec = importlib.util.spec_from_file_location(qualified, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Registered before it runs, as import does, so that its dataclasses find their module.
    sys.modules[qualified] = module
    spec.loader.exec_module(module)
    return module
