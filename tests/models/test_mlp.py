"""The network: its parametrisations, its activations against the symbolic table, its metric against the closed form."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp
import torch

from symgeo.activations import TABLE, leaky_relu, logistic
from symgeo.errors import InputError
from symgeo.models import ACTIVATIONS, MLP
from symgeo.models.activations import activation_module
from symgeo.pullback import Pullback

POINTS = np.array([-30.0, -3.1, -0.7, -1e-3, 0.2, 1.9, 4.0, 31.0])


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_names_are_the_symbolic_tables():
    assert set(ACTIVATIONS) == {*TABLE, "leaky_relu"}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_and_its_slope_are_the_symbolic_ones(name):
    row = leaky_relu(sp.Rational(1, 100)) if name == "leaky_relu" else TABLE[name]
    z = sp.Symbol("z", real=True)
    exact = []
    for expression in (row.phi(z), row.derivative(z)):
        plain = expression.replace(logistic, lambda u: 1 / (1 + sp.exp(-u)))
        exact.append([float(plain.subs(z, sp.Rational(p)).evalf(30)) for p in POINTS])
    points = torch.tensor(POINTS, requires_grad=True)
    values = activation_module(name)(points)
    (slopes,) = torch.autograd.grad(values.sum(), points)
    # Far in a tail the value is 1 + erf(z), whose rounding is absolute: eps.
    np.testing.assert_allclose(values.detach(), exact[0], rtol=1e-14, atol=3e-16 * np.abs(POINTS).max())
    np.testing.assert_allclose(slopes, exact[1], rtol=1e-13, atol=3e-16 * np.abs(POINTS).max())


def test_ntk_is_its_formula():
    model = MLP((3, 5, 4, 2), "tanh", generator=seeded(1))
    x = torch.randn(6, 3, dtype=torch.float64, generator=seeded(2))
    (w1, b1), (w2, b2), (v, c) = [(m.weight, m.bias) for m in model.modules() if isinstance(m, torch.nn.Linear)]
    h = torch.tanh(x @ w1.T + b1) / 5**0.5
    phi = torch.tanh(h @ w2.T + b2) / 4**0.5
    torch.testing.assert_close(model.features(x), phi, rtol=1e-14, atol=1e-15)
    torch.testing.assert_close(model(x), phi @ v.T + c, rtol=1e-14, atol=1e-14)


def test_standard_is_the_everyday_network_with_scaled_features():
    model = MLP((3, 5, 4, 2), "gelu", parametrisation="standard", generator=seeded(1))
    everyday = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.GELU(), torch.nn.Linear(5, 4), torch.nn.GELU(), torch.nn.Linear(4, 2)
    ).double()
    everyday.load_state_dict(dict(zip(everyday.state_dict(), model.state_dict().values(), strict=True)))
    x = torch.randn(6, 3, dtype=torch.float64, generator=seeded(2))
    torch.testing.assert_close(model(x), everyday(x), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(model.features(x), everyday[:4](x) / 2, rtol=1e-13, atol=1e-14)


def test_initial_weights_have_the_distribution_that_is_promised():
    ntk = MLP((400, 300, 2), generator=seeded(0))
    n = ntk.W.numel()
    assert abs(ntk.W.mean().item()) * n**0.5 < 4
    assert abs(ntk.W.square().mean().item() - 1) * (n / 2) ** 0.5 < 4
    standard = MLP((400, 300, 2), parametrisation="standard", generator=seeded(0))
    assert standard.W.abs().max().item() <= 1 / 20
    # The variance of a uniform number in +-a is a^2/3, that of its square 4 a^4/45.
    assert abs(standard.W.square().mean().item() * 400 - 1 / 3) * (n * 45 / 4) ** 0.5 < 4


def test_the_generator_alone_decides_the_weights():
    torch.manual_seed(7)
    first = MLP((2, 9, 2), generator=seeded(3))
    torch.manual_seed(8)
    second, other = MLP((2, 9, 2), generator=seeded(3)), MLP((2, 9, 2), generator=seeded(4))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.W, other.W)


def test_building_a_network_leaves_torchs_own_generator_alone():
    before = torch.get_rng_state()
    MLP((2, 9, 2), generator=seeded(3))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("parametrisation", ["ntk", "standard"])
def test_the_pullback_of_the_features_is_the_closed_form(parametrisation):
    model = MLP((2, 7, 3), "sigmoid", parametrisation=parametrisation, generator=seeded(5))
    x = torch.randn(4, 2, dtype=torch.float64, generator=seeded(6))
    w, b = model.W.numpy(), model.b.numpy()
    z = x.numpy() @ w.T + b
    slope = 1 / (4 * np.cosh(z / 2) ** 2)
    # Cauchy-Binet: det g = n^-2 sum over pairs of units of det[w_j w_k]^2 phi'_j^2 phi'_k^2.
    det = sum(
        np.linalg.det(w[[j, k]]) ** 2 * slope[:, j] ** 2 * slope[:, k] ** 2
        for j, k in itertools.combinations(range(7), 2)
    )
    np.testing.assert_allclose(Pullback(model.features).log_volume(x), np.log(det / 49) / 2, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (2, 2)}, r"`widths` must be at least \(inputs, hidden, outputs\), .* not \(2, 2\)"),
        ({"widths": (2, 0, 2)}, "`widths`"),
        ({"widths": (2, 3, 2), "activation": "tahn"}, "`activation` must be one of erf, .*tanh.* not 'tahn'"),
        ({"widths": (2, 3, 2), "parametrisation": "mup"}, "`parametrisation` must be one of ntk, standard, not 'mup'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        MLP(**arguments)
