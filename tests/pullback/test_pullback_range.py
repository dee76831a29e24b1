"""Features so large or small that their squares leave the range of floats: the right number, or an error."""

from __future__ import annotations

import math
from collections.abc import Callable

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
