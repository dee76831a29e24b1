"""A peer's side of the talk: a line in, one timed call, a line out. Runs in the peers' environments."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def serve(call: Callable[[], object], checksum: float) -> None:
    """Print the checksum of a first call, and then seconds of processor time for every line that is read."""
    print(checksum, flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        call()
        print(time.process_time() - start, flush=True)
