"""What cannot be meant is refused in one line, before or instead of a wrong number."""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError, NumericalError
from symgeo.pullback import Pullback


def plane_points(count: int = 6) -> Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.2


def graph(x: Tensor) -> Tensor:
    return torch.cat([x, x.prod(1, keepdim=True)], 1)


def polar(x: Tensor) -> Tensor:
    """The plane in polar coordinates: singular at r = 0."""
    return x[:, :1] * torch.cat([x[:, 1:].cos(), x[:, 1:].sin()], 1)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (lambda x: x.sum(), r"returned \(\): make it act on a batch"),
        (lambda x: x.sum(1), r"returned \(1,\): make it act on a batch"),
        (lambda x: x[:, :, None] * x[:, None], r"returned \(1, 2, 2\): end with .flatten\(1\)"),
        (lambda x: torch.eye(2, dtype=x.dtype) @ x.T, r"returned \(2, 1\)"),
        (lambda x: x / x.norm(), "mixes the points of a batch: point 0"),
        (lambda x: x[:1] * 2, r"for 6 points it returned \(1, 2\)"),
        (lambda x: x.float(), "must keep the dtype of `x`, torch.float64; it returned torch.float32"),
        (lambda x: [x], "must return a tensor"),
        (lambda x: x[5], "could not take one torch.float64 point of shape"),
        (nn.Linear(3, 4), r"could not take one torch.float64 point of shape \(1, 2\): mat1 and mat2"),
        (nn.BatchNorm1d(2), r"BatchNorm in train mode.*\.eval\(\)"),
        (nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4)), r"train mode.*layer `1`"),
        (
            nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4, track_running_stats=False)).eval(),
            r"in either mode .*track_running_stats=False.*take LayerNorm or GroupNorm \(layer `1`\)\.$",
        ),
        (lambda x: x + torch.randn_like(x), r"another map at every call: point 0 alone, twice, .*draws at random, or"),
        (
            lambda x: x.reshape(1, 2),
            r"could not take 6 torch.float64 points at once, of shape \(6, 2\): shape .*invalid",
        ),
        (nn.Dropout(), "Dropout in train mode"),
        (lambda x: nn.functional.dropout(x, 0.5), "draws at random"),
        (
            lambda x: nn.functional.batch_norm(x[..., None].expand(-1, 2, 2), None, None, training=True).sum(2) + x,
            "mixes",
        ),
    ],
)
def test_a_feature_map_that_cannot_be_meant(features: Callable[[Tensor], Tensor], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(features).metric(plane_points())


def test_a_feature_map_that_is_no_callable() -> None:
    with pytest.raises(InputError, match="`features` must be a callable or a torch module, not int"):
        Pullback(3)  # pyright: ignore


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones(3, 2, dtype=torch.int64), "not torch.int64: x.to"),
        (torch.ones(3, 2, dtype=torch.float16), "not torch.float16"),
        ([[0.0, 1.0]], "must be a torch tensor, not list"),
        (torch.tensor(1.0), "not a number"),
        (torch.ones(0, 2), "no points"),
        (torch.tensor([[0.0, 1.0], [math.nan, 1.0]]), "point 1 has a coordinate nan"),
        (torch.tensor([[[0.0, 1.0], [2.0, math.inf]]]), r"point \(0, 1\) has a coordinate inf"),
    ],
)
def test_points_that_cannot_be_meant(x: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Pullback(graph).metric(x)


def test_images_of_the_wrong_shape() -> None:
    geo = Pullback(lambda x: x.flatten(1), input_shape=(3, 4, 4))
    with pytest.raises(InputError, match=r"must have the shape \(..., 3, 4, 4\), not \(2, 3, 5, 5\)"):
        geo.metric(torch.ones(2, 3, 5, 5))
    assert geo.metric(torch.ones(2, 48)).shape == (2, 48, 48)


@pytest.mark.parametrize(
    "arguments",
    [
        {"on_singular": "ignore"},
        {"chunk": 0},
        {"chunk": 2.5},
        {"chunk": "10"},
        {"chunk": True},
        {"input_shape": 3},
        {"input_shape": "3"},
        {"input_shape": ()},
        {"input_shape": (3, -1)},
        {"input_shape": (3, 2.0)},
    ],
)
def test_options_that_cannot_be_meant(arguments: dict) -> None:
    with pytest.raises(InputError, match=f"`{next(iter(arguments))}` must be"):
        Pullback(graph, **arguments)


@pytest.mark.parametrize(
    "features",
    [
        nn.Sequential(nn.Linear(2, 8), nn.ReLU()),
        nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 8), nn.Tanh()),
        nn.Sequential(nn.Linear(2, 8), nn.PReLU()),
        nn.Sequential(nn.Linear(2, 8), nn.Hardtanh()),
        nn.Sequential(nn.Linear(2, 8), nn.ReLU6()),
        nn.Sequential(nn.Linear(2, 8), nn.Unflatten(1, (2, 4)), nn.MaxPool1d(2), nn.Flatten()),
        lambda x: torch.relu(graph(x)),
        lambda x: torch.cat([x, (x[:, :1] - x[:, 1:]).abs()], 1),
        lambda x: torch.where(x > 0.5, x, 2 * x),
    ],
)
@pytest.mark.parametrize("quantity", ["scalar_curvature", "christoffel", "riemann", "ricci"])
def test_piecewise_linear_maps_have_no_curvature(features: Callable[[Tensor], Tensor], quantity: str) -> None:
    geo = Pullback(features, on_singular="mark")
    assert geo.metric(plane_points()).shape == (6, 2, 2)
    with pytest.raises(InputError, match="meaningless"):
        getattr(geo, quantity)(plane_points())


def test_fewer_features_than_inputs_have_no_curvature() -> None:
    with pytest.raises(InputError, match=r"1 outputs for 2 coordinates.*on_plane"):
        Pullback(lambda x: x.prod(1, keepdim=True)).scalar_curvature(plane_points())


def test_the_first_singular_point_is_named() -> None:
    x = plane_points(8).reshape(2, 4, 2)
    x[1, 2, 0] = 0
    for quantity in ("christoffel", "riemann", "ricci", "scalar_curvature", "log_volume"):
        with pytest.raises(NumericalError, match=r"singular at point \(1, 2\) \(rank 1 of 2\)"):
            getattr(Pullback(polar), quantity)(x)


def test_one_singular_point_in_a_thousand_is_marked_and_spoils_no_other() -> None:
    x = plane_points(1000)
    x[137, 0] = 0
    geo = Pullback(polar, on_singular="mark")
    others = torch.arange(1000) != 137
    curvature, log_volume, gamma = geo.scalar_curvature(x), geo.log_volume(x), geo.christoffel(x)
    assert curvature[137].isnan()
    assert gamma[137].isnan().all()
    assert log_volume[137] == -math.inf
    assert geo.rank(x).tolist() == [1 if i == 137 else 2 for i in range(1000)]
    assert curvature[others].abs().max() < 1e-12  # the plane
    torch.testing.assert_close(log_volume[others], x[others, 0].log(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(gamma[others, 0, 1, 1], -x[others, 0], rtol=1e-12, atol=0)


def test_a_map_with_no_derivative_at_a_point_names_it() -> None:
    x = plane_points()
    x[4] = 0
    with pytest.raises(NumericalError, match="first derivatives are not finite at point 4"):
        Pullback(lambda y: y.sqrt()).metric(x)


def test_curvature_of_3072_coordinates_is_refused_with_its_size() -> None:
    network = nn.Sequential(nn.Linear(3072, 3100), nn.Tanh())
    with pytest.raises(InputError, match=r"Christoffel symbols of 1 point would need 232 GB.*on_plane"):
        Pullback(network).christoffel(torch.zeros(1, 3072, dtype=torch.float64))


def test_options_that_can_be_meant_otherwise() -> None:
    with pytest.raises(InputError, match=r"not 3: input_shape=\(3,\) for vectors\.$"):
        Pullback(graph, input_shape=3)  # pyright: ignore
    geo = Pullback(graph, input_shape=torch.Size([2]), chunk=np.int64(2))
    assert torch.equal(geo.metric(plane_points()), Pullback(graph, input_shape=[2]).metric(plane_points()))  # pyright: ignore


def test_a_map_that_draws_at_random_at_a_single_point() -> None:
    with pytest.raises(InputError, match="another map at every call"):
        Pullback(lambda x: x + torch.randn_like(x)).metric(plane_points(1))


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.parametrizations.spectral_norm])
def test_spectral_norm_in_train_mode(norm: Callable[[nn.Module], nn.Module]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 4), norm(nn.Linear(4, 3))).double()
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    for x in (plane_points(), plane_points(1)):
        with pytest.raises(
            InputError, match=r"spectral_norm in train mode.*\.eval\(\) on the module first \(layer `1`\)"
        ):
            Pullback(network).metric(x)
    assert before.keys() == dict(network.named_buffers()).keys()
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())
    assert Pullback(network.eval()).metric(plane_points()).isfinite().all()


class Remembering(nn.Module):
    """Counts its calls in a buffer, as a module in train mode may, and scales by a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("scale", torch.full((4,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)  # pyright: ignore
        return x * self.scale


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_buffers_that_a_call_writes_into_are_left_as_they_were(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 4), Remembering(), nn.Tanh()).to(dtype)
    first = deepcopy(network[0]).double()
    Pullback(network).log_volume(plane_points())
    assert network[1].calls == 0
    torch.testing.assert_close(
        Pullback(network).metric(plane_points()), Pullback(lambda x: (first(x) / 2).tanh()).metric(plane_points())
    )


def test_instance_norm_that_gathers_statistics() -> None:
    norm = nn.Sequential(nn.Unflatten(1, (1, 2)), nn.InstanceNorm1d(1, track_running_stats=True), nn.Flatten())
    with pytest.raises(InputError, match=r"InstanceNorm in train mode.*\(layer `1`\)"):
        Pullback(norm).metric(plane_points())


class Summed(nn.Module):
    """A sequence of vectors through attention, summed."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0].sum(1)


@pytest.mark.parametrize(
    ("features", "shape"),
    [
        (Summed(), (6, 5, 4)),
        (nn.Sequential(nn.Flatten(), nn.Linear(20, 3)), (6, 5, 4)),
        (nn.Sequential(nn.Flatten(), nn.Linear(20, 3)), (2, 3, 5, 4)),
        (nn.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", batch_first=True), (6, 5, 4)),
    ],
)
def test_inputs_that_are_no_vectors_without_their_shape(features: nn.Module, shape: tuple[int, ...]) -> None:
    features = (
        features if not isinstance(features, nn.TransformerEncoderLayer) else nn.Sequential(features, nn.Flatten())
    )
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.raises(InputError, match=r"with input_shape=\(5, 4\) it takes these points\.$"):
        Pullback(features).metric(x)
    assert Pullback(features, input_shape=(5, 4)).metric(x).shape == (*shape[:-2], 20, 20)


def test_no_shape_is_suggested_where_none_works() -> None:
    with pytest.raises(InputError, match=r"for images, \(t, d\) for sequences\.$"):
        Pullback(nn.Linear(7, 3)).metric(torch.ones(6, 5, 4))


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_left_as_it_was(training: bool) -> None:
    network = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 4)).train(training)
    network[2].bias.requires_grad_(False)  # pyright: ignore
    network(torch.ones(1, 2)).sum().backward()
    before = {k: (v.clone(), v.requires_grad, v.dtype, v.grad) for k, v in network.named_parameters()}
    x = plane_points().requires_grad_()
    geo = Pullback(network)
    for result in (geo.metric(x), geo.scalar_curvature(x), geo.log_volume(x)):
        assert result.dtype == torch.float64
        assert not result.requires_grad
    assert network.training is training
    assert torch.is_grad_enabled()
    assert x.grad is None
    for name, parameter in network.named_parameters():
        value, requires_grad, dtype, grad = before[name]
        assert torch.equal(parameter, value)
        assert parameter.requires_grad == requires_grad
        assert parameter.dtype == dtype == torch.float32
        assert parameter.grad is grad
