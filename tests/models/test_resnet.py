"""Residual networks: the published shape, the formulas against NumPy and SciPy, the statistics before training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from scipy.special import erf

from symgeo.errors import InputError
from symgeo.models.resnet import DEVIATION, MEAN, ResNet, settle_statistics
from symgeo.pullback import Pullback


def small(seed: int = 0, side: int = 8, **options) -> ResNet:
    generator = torch.Generator().manual_seed(seed)
    shape = {"widths": (2, 3, 4, 5), "blocks": (1, 2, 1, 1), "dtype": torch.float64, **options}
    return ResNet(side, 3, generator=generator, **shape)


def pixels(count: int, side: int = 8, seed: int = 1) -> torch.Tensor:
    return torch.rand(count, 3 * side**2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_resnet_34_has_the_published_number_of_weights():
    """kuangliu's ResNet-34 for CIFAR-10 has 21,282,122 parameters and 36 convolutions, 3 of them in shortcuts."""
    with torch.device("meta"):
        model = ResNet(32, 10, generator=torch.Generator())
    assert sum(p.numel() for p in model.parameters()) == 21_282_122
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in model.modules()) == 36


def test_the_stages_halve_the_sides():
    model, x = small().eval(), pixels(2)
    shapes = []
    for part in model.features:
        x = part(x)
        shapes.append(tuple(x.shape))
    assert shapes == [(2, 2, 8, 8), (2, 2, 8, 8), (2, 3, 4, 4), (2, 4, 2, 2), (2, 5, 1, 1), (2, 5)]


def test_the_forward_pass_against_numpy():
    """Convolutions by SciPy, normalisation by its statistics, GELU by erf: written down a second time."""
    model = small(3).eval()
    settle_statistics(model.features, pixels(20, seed=5))
    state = {name: tensor.numpy() for name, tensor in model.state_dict().items()}

    def convolved(h, name, stride):
        weight = state[f"{name}.weight"]
        padded = np.pad(h, ((0, 0), *[(weight.shape[-1] // 2,) * 2] * 2))
        return np.stack([correlate(padded, kernel, mode="valid")[0, ::stride, ::stride] for kernel in weight])

    def normed(h, name):
        mean, variance, scale, shift = (
            state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (h - mean) / np.sqrt(variance + 1e-5) * scale + shift

    def gelu(z):
        return z * (1 + erf(z / np.sqrt(2))) / 2

    (x,) = pixels(1, seed=9)
    h = (x.numpy().reshape(3, 8, 8) - np.array(MEAN)[:, None, None]) / np.array(DEVIATION)[:, None, None]
    h = gelu(normed(convolved(h, "features.stem.1", 1), "features.stem.2"))
    for stage, blocks in ((1, 1), (2, 2), (3, 1), (4, 1)):
        for number in range(blocks):
            name = f"features.stage{stage}.{number}"
            stride = 2 if stage > 1 and number == 0 else 1
            branch = gelu(normed(convolved(h, f"{name}.branch.0", stride), f"{name}.branch.1"))
            branch = normed(convolved(branch, f"{name}.branch.3", 1), f"{name}.branch.4")
            if f"{name}.shortcut.0.weight" in state:
                h = normed(convolved(h, f"{name}.shortcut.0", stride), f"{name}.shortcut.1")
            h = gelu(branch + h)
    expected = state["readout.weight"] @ h.mean((1, 2)) + state["readout.bias"]
    np.testing.assert_allclose(model(x[None])[0].detach(), expected, rtol=1e-11, atol=1e-12)


def test_settled_statistics_are_those_of_the_points():
    model, x = small(1), pixels(24, seed=2)
    settle_statistics(model.features, x, batch=8)  # equal batches: the average of averages is the average
    stem = model.features.stem
    z = stem[1](stem[0](x))
    torch.testing.assert_close(stem[2].running_mean, z.mean((0, 2, 3)), rtol=1e-10, atol=1e-12)
    assert stem[2].momentum == 0.1
    # Evaluated by statistics of the same points in one batch, training and evaluation see one network.
    settle_statistics(model.features, x)
    z = stem[1](stem[0](x))
    torch.testing.assert_close(stem[2].running_var, z.var((0, 2, 3)), rtol=1e-10, atol=1e-12)


def test_frozen_features_stay_as_they_are():
    model, x = small(2), pixels(6)
    model.freeze_features()
    before = {name: tensor.clone() for name, tensor in model.features.state_dict().items()}
    model.train()
    assert model.training
    assert model.readout.training
    model(x).square().sum().backward()
    assert all(p.grad is None for p in model.features.parameters())
    assert model.readout.weight.grad is not None
    assert all(torch.equal(before[name], tensor) for name, tensor in model.features.state_dict().items())


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_the_activation_is_the_same_everywhere(activation):
    kinds = {type(layer).__name__ for layer in small(activation=activation).modules()}
    assert ("ReLU" in kinds, "GELU" in kinds) == (activation == "relu", activation == "gelu")


def test_its_geometry_on_a_plane_is_that_of_its_jacobian():
    model = small(4).eval()
    settle_statistics(model.features, pixels(20, seed=5))
    origin, u, v = pixels(3, seed=6)
    points = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    geo = Pullback(model.features).on_plane(origin, u, v)

    def on_plane(t):
        return model.features((origin + t[0] * u + t[1] * v)[None])[0]

    jacobian = torch.func.vmap(torch.func.jacrev(on_plane))(points)
    expected = torch.linalg.slogdet(jacobian.mT @ jacobian)[1] / 2
    torch.testing.assert_close(geo.log_volume(points), expected.detach(), rtol=1e-9, atol=1e-9)
    assert list(geo.layers()) == ["stem", "stage1", "stage2", "stage3", "stage4", "pool"]


def test_the_draw_is_the_generators_alone():
    state = torch.get_rng_state()
    first, second = small(7), small(7)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_the_initial_weights_have_hes_variance():
    model = ResNet(8, 3, widths=(64, 64, 64, 64), blocks=(1, 1, 1, 1))
    weight = model.features.stage1[0].branch[0].weight
    # 36,864 draws: the variance is known to sqrt(2 / 36,864), six of which are 4.5 %.
    assert weight.var().item() == pytest.approx(2 / (64 * 9), rel=0.045)


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match="`widths` and `blocks` must be four numbers each"):
        ResNet(8, 3, widths=(2, 3, 4), blocks=(1, 1, 1, 1))
