"""Generated C as a Python function: a shared object of the system's compiler, kept in a cache, called by ctypes."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from symgeo.codegen.c_source import FLAGS, dependent, parameters
from symgeo.codegen.program import Program
from symgeo.codegen.source import SINGULAR, face
from symgeo.errors import InputError


def compiler() -> str:
    """The C compiler: $CC, or the first of cc, gcc and clang.

    Raises:
        InputError: there is none.
    """
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise InputError("`backend` 'c' needs a C compiler, and there is none (cc, gcc, clang or $CC); use backend='numpy'")


def c_function(program: Program, source: str) -> Callable:
    """The function of a C file: takes and returns NumPy arrays as a NumPy kernel does; computes in doubles."""
    import numpy as np

    library = ctypes.CDLL(str(_shared_object(source, program.name)))
    function = getattr(library, program.name)
    function.restype = ctypes.c_int
    order = parameters(program)

    def call(space: dict[str, object], x: np.ndarray, points: np.ndarray, out: np.ndarray) -> None:
        where = ctypes.c_size_t(0)
        arguments: list[object] = []
        held = {entry.name: space[entry.name] for entry in program.inputs if not entry.batched} | {"x": x, "out": out}
        for kind, name in order:
            if name == "points":
                arguments.append(ctypes.c_size_t(len(x)))
            elif name == "where":
                arguments.append(ctypes.byref(where))
            elif kind.startswith("size_t"):
                arguments.append(ctypes.c_size_t(space[name]))  # type: ignore[arg-type]
            elif kind.endswith("*"):
                held[name] = np.ascontiguousarray(held[name], dtype=np.float64)  # kept until the call is over
                arguments.append(held[name].ctypes.data_as(ctypes.c_void_p))  # type: ignore[attr-defined]
            else:
                arguments.append(ctypes.c_double(held[name]))  # type: ignore[arg-type]
        _raise(function(*arguments), where.value, x, points, program)

    namespace: dict[str, object] = {"__name__": f"symgeo_kernel_{program.name}", "_call": call}
    exec(compile(face(program), f"<symgeo {program.name} c>", "exec"), namespace)
    return namespace[program.name]  # type: ignore[return-value]


def _raise(status: int, where: int, x, points, program: Program) -> None:
    """Raise what the status says."""
    if status == 1:
        raise MemoryError("no memory for the kernel's workspace")
    if status == 3:
        first = _index(where, points.shape)
        raise ValueError(f"`x` is not finite at index {first}; remove such entries")
    if status in (4, 5, 6):
        why = SINGULAR if status == 6 else "there is no finite value"
        raise ValueError(f"{why} at the point {x[where].tolist()}")
    if status == 7:
        raise ValueError(dependent(program))
    if status:
        raise ValueError(f"the kernel refused its arguments (status {status})")


def _index(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of an entry in an array of this shape, from its place in memory."""
    index: list[int] = []
    for size in reversed(shape):
        place, rest = divmod(place, size)
        index.insert(0, rest)
    return tuple(index)


def _shared_object(source: str, name: str) -> Path:
    """The compiled file of a source, made where it is not there yet."""
    command = compiler()
    told = "\n".join([source, command, *FLAGS, platform.platform(), _processor()])
    digest = hashlib.sha256(told.encode()).hexdigest()[:20]
    folder = _cache()
    target = folder / f"{name}-{digest}.so"
    if target.exists():
        return target
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file, made = Path(place) / f"{name}.c", Path(place) / f"{name}.so"
        file.write_text(source)
        done = None
        for flags in (FLAGS, tuple(f for f in FLAGS if "native" not in f)):
            arguments = [command, *flags, "-shared", "-fPIC", "-o", str(made), str(file), "-lm"]
            done = subprocess.run(arguments, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                made.replace(target)
                return target
    assert done is not None
    reason = next((line for line in done.stderr.splitlines() if "error" in line), "it gives no reason")
    raise InputError(f"`backend` 'c': {command} cannot compile {name}.c ({reason.strip()}); use backend='numpy'")


def _cache() -> Path:
    """The user's cache folder, or where that cannot be made or written a temporary one."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(home) if home else Path.home() / ".cache") / "symgeo" / "kernels"
    with contextlib.suppress(OSError):  # a read-only home, or a file where the folder should be
        folder.mkdir(parents=True, exist_ok=True)
    if os.access(folder, os.W_OK):
        return folder
    return Path(tempfile.mkdtemp(prefix="symgeo-kernels-"))


def _processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
