"""Metrics on the features other than the flat one."""

from __future__ import annotations

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
        (torch.tensor([1.0, 0.0]), "positive weights; the least is 0"),
        (torch.tensor([[1.0, 2.0], [0.0, 1.0]]), "symmetric"),
        (torch.tensor([[1.0, 2.0], [2.0, 1.0]]), "positive definite"),
    ],
)
def test_targets_that_cannot_be_meant(target: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(nn.Linear(2, 2), target=target)  # pyright: ignore


def test_sections_keep_the_target() -> None:
    features = network(5)
    origin, u, v = normal(3, 2, seed=3)
    geo = Pullback(features, target="fisher")
    frame = torch.stack([u, v])
    expected = frame @ geo.metric(origin) @ frame.T
    torch.testing.assert_close(geo.on_plane(origin, u, v).metric(torch.zeros(2, dtype=torch.float64)), expected)
