"""Points in chunks, here and on workers, some of which die."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback, Stretches, Volume, map_points
from symgeo.pullback.mapping import numbered


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
    with (
        ThreadPoolExecutor(2) as executor,
        pytest.raises(InputError, match="must be finite: point 57 has a coordinate"),
    ):
        map_points(Pullback(network()).metric, x, chunk=10, executor=executor)


def test_points_are_numbered_in_the_whole() -> None:
    x = points()
    x[57] = torch.nan
    with pytest.raises(InputError, match="point 57 has a coordinate nan"):
        map_points(Pullback(network()).metric, x, chunk=10)
    with pytest.raises(InputError, match=r"point \(28, 1\) has a coordinate nan"):
        map_points(Pullback(network()).metric, x[:102].reshape(51, 2, 2), chunk=10)
    with pytest.raises(NumericalError, match=r"singular at point 43 \(rank 1 of 2\)"):
        map_points(Pullback(polar).log_volume, torch.where(torch.arange(103)[:, None] == 43, 0, points()), chunk=10)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("singular at point 4 (rank 1 of 2)", "singular at point 1004 (rank 1 of 2)"),
        (
            "`x` must be finite: point (4, 1) has a coordinate nan",
            "`x` must be finite: point (1004, 1) has a coordinate nan",
        ),
        ("not finite at the point (4, 0.5): move it", "not finite at the point (4, 0.5): move it"),
        ("the metric of 12 points would need 9 GB", "the metric of 12 points would need 9 GB"),
        ("one torch.float64 point of shape (1, 2)", "one torch.float64 point of shape (1, 2)"),
    ],
)
def test_what_is_a_number_of_a_point(before: str, after: str) -> None:
    with pytest.raises(InputError) as caught, numbered(1000):
        raise InputError(before)
    assert str(caught.value) == after


def polar(x: Tensor) -> Tensor:
    return x[:, :1] * torch.cat([x[:, 1:].cos(), x[:, 1:].sin()], 1)


@pytest.mark.parametrize(
    ("x", "arguments", "message"),
    [
        (points(0), {}, "must be some points"),
        (torch.tensor(1.0), {}, "must be some points"),
        (points().numpy(), {}, r"`points` must be a torch tensor, not ndarray: torch\.as_tensor\(points\)"),
        (points().tolist(), {}, "not list"),
        (points(), {"chunk": 0}, "`chunk` must be a positive"),
        (points(), {"chunk": 2.5}, "`chunk` must be a positive number of points, a whole one, not 2.5"),
        (points(), {"attempts": 0}, "`attempts` must be a positive number, not 0"),
        (points(), {"executor": 3}, r"`executor` must be a concurrent.futures executor, or a call that .*, not int\.$"),
        (points(), {"executor": lambda: 3}, "must be a call that makes a concurrent.futures executor; it made int"),
    ],
)
def test_what_cannot_be_mapped(x: Tensor, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        map_points(torch.sin, x, **arguments)
    with pytest.raises(InputError, match="`function` must be a callable, not int"):
        map_points(3, x)  # pyright: ignore


class Client:
    """Has an executor and is none, as dask's clients."""

    def get_executor(self) -> None:
        """Not called."""


def test_a_client_is_no_executor() -> None:
    with pytest.raises(InputError, match=r"not Client: executor\.get_executor\(\)\.$"):
        map_points(torch.sin, points(), executor=Client())  # pyright: ignore


class Pair(NamedTuple):
    """Two tensors."""

    one: Tensor
    two: Tensor


def test_results_are_put_together_field_by_field() -> None:
    geo, x = Pullback(network()), points()
    stretches, volume = map_points(geo.stretches, x, chunk=10), map_points(geo.volume, x, chunk=10)
    whole = geo.stretches(x)
    assert type(stretches) is Stretches
    assert type(volume) is Volume
    for found, expected in (
        (stretches.values, whole.values),
        (stretches.directions, whole.directions),
        (volume.log, geo.volume(x).log),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)
    assert torch.equal(stretches.rank, whole.rank)
    nested = map_points(lambda z: {"a": [z, (z, Pair(z, z.sum(1)))]}, x, chunk=10)
    assert torch.equal(nested["a"][0], x)
    assert isinstance(nested["a"][1][1], Pair)
    assert torch.equal(nested["a"][1][1].two, x.sum(1))
    flow = map_points(lambda z: geo.geodesic_flow(z, 0.1 * z, torch.ones(1)), x[:4], chunk=3)
    assert flow.points.shape == (4, 1, 2)


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[[Tensor], object]) -> None:
        self.function, self.calls = function, 0

    def __call__(self, x: Tensor) -> object:
        self.calls += 1
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda x: x.sum(), r"a tensor of shape \(\)"),
        (lambda x: x.sum().item(), "a float"),
        (lambda x: x[:3], r"a tensor of shape \(3, 2\)"),
        (lambda x: {"sum": x.sum(1), "name": "sum"}, "a str"),
        (lambda _: None, "a NoneType"),
    ],
)
@pytest.mark.parametrize("threads", [False, True])
def test_a_function_with_no_row_a_point_is_refused_at_its_first_chunk(
    function: Callable[[Tensor], object], got: str, threads: bool
) -> None:
    counted = Counted(function)
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(InputError, match=f"`function` must return .*; for 10 points it returned {got}"),
    ):
        map_points(counted, points(), chunk=10, executor=executor if threads else None)
    assert threads or counted.calls == 1


def test_a_function_that_returns_other_things_for_other_points() -> None:
    x = points()
    with pytest.raises(InputError, match=r"rows of shape \(2,\) for some points and \(1,\) for others"):
        map_points(lambda z: z if z[0, 0] == x[0, 0] else z[:, :1], x, chunk=10)
    with pytest.raises(InputError, match="other parts for some points"):
        map_points(lambda z: {"a": z} if z[0, 0] == x[0, 0] else {"b": z}, x, chunk=10)


def test_a_lambda_cannot_be_sent_to_processes() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor,
        pytest.raises(InputError, match=r"`function` cannot be sent to other processes \(.*lambda.*\): give a named"),
    ):
        map_points(lambda x: x, points(), executor=executor)


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
