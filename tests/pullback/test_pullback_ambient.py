"""Metrics that vary over the space of features: spaces of constant curvature, and the definition of curvature."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from symgeo.crosscheck.autodiff import derivative, geometry
from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback

EXACT = {"rtol": 1e-11, "atol": 1e-11}
Metric = Callable[[Tensor], Tensor]


def ball(count: int, d: int, radius: float = 0.8) -> Tensor:
    x = torch.randn(count, d, generator=torch.Generator().manual_seed(d), dtype=torch.float64)
    return radius * x / (1 + x.norm(dim=1, keepdim=True))


def constant(curvature: int) -> Metric:
    """The metric of constant curvature in a ball: stereographic for 1, Poincaré's for -1."""

    def metric(y: Tensor) -> Tensor:
        factor = 4 / (1 + curvature * (y * y).sum(1)).square()
        return factor[:, None, None] * torch.eye(y.shape[1], dtype=y.dtype)

    return metric


def skewed(y: Tensor) -> Tensor:
    """A metric without symmetries, positive definite everywhere."""
    n = y.shape[1]
    mixing = torch.randn(n, n, n, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(y.dtype) / n
    root = torch.eye(n, dtype=y.dtype) + torch.einsum("pk,kij->pij", (y + 0.3 * y * y).sin(), mixing)
    return root @ root.mT + torch.eye(n, dtype=y.dtype)


def chart(x: Tensor) -> Tensor:
    """A change of coordinates of the ball into itself."""
    return 0.4 * x + 0.3 * x.flip(1).sin() + 0.05 * x.prod(1, keepdim=True)


def network(d: int, n: int) -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(d, 9), nn.Tanh(), nn.Linear(9, n)).double()
    return nn.Sequential(layers, nn.Tanh(), nn.Linear(n, n, bias=False, dtype=torch.float64)).requires_grad_(False)


def total(features: Metric, metric: Metric) -> Metric:
    """J^T h(y) J as a function that autograd differentiates."""

    def pulled(x: Tensor) -> Tensor:
        y = features(x)
        jacobian = derivative(y, x)
        return jacobian.mT @ metric(y) @ jacobian

    return pulled


@pytest.mark.parametrize("curvature", [-1, 1])
@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("features", [lambda x: x, chart], ids=["identity", "chart"])
def test_spaces_of_constant_curvature(features: Metric, d: int, curvature: int) -> None:
    x, geo = ball(20, d), Pullback(features, target=constant(curvature))
    g_dd = geo.metric(x)
    expected = torch.full((20,), curvature * d * (d - 1.0), dtype=torch.float64)
    torch.testing.assert_close(geo.scalar_curvature(x), expected, **EXACT)
    torch.testing.assert_close(geo.ricci(x), curvature * (d - 1) * g_dd, **EXACT)
    wedge = torch.einsum("pac,pbd->pabcd", g_dd, g_dd) - torch.einsum("pad,pbc->pabcd", g_dd, g_dd)
    torch.testing.assert_close(geo.riemann(x), curvature * wedge, **EXACT)
    u, v = torch.randn(2, 20, d, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    torch.testing.assert_close(geo.sectional_curvature(x, u, v), torch.full_like(expected, curvature), **EXACT)


@pytest.mark.parametrize("metric", [constant(-1), skewed], ids=["hyperbolic", "skewed"])
@pytest.mark.parametrize(("d", "n"), [(2, 3), (3, 3), (3, 5)])
def test_against_the_definition(metric: Metric, d: int, n: int) -> None:
    inner = network(d, n)

    def features(x: Tensor) -> Tensor:
        return inner(x).tanh() / 2  # within the ball

    x = ball(8, d)
    reference, geo = geometry(total(features, metric), x), Pullback(features, target=metric)
    assert reference["scalar_curvature"].abs().min() > 1e-3
    torch.testing.assert_close(geo.metric(x), reference["matrix"], rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(geo.log_volume(x), reference["log_volume_element"], rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(geo.christoffel(x), reference["christoffel"], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(geo.scalar_curvature(x), reference["scalar_curvature"], rtol=1e-7, atol=1e-8)
    g_uu = torch.linalg.inv(reference["matrix"])
    riemann_dddd, ricci_dd = geo.riemann(x), geo.ricci(x)
    torch.testing.assert_close(torch.einsum("pac,pabcd->pbd", g_uu, riemann_dddd), ricci_dd, rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(torch.einsum("pbd,pbd->p", g_uu, ricci_dd), geo.scalar_curvature(x))


def test_fisher_by_its_matrix() -> None:
    """The metric of the simplex in logits, plus what makes it definite, against the embedding of the simplex alone."""
    inner, x = network(2, 4), ball(10, 2)

    def metric(y: Tensor) -> Tensor:
        p = torch.softmax(torch.cat([y, torch.zeros_like(y[:, :1])], 1), 1)[:, :-1]
        return torch.diag_embed(p) - p[:, :, None] * p[:, None]

    def logits(x: Tensor) -> Tensor:
        y = inner(x)
        return torch.cat([y, torch.zeros_like(y[:, :1])], 1)

    varying, fisher = Pullback(inner, target=metric), Pullback(logits, target="fisher")
    for quantity in ("metric", "log_volume", "christoffel", "riemann", "ricci", "scalar_curvature"):
        torch.testing.assert_close(getattr(varying, quantity)(x), getattr(fisher, quantity)(x), rtol=1e-9, atol=1e-11)


def test_a_constant_metric_as_a_callable_and_as_a_matrix() -> None:
    inner, x, matrix = network(2, 4), ball(10, 2), skewed(ball(1, 4))[0]
    varying, fixed = (Pullback(inner, target=t) for t in (lambda y: matrix.expand(len(y), 4, 4), matrix))
    for quantity in ("metric", "log_volume", "christoffel", "riemann", "ricci", "scalar_curvature"):
        torch.testing.assert_close(getattr(varying, quantity)(x), getattr(fixed, quantity)(x), rtol=1e-10, atol=1e-11)


def test_paths_in_the_hyperbolic_plane() -> None:
    geo = Pullback(lambda x: x, target=constant(-1))
    a, b = torch.tensor([[0.1, 0.2], [-0.6, 0.3]], dtype=torch.float64)
    distance = torch.acosh(1 + 2 * (a - b).square().sum() / ((1 - a @ a) * (1 - b @ b)))
    path = geo.geodesic(a, b, count=257)
    torch.testing.assert_close(geo.length(path.points), distance, rtol=1e-5, atol=0)  # chords of 256 pieces
    torch.testing.assert_close(geo.exp(a, path.velocities[0]), b, rtol=1e-7, atol=1e-8)
    # A geodesic carries its velocity; what the corners of its polygon add falls with the square of their distances.
    errors = []
    for every in (64, 32):
        carried = geo.transport(path.points[::every], path.velocities[0])[-1]
        errors.append((carried - path.velocities[-1]).norm().item())
    assert 1.8 < math.log2(errors[0] / errors[1]) < 2.2
    # Round a small triangle a vector turns by curvature times area, here about -s^2/2 times 4.
    s = 0.01
    loop = s * torch.tensor([[0, 0], [1, 0], [0, 1], [0, 0]], dtype=torch.float64)
    turned = geo.transport(loop, torch.tensor([1.0, 0], dtype=torch.float64))[-1]
    torch.testing.assert_close(turned[1] / (-2 * s * s), torch.ones((), dtype=torch.float64), rtol=1e-3, atol=0)


def test_sections_volumes_and_singular_points() -> None:
    inner, metric = network(4, 5), skewed
    geo, x = Pullback(inner, target=metric), ball(1, 4)[0]
    u, v = torch.eye(4, dtype=torch.float64)[:2]
    plane = geo.on_plane(x, u, v).metric(torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(plane, geo.metric(x)[:2, :2])
    narrow = Pullback(network(7, 2), target=metric).volume(ball(3, 7))  # fewer features than coordinates
    g_dd = Pullback(network(7, 2), target=metric).metric(ball(3, 7))
    assert narrow.rank.tolist() == [2, 2, 2]
    values = torch.linalg.eigvalsh(g_dd)
    torch.testing.assert_close(narrow.log, values[:, -2:].log().sum(1) / 2, rtol=1e-10, atol=1e-12)
    folded = Pullback(lambda x: x * x, target=constant(-1), on_singular="mark")
    curvature = folded.scalar_curvature(torch.tensor([[0.3, 0.4], [0.0, 0.4]], dtype=torch.float64))
    assert curvature[0].item() == pytest.approx(-2, rel=1e-10)
    assert curvature[1].isnan()


def test_chunks_scales_and_single_precision() -> None:
    x, inner = ball(30, 2), network(2, 3)
    whole = Pullback(inner, target=skewed).scalar_curvature(x)
    torch.testing.assert_close(Pullback(inner, target=skewed, chunk=7).scalar_curvature(x), whole, rtol=1e-12, atol=0)
    for scale in (1e-150, 1e150):
        scaled = Pullback(inner, target=lambda y, c=scale: c * skewed(y))
        torch.testing.assert_close(scaled.scalar_curvature(x) * scale, whole, rtol=1e-9, atol=0)
        torch.testing.assert_close(scaled.ricci(x), Pullback(inner, target=skewed).ricci(x), rtol=1e-9, atol=1e-12)
    single = Pullback(lambda x: x, target=constant(-1)).scalar_curvature(x.float())
    assert single.dtype == torch.float32
    assert (single + 2).abs().max() < 1e-4


@pytest.mark.parametrize(("stretch", "error"), [(1.0, 1e-13), (1e-3, 1e-9), (1e-5, 1e-5)])
def test_coordinates_that_are_nearly_parallel(stretch: float, error: float) -> None:
    """At cond(g) = 4 / stretch^2, the digits that differentiating g would lose twice over."""
    geo = Pullback(lambda x: torch.stack([x[:, 0], x[:, 0] + stretch * x[:, 1]], 1), target=constant(-1))
    x = 0.3 * ball(50, 2) / torch.tensor([1, stretch], dtype=torch.float64).clamp_min(1e-2)
    assert (geo.scalar_curvature(x) + 2).abs().median() < error


def test_a_metric_with_parameters() -> None:
    class Learned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_scale = nn.Parameter(torch.tensor(math.log(4.0), dtype=torch.float64))

        def forward(self, y: Tensor) -> Tensor:
            return self.log_scale.exp() * constant(-1)(y) / 4

    learned = Learned()
    curvature = Pullback(lambda x: x, target=learned).scalar_curvature(ball(5, 2))
    torch.testing.assert_close(curvature, torch.full((5,), -2.0, dtype=torch.float64), **EXACT)
    assert learned.log_scale.grad is None


def sheet(y: Tensor) -> Tensor:
    """Positive definite for y_1 < 1/2."""
    return torch.diag_embed(torch.stack([0.5 - y[:, 0], torch.ones_like(y[:, 0])], 1))


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (lambda y: y, InputError, r"for \(1, 2\) it must return \(1, 2, 2\), not \(1, 2\)"),
        (lambda y: 2.0, InputError, "not a float"),
        (lambda y: torch.eye(3), InputError, r"not \(3, 3\)"),
        (lambda y: constant(1)(y).float(), InputError, "keep the dtype"),
        (lambda y: constant(1)(y[:, :, None]), InputError, "`target` could not take|must return"),
        (lambda y: constant(1)(y - y.mean()), InputError, "mixes the points"),
        (lambda y: constant(1)(y) + torch.ones(2, 2).triu(1) * y[:, :1, None], InputError, "symmetric: at point 0"),
        (sheet, NumericalError, r"not positive definite at point 2: its least eigenvalue is -0\.25"),
        (lambda y: constant(1)(y) / (y[:, 1] - 0.25)[:, None, None], NumericalError, "not finite at point 1"),
        (lambda y: constant(1)(y.relu()), InputError, r"`target` has kinks \(relu\)"),
    ],
)
def test_metrics_that_cannot_be_meant(target: Metric, error: type[Exception], message: str) -> None:
    x = torch.tensor([[0.125, 0.5], [0.25, 0.25], [0.75, 0.5]], dtype=torch.float64)
    with pytest.raises(error, match=message) as caught:
        Pullback(lambda x: x, target=target).scalar_curvature(x)
    assert "\n" not in str(caught.value)


def test_kinks_do_not_hinder_the_volume() -> None:
    x = ball(4, 2)
    geo = Pullback(lambda x: x, target=lambda y: constant(1)(y.relu()))
    torch.testing.assert_close(geo.metric(x), constant(1)(x.relu()))


def test_folds_of_the_map_are_seen_under_a_curved_target() -> None:
    with pytest.raises(InputError, match="piecewise linear"):
        Pullback(lambda x: x.abs(), target=constant(-1)).scalar_curvature(ball(4, 2))


def test_too_many_features_for_a_metric_that_varies() -> None:
    wide = nn.Linear(2, 2000, dtype=torch.float64)
    geo = Pullback(wide, target=lambda y: (1 + y[:, :1, None].square()) * torch.eye(2000, dtype=y.dtype))
    with pytest.raises(InputError, match=r"varies over 2000 features.* 64 GB \(the limit is 8\)"):
        geo.scalar_curvature(ball(1, 2))
    with pytest.raises(InputError, match="varies over 2000 features"):
        geo.sectional_curvature(ball(1, 2), *torch.eye(2, dtype=torch.float64))
    assert geo.metric(ball(1, 2)).shape == (1, 2, 2)


def test_the_image_has_no_extrinsic_curvature_in_flat_coordinates() -> None:
    with pytest.raises(InputError, match="curved space"):
        Pullback(chart, target=constant(-1)).extrinsic_curvature(ball(2, 2))
