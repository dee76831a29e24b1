"""Metrics on the features other than the flat one."""

from __future__ import annotations

import pickle
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import jacrev

from symgeo.errors import InputError
from symgeo.pullback import Pullback


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(n: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, n)).double()


def test_the_fisher_metric_is_the_variance_of_the_score() -> None:
    features, x = network(5), normal(6, 2)
    with torch.no_grad():
        score = torch.stack([jacrev(lambda p: torch.log_softmax(features(p[None])[0], -1))(point) for point in x])
        probability = torch.softmax(features(x), -1)
    expected = torch.einsum("pi,pia,pib->pab", probability, score, score)
    torch.testing.assert_close(Pullback(features, target="fisher").metric(x), expected, rtol=1e-12, atol=1e-14)


def test_the_simplex_of_three_outcomes_is_a_piece_of_the_sphere_of_radius_two() -> None:
    """Logits (x, y, 0) are coordinates of the whole simplex: R = 2 / 2^2, whatever the coordinates."""
    geo = Pullback(lambda x: torch.cat([x, 0 * x[:, :1]], 1), target="fisher")
    torch.testing.assert_close(geo.scalar_curvature(normal(20, 2)), torch.full((20,), 0.5, dtype=torch.float64))


def test_certain_outcomes_do_not_overflow() -> None:
    geo = Pullback(lambda x: torch.cat([x, 0 * x[:, :1]], 1), target="fisher")
    log_volume = geo.log_volume(torch.tensor([[40.0, -30.0]], dtype=torch.float64))
    # sqrt det g = sqrt(p_1 p_2 p_3) with p = (1, e^-70, e^-40) up to rounding.
    torch.testing.assert_close(log_volume, torch.tensor([-55.0], dtype=torch.float64), rtol=1e-12, atol=0)


def test_constant_targets() -> None:
    features, x = network(4), normal(6, 2)
    with torch.no_grad():
        jacobian = torch.stack([jacrev(lambda p: features(p[None])[0])(point) for point in x])
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    root = normal(4, 4, seed=1)
    matrix = root @ root.T + torch.eye(4, dtype=torch.float64)
    for target, full in ((weights, torch.diag(weights)), ((matrix + matrix.T) / 2, matrix)):
        expected = torch.einsum("pia,ij,pjb->pab", jacobian, full, jacobian)
        torch.testing.assert_close(Pullback(features, target=target).metric(x), expected)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("euclid", "not 'euclid'"),
        (3.0, "in floats"),
        ([1.0, 2.0], r"a torch tensor .*, not list: torch\.as_tensor\(target, dtype=torch\.float64\)"),
        (np.eye(2), r"a torch tensor .*, not ndarray: torch\.as_tensor"),
        (torch.eye(2, dtype=torch.int64), r"in floats, not \(2, 2\) of torch.int64: target.to\(torch.float64\)"),
        (torch.ones(2, 2, 2), r"weights \(n,\) or a matrix \(n, n\), in floats, not \(2, 2, 2\)"),
        (torch.ones(2, 3), r"a square matrix \(n, n\), not \(2, 3\)"),
        (torch.tensor([1.0, torch.inf]), "must be finite"),
        (torch.full((2, 2), torch.nan), "must be finite"),
        (torch.tensor([1.0, 0.0]), "positive weights; the least is 0"),
        (
            torch.tensor([[1.0, 2.0], [0.0, 1.0]]),
            r"differ by 2.0e\+00, where the largest is 2.0e\+00; .*\(M \+ M.T\) / 2",
        ),
        (torch.tensor([[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
    ],
)
def test_targets_that_cannot_be_meant(target: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(nn.Linear(2, 2), target=target)  # pyright: ignore


def asymmetric(*shape: int) -> Tensor:
    """A A^T, whose mirrored entries the matrix product may round differently; here they surely differ."""
    factor = normal(*shape)
    matrix = factor @ factor.T + torch.eye(shape[0], dtype=torch.float64)
    matrix[0, 1] *= 1 + 4e-16 * shape[1] ** 0.5
    assert not torch.equal(matrix, matrix.T)
    return matrix


@pytest.mark.parametrize("shape", [(6, 6), (6, 4000)])
def test_a_covariance_is_symmetric_but_for_rounding(shape: tuple[int, int]) -> None:
    features, x, matrix = network(6), normal(4, 2), asymmetric(*shape)
    symmetric = (matrix + matrix.T) / 2
    assert torch.equal(Pullback(features, target=matrix).metric(x), Pullback(features, target=symmetric).metric(x))
    single = Pullback(features, target=matrix.float().contiguous()).metric(x)
    torch.testing.assert_close(single, Pullback(features, target=symmetric).metric(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.ones(5), "`target` has 5 weights for 6 features: give one for each"),
        (torch.eye(5), r"`target` is a matrix \(5, 5\) for 6 features: give one of \(6, 6\)"),
    ],
)
def test_a_target_of_another_size_than_the_features(target: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(network(6), target=target).metric(normal(4, 2))


@pytest.mark.parametrize("target", ["fisher", torch.ones(2)])
def test_what_is_no_batch_of_features_is_refused_as_without_a_target(target: str | Tensor) -> None:
    for features, message in ((lambda x: [x], "must return a tensor"), (lambda x: x[0], r"returned \(2,\)")):
        with pytest.raises(InputError, match=message):
            Pullback(features, target=target).metric(normal(4, 2))  # pyright: ignore


@pytest.mark.parametrize("target", ["flat", "fisher", torch.ones(5), torch.eye(5)])
def test_a_geometry_with_a_target_pickles(target: Literal["flat", "fisher"] | Tensor) -> None:
    geo, x = Pullback(network(5), target=target), normal(4, 2)
    assert torch.equal(pickle.loads(pickle.dumps(geo)).metric(x), geo.metric(x))


def test_sections_keep_the_target() -> None:
    features = network(5)
    origin, u, v = normal(3, 2, seed=3)
    geo = Pullback(features, target="fisher")
    frame = torch.stack([u, v])
    expected = frame @ geo.metric(origin) @ frame.T
    torch.testing.assert_close(geo.on_plane(origin, u, v).metric(torch.zeros(2, dtype=torch.float64)), expected)
