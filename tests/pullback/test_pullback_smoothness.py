"""Curvature is refused of exactly those activations that have no two continuous derivatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

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
        (lambda h: nn.Sequential(nn.Tanh(), nn.AdaptiveMaxPool1d(4))(h[:, None])[:, 0], r"kinks \(adaptive_max_pool"),
        (lambda h: functional.adaptive_max_pool2d(h.view(-1, 1, 4, 2), 2).flatten(1), r"kinks \(adaptive_max_pool2d"),
        (lambda h: torch.copysign(h, h.flip(1)), r"kinks \(copysign\)"),
        (torch.special.i0e, r"kinks \(special_i0e\)"),
        (torch.special.i1e, r"creases \(special_i1e\)"),
        (lambda h: torch.fake_quantize_per_tensor_affine(h, 0.1, 0, -128, 127), r"kinks \(fake_quantize"),
    ],
)
def test_functions_and_losses(function: Callable[[Tensor], Tensor], message: str) -> None:
    torch.manual_seed(0)
    lift = nn.Linear(2, 8).double()
    with pytest.raises(InputError, match=message):
        Pullback(lambda x: function(lift(x)).tanh()).christoffel(points())


def gathered(h: Tensor, places: Tensor) -> Tensor:
    return h.gather(1, places)


PIECEWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs, "sgn": lambda h: h * h.sgn(), "sign": lambda h: h * h.sign(), "angle": lambda h: h * h.angle(),
    "clamp": lambda h: h.clamp(-0.5, 0.5), "where":
    lambda h: torch.where(h > 0, h, 2 * h), "masked_fill": lambda h: h.masked_fill(h > 0, 1.0),
    "remainder": lambda h: torch.remainder(3 * h, 1), "fmod": lambda h: torch.fmod(3 * h, 1), "frac": torch.frac,
    "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "trunc": torch.trunc, "fix": torch.fix,
    "maximum": lambda h: torch.maximum(h, h.flip(1)), "minimum": lambda h: torch.minimum(h, h.flip(1)),
    "fmax": lambda h: torch.fmax(h, h.flip(1)), "fmin": lambda h: torch.fmin(h, h.flip(1)),
    "max": lambda h: h.max(1, keepdim=True)[0], "min": lambda h: h.min(1, keepdim=True)[0],
    "amax": lambda h: h.amax(1, keepdim=True), "amin": lambda h: h.amin(1, keepdim=True),
    "aminmax": lambda h: torch.stack(h.aminmax(dim=1), 1), "cummax": lambda h: h.cummax(1)[0],
    "cummin": lambda h: h.cummin(1)[0], "median": lambda h: h.median(1, keepdim=True)[0],
    "nanmedian": lambda h: h.nanmedian(1, keepdim=True)[0], "mode": lambda h: h.mode(1, keepdim=True)[0],
    "quantile": lambda h: h.quantile(0.4, 1, keepdim=True), "kthvalue": lambda h: h.kthvalue(2, 1, keepdim=True)[0],
    "nanquantile": lambda h: h.nanquantile(0.4, 1, keepdim=True),
    "topk": lambda h: h.topk(3)[0], "sort": lambda h: h.sort(1)[0], "msort": lambda h: h.T.msort().T,
    "argmax": lambda h: gathered(h, h.argmax(1, keepdim=True)), "argsort": lambda h: gathered(h, h.argsort(1)),
    "bucketize": lambda h: gathered(h, torch.bucketize(h[:, :1].contiguous(), torch.tensor([0.0], dtype=h.dtype))),
    "renorm": lambda h: h.renorm(2, 0, 1e3), "hinge": lambda h: functional.hinge_embedding_loss(
        h, -torch.ones_like(h), reduction="none"),
}  # fmt: skip


@pytest.mark.parametrize("name", PIECEWISE)
def test_pieces_of_affine_maps_are_refused_within_one_piece(name: str) -> None:
    """At points so close that no slope differs, where the answer would be zero."""
    torch.manual_seed(0)
    lift = nn.Linear(2, 8).double()
    geo = Pullback(lambda x: torch.cat([lift(x), PIECEWISE[name](lift(x))], 1))
    near = points()[:1] + 1e-9 * points()
    torch.testing.assert_close(geo.metric(near), geo.metric(near[:1]).expand(6, 2, 2), rtol=1e-12, atol=0)
    with pytest.raises(InputError, match=r"`features` is piecewise linear \(.*meaningless"):
        geo.scalar_curvature(near)


@pytest.mark.parametrize("function", [lambda h: h.logcumsumexp(1), lambda h: torch.hypot(h, h.flip(1) + 9)])
def test_smooth_relatives_of_kinks(function: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    lift = nn.Linear(2, 8).double()
    assert Pullback(lambda x: function(lift(x))).scalar_curvature(points()).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("count", [5, 641])
@pytest.mark.parametrize("widths", [(3, 50, 60), (3, 40, 40, 40, 40, 40, 40)])
def test_affine_maps_are_flat_whatever_rounds(widths: tuple[int, ...], count: int, dtype: torch.dtype) -> None:
    """Matrix products batched so that each place of a batch rounds in its own way."""
    generator = torch.Generator().manual_seed(0)
    matrices = [torch.randn(p, q, generator=generator, dtype=dtype) for p, q in pairwise(widths)]

    def features(x: Tensor) -> Tensor:
        for matrix in matrices:
            x = torch.einsum("bn,nm->bm", x, matrix)
        return x

    x = torch.randn(count, 3, generator=generator, dtype=dtype)
    assert (Pullback(features).scalar_curvature(x) == 0).all()


def test_slopes_that_hardly_differ() -> None:
    """Steps that show in no operation's name, from cell to cell of a table."""
    torch.manual_seed(0)
    lift, table = nn.Linear(2, 8).double(), 1 + 1e-9 * torch.arange(40, dtype=torch.float64)
    geo = Pullback(lambda x: lift(x) * table[(4 * x[:, :1] + 20).long()])
    assert geo.metric(points()).isfinite().all()
    with pytest.raises(InputError, match="is piecewise linear, its second derivative zero or a jump"):
        geo.scalar_curvature(points())


def test_a_target_with_creases() -> None:
    def target(y: Tensor) -> Tensor:
        return torch.diag_embed(2 + functional.elu(y))

    geo = Pullback(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), target=target)
    assert geo.metric(points()).isfinite().all()
    with pytest.raises(InputError, match=r"`target` has kinks \(elu\), where its first or second derivative jumps"):
        geo.scalar_curvature(points())
