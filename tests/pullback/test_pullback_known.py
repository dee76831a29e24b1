"""Surfaces whose geometry has been known since Gauss."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from symgeo.pullback import Pullback

EXACT = {"rtol": 1e-12, "atol": 1e-12}


def points(count: int, *ranges: tuple[float, float], seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    unit = torch.rand(count, len(ranges), generator=generator, dtype=torch.float64)
    low, high = torch.tensor(ranges, dtype=torch.float64).T
    return low + unit * (high - low)


def sphere(x: Tensor) -> Tensor:
    """S^d in hyperspherical angles."""
    coordinates, radius = [], torch.ones_like(x[:, 0])
    for angle in x.unbind(1):
        coordinates.append(radius * angle.cos())
        radius = radius * angle.sin()
    return torch.stack([*coordinates, radius], 1)


def paraboloid(x: Tensor) -> Tensor:
    return torch.cat([x, (x * x).sum(1, keepdim=True) / 2], 1)


def torus(x: Tensor, tube: float = 0.7, core: float = 2.0) -> Tensor:
    u, v = x.unbind(1)
    ring = core + tube * v.cos()
    return torch.stack([ring * u.cos(), ring * u.sin(), tube * v.sin()], 1)


def clifford(x: Tensor) -> Tensor:
    return torch.cat([x.cos(), x.sin()], 1) / math.sqrt(2)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_the_unit_sphere_is_an_einstein_space_of_curvature_d_d_minus_1(d: int) -> None:
    x = points(20, *[(0.4, 2.6)] * (d - 1), (0, 6))
    geo = Pullback(sphere)
    g_dd = geo.metric(x)
    torch.testing.assert_close(geo.scalar_curvature(x), torch.full((20,), d * (d - 1.0), dtype=torch.float64), **EXACT)
    torch.testing.assert_close(geo.ricci(x), (d - 1) * g_dd, **EXACT)
    # Constant curvature 1: R_abcd = g_ac g_bd - g_ad g_bc.
    expected = torch.einsum("pac,pbd->pabcd", g_dd, g_dd) - torch.einsum("pad,pbc->pabcd", g_dd, g_dd)
    torch.testing.assert_close(geo.riemann(x), expected, **EXACT)


def test_the_sphere_in_polar_coordinates() -> None:
    x = points(10, (0.3, 2.8), (0, 6))
    theta = x[:, 0]
    geo = Pullback(sphere)
    torch.testing.assert_close(geo.log_volume(x), theta.sin().log(), **EXACT)
    gamma_udd = geo.christoffel(x)
    expected = torch.zeros(10, 2, 2, 2, dtype=torch.float64)
    expected[:, 0, 1, 1] = -theta.sin() * theta.cos()
    expected[:, 1, 0, 1] = expected[:, 1, 1, 0] = theta.cos() / theta.sin()
    torch.testing.assert_close(gamma_udd, expected, **EXACT)


@pytest.mark.parametrize("d", [2, 3, 9])
def test_the_paraboloid(d: int) -> None:
    x = points(25, *[(-1.5, 1.5)] * d)
    s = (x * x).sum(1)
    geo = Pullback(paraboloid)
    g_dd = torch.eye(d, dtype=torch.float64) + x[:, :, None] * x[:, None, :]
    torch.testing.assert_close(geo.metric(x), g_dd, **EXACT)
    torch.testing.assert_close(geo.log_volume(x), torch.log1p(s) / 2, **EXACT)
    torch.testing.assert_close(
        geo.christoffel(x),
        x[:, :, None, None] * torch.eye(d, dtype=torch.float64) / (1 + s)[:, None, None, None],
        **EXACT,
    )
    # A graph of |x|^2/2: the principal curvatures are (1+s)^{-1/2} (d - 1 times) and (1+s)^{-3/2}.
    expected = (d - 1) * ((d - 2) / (1 + s) + 2 / (1 + s) ** 2)
    torch.testing.assert_close(geo.scalar_curvature(x), expected, **EXACT)
    if d == 2:
        torch.testing.assert_close(geo.scalar_curvature(x), 2 / (1 + s) ** 2, **EXACT)


def test_the_torus_of_revolution_bends_both_ways() -> None:
    x = points(30, (0, 6.2), (0, 6.2))
    v = x[:, 1]
    curvature = Pullback(torus).scalar_curvature(x)
    torch.testing.assert_close(curvature, 2 * v.cos() / (0.7 * (2 + 0.7 * v.cos())), **EXACT)
    assert curvature.min() < 0 < curvature.max()


def test_the_clifford_torus_is_flat_though_it_bends() -> None:
    x = points(30, (0, 6.2), (0, 6.2))
    geo = Pullback(clifford)
    assert geo.riemann(x).abs().max() < 1e-15
    assert geo.christoffel(x).abs().max() < 1e-15
    torch.testing.assert_close(geo.metric(x), torch.eye(2, dtype=torch.float64).expand(30, 2, 2) / 2, **EXACT)


def test_the_pseudosphere_is_a_piece_of_the_hyperbolic_plane() -> None:
    """The tractrix turned about its axis: sech t (cos u, sin u), t - tanh t."""
    x = points(30, (0.2, 2.5), (0, 6.2))

    def pseudosphere(x: Tensor) -> Tensor:
        t, u = x.unbind(1)
        return torch.stack([u.cos() / t.cosh(), u.sin() / t.cosh(), t - t.tanh()], 1)

    torch.testing.assert_close(
        Pullback(pseudosphere).scalar_curvature(x), torch.full((30,), -2.0, dtype=torch.float64), rtol=1e-11, atol=0
    )


def test_an_affine_map_is_flat_and_not_refused() -> None:
    layer = torch.nn.Linear(3, 5, dtype=torch.float64)
    x = points(4, (-1, 1), (-1, 1), (-1, 1))
    assert Pullback(layer).scalar_curvature(x).tolist() == [0, 0, 0, 0]


def test_a_curve_has_no_curvature_of_its_own() -> None:
    t = points(5, (-1, 1))
    geo = Pullback(lambda x: torch.cat([x.cos(), x.sin(), x * x], 1))
    assert geo.scalar_curvature(t).tolist() == [0] * 5
    # Gamma = g'/(2g) with g = 1 + 4 t^2.
    torch.testing.assert_close(geo.christoffel(t).flatten(), (4 * t / (1 + 4 * t * t)).flatten(), **EXACT)


def test_float32_keeps_single_precision() -> None:
    x = points(200, (0.4, 2.6), (0, 6)).float()
    curvature = Pullback(sphere).scalar_curvature(x)
    assert curvature.dtype == torch.float32
    assert (curvature.double() - 2).abs().median() < 1e-6
