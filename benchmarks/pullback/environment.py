"""The peers' own virtual environments, one each, made once under build/, never ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

# geomstats 2.8 asks for NumPy before 2, and differentiates by autograd or torch.
PACKAGES = {"jax": ("jax",), "geomstats": ("geomstats", "autograd", "numpy<2")}


def python(peer: str, folder: Path) -> Path:
    """Return the interpreter of a peer's environment, making it if it is not there.

    Raises:
        RuntimeError: if the packages cannot be installed.
    """
    folder = folder / f"bench-pullback-{peer}"
    interpreter, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        print(f"installing {peer} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(interpreter), "-m", "pip", "install", "--quiet", *PACKAGES[peer]]
        if subprocess.run(command, check=False).returncode:
            raise RuntimeError(f"pip could not install {peer} into {folder}")
        ready.touch()
    return interpreter
