"""Layers in a row, which are written down and evaluated block by block, against the same maps layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from symgeo.errors import InputError
from symgeo.pullback import Pullback, chain, rules
from symgeo.pullback.chain import MOST_POINTS

QUANTITIES = ("metric", "log_volume", "christoffel", "scalar_curvature")
Map = Callable[[Tensor], Tensor]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def weight(inputs: int, outputs: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return normal(inputs, outputs, seed=seed, dtype=dtype) / inputs**0.5


def linear(x: Tensor, outputs: int, seed: int) -> Tensor:
    bias = normal(outputs, seed=seed + 100, dtype=x.dtype)
    return torch.addmm(bias, x, weight(x.shape[1], outputs, seed, x.dtype))


def row(act: Map) -> Map:
    return lambda x: linear(act(linear(act(linear(x, 12, 1)), 9, 2)), 7, 3)


def narrowing(x: Tensor) -> Tensor:
    h = torch.tanh(linear(torch.tanh(linear(x, 100, 1)), 10, 2))
    return linear(torch.tanh(linear(h, 100, 3)), 5, 4)


def residual(x: Tensor) -> Tensor:
    h = torch.tanh(linear(x, 10, 1))
    g = h + torch.sin(linear(torch.tanh(linear(h, 11, 2)), 10, 3))
    return g - torch.tanh(linear(g, 10, 4))


def to_the_end(x: Tensor) -> Tensor:
    outputs = []
    for seed in range(4):
        x = torch.tanh(linear(x, 8, seed))
        outputs.append(x)
    return torch.cat(outputs[::-1], 1)


def in_place(x: Tensor) -> Tensor:
    h = linear(torch.tanh(linear(x, 10, 1)), 8, 2)
    h.mul_(0.5).add_(0.25).tanh_()
    return linear(h, 6, 3)


MAPS: dict[str, Map] = {
    **{name: row(getattr(torch, name)) for name in ("tanh", "sigmoid", "erf", "sin", "exp", "square")},
    "gelu": row(functional.gelu),
    "ends in a function": lambda x: row(torch.tanh)(x).sigmoid(),
    "no bias": lambda x: (x @ weight(2, 9, 1)).tanh() @ weight(9, 9, 2) @ weight(9, 5, 3),
    "bias added": lambda x: 0.5 + (normal(9) + (x @ weight(2, 9, 1)).tanh() @ weight(9, 9, 2)).tanh() + normal(9),
    "scaled": lambda x: linear(torch.erf(linear(torch.tanh(linear(x, 9, 1)) / 3, 8, 2) * 0.7) * 2, 6, 3) / 6**0.5,
    "scaled by unit": lambda x: linear(torch.tanh(linear(x, 9, 1)) * normal(9), 6, 2) * normal(6, seed=5),
    "moved by point": lambda x: linear(torch.tanh(linear(x, 9, 1)), 6, 2) + x.sum(1, keepdim=True).sin(),
    "two functions": lambda x: linear(torch.tanh(linear(x, 9, 1)), 6, 2).sin().exp(),
    "normalised": lambda x: functional.layer_norm(linear(torch.tanh(linear(x, 9, 1)), 6, 2), (6,)),
    "used twice": lambda x: row(torch.tanh)(x) * row(torch.sin)(x),
    "narrowing": narrowing,
    "residual": residual,
    "to the end": to_the_end,
    "in place": in_place,
}


@pytest.mark.parametrize("features", MAPS.values(), ids=MAPS)
def test_a_row_of_layers_is_what_its_layers_are(features: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    # Blocks that are full and one that is not; not far out, where exp(exp(x)) is nearly singular.
    x = normal(3 * MOST_POINTS + 5, 2, seed=7).tanh() * 2
    found = Pullback(features).evaluate(x, *QUANTITIES)
    monkeypatch.setattr(rules, "FEW", 0)
    expected = Pullback(features).evaluate(x, *QUANTITIES)
    for name in QUANTITIES:
        gap = (found[name] - expected[name]).abs().flatten(1 if found[name].ndim > 1 else 0)
        size = 1 + expected[name].abs()
        assert (gap / size.view_as(gap)).max() < 1e-9, name


@pytest.mark.parametrize("d", [1, 3, 4, 5])
def test_in_other_dimensions_and_in_single_precision(d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = normal(40, d, seed=7)
    metric = Pullback(row(torch.tanh)).metric(x)
    single = Pullback(row(torch.tanh)).metric(x.float())
    assert (single - metric).abs().max() < 1e-5 * metric.abs().max()
    monkeypatch.setattr(rules, "FEW", 0)
    assert (metric - Pullback(row(torch.tanh)).metric(x)).abs().max() < 1e-13 * metric.abs().max()


@pytest.mark.parametrize("features", [to_the_end, residual])
def test_no_function_is_evaluated_twice(features: Map, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated = []
    counted = chain.bent
    monkeypatch.setattr(chain, "bent", lambda *arguments: evaluated.append(1) or counted(*arguments))
    Pullback(features, chunk=64).metric(normal(64, 2))
    assert len(evaluated) <= 4


def test_layers_of_one_pass_are_those_of_their_own() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 9), nn.Tanh(), nn.Linear(9, 8), nn.Sigmoid(), nn.Linear(8, 6)).double()
    x, layers = normal(50, 2), Pullback(net).layers()
    together = layers.evaluate(x, "metric")
    for name, layer in layers.items():
        assert (together[name]["metric"] - layer.metric(x)).abs().max() < 1e-13


def test_a_matrix_written_over_after_its_layer_is_refused() -> None:
    def features(x: Tensor) -> Tensor:
        matrix = weight(9, 6, 2)
        made = torch.tanh(linear(x, 9, 1)) @ matrix
        matrix.mul_(1.5)
        return made

    with pytest.raises(InputError, match="after the layer has run"):
        Pullback(features).metric(normal(3, 2))


def test_infinite_derivatives_are_reported_with_their_point() -> None:
    x = normal(300, 2).abs() + 1
    x[217] = 800.0
    with pytest.raises(ArithmeticError, match="point 217"):
        Pullback(lambda x: linear(torch.exp(linear(x, 9, 1).square()), 5, 2)).metric(x)
