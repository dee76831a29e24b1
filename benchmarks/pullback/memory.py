"""Peak memory of a case in a fresh process: `python -m benchmarks.pullback.memory CASE` prints megabytes as JSON."""

from __future__ import annotations

import json
import sys

import torch

from benchmarks.pullback.cases import cases
from benchmarks.pullback.resident import peak
from benchmarks.pullback.systems import symgeo


def main(name: str) -> None:
    """Print the peak of the process, and what the case added to what a call on two points took."""
    torch.set_num_threads(1)
    case = cases()[name]
    answer, points = symgeo(case), case.made()[1]
    answer(points[:2])
    before = peak()
    answer(points)
    print(json.dumps({"process": peak(), "call": peak() - before}))


if __name__ == "__main__":
    main(sys.argv[1])
