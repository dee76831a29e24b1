"""The systems in turn, round by round, with the machine's own rates among them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.func import jacfwd, jacrev

from benchmarks.pullback.cases import ACTIVATIONS, Case, Erf
from benchmarks.pullback.peer import NetworkPeer
from benchmarks.pullback.systems import Answer, naive, symgeo

SYSTEMS = ("symgeo", "torch.func, forward", "torch.func, reverse", "JAX-jit")
# A row takes no more rounds once it has taken this long.
ROW_SECONDS = 40.0
# Points at once for torch.func: the fastest of these is shown.
CHUNKS = (64, 256, 1024, None)


@dataclass(frozen=True)
class Row:
    """The least time of each system in seconds, the spread of ours, and the least that it could be."""

    times: dict[str, float]
    spread: float
    limit: float


def timed(call: Callable[[], object]) -> float:
    """Seconds of processor time of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def check(name: str, found: float, expected: float, dtype: torch.dtype) -> None:
    """Stop where two systems do not agree.

    Raises:
        RuntimeError: they differ.
    """
    if abs(found - expected) > (1e-7 if dtype == torch.float64 else 1e-3) * abs(expected):
        raise RuntimeError(f"{name}: the sum of the magnitudes is {found}, symgeo's {expected}")


def fastest(case: Case, derivative: Callable[..., Callable[..., torch.Tensor]], points: torch.Tensor) -> Answer | None:
    """torch.func in chunks of the size that it is fastest in."""
    if naive(case, derivative) is None:
        return None
    chunks = CHUNKS if derivative is jacfwd and case.count > 64 else (16,)
    tried = [answer for chunk in chunks if (answer := naive(case, derivative, chunk)) is not None]
    if len(tried) == 1:
        return tried[0]
    return min(tried, key=lambda answer: (answer(points), timed(lambda: answer(points)))[1])


def measure(case: Case, rounds: int, jax: NetworkPeer | None) -> Row:
    """One row of the table."""
    network, points, _ = case.made()
    ours = symgeo(case)
    calls: dict[str, tuple[Callable[[], float], int]] = {"symgeo": (lambda: timed(lambda: ours(points)), case.count)}
    few = points[: case.slow]
    for system, derivative in ((SYSTEMS[1], jacfwd), (SYSTEMS[2], jacrev)):
        some = few if derivative is jacfwd or case.per == "call" else few[: max(1, case.slow // 16)]
        with torch.no_grad():
            theirs = fastest(case, derivative, some)
            if theirs is not None:
                check(system, theirs(few[:16]).abs().sum().item(), ours(few[:16]).abs().sum().item(), case.dtype)
                calls[system] = (lambda theirs=theirs, some=some: timed(lambda: theirs(some)), len(some))
    if jax is not None:
        check("JAX-jit", jax.checksum, ours(points[: jax.count]).abs().sum().item(), case.dtype)
        calls["JAX-jit"] = (jax.seconds, jax.count)
    matrix = torch.rand(1000, 1000, dtype=case.dtype)
    kind = next(layer for layer in network.modules() if isinstance(layer, ACTIVATIONS))
    z, out = torch.randn(100_000, dtype=case.dtype), torch.empty(100_000, dtype=case.dtype)
    function = torch.exp2 if isinstance(kind, Erf) else torch.sigmoid  # what the derivative is made of
    best = dict.fromkeys([*calls, "gemm", "function"], float("inf"))
    every: list[float] = []
    start = time.perf_counter()
    with torch.no_grad():
        for done in range(rounds):
            for system, (call, count) in calls.items():
                seconds = call() / (1 if case.per == "call" else count)
                best[system] = min(best[system], seconds)
                every += [seconds] if system == "symgeo" else []
            best["gemm"] = min(best["gemm"], timed(lambda: matrix @ matrix) / 2e9)
            best["function"] = min(best["function"], timed(lambda: function(z, out=out)) / len(z))
            if time.perf_counter() - start > ROW_SECONDS and done >= 2:
                break
    least = case.flops * best["gemm"] + case.activations * best["function"]
    times = {system: best[system] for system in calls}
    return Row(times, sorted(every)[len(every) // 2] / min(every), least / best["symgeo"])


def launched(case: Case, interpreter: Path | None, folder: Path) -> NetworkPeer | None:
    """JAX on a case; None for the network of convolutions."""
    if interpreter is None or case.shape == (3, 32, 32):
        return None
    return NetworkPeer(case, interpreter, "jax_worker", folder, 4 * case.slow)
