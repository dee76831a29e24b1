"""JAX's own virtual environment, made once under build/, never ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path


def python(folder: Path) -> Path:
    """Return the interpreter of JAX's environment, making it if it is not there.

    Raises:
        RuntimeError: if the package cannot be installed.
    """
    interpreter, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"installing jax into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        if subprocess.run([str(interpreter), "-m", "pip", "install", "--quiet", "jax"], check=False).returncode:
            raise RuntimeError(f"pip could not install jax into {folder}")
        ready.touch()
    return interpreter
