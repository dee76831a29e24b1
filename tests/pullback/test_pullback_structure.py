"""What was seen of a module is forgotten when the module is made of other parts."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from symgeo.errors import InputError
from symgeo.pullback import Pullback
from symgeo.pullback.structure import structure


def points() -> Tensor:
    return torch.randn(6, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Chosen(nn.Module):
    """Attributes of every kind that say what is run."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8))
        self.act: Callable[[Tensor], Tensor] = torch.tanh
        self.acts: list[Callable[[Tensor], Tensor]] = [torch.tanh]
        self.named = {"inner": torch.tanh}
        self.rough = False
        self._kind: str | None = "tanh"

    def forward(self, x: Tensor) -> Tensor:
        y = self.named["inner"](self.acts[-1](self.act(self.lift(x))))
        return torch.relu(y) if self.rough or self._kind is None else y


def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    return output.relu()


CHANGES: dict[str, Callable[[Chosen], object]] = {
    "a layer": lambda net: net.lift.__setitem__(1, nn.ReLU()),
    "a layer more": lambda net: net.lift.append(nn.ReLU()),
    "a function": lambda net: setattr(net, "act", functional.relu),
    "a function in a list": lambda net: net.acts.append(torch.relu),
    "a function in a dictionary": lambda net: net.named.update(inner=torch.relu),
    "a number": lambda net: setattr(net, "rough", True),
    "a private attribute": lambda net: setattr(net, "_kind", None),
    "a hook": lambda net: net.lift.register_forward_hook(hook),
    "the forward of one": lambda net: setattr(net.lift, "forward", lambda x: net.lift[2](net.lift[0](x).relu())),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("of", ["module", "callable", "layer"])
def test_kinks_that_came_in_later(name: str, of: str) -> None:
    torch.manual_seed(0)
    net = Chosen().double()
    geo = Pullback(net if of == "module" else lambda x: net(x))
    if of == "layer":
        geo = Pullback(nn.Sequential(net)).layers()["0"]
    assert geo.scalar_curvature(points()).isfinite().all()
    CHANGES[name](net)
    with pytest.raises(InputError, match=r"has kinks \(relu\)"):
        geo.scalar_curvature(points())


def test_a_layer_as_it_is_put_in_and_out() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh()).double()
    geo, x = Pullback(net), points()
    before = geo.scalar_curvature(x)
    smooth, net[1] = net[1], nn.ReLU()
    with pytest.raises(InputError, match=r"has kinks \(relu\)"):
        geo.scalar_curvature(x)
    net[1] = smooth
    torch.testing.assert_close(geo.scalar_curvature(x), before, rtol=0, atol=0)


def test_fewer_features_than_before() -> None:
    """The pseudo-volume of one feature, the length of its gradient."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3)).double()
    geo, x = Pullback(net), points()
    assert geo.rank(x).eq(2).all()
    net[2] = nn.Linear(8, 1, bias=False).double()
    inputs = x.clone().requires_grad_()
    gradient = torch.autograd.grad(net(inputs).sum(), inputs)[0]
    torch.testing.assert_close(geo.log_volume(x), gradient.norm(dim=1).log())
    with pytest.raises(InputError, match="has 1 outputs for 2 coordinates"):
        geo.scalar_curvature(x)
    net[2].weight = nn.Parameter(torch.randn(5, 8, dtype=torch.float64))  # in the same layer
    assert geo.scalar_curvature(x).isfinite().all()


def test_training_changes_no_structure() -> None:
    """And a module is tried once: how often it is called, counted from outside."""
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 8)).double()
    seen, geo, x = structure(net), Pullback(net), points()
    calls: list[int] = []
    net[0].register_forward_hook(lambda *_: calls.append(1))
    for times in (4, 1, 1):  # a point, six points, the last one; and the metric
        calls.clear()
        geo.metric(x)
        assert len(calls) == times
        with torch.no_grad():
            net[2].weight += 0.1  # pyright: ignore
    net[0]._forward_hooks.clear()
    assert structure(net) == seen
    assert structure(copy.deepcopy(net)) != seen


def test_attributes_that_are_hard_to_compare() -> None:
    net = nn.Sequential(nn.Linear(2, 4), nn.Tanh()).double()
    net.values = torch.ones(3)  # pyright: ignore
    net.empty, net.missing = torch.empty(0), math.nan  # pyright: ignore
    net.names, net.array = {"one", "other"}, np.ones(3)  # pyright: ignore
    before = structure(net)
    assert structure(net) == before
    net.array = np.ones(3)  # pyright: ignore
    assert structure(net) != before
    before = structure(net)
    net.names.add("third")  # pyright: ignore
    assert structure(net) != before
    lazy = nn.Sequential(nn.LazyLinear(4), nn.Tanh())
    before = structure(lazy)
    lazy(torch.ones(1, 2))
    assert structure(lazy) != before


def test_a_geometry_is_pickled_with_what_it_knows() -> None:
    geo, x = Pullback(nn.Sequential(nn.Linear(2, 4), nn.Tanh()).double()), points()
    metric = geo.metric(x)
    torch.testing.assert_close(pickle.loads(pickle.dumps(geo)).metric(x), metric, rtol=0, atol=0)
