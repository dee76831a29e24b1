"""Curvature of planes, curvature of the image in the features, and the directions that a singular metric loses."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback

EXACT = {"rtol": 1e-11, "atol": 1e-11}


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(d: int, seed: int = 0) -> nn.Module:
    made = nn.Sequential(nn.Linear(d, 12), nn.Tanh(), nn.Linear(12, 9), nn.Sigmoid()).double()
    with torch.no_grad():
        for i, parameter in enumerate(made.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=100 * seed + i) / 2)
    return made


def graph(x: Tensor) -> Tensor:
    """The graph of (a x^2 + b y^2)/2, whose principal curvatures at the origin are a and b."""
    a, b = 0.7, -1.9
    return torch.cat([x, ((x * x) @ torch.tensor([[a], [b]]).to(x)) / 2], 1)


def torus(x: Tensor) -> Tensor:
    u, v = x.unbind(1)
    ring = 2 + 0.7 * v.cos()
    return torch.stack([ring * u.cos(), ring * u.sin(), 0.7 * v.sin()], 1)


@given(st.integers(0, 1000), st.integers(2, 5))
@settings(deadline=None, derandomize=True, max_examples=12)
def test_sectional_curvature_is_that_of_the_riemann_tensor(seed: int, d: int) -> None:
    geo, x = Pullback(network(d, seed)), normal(2, 3, d, seed=seed)
    u, v = normal(2, 3, d, seed=seed + 1), normal(d, seed=seed + 2)
    g_dd, riemann_dddd = geo.metric(x), geo.riemann(x)
    other = v.expand_as(x)
    top = torch.einsum("...abcd,...a,...b,...c,...d->...", riemann_dddd, u, other, u, other)

    def inner(a: Tensor, b: Tensor) -> Tensor:
        return torch.einsum("...a,...ab,...b->...", a, g_dd, b)

    expected = top / (inner(u, u) * inner(other, other) - inner(u, other) ** 2)
    found = geo.sectional_curvature(x, u, v)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(geo.sectional_curvature(x, u + 3 * v, 2 * v - u), found, rtol=1e-8, atol=1e-9)
    if d == 2:
        torch.testing.assert_close(2 * found, geo.scalar_curvature(x), rtol=1e-8, atol=1e-9)


def test_the_sectional_curvature_of_a_sphere_in_many_dimensions() -> None:
    geo = Pullback(
        lambda x: torch.cat([2 * x, 1 - (x * x).sum(1, keepdim=True)], 1) / (1 + (x * x).sum(1, keepdim=True))
    )
    x = normal(3, 200) / 20
    found = geo.sectional_curvature(x, normal(3, 200, seed=1), normal(3, 200, seed=2))
    torch.testing.assert_close(found, torch.ones(3).double(), **EXACT)


@pytest.mark.parametrize("size", [1e-200, 1e-170, 1e170, 1e300])
def test_the_lengths_of_vectors_are_not_seen(size: float) -> None:
    geo, x = Pullback(network(3)), normal(4, 3)
    u, v = normal(4, 3, seed=1), normal(3, seed=2)
    expected = geo.sectional_curvature(x, u, v)
    for a, b in ((u * size, v), (u, v * size), (u * size, v / size), (u * size, v * size)):
        torch.testing.assert_close(geo.sectional_curvature(x, a, b), expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("d", [2, 3, 8])
@pytest.mark.parametrize("factor", [1e-100, 1e-150, 1e100, 1e150])
def test_the_sectional_curvature_of_scaled_features(d: int, factor: float) -> None:
    net, x, u, v = network(d).double(), normal(4, d), normal(d, seed=1), normal(d, seed=2)
    found = Pullback(lambda y: net(y) * factor).sectional_curvature(x, u, v)
    torch.testing.assert_close(found * factor * factor, Pullback(net).sectional_curvature(x, u, v), rtol=1e-9, atol=0)


@pytest.mark.parametrize("factor", [1e-170, 1e170])
def test_a_sectional_curvature_out_of_range(factor: float) -> None:
    x, (u, v) = normal(3, 2), torch.eye(2).double()
    with pytest.raises(NumericalError, match=r"The sectional curvature leaves the range of torch\.float64 at point 0"):
        Pullback(lambda y: torus(y) * factor).sectional_curvature(x, u, v)
    with pytest.raises(NumericalError, match="derivatives are not finite at point 0"):
        Pullback(lambda y: torus(y) * 1e200 * 1e200).sectional_curvature(x, u, v)


@pytest.mark.parametrize("factor", [1e-310, 8e307])
def test_bending_out_of_range(factor: float) -> None:
    with pytest.raises(NumericalError, match=r"The extrinsic curvature leaves the range of torch\.float64 at point 0"):
        Pullback(lambda y: graph(y) * factor).extrinsic_curvature(torch.zeros(1, 2).double())


def test_planes_that_have_no_curvature() -> None:
    geo, x = Pullback(torus), normal(3, 2)
    u = normal(3, 2, seed=1)
    v = 2 * u
    v[0] = normal(2, seed=2)
    with pytest.raises(InputError, match="`u` and `v` are parallel, or zero, at point 1"):
        geo.sectional_curvature(x, u, v)
    with pytest.raises(InputError, match=r"`v` must be finite vectors \(..., 2\); its shape is \(3, 1\)"):
        geo.sectional_curvature(x, u, v[:, :1])
    with pytest.raises(InputError, match=r"`v` must be one vector for all points, or one for each of \(3,\)"):
        geo.sectional_curvature(x, u, v[:2])
    with pytest.raises(InputError, match="meaningless"):
        Pullback(nn.Sequential(nn.Linear(2, 4), nn.ReLU())).sectional_curvature(x, u, u)
    with pytest.raises(InputError, match="piecewise linear"):
        Pullback(lambda y: torch.cat([y, y.abs()], 1)).sectional_curvature(x, u, torch.ones(2))


def polar(x: Tensor) -> Tensor:
    return x[:, :1] * torch.cat([x[:, 1:].cos(), x[:, 1:].sin()], 1)


def test_a_singular_point_is_named_or_marked() -> None:
    x = normal(3, 2)
    x[1, 0] = 0
    u, v = torch.eye(2).double()
    with pytest.raises(NumericalError, match="singular at point 1"):
        Pullback(polar).sectional_curvature(x, u, v)
    with pytest.raises(NumericalError, match="singular at point 1"):
        Pullback(polar).extrinsic_curvature(x)
    geo = Pullback(polar, on_singular="mark")
    assert geo.sectional_curvature(x, u, v).isnan().tolist() == [False, True, False]
    marked = geo.extrinsic_curvature(x)
    assert marked.norm.isnan().tolist() == marked.mean.isnan().any(1).tolist() == [False, True, False]


def test_the_principal_curvatures_of_a_graph() -> None:
    found = Pullback(graph).extrinsic_curvature(torch.zeros(2).double())
    torch.testing.assert_close(found.mean, torch.tensor([0, 0, (0.7 - 1.9) / 2]).double(), rtol=1e-6, atol=1e-15)
    torch.testing.assert_close(found.norm, torch.tensor((0.7**2 + 1.9**2) ** 0.5).double(), rtol=1e-6, atol=0)


def test_the_torus_bends_by_its_tube_and_by_its_ring() -> None:
    x = normal(20, 2)
    found = Pullback(torus).extrinsic_curvature(x)
    tube, ring = 1 / 0.7, x[:, 1].cos() / (2 + 0.7 * x[:, 1].cos())
    torch.testing.assert_close(found.mean.norm(dim=1), (tube + ring) / 2, **EXACT)
    torch.testing.assert_close(found.norm, (tube**2 + ring**2).sqrt(), **EXACT)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_the_gauss_equation_from_outside(d: int) -> None:
    geo, x = Pullback(network(d)), normal(4, d)
    found = geo.extrinsic_curvature(x)
    torch.testing.assert_close(
        d * d * found.mean.square().sum(-1) - found.norm**2, geo.scalar_curvature(x), rtol=1e-8, atol=1e-9
    )
    assert found.mean.shape == (4, 9)


def test_a_curved_target_has_no_extrinsic_curvature() -> None:
    with pytest.raises(InputError, match="curved space"):
        Pullback(network(2), target="fisher").extrinsic_curvature(normal(1, 2))


@pytest.mark.parametrize(("n", "d", "rank"), [(5, 4, 2), (3, 6, 3), (3, 6, 1), (4, 4, 4)])
def test_image_and_null_directions(n: int, d: int, rank: int) -> None:
    matrix = normal(n, rank) @ normal(rank, d, seed=1)
    x = normal(5, d, seed=2)
    stretches = Pullback(lambda y: y @ matrix.T).stretches(x)
    assert stretches.rank.tolist() == [rank] * 5
    null, image = stretches.null(), stretches.image()
    assert null.shape == (5, d - rank, d)
    assert (null @ matrix.T).abs().max().item() < 1e-14 * d if rank < d else null.numel() == 0
    together = torch.cat([image, null], 1)
    torch.testing.assert_close(together @ together.mT, torch.eye(d).double().expand(5, d, d))
    torch.testing.assert_close((image @ matrix.T).norm(dim=-1), stretches.values[:, :rank])


def test_null_directions_of_points_of_different_rank() -> None:
    x = normal(3, 2)
    x[1, 0] = 0
    stretches = Pullback(polar).stretches(x)
    assert stretches.rank.tolist() == [2, 1, 2]
    with pytest.raises(InputError, match="points of ranks 1, 2"):
        stretches.null()
    torch.testing.assert_close(stretches.directions[1, 1].abs(), torch.tensor([0.0, 1.0]).double())
