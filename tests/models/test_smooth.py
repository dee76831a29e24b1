"""Networks smooth in depth: their layers, metrics with the momentum, and that they learn the spiral."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from symgeo.errors import InputError
from symgeo.models import SmoothNetwork, experiment_config, layer_metrics, train_config
from symgeo.pullback import Pullback


def network(order: int, depth: int = 5, gain: float = 1.0, activation: str = "tanh") -> SmoothNetwork:
    generator = torch.Generator().manual_seed(order)
    model = SmoothNetwork(2, 2, depth=depth, order=order, activation=activation, gain=gain, generator=generator)
    return model.requires_grad_(False)


X = torch.randn(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_layers_are_their_formula(order):
    model = network(order)
    x = [X.numpy()]
    for layer in model.features.linear:
        f = np.tanh(x[-1] @ layer.weight.numpy().T + layer.bias.numpy())
        if order == 0:
            x.append(f)
        elif order == 1 or len(x) == 1:
            x.append(x[-1] + f)
        else:
            x.append(2 * x[-1] - x[-2] + f)
    for mine, theirs in zip(model.features.states(X), x, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(model(X), model.readout(torch.from_numpy(x[-1])))


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_jacobians_are_the_recurrence_with_its_momentum(order):
    model = network(order)
    found = layer_metrics(model.features, X)
    a = [np.broadcast_to(np.eye(2), (7, 2, 2))]
    for l, layer in enumerate(model.features.linear):
        w, b = layer.weight.numpy(), layer.bias.numpy()
        df = (1 - np.tanh(found.x[l].numpy() @ w.T + b) ** 2)[..., None] * w
        if order == 0:
            a.append(df @ a[-1])
        elif order == 1 or l == 0:
            a.append(a[-1] + df @ a[-1])
        else:
            a.append(2 * a[-1] - a[-2] + df @ a[-1])
    np.testing.assert_allclose(found.jacobian, np.stack(a), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_metric_at_the_input_is_the_pullback_and_at_the_end_the_identity(order):
    model = network(order)
    found = layer_metrics(model.features, X)
    assert found.invertible.all()
    torch.testing.assert_close(found.metric[0], Pullback(model.features).metric(X), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(found.metric[-1], torch.eye(2).double().expand(7, 2, 2), rtol=1e-9, atol=1e-9)
    # Whatever the layer, a step of the input is as long: u^T A_l^T g(l) A_l u = |A_L u|^2.
    u = torch.tensor([0.6, -0.8], dtype=torch.float64)
    step = found.jacobian @ u
    length = (step * (found.metric @ step[..., None])[..., 0]).sum(-1)
    torch.testing.assert_close(length, (step[-1] ** 2).sum(-1).expand_as(length), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", [0, 1])
def test_without_momentum_the_metrics_are_a_chain(order):
    model = network(order)
    found = layer_metrics(model.features, X)
    for l, layer in enumerate(model.features.linear):
        w, b = layer.weight, layer.bias
        df = (1 - torch.tanh(found.x[l] @ w.T + b) ** 2)[..., None] * w
        j = df if order == 0 else torch.eye(2).double() + df
        torch.testing.assert_close(found.metric[l], j.mT @ found.metric[l + 1] @ j, rtol=1e-8, atol=1e-10)


def test_layers_that_are_not_invertible_are_marked():
    model = network(0, depth=3)
    model.features.linear[1].weight.data = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64)
    found = layer_metrics(model.features, X)
    assert found.invertible.tolist() == [[True] * 7, [True] * 7, [False] * 7, [False] * 7]
    assert found.metric[2:].isnan().all()
    assert found.metric[:2].isfinite().all()


def test_what_cannot_be_meant_is_refused():
    with pytest.raises(InputError, match="`order` must be 0, 1 or 2, `depth` and `width` 1 or more, not 3, 4 and 2"):
        SmoothNetwork(2, 2, depth=4, order=3)
    with pytest.raises(InputError, match=r"`architecture` must be one of mlp, smooth-0, .* not 'transformer'"):
        replace(experiment_config("spiral"), architecture="transformer")


# Means over 10 seeds of the public notebook's setting, replicated: training accuracy after 199 steps. The points are
# another draw, so that the accuracies differ by what 1,000 points can tell (3 standard errors), or where hardly any is
# missed, by the 1.5 % that the worst of five seeds was off.
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("spiral", 0.995),
        pytest.param("spiral-c1", 0.998, marks=pytest.mark.slow),
        pytest.param("spiral-c1-sigmoid", 0.790, marks=pytest.mark.slow),
        pytest.param("spiral-sigmoid", 0.977, marks=pytest.mark.slow),
    ],
)
def test_the_spiral_is_learnt_as_well_as_in_the_public_notebook(name, published, tmp_path):
    config = replace(experiment_config(name), saved=(0, 199), epochs=199)
    accuracy = []
    for seed in range(2):
        run = train_config(replace(config, seed=seed), tmp_path / str(seed), progress=False)
        model, data = run.model(), run.dataset().train
        right = model(torch.from_numpy(data.inputs)).argmax(1).numpy() == data.labels
        accuracy.append(right.mean())
    error = 3 * np.sqrt(published * (1 - published) / 1000)
    assert abs(np.mean(accuracy) - published) < max(error, 0.015)


def test_order_0_has_nothing_to_learn_from_at_a_gain_of_a_thousandth(tmp_path):
    config = replace(experiment_config("spiral-c0"), gain=1e-3, epochs=50, saved=(0, 50))
    accuracy = train_config(config, tmp_path, progress=False).metrics[-1].accuracy
    assert accuracy is not None
    assert abs(accuracy - 0.5) < 0.05
