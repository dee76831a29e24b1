"""The annotated shapes hold: every function of tensors runs under a type checker that reads them."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest
import torch
from beartype import beartype
from jaxtyping import jaxtyped

from symgeo.pullback import ambient, frame, gauss, jet, propagation
from symgeo.pullback.chart import Chart


def checked(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not hasattr(function, "__wrapped__"):
            monkeypatch.setattr(module, name, jaxtyped(typechecker=beartype)(function))


@pytest.mark.parametrize(("d", "n"), [(1, 4), (2, 2), (3, 7), (10, 12)])
def test_shapes(d: int, n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (frame, gauss, jet, propagation):
        checked(module, monkeypatch)
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(d, n, generator=generator, dtype=torch.float64)
    x = torch.randn(5, d, generator=generator, dtype=torch.float64)
    found = propagation.propagate(lambda y: (y @ matrix).sin(), Chart((d,)), x, 2)
    assert found.second.shape == (d * (d + 1) // 2, 5, n)
    basis = frame.orthonormal_frame(found.first.transpose(0, 1))
    identity = torch.eye(d, dtype=torch.float64).expand(5, d, d)
    torch.testing.assert_close(basis.q @ basis.q.mT, identity)
    torch.testing.assert_close(basis.r.mT @ basis.q, found.first.transpose(0, 1))
    form = gauss.second_form(basis, found.second.transpose(0, 1))
    assert (form.normal @ basis.q.mT).abs().max() < 1e-14
    assert gauss.christoffel(form).shape == (5, d, d, d)
    assert gauss.riemann(form).shape == (5, d, d, d, d)
    assert gauss.ricci(form).shape == (5, d, d)
    assert gauss.scalar_curvature(form).shape == (5,)
    assert frame.rank(basis.r, n).tolist() == [d] * 5
    assert frame.log_volume(found.first.transpose(0, 1))[0].shape == (5,)


def test_a_wrong_shape_is_seen_by_the_checker(monkeypatch: pytest.MonkeyPatch) -> None:
    checked(frame, monkeypatch)
    with pytest.raises(Exception, match="batch d n"):
        frame.orthonormal_frame(torch.ones(3, 2))


def test_shapes_under_a_metric_that_varies(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ambient, gauss):
        checked(module, monkeypatch)
    y, vectors = torch.rand(5, 4, dtype=torch.float64), torch.rand(5, 3, 4, dtype=torch.float64)
    space = ambient.Ambient(lambda y: (1 + y.square().sum(1))[:, None, None] * torch.eye(4, dtype=y.dtype))
    lower, gradient = space.root(y, str), space.gradient(y)
    assert gradient.shape == (5, 4, 4, 4)
    assert ambient.connection(gradient, lower, vectors).shape == (5, 3, 3, 4)
    curvature = space.curvature(y, lower, gradient, vectors)
    assert gauss.lowered(curvature, vectors[..., :3]).shape == (5, 3, 3, 3, 3)
