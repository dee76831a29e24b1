"""The cross-check as a whole: what it compares, on random and on trained networks."""

from itertools import islice

import pytest
import torch

from symgeo.crosscheck import crosscheck, failures, shallow, wide
from symgeo.crosscheck.autodiff import geometry, pullback_metric
from symgeo.crosscheck.comparisons import three_images
from symgeo.crosscheck.shallow import mnist_rows, sinusoid_rows
from symgeo.models import train

EVERY = set(wide.QUANTITIES)
# Where phi' jumps, finite networks and torch's derivatives know nothing of the second derivative.
COMPARED = {
    **{(f"wide {name}", "quadrature"): EVERY for name in wide.ACTIVATIONS},
    **{(f"wide {name}", "Monte Carlo"): EVERY for name in wide.ACTIVATIONS if name != "relu"},
    ("wide relu", "Monte Carlo"): {"matrix", "log_volume_element"},
    **{(f"wide {name}", "autodiff"): EVERY for name in wide.ACTIVATIONS if name != "relu"},
    **{(f"shallow {name}", "autodiff"): EVERY for name in shallow.ACTIVATIONS},
}


def test_every_row_holds_and_none_is_missing(references):
    rows = list(crosscheck())
    assert failures(rows) == []
    of = {(row.subject, row.method): set() for row in rows}
    for row in rows:
        of[row.subject, row.method].add(row.quantity)
    assert of == COMPARED
    # A deviation of exactly zero everywhere would mean that a value was compared with itself.
    assert any(row.deviation > 0 for row in rows if row.method == "quadrature")
    assert all(row.deviation > 0 for row in rows if row.method in ("Monte Carlo", "autodiff"))


def test_autodiff_on_the_unit_sphere():
    def sphere(x):
        t, p = x.unbind(1)
        return torch.stack([t.sin() * p.cos(), t.sin() * p.sin(), t.cos()], 1)

    x = torch.tensor([[0.4, 1.0], [1.9, -2.0]], dtype=torch.float64)
    of = geometry(pullback_metric(sphere), x)
    assert torch.allclose(of["scalar_curvature"], torch.full((2,), 2.0).double(), rtol=1e-12)
    assert torch.allclose(of["christoffel"][:, 0, 1, 1], -x[:, 0].sin() * x[:, 0].cos(), rtol=1e-12)
    assert torch.allclose(of["log_volume_element"], x[:, 0].sin().log(), rtol=1e-12)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    sinusoid = train("sinusoid", folder=folder / "sinusoid", progress=False)
    images = train("mnist", folder=folder / "digits", data="digits", progress=False)
    return sinusoid, images


def test_trained_networks(runs):
    sinusoid, images = runs
    rows = [*sinusoid_rows(sinusoid), *mnist_rows(images, torch.from_numpy(three_images(images)))]
    assert failures(rows) == []
    assert len(rows) == 8
    assert {r.points for r in rows} == {441, 81}


def test_trained_networks_see_a_wrong_kernel(runs, monkeypatch):
    sinusoid, images = runs
    generate = shallow.generate
    monkeypatch.setattr(shallow, "generate", lambda of: lambda x, **weights: 1.003 * generate(of)(x, **weights))
    rows = [*sinusoid_rows(sinusoid), *mnist_rows(images, torch.from_numpy(three_images(images)))]
    assert failures(rows) == rows


def test_three_images_are_a_seven_a_six_and_a_one(runs):
    _, images = runs
    chosen = three_images(images)
    test = images.dataset().test
    labels = [int(test.labels[(test.inputs == image).all(1)][0]) for image in chosen]
    assert labels == [7, 6, 1]


def test_rows_come_one_by_one():
    assert len(list(islice(crosscheck(), 2))) == 2
