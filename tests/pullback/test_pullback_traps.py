"""Maps on which derivatives are easily lost without a word: each has its metric right, or is refused in one line."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import pytest
import torch
from torch import Tensor

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback

Map = Callable[[Tensor], Tensor]


def points(count: int, d: int) -> Tensor:
    return torch.randn(count, d, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def differenced_metric(features: Map, x: Tensor) -> Tensor:
    """J^T J with J by central differences."""
    h, units = 1e-5, torch.eye(x.shape[1], dtype=x.dtype)
    with torch.no_grad():
        jacobian = torch.stack([(features(x + h * e) - features(x - h * e)) / (2 * h) for e in units], -1)
    return jacobian.mT @ jacobian


def check_metric(features: Map, x: Tensor) -> None:
    expected = differenced_metric(lambda z: features(z.clone()), x)
    assert expected.abs().max() > 1e-3
    found = Pullback(features).metric(x.clone())
    assert (found - expected).abs().max() < 1e-8 * (1 + expected.abs().max())


SPREAD = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(2, 6).sin()


@pytest.mark.parametrize(
    "features",
    [
        lambda x: torch.cat([x, torch.sqrt(1 + 1j * x).real], 1),
        lambda x: torch.cat([x, (1 / (1 + 1j * x)).imag], 1),
        lambda x: torch.cat([x, torch.exp(1j * x).real], 1),
        lambda x: torch.cat([x, torch.complex(x, x**2).abs()], 1),
        lambda x: torch.cat([x, torch.fft.rfft(x @ SPREAD).real ** 2], 1),
        lambda x: torch.view_as_real(torch.fft.fft(x.sin() @ SPREAD)).flatten(1),
    ],
)
def test_complex_numbers_inside(features: Map) -> None:
    check_metric(features, points(3, 2))


def written(view: Callable[[Tensor], Tensor]) -> Map:
    """x -> h with a part of h written through a view of it."""

    def features(x: Tensor) -> Tensor:
        h = (x @ SPREAD).sin() * 1
        view(h).mul_(2.0).tanh_()
        return h * h + x[:, :1]

    return features


@pytest.mark.parametrize(
    "view",
    [
        lambda h: h[:, 0],
        lambda h: h[:, 1:4],
        lambda h: h.t(),
        lambda h: h.transpose(0, 1),
        lambda h: h.unsqueeze(1),
        lambda h: h.view(-1, 2, 3),
    ],
)
def test_writing_through_a_view(view: Callable[[Tensor], Tensor]) -> None:
    check_metric(written(view), points(3, 2))


@pytest.mark.parametrize("view", [lambda h: h.chunk(2, 1)[1], lambda h: h.split(2, 1)[0], lambda h: h.unbind(1)[2]])
def test_writing_through_one_view_of_several(view: Callable[[Tensor], Tensor]) -> None:
    """Which torch does not differentiate."""
    with pytest.raises(InputError, match=r"cannot be differentiated through `mul_`: .* is a view and is"):
        Pullback(written(view)).metric(points(3, 2))


def test_a_view_of_what_is_written_into() -> None:
    def features(x: Tensor) -> Tensor:
        h = (x @ SPREAD).sin()
        view = h[:, :3]
        h.mul_(2.0).sin_()
        return torch.cat([view, h], 1)

    check_metric(features, points(3, 2))


CENTRES = torch.randn(3, 20, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


def test_distances_pulled_back() -> None:
    check_metric(lambda x: torch.cdist(x, CENTRES), points(4, 20))


def unrecorded(x: Tensor) -> Tensor:
    with torch.no_grad():
        return (x @ CENTRES.T).tanh()


def unseen(x: Tensor) -> Tensor:
    with torch.inference_mode():
        return (x @ CENTRES.T).tanh()


@pytest.mark.parametrize("features", [unrecorded, unseen, lambda x: (x @ CENTRES.T).detach().tanh()])
def test_gradients_switched_off_inside(features: Map) -> None:
    check_metric(features, points(4, 20))
    check_metric(lambda x: features(torch.nn.functional.pad(x, (0, 18))), points(4, 2))


def test_gradients_switched_off_where_only_gradients_do() -> None:
    def features(x: Tensor) -> Tensor:
        with torch.no_grad():
            h = (x @ SPREAD).tanh()
            h[:, 0] = h[:, 1] * h[:, 2]
            return h

    with pytest.raises(InputError, match=r"take torch\.no_grad, inference_mode and detach out of the map"):
        Pullback(features).metric(points(3, 2))


def test_what_all_rows_take_from_the_first() -> None:
    with pytest.raises(InputError, match="mixes the points of a batch: point 3 alone"):
        Pullback(lambda x: x * x[:1]).metric(points(4, 2))


@pytest.mark.parametrize("d", [2, 20])
def test_a_map_that_writes_into_its_input(d: int) -> None:
    def features(x: Tensor) -> Tensor:
        x.mul_(2.0)
        return (x @ CENTRES[:, :d].T).tanh()

    def features_of_part(x: Tensor) -> Tensor:
        x[:, 0] = x[:, 1] * 2
        return (x @ CENTRES[:, :d].T).tanh()

    for function in (features, features_of_part):
        x = points(4, d)
        before = x.clone()
        expected = differenced_metric(lambda z, function=function: function(z.clone()), x)
        assert torch.allclose(Pullback(function).metric(x), expected, atol=1e-8)
        assert torch.equal(x, before)


@pytest.mark.parametrize("d", [2, 20])
def test_an_operation_without_derivative(d: int) -> None:
    with pytest.raises(InputError, match="`special_bessel_j0`, for which torch has no derivative"):
        Pullback(lambda x: torch.special.bessel_j0(x[:, :2]) + x[:, :2]).metric(points(3, d))


def test_constants_made_like_the_input_are_no_loss() -> None:
    check_metric(lambda x: torch.cat([x * torch.full_like(x, 2.0), x.new_ones(len(x), 1)], 1), points(3, 2))


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("z", [1e-3, 1e-6, 1e-9])
def test_small_curvature_keeps_its_digits(name: str, z: float) -> None:
    """R of the graph of phi(x) + phi(y) at x = y = z, 2 phi''^2 / (1 + 2 phi'^2)^2."""
    act = getattr(torch, name)
    found = Pullback(lambda x: torch.cat([x, act(x[:, :1]) + act(x[:, 1:])], 1)).scalar_curvature(
        torch.tensor([z, z], dtype=torch.float64)
    )
    with mp.workdps(50):
        t = mp.tanh(mp.mpf(z) if name == "tanh" else mp.mpf(z) / 2)
        slope, bend = (1 - t**2, -2 * t * (1 - t**2)) if name == "tanh" else ((1 - t**2) / 4, -t * (1 - t**2) / 4)
        expected = float(2 * bend**2 / (1 + 2 * slope**2) ** 2)
    assert abs(found.item() / expected - 1) < 1e-13


def test_a_metric_that_overflows() -> None:
    x = points(3, 2).float()
    x[0] = 0
    with pytest.raises(NumericalError, match=r"The metric leaves the range of torch.float32 at point 1"):
        Pullback(lambda z: torch.cat([z**3, z], 1) * torch.tensor([1e19, 1e19, 1, 1])).metric(x * 1e3)


def test_weights_that_are_infinite() -> None:
    weight = torch.eye(2, dtype=torch.float64)
    weight[0, 0] = math.inf
    with pytest.raises((InputError, NumericalError), match="not finite"):
        Pullback(lambda x: (x @ weight).tanh()).metric(points(3, 2))


def test_what_torch_cannot_differentiate_is_named() -> None:
    with pytest.raises(InputError, match=r"cannot be differentiated through `[a-z_]+`: .*not") as caught:
        Pullback(lambda x: torch.special.zeta(2 + x**2, 1 + x**2) + x).metric(points(3, 2))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "features",
    [
        lambda x: (1 + x[:, :1] ** 2) ** SPREAD[0],
        lambda x: torch.clamp(x[:, :1].sin(), SPREAD[0] - 2, SPREAD[1] + 2) + x[:, 1:],
        lambda x: torch.cat([x, torch.nn.functional.prelu(x, x.new_tensor([0.3]))], 1),
    ],
)
def test_arguments_that_make_the_result_larger(features: Map) -> None:
    x = points(3, 2)
    expected = differenced_metric(features, x)
    assert torch.allclose(Pullback(features).metric(x), expected, atol=1e-8)


def sphere(x: Tensor) -> Tensor:
    theta, phi = x[:, 0], x[:, 1]
    return torch.stack([theta.sin() * phi.cos(), theta.sin() * phi.sin(), theta.cos()], 1)


@pytest.mark.parametrize("times", [[math.inf], [math.nan], [1.0, math.nan], [1.0, math.inf]])
def test_times_that_are_not_finite(times: list[float]) -> None:
    start, velocity = torch.tensor([1.0, 0.3]).double(), torch.tensor([0.4, -0.7]).double()
    with pytest.raises(InputError, match="`times` must be finite"):
        Pullback(sphere).geodesic_flow(start, velocity, torch.tensor(times))


def test_a_geodesic_at_time_zero() -> None:
    start, velocity = torch.tensor([1.0, 0.3]).double(), torch.tensor([0.4, -0.7]).double()
    flow = Pullback(sphere).geodesic_flow(start, velocity, torch.tensor([0.0]))
    assert torch.equal(flow.points, start[None])
    assert torch.equal(flow.velocities, velocity[None])


@pytest.mark.parametrize(
    "kinked",
    [
        lambda x: torch.fmax(x, -x),
        lambda x: torch.fmin(x, x * 2),
        lambda x: x.cummax(1)[0],
        lambda x: x.kthvalue(1, 1, keepdim=True)[0],
        lambda x: x.median(1, keepdim=True)[0],
        lambda x: x + x.floor(),
        lambda x: x + x.ceil(),
        lambda x: x * (x > -99),
        lambda x: x.clamp_min(-99),
        lambda x: torch.maximum(x, x - 99),
    ],
)
def test_kinks_by_other_names(kinked: Map) -> None:
    """At one point, where its slopes differ from no others."""
    with pytest.raises(InputError, match="piecewise linear"):
        Pullback(lambda x: torch.cat([x, kinked(x)], 1)).scalar_curvature(points(1, 2))


@pytest.mark.parametrize(
    "features",
    [
        lambda x: (x.view(torch.int64) & -2).view(torch.float64) + x,
        lambda x: torch.cat([x, x.sin().view(torch.float32).double()], 1),
    ],
)
@pytest.mark.parametrize("d", [2, 20])
def test_bits_read_as_other_numbers(features: Map, d: int) -> None:
    with pytest.raises(InputError, match=r"reads the bits of a torch\.float64 tensor as torch\.(int64|float32)"):
        Pullback(features).metric(points(3, d))


def test_a_view_of_the_same_dtype_is_harmless() -> None:
    check_metric(lambda x: x.sin().view(torch.float64), points(3, 2))


@pytest.mark.parametrize("dim", [1, -1])
def test_logcumsumexp(dim: int) -> None:
    """Whose second derivative is NaN in torch."""

    def features(x: Tensor) -> Tensor:
        return torch.logcumsumexp(torch.cat([x, (x @ SPREAD).sin() * 30], 1), dim)

    def plainly(x: Tensor) -> Tensor:
        terms = torch.cat([x, (x @ SPREAD).sin() * 30], 1)
        return torch.stack([torch.logsumexp(terms[:, : i + 1], 1) for i in range(terms.shape[1])], 1)

    x = points(4, 2)
    check_metric(features, x)
    for quantity in ("metric", "christoffel", "scalar_curvature"):
        expected = getattr(Pullback(plainly), quantity)(x)
        torch.testing.assert_close(getattr(Pullback(features), quantity)(x), expected, rtol=1e-9, atol=1e-9)
