"""Features so large or small that their squares leave the range of floats: the right number, or an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor

from symgeo.errors import NumericalError
from symgeo.pullback import Pullback

FACTORS = [
    (torch.float64, 1e200), (torch.float64, 1e-200), (torch.float64, 1e150), (torch.float64, 1e-150),
    (torch.float32, 1e20), (torch.float32, 1e-20),
]  # fmt: skip
#: The power of the factor that each quantity is multiplied by.
POWERS = {"metric": 2, "christoffel": 0, "riemann": 2, "ricci": 0, "scalar_curvature": -2}
CURVED = torch.randn(3, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def several(x: Tensor) -> Tensor:
    return torch.cat([x, (x * x).sum(1, keepdim=True) / 2, x.sin(), (x[:, :1] * x[:, 1:]).cos()], 1)


def one_layer(x: Tensor) -> Tensor:
    return torch.tanh(x @ CURVED[: x.shape[1]].to(x))


def points(d: int) -> Tensor:
    return torch.rand(5, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 0.1


CASES = [(several, 2), (several, 3), (several, 6), (one_layer, 2), (one_layer, 3)]


@pytest.mark.parametrize(("dtype", "factor"), FACTORS)
@pytest.mark.parametrize(("features", "d"), CASES)
def test_the_log_volume_of_scaled_features(
    features: Callable[[Tensor], Tensor], d: int, dtype: torch.dtype, factor: float
) -> None:
    x = points(d)
    found = Pullback(lambda y: features(y) * factor).log_volume(x.to(dtype)).double()
    expected = Pullback(features).log_volume(x) + d * math.log(factor)
    torch.testing.assert_close(found, expected, rtol=1e-14 if dtype == torch.float64 else 1e-6, atol=0)


@pytest.mark.parametrize(("dtype", "factor"), FACTORS)
@pytest.mark.parametrize(("features", "d"), CASES)
@pytest.mark.parametrize("quantity", POWERS)
def test_other_quantities_are_right_or_refused(
    quantity: str, features: Callable[[Tensor], Tensor], d: int, dtype: torch.dtype, factor: float
) -> None:
    x, power = points(d), POWERS[quantity]
    geo, info = Pullback(lambda y: features(y) * factor), torch.finfo(dtype)
    unscaled = getattr(Pullback(features), quantity)(x)
    sizes = unscaled.flatten(1).abs().amax(1) if unscaled.ndim > 1 else unscaled.abs()
    exponents = sizes.log10() + power * math.log10(factor)
    if exponents.max() > math.log10(info.max) or exponents.min() < math.log10(info.tiny):
        with pytest.raises(NumericalError, match=r"leaves the range of torch\.float.. at point \d: scale the features"):
            getattr(geo, quantity)(x.to(dtype))
        return
    found = getattr(geo, quantity)(x.to(dtype)).double()
    for _ in range(abs(power)):
        found = found / factor if power > 0 else found * factor
    bound = 1e-12 if dtype == torch.float64 else 1e-3
    assert (found - unscaled).abs().max() <= bound * unscaled.abs().max()


@pytest.mark.parametrize("factor", [1e200, 1e-200])
def test_the_bending_of_scaled_features(factor: float) -> None:
    x = points(2)
    found = Pullback(lambda y: several(y) * factor).extrinsic_curvature(x)
    expected = Pullback(several).extrinsic_curvature(x)
    torch.testing.assert_close(found.norm * factor, expected.norm, rtol=1e-12, atol=0)
    torch.testing.assert_close(found.mean * factor, expected.mean, rtol=1e-11, atol=1e-13)


def test_a_direction_that_is_not_seen_is_no_underflow() -> None:
    geo = Pullback(lambda x: torch.cat([x[:, :1], 0 * x[:, 1:]], 1))
    assert geo.metric(points(2))[0].tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("d", [2, 6])
def test_the_rank_goes_by_singular_values_whatever_their_scale(d: int) -> None:
    """A direction of relative length 1e-18 is null in float64, by the cut of max(n, d) eps."""
    lengths = torch.ones(d, dtype=torch.float64)
    lengths[-1] = 1e-18
    assert Pullback(lambda x: x * lengths).rank(points(d)).tolist() == [d - 1] * 5
    lengths[-1] = 1e-12
    assert Pullback(lambda x: x * lengths).rank(points(d)).tolist() == [d] * 5


def sloped(name: str, z: float) -> Any:
    if name == "erf":
        return 2 * mpmath.exp(-(mpmath.mpf(z) ** 2)) / mpmath.sqrt(mpmath.pi)
    half = mpmath.mpf(z) / (2 if name == "sigmoid" else 1)
    return mpmath.sech(half) ** 2 / (4 if name == "sigmoid" else 1)


@pytest.mark.parametrize(
    ("name", "dtype", "z", "size"),
    [
        ("erf", torch.float32, 7.0, 1e6),
        ("tanh", torch.float32, 22.0, 1e6),
        ("sigmoid", torch.float32, 44.0, 1e6),
        ("tanh", torch.float64, 184.0, 1e20),
        ("sigmoid", torch.float64, 368.0, 1e20),
        ("erf", torch.float64, 19.0, 1e20),
        ("tanh", torch.float64, 10.0, 1e-143),
    ],
)
def test_saturated_units_under_large_weights(name: str, dtype: torch.dtype, z: float, size: float) -> None:
    """phi'^2 has lost its digits where phi'^2 size^2 has not."""
    weight, shift = torch.tensor([[1.0, 0.5]], dtype=dtype), torch.tensor([z, z + 0.25], dtype=dtype)
    act = getattr(torch, name)
    found = Pullback(lambda y: size * act(y @ weight + shift)).metric(torch.zeros(1, 1, dtype=dtype))
    with mpmath.workdps(50):
        lengths = [size * w * sloped(name, b) for w, b in zip(weight[0].tolist(), shift.tolist(), strict=True)]
        exact = float(mpmath.fsum(length**2 for length in lengths))
    assert found.item() == pytest.approx(exact, rel=1e-12 if dtype == torch.float64 else 1e-5, abs=0)


def test_an_exponential_under_small_weights() -> None:
    """Here it is the square of the weight that has no digits: (1e-160 e^300)^2."""
    features = Pullback(lambda y: 1e-160 * torch.exp(y @ torch.tensor([[1.0, 0.5]], dtype=y.dtype) + 300))
    with mpmath.workdps(30):
        exact = float(1.25 * (mpmath.mpf(1e-160) * mpmath.exp(300)) ** 2)
    assert features.metric(torch.zeros(1, 1, dtype=torch.float64)).item() == pytest.approx(exact, rel=1e-13, abs=0)


TURNED = torch.randn(6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
ACTS = [
    torch.tanh,
    torch.erf,
    torch.sin,
    lambda z: torch.tanh(z) + torch.sin(2 * z),
    lambda z: torch.tanh(torch.tanh(z) @ TURNED.to(z)),
]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("quantity", "power"), [("scalar_curvature", 0), ("christoffel", 1), ("ricci", 2)])
def test_inputs_of_any_scale(quantity: str, power: int, act: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    """At x / s the map of weights s W is what that of W is at x, unless its second derivatives underflow."""
    x, weight = points(2), torch.randn(2, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    info = torch.finfo(dtype)
    exact = getattr(Pullback(lambda y: act(y @ weight + 0.3)), quantity)(x)
    for exponent in range(0, int(math.log2(info.tiny)) + 2, -16 if dtype == torch.float64 else -4):
        s = 2.0**exponent
        geo = Pullback(lambda y, s=s: act(y @ (weight * s).to(y) + 0.3))
        size = s**power * exact.abs().max()
        if s * s < info.tiny / info.eps / 64 or size < info.tiny:
            with pytest.raises(NumericalError, match=r"leaves the range of torch\.float.. at point 0"):
                getattr(geo, quantity)((x / s).to(dtype))
        elif s * s > info.tiny / info.eps * 64 and size > info.tiny * 64:
            found = getattr(geo, quantity)((x / s).to(dtype)).double() / s**power
            assert (found - exact).abs().max() < (1e-11 if dtype == torch.float64 else 1e-3) * exact.abs().max(), s


@pytest.mark.parametrize("act", ACTS)
def test_the_curvature_of_features_of_any_scale(act: Callable[[Tensor], Tensor]) -> None:
    """Where det g or its inverse is nearly out of range too."""
    x, weight = points(2), torch.randn(2, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    exact = Pullback(lambda y: act(y @ weight + 0.3)).scalar_curvature(x)
    for exponent in range(-500, 501, 4):
        found = Pullback(lambda y, e=exponent: 2.0**e * act(y @ weight + 0.3)).scalar_curvature(x)
        assert (found * 4.0**exponent - exact).abs().max() < 1e-11 * exact.abs().max(), exponent


def test_a_bend_that_is_small_next_to_the_slope() -> None:
    """J of 1e40 and H of 1e-80: Ric = |H|^2 / |J|^2 is had, though |H / J^2|^2 has no digits; R is not."""

    def features(y: Tensor) -> Tensor:
        return torch.cat([1e40 * y, 1e-80 * (y**2 / 2).sum(1, keepdim=True)], 1)

    geo, x = Pullback(features), torch.zeros(1, 2, dtype=torch.float64)
    torch.testing.assert_close(geo.ricci(x)[0], 1e-240 * torch.eye(2, dtype=torch.float64), rtol=1e-12, atol=0)
    with pytest.raises(NumericalError, match="leaves the range"):
        geo.scalar_curvature(x)
