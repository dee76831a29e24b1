"""The plane through three inputs: its corners, its shape, its origin."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.errors import InputError
from symgeo.magnification.measure import entropy
from symgeo.magnification.sections import plane_through, section, stage_volumes
from symgeo.magnification.spectra import spectrum
from symgeo.models import MLP
from symgeo.pullback import Pullback


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_the_corners_are_the_inputs_and_the_triangle_is_equilateral(seed, d):
    inputs = torch.randn(3, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    plane = plane_through(*inputs)
    for k in range(3):
        torch.testing.assert_close(plane.vertex(k), inputs[k], rtol=1e-10, atol=1e-12)
    sides = [math.dist(plane.corners[k], plane.corners[(k + 1) % 3]) for k in range(3)]
    assert max(sides) == pytest.approx(min(sides))
    torch.testing.assert_close(plane.inputs(torch.zeros(1, 2).double())[0], inputs.mean(0), rtol=1e-12, atol=1e-12)
    away = torch.linalg.vector_norm(inputs - inputs.mean(0), dim=1).mean().item()
    assert math.hypot(*plane.corners[1]) == pytest.approx(away)


def test_an_equilateral_triangle_keeps_its_lengths():
    plane = plane_through(*torch.eye(3, dtype=torch.float64))
    assert torch.linalg.vector_norm(plane.u).item() == pytest.approx(1)
    assert torch.linalg.vector_norm(plane.v).item() == pytest.approx(1)
    assert (plane.u @ plane.v).item() == pytest.approx(0, abs=1e-12)
    grid = plane.grid(5)
    assert grid[0, 0].tolist() == [plane.extent[0], plane.extent[2]]
    assert grid[0, 4].tolist() == [plane.extent[1], plane.extent[2]]


def test_three_inputs_on_a_line_are_refused():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    with pytest.raises(InputError, match="lie on one line"):
        plane_through(x, 2 * x, 3 * x)
    with pytest.raises(InputError, match="inputs of one shape"):
        plane_through(x, x[:1], x)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10_000))
def test_inside_are_the_mixtures_of_the_corners(seed):
    generator = torch.Generator().manual_seed(seed)
    plane = plane_through(*torch.randn(3, 7, dtype=torch.float64, generator=generator))
    corners = torch.tensor(plane.corners, dtype=torch.float64)
    weights = torch.rand(50, 3, dtype=torch.float64, generator=generator) - 0.2
    weights = weights / weights.sum(1, keepdim=True)
    expected = (weights >= 0).all(1)
    clear = weights.abs().amin(1) > 1e-9
    assert torch.equal(plane.inside(weights @ corners)[clear], expected[clear])


@pytest.fixture(scope="module")
def model() -> MLP:
    return MLP((5, 7, 3), "tanh", generator=torch.Generator().manual_seed(1)).requires_grad_(False)


def test_a_section_is_what_its_network_is_there(model):
    inputs = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    plane = plane_through(*inputs)
    found = section(model, plane, 4, ends=((0, 1), (2, 0)), steps=5)
    x = plane.inputs(plane.grid(4).reshape(-1, 2))
    assert found.classes.flatten().tolist() == model(x).argmax(1).tolist()
    torch.testing.assert_close(torch.from_numpy(found.log10_entropy).flatten(), entropy(model(x)).log10())
    number = 2 * 4 + 1
    assert bool(found.inside[2, 1]) == bool(plane.inside(plane.grid(4)[2, 1]))
    jacobian = torch.func.jacrev(lambda t: model.features((plane.origin + t[0] * plane.u + t[1] * plane.v)[None])[0])(
        plane.grid(4).reshape(-1, 2)[number]
    )
    volume = torch.linalg.det(jacobian.T @ jacobian).sqrt()
    assert found.log10_volume.flat[number] == pytest.approx(volume.log10().item())
    # The length element, by a difference along the unit vector, on the line from the third corner to the first.
    line, start, end = found.lines[1], inputs[2], inputs[0]
    u = torch.nn.functional.normalize(end - start, dim=0)
    x, h = start + 0.25 * (end - start), 1e-6
    step = torch.linalg.vector_norm(model.features((x + h * u)[None]) - model.features((x - h * u)[None])) / (2 * h)
    assert line.length[1] == pytest.approx(step.item(), rel=1e-8)
    assert line.classes[1] == model(x[None]).argmax()


def test_stages_are_the_layers_seen_from_the_plane(model):
    plane = plane_through(*torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3)))
    found = stage_volumes(model.features, plane, 3, ["0", "2"])
    directions = torch.stack([plane.u, plane.v])
    g = directions @ model.W.T @ model.W @ directions.T  # the first layer is affine: the same volume everywhere
    assert found["0"] == pytest.approx(torch.linalg.det(g).sqrt().log10().item())
    assert list(found) == ["0", "2"]
    assert found["2"].std() > 0


@pytest.mark.parametrize("widths", [(5, 7, 3), (7, 4, 3)])
def test_a_spectrum_has_the_eigenvalues_of_the_metric(widths):
    network = MLP(widths, "tanh", generator=torch.Generator().manual_seed(4)).requires_grad_(False)
    x = torch.randn(widths[0], dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    expected = torch.linalg.eigvalsh(Pullback(network.features).metric(x)).flip(0)
    found = spectrum(network.features, x)
    assert len(found) == min(widths[:2])
    torch.testing.assert_close(found, expected[: len(found)], rtol=1e-9, atol=1e-14)
    with pytest.raises(InputError, match="`x` must be one input"):
        spectrum(network.features, x[None])
