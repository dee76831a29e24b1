"""Points in chunks, here and on workers, some of which die."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback, map_points


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 5), nn.Tanh())


def points(count: int = 103) -> Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def spawned() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def square_or_die(folder: str, deaths: int, x: Tensor) -> Tensor:
    """Kills the worker as often as `deaths`, and else squares."""
    for i in range(deaths):
        try:
            (Path(folder) / f"death-{i}").touch(exist_ok=False)
        except FileExistsError:
            continue
        os._exit(1)
    return x * x


@pytest.mark.parametrize("chunk", [1, 10, 103, 1000])
def test_chunks_are_put_back_in_order(chunk: int) -> None:
    geo, x = Pullback(network()), points()
    expected = geo.scalar_curvature(x)
    torch.testing.assert_close(map_points(geo.scalar_curvature, x, chunk=chunk), expected, rtol=1e-9, atol=1e-11)


def test_threads_give_the_same_bits_as_no_threads() -> None:
    geo, x = Pullback(network()), points()
    evaluate = partial(_two, geo)
    alone = map_points(evaluate, x, chunk=10)
    with ThreadPoolExecutor(3) as executor:
        together = map_points(evaluate, x, chunk=10, executor=executor, progress=True)
    assert alone.keys() == together.keys() == {"metric", "ricci"}
    for name in alone:
        assert torch.equal(alone[name], together[name])


def _two(geo: Pullback, x: Tensor) -> dict[str, Tensor]:
    return geo.evaluate(x, "metric", "ricci")


def test_an_error_of_the_function_comes_through() -> None:
    x = points()
    x[57] = torch.nan
    with ThreadPoolExecutor(2) as executor, pytest.raises(InputError, match="must be finite"):
        map_points(Pullback(network()).metric, x, chunk=10, executor=executor)


@pytest.mark.parametrize(
    ("x", "chunk", "message"), [(points(0), 5, "must be some points"), (points(), 0, "`chunk` must be a positive")]
)
def test_what_cannot_be_mapped(x: Tensor, chunk: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        map_points(torch.sin, x, chunk=chunk)


@pytest.mark.slow
def test_processes_give_the_same_bits() -> None:
    geo, x = Pullback(network()), points()
    alone = map_points(geo.scalar_curvature, x, chunk=20)
    assert torch.equal(map_points(geo.scalar_curvature, x, chunk=20, executor=spawned), alone)


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_no_point_is_lost(tmp_path: Path) -> None:
    x = points()
    squares = map_points(partial(square_or_die, str(tmp_path), 1), x, chunk=10, executor=spawned)
    assert (tmp_path / "death-0").exists()
    assert torch.equal(squares, x * x)


@pytest.mark.slow
def test_workers_that_always_die_are_given_up(tmp_path: Path) -> None:
    with pytest.raises(NumericalError, match="Workers died in 2 attempts"):
        map_points(partial(square_or_die, str(tmp_path), 99), points(), chunk=10, executor=spawned, attempts=2)
    with spawned() as executor, pytest.raises(NumericalError, match="`executor` broke after 0 of 11 chunks"):
        map_points(partial(square_or_die, str(tmp_path / "."), 999), points(), chunk=10, executor=executor)


@pytest.mark.slow
def test_two_dask_workers_give_the_same_bits() -> None:
    distributed = pytest.importorskip("distributed")
    geo, x = Pullback(network()), points()
    alone = map_points(geo.scalar_curvature, x, chunk=20)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        assert len(client.scheduler_info()["workers"]) == 2
        assert torch.equal(map_points(geo.scalar_curvature, x, chunk=20, executor=executor), alone)


@pytest.mark.slow
def test_a_dask_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    distributed, x = pytest.importorskip("distributed"), points()
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        squares = map_points(partial(square_or_die, str(tmp_path), 1), x, chunk=10, executor=executor)
    assert (tmp_path / "death-0").exists()
    assert torch.equal(squares, x * x)
