"""The largest resident set of this process so far."""

from __future__ import annotations

import resource
from pathlib import Path


def peak() -> float:
    """In megabytes.

    Linux hands the parent's peak on to the child in `ru_maxrss`; the kernel's own count starts anew.
    """
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
