"""What every Riemannian geometry obeys, and one other way to compute it: nested derivatives of the metric."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.func import jacrev

from symgeo.pullback import Pullback

LAWS = settings(deadline=None, derandomize=True, max_examples=15)
NETWORKS = st.tuples(st.integers(0, 10_000), st.integers(2, 4))


def deep_network(seed: int, d: int, width: int = 16, depth: int = 3) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs in (d, *[width] * (depth - 1)):
        layer = nn.Linear(inputs, width, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(width, inputs, generator=generator, dtype=torch.float64) / inputs**0.5)
            layer.bias.copy_(torch.randn(width, generator=generator, dtype=torch.float64) / 2)
        layers += [layer, nn.Tanh()]
    return nn.Sequential(*layers)


def some_points(seed: int, count: int, d: int) -> Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def nested(features: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """g, Gamma, Riemann (all down), Ricci and R from derivatives of the metric, as the conventions define them."""

    def metric(point: Tensor) -> Tensor:
        jacobian = jacrev(lambda y: features(y[None])[0])(point)
        return jacobian.T @ jacobian

    def gamma(point: Tensor) -> Tensor:
        dg = jacrev(metric)(point)  # dg[i, j, k] = d_k g_ij
        lowered = (dg.permute(0, 2, 1) + dg - dg.permute(2, 0, 1)) / 2
        return torch.linalg.solve(metric(point), lowered.flatten(1)).reshape(dg.shape)

    def riemann(point: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        g_dd, gamma_udd = metric(point), gamma(point)
        derivative = jacrev(gamma)(point)  # d_m Gamma^r_ns at [r, n, s, m]
        quadratic = torch.einsum("rml,lns->rsmn", gamma_udd, gamma_udd)
        half = torch.einsum("rnsm->rsmn", derivative) + quadratic
        riemann_uddd = half - half.transpose(2, 3)
        ricci_dd = torch.einsum("rsrn->sn", riemann_uddd)
        scalar = torch.linalg.solve(g_dd, ricci_dd).trace()
        return g_dd, gamma_udd, torch.einsum("ra,asmn->rsmn", g_dd, riemann_uddd), ricci_dd, scalar

    # Reverse mode, point by point: torch's second forward derivative of linalg.solve is wrong.
    with torch.no_grad():
        return tuple(torch.stack(parts) for parts in zip(*map(riemann, x), strict=True))  # pyright: ignore


@given(NETWORKS)
@LAWS
def test_a_deep_network_against_nested_differentiation(case: tuple[int, int]) -> None:
    seed, d = case
    network, x = deep_network(seed, d), some_points(seed + 1, 2, d)
    geo = Pullback(network)
    g_dd, gamma_udd, riemann_dddd, ricci_dd, scalar = nested(network, x)
    # The oracle loses cond(g)^2 eps; its own error sets the tolerance, and these networks have cond(g) below 1e3.
    tolerance = torch.linalg.cond(g_dd).max().item() ** 2 * 1e-15
    for ours, theirs in (
        (geo.metric(x), g_dd),
        (geo.christoffel(x), gamma_udd),
        (geo.riemann(x), riemann_dddd),
        (geo.ricci(x), ricci_dd),
        (geo.scalar_curvature(x), scalar),
    ):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance * theirs.abs().max().item() + 1e-13)
    torch.testing.assert_close(geo.log_volume(x), torch.linalg.slogdet(g_dd)[1] / 2, rtol=0, atol=1e-10)


@given(NETWORKS)
@LAWS
def test_the_symmetries_of_the_riemann_tensor(case: tuple[int, int]) -> None:
    seed, d = case
    geo, x = Pullback(deep_network(seed, d)), some_points(seed, 4, d)
    riemann = geo.riemann(x)
    size = riemann.abs().max()
    assert size > 0
    for broken in (
        riemann + riemann.transpose(1, 2),
        riemann + riemann.transpose(3, 4),
        riemann - riemann.permute(0, 3, 4, 1, 2),
        riemann + riemann.permute(0, 1, 3, 4, 2) + riemann.permute(0, 1, 4, 2, 3),  # first Bianchi
    ):
        assert broken.abs().max() <= 1e-14 * size


@given(NETWORKS)
@LAWS
def test_ricci_and_scalar_are_contractions_of_riemann(case: tuple[int, int]) -> None:
    seed, d = case
    geo, x = Pullback(deep_network(seed, d)), some_points(seed, 4, d)
    g_uu = torch.linalg.inv(geo.metric(x))
    ricci = torch.einsum("pac,pabcd->pbd", g_uu, geo.riemann(x))
    scale = torch.linalg.cond(g_uu).max().item() * 1e-14
    torch.testing.assert_close(geo.ricci(x), ricci, rtol=0, atol=scale * ricci.abs().max().item())
    torch.testing.assert_close(geo.ricci(x), geo.ricci(x).mT, rtol=0, atol=1e-13 * ricci.abs().max().item())
    scalar = torch.einsum("pbd,pbd->p", g_uu, ricci)
    torch.testing.assert_close(
        geo.scalar_curvature(x),
        scalar,
        rtol=0,
        atol=scale * (g_uu.abs().amax((1, 2)) * ricci.abs().amax((1, 2))).max().item(),
    )


@given(NETWORKS)
@LAWS
def test_metric_compatibility(case: tuple[int, int]) -> None:
    """d_c g_ab = g_al Gamma^l_bc + g_bl Gamma^l_ac, the left side by central differences."""
    seed, d = case
    geo, x, h = Pullback(deep_network(seed, d)), some_points(seed, 2, d), 1e-5
    lowered = torch.einsum("pal,plbc->pabc", geo.metric(x), geo.christoffel(x))
    for c in range(d):
        step = torch.zeros(d, dtype=torch.float64)
        step[c] = h
        slope = (geo.metric(x + step) - geo.metric(x - step)) / (2 * h)
        # Differences of a smooth metric: h^2 |g'''| / 6 + eps |g| / h, both near 1e-9 here.
        torch.testing.assert_close(lowered[..., c] + lowered[..., c].mT, slope, rtol=0, atol=1e-7)


@given(NETWORKS)
@LAWS
def test_scalar_curvature_does_not_see_a_linear_change_of_chart(case: tuple[int, int]) -> None:
    seed, d = case
    network, x = deep_network(seed, d), some_points(seed, 4, d)
    matrix = torch.linalg.qr(some_points(seed + 5, d, d))[0] * torch.linspace(0.5, 2, d, dtype=torch.float64)
    there = torch.linalg.solve(matrix, x.T).T
    here, moved = Pullback(network), Pullback(lambda y: network(y @ matrix.T))
    expected = here.scalar_curvature(x)
    torch.testing.assert_close(
        moved.scalar_curvature(there), expected, rtol=1e-9, atol=1e-10 * expected.abs().max().item()
    )
    torch.testing.assert_close(
        moved.riemann(there),
        torch.einsum("pabcd,ai,bj,ck,dl->pijkl", here.riemann(x), matrix, matrix, matrix, matrix),
        rtol=0,
        atol=1e-10 * here.riemann(x).abs().max().item(),
    )


@given(st.integers(0, 1000), st.floats(0.01, 100))
@LAWS
def test_scaling_the_features(seed: int, factor: float) -> None:
    network, x = deep_network(seed, 3), some_points(seed, 4, 3)
    geo, scaled = Pullback(network), Pullback(lambda y: factor * network(y))
    same = {"rtol": 1e-9, "atol": 1e-12}
    torch.testing.assert_close(scaled.metric(x), factor**2 * geo.metric(x), **same)
    torch.testing.assert_close(scaled.christoffel(x), geo.christoffel(x), **same)
    torch.testing.assert_close(scaled.scalar_curvature(x) * factor**2, geo.scalar_curvature(x), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_one_bent_layer_has_the_curvature_of_its_ricci_tensor(d: int) -> None:
    """Where the second derivatives are one factor times products, R comes without them; the Ricci tensor does not."""
    layer = nn.Sequential(nn.Linear(d, 20), nn.Tanh()).double()
    with torch.no_grad():
        layer[0].weight.copy_(some_points(1, 20, d))
        layer[0].bias.copy_(some_points(2, 20, 1)[:, 0])
    geo, x = Pullback(layer), some_points(3, 30, d) / 2
    traced = torch.linalg.solve(geo.metric(x), geo.ricci(x)).diagonal(dim1=1, dim2=2).sum(-1)
    scalar = geo.scalar_curvature(x)
    torch.testing.assert_close(scalar, traced, rtol=1e-10, atol=1e-11 * traced.abs().max().item())
    assert d == 1 or scalar.abs().min() > 0


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_agree_to_rounding(chunk: int) -> None:
    network, x = deep_network(3, 2, width=64), some_points(4, 50, 2)
    whole, parts = Pullback(network), Pullback(network, chunk=chunk)
    # Matrix products of different sizes sum in different orders: a few units in the last place of the largest term.
    for name, units in (("metric", 8), ("log_volume", 64), ("scalar_curvature", 4096)):
        a, b = getattr(whole, name)(x), getattr(parts, name)(x)
        assert (a - b).abs().max() <= units * torch.finfo(a.dtype).eps * a.abs().max(), name


def test_leading_shapes() -> None:
    geo, x = Pullback(deep_network(0, 2)), some_points(0, 12, 2)
    flat = geo.christoffel(x)
    torch.testing.assert_close(geo.christoffel(x.reshape(3, 4, 2)), flat.reshape(3, 4, 2, 2, 2))
    assert geo.christoffel(x[0]).shape == (2, 2, 2)
    assert geo.scalar_curvature(x[0]).shape == ()
    assert geo.volume(x.reshape(3, 4, 2)).rank.shape == (3, 4)
