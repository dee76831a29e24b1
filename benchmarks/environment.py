"""The peers' own virtual environments, made once under build/, never ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path


def python(folder: Path, packages: Sequence[str]) -> Path:
    """Return the interpreter of an environment that has the packages, making it if it is not there.

    Raises:
        RuntimeError: if the packages cannot be installed.
    """
    interpreter, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"installing {', '.join(packages)} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", *packages]
        if subprocess.run(command, check=False).returncode:
            raise RuntimeError(f"pip could not install {', '.join(packages)} into {folder}")
        ready.touch()
    return interpreter
