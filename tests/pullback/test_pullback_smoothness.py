"""Curvature is refused of exactly those activations that have no two continuous derivatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import activation

from symgeo.errors import InputError
from symgeo.pullback import Pullback

# Where any of torch's activations changes over, and what else there might be.
PLACES = torch.tensor([-6.0, -3.0, -1.0, -0.5, 0.0, 0.3, 0.5, 1.0, 2.0, 3.0, 6.0, 20.0], dtype=torch.float64)
SIDE = 1e-7
# Not functions of one number at each place; smooth, made of exponentials, products and sums.
OF_SEVERAL = {"GLU", "MultiheadAttention", "Softmin", "Softmax", "Softmax2d", "LogSoftmax"}
ARGUMENTS = {
    "Threshold": [(0.3, 0.1)],
    "ELU": [(), (0.5,), (2.0,)],
    "CELU": [(), (0.5,)],
    "Softplus": [(), (2.0,), (1.0, 3.0)],
    "GELU": [(), ("tanh",)],
}
SINGLE = [
    getattr(nn, name)(*arguments).double().eval()
    for name in activation.__all__
    if name not in OF_SEVERAL
    for arguments in ARGUMENTS.get(name, [()])
]


def points() -> Tensor:
    return torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def derivatives(function: Callable[[Tensor], Tensor], z: Tensor) -> list[Tensor]:
    """A function of one number and its first two derivatives, by torch."""
    at = z.clone().requires_grad_()
    found = [function(at)]
    for _ in range(2):
        made = torch.zeros_like(at)
        if found[-1].requires_grad:
            with suppress(RuntimeError):  # the second derivative of hardsigmoid, which torch lacks, is zero
                made = torch.autograd.grad(found[-1].sum(), at, create_graph=True, materialize_grads=True)[0]
        found.append(made)
    return [value.detach() for value in found]


def jumps(function: Callable[[Tensor], Tensor]) -> list[bool]:
    """Whether the function, its first and its second derivative jump at any of the places."""
    above, below = derivatives(function, PLACES + SIDE), derivatives(function, PLACES - SIDE)
    return [bool(((a - b).abs() > 1e-4).any()) for a, b in zip(above, below, strict=True)]


def test_the_places_find_what_jumps() -> None:
    assert jumps(torch.tanh) == [False, False, False]
    assert jumps(nn.ELU()) == [False, False, True]
    assert jumps(nn.SELU()) == [False, True, True]
    assert jumps(nn.Hardshrink())[0]


@pytest.mark.parametrize("act", SINGLE, ids=repr)
def test_every_activation_of_torch(act: nn.Module) -> None:
    torch.manual_seed(0)
    geo = Pullback(nn.Sequential(nn.Linear(2, 7), act, nn.Linear(7, 5), nn.Tanh()).double(), on_singular="mark")
    if not isinstance(act, nn.RReLU):  # which torch's vmap does not know
        assert geo.metric(points()).isfinite().all()
    value, slope, bend = jumps(act)
    if value or slope:
        with pytest.raises(InputError, match=r"has kinks .* first derivative jumps"):
            geo.scalar_curvature(points())
    elif bend:
        with pytest.raises(InputError, match=r"has creases .* second derivative jumps.*softplus"):
            geo.scalar_curvature(points())
    else:
        assert geo.scalar_curvature(points()).isfinite().all()


@pytest.mark.parametrize(
    "features",
    [
        nn.GLU(),
        nn.Softmin(1),
        nn.Softmax(1),
        nn.LogSoftmax(1),
        lambda h: nn.Softmax2d()(h[:, :, None, None]).flatten(1),
        lambda h: functional.scaled_dot_product_attention(*(h.view(-1, 4, 2),) * 3).flatten(1),
    ],
)
def test_activations_of_several_numbers_are_smooth(features: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    lift = nn.Linear(2, 8).double()
    assert Pullback(lambda x: features(lift(x))).scalar_curvature(points()).isfinite().all()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (functional.softsign, r"creases \(softsign\)"),
        (lambda h: functional.elu(h * 1, inplace=True), r"creases \(elu\)"),
        (lambda h: functional.elu(h, 0.7), r"kinks \(elu\)"),
        (torch.selu, r"kinks \(elu\)"),
        (lambda h: functional.huber_loss(h, 0 * h, reduction="none"), r"creases \(huber_loss\)"),
        (lambda h: functional.smooth_l1_loss(h, 0 * h, reduction="none"), r"creases \(smooth_l1_loss\)"),
        (lambda h: functional.adaptive_max_pool1d(h[:, None], 4)[:, 0], r"kinks \(adaptive_max_pool"),
    ],
)
def test_functions_and_losses(function: Callable[[Tensor], Tensor], message: str) -> None:
    torch.manual_seed(0)
    lift = nn.Linear(2, 8).double()
    with pytest.raises(InputError, match=message):
        Pullback(lambda x: function(lift(x)).tanh()).christoffel(points())


def test_a_target_with_creases() -> None:
    def target(y: Tensor) -> Tensor:
        return torch.diag_embed(2 + functional.elu(y))

    geo = Pullback(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), target=target)
    assert geo.metric(points()).isfinite().all()
    with pytest.raises(InputError, match=r"`target` has kinks \(elu\), where its first or second derivative jumps"):
        geo.scalar_curvature(points())
