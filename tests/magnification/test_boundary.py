"""The distance to the decision boundary against boundaries whose distance is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError, NumericalError
from symgeo.magnification import Search, decision_boundary
from symgeo.models import MLP


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def two_classes(height):
    """Class 1 where the height is positive."""
    return lambda x: torch.stack([torch.zeros_like(x[:, 0]), height(x)], dim=1)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(2, 6))
def test_linear_outputs_of_any_number_of_classes_are_exact(seed, d, classes):
    w, b, x = normal(seed, classes, d), normal(seed + 1, classes), normal(seed + 2, 12, d)
    f = x @ w.T + b
    own = f.argmax(1)
    # The distance to the hyperplane f_c = f_k is (f_c - f_k) / |w_c - w_k|; the region of c is where all are positive.
    gap = f.gather(1, own[:, None]) - f
    length = torch.linalg.vector_norm(w[own][:, None] - w[None], dim=2)
    exact = torch.where(length > 0, gap / length, math.inf).amin(1)
    found = decision_boundary(lambda y: y @ w.T + b, x, reach=20, rivals=classes - 1)
    within = exact < 20
    torch.testing.assert_close(found.distance[within], exact[within], rtol=1e-10, atol=1e-12)
    assert found.distance[~within].isinf().all()
    assert torch.equal(found.predicted, own)


@pytest.mark.parametrize("d", [2, 3, 50])
def test_a_sphere_is_exact_from_inside_and_outside(d):
    radius = math.sqrt(d)
    x = normal(3, 200, d)
    r = torch.linalg.vector_norm(x, dim=1)
    found = decision_boundary(two_classes(lambda y: torch.tanh(y.square().sum(1) / d - 1)), x, reach=3 * radius)
    torch.testing.assert_close(found.distance, (r - radius).abs(), rtol=1e-9, atol=1e-11)
    # The signed margin is positive where class 1 is predicted: outside.
    torch.testing.assert_close(found.margin, r - radius, rtol=1e-9, atol=1e-11)


def test_curved_boundaries_are_found_to_a_thousandth():
    """Against the least distance to points along the curve, never more than 4e-5 apart."""
    t = np.linspace(-2, 2, 400_001)
    curve = np.stack([t, 0.6 * np.sin(7 * t - 1)], axis=1)
    grid = np.linspace(-1, 1, 15)
    x = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    exact = np.array([np.hypot(*(curve - p).T).min() for p in x])
    f = two_classes(lambda y: y[:, 1] - 0.6 * torch.sin(7 * y[:, 0] - 1))
    found = decision_boundary(f, torch.from_numpy(x), reach=3, directions=24).distance.numpy()
    assert (found >= exact - 4e-5).all()  # a ray ends on the boundary: never below
    assert (found <= exact + 1e-3).all()
    # Without the rays all around, points look past the nearest arc of the curve: those are what finds it.
    alone = decision_boundary(f, torch.from_numpy(x), reach=3).distance.numpy()
    assert (alone > exact + 0.1).mean() > 0.1


def test_the_foot_lies_on_the_boundary_of_a_network():
    model = MLP((4, 12, 3), "tanh", generator=torch.Generator().manual_seed(5)).requires_grad_(False)
    x = normal(1, 40, 4)
    found = decision_boundary(model, x, reach=10)
    met = found.distance.isfinite()
    assert met.sum() > 20
    # In no direction does the class change nearer by than a hundredth less, and in some it does a hundredth further.
    for number in met.nonzero()[:10, 0].tolist():
        u = torch.nn.functional.normalize(normal(number, 4000, 4), dim=1)
        inside = model(x[number] + 0.9 * found.distance[number] * u).argmax(1)
        assert (inside == found.predicted[number]).double().mean() > 0.99


def test_nothing_within_the_reach_is_infinitely_far():
    f = two_classes(lambda y: y[:, 0] - 5)
    found = decision_boundary(f, torch.zeros(1, 2).double(), reach=4.9)
    assert found.distance.isinf().all()
    assert found.margin.tolist() == [-math.inf]
    constant = decision_boundary(lambda y: two_classes(lambda z: 0 * z[:, 0] - 1)(y), normal(0, 3, 2), reach=9)
    assert constant.distance.isinf().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reach": 0}, "`reach` must be a positive distance, not 0"),
        ({"reach": 1, "rivals": 0}, "`rivals` must be 1 or more, not 0"),
        ({"reach": 1, "directions": 4}, "`directions` go round a circle: they need d = 2, not 3"),
    ],
)
def test_what_cannot_be_meant_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        decision_boundary(lambda y: y, torch.zeros(2, 3).double(), **options)


def test_outputs_that_are_no_classes_or_no_numbers_are_named():
    with pytest.raises(InputError, match=r"`outputs` must have two classes or more, \(batch, classes\), not \(2, 1\)"):
        decision_boundary(lambda y: y[:, :1], torch.zeros(2, 3).double(), reach=1)
    with pytest.raises(NumericalError, match="the outputs at point 1 are not finite"):
        decision_boundary(lambda y: 1 / y, torch.tensor([[1.0, 2.0], [0.0, 1.0]]), reach=1)


def test_a_coarser_search_is_as_exact_as_it_says():
    """Of a sphere seen from inside, where every improvement is idle: reach / steps * 2^-bisections."""
    d, radius, reach = 5, 5**0.5, 6.0
    f = two_classes(lambda y: torch.tanh(y.square().sum(1) / d - 1))
    x = normal(7, 20, d)
    x = 0.6 * radius * x / torch.linalg.vector_norm(x, dim=1, keepdim=True)
    for steps, bisections in ((6, 4), (24, 18)):
        found = decision_boundary(f, x, reach=reach, search=Search(steps, bisections, 0)).distance
        gap = found - 0.4 * radius
        assert gap.min() > -1e-12
        assert gap.max() < reach / steps * 2.0**-bisections
    with pytest.raises(InputError, match="`steps` and `bisections` must be 1 or more"):
        Search(steps=0)
