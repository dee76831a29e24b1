"""The peers' own virtual environment, made once under build/, never ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

PEERS = ("einsteinpy", "einsteinengine", "tensoratlas")


def python(folder: Path) -> Path:
    """Return the interpreter of the peers' environment, making it if it is not there.

    Raises:
        RuntimeError: if the packages cannot be installed.
    """
    interpreter, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"installing {', '.join(PEERS)} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", *PEERS]
        if subprocess.run(command, check=False).returncode:
            raise RuntimeError(f"pip could not install {', '.join(PEERS)} into {folder}")
        ready.touch()
    return interpreter
