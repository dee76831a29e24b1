"""The moving metric: symbolic derivatives, autodiff and finite steps of gradient descent, random networks."""

import numpy as np
import pytest
import sympy as sp

import symgeo
from symgeo.errors import InputError
from symgeo.networks.descent import mean_motion, metric_velocity, moving_metric, weight_velocity

X = np.array([[1.0, -0.4], [-0.3, 0.9], [0.2, 0.1]])
Y = np.array([0.7, -0.5, 0.1])
PLACE = np.array([[0.6, 0.5]])


@pytest.mark.parametrize("name", ["tanh", "gelu", lambda z: z * sp.exp(-(z**2))])
def test_formula_is_the_derivative_along_moving_weights(name):
    network = symgeo.ShallowNetwork(name, inputs=2, width=2)
    g = network.metric.matrix()
    moved = sp.zeros(2)
    for key, symbol in network.symbols.items():
        if not key.startswith("x"):
            moved += g.diff(symbol) * sp.Symbol(key[0] + "_dot" + key[1:], real=True)
    difference = metric_velocity(network) - moved
    rng = np.random.default_rng(1)
    values = {q: sp.Rational(int(rng.integers(-60, 60)), 43) for q in sorted(difference.free_symbols, key=str)}
    assert all(abs(e.xreplace(values).evalf(30)) < 1e-25 for e in difference)


@pytest.mark.parametrize("name", ["tanh", "softplus"])
def test_small_steps_of_gradient_descent_by_autodiff(name):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    W, b, a = rng.normal(size=(9, 2)), rng.normal(size=9), rng.normal(size=9)
    phi = {"tanh": torch.tanh, "softplus": torch.nn.functional.softplus}[name]
    w, c = (torch.tensor(value, requires_grad=True) for value in (W, b))
    f = phi(torch.tensor(X) @ w.T + c) @ torch.tensor(a) / 3
    loss = ((f - torch.tensor(Y)) ** 2).sum() / 2
    pull = [-gradient.numpy() for gradient in torch.autograd.grad(loss, (w, c))]
    found = weight_velocity(name, W, b, a, X, Y)
    assert all(np.allclose(one, other, rtol=1e-12) for one, other in zip(found, pull, strict=True))
    rate = moving_metric(name, W, b, *found, PLACE)
    g = symgeo.generate(symgeo.ShallowNetwork(name, inputs=2, width=2).metric.matrix)
    steps = np.array([1e-2, 1e-3, 1e-4])
    # One step of gradient descent moves g by step * gdot + O(step^2): measured slope 2.
    errors = [
        np.abs(g(PLACE, W=W + e * pull[0], b=b + e * pull[1]) - g(PLACE, W=W, b=b) - e * rate).max() for e in steps
    ]
    assert abs(np.polyfit(np.log(steps), np.log(errors), 1)[0] - 2) < 0.02


@pytest.mark.parametrize(("name", "width"), [("sin", 1), ("tanh", 5), ("erf", 30)])
def test_random_networks_move_by_the_mean_on_average(name, width):
    found = mean_motion(name, PLACE[0], X, sigma=1.2, zeta=0.5, tau=0.8)
    rng = np.random.default_rng(9)
    rates = []
    for _ in range(16_000 if width == 1 else 6_000):
        W, b = 1.2 * rng.normal(size=(width, 2)), 0.5 * rng.normal(size=width)
        a = 0.8 * rng.normal(size=width)
        # The readout and its opposite: what is linear in it, such as the targets' pull, drops out.
        pair = [moving_metric(name, W, b, *weight_velocity(name, W, b, s * a, X, Y), PLACE)[0] for s in (1, -1)]
        rates.append(width * (pair[0] + pair[1]) / 2)
    scores = (np.mean(rates, 0) - found.velocity) / (np.std(rates, 0) / np.sqrt(len(rates)))
    assert np.abs(scores).max() < 4
    assert np.abs(found.velocity / (np.std(rates, 0) / np.sqrt(len(rates)))).max() > 8
    known = symgeo.generate(symgeo.WideNetwork(name).metric.matrix)(PLACE[0], sigma=1.2, zeta=0.5)
    assert np.allclose(found.metric, known, rtol=1e-7)
    assert found.error < 1e-3 * np.abs(found.velocity).max()


def test_linear_units_are_exact():
    # phi = z, zeta = 0: E[gdot] n = -tau^2 sum_a E[z_a (x_am w_n + w_m x_an)] = -2 tau^2 sigma^2 X^T X.
    found = mean_motion("monomial(1)", PLACE[0], X, sigma=1.3, tau=0.7)
    assert np.allclose(found.velocity, -2 * 0.49 * 1.69 * X.T @ X, rtol=1e-12)
    assert found.log_volume == pytest.approx(-0.49 * np.trace(X.T @ X), rel=1e-12)


def test_refusals():
    with pytest.raises(InputError, match="'relu' has a kink"):
        mean_motion("relu", PLACE[0], X, sigma=1.0)
    with pytest.raises(InputError, match="'relu' has a kink"):
        moving_metric("relu", np.eye(2), np.zeros(2), np.eye(2), np.zeros(2), PLACE)
    with pytest.raises(InputError, match="`network`: its width or its number of inputs is open"):
        metric_velocity(symgeo.ShallowNetwork("tanh", 2, None))
    with pytest.raises(InputError, match="`sigma` must be positive"):
        mean_motion("tanh", PLACE[0], X, sigma=-1)
