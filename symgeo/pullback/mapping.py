"""A function of points, over more points than fit at once, here or spread over workers.

The points are cut into chunks of one size, whoever computes them, and each result is put back in the place of its
chunk: none is lost or counted twice, and the result does not depend on the executor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import contextmanager
from pickle import PicklingError
from typing import TypeVar

from jaxtyping import Shaped
from torch import Tensor
from tqdm import tqdm

from symgeo.errors import InputError, NumericalError, SymgeoError
from symgeo.pullback.options import check_chunk
from symgeo.pullback.pieces import check_rows, joined

Result = TypeVar("Result")

# How errors number a point, alone or in a batch of several dimensions; "the point (0.5, 2)" is one by its coordinates.
POINT = re.compile(r"((?<!the )\bpoint \(?)(\d+)\b(?!\.\d)")


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
        function: (batch, *shape) -> a tensor with a row a point, or tuples, lists, dictionaries and dataclasses of
            such, as `geo.scalar_curvature`, `geo.stretches` and `lambda x: geo.evaluate(x, "metric", "ricci")` are; for
            processes it must pickle, as named functions and methods of a `Pullback` of a module do.
        points: the points.
        chunk: points a call; the memory of a call is bounded by it.
        executor: any concurrent.futures executor, dask.distributed's `client.get_executor()` among them, which stays
            open; or a call that makes one, which is closed again, and made anew when a worker dies.
        progress: whether to show a bar.
        attempts: how often executors are made before giving up.

    Returns:
        What `function` returns, for all points.

    Raises:
        InputError: no points, options that cannot be meant, a function that returns no row a point, seen at its first
            chunk, or one that processes cannot be sent.
        NumericalError: workers died in every attempt.
        Exception: what `function` raises; errors of this package number the point among all points.
    """
    _check(function, points, chunk, executor, attempts)
    chunks = points.split(chunk)
    results: dict[int, Result] = {}
    with tqdm(total=len(points), disable=not progress, unit="point") as bar:
        if executor is None:
            for index, part in enumerate(chunks):
                with numbered(index * chunk):
                    results[index] = function(part)
                check_rows(results[index], len(part))
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
    return joined([results[index] for index in range(len(chunks))])


def _check(function: object, points: object, chunk: object, executor: object, attempts: object) -> None:
    check_chunk(chunk)
    if not callable(function):
        raise InputError(f"`function` must be a callable, not {type(function).__name__}.")
    if not isinstance(points, Tensor):
        raise InputError(f"`points` must be a torch tensor, not {type(points).__name__}: torch.as_tensor(points).")
    if points.ndim == 0 or len(points) == 0:
        raise InputError(f"`points` must be some points, (batch, ...); its shape is {tuple(points.shape)}.")
    if executor is not None and not isinstance(executor, Executor) and not callable(executor):
        cure = ": executor.get_executor()" if hasattr(executor, "get_executor") else ""
        raise InputError(
            "`executor` must be a concurrent.futures executor, or a call that makes one, not "
            f"{type(executor).__name__}{cure}."
        )
    if not isinstance(attempts, int) or attempts < 1:
        raise InputError(f"`attempts` must be a positive number, not {attempts!r}.")


@contextmanager
def numbered(start: int) -> Iterator[None]:
    """Errors of this package number a point of a chunk among all points.

    Args:
        start: the place of the first point of the chunk.
    """
    try:
        yield
    except SymgeoError as error:
        error.args = (POINT.sub(lambda found: f"{found[1]}{start + int(found[2])}", str(error)),)
        raise


def _spread(
    function: Callable[[Tensor], Result],
    chunks: Sequence[Tensor],
    executor: Executor,
    results: dict[int, Result],
    bar: tqdm,
) -> None:
    """Has an executor compute the chunks that have no result yet."""
    waiting = {executor.submit(function, part): (i, len(part)) for i, part in enumerate(chunks) if i not in results}
    try:
        for future in as_completed(waiting):
            index, size = waiting[future]
            with numbered(index * len(chunks[0])):
                result = future.result()
            check_rows(result, size)
            results[index] = result
            bar.update(size)
    except (PicklingError, AttributeError, TypeError) as error:
        if "pickle" not in str(error):
            raise
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(
            f"`function` cannot be sent to other processes ({reason}): give a named function of a module, or a method "
            "of a Pullback of one or of a torch module, not a lambda or a function within a function."
        ) from error
    finally:
        for future in waiting:
            future.cancel()  # of those that have not begun, once one has failed


def _spread_again(
    function: Callable[[Tensor], Result],
    chunks: Sequence[Tensor],
    make: Callable[[], Executor],
    results: dict[int, Result],
    bar: tqdm,
    attempts: int,
) -> None:
    """The same with executors that are made anew when one breaks; what was computed is kept."""
    for attempt in range(1, attempts + 1):
        made = make()
        if not isinstance(made, Executor):
            raise InputError(
                f"`executor` must be a call that makes a concurrent.futures executor; it made {type(made).__name__}."
            )
        try:
            with made:
                _spread(function, chunks, made, results, bar)
            return
        except BrokenExecutor as error:
            if attempt == attempts:
                raise NumericalError(
                    f"Workers died in {attempts} attempts, with {len(results)} of {len(chunks)} chunks done ({error}): "
                    "give them more memory, or smaller chunks, and a function that they can import."
                ) from error
