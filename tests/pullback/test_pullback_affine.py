"""Networks of one layer, which are evaluated block by block, against the same ones written so that they are not."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import pytest
import torch
from torch import Tensor, nn

from symgeo.errors import InputError
from symgeo.pullback import Pullback
from symgeo.pullback.affine import BLOCK_NUMBERS
from symgeo.pullback.batch import HELD_POINTS

UNITS = 9
QUANTITIES = ("metric", "log_volume", "christoffel", "scalar_curvature")


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def spelled_out(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The same map with a product of no effect at its end, which jets take feature by feature."""
    return lambda x: torch.einsum("bn,nm->bm", function(x), torch.eye(UNITS, dtype=x.dtype))


def layer(act: Callable[[Tensor], Tensor], d: int = 2) -> Callable[[Tensor], Tensor]:
    weight, bias = normal(d, UNITS), normal(UNITS, seed=1)
    return lambda x: act(torch.addmm(bias, x, weight))


MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    **{name: layer(getattr(torch, name)) for name in ("sigmoid", "tanh", "erf", "sin", "cos", "exp", "atan")},
    "gelu": layer(nn.functional.gelu),
    "pow": layer(lambda z: z**3),
    "no bias": lambda x: (x @ normal(2, UNITS)).tanh(),
    "bias added": lambda x: (normal(UNITS, seed=3) + x @ normal(2, UNITS) - 0.25).tanh(),
    "scaled inside": lambda x: torch.erf((x @ normal(2, UNITS)) / math.sqrt(2)),
    "scaled outside": lambda x: layer(torch.tanh)(x) / math.sqrt(UNITS),
    "scaled by unit": lambda x: 2 * layer(torch.tanh)(x) * normal(UNITS, seed=2) + 1,
    "scaled by point": lambda x: layer(torch.tanh)(x) * x[:, :1].cos(),
    "two functions": lambda x: layer(torch.tanh)(x).exp(),
    "used twice": lambda x: layer(torch.tanh)(x) + layer(torch.tanh)(x).sin(),
}


@pytest.mark.parametrize("name", MAPS)
def test_blocks_against_features(name: str) -> None:
    x = normal(40, 2, seed=5)
    found, expected = (Pullback(f).evaluate(x, *QUANTITIES) for f in (MAPS[name], spelled_out(MAPS[name])))
    for quantity in QUANTITIES:
        torch.testing.assert_close(found[quantity], expected[quantity], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("d", [1, 3, 4])
@pytest.mark.parametrize("name", ["sigmoid", "erf"])
def test_blocks_in_other_dimensions(name: str, d: int) -> None:
    features, x = layer(getattr(torch, name), d), normal(20, d, seed=5)
    found, expected = (Pullback(f).evaluate(x, *QUANTITIES) for f in (features, spelled_out(features)))
    for quantity in QUANTITIES:
        torch.testing.assert_close(found[quantity], expected[quantity], rtol=1e-9, atol=1e-10)


def test_blocks_that_do_not_come_out_even() -> None:
    count = max(HELD_POINTS, BLOCK_NUMBERS // UNITS) + 701
    x = normal(count, 2, seed=6)
    geo, expected = Pullback(MAPS["sigmoid"]), Pullback(spelled_out(MAPS["sigmoid"]))
    last = slice(count - 30, None)
    for quantity in QUANTITIES:
        values = getattr(geo, quantity)(x)
        assert len(values) == count
        for some in (slice(0, 30), last):
            torch.testing.assert_close(values[some], getattr(expected, quantity)(x[some]), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_of_blocks_agree_to_rounding(chunk: int) -> None:
    x = normal(50, 2, seed=7)
    whole, parts = Pullback(MAPS["sigmoid"]), Pullback(MAPS["sigmoid"], chunk=chunk)
    for quantity in QUANTITIES:
        torch.testing.assert_close(getattr(whole, quantity)(x), getattr(parts, quantity)(x), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6, 12.0])
def test_all_digits_of_small_and_saturated_units(name: str, size: float) -> None:
    """Gamma of t -> (phi(w_j t + b_j))_j, sum_j phi' phi'' w^3 / sum_j phi'^2 w^2, at 50 digits."""
    weight, bias = size * normal(1, 6, seed=8), size * normal(6, seed=9)
    act = getattr(torch, name)
    t = torch.tensor([[0.7], [-0.2]], dtype=torch.float64)
    found = Pullback(lambda x: act(torch.addmm(bias, x, weight))).christoffel(t).flatten()
    for point, value in zip(t.flatten().tolist(), found.tolist(), strict=True):
        with mp.workdps(50):
            above, below = mp.mpf(0), mp.mpf(0)
            for w, b in zip(weight[0].tolist(), bias.tolist(), strict=True):
                z = mp.mpf(w) * mp.mpf(point) + mp.mpf(b)
                u = mp.tanh(z) if name == "tanh" else mp.tanh(z / 2)
                slope = (1 - u**2) if name == "tanh" else (1 - u**2) / 4
                above += slope * (-2 if name == "tanh" else -1) * u * slope * mp.mpf(w) ** 3
                below += slope**2 * mp.mpf(w) ** 2
            expected = float(above / below)
        # z itself is rounded, which moves phi' by eps |z|.
        assert abs(value / expected - 1) < 1e-12


def test_a_matrix_that_is_written_into_after_use() -> None:
    scratch = torch.empty(2, UNITS, dtype=torch.float64)

    def features(x: Tensor) -> Tensor:
        scratch.copy_(normal(2, UNITS))
        z = x @ scratch
        scratch.zero_()
        return z.tanh()

    with pytest.raises(InputError, match="writes into the matrix or the bias of a layer after the layer has run"):
        Pullback(features).metric(normal(3, 2))


def test_values_as_they_were_before_writing() -> None:
    def features(x: Tensor) -> Tensor:
        h = (x @ normal(2, UNITS)).sin()
        twice, factor = h * 2, torch.ones(UNITS, dtype=x.dtype)
        scaled = h * factor
        factor.zero_()
        h.exp_()
        return torch.cat([twice.cos(), scaled.cos(), h], 1)

    def plainly(x: Tensor) -> Tensor:
        h = (x @ normal(2, UNITS)).sin()
        return torch.cat([(2 * h).cos(), h.cos(), h.exp()], 1)

    x = normal(5, 2, seed=4)
    torch.testing.assert_close(Pullback(features).metric(x), Pullback(plainly).metric(x), rtol=1e-13, atol=1e-13)


def test_a_section_of_a_wide_layer() -> None:
    network = nn.Sequential(nn.Linear(30, UNITS), nn.Sigmoid()).double()
    origin, u, v = normal(3, 30, seed=2)
    x = normal(6, 2, seed=3)
    inputs = origin + x @ torch.stack([u, v])
    directions = torch.stack([u, v])
    g_dd = directions @ Pullback(network).metric(inputs) @ directions.T
    torch.testing.assert_close(Pullback(network).on_plane(origin, u, v).metric(x), g_dd, rtol=1e-12, atol=1e-14)


def test_the_parameters_may_require_gradients_and_be_seen_in_inference_mode() -> None:
    network = nn.Sequential(nn.Linear(2, UNITS), nn.Tanh()).double()
    x = normal(4, 2)
    expected = Pullback(network).scalar_curvature(x)
    assert not expected.requires_grad
    with torch.inference_mode():
        torch.testing.assert_close(Pullback(network).scalar_curvature(x), expected)
