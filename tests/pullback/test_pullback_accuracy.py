"""Digits kept where the metric is nearly singular, against 50-digit arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from torch import nn

from symgeo.pullback import Pullback

Derivatives = Callable[[Any], tuple[Any, Any]]


def sigmoid(z: Any) -> tuple[Any, Any]:
    """The first and second derivative."""
    s = 1 / (1 + mpmath.exp(-z))
    return s * (1 - s), s * (1 - s) * (1 - 2 * s)


def tanh(z: Any) -> tuple[Any, Any]:
    slope = 1 / mpmath.cosh(z) ** 2
    return slope, -2 * mpmath.tanh(z) * slope


def erf(z: Any) -> tuple[Any, Any]:
    slope = 2 * mpmath.exp(-z * z) / mpmath.sqrt(mpmath.pi)
    return slope, -2 * z * slope


def scalar_curvature_50_digits(
    function: Derivatives, weight: np.ndarray, bias: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """R of x -> phi(W x + b) in two dimensions, from T_abc = d_a g_bc, a formula not used here."""
    values = []
    with mpmath.workdps(50):
        for x in points:
            g = [mpmath.mpf(0)] * 3
            t = [mpmath.mpf(0)] * 4
            for (w1, w2), b in zip(weight.tolist(), bias.tolist(), strict=True):
                u, v = mpmath.mpf(w1), mpmath.mpf(w2)
                first, second = function(u * mpmath.mpf(float(x[0])) + v * mpmath.mpf(float(x[1])) + mpmath.mpf(b))
                g = [a + first**2 * c for a, c in zip(g, (u * u, u * v, v * v), strict=True)]
                product = 2 * first * second
                t = [a + product * c for a, c in zip(t, (u**3, u * u * v, u * v * v, v**3), strict=True)]
            rows = mpmath.matrix([g, t[:3], t[1:]])
            values.append(float(-mpmath.det(rows) / (2 * (g[0] * g[2] - g[1] ** 2) ** 2)))
    return np.array(values)


@pytest.mark.parametrize("function", [sigmoid, tanh, erf])
@pytest.mark.parametrize(("spread", "condition", "bound"), [(1.0, 1e0, 1e-13), (1e-2, 1e4, 1e-10), (1e-4, 1e8, 1e-6)])
def test_scalar_curvature_of_a_nearly_singular_metric(
    function: Derivatives, spread: float, condition: float, bound: float
) -> None:
    generator = np.random.default_rng(0)
    shared = generator.standard_normal(100)
    weight = np.stack([shared, shared + spread * generator.standard_normal(100)], 1)
    bias, points = generator.standard_normal(100), generator.standard_normal((15, 2)) / 2
    matrix, shift, x = (torch.from_numpy(array) for array in (weight, bias, points))
    act = getattr(torch, function.__name__)
    geo = Pullback(lambda y: act(torch.addmm(shift, y, matrix.T)))
    measured = torch.linalg.cond(geo.metric(x)).median().item()
    assert condition <= measured <= 100 * condition
    exact = scalar_curvature_50_digits(function, weight, bias, points)
    error = np.abs(geo.scalar_curvature(x).numpy() - exact) / np.abs(exact)
    assert np.median(error) <= bound


def test_log_volume_of_784_dimensions_does_not_underflow() -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(800, 784, generator=generator, dtype=torch.float64) / 100
    x = torch.randn(1, 784, generator=generator, dtype=torch.float64)
    # sin(A x): J = diag(cos(A x)) A.
    expected = torch.linalg.svdvals((x @ matrix.T).cos().T * matrix).log().sum()
    assert torch.det(matrix.T @ matrix) == 0  # the determinant itself underflows
    torch.testing.assert_close(Pullback(lambda y: (y @ matrix.T).sin()).log_volume(x)[0], expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("z", [40.0, -40.0])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_saturated_sigmoid_in_float32_keeps_its_derivative(z: float, layers: int) -> None:
    """sigmoid'(40) = e^-40, which s (1 - s) rounds to zero in single precision."""
    network = nn.Sequential(*[nn.Linear(1, 1) for _ in range(layers)], nn.Sigmoid())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(float(parameter.ndim == 2))
    log_volume = Pullback(network).log_volume(torch.tensor([[z]]))
    torch.testing.assert_close(log_volume, torch.tensor([-40.0]), rtol=1e-6, atol=0)


def test_the_volume_of_many_dimensions_in_float32() -> None:
    """Products in double precision: only the rounding of J itself is left."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(300, 200, generator=generator)
    x = torch.randn(2, 200, generator=generator) / 10
    exact = matrix.double()
    slopes = (x.double() @ exact.T).cos()
    expected = torch.stack([torch.linalg.svdvals(slope[:, None] * exact).log().sum() for slope in slopes])
    found = Pullback(lambda y: (y @ matrix.T).sin()).log_volume(x)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0)
