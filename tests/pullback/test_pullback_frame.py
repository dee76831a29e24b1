"""Gram-Schmidt, the rank and the second form where tangent vectors depend on each other, or are of any length."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from symgeo.errors import NumericalError
from symgeo.pullback import Pullback
from symgeo.pullback.frame import orthonormal_frame, rank
from symgeo.pullback.gauss import second_form

DTYPES = [torch.float64, torch.float32]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_singular_values(jacobians: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The log pseudo-volumes and the ranks, by the cut of numbers of this dtype."""
    values = torch.linalg.svdvals(jacobians)
    kept = values > max(jacobians.shape[1:]) * torch.finfo(dtype).eps * values[:, :1]
    return torch.where(kept, values, 1).log().sum(-1), kept.sum(-1)


def test_two_features_that_live_of_five() -> None:
    """|w_1 x w_2| = 0.37^2 sqrt(|w_1|^2 |w_2|^2 - (w_1 . w_2)^2), in four dimensions."""
    weight = torch.zeros(5, 4, dtype=torch.float64)
    weight[:2] = 0.37 * torch.tensor([[1, 2, 3, 4], [2, -1, 0.5, 3]], dtype=torch.float64)
    found = Pullback(lambda y: y @ weight.T).volume(torch.zeros(1, 4, dtype=torch.float64))
    assert found.rank.tolist() == [2]
    assert found.log.item() == pytest.approx(math.log(0.37**2 * math.sqrt(30 * 14.25 - 13.5**2)), rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", range(3, 9))
def test_layers_with_dead_units(d: int, dtype: torch.dtype) -> None:
    """Linear and ReLU with biases so low that every second point has fewer units alive than coordinates."""
    weight, bias = normal(d + 4, d).to(dtype), (normal(d + 4, seed=1) - 1).to(dtype)
    x = normal(150, d, seed=2).to(dtype)
    alive = x @ weight.T + bias > 0
    logs, ranks = by_singular_values(alive[:, :, None] * weight.double(), dtype)
    assert (ranks < d).any()
    found = Pullback(lambda y: torch.relu(y @ weight.T + bias)).volume(x)
    assert torch.equal(found.rank, ranks)
    torch.testing.assert_close(found.log.double(), logs, rtol=0, atol=1e-12 if dtype == torch.float64 else 1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [4, 6, 8])
def test_duplicated_features_and_features_of_many_sizes(d: int, dtype: torch.dtype) -> None:
    few = normal(60, d - 2, d)
    twice = torch.cat([few, few], 1)
    sizes = torch.logspace(0, -30, 2 * d - 4, dtype=torch.float64)[:, None]
    for jacobians in (twice, twice * sizes, few, torch.cat([few, 0 * few], 1)):
        held = jacobians.to(dtype)
        logs, ranks = by_singular_values(held.double(), dtype)
        for matrix, log, expected in zip(held[:10], logs, ranks, strict=False):
            found = Pullback(lambda y, m=matrix: y @ m.T).volume(held.new_zeros(1, d))
            assert found.rank.item() == expected
            assert found.log.item() == pytest.approx(log.item(), abs=1e-9 if dtype == torch.float64 else 1e-2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [2, 3, 8, 9])
def test_the_frame_is_orthonormal_and_its_product_the_vectors(d: int, dtype: torch.dtype) -> None:
    """At every length down to the smallest, of vectors the last of which is nearly in the span of the others."""
    eps, info = torch.finfo(dtype).eps, torch.finfo(dtype)
    vectors = normal(5, d, 12).to(dtype)
    vectors[:, -1] = vectors[:, 0] + 1e3 * eps * vectors[:, -1]
    for exponent in (0, -100, math.frexp(info.tiny)[1] + 40, math.frexp(info.max)[1] - 8):
        frame = orthonormal_frame(torch.ldexp(vectors, torch.tensor(exponent)))
        products = frame.q @ frame.q.mT
        assert (products - torch.eye(d, dtype=dtype)).abs().max() < 30 * eps
        made = torch.ldexp(frame.r, torch.tensor(-exponent)).mT @ frame.q
        assert (made - vectors).abs().max() < 30 * eps * vectors.abs().max()
        assert rank(frame.r, 12).tolist() == [d] * 5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [2, 3, 6, 9])
def test_the_cut_of_the_rank_is_max_n_d_eps(d: int, dtype: torch.dtype) -> None:
    n = 12
    turned = torch.linalg.qr(normal(n, d)).Q.mT.to(dtype)
    for factor, expected in ((3.0, d), (1 / 3, d - 1)):
        lengths = torch.ones(d, dtype=dtype)
        lengths[-1] = factor * n * torch.finfo(dtype).eps
        assert rank(torch.diag(lengths)[None], n).item() == expected
        assert rank(orthonormal_frame((lengths[:, None] * turned)[None]).r, n).item() == expected


def test_the_normal_part_is_normal_where_the_second_derivatives_are_nearly_tangent() -> None:
    """One projection would leave eps |H| of the tangent space in it, eight digits of a normal part of 1e-8 |H|."""
    frame = orthonormal_frame(normal(20, 3, 10))
    across = normal(20, 6, 10, seed=1)
    across = across - across @ frame.q.mT @ frame.q
    form = second_form(frame, normal(20, 6, 3, seed=2) * 1e8 @ frame.q + across)
    assert (form.normal @ frame.q.mT).abs().max() < 1e-14
    assert (form.normal - across).abs().max() < 1e-6


def curved(y: Tensor) -> Tensor:
    return torch.cat([y, y.sin(), (y[:, :1] * y[:, 1:]).cos()], 1)


@pytest.mark.parametrize("size", [1e-170, 1e-300, 1e170])
def test_directions_of_any_length_span_a_plane(size: float) -> None:
    u, v = size * torch.eye(2, dtype=torch.float64)
    section = Pullback(curved).on_plane(torch.zeros(2, dtype=torch.float64), u, v)
    assert section.rank(normal(3, 2) / size).tolist() == [2] * 3


@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_the_sectional_curvature_of_scaled_features(size: float) -> None:
    x, (u, v) = normal(3, 2), torch.eye(2, dtype=torch.float64)
    found = Pullback(lambda y: size * curved(y)).sectional_curvature(x, u, v) * size * size
    torch.testing.assert_close(found, Pullback(curved).scalar_curvature(x) / 2, rtol=1e-12, atol=0)


def test_a_metric_of_small_features_is_regular() -> None:
    geo, x = Pullback(lambda y: torch.cat([y, y.sin()], 1) * 1e-170), normal(3, 2)
    assert geo.rank(x).tolist() == [2] * 3
    with pytest.raises(NumericalError, match="leaves the range"):
        geo.metric(x)
