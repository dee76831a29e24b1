"""Sums over the processes of torch's own distributed training; a process alone is all there is.

Each process holds its share of the training points, adds its sums to the others' and so takes the same step:

    torchrun --nproc-per-node 2 script.py     whose first line is torch.distributed.init_process_group("gloo")
"""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor


def world() -> tuple[int, int]:
    """This process's rank and how many there are."""
    return (dist.get_rank(), dist.get_world_size()) if _several() else (0, 1)


def add(tensor: Tensor) -> None:
    """Replace the tensor by its sum over all processes."""
    if _several():
        dist.all_reduce(tensor)


def barrier() -> None:
    """Wait until all have come here."""
    if _several():
        dist.barrier()


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()
