"""The references of the cross-check: each against something known, and each able to see a wrong closed form."""

from itertools import islice

import numpy as np
import pytest
import torch

from symgeo.activations import activation
from symgeo.crosscheck import crosscheck, failures, wide
from symgeo.crosscheck.autodiff import geometry, pullback_metric
from symgeo.crosscheck.comparisons import three_images
from symgeo.crosscheck.shallow import mnist_rows, sinusoid_rows
from symgeo.models import train


def test_every_row_holds_and_none_is_empty():
    rows = list(crosscheck())
    assert failures(rows) == []
    assert {(r.subject, r.method) for r in rows} >= {
        *(
            (f"wide {name}", method)
            for name in wide.ACTIVATIONS
            for method in ("quadrature", "Monte Carlo", "autodiff")
        ),
        *((f"shallow {name}", "autodiff") for name in ("erf", "monomial(3)", "tanh", "sigmoid")),
    }
    # A deviation of exactly zero everywhere would mean that a value was compared with itself.
    assert any(r.deviation > 0 for r in rows if r.method == "quadrature")
    assert all(0.1 < r.deviation for r in rows if r.method == "Monte Carlo")


def test_autodiff_on_the_unit_sphere():
    def sphere(x):
        t, p = x.unbind(1)
        return torch.stack([t.sin() * p.cos(), t.sin() * p.sin(), t.cos()], 1)

    x = torch.tensor([[0.4, 1.0], [1.9, -2.0]], dtype=torch.float64)
    of = geometry(pullback_metric(sphere), x)
    assert torch.allclose(of["scalar_curvature"], torch.full((2,), 2.0).double(), rtol=1e-12)
    assert torch.allclose(of["christoffel"][:, 0, 1, 1], -x[:, 0].sin() * x[:, 0].cos(), rtol=1e-12)
    assert torch.allclose(of["log_volume_element"], x[:, 0].sin().log(), rtol=1e-12)


def test_quadrature_sees_a_wrong_derivative(monkeypatch):
    phi = activation("erf")
    true = wide.by_quadrature(phi)["scalar_curvature"]
    monkeypatch.setattr(wide, "SIGMA", 1.3 * (1 + 1e-9))
    assert wide.relative_error(wide.by_quadrature(phi)["scalar_curvature"], true) > 1e-12


def test_monte_carlo_sees_the_published_factor_three():
    mean, error = wide.by_monte_carlo(activation("erf"))["scalar_curvature"]
    assert (np.abs(3 * mean - mean) / error > 20).all()


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


def test_three_images_are_a_seven_a_six_and_a_one(runs):
    _, images = runs
    chosen = three_images(images)
    test = images.dataset().test
    labels = [int(test.labels[(test.inputs == image).all(1)][0]) for image in chosen]
    assert labels == [7, 6, 1]


def test_rows_come_one_by_one():
    assert len(list(islice(crosscheck(), 2))) == 2
