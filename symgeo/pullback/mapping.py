"""A function of points, over more points than fit at once, here or spread over workers.

The points are cut into chunks of one size, whoever computes them, and each result is put back in the place of its
chunk: none is lost or counted twice, and the result does not depend on the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, as_completed
from typing import TypeVar

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.utils._pytree import tree_map
from tqdm import tqdm

from symgeo.errors import InputError, NumericalError

Result = TypeVar("Result")


def map_points(
    function: Callable[[Tensor], Result],
    points: Shaped[Tensor, " batch *shape"],
    *,
    chunk: int = 4096,
    executor: Executor | Callable[[], Executor] | None = None,
    progress: bool = False,
    attempts: int = 3,
) -> Result:
    """A function of points, chunk by chunk.

    Args:
        function: (batch, *shape) -> a tensor with a row a point, or tuples, lists and dictionaries of such, as
            `geo.scalar_curvature` and `lambda x: geo.evaluate(x, "metric", "ricci")` are; for processes it must pickle.
        points: the points.
        chunk: points a call; the memory of a call is bounded by it.
        executor: any concurrent.futures executor, dask.distributed's `client.get_executor()` among them, which stays
            open; or a call that makes one, which is closed again, and made anew when a worker dies.
        progress: whether to show a bar.
        attempts: how often executors are made before giving up.

    Returns:
        What `function` returns, for all points.

    Raises:
        InputError: no points, or a chunk that is not positive.
        NumericalError: workers died in every attempt.
    """
    if chunk < 1:
        raise InputError(f"`chunk` must be a positive number of points, not {chunk}.")
    if points.ndim == 0 or len(points) == 0:
        raise InputError(f"`points` must be some points, (batch, ...); its shape is {tuple(points.shape)}.")
    chunks = points.split(chunk)
    results: dict[int, Result] = {}
    with tqdm(total=len(points), disable=not progress, unit="point") as bar:
        if executor is None:
            for index, part in enumerate(chunks):
                results[index] = function(part)
                bar.update(len(part))
        elif isinstance(executor, Executor):
            try:
                _spread(function, chunks, executor, results, bar)
            except BrokenExecutor as error:
                raise NumericalError(
                    f"`executor` broke after {len(results)} of {len(chunks)} chunks ({error}): hand over a call that "
                    "makes an executor, and it is made anew."
                ) from error
        else:
            _spread_again(function, chunks, executor, results, bar, attempts)
    ordered = [results[index] for index in range(len(chunks))]
    return tree_map(lambda *parts: torch.cat(parts), *ordered)


def _spread(
    function: Callable[[Tensor], Result],
    chunks: Iterable[Tensor],
    executor: Executor,
    results: dict[int, Result],
    bar: tqdm,
) -> None:
    """Has an executor compute the chunks that have no result yet."""
    waiting = {executor.submit(function, part): (i, len(part)) for i, part in enumerate(chunks) if i not in results}
    for future in as_completed(waiting):
        index, size = waiting[future]
        results[index] = future.result()
        bar.update(size)


def _spread_again(
    function: Callable[[Tensor], Result],
    chunks: tuple[Tensor, ...],
    make: Callable[[], Executor],
    results: dict[int, Result],
    bar: tqdm,
    attempts: int,
) -> None:
    """The same with executors that are made anew when one breaks; what was computed is kept."""
    for attempt in range(1, attempts + 1):
        try:
            with make() as executor:
                _spread(function, chunks, executor, results, bar)
            return
        except BrokenExecutor as error:
            if attempt == attempts:
                raise NumericalError(
                    f"Workers died in {attempts} attempts, with {len(results)} of {len(chunks)} chunks done ({error}): "
                    "give them more memory, or smaller chunks."
                ) from error
